"""What is stated of the chip and what the emulated one does, measured through its converters."""

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "docs"))

import make_figures
from make_figures import FIGURES, PAGE, measured


def on_the_page():
    """Measured value of each figure on the page."""
    rows = re.findall(r"^\| ([^|]+) \|[^|]+\|[^|]+\| (-?[\d.]+)", PAGE.read_text("utf-8"), re.M)
    return {text: float(value) for text, value in rows}


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.text)
def test_a_figure_is_met_or_marked_as_not(figure):
    value = measured()[figure.text]
    assert (figure.low <= value <= figure.high) == (not figure.why), value


def test_the_page_tells_what_was_measured():
    """Else: python docs/make_figures.py

    Other noise or another calibration of the same chip change a figure by less than 5 %.
    """
    found = on_the_page()
    assert sorted(found) == sorted(measured()) == sorted(figure.text for figure in FIGURES)
    for text, value in measured().items():
        assert found[text] == pytest.approx(value, rel=0.05), text


def test_the_page_is_the_one_that_is_written():
    """Words and bands; numbers in the text, too, but for what another measurement changes."""
    number = r"-?\d+(?:\.\d+)?"
    there, here = PAGE.read_text("utf-8"), make_figures.page()
    assert re.sub(number, "0", here) == re.sub(number, "0", there)
    found, written = ([float(n) for n in re.findall(number, text)] for text in (there, here))
    assert found == pytest.approx(written, rel=0.05)


def test_bands_are_as_wide_as_what_is_stated():
    """The band of a figure is its stated value, within the uncertainty written beside it."""
    stated = [re.fullmatch(r"(-?[\d.]+) ± ([\d.]+)( %)?", figure.stated) for figure in FIGURES]
    checked = 0
    for figure, match in zip(FIGURES, stated, strict=True):
        if match:
            value, off = float(match[1]), float(match[2])
            off *= abs(value) / 100 if match[3] else 1
            assert (figure.low, figure.high) == pytest.approx((value - off, value + off), rel=0.01)
            checked += 1
    assert checked > 30
