"""Background generators of the chips, as a script sees them."""

import numpy as np
import pytest

import pynn_bss2sim as sim
from pynn_bss2sim._core.background import Generator


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
