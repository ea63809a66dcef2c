"""Background generators of the chips, as a script sees them."""

import numpy as np
import pytest

import pynn_bss2sim as sim
from pynn_bss2sim._core.background import Generator
from pynn_bss2sim.mapping import PlacementError


def spikes(block):
    return [train.rescale("ms").magnitude.tolist() for train in block.segments[0].spiketrains]


def with_generator(net, hit, **changes):
    """A configuration in which a generator drives the synapse of a `hit`."""
    driver = int(hit["row"]) // 2
    number = 4 * int(hit["hemisphere"]) + driver % 4
    registers = {
        "background_enable": True,
        "background_poisson": True,
        "background_period": 9,
        "background_rate": 10,
        "background_seed": 5,
        "background_label": (driver // 4) << 6 | int(hit["label"]),
        **changes,
    }
    config = net.chips[int(hit["chip"])]
    arrays = {name: getattr(config, name).copy() for name in registers}
    for name, value in registers.items():
        arrays[name][number] = value
    for name in ("crossbar_mask", "crossbar_target"):
        arrays[name] = getattr(config, name).copy()
        arrays[name][12 + number, number] = 0
    return net.altered(int(hit["chip"]), **arrays), number


@pytest.fixture
def net(tmp_path):
    sim.setup(timestep=0.1, chip="quantized")
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[5.0]), label="in")
    cells = sim.Population(2, sim.IF_curr_exp(), label="cells")
    sim.Projection(source, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=0.5))
    sim.save_configuration(tmp_path / "net.npz")
    return sim.load_configuration(tmp_path / "net.npz")


def test_a_generator_switched_on_in_a_configuration_makes_neurons_spike(net, tmp_path):
    hit = net.hits("in", "cells")[0]
    assert spikes(net.run(100.0)["cells"]) == [[], []]
    loud, number = with_generator(net, hit)
    first = spikes(loud.run(100.0)["cells"])
    assert len(first[0]) > 5 and not first[1]
    assert loud.ways is not None and loud.synapses.n_sources == net.synapses.n_sources + 1
    # the same as from the host, whose way is longer by 0.2 ms in whole steps
    cycle, _ = Generator.of(loud.chips[0], number).events(0, 25_000)
    train = np.rint(cycle / 25) * 0.1
    host = net.run(100.3, {"in": [train]}, record=["spikes"])["cells"]
    assert spikes(host)[0] == pytest.approx([t + 0.2 for t in first[0]])
    # other registers, other spikes
    for changes in ({"background_seed": 6}, {"background_rate": 11}, {"background_period": 10}):
        assert spikes(with_generator(net, hit, **changes)[0].run(100.0)["cells"]) != first
    for changes in ({"background_enable": False}, {"background_label": 0x7FF}):
        assert spikes(with_generator(net, hit, **changes)[0].run(100.0)["cells"]) == [[], []]


# --- SpikeSourcePoissonOnChip ---------------------------------------------------------------------


def network(chip="quantized", size=20, rate=30.0, seed=7, n=10, timestep=0.1, weight=1.0, **setup):
    sim.setup(timestep=timestep, chip=chip, **setup)
    source = sim.Population(size, sim.SpikeSourcePoissonOnChip(rate=rate, seed=seed), label="bg")
    cells = sim.Population(n, sim.IF_curr_exp(), label="cells")
    wires = sim.Projection(source, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=weight))
    source.record("spikes")
    cells.record("spikes")
    return source, cells, wires


def trains(population):
    return [t.magnitude.tolist() for t in population.get_data().segments[-1].spiketrains]


def parrot(chip, size, **setup):
    """Sources, each with a neuron that follows it spike by spike as far as it can."""
    sim.setup(timestep=0.01, chip=chip, **setup)
    source = sim.Population(size, sim.SpikeSourcePoissonOnChip(rate=5.0, seed=3), label="bg")
    cells = sim.Population(
        size, sim.IF_curr_exp(tau_m=1.0, tau_syn_E=0.2, cm=0.05, tau_refrac=0.2), label="cells"
    )
    sim.Projection(source, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=50.0))
    source.record("spikes")
    cells.record("spikes")
    sim.run(500.0)
    return trains(source), trains(cells)


@pytest.mark.parametrize("size", [1, 40, 100])
def test_recorded_spikes_are_those_that_arrive(size):
    sent, answers = parrot("quantized", size, check=True)
    assert sum(map(len, sent)) > size
    for times, spikes in zip(sent, answers, strict=True):
        # every spike is answered at once, and nothing else is
        times, spikes = np.array(times), np.array(spikes)
        nearest = np.searchsorted(spikes, times + 0.14)
        inside = times < 499.0
        assert (nearest[inside] < len(spikes)).all()
        assert (spikes[nearest[inside]] - times[inside] < 0.6).all()
        before = np.searchsorted(times, spikes - 0.14) - 1
        assert (before >= 0).all()
        assert (spikes - times[before] < 1.5).all()


@pytest.mark.parametrize("chip", ["ideal", "quantized"])
def test_rates_are_those_of_poisson_processes(chip):
    source, _, _ = network(chip, size=64, rate=40.0)
    sim.run(2000.0)
    count = np.array([len(t) for t in trains(source)])
    wanted = 80.0
    # the registers meet the rate within 1 %
    assert abs(count.mean() - wanted) < 0.01 * wanted + 4.9 * np.sqrt(wanted / 64)
    chi = ((count - count.mean()) ** 2).sum() / count.mean()
    assert abs(chi - 63) < 4.9 * np.sqrt(2 * 63)
    intervals = np.concatenate([np.diff(t) for t in trains(source)])
    assert abs(intervals.std() / intervals.mean() - 1) < 4.9 * np.sqrt(1 / len(intervals)) + 0.05


@pytest.mark.parametrize("chip", ["ideal", "quantized"])
def test_a_split_run_is_the_same(chip):
    source, cells, _ = network(chip)
    sim.run(60.0)
    whole = trains(source), trains(cells)
    source, cells, _ = network(chip)
    for _ in range(6):
        sim.run(10.0)
    assert (trains(source), trains(cells)) == whole
    assert sum(map(len, whole[1])) > 10


def test_after_a_reset_the_same_spikes_come_again():
    source, cells, _ = network()
    sim.run(50.0)
    sim.reset()
    sim.run(50.0)
    for population in (source, cells):
        first, second = population.get_data().segments
        assert [t.magnitude.tolist() for t in first.spiketrains] == [
            t.magnitude.tolist() for t in second.spiketrains
        ]


def test_other_parameters_take_effect():
    source, cells, _ = network(rate=30.0)
    sim.run(200.0)
    source.set(rate=120.0)
    sim.run(200.0)
    times = np.concatenate(trains(source))
    before, after = (times < 200).sum(), (times >= 200).sum()
    assert abs(before - 120) < 4.9 * np.sqrt(120) + 2
    assert abs(after - 480) < 4.9 * np.sqrt(480) + 5
    output = np.concatenate(trains(cells))
    assert (output >= 200).sum() > 1.5 * (output < 200).sum()


def test_a_saved_configuration_makes_the_same_spikes(tmp_path):
    _, cells, _ = network()
    sim.save_configuration(tmp_path / "net.npz")
    sim.run(50.0)
    wanted = trains(cells)
    loaded = sim.load_configuration(tmp_path / "net.npz")
    assert spikes(loaded.run(50.0)["cells"]) == wanted
    seed = loaded.chips[0].background_seed + 1
    assert spikes(loaded.altered(0, background_seed=seed).run(50.0)["cells"]) != wanted


def test_generators_load_their_bus_and_no_link_to_the_fpga():
    source, _, _ = network(size=16, n=1, weight=0.0001)
    sim.run(100.0)
    links = {row["link"]: row for row in sim.mapping_report().to_dict()["traffic"]["links"]}
    assert len(links) == 1
    ((name, row),) = links.items()
    assert "to the synapses" in name
    assert row["events"] == sum(map(len, trains(source)))
    assert "Spike sources on the chips" in str(sim.mapping_report())


@pytest.mark.parametrize(
    ("size", "parameters", "message"),
    [
        (257, {}, "bg: 257 cells, a generator of the chip has labels for 256"),
        (256, {"rate": 1000.0}, "bg: rate = 1000 Hz for 256 cells: 256 events per µs"),
        (2, {"rate": 0.0}, "bg: rate = 0 Hz for 2 cells: 0 events per µs, a generator sends"),
        (2, {"rate": -1.0}, "bg: rate = -1 Hz in cell 0.*must not be negative"),
        (2, {"rate": [1.0, 2.0]}, "bg: rate = 2 in cell 1.*the same for all"),
        (2, {"seed": 2**32}, r"bg: seed.*0 to 2\*\*32 - 1"),
    ],
)
def test_nonsense_is_refused(size, parameters, message):
    sim.setup(chip="quantized")
    with pytest.raises(sim.errors.InvalidParameterValueError, match=message):
        sim.Population(size, sim.SpikeSourcePoissonOnChip(**parameters), label="bg")


def test_too_many_populations_are_refused_with_their_labels():
    sim.setup(chip="quantized")
    cells = sim.Population(4, sim.IF_curr_exp(), label="cells")
    for k in range(5):
        source = sim.Population(4, sim.SpikeSourcePoissonOnChip(seed=k), label=f"bg{k}")
        sim.Projection(source, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.1))
    with pytest.raises(PlacementError, match="bg0, .*bg4: 5 populations of generators reach"):
        sim.run(1.0)
