"""The picture shows what the registers hold."""

import numpy as np
import pytest
from builders import network, population, projection

from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim.mapping import map_network
from pynn_bss2sim.mapping.report import picture

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
        seen = (picture._synapses(mapping, 0, hemisphere) != 1).any(axis=2)
        np.testing.assert_array_equal(seen, mapping.configs[0].synapse_weight[hemisphere] > 0)
    assert (mapping.configs[0].synapse_weight > 0).sum() == 300


def test_circuits_have_the_colour_of_their_population():
    mapping = mapped()
    shown = picture._circuit_colours(mapping, 0).reshape(-1, 3)
    colours = picture._colours(mapping)
    for k, here in enumerate((slice(0, 30), slice(30, 40))):
        circuits = mapping.placement.circuit[here]
        assert (shown[circuits] == colours[k]).all()
    assert (shown == picture.FREE).all(axis=1).sum() == 512 - 40


def test_many_populations_have_colours_that_differ():
    parts = [population(1, f"p{k}") for k in range(20)]
    mapping = map_network(network(*parts), ChipModel.ideal())
    assert len(np.unique(picture._colours(mapping), axis=0)) == 20


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
    assert "40 of 512 circuits" in figure.get_suptitle()
    for kind in ("svg", "png"):
        figure.savefig(tmp_path / f"chip.{kind}")
        assert (tmp_path / f"chip.{kind}").stat().st_size > 5000


def test_several_chips_side_by_side_or_one_of_them():
    mapping = mapped("ideal", sizes=(700, 2))
    titles = [a.get_title() for a in mapping.report.plot().axes]
    assert titles[0].startswith("chip 0: 512 of 512") and titles[1].startswith("chip 1: 194 of 512")
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

    monkeypatch.setattr(picture.importlib, "import_module", refuse)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        mapped().report.plot()
