"""The user says where neurons lie, and reads where they do."""

import numpy as np
import pytest

import pynn_bss2sim as sim
from pynn_bss2sim.mapping import PlacementError


@pytest.fixture(params=["ideal", "quantized"])
def cells(request):
    sim.setup(chip=request.param)
    return sim.Population(8, sim.IF_curr_exp(), label="cells")


def circuits(group):
    return sim.placement(group)["circuit"].tolist()


def test_neurons_lie_on_the_circuits_asked_for(cells):
    sim.place(cells, chip=1, circuits=np.arange(8)[::-1] + 300)
    there = sim.placement(cells)
    assert there["circuit"].tolist() == list(range(307, 299, -1))
    assert set(there["chip"]) == {1}
    assert set(there["hemisphere"]) == {"bottom"}
    assert there["column"].tolist() == list(range(51, 43, -1))
    assert set(there["count"]) == {1}


def test_views_and_single_cells_are_pinned_and_read_by_themselves(cells):
    sim.place(cells[2:4], circuits=[0, 9])
    sim.place(cells[5], circuits=511)
    assert circuits(cells) == [1, 2, 0, 9, 3, 511, 4, 5]
    assert circuits(cells[[2, 5]]) == [0, 511]
    assert circuits(cells[5]) == [511]


def test_a_later_pin_replaces_an_earlier_one(cells):
    sim.place(cells, hemisphere="bottom")
    sim.place(cells, chip=2)
    assert set(sim.placement(cells)["hemisphere"]) == {"top"}
    assert set(sim.placement(cells)["chip"]) == {2}


def test_assemblies_are_placed_part_by_part(cells):
    others = sim.Population(2, sim.IF_cond_exp(), label="others")
    sim.place(cells[:2] + others, circuits=[5, 6, 300, 299])
    assert circuits(others) == [300, 299]
    assert circuits(others + cells[:2]) == [300, 299, 5, 6]


def test_released_neurons_lie_where_they_would_have_lain(cells):
    sim.place(cells[0], circuits=100)
    sim.keep_together(cells[4:6], where="neighbours")
    sim.release(cells[:5])
    assert sim.state.together == []
    assert circuits(cells) == list(range(8))


def test_populations_are_kept_together(cells):
    many = sim.Population(600, sim.IF_curr_exp(), label="many")
    assert sim.placement(many[-1:])["chip"] == 1
    sim.keep_together(many[-3:], cells[:2], where="hemisphere")
    sim.keep_together(cells[6:], many[:2], where="neighbours")
    there = sim.placement(many[-3:] + cells[:2])
    assert len(set(there["chip"])) == len(set(there["hemisphere"])) == 1
    assert np.diff(circuits(cells[6:] + many[:2])).tolist() == [1, 1, 1]


def test_pins_hold_when_the_network_grows_between_runs(cells):
    sim.place(cells[:4], circuits=[10, 20, 30, 40])
    cells.record("v")
    sim.run(1)
    more = sim.Population(40, sim.IF_curr_exp(i_offset=1.0), label="more")
    more.record("spikes")
    sim.place(more[0], circuits=0)
    sim.run(40)
    assert circuits(cells[:4]) == [10, 20, 30, 40]
    assert circuits(more[0]) == [0]
    assert len(more.get_data().segments[0].spiketrains[39]) > 0


def test_spikes_do_not_depend_on_the_place():
    def spikes(pin):
        sim.setup(chip="quantized", rng_seed=1, check=True)
        noise = sim.Population(5, sim.SpikeSourcePoisson(rate=300.0))
        cells = sim.Population(20, sim.IF_curr_exp(), label="cells")
        sim.Projection(noise, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=1.5))
        if pin:
            sim.place(cells, circuits=np.random.default_rng(0).permutation(512)[:20])
        cells.record("spikes")
        sim.run(100)
        return [train.magnitude.tolist() for train in cells.get_data().segments[0].spiketrains]

    assert sum(map(len, spikes(False))) > 20
    assert spikes(True) == spikes(False)


@pytest.mark.parametrize(
    ("demand", "message"),
    [
        (lambda c: sim.place(c), "cells: say where"),
        (lambda c: sim.place(c, chip=-1), "cells: chip=-1; give 0 to 1023"),
        (lambda c: sim.place(c, chip=True), "chip=True"),
        (lambda c: sim.place(c, hemisphere="left"), "hemisphere='left'; choose 'top' or 'bottom'"),
        (lambda c: sim.place(c, circuits=[1, 2]), r"shape \(2,\).*give 8 integers"),
        (lambda c: sim.place(c, circuits=np.arange(8.0)), "type float64"),
        (lambda c: sim.place(c, circuits=range(505, 513)), "there is no circuit 512"),
        (lambda c: sim.place(c, circuits=[1] * 8), "circuit 1 is given to 8 neurons"),
        (lambda c: sim.place(c[:1], circuits=[1], hemisphere="top"), "not both"),
        (lambda c: sim.keep_together(c, c[:2]), r"cells\[0\] is named twice"),
        (lambda c: sim.keep_together(c, where="near"), "where='near'; choose one of 'chip'"),
        (lambda c: sim.keep_together(), "name the populations"),
    ],
)
def test_nonsense_is_refused_and_changes_nothing(cells, demand, message):
    with pytest.raises(PlacementError, match=message):
        demand(cells)
    assert circuits(cells) == list(range(8))


def test_conflicts_name_populations_and_can_be_mended(cells):
    others = sim.Population(1, sim.IF_curr_exp(), label="others")
    sim.place(cells, chip=0)
    sim.place(others, circuits=3, chip=1)
    sim.keep_together(cells, others)
    with pytest.raises(PlacementError, match=r"cells\[0\] and others\[0\] are kept together"):
        sim.run(1)
    sim.release(others)
    sim.run(1)
    assert sim.placement(others)["chip"] == 0


def test_only_neurons_of_this_simulation_have_a_place(cells):
    source = sim.Population(2, sim.SpikeSourcePoisson(), label="source")
    for action in (sim.placement, sim.release, lambda c: sim.place(c, chip=0)):
        with pytest.raises(sim.errors.InvalidModelError, match="source: spike sources"):
            action(source)
        with pytest.raises(TypeError, match="is no population"):
            action("cells")
    sim.setup()
    with pytest.raises(RuntimeError, match="cells: place: it was made before"):
        sim.place(cells, chip=0)
