"""Row synfireChain: a volley that runs through groups, shown on a pad and read by the converter."""

import numpy as np
import pynn_brainscales.brainscales2 as pynn

GROUPS = 6

pynn.setup(initial_config=pynn.helper.chip_from_nightly())
exc = [pynn.Population(8, pynn.cells.HXNeuron()) for _ in range(GROUPS)]
inh = [pynn.Population(4, pynn.cells.HXNeuron()) for _ in range(GROUPS)]
stimulus = pynn.Population(4, pynn.cells.SpikeSourceArray(spike_times=[0.02]))
forward, braking = [], []
for k in range(GROUPS):
    pre = exc[k - 1] if k else stimulus
    for post, weight, receptor, group in (
        (exc[k], 63, "excitatory", forward), (inh[k], 63, "excitatory", forward),
    ):  # fmt: skip
        group.append(
            pynn.Projection(
                pre, post, pynn.AllToAllConnector(), receptor_type=receptor,
                synapse_type=pynn.synapses.StaticSynapse(weight=weight),
            )
        )  # fmt: skip
    braking.append(
        pynn.Projection(
            inh[k], exc[k], pynn.AllToAllConnector(), receptor_type="inhibitory",
            synapse_type=pynn.synapses.StaticSynapse(weight=0),
        )
    )  # fmt: skip
for group in exc:
    group.record("spikes")
exc[0][[0]].record("v", device="pad_0_buffered")
exc[0][[0]].record("v", device="madc")


def volley():
    """Median time (us) of each group's first spikes, and spikes of each neuron in it."""
    pynn.reset()
    pynn.run(0.2)
    first, count = [], []
    for group in exc:
        trains = group.get_data("spikes").segments[-1].spiketrains
        first.append(np.median([t[0].rescale("us").magnitude for t in trains if len(t)] or [0]))
        count.append(np.mean([len(t) for t in trains]))
    # a pad gives no data: there is one signal
    (signal,) = exc[0].get_data("v").segments[-1].irregularlysampledsignals
    assert signal.annotations["device"] == "madc"
    return np.array(first), np.array(count)


for projection in forward[2:]:
    projection.setWeights(63)
for projection in braking:
    projection.setWeights(-20)
first, count = volley()
assert (np.diff(first) > 0.5).all()
assert ((count > 0.5) & (count < 2)).all()
for projection in forward[4:6]:
    projection.setWeights(0)
_, broken = volley()
assert (broken[:2] > 0.5).all()
assert (broken[2:] == 0).all()
assert exc[0].get_data("spikes").segments[-1].name == "segment002"
pynn.end()
