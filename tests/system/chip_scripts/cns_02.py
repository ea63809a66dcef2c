"""Row cns_02: rate by constant current, one run after the other; segments stay apart."""

import numpy as np
import pynn_brainscales.brainscales2 as pynn

currents = np.arange(0, 1001, 100)
pynn.setup()
pop = pynn.Population(
    1,
    pynn.cells.HXNeuron(
        leak_v_leak=600, leak_i_bias=150, threshold_enable=True, threshold_v_threshold=250,
        reset_v_reset=400, reset_i_bias=1022, reset_enable_multiplication=True,
        membrane_capacitance_capacitance=63, refractory_period_refractory_time=250,
        constant_current_enable=True,
    ),
)  # fmt: skip
pop.record("spikes")
for current in currents:
    pop.set(constant_current_i_offset=current)
    pynn.run(0.5)
    pynn.reset()
segments = pop.get_data("spikes").segments
pynn.end()
assert [segment.name for segment in segments] == [f"segment{k:03d}" for k in range(len(currents))]
rates = np.array([len(segment.spiketrains[0]) / 0.5 for segment in segments])  # kHz
assert (rates[:2] == 0).all()
threshold = int(np.argmax(rates > 0))
assert 2 <= threshold <= 8
assert (np.diff(rates[threshold:]) > 0).all()
# never faster than the refractory time of 250 cycles of 8 ns allows
assert rates.max() < 500
