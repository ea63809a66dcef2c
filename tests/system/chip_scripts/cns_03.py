"""Row cns_03: an exponential term makes a membrane run away below its threshold."""

import numpy as np
import pynn_brainscales.brainscales2 as pynn

pynn.setup()
pop = pynn.Population(
    1,
    pynn.cells.HXNeuron(
        leak_v_leak=650, leak_i_bias=150, threshold_enable=True, threshold_v_threshold=520,
        reset_v_reset=500, reset_i_bias=1022, reset_enable_multiplication=True,
        membrane_capacitance_capacitance=63, refractory_period_refractory_time=200,
        exponential_v_exp=300, exponential_i_bias=600, constant_current_i_offset=500,
    ),
)  # fmt: skip
pop.record(["spikes", "v"])
found = {}
for exponential in (False, True):
    pop.set(exponential_enable=exponential)
    for on in (False, True):
        pop.set(constant_current_enable=on)
        pynn.run(0.15, pynn.RunCommand.APPEND)
    pynn.run(None)
    segment = pop.get_data(clear=True).segments[-1]
    found[exponential] = segment
    pynn.reset()
pynn.end()
rest = [s.irregularlysampledsignals[0].magnitude.mean() for s in found.values()]
assert abs(rest[1] - rest[0]) < 8
counts = {key: [len(t) for t in s.spiketrains] for key, s in found.items()}
assert counts[False] == [0, 0]
assert counts[True][0] == 0
assert counts[True][1] > 3
# the way to the spike gets steeper, where that of a leak alone gets flatter
first = found[True].spiketrains[1][0].rescale("ms").magnitude
way = found[True].irregularlysampledsignals[1].time_slice(0.15, first).magnitude[:, 0]
early, late = np.array_split(way, 2)
half = len(way) // 4
assert late[-half:].mean() - late[:half].mean() > early[-half:].mean() - early[:half].mean()
