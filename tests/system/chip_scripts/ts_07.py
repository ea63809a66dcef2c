"""Row ts_07 (pong): two rules at once learn by reward which of four neurons answers which input.

At the begin of each trial one rule writes random weights for a source of noise; at its end the
other rewards the synapses whose events came before spikes. The host reads the array of weights
after each run and begins the next one with them.
"""

import pickle

import numpy as np
import pynn_brainscales.brainscales2 as pynn
from _static.common.helpers import save_nightly_calibration
from dlens_vx_v3 import halco, lola, sta
from pyNN.parameters import Sequence

from pynn_bss2sim.ppu import ParallelRng

SIZE, TRIALS, TRIAL, RUNS = 4, 16, 0.2, 5  # inputs, trials of a run, ms, runs
GAIN = 2  # codes of a weight for each spike more than others have


class Explore(pynn.PlasticityRule):
    """Random weights of 0 to 51."""

    random = ParallelRng(np.arange(1, 257) % 255 + 1)

    def kernel(self, synapses, neurons, recording):
        for handle in synapses:
            for _ in range(8):
                drawn = self.random.rand().values
            handle.weights = np.broadcast_to(drawn[handle.columns] // 5, handle.connection.shape)


class Learn(pynn.PlasticityRule):
    """Strengthens what led to success, weakens what led to failure; empties the sensors."""

    trial, baseline = 0, None

    def kernel(self, synapses, neurons, recording):
        (handle,), (cells,) = synapses, neurons
        causal, counts = handle.causal.astype(int), cells.counters(reset=True).astype(int)
        handle.reset_correlations()
        if self.baseline is None:
            self.baseline = handle.causal.astype(int)
        state = self.trial % SIZE
        success = bool(counts[state] > np.delete(counts, state).max())
        active = handle.connection // SIZE == state
        eligible = active & (causal < self.baseline)
        # who fired more than others gains by success, and loses by failure
        change = np.where(eligible, counts - counts.mean(), 0)
        weights = handle.weights + (GAIN if success else -GAIN) * change
        handle.weights = np.clip(np.rint(weights), 0, 63).astype(int)
        recording.success[:] = [success, counts.argmax()]
        self.trial += 1


def connect(pre, post, rule, weight):
    return pynn.Projection(
        pre, post, pynn.AllToAllConnector(),
        synapse_type=pynn.synapses.PlasticSynapse(weight=weight, plasticity_rule=rule),
    )  # fmt: skip


save_nightly_calibration("correlation_calix-native.pkl")
with open("correlation_calix-native.pkl", "rb") as file:
    calibration = pickle.load(file)
dumper = sta.PlaybackProgramBuilderDumper()
calibration.apply(dumper)
chip = sta.convert_to_chip(dumper.done(), lola.Chip())
for chain in chip.cadc_readout_chains:
    for channel in (*chain.channels_causal, *chain.channels_acausal):
        channel.enable_connect_neuron = False
readout = pynn.InjectedReadout()
readout.post_realtime.add(halco.SynramOnDLS(0))
pynn.setup(initial_config=chip, injected_readout=readout)

array = pynn.PlasticityRule.ObservableArray()
array.type, array.size = pynn.PlasticityRule.ObservableArray.Type.uint8, 2
times = dict(period=TRIAL, num_periods=TRIALS)
explore = Explore(timer=pynn.Timer(start=0, **times), same_id=1)
learn = Learn(pynn.Timer(start=0.18, **times), {"success": array}, same_id=2)

neurons = pynn.Population(SIZE, pynn.cells.HXNeuron(plasticity_rule=learn))
inputs = pynn.Population(SIZE, pynn.cells.SpikeSourceArray([]))
begin = TRIAL * np.arange(TRIALS)
volley = 0.03 + 0.006 * np.arange(24)
inputs.set(
    spike_times=[Sequence(np.add.outer(begin[k::SIZE], volley).ravel()) for k in range(SIZE)]
)
noise = pynn.Population(1, pynn.cells.SpikeSourceArray(np.add.outer(begin, volley).ravel()))
learning = connect(inputs, neurons, learn, 25)
connect(noise, neurons, explore, 0)
weights, rewards = np.full((SIZE, SIZE), 25), []
for _ in range(RUNS):
    learning.set(weight=weights)
    pynn.run(TRIAL * TRIALS)
    (samples,) = learning.synapse_type.plasticity_rule.get_observable_array("success")
    rewards.append(np.mean([sample.data[0] for sample in samples]))
    array_weights = pynn.get_post_realtime_read()[halco.SynramOnDLS(0)].weights.to_numpy()
    places = [(int(c.synapse_row), int(c.synapse_on_row)) for (c,) in learning.placed_connections]
    weights = np.array([array_weights[place] for place in places]).reshape(SIZE, SIZE)
    pynn.reset()
pynn.end()
assert rewards[0] < 0.6 < np.mean(rewards[-2:]), rewards
assert (weights.argmax(axis=1) == np.arange(SIZE)).all()
