"""Pictures of the report show all of a recording, however little happened in it."""

import re

import neo
import numpy as np
import pytest

from pynn_bss2sim.comparison import figures
from pynn_bss2sim.comparison.recordings import Recording


def recording(*spikes, duration=500.0):
    trains = {
        (0, cell): neo.SpikeTrain(times, t_stop=duration, units="ms")
        for cell, times in enumerate(spikes)
    }
    return Recording(trains, {}, duration)


def words(svg):
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


@pytest.mark.parametrize(("targets", "rows"), [(1, 1), (4, 1), (5, 2), (6, 2), (9, 3)])
def test_rasters_stand_in_rows(targets, rows):
    shown = {f"target {k}": recording([60.0], []) for k in range(targets)}
    texts = words(figures.rasters("cells", shown, dict.fromkeys(shown, "#808080")))
    assert [t for t in texts if t.startswith("target")] == list(shown)
    assert texts.count("cell") == rows, "a label for each row"
    assert texts.count("time (ms)") == -(-targets // rows), "and below each column"


def test_a_raster_shows_all_of_the_time_and_all_cells():
    limits = figures._whole([recording([60.0], [], [])])
    assert limits == {"xlim": (0.0, 500.0), "ylim": (-0.5, 2.5)}
    assert "500" in words(figures.rasters("c", {"a": recording([60.0])}, {"a": "#808080"}))
    assert figures._whole([]) == {}


def test_no_histogram_of_no_intervals():
    once, twice = recording([60.0]), recording([60.0, 80.0])
    assert np.isclose(figures.rates(once), 2.0).all()
    for spikes, drawn in ((once, False), (twice, True)):
        svg = figures.distributions("cells", {"a": spikes}, {"a": "#808080"})
        assert ("interval between spikes (ms)" in words(svg)) is drawn
