"""Laws that hold for every network, checked with random ones."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from networks import SILENT_SOURCES, Built, content, cuts, everything, fuzz, networks, part, parts

import pynn_bss2sim as sim

# --- running ---------------------------------------------------------------------------------


@fuzz(40)
@given(networks(), cuts)
def test_a_run_may_be_cut_anywhere(network, stops):
    built = Built(network)
    sim.run(25.0)
    whole = everything(built)
    built = Built(network)
    for stop in stops:
        sim.run_until(stop)
        everything(built)
    sim.run_until(25.0)
    assert everything(built) == whole


@fuzz(15)
@given(networks(), st.sampled_from(["ideal", "quantized"]))
def test_the_same_script_gives_the_same_bits(network, chip):
    results = []
    for _ in range(2):
        built = Built(network, chip)
        sim.run(20.0)
        results.append(everything(built))
    assert results[0] == results[1]


@fuzz(25)
@given(networks(tuple(SILENT_SOURCES), ("dc", "ac", "step")), cuts)
def test_reset_replays_what_is_not_random(network, stops):
    built = Built(network)
    sim.run(25.0)
    whole = everything(built)
    built = Built(network)
    for stop in stops:
        sim.run_until(stop)
    for _ in range(2):
        sim.reset()
        sim.run(25.0)
    for population in built.populations:
        assert len(population.get_data().segments) == 2 + bool(stops)
    assert everything(built, -2) == everything(built, -1) == whole


@fuzz(30)
@given(networks(), cuts)
def test_the_clock_of_recordings(network, stops):
    built = Built(network)
    for stop in [*stops, 25.0]:
        sim.run_until(stop)
        assert sim.get_current_time() == pytest.approx(stop)
        interval = network["interval"] or 0.1
        n_samples = int(np.floor(stop / interval + 1e-6)) + 1
        for population in built.populations:
            segment = population.get_data().segments[-1]
            assert len(segment.spiketrains) == population.size
            for train in segment.spiketrains:
                values = train.rescale("ms").magnitude
                assert float(train.t_start) == 0 and float(train.t_stop) == pytest.approx(stop)
                assert (np.diff(values) >= 0).all()
                assert not len(values) or (values[0] >= 0 and values[-1] <= stop + 1e-9)
            for signal in segment.analogsignals:
                assert signal.shape == (n_samples, population.size)
                assert float(signal.sampling_period.rescale("ms")) == pytest.approx(interval)
                assert str(signal.units.dimensionality) == population.celltype.units[signal.name]
                assert np.isfinite(np.asarray(signal)).all()
            counts = population.get_spike_counts()
            assert list(counts.values()) == [len(t) for t in segment.spiketrains]


@fuzz(25)
@given(networks(), st.data())
def test_recording_changes_nothing_else(network, data):
    """Data of one population, whatever else is recorded, and of views of it."""
    built = Built(network)
    sim.run(20.0)
    k = data.draw(st.integers(0, len(built.populations) - 1))
    whole = content(built.populations[k])
    view = part(built.populations[k], data.draw(parts))
    seen = content(view)
    columns = sorted(int(cell) - built.populations[k].first_id for cell in view.all_cells)
    assert sorted(seen["spikes"]) == columns
    assert all(whole["spikes"][column] == train for column, train in seen["spikes"].items())
    for signal in view.get_data().segments[0].analogsignals:
        mine = built.populations[k].get_data(signal.name).segments[0].analogsignals[0]
        np.testing.assert_array_equal(np.asarray(mine)[:, columns], np.asarray(signal))

    built = Built(network, record=False)
    built.populations[k].record(
        built.populations[k].celltype.recordable, sampling_interval=network["interval"]
    )
    sim.run(20.0)
    assert content(built.populations[k]) == whole


# --- synapses --------------------------------------------------------------------------------


@fuzz(40)
@given(networks(), st.integers(0, 99))
def test_synapses_are_what_was_asked(network, seed):
    built = Built(network)
    for projection, asked in zip(built.projections, network["projections"], strict=True):
        n = projection.shape
        synapses = projection.get(["weight", "delay"], "list")
        assert len(synapses) == len(projection) == projection.size()
        for i, j, weight, delay in synapses:
            assert 0 <= i < n[0] and 0 <= j < n[1]
            assert delay == asked["delay"]
            if not asked["random"]:
                assert abs(weight) == asked["weight"]
        values = np.random.default_rng(seed).random(len(projection)) * np.sign(
            [w for _, _, w, _ in synapses]
        )
        projection.set(weight=values)
        np.testing.assert_array_equal(projection.get("weight", "list", with_address=False), values)
        table = projection.get("delay", "array")
        present = np.zeros(n, bool)
        for i, j, *_ in synapses:
            present[i, j] = True
        np.testing.assert_array_equal(~np.isnan(table), present)


@fuzz(25)
@given(networks(), st.booleans())
def test_quantised_weights_are_multiples_of_one_step(network, only_weights):
    chip = sim.ChipModel.quantized(**({"parameters": "exact"} if only_weights else {}))
    built = Built(network, chip)
    lines = {}
    for projection in built.projections:
        asked = np.abs(projection.requested("weight", "list", with_address=False))
        real = np.abs(projection.get("weight", "list", with_address=False))
        delays = projection.get("delay", "list", with_address=False)
        assert len(set(delays)) <= 1
        post = projection.post.all_cells[projection.columns.post]
        for cell, a, r in zip(post, asked, real, strict=True):
            lines.setdefault((cell, projection.receptor_type), []).append((a, r))
    for pairs in lines.values():
        asked, real = np.array(pairs).T
        step = asked.max() / 63 if only_weights else _common_divisor(real)
        if step:
            np.testing.assert_allclose(real / step, np.rint(real / step), atol=1e-5)
            assert (np.abs(asked - real) <= step * (0.5 + 1e-5)).all()
        else:
            assert not asked.any()


def _common_divisor(values):
    """The largest number of which all `values` are multiples, up to rounding errors."""
    divisor = 0.0
    for value in values:
        a, b = max(divisor, value), min(divisor, value)
        while b > 1e-5 * a:
            a, b = b, abs(a - round(a / b) * b)
        divisor = a
    return divisor


@fuzz(20)
@given(networks(), st.sampled_from(["ideal", "quantized"]), st.integers(0, 99))
def test_setting_weights_between_runs_changes_only_weights(network, chip, seed):
    assume(network["projections"])
    built = Built(network, chip)
    sim.run(10.0)
    before = everything(built)
    others = [p.get("delay", "list") for p in built.projections]
    potentials = [np.asarray(p.get_data("v").segments[0].analogsignals[0])[-1]
                  for p in built.neurons]  # fmt: skip
    changed = built.projections[seed % len(built.projections)]
    weights = np.array(changed.get("weight", "list", with_address=False))
    changed.set(weight=weights)
    sim.run(0.0)
    assert everything(built) == before
    assert [p.get("delay", "list") for p in built.projections] == others
    for p, v in zip(built.neurons, potentials, strict=True):
        now = np.asarray(p.get_data("v").segments[0].analogsignals[0])
        np.testing.assert_array_equal(now[-1], v)
    sim.run(10.0)
    mine = everything(built)
    built = Built(network, chip)
    sim.run(20.0)
    if chip == "ideal":  # the same weights once more: nothing has changed
        assert everything(built) == mine
