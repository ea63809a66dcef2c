"""The examples run as a user runs them, small, and what they print is what their text promises."""

import re
import struct
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"

#: Arguments that make an example small enough for a test; none means that it is small already.
SMALL = {
    "ablation": ["--seeds", 1],
    "balanced_network": ["--size", 1000, "--time", 500],
    "current_injection": [],
    "synaptic_integration": [],
    "adex_gallery": [],
    "synfire_chain": ["--groups", 3],
    "mapping_report": [],
    "wrong_registers": [],
    "leak_over_threshold": ["--time", 600],
    "psp_amplitudes": [],
    "time_constants": ["--values", 5],
    "refractory_times": ["--values", 7],
    "tsodyks_markram": [],
    "digits_classifier": [],
    "reward_learning": [],
    "stdp_window": [],
    "vogels_2011": ["--seconds", 15],
    "homeostasis": [],
    "structural_plasticity": [],
}


def size_of_png(path):
    """Width and height of a PNG file, from its header."""
    header = path.read_bytes()[:24]
    assert header[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", header[16:24])


@pytest.fixture
def run_example(run_script, tmp_path):
    """Return a function that runs an example and returns what it printed, the figure checked."""

    def run(name, *arguments):
        done = run_script(EXAMPLES / f"{name}.py", *(arguments or SMALL[name]))
        assert done.returncode == 0, done.stderr
        (figure,) = re.findall(r"^figure: (results/.*\.png)$", done.stdout, re.MULTILINE)
        assert min(size_of_png(tmp_path / figure)) > 300
        assert "Warning" not in done.stderr, "an ordinary example warns about nothing"
        return done.stdout

    return run


def numbers_after(label, text):
    """All numbers in the first line that begins with `label`."""
    (line,) = re.findall(rf"^{re.escape(label)}(.*)$", text, re.MULTILINE)
    return [float(n) for n in re.findall(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?", line)]


def test_every_example_is_tested():
    assert {path.stem for path in EXAMPLES.glob("*.py")} == set(SMALL)


@pytest.mark.parametrize("name", SMALL)
def test_examples_are_short_and_explained(name):
    source = (EXAMPLES / f"{name}.py").read_text()
    assert len(source.splitlines()) <= 120
    text = source.split('"""')[1]
    assert "What one sees" in text
    title, underline = text.splitlines()[:2]
    assert underline == "=" * len(title), "the gallery of the documentation wants a title"
    assert "sim.end()" in source


@pytest.mark.parametrize(("model", "lowest", "highest"), [("COBA", 5.0, 30.0), ("CUBA", 2.0, 15.0)])
def test_balanced_network_fires_irregularly(run_example, model, lowest, highest):
    output = run_example("balanced_network", *SMALL["balanced_network"], "--model", model)
    for group, size in (("excitatory: ", 800), ("inhibitory: ", 200)):
        neurons, rate, cv = numbers_after(group, output)
        assert neurons == size
        assert lowest < rate < highest
        assert cv > 0.3


def test_balanced_network_reports_chips_and_circuits(run_example):
    output = run_example("balanced_network")
    assert re.search(r"\b2 chips\b", output)  # 512 circuits each
    assert numbers_after("  neuron circuits", output.replace(",", ""))[0] == 1000


def test_balanced_network_takes_a_chip_model_by_name(run_script):
    done = run_script(EXAMPLES / "balanced_network.py", "--size", 50, "--chip", "nonsense")
    assert done.returncode != 0
    assert "nonsense" in done.stderr
    assert "ideal" in done.stderr, "the message names the ones there are"


def test_current_injection_makes_each_neuron_fire(run_example):
    output = run_example("current_injection")
    # 0.8 nA on 20 MOhm: interval 2 ms + 20 ms ln(16 / 1) = 57.45 ms, the first without the 2 ms
    number, *times = numbers_after("constant: ", output)
    assert number == 3
    assert times == pytest.approx([155.5, 213.0, 270.5], abs=0.3)
    # 0.5 nA is below threshold, 1 nA from 200 ms on: the first spike comes ln(10 / 5) 20 ms later
    number, *times = numbers_after("staircase: ", output)
    assert number == 3
    assert times[0] == pytest.approx(200.0 + 20.0 * 0.693, abs=0.3)
    number, *times = numbers_after("sine: ", output)
    assert number == 2
    assert times[1] - times[0] == pytest.approx(100.0, abs=1.0)
    number, *times = numbers_after("noise: ", output)
    assert all(100.0 < time <= 301.0 for time in times)


def test_synaptic_integration_agrees_with_the_formula(run_example):
    output = run_example("synaptic_integration")
    (deviation,) = numbers_after("CUBA: largest deviation from the formula ", output)
    assert deviation < 1e-9
    ratio = {
        (model, receptor): numbers_after(f"{model} {receptor}: ", output)[-1]
        for model in ("CUBA", "COBA")
        for receptor in ("excitatory", "inhibitory")
    }
    for receptor in ("excitatory", "inhibitory"):
        assert ratio["COBA", receptor] < 0.95 * ratio["CUBA", receptor]


def test_adex_gallery_finds_every_pattern(run_example):
    output = run_example("adex_gallery")
    assert output.count("(as expected)") == 5
    assert "NOT" not in output


def test_synfire_chain_lets_only_the_narrow_packet_through(run_example):
    output = run_example("synfire_chain")
    assert "narrow packet: survives" in output
    assert "scattered packet: dies out" in output
    spikes, width = numbers_after("narrow packet, group 3: ", output)
    assert spikes == 100
    assert width < 0.2


def test_mapping_report(run_example):
    """Nothing is lost, delays become the chip's latency, weights are rounded by a few per cent."""
    printed = run_example("mapping_report")
    assert "connections are realised." in printed
    for label in ("noise→excitatory", "excitatory→inhibitory", "inhibitory→inhibitory"):
        asked, lost, synapses, error, worst, _, delay, realised = numbers_after(
            f"  {label}", printed.replace(",", "")
        )
        assert lost == 0 and synapses >= asked and 0 < error <= worst < 5
        assert (delay, realised) == (1.5, 0.4 if label.startswith("noise") else 0.2)


def test_wrong_registers(run_example):
    text = run_example("wrong_registers")
    assert "hemisphere of second: bottom" in text
    (script,) = numbers_after("spikes of the script:", text)
    by_share = [
        numbers_after(f"spikes with {share}% of the labels wrong:", text)[0]
        for share in (0, 10, 30, 100)
    ]
    assert by_share[0] == script > 100
    assert by_share[0] > by_share[1] > by_share[2] > by_share[3]


def test_ablation(run_example):
    """Every limit has a row without error, and the delays are what matters to this network."""
    printed = run_example("ablation")
    row = r"^ *(ChipModel\.[^)]*\)) +0 +(\d+) +([\d.]+|NaN) +(\d+) +None$"
    found = {chip: (int(n), float(t)) for chip, n, t, _ in re.findall(row, printed, re.MULTILINE)}
    ideal = found.pop("ChipModel.ideal()")
    particular = [found.pop(f"ChipModel.{name}()") for name in ("silicon", "uncalibrated")]
    assert ideal[0] == 30 and len(found) == 6
    assert all(0 < answered < 30 for answered, _ in particular)
    for chip, (answered, when) in found.items():
        if "delays" in chip or "quantized" in chip:
            assert answered < 15 and abs(when - ideal[1]) > 0.3
        else:
            assert answered > 25 and when == pytest.approx(ideal[1], abs=0.1)


def test_leak_over_threshold(run_example):
    """Shares of circuits as those of the real chip are held to them, at 100 Hz and at others.

    Calibrated potentials and time constants alone reach them; so the loop may only add to it.
    """
    printed = run_example("leak_over_threshold")

    def shares(chip, target):
        return numbers_after(f"{chip} {target} Hz: ", printed)[4::3]

    for target in (20, 50, 80, 100, 120):
        assert shares("quantized", target) == [100.0, 100.0]
        assert shares("silicon", target)[1] > 85.0
        assert shares("uncalibrated", target)[0] < 40.0
    assert shares("silicon", 100)[0] > 90.0
    assert shares("silicon trimmed", 100)[0] > 98.0
    mean, spread = numbers_after("silicon 100 Hz: ", printed)[:2]
    assert 93.0 < mean < 99.0 and spread < 7.0
    assert shares("silicon", 100)[0] < shares("silicon trimmed", 100)[0]


def test_psp_amplitudes(run_example):
    printed = run_example("psp_amplitudes")
    for receptor in ("excitatory", "inhibitory"):
        found = {
            chip: numbers_after(f"{chip} {receptor}: ", printed)
            for chip in ("quantized", "silicon", "uncalibrated")
        }
        assert found["quantized"][0] == pytest.approx(1.0, abs=0.01)
        slope, spread, single, _, last = found["silicon"]
        assert slope == pytest.approx(1.0, abs=0.05)
        # nothing saturates; all neurons see that weight by one driver, of 5 % of spread
        assert last == pytest.approx(1.0, abs=0.15)
        # noise of the membrane included, which grows as the capacitance shrinks
        assert spread < 0.10 and 0.05 < single < 0.22
        assert found["uncalibrated"][1] > 0.25


def test_tsodyks_markram(run_example):
    """What drivers can do they do; calibration leaves the spread of their dynamics."""
    printed = run_example("tsodyks_markram")
    off = {}
    for chip in ("ideal", "quantized", "silicon", "uncalibrated"):
        for kind in ("depression", "facilitation"):
            off[chip, kind], first, last, later = numbers_after(f"{chip} {kind}: ", printed)
            assert (first > later > last) == (kind == "depression")
            assert (first < later < last) == (kind == "facilitation")
    for kind, ideal, quantized in (("depression", 1.5, 1.0), ("facilitation", 1.5, 8.0)):
        assert off["ideal", kind] < ideal
        assert off["quantized", kind] < quantized
        assert off["silicon", kind] < 20.0
    assert off["uncalibrated", "depression"] > 2 * off["silicon", "depression"]


def test_time_constants(run_example):
    """Calibration leaves at most 0.45 of the spread of membranes, 0.20 of that of lines."""
    printed = run_example("time_constants")
    spread = {}
    for kind in ("membrane", "synapse", "refractory"):
        for chip, off in (("quantized", 0.002), ("silicon", 0.02), ("uncalibrated", 0.2)):
            mean, spread[chip, kind], _ = numbers_after(f"{chip} {kind}: ", printed)
            assert mean == pytest.approx(1.0, abs=off)
    for kind, most in (("membrane", 0.45), ("synapse", 0.20)):
        assert spread["quantized", kind] < 0.001
        assert spread["silicon", kind] < most * spread["uncalibrated", kind]
    assert spread["uncalibrated", "refractory"] < 0.01, "a digital counter"


def test_refractory_times(run_example):
    """Alone, an error of half a clock cycle; in company of long ones short times are coarse. Real
    circuits are held until their reset is through.
    """
    printed = run_example("refractory_times")
    for chip in ("quantized", "silicon"):
        shortest, short, _, long, together = numbers_after(
            f"{chip}: shortest ", printed.replace("below 1 ms", "below 1")
        )
        assert short <= 0.004 and long <= 0.004
        way = np.reshape(numbers_after(f"{chip} way to reset: ", printed), (7, 3))
        assert way[:, 0] == pytest.approx(np.geomspace(0.04, 32.0, 7), abs=0.006)
        if chip == "quantized":
            assert shortest == 0.04 and 0.1 < together < 0.5
            assert way[:, 1] == pytest.approx(1.0) and way[:, 2] == pytest.approx(0.0)
        else:
            assert 0.5 < shortest < 2.4 and together < 0.1
            assert (way[:, 1] > 0.98).all() and (way[:, 2] < 0.01).all()
            assert way[0, 1] < 0.999, "no circuit jumps"


def test_digits_are_told_apart(run_example):
    output = run_example("digits_classifier")
    (promised, frozen) = (0.755, 0.415)  # in the text of the example
    (accuracy, images) = numbers_after("accuracy: ", output)
    assert images == 200
    assert accuracy == pytest.approx(promised, abs=0.005)
    (accuracy, _) = numbers_after("accuracy: ", run_example("digits_classifier", "--frozen"))
    assert accuracy == pytest.approx(frozen, abs=0.0051)


def test_stdp_window_gives_back_the_rule(run_example):
    """Additive pairs: both sides are exponentials, so the fit leaves rounding alone."""
    printed = run_example("stdp_window")
    for name in ("tau_plus", "tau_minus", "A_plus", "A_minus"):
        found, asked = numbers_after(f"{name}: ", printed)
        assert found == pytest.approx(asked, rel=1e-3)


def test_vogels_rule_brings_rates_to_the_target(run_example):
    """Each neuron's mean of the last 5 s; of a Poisson process it would scatter by 1.4 Hz."""
    printed = run_example("vogels_2011")
    mean, lowest, highest = numbers_after("first: mean ", printed)
    assert mean > 80.0 and lowest > 40.0 and highest > 110.0
    mean, lowest, highest = numbers_after("last: mean ", printed)
    assert mean == pytest.approx(10.0, abs=1.0) and lowest > 6.0 and highest < 16.0


def test_homeostasis_makes_an_uncalibrated_chip_fire_alike(run_example):
    """Counts of 10 in half a second, of which five seconds are averaged."""
    output = run_example("homeostasis")
    mean, spread = numbers_after("at first: ", output)
    assert spread > 10.0
    mean, spread = numbers_after("at last: ", output)
    assert abs(mean - 20.0) < 1.5
    assert spread < 4.0
    low, high = numbers_after("weights at last: ", output)
    assert high > 2 * low
    duration, period = numbers_after("a run of the rule takes ", output)
    assert 0 < duration < period


def test_synapses_find_the_active_inputs(run_example):
    """At first a quarter by chance, within 5 standard deviations of a binomial distribution."""
    output = run_example("structural_plasticity")
    found, n = numbers_after("active inputs heard at first: ", output)
    assert abs(found / n - 0.25) < 5 * (0.25 * 0.75 / n) ** 0.5
    found, n, possible = numbers_after("active inputs heard at last: ", output)
    assert possible > 0.8 * n
    assert found > 0.95 * possible


@pytest.mark.parametrize(("chip", "least"), [("quantized", 0.95), ("silicon", 0.85)])
def test_reward_teaches_the_patterns(run_example, chip, least):
    # the random walk alone comes to 0.80
    at_first, at_last = numbers_after(
        "right answers: ", run_example("reward_learning", "--chip", chip)
    )
    assert at_first < 0.75
    assert at_last > least
