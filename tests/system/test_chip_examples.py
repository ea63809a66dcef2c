"""Examples on the chip's own face: what they print is what their text promises."""

import re
import runpy
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from pynn_bss2sim.brainscales2 import clock, helper

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "brainscales2"
PAGE = ROOT / "docs" / "brainscales2.md"


@pytest.fixture
def run(monkeypatch, tmp_path, capsys, recwarn):
    """Return a function that runs an example on the default chip and returns what it printed."""
    monkeypatch.setenv("BSS2SIM_CHIP", "silicon")
    monkeypatch.chdir(tmp_path)
    matplotlib.use("Agg")

    def run(name):
        runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
        printed = capsys.readouterr().out
        assert [str(w.message) for w in recwarn] == [], "an ordinary example warns about nothing"
        (figure,) = re.findall(r"^figure: (results/.*\.png)$", printed, re.MULTILINE)
        assert (tmp_path / figure).stat().st_size > 5000
        return printed

    return run


def numbers(label, text):
    """All numbers in the lines that begin with `label`: one list for each line."""
    lines = re.findall(rf"^{re.escape(label)}(.*)$", text, re.MULTILINE)
    return [[float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", line)] for line in lines]


def test_every_example_is_tested_and_explained():
    source = Path(__file__).read_text()
    for path in EXAMPLES.glob("*.py"):
        assert f'run("{path.stem}")' in source
        text = path.read_text().split('"""')[1]
        title, underline = text.splitlines()[:2]
        assert underline == "=" * len(title), "the gallery of the documentation wants a title"
        assert "What one sees" in text


def test_a_silent_neuron_shows_its_leak_potential_and_noise(run):
    rows = np.array(numbers("code", run("silent_neuron")))
    code, mean, noise = rows.T
    # 0.79 LSB for each code, as measured on chips
    assert np.polyfit(code, mean, 1)[0] == pytest.approx(0.79, rel=0.15)
    assert (noise < 4).all()


def test_leak_over_threshold_shows_a_sawtooth(run):
    printed = run("leak_over_threshold")
    ((interval, _),) = numbers("interval", printed)
    ((low, high),) = numbers("membrane", printed)
    assert 5 < interval < 20
    assert (low, high) == (pytest.approx(232, rel=0.15), pytest.approx(400, rel=0.15))


def test_circuits_vary_as_on_chips(run):
    printed = run("fixed_pattern")
    for name, spread in (("reset", (214, 245)), ("threshold", (397, 435))):
        ((low, high),) = numbers(name, printed)
        assert (low, high) == (
            pytest.approx(spread[0], rel=0.15),
            pytest.approx(spread[1], rel=0.15),
        )
        assert high - low > 20


def test_potentials_grow_with_the_weight_and_inhibition_saturates(run):
    printed = run("stimulation")
    height = {w: h for w, h, _ in numbers("weight", printed)}
    assert height[63] / 63 == pytest.approx(0.85, rel=0.2)
    assert height[288] / height[96] == pytest.approx(3, rel=0.2)
    assert 1.2 < height[-288] / height[-96] < 2.2


def test_calibrated_neurons_meet_their_targets(run):
    printed = run("calibrated_neurons")
    ((calibrated,),) = numbers("calibrated: spread", printed)
    ((swapped,),) = numbers("codes of neighbours: spread", printed)
    assert calibrated < 3
    assert swapped > 3 * calibrated


def test_a_volley_runs_through_the_chain(run):
    rows = np.array(numbers("group", run("synfire_chain")))
    assert rows[:, 0].tolist() == list(range(8))
    assert (np.diff(rows[:, 1]) > 0.5).all()
    assert (rows[:, 2] > 0.7).all()
    assert (rows[:, 2] < 2).all()


def test_patterns_of_adaptive_neurons(run):
    printed = run("adex")
    ((_, first, median, last, longest),) = numbers("tonic", printed)
    assert (first, last, longest) == pytest.approx((median,) * 3, rel=0.3)
    ((_, first, median, last, _),) = numbers("adapting", printed)
    assert first < 0.75 * median < last
    ((_, first, median, _, longest),) = numbers("bursting", printed)
    assert longest > 15 * median
    assert first < median


def test_the_image_is_drawn_in_spikes(run):
    printed = run("image")
    ((count, expected),) = numbers("white", printed)
    assert count == pytest.approx(expected, rel=0.05)
    assert numbers("black", printed) == [[0]]


def test_the_page_is_true(monkeypatch):
    monkeypatch.setenv("BSS2SIM_CHIP", "silicon")
    text = PAGE.read_text()
    namespace = {}
    exec(
        compile(re.search(r"```python\n(.*?)```", text, re.DOTALL)[1], PAGE.name, "exec"), namespace
    )
    assert len(namespace["segment"].spiketrains[0]) > 5
    (step,) = re.findall(r"a time step of (\d+) ns", text)
    assert int(step) == round(1e3 * clock.TIMESTEP)
    assert helper.nightly_calib_path().name in {f"{t}_cocolist.pbin" for t in helper.TARGETS}
