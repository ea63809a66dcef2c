"""Write docs/model.md from the facts, curves and deviations in the code.

python docs/make_model.py
"""

import re
from pathlib import Path

import numpy as np

from pynn_bss2sim._core import curves, hicannx
from pynn_bss2sim._core.config import AnalogParameter as Analog
from pynn_bss2sim._core.curves import CATALOGUE
from pynn_bss2sim._core.deviations import Deviations
from pynn_bss2sim._core.hicannx import FACTS

PAGE = Path(__file__).parent / "model.md"

TEXT = """# What the model claims and where its numbers come from

Written by `docs/make_model.py` from `_core/hicannx.py`, `_core/curves.py` and
`_core/deviations.py`.

Every number of the chip has a confidence:

| confidence | meaning | numbers |
|---|---|---|
| *code* | read in the published software of the chip | {n_code} |
| *paper* | stated in a publication | {n_paper} |
| *estimate* | read off a figure, derived from several facts, or a guess | {n_estimate} |

**No number was measured for this project.** An estimate is a starting value: absolute voltages are
good to some tens of mV, times and gains to some ten per cent, and where a source says "a guess", to
a factor of two. What holds for *this* emulated chip holds for a real one in kind, not in amount.

## The circuit

The equations stand in `_core/records.py` (`Circuits`). Which terms act depends on the chip model:

| | nominal circuits | one particular chip |
|---|---|---|
| AdEx with current- or conductance-based lines | yes | yes |
| codes of 10 and 6 bits, digital refractory time | yes | yes |
| deviations of each circuit, synapse and driver | no | yes |
| leak and line amplifiers saturate | no | yes |
| reset takes its time; membrane between floor and ceiling | no | yes |
| noise of membrane, lines, threshold, from trial to trial | no | if asked for |

An amplifier passes `sat(x) = x - 4/27 x**3` up to `x = 1.5`, and 1 beyond: slope 1 at 0, smooth,
and bounded.

* **Leak.** It carries at most its conductance times {leak_range:.0f} mV. Three figures of circuits
  that are not calibrated say so: the period of leak over threshold, the time that a large step
  takes, and offset currents that lift membranes ([figures.md](figures.md)).
* **Lines.** An excitatory line saturates at the current of {knee_exc:.0f} weight codes, an
  inhibitory one of {knee_inh:.0f}, at the nominal synapse bias. As the limit is that of the
  amplifier, it grows with the amplifier's bias. In a model with a given time constant it carries
  the more the smaller the membrane capacitance is, which the mapping makes use of.
* **Reset.** {reset:g} µs at code {reset_bias}, multiplied, with the largest capacitance. That its
  conductance depends on its bias and switches as that of the leak does is an assumption.
* **Membrane** between {floor:.0f} and {ceiling:.0f} mV.
* **Joined circuits.** Leak, reset, threshold and adaptation are those of the first one;
  capacitances add up, the line has the mean time constant of the circuits, each circuit's own gain
  scales its synapses, and the limits of its lines add up.
* **Noise.** Membrane {noise_v:.2f} mV with the largest capacitance, growing as 1/sqrt(C); each line
  {noise_line:g} weight codes; threshold {noise_th:.2f} mV; rest potential {noise_trial:.2f} mV from
  trial to trial.

## Short-term plasticity

It belongs to the synapse drivers. A driver keeps one state for each address, the voltage of a
capacitor, and the length of its current pulse follows from it: full at code {v_longest}, none at
code {v_shortest}, a straight line between. Before each event the state goes a part `u` of its way
to the charge voltage; between events it returns to the recover voltage with a time constant that
follows from the recovery code and the speed of the recovery clock of the hemisphere:

    u = {use_step:g} (utilization + 1)
    tau = {tau_slowest:.0f} µs / 2**speed / (recovery + 1)

so `u` goes from {use_low:g} to {use_high:g} and `tau` from {tau_fastest:.2g} µs to
{tau_slowest:.0f} µs. Each quadrant has two pairs of voltages, of which each driver chooses one;
even drivers take those of the west, odd ones those of the east. That there is such a state, what
the registers are called, and that a step goes "roughly 0.2" of the way is published; the three
curves are not, nor is how many addresses a driver keeps apart: here it is all {labels}. The steps
of the clock are not resolved. Drivers with and without short-term plasticity have the same full
pulse.

## What is left out

* The shift of the lines' reference (`i_shift_reference`) and the offset currents that it nulls.
* The separate reference voltages of adaptation (`v_adapt_leak`, `v_adapt_ref`): `a` acts from the
  leak potential.
* Degeneration of leak and reset; the extra capacitance of lines; conductances between circuits.
* Of the correlation sensors (`_core/correlation.py`): a limit of their
  memory of the last event, non-exponential traces, their effect on the readout of membranes.
* Of the synapse drivers: extended timing of their buses, without which full depletion is not
  reached; charge sharing and renewing, which are marked as broken; leakage of idle states.
* Cross-talk and ripple of the analog memory; temperature; drift within a run.
* Coupling of membranes above 1.2 V into the readout.

## Curves

`code` runs from 0 to {analog_max} on straight lines, from {bias_min} to {bias_max} on power laws.

{curves}

Derived from the facts below:

| quantity | value | unit |
|---|---|---|
| current step of one weight code, for each code of the transconductance | {current_step:.4g} | nA |
| conductance step, for each code of transconductance and modulation | {conductance_step:.4g} | µS |
| capacitance of one circuit, code {cap_max} | {c_m:.4g} | pF |
| largest leak current over its conductance | {leak_range:.4g} | mV |

## One particular chip

`Device(seed=..., index=...)` draws the deviations of one chip: numbers that are normal (sums of
twelve uniform integers, never beyond 6 standard deviations), or log-normal with median 1 for
factors. Every quantity has a stream of its own, so a quantity more changes none of the others,
and a seed is the same chip on every machine. These are spreads *before* calibration.

{deviations}

Single synapses ({synapses} factors): {synapse_spread:g}. The refractory time is digital and exact.
Shifts of the codes of analog parameters:

{code_offsets}

## All numbers

{facts}
"""


def table(head, rows):
    """A table in Markdown."""
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return "\n".join(lines + [f"| {' | '.join(map(str, row))} |" for row in rows])


def number(value):
    """A number as short as it can be written."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def sections():
    """Titles of the parts of hicannx.py, each with the names of its facts."""
    found, title = {}, ""
    for line in Path(hicannx.__file__).read_text().splitlines():
        if heading := re.match(r"# --- (.+?) -+$", line):
            title = heading[1]
        elif fact := re.match(r"(\w+) = _fact\(", line):
            found.setdefault(title, []).append(fact[1])
    return found


def facts():
    """All facts, part by part."""
    parts = []
    for title, names in sections().items():
        rows = [
            (f"`{n}`", number(FACTS[n].value), FACTS[n].unit, FACTS[n].confidence, FACTS[n].source)
            for n in names
        ]
        head = ("name", "value", "unit", "confidence", "source")
        parts.append(f"### {title[0].upper()}{title[1:]}\n\n{table(head, rows)}")
    return "\n\n".join(parts)


def curve_table():
    """All curves with the range they reach."""
    rows = [
        (
            f"`{name}`",
            d.quantity,
            f"`{d.parameter}`",
            f"`{d.formula}`",
            "{:.4g} to {:.4g}".format(*d.curve.reach),
            d.unit,
            d.confidence,
        )
        for name, d in CATALOGUE.items()
    ]
    head = ("curve", "quantity", "code of", "formula", "reach", "unit", "confidence")
    return table(head, rows)


def deviation_table():
    """All deviations but that of the codes."""
    rows = []
    for f in Deviations.quantities():
        meta = f.metadata
        if np.ndim(meta["sigma"]) == 0:
            shape = " x ".join(map(str, meta["shape"]))
            rows.append(
                (
                    f"`{f.name}`",
                    meta["doc"],
                    shape,
                    meta["kind"],
                    f"{meta['sigma']:g}",
                    meta["unit"],
                )
            )
    return table(("name", "of", "numbers", "kind", "standard deviation", "unit"), rows)


def code_offset_table():
    """Shifts of the codes, for each analog parameter that has one of its own."""
    sigma = next(f for f in Deviations.quantities() if f.name == "code_offset").metadata["sigma"]
    own = [p for p in Analog if p in (Analog.V_LEAK, Analog.V_RESET, Analog.V_THRESHOLD)]
    rows = [(f"`{p.name}`", f"{sigma[p]:.1f}") for p in own]
    rows.append(("other voltages", f"{hicannx.SPREAD_VOLTAGE_CODE:g}"))
    rows.append(("currents", f"{hicannx.SPREAD_CURRENT_CODE:g}"))
    return table(("code of", "standard deviation"), rows)


def page():
    """The text of the page."""
    counts = {
        f"n_{word}": sum(fact.confidence == word for fact in FACTS.values())
        for word in hicannx.CONFIDENCE
    }
    return TEXT.format(
        **counts,
        leak_range=hicannx.LEAK_RANGE,
        knee_exc=curves.LINE_RANGE[0],
        knee_inh=curves.LINE_RANGE[1],
        reset=hicannx.TAU_RESET,
        reset_bias=hicannx.RESET_BIAS,
        floor=curves.RAILS[0],
        ceiling=curves.RAILS[1],
        noise_v=hicannx.NOISE_MEMBRANE / hicannx.CADC_PER_MV,
        noise_line=hicannx.NOISE_LINE,
        noise_th=hicannx.NOISE_THRESHOLD / hicannx.CADC_PER_MV,
        noise_trial=hicannx.NOISE_TRIAL / hicannx.MADC_PER_MV,
        analog_max=hicannx.ANALOG_MAX,
        bias_min=hicannx.BIAS_MIN,
        bias_max=hicannx.BIAS_MAX,
        curves=curve_table(),
        current_step=curves.CURRENT_STEP,
        conductance_step=curves.CONDUCTANCE_STEP,
        cap_max=hicannx.CAPACITANCE_MAX,
        c_m=float(curves.capacitance(hicannx.CAPACITANCE_MAX, 1)),
        v_longest=hicannx.STP_V_LONGEST,
        v_shortest=hicannx.STP_V_SHORTEST,
        use_step=hicannx.STP_USE_STEP,
        use_low=float(curves.utilization(0)),
        use_high=float(curves.utilization(hicannx.STP_CODE_MAX)),
        tau_slowest=float(curves.recovery_time(0, 0)),
        tau_fastest=float(curves.recovery_time(hicannx.STP_CODE_MAX, hicannx.STP_SPEED_MAX)),
        labels=hicannx.LABELS,
        deviations=deviation_table(),
        synapses=hicannx.HEMISPHERES * hicannx.ROWS * hicannx.COLUMNS,
        synapse_spread=hicannx.SPREAD_SYNAPSE,
        code_offsets=code_offset_table(),
        facts=facts(),
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
