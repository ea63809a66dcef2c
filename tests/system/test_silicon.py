"""Networks on calibrated chips do what docs/silicon.md says, and it says what was measured."""

import json
import re
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
sys.path.insert(0, str(DOCS))

import make_silicon  # noqa: E402

from pynn_bss2sim import ChipModel  # noqa: E402


def bands():
    """Name of each observable on the page: lowest and highest value that silicon may have."""
    text = make_silicon.PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+) \|[^|]+\|[^|]+\| ([\d.]+) to ([\d.]+) \|", text, re.MULTILINE)
    return {name: (float(low), float(high)) for name, low, high in rows}


def outside(found):
    """Observables that lie outside of their band."""
    limits = bands()
    assert len(limits) == len(make_silicon.OBSERVABLES)
    return [
        name
        for name, (text, _, _) in make_silicon.OBSERVABLES.items()
        if not limits[text][0] <= found[name] <= limits[text][1]
    ]


def test_the_page_is_up_to_date():
    """Else: python docs/make_silicon.py --page"""
    numbers = json.loads(make_silicon.NUMBERS.read_text(encoding="utf-8"))
    assert make_silicon.PAGE.read_text(encoding="utf-8") == make_silicon.page(numbers)


def test_all_chips_lie_within_the_bands_and_none_without_calibration():
    networks = json.loads(make_silicon.NUMBERS.read_text(encoding="utf-8"))["networks"]
    assert [outside(one) for one in networks["silicon"]] == [[]] * make_silicon.SEEDS
    assert all(len(outside(one)) >= 3 for one in networks["uncalibrated"])


@pytest.mark.parametrize("seed", [0, 1])
def test_a_calibrated_chip_lies_within_the_bands(seed):
    assert outside(make_silicon.networks.measure(ChipModel.silicon(seed=seed))) == []


def test_without_calibration_it_does_not():
    assert len(outside(make_silicon.networks.measure(ChipModel.uncalibrated()))) >= 3


def test_both_networks_keep_their_state_on_silicon_only():
    benchmark = json.loads(make_silicon.NUMBERS.read_text(encoding="utf-8"))["benchmark"]
    for found in benchmark.values():
        nest = found["NEST"]
        for name in ("balanced rate", "balanced CV"):
            assert found["silicon"][name] == pytest.approx(nest[name], rel=0.2)
        lost = [name for name in nest if abs(found["uncalibrated"][name] / nest[name] - 1) > 0.3]
        assert len(lost) >= 2


def test_ideal_is_nest_in_the_benchmark():
    benchmark = json.loads(make_silicon.NUMBERS.read_text(encoding="utf-8"))["benchmark"]
    for model, tolerance in (("CUBA", 0.01), ("COBA", 0.15)):
        nest, ideal = benchmark[model]["NEST"], benchmark[model]["ideal"]
        for name in ("balanced rate", "balanced CV"):
            assert ideal[name] == pytest.approx(nest[name], rel=tolerance)
    ideal = make_silicon.networks.balanced(
        make_silicon.networks.sim, size=make_silicon.SIZE, chip="ideal"
    )
    assert ideal == pytest.approx(benchmark["CUBA"]["ideal"])
