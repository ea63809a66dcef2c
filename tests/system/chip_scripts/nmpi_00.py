"""Row nmpi_00: four experiments of a queue: a membrane, views, spikes, and files of data."""

import pynn_brainscales.brainscales2 as pynn
from neo.io import PickleIO

pynn.logger.default_config(level=pynn.logger.LogLevel.INFO)
log = pynn.logger.get("queue")
pynn.logger.set_loglevel(log, pynn.logger.LogLevel.INFO)


def first():
    """A silent membrane."""
    pynn.setup()
    pop = pynn.Population(1, pynn.cells.HXNeuron(leak_v_leak=700, leak_i_bias=500))
    pop.record("v")
    pynn.run(0.05)
    return pop


def second():
    """Spikes of some cells of a population."""
    pynn.setup()
    pop = pynn.Population(
        4,
        pynn.cells.HXNeuron(
            leak_v_leak=[1000, 400, 1000, 400], leak_i_bias=150, threshold_enable=True,
            threshold_v_threshold=300, reset_v_reset=400, reset_i_bias=1022,
            reset_enable_multiplication=True, membrane_capacitance_capacitance=63,
        ),
    )  # fmt: skip
    pynn.PopulationView(pop, [0, 1]).record("spikes")
    pynn.run(0.2)
    return pop


def third():
    """Events of a source, as they were sent."""
    pynn.setup(enable_neuron_bypass=True)
    pop = pynn.Population(2, pynn.cells.HXNeuron())
    source = pynn.Population(2, pynn.cells.SpikeSourceArray(spike_times=[0.01, 0.02]))
    pynn.Projection(
        source, pop, pynn.OneToOneConnector(), synapse_type=pynn.synapses.StaticSynapse(weight=63)
    )
    pop.record("spikes")
    pynn.run(0.05)
    return pop


def fourth():
    """A calibrated neuron at rest."""
    pynn.setup(initial_config=pynn.helper.chip_from_nightly())
    pop = pynn.Population(2, pynn.cells.HXNeuron())
    pop[0:2].record("v", device="cadc")
    pynn.run(0.05)
    return pop


blocks = []
for number, experiment in enumerate((first, second, third, fourth)):
    pop = experiment()
    name = f"experiment_{number}.pkl"
    pop.write_data(PickleIO(name))
    pynn.end()
    (block,) = PickleIO(name).read()
    blocks.append(block)
    log.INFO(experiment.__name__, ": ", len(block.segments), " segment")
one, two, three, four = (block.segments[-1] for block in blocks)
assert blocks[0].annotations["simulator"] == "HX"
assert abs(one.irregularlysampledsignals[0].magnitude.mean() - (0.79 * 700 - 180)) < 50
assert [len(train) > 5 for train in two.spiketrains] == [True, False]
assert [len(train) for train in three.spiketrains] == [2, 2]
assert len(four.irregularlysampledsignals) == 2
assert all(abs(s.magnitude.mean() - 80) < 4 for s in four.irregularlysampledsignals)
