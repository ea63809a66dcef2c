"""Pictures of the network on the chip."""

import numpy as np
import pytest

import pynn_bss2sim.brainscales2 as pynn
from pynn_bss2sim.brainscales2.utils.chip_plotter import ChipPlotter
from pynn_bss2sim.mapping import Look

from .conftest import neurons, source

pytest.importorskip("matplotlib", reason="drawing is optional")


@pytest.fixture
def ring():
    """Three populations, each of which excites the next; a source excites the first."""
    pynn.setup()
    stimulus = pynn.Population(2, pynn.cells.SpikeSourceArray([]), label="stimulus")
    populations = [
        pynn.Population(k + 1, pynn.cells.HXNeuron(), label=f"ring {k}") for k in range(3)
    ]
    for k in range(3):
        pynn.Projection(
            populations[k], populations[(k + 1) % 3], pynn.AllToAllConnector(),
            pynn.synapses.StaticSynapse(weight=10 * (k + 1)),
        )  # fmt: skip
    pynn.Projection(
        stimulus, populations[0], pynn.AllToAllConnector(), pynn.synapses.StaticSynapse(-3)
    )
    return populations


def image(figure):
    """The pixels of a matrix."""
    return np.ma.filled(figure.axes[0].images[0].get_array(), np.nan)


def test_the_chip_map_names_populations_and_shows_synapses(ring):
    pynn.simulator.state.preprocess(0, 0)
    plotter = ChipPlotter()
    number = plotter.add_plot_chip_map()
    (figure,) = plotter.plot_by_id(number)
    words = [text.get_text() for text in figure.axes[-1].get_legend().get_texts()]
    assert words[:3] == [f"ring {k}: {k + 1} neurons, {k + 1} circuits" for k in range(3)]
    assert "6 of 512 neuron circuits" in figure.get_suptitle()
    dots = [len(axes.collections[0].get_offsets()) for axes in figure.axes if axes.collections]
    # 1 * 2 + 2 * 3 + 3 * 1 connections, and 2 of the source
    assert sum(dots) == 13


def test_separate_views_and_the_order_of_buses(ring):
    pynn.run(None, pynn.RunCommand.PREPARE)
    plotter = ChipPlotter()
    number = plotter.add_plot_chip_map(separate_view=True)
    figures = plotter.plot_by_id(number)
    titles = [[axes.get_title(loc="left") for axes in figure.axes] for figure in figures]
    assert "synapse array, top" in titles[0] and "synapse array, bottom" not in titles[0]
    assert "synapse array, bottom" in titles[1]
    plotter.modify_plot(number, separate_view=False, sort_synapse_by_padi_bus=True)
    assert len(plotter.plot_by_id(number)) == 1
    bus = Look(by_bus=True).rows(256) // 2 % 4
    assert bus.tolist() == np.repeat(np.arange(4), 64).tolist()
    assert Look().rows(4).tolist() == [0, 1, 2, 3]
    with pytest.raises(TypeError, match="no setting 'sorted'"):
        plotter.modify_plot(number, sorted=True)


def test_matrices_of_populations_and_of_neurons(ring):
    pynn.run(None, pynn.RunCommand.PREPARE)
    plotter = ChipPlotter()
    (coarse,) = plotter.plot_by_id(plotter.add_plot_matrix())
    (fine,) = plotter.plot_by_id(plotter.add_plot_matrix(plot_each_neuron=True))
    nan = np.nan
    wanted = [[nan, 10, nan, nan], [nan, nan, 20, nan], [30, nan, nan, nan], [-3, nan, nan, nan]]
    np.testing.assert_array_equal(image(coarse), wanted)
    labels = [text.get_text() for text in coarse.axes[0].get_yticklabels()]
    assert labels == ["ring 0", "ring 1", "ring 2", "stimulus"]
    assert image(fine).shape == (8, 8)
    assert np.nansum(image(fine)) == 2 * 10 + 6 * 20 + 3 * 30 - 2 * 3


@pytest.mark.parametrize("form", ["populations", "positions"])
def test_groups_have_shades_of_one_colour(ring, form):
    from matplotlib.colors import rgb_to_hsv

    pynn.run(None, pynn.RunCommand.PREPARE)
    groups = [[ring[0], "ring 1"], [ring[2]]]
    if form == "positions":
        everyone = pynn.simulator.state.populations
        numbers = [everyone.index(population) for population in ring[:3]]
        groups = {"pair": numbers[:2], "other": numbers[2:]}
    plotter = ChipPlotter(population_contrast_groups=groups)
    number = plotter.add_plot_chip_map()
    (figure,) = plotter.plot_by_id(number)
    patches = figure.axes[-1].get_legend().get_patches()[:3]
    hue, _, value = rgb_to_hsv([patch.get_facecolor()[:3] for patch in patches]).T
    assert hue[0] == pytest.approx(hue[1])
    assert abs(hue[2] - hue[0]) > 0.1
    assert value[0] != value[1]


def test_groups_of_populations_that_are_not_there(ring):
    with pytest.raises(IndexError, match="no population 40"):
        ChipPlotter(population_contrast_groups={"pair": [0, 40]})


def test_plots_are_written_and_forgotten(ring, tmp_path):
    pynn.run(None, pynn.RunCommand.PREPARE)
    plotter = ChipPlotter()
    matrix, chip = plotter.add_plot_matrix(), plotter.add_plot_chip_map()
    assert set(plotter.plot_all()) == {matrix, chip}
    paths = plotter.save_all(folder=tmp_path / "figures", formats=["png", "svg"])
    assert len(paths) == 4
    assert all(path.stat().st_size > 1000 for path in paths)
    before = plotter.plot_by_id(matrix)
    assert plotter.plot_by_id(matrix) is before
    plotter.clear_plot(matrix)
    assert plotter.plot_by_id(matrix) is not before
    plotter.remove_plot(chip)
    for call in (plotter.plot_by_id, plotter.remove_plot, plotter.save_by_id):
        with pytest.raises(KeyError, match=f"no plot {chip}; there are {matrix}"):
            call(chip)


def test_what_has_not_been_mapped_is_not_drawn(face):
    plotter = ChipPlotter()
    number = plotter.add_plot_matrix()
    with pytest.raises(RuntimeError, match="call run"):
        plotter.plot_by_id(number)
    pynn.Projection(source(), neurons(), pynn.AllToAllConnector(), label="first")
    face.run(None, face.RunCommand.PREPARE)
    assert image(plotter.plot_by_id(number)[0]).shape == (2, 2)
    # what has been mapped since is looked at when it is asked for
    neurons()
    face.run(None, face.RunCommand.PREPARE)
    assert image(plotter.plot_by_id(number)[0]).shape == (2, 2)
    plotter.retrieve_data()
    assert image(plotter.plot_by_id(number)[0]).shape == (3, 3)
