"""What stands on the page: the numbers of a report in sentences and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pynn_bss2sim._core import curves
from pynn_bss2sim._core import hicannx as chip

from .records import ParameterReport, PopulationReport, ProjectionReport, Usage
from .sections import Section, Share, Table, counted, shown, span

if TYPE_CHECKING:
    from .records import Spread
    from .report import Report

__all__ = ["headline", "sections", "title"]

#: A parameter that is this near to what was asked, relative to it, is not worth a sentence.
_NEAR = 0.01
#: Chips are listed one by one up to this many.
_FEW = 2
#: Links that are listed at once.
_BUSIEST = 6


def title(report: Report) -> str:
    """What was mapped, and onto what."""
    neurons = sum(p.size for p in report.populations)
    connections = sum(p.asked for p in report.projections)
    return (
        f"{counted(neurons, 'neuron')} and {counted(connections, 'connection')} on "
        f"{counted(report.chips, 'chip')}, {report.chip}"
    )


def headline(report: Report) -> tuple[str, ...]:
    """The essential: what is lost, off, late, clipped or too much."""
    sentences = [
        _loss(report.projections),
        _weights(report.projections),
        _delays(report.projections),
        _parameters(report.populations),
        _traffic(report),
        *(section.headline for section in report.further),
    ]
    return tuple(sentence for sentence in sentences if sentence)


def sections(report: Report) -> tuple[Section, ...]:
    """All sections, in the order of the page."""
    own = [
        _resources_section(report),
        _projections_section(report.projections),
        _populations_section(report.populations),
        _parameters_section(report.populations),
        _rates_section(report),
    ]
    notes = [Section("notes", "Notes", lines=report.notes)] if report.notes else []
    return (*(section for section in own if section), *report.further, *notes)


# --- headline -------------------------------------------------------------------------------------


def _loss(projections: tuple[ProjectionReport, ...]) -> str:
    asked, lost = sum(p.asked for p in projections), sum(p.lost for p in projections)
    if not asked:
        return ""
    if not lost:
        return f"All {counted(asked, 'connection')} are realised."
    worst = max(projections, key=lambda p: p.lost)
    where = f", the most in {worst.label}: {worst.lost:,} of {worst.asked:,}"
    return (
        f"{lost:,} of {counted(asked, 'connection')} could not be routed and "
        f"{'is' if lost == 1 else 'are'} lost{where if len(projections) > 1 else ''}."
    )


def _weights(projections: tuple[ProjectionReport, ...]) -> str:
    weighted = sum(p.weighted for p in projections)
    worst = max(projections, key=lambda p: p.weight_error_rms, default=None)
    if worst is None or not worst.weight_error_rms:
        return ""
    square = sum(p.weighted * p.weight_error_rms**2 for p in projections) / weighted
    text = f"Weights are off by {shown(square**0.5)} % RMS"
    if len(projections) > 1:
        text += f", in {worst.label} by {shown(worst.weight_error_rms)} %"
    zero = sum(p.rounded_to_zero for p in projections)
    if zero:
        text += f"; {zero:,} {'is' if zero == 1 else 'are'} rounded to zero"
    return text + "."


def _delays(projections: tuple[ProjectionReport, ...]) -> str:
    changed = [p for p in projections if p.delays_changed]
    if not changed:
        return ""
    asked, realised = (
        (min(low for low, _ in spans), max(high for _, high in spans))
        for spans in ([p.delay_asked for p in changed], [p.delay_realised for p in changed])
    )
    count, of = sum(p.delays_changed for p in changed), sum(p.realised for p in projections)
    where = "" if count == of else f" in {counted(count, 'connection')}"
    return f"Delays of {span(asked)} ms became {span(realised)} ms{where}."


def _parameters(populations: tuple[PopulationReport, ...]) -> str:
    found = [(p, parameter) for p in populations for parameter in p.parameters]
    if not found:
        return ""
    clipped = [(p, q) for p, q in found if q.clipped]
    if clipped:
        population, parameter = max(clipped, key=lambda pair: pair[1].relative_error)
        parts = sorted({p.label for p, _ in clipped})
        return (
            f"Parameters lie outside of what the chip can do in "
            f"{counted(len(parts), 'population')}, the worst: {population.label}, {parameter.name} "
            f"of {shown(parameter.worst_asked)} {parameter.unit} became "
            f"{shown(parameter.worst_realised)} {parameter.unit}."
        )
    population, parameter = max(found, key=lambda pair: pair[1].relative_error)
    error = parameter.relative_error
    text = f"Parameters are within {shown(100 * error)} % of what was asked"
    if error > _NEAR:
        text += f", the worst: {parameter.name} of {population.label}"
    return text + "."


def _traffic(report: Report) -> str:
    rates = report.rates
    if rates is None or not rates.links or rates.unknown == rates.sources:
        return ""
    busiest = rates.links[0]
    load = f"{shown(100 * busiest.utilisation)} % of the events that it can"
    if busiest.unknown:
        load += f", and those of {counted(busiest.unknown, 'source')} of unknown rate"
    return f"The busiest link, {busiest.name}, carries {load}."


# --- sections -------------------------------------------------------------------------------------


def _resources_section(report: Report) -> Section | None:
    """Used and free, in total and for each chip."""
    if not report.usage:
        return None
    total = [
        Usage(name, sum(u.used for u in all_chips), sum(u.available for u in all_chips))
        for name, all_chips in _by_name(report).items()
    ]
    many = len(report.usage) > 1
    columns = ("", "used", "free", "of all") + (("fullest chip",) if many else ())
    rows = []
    for usage in total:
        row: tuple = (usage.name, usage.used, usage.free, Share(usage.fraction))
        if many:
            row += (Share(max(chip[usage.name].fraction for chip in report.usage)),)
        rows.append(row)
    tables = [Table(columns, tuple(rows))]
    if many:
        names = [usage.name for usage in total]
        tables.append(
            Table(
                ("chip", *names),
                tuple((c.chip, *(c[name].used for name in names)) for c in report.usage),
                "In use, chip by chip:",
            )
        )
    return Section("usage", "Resources", tuple(tables))


def _by_name(report: Report) -> dict[str, list[Usage]]:
    return {
        usage.name: [chip.resources[k] for chip in report.usage]
        for k, usage in enumerate(report.usage[0].resources)
    }


def _projections_section(projections: tuple[ProjectionReport, ...]) -> Section | None:
    if not projections:
        return None
    by_loss = sorted(projections, key=lambda p: (-p.lost, -p.weight_error_rms))
    columns = (
        "", "asked", "lost", "synapses of the chip", "weights off by % RMS", "worst %",
        "rounded to zero", "delay asked, ms", "realised, ms",
    )  # fmt: skip
    rows = tuple(
        (
            p.label,
            p.asked,
            p.lost,
            p.synapses,
            p.weight_error_rms,
            p.weight_error_worst,
            p.rounded_to_zero,
            _delay(p, p.delay_asked),
            _delay(p, p.delay_realised),
        )
        for p in by_loss
    )
    return Section("projections", "Projections", (Table(columns, rows),))


def _mean(spread: Spread) -> str:
    if not spread.std:
        return shown(spread.mean)
    return f"{shown(spread.mean)} ± {shown(spread.std)}"


def _delay(p: ProjectionReport, values: tuple[float, float]) -> str:
    return span(values) if p.realised else "–"


def _populations_section(populations: tuple[PopulationReport, ...]) -> Section | None:
    if not populations:
        return None
    columns = ("", "neurons", "circuits", "chips", "rows of a neuron", "mV on the chip")
    rows = tuple(
        (p.label, p.size, p.circuits, _chips(p.chips), p.synapse_rows, _voltages(p))
        for p in populations
    )
    tables = (Table(columns, rows), *_membranes(populations))
    return Section("populations", "Populations", tables)


def _chips(chips: tuple[int, ...]) -> str:
    if len(chips) > _FEW and chips[-1] - chips[0] == len(chips) - 1:
        return f"{chips[0]}–{chips[-1]}"
    if len(chips) > 2 * _FEW:
        return f"{len(chips)} chips"
    return ", ".join(map(str, chips))


def _voltages(p: PopulationReport) -> str:
    if p.voltage_gain == 1 and p.voltage_offset == 0:
        return "as asked"
    sign = "+" if p.voltage_offset >= 0 else "−"
    return f"{p.voltage_gain:.4g} · mV {sign} {abs(p.voltage_offset):.5g}"


def _membranes(populations: tuple[PopulationReport, ...]) -> tuple[Table, ...]:
    """Populations whose membranes are smaller than usual."""
    usual = float(curves.capacitance(chip.CAPACITANCE_MAX, 1))
    rows = tuple(
        (p.label, p.capacitance.low, p.capacitance.mean, p.capacitance.high)
        for p in populations
        if p.size
        and p.capacitance is not None
        and p.capacitance.mean < usual - chip.CAPACITANCE_STEP
    )
    columns = ("", "lowest", "mean", "highest")
    title = f"Membranes smaller than the usual {shown(usual)} pF, for lines or reset"
    return (Table(columns, rows, title),) if rows else ()


def _parameters_section(populations: tuple[PopulationReport, ...]) -> Section | None:
    found = [(p, parameter) for p in populations for parameter in p.parameters]
    if not found:
        return None
    found.sort(key=lambda pair: (-bool(pair[1].clipped), -pair[1].relative_error))
    columns = ("", "parameter", "asked", "realised", "unit", "error RMS", "worst", "clipped")
    rows = tuple(
        (
            population.label,
            q.name,
            _mean(q.asked),
            _realised(q),
            q.unit,
            q.error_rms,
            q.worst_error,
            q.clipped,
        )
        for population, q in found
    )
    far = sum(bool(q.clipped) or q.relative_error > _NEAR for _, q in found)
    lines = []
    if far:
        lines.append("Means over the neurons, ± standard deviation where they differ.")
    if far < len(found):
        rest = max(q.relative_error for _, q in found[far:])
        lines.append(
            f"{'All others' if far else 'All'} are within {shown(100 * rest)} % of what was asked."
        )
    return Section(
        "parameters",
        "Parameters that are not exactly as asked",
        (Table(columns, rows, brief=far),),
        tuple(lines),
    )


def _realised(q: ParameterReport) -> str:
    """The mean with as many digits as show that it is not what was asked."""
    mean = f"{q.realised.mean:.5g}"
    return f"{mean} ± {shown(q.realised.std)}" if q.realised.std else mean


def _rates_section(report: Report) -> Section | None:
    rates = report.rates
    if rates is None or not rates.links:
        return None
    lines = [
        f"By {rates.basis}. A link carries {rates.capacity:,.0f} events per second (of the model's "
        "time), one every 8 ns of the chip's."
    ]
    if rates.unknown:
        lines.append(
            f"The rates of {rates.unknown:,} of {counted(rates.sources, 'source')} are not known "
            "and left out; the last column tells at which rate of each source a link is full."
        )
    columns = ("link", "sources", "unknown", "events/s", "load", "full at Hz each")
    rows = tuple(
        (
            k.name,
            k.sources,
            k.unknown,
            None if k.unknown == k.sources else k.rate,
            None if k.unknown == k.sources else Share(k.utilisation),
            k.full_at,
        )
        for k in rates.links
    )
    table = Table(columns, rows, brief=_BUSIEST)
    return Section("rates", "Events on buses and links", (table,), tuple(lines))
