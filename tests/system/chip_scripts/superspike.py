"""Row superspike (fp_superspike, ts_01): a loop in Python learns weights from spikes and traces.

A surrogate gradient: what a source sent, filtered, times how near the membrane is to its threshold,
times the error of the spike counts. Two output neurons shall fire for one half of the inputs each.
"""

import numpy as np
import pynn_brainscales.brainscales2 as pynn
from pyNN.parameters import Sequence

N_IN, N_OUT, DURATION = 16, 2, 0.08
random = np.random.default_rng(5)

pynn.setup(initial_config=pynn.helper.chip_from_nightly())
sources = pynn.Population(N_IN, pynn.cells.SpikeSourceArray([]))
out = pynn.Population(N_OUT, pynn.cells.HXNeuron())
exc, inh = (
    pynn.Projection(
        sources, out, pynn.AllToAllConnector(), receptor_type=receptor,
        synapse_type=pynn.synapses.StaticSynapse(weight=0),
    )
    for receptor in ("excitatory", "inhibitory")
)  # fmt: skip
out.record(["spikes", "v"])
weight = random.normal(5, 5, (N_IN, N_OUT))
losses = []
for epoch in range(30):
    target = epoch % 2
    active = np.arange(N_IN) % 2 == target
    times = [0.02 + np.sort(random.uniform(0, 0.02, 2 * on)) for on in active]
    sources.set(spike_times=[Sequence(t) for t in times])
    codes = np.clip(np.rint(weight), -63, 63)
    exc.set(weight=np.maximum(codes, 0))
    inh.set(weight=np.minimum(codes, 0))
    pynn.run(DURATION)
    segment = out.get_data(clear=True).segments[-1]
    pynn.reset()
    counts = np.array([len(train) for train in segment.spiketrains])
    wanted = 2 * (np.arange(N_OUT) == target)
    error = wanted - np.minimum(counts, 4)
    traces = [s.magnitude[:, 0] for s in segment.irregularlysampledsignals]
    assert len(traces) == N_OUT
    top = np.array([np.percentile(v, 99) for v in traces])
    surrogate = 1 / (1 + np.abs(top - 455) / 100) ** 2
    weight += 12 * np.outer(active, error * surrogate)
    losses.append(np.abs(error).sum())
assert np.mean(losses[:4]) > 1.5
assert np.mean(losses[-6:]) < 0.4 * np.mean(losses[:4]), losses
pynn.end()
