"""The command `bss2sim`: runs scripts, compares simulators, tells versions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ._core.chip_model import PRESETS, ChipModel

if TYPE_CHECKING:
    import pandas as pd

    from .mapping.report import Report

__all__ = ["main"]

_SCRIPT = click.argument("script", type=click.Path(exists=True, dir_okay=False, path_type=Path))
_ARGUMENTS = click.argument("arguments", nargs=-1)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="pynn_bss2sim")
def main() -> None:
    """PyNN scripts on a simulated BrainScaleS-2 chip."""


@main.command()
@_SCRIPT
@_ARGUMENTS
@click.option("--chip", type=click.Choice(list(PRESETS)), help="Chip, whatever the script says.")
@click.option("--seed", type=click.IntRange(min=0), help="Seed of chip and spike sources.")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write what the chip made of the network: .html, .json or text.",
)
def run(
    script: Path,
    arguments: tuple[str, ...],
    chip: str | None,
    seed: int | None,
    report: Path | None,
) -> None:
    """Run a PyNN script, written for whatever backend, on the chip.

    Arguments of the script stand behind "--".
    """
    import pynn_bss2sim as sim

    from .comparison.scripts import run_script

    model = None if chip is None else ChipModel.named(chip)
    run_script(script, arguments, chip=model, seed=seed)
    if report is not None:
        _write_report(sim.mapping_report(), report)


def _write_report(content: Report, file: Path) -> None:
    """Write a mapping report in the format that the file's name asks for."""
    write = {".html": content.to_html, ".json": content.to_json}.get(file.suffix, content.to_text)
    file.write_text(write(), encoding="utf-8")
    click.echo(f"report: {file}")


def _names(context: click.Context, parameter: click.Parameter, value: str) -> list[str]:
    """A list of names with commas between them."""
    return [name.strip() for name in value.split(",") if name.strip()]


@main.command()
@_SCRIPT
@_ARGUMENTS
@click.option(
    "--with",
    "backends",
    default="",
    callback=_names,
    help="Other PyNN backends: nest,neuron,brian2. The first is the reference.",
)
@click.option(
    "--chips",
    default="ideal,quantized,silicon",
    show_default=True,
    callback=_names,
    help="Chip models of this backend.",
)
@click.option("--seeds", type=click.IntRange(min=1), help="So many runs of each, seeds from 0.")
@click.option("--processes", type=click.IntRange(min=1), help="Runs at a time.")
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), help="Seconds for a run.")
@click.option(
    "--html",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="The report; by default comparison_SCRIPT.html.",
)
@click.option(
    "--json",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="All numbers of it.",
)
@click.pass_context
def compare(
    context: click.Context,
    script: Path,
    arguments: tuple[str, ...],
    backends: list[str],
    chips: list[str],
    seeds: int | None,
    processes: int | None,
    timeout: float | None,
    html: Path | None,
    json: Path | None,
) -> None:
    """Run a PyNN script on several simulators and chips; write one report.

    Arguments of the script stand behind "--"; {seed} in them becomes the seed of the run.
    """
    from .comparison import ComparisonInterrupted
    from .comparison import compare as run_all

    interrupted = False
    try:
        found = run_all(
            script,
            backends,
            chips,
            arguments=arguments,
            seeds=None if seeds is None else range(seeds),
            processes=processes,
            timeout=timeout,
        )
    except ComparisonInterrupted as stop:
        found, interrupted = stop.comparison, True
    except (ValueError, ImportError) as error:
        raise click.UsageError(str(error)) from None
    click.echo(_overview(found.summary))
    for target, texts in found.warnings.items():
        for text in texts:
            click.echo(f"{target}: warning: {text}", err=True)
    for outcome in found.outcomes:
        if outcome.error:
            click.echo(f"{outcome.target}: failed: {outcome.error}", err=True)
    html = html or Path(f"comparison_{script.stem}.html")
    found.to_html(html)
    click.echo(f"report: {html}")
    if json is not None:
        found.to_json(json)
        click.echo(f"numbers: {json}")
    if interrupted or all(outcome.error for outcome in found.outcomes):
        context.exit(1)


def _overview(summary: pd.DataFrame) -> str:
    """The table for a terminal."""
    if summary.empty:
        return "nothing was recorded"
    columns = ["population", "target", "rate", "cv", "correlation", "victor_purpura"]
    return summary[columns].to_string(index=False, na_rep="-", float_format="%.3g")


@main.command()
def info() -> None:
    """Print versions, build flags and the chip's figures."""
    from .versions import show_versions

    show_versions()
