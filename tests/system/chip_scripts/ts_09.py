"""Row ts_09: rows of weights written at given times while the experiment runs, 10 ms apart."""

import numpy as np
import pynn_brainscales.brainscales2 as pynn
from dlens_vx_v3 import hal, halco, lola, sta

SIZE, COLUMNS, PERIOD = 64, 6, 10.0  # lines of an image, its columns, ms
line, column = np.mgrid[:SIZE, :COLUMNS]
IMAGE = np.where((line // 8 + column) % 2, int(hal.SynapseQuad.Weight.max), 0)

np.random.seed(2)  # noqa: NPY002
builder = sta.AbsoluteTimePlaybackProgramBuilder()
pynn.setup(
    enable_neuron_bypass=True, injected_config=pynn.InjectedConfiguration(inside_realtime=builder)
)
neurons = pynn.Population(SIZE, pynn.cells.HXNeuron())
sources = pynn.Population(
    SIZE, pynn.cells.SpikeSourcePoisson(start=0, rate=2e3, duration=COLUMNS * PERIOD)
)
projection = pynn.Projection(
    sources, neurons, pynn.OneToOneConnector(), synapse_type=pynn.synapses.StaticSynapse(weight=0)
)
neurons.record("spikes")
pynn.run(None, pynn.RunCommand.PREPARE)
placed = [synapse for (synapse,) in projection.placed_connections]
rows = sorted({int(synapse.synapse_row) for synapse in placed})
cycles_per_ms = 1000 * int(hal.Timer.Value.fpga_clock_cycles_per_us)
for k in range(COLUMNS):
    time = hal.Timer.Value(int(k * PERIOD * cycles_per_ms))
    for number in rows:
        row = lola.SynapseWeightRow()
        for synapse, weight in zip(placed, IMAGE[:, k], strict=True):
            if int(synapse.synapse_row) == number:
                row.values[synapse.synapse_on_row] = weight
        builder.write(time, halco.SynapseRowOnDLS(number).toSynapseWeightRowOnDLS(), row)
pynn.run(COLUMNS * PERIOD)
trains = neurons.get_data("spikes").segments[-1].spiketrains
pynn.end()
edges = np.arange(COLUMNS + 1) * PERIOD
counts = np.array([np.histogram(train.magnitude, edges)[0] for train in trains])
white = counts[IMAGE > 0]
expected = 2e3 * PERIOD / 1e3
assert abs(white.mean() - expected) < 5 * np.sqrt(expected / white.size) + 0.02 * expected
assert counts[IMAGE == 0].sum() <= 2
