"""Row fp_synapticInput: potentials by weight, of floats too, their time constants, and stacking.

Both receptors of a calibrated neuron are driven by one source of lists of spikes; the shape of a
potential is fitted.
"""

import numpy as np
import pynn_brainscales.brainscales2 as pynn
from scipy.optimize import curve_fit

pynn.setup(initial_config=pynn.helper.chip_from_nightly())
neuron = pynn.Population(1, pynn.cells.HXNeuron(threshold_enable=False))
source = pynn.Population(1, pynn.cells.SpikeSourceArray(spike_times=[0.03]))
synapse = pynn.synapses.StaticSynapse(weight=0)
exc, inh = (
    pynn.Projection(
        source, neuron, pynn.AllToAllConnector(), synapse_type=synapse, receptor_type=receptor
    )
    for receptor in ("excitatory", "inhibitory")
)
neuron.record("v")


def potential(weight):
    """Times (us) after the first input, and readings above rest."""
    exc.set(weight=max(weight, 0.0))
    inh.set(weight=min(weight, 0.0))
    pynn.run(0.15)
    signal = neuron.get_data("v", clear=True).segments[-1].irregularlysampledsignals[0]
    pynn.reset()
    time, v = signal.times.rescale("us").magnitude - 30, signal.magnitude[:, 0]
    return time[time >= 0], (v - v[time < 0].mean())[time >= 0]


def alpha(time, height, tau, delay):
    """Answer of a membrane to a current with the same time constant."""
    s = np.clip(time - delay, 0, None) / tau
    return height * s * np.exp(1 - s)


weights = np.array([-64, -40, -16.4, 15.6, 40.0, 64])
fits = []
for weight in weights:
    fit, _ = curve_fit(alpha, *potential(weight), p0=(weight, 10, 1), maxfev=5000)
    fits.append(fit)
heights = np.array(fits)[:, 0]
assert abs(potential(0)[1].mean()) < 1
assert (np.diff(heights) > 0).all()
# proportional to the weight, and inhibition about as strong
assert np.allclose(heights[3:] / weights[3:], heights[5] / 64, rtol=0.1)
assert np.allclose(-heights[:3], heights[:2:-1], rtol=0.35)
taus = np.array(fits)[[0, 1, 4, 5], 1]
assert np.allclose(taus, 10, rtol=0.25)
# floats are rounded to codes
exc.set(weight=15.6)
assert exc.get("weight", format="array").tolist() == [[16.0]]

single = potential(20)[1].max()
for interval in (0.002, 0.005):
    source.set(spike_times=list(0.03 + interval * np.arange(8)))
    stacked = potential(20)[1].max()
    # 8 at once make less than 8 times one, and nearer ones more
    assert 1.5 * single < stacked < 8 * single
    if interval == 0.002:
        nearer = stacked
assert nearer > 1.3 * stacked
pynn.end()
