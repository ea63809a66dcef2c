"""Row internal_projections: 100 neurons of the chip excite one, which one of them alone cannot."""

import numpy as np
import pynn_brainscales.brainscales2 as pynn

FIRING = dict(
    leak_v_leak=1000, leak_i_bias=150, threshold_v_threshold=300, threshold_enable=True,
    reset_v_reset=400, reset_i_bias=1022, reset_enable_multiplication=True,
    membrane_capacitance_capacitance=63, refractory_period_refractory_time=255,
)  # fmt: skip
LISTENING = dict(
    FIRING, leak_v_leak=650, leak_i_bias=90, threshold_v_threshold=400,
    excitatory_input_enable=True, excitatory_input_i_bias_tau=120, excitatory_input_i_bias_gm=500,
    excitatory_input_enable_high_resistance=True,
)  # fmt: skip

pynn.setup()
drivers = pynn.Population(100, pynn.cells.HXNeuron(**FIRING))
target = pynn.Population(1, pynn.cells.HXNeuron(**LISTENING))
projection = pynn.Projection(
    drivers, target, pynn.AllToAllConnector(),
    synapse_type=pynn.synapses.StaticSynapse(weight=0),
)  # fmt: skip
drivers.record("spikes")
target.record(["spikes", "v"])
rates, traces = [], []
for weight in (0, 20):
    projection.setWeights(weight)
    pynn.run(0.3)
    counts = [len(t) for t in drivers.get_data("spikes").segments[-1].spiketrains]
    assert len(counts) == 100
    assert 7 < 300 / np.median(counts) < 20  # us
    segment = target.get_data().segments[-1]
    rates.append(len(segment.spiketrains[0]))
    traces.append(segment.irregularlysampledsignals[0].magnitude)
    pynn.reset()
pynn.end()
assert rates[0] == 0
assert rates[1] > 10
assert traces[0].std() < 4
assert traces[1].max() > traces[0].max() + 40
