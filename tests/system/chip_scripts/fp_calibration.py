"""Row fp_calibration: the characteristic of the MADC, and neurons that all rest at one reading.

A voltage of the board is read by programs without a network. Then leak potentials of some of 100
neurons are measured by code, one after the other, and set so that all read the same.
"""

import numpy as np
import pynn_brainscales.brainscales2 as pynn
from _static.common.measure_voltage import measure_voltage
from dlens_vx_v3 import hxcomm

voltages = np.arange(0.25, 0.951, 0.1)
with hxcomm.ManagedConnection() as connection:
    samples = [measure_voltage(connection, volt)["value"].astype(int) for volt in voltages]
readings = np.array([s.mean() for s in samples])
gain, offset = np.polyfit(voltages, readings, 1)
assert np.abs(readings - (gain * voltages + offset)).max() < 2
assert 0.5 < gain / 1000 < 0.8
assert all(0.5 < s.std() < 3 for s in samples)

SIZE = 100
order = np.random.default_rng(2).permutation(512)[:SIZE]
codes = np.array([500, 700, 900])
pynn.setup(neuronPermutation=order)
pop = pynn.Population(SIZE, pynn.cells.HXNeuron(leak_i_bias=300))


def read(cells):
    """Mean reading of single neurons, one run each."""
    means = []
    for k in cells:
        pop.record(None)
        pop[[k]].record("v")
        pynn.run(0.02)
        signal = pop.get_data("v", clear=True).segments[-1].irregularlysampledsignals[0]
        means.append(signal.base.magnitude.mean())
        pynn.reset()
    return np.array(means)


cells = range(0, SIZE, 10)
raw = []
for code in codes:
    pop.set(leak_v_leak=code)
    raw.append(read(cells))
lines = [np.polyfit(codes, one, 1) for one in np.transpose(raw)]
target = 0.6 * gain + offset
wanted = np.full(SIZE, 700.0)
wanted[list(cells)] = [np.rint((target - b) / m) for m, b in lines]
pop.set(leak_v_leak=wanted)
assert pop.get("leak_v_leak", simplify=False).tolist() == wanted.tolist()
calibrated = read(cells)
assert np.std(raw[1]) > 5 * calibrated.std()
assert calibrated.std() < 3
assert np.abs(calibrated - target).max() < 4
pynn.end()
