"""The picture shows what the registers hold."""

import io

import numpy as np
import pytest
from builders import network, population, projection

from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim.mapping import map_network
from pynn_bss2sim.mapping.report import links_between_chips, paint

pytest.importorskip("matplotlib", reason="drawing is optional")


def mapped(chip="quantized", sizes=(30, 10)):
    """Two populations; everyone in the first excites everyone in the second."""
    first, second = sizes
    pre, post = np.meshgrid(np.arange(first), np.arange(second) + first)
    return map_network(
        network(
            population(first, "one"), population(second, "two"), projection(pre, post, 0.1)
        ),
        ChipModel.named(chip),
    )  # fmt: skip


def test_every_synapse_in_use_is_seen_and_no_other():
    mapping = mapped()
    for hemisphere in (0, 1):
        seen = (paint.synapses(mapping, 0, hemisphere) != 1).any(axis=2)
        np.testing.assert_array_equal(seen, mapping.configs[0].synapse_weight[hemisphere] > 0)
    assert (mapping.configs[0].synapse_weight > 0).sum() == 300


def test_circuits_have_the_colour_of_their_population():
    mapping = mapped()
    shown = paint.circuit_colours(mapping, 0).reshape(-1, 3)
    colours = paint.population_colours(2)
    for k, here in enumerate((slice(0, 30), slice(30, 40))):
        circuits = mapping.placement.circuit[here]
        assert (shown[circuits] == colours[k]).all()
    assert (shown == paint.FREE).all(axis=1).sum() == 512 - 40


@pytest.mark.parametrize("n", [1, 7, 8, 20, 77, 200])
def test_many_populations_have_colours_that_differ(n):
    assert len(np.unique(paint.population_colours(n), axis=0)) == n


def test_drivers_that_listen_have_the_colour_of_their_bus():
    mapping = mapped()
    for hemisphere in (0, 1):
        shown = paint.drivers(mapping, 0, hemisphere)
        for driver, on in enumerate(mapping.configs[0].driver_enable[hemisphere].tolist()):
            bus = driver % 4
            colour = paint.BUS_COLOURS[bus] if on else paint.FREE
            assert (shown[2 * driver : 2 * driver + 2, bus] == colour).all()
    assert mapping.configs[0].driver_enable.any()


def test_links_are_the_neurons_with_targets_elsewhere():
    mapping = mapped(sizes=(700, 200))
    chip, network = mapping.placement.chip, mapping.network
    expected = np.zeros((mapping.placement.chips,) * 2, int)
    for p in network.projections:
        for pre, to in {(pre, chip[post]) for pre, post in zip(p.pre, p.post, strict=True)}:
            expected[chip[pre], to] += chip[pre] != to
    np.testing.assert_array_equal(links_between_chips(mapping), expected)
    both = expected + expected.T
    assert both.any()
    texts = [t.get_text() for a in mapping.report.plot().axes for t in a.texts]
    assert {f"{n:,}" for n in both[both > 0]} <= set(texts)


def test_no_words_of_a_picture_lie_on_each_other():
    """Of populations many and of long names, all that is written has room of its own."""
    parts = [population(30, f"population number {k} of a long name") for k in range(30)]
    for figure in (
        map_network(network(*parts[:4]), ChipModel.quantized()).report.plot(),
        map_network(network(*parts), ChipModel.quantized()).report.plot(),
    ):
        figure.savefig(io.BytesIO(), format="png")  # lays out
        texts = [t for a in figure.axes for t in (a.title, a._left_title, *a.texts)]
        drawn = [a for a in figure.axes if a.axison]
        texts += [t for a in drawn for t in (*a.get_xticklabels(), *a.get_yticklabels())]
        legends = [a.get_legend() for a in figure.axes if a.get_legend()] + figure.legends
        texts += [t for legend in legends for t in legend.texts]
        boxes = [t.get_window_extent() for t in texts if t.get_text() and t.get_visible()]
        room = figure.bbox.padded(1)
        assert len(boxes) > 10
        for k, box in enumerate(boxes):
            assert room.x0 <= box.x0 and box.x1 <= room.x1
            assert not any(box.padded(-1).overlaps(other) for other in boxes[:k])


@pytest.mark.parametrize("chip", ["ideal", "quantized"])
def test_one_chip_in_detail(chip, tmp_path):
    figure = mapped(chip).report.plot()
    texts = {
        t.get_text()
        for a in figure.axes
        for legend in [a.get_legend()]
        if legend
        for t in legend.texts
    }
    assert {"one: 30 neurons, 30 circuits", "two: 10 neurons, 10 circuits"} <= texts
    assert "40 of 512 neuron circuits" in figure.get_suptitle()
    for kind in ("svg", "png"):
        figure.savefig(tmp_path / f"chip.{kind}")
        assert (tmp_path / f"chip.{kind}").stat().st_size > 5000


def test_several_chips_side_by_side_or_one_of_them():
    mapping = mapped("ideal", sizes=(700, 2))
    titles = [a.get_title() for a in mapping.report.plot().axes]
    assert titles[:2] == ["chip 0\n512 circuits", "chip 1\n194 circuits"]
    assert "chip 1" in mapping.report.plot(chip=1).get_suptitle()
    with pytest.raises(ValueError, match="chip 2: the network is on chips 0 to 1"):
        mapping.report.plot(chip=2)


def test_an_empty_network_can_be_drawn():
    assert map_network(network(), ChipModel.ideal()).report.plot().axes


def test_the_report_stays_numbers():
    report = mapped().report
    assert "picture" not in report.to_dict() and "picture" not in repr(report)


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch):
    def refuse(name, *args, **kwargs):
        raise ImportError(name)

    monkeypatch.setattr(paint.importlib, "import_module", refuse)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        mapped().report.plot()
