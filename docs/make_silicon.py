"""Write docs/silicon.md: what calibration saves of three networks, and what of NEST's results.

python docs/make_silicon.py                 # everything: some minutes, and pyNN.nest is needed
python docs/make_silicon.py --page          # the page anew from the numbers of docs/silicon.json
"""

import argparse
import importlib
import json
import sys
import textwrap
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import silicon_networks as networks  # noqa: E402

from pynn_bss2sim import ChipModel  # noqa: E402
from pynn_bss2sim._core import curves  # noqa: E402

NUMBERS, PAGE, FIGURE = HERE / "silicon.json", HERE / "silicon.md", HERE / "images/silicon.png"
SEEDS, SIZE = 10, 4000
#: Observables: what the page calls them, the band in which silicon has to lie, digits.
OBSERVABLES = {
    "balanced rate": ("balanced network: mean rate (Hz)", (4.5, 6.4), 1),
    "balanced CV": ("CV of its intervals", (0.4, 0.62), 2),
    "balanced spread": ("standard deviation over mean of its rates", (0.8, 1.3), 2),
    "synfire narrow": ("synfire chain: spikes of group 4, narrow packet", (80, 110), 0),
    "synfire scattered": ("the same, scattered packet", (0, 10), 0),
    "adex kept": ("AdEx neurons that keep pattern and rate (share)", (0.7, 1.0), 2),
}
BENCHMARK = ("balanced rate", "balanced CV", "balanced correlation")
MODELS = ("quantized", "silicon", "uncalibrated")


def measure():
    """All numbers of the page: dict for JSON."""
    chips = {
        "quantized": [ChipModel.quantized()],
        "silicon": [ChipModel.silicon(seed=seed) for seed in range(SEEDS)],
        "uncalibrated": [ChipModel.uncalibrated(seed=seed) for seed in range(SEEDS)],
    }
    found = {name: [networks.measure(chip) for chip in of] for name, of in chips.items()}
    benchmark = {}
    for model in ("CUBA", "COBA"):
        benchmark[model] = {}
        for name in ("NEST", "ideal", *MODELS):
            backend, options = networks.sim, {"chip": name.lower(), "on_loss": "ignore"}
            if name == "NEST":
                backend = importlib.import_module("pyNN.nest")
                options = {"spike_precision": "on_grid", "verbosity": "error"}
            benchmark[model][name] = networks.balanced(backend, model, size=SIZE, **options)
    return {"networks": found, "benchmark": benchmark}


def cell(values, digits):
    """Mean, and lowest and highest value of several chips."""
    text = f"{np.mean(values):.{digits}f}"
    if len(values) > 1:
        text += f" ({min(values):.{digits}f} to {max(values):.{digits}f})"
    return text


def network_table(found):
    """One row for each observable."""
    head = "| observable | nominal | silicon | band | uncalibrated |\n|---|---|---|---|---|\n"
    rows = []
    for name, (text, (low, high), digits) in OBSERVABLES.items():
        cells = [cell([one[name] for one in found[model]], digits) for model in MODELS]
        rows.append(f"| {text} | {cells[0]} | {cells[1]} | {low:g} to {high:g} | {cells[2]} |")
    return head + "\n".join(rows)


def benchmark_table(found):
    """One row for each simulator."""
    head = "| | rate (Hz) | CV of intervals | pairwise correlation |\n|---|---|---|---|\n"
    return head + "\n".join(
        f"| {name} | " + " | ".join(f"{one[k]:.{d}f}" for k, d in zip(BENCHMARK, (2, 3, 4),
                                                                    strict=True)) + " |"
        for name, one in found.items()
    )  # fmt: skip


def page(numbers):
    """The text of docs/silicon.md."""
    text = (HERE / "silicon.txt").read_text(encoding="utf-8")
    tables = {f"{name} BENCHMARK": benchmark_table(numbers["benchmark"][name])
              for name in ("CUBA", "COBA")}  # fmt: skip
    tables["NETWORKS"] = network_table(numbers["networks"])
    tables["SIZE"] = str(SIZE)
    tables["INHIBITORY"] = f"{curves.LINE_RANGE[1]:.0f}"
    for name, table in tables.items():
        text = text.replace("{" + name + "}", table)
    return text


def draw(found):
    """One axis for each observable, one dot for each chip, a line for the nominal one."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 3, figsize=(9, 5), layout="constrained")
    for axis, (name, (label, band, _)) in zip(axes.flat, OBSERVABLES.items(), strict=True):
        axis.axhspan(*band, color="0.9")
        for x, model in enumerate(MODELS[1:]):
            values = [one[name] for one in found[model]]
            axis.plot(x + np.linspace(-0.2, 0.2, len(values)), values, "o", ms=4)
        axis.axhline(found["quantized"][0][name], color="k", lw=0.8, zorder=1.5)
        axis.set(xlim=(-0.6, 1.6), ylim=(0, 1.1 * axis.get_ylim()[1]))
        axis.set_title(textwrap.fill(label, 36), fontsize=8)
        axis.set_xticks([0, 1], MODELS[1:])
    figure.savefig(FIGURE, dpi=100)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--page", action="store_true", help="measure nothing")
    if not parser.parse_args().page:
        numbers = json.dumps(measure(), indent=1, default=float)
        NUMBERS.write_text(numbers + "\n", encoding="utf-8")
    numbers = json.loads(NUMBERS.read_text(encoding="utf-8"))
    draw(numbers["networks"])
    PAGE.write_text(page(numbers), encoding="utf-8")
    print(PAGE)
