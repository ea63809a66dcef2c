"""Row leak_over_threshold: two populations whose leak potential lies above and below threshold."""

import numpy as np
import pynn_brainscales.brainscales2 as pynn

COMMON = dict(
    leak_i_bias=150, threshold_v_threshold=300, threshold_enable=True, reset_v_reset=400,
    reset_i_bias=1022, reset_enable_multiplication=True, membrane_capacitance_capacitance=63,
    refractory_period_refractory_time=255,
)  # fmt: skip

pynn.setup()
firing = pynn.Population(2, pynn.cells.HXNeuron(leak_v_leak=1000, **COMMON))
silent = pynn.Population(2, pynn.cells.HXNeuron(leak_v_leak=500, **COMMON))
firing.record("spikes")
silent.record("spikes")
firing[0:1].record("v")
silent[1:2].record("v")
pynn.run(0.5)
active, quiet = (pop.get_data().segments[-1] for pop in (firing, silent))
pynn.end()
for train in active.spiketrains:
    period = np.diff(train.rescale("us").magnitude)
    # a sawtooth of about 13 us: nobody has calibrated the circuits
    assert 5 < np.median(period) < 20
    assert period.std() < 0.1 * period.mean()
assert [len(train) for train in quiet.spiketrains] == [0, 0]
saw, flat = (s.irregularlysampledsignals[0].magnitude for s in (active, quiet))
assert abs(saw.max() - 400) < 40
assert abs(saw.min() - 232) < 40
assert flat.std() < 4
