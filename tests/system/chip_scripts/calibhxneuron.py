"""Row calibhxneuron: calibrated neurons with targets of their own, and codes changed by hand."""

import numpy as np
import pynn_brainscales.brainscales2 as pynn

log = pynn.logger.get("calibhxneuron")
targets = np.array([70, 80, 90, 100])

np.random.seed(3)  # noqa: NPY002
pynn.setup()
pop = pynn.Population(
    4, pynn.standardmodels.cells.CalibHXNeuronCuba(v_rest=targets, v_thresh=140, tau_m=8)
)
noise = pynn.Population(10, pynn.cells.SpikeSourcePoisson(start=0.05, rate=3e4, duration=0.4))
projection = pynn.Projection(
    noise, pop, pynn.AllToAllConnector(), synapse_type=pynn.synapses.StaticSynapse(weight=63)
)
pop.record("spikes")
pop.record("v", device="cadc")
pynn.run(None, pynn.RunCommand.PREPARE)
log.INFO("targets ", pop.calib_target, ", codes ", pop.calib_hwparams[0].leak)
assert pop.calib_target["v_rest"].tolist() == targets.tolist()
codes = [neuron.leak.v_leak for neuron in pop.calib_hwparams]
# of each circuit its own, which rise with the targets
assert len(set(codes)) == 4
assert codes[3] > codes[0] + 50


def rest_and_counts():
    """Resting readings before the noise begins, and spikes."""
    pynn.run(0.15)
    segment = pop.get_data(clear=True).segments[-1]
    pynn.reset()
    rest = [
        s.time_slice(None, 0.05).magnitude.mean() for s in segment.irregularlysampledsignals
    ]  # fmt: skip
    return np.array(rest), np.array([len(t) for t in segment.spiketrains])


rest, counts = rest_and_counts()
assert np.allclose(rest, targets, atol=4)
assert (counts > 0).all()
projection.set(weight=0)
assert (rest_and_counts()[1] == 0).all()

# by hand: one of the population, and two by a view
pop.actual_hwparams[0].leak.v_leak = codes[3]
for neuron in pop[1:3].actual_hwparams:
    neuron.threshold.enable = False
changed, _ = rest_and_counts()
assert changed[0] > rest[0] + 15
assert np.allclose(changed[1:], rest[1:], atol=2)
assert pop.calib_hwparams[0].leak.v_leak == codes[0]
assert not pop[1:2].actual_hwparams[0].threshold.enable
pynn.end()
