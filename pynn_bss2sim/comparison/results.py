"""What a comparison has found: tables, recordings, and the report made of them."""

from __future__ import annotations

import json
import math
import pickle
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import neo
import pandas as pd
from tqdm.auto import tqdm

from .measures import distances, effect_size, statistics
from .processes import Pool
from .recordings import Recording, read_block
from .targets import Target
from .worker import Job, Result

__all__ = ["Comparison", "Outcome", "run_all"]

#: Measures of which effect sizes are told.
EFFECTS = ("rate", "cv", "correlation")
_MEASURES = (*EFFECTS, "victor_purpura", "van_rossum")


@dataclass(frozen=True)
class Outcome:
    """One run.

    Attributes
    ----------
    target : str
    seed : int or None
        None: the script's own.
    error : str
        Why it failed; empty if it did not.
    traceback, version : str
    warnings : tuple of str
        See `Result`.
    seconds : dict of str to float
    """

    target: str
    seed: int | None
    error: str
    traceback: str
    version: str
    warnings: tuple[str, ...]
    seconds: dict[str, float]
    _file: Path = field(repr=False)

    @classmethod
    def read(cls, target: str, seed: int | None, file: Path) -> Outcome:
        """The outcome whose result lies in a file."""
        r = _load(file)
        return cls(target, seed, r.error, r.traceback, r.version, r.warnings, r.seconds, file)

    def result(self) -> Result:
        """All of it, read from its file each time."""
        return _load(self._file)

    def recordings(self) -> dict[str, Recording]:
        """What it recorded, by population."""
        return {name: read_block(block) for name, block in self.result().blocks.items()}


def _load(file: Path) -> Result:
    with open(file, "rb") as stream:
        return pickle.load(stream)


def run_all(
    script: Path,
    arguments: tuple[str, ...],
    runs: Sequence[tuple[Target, int | None]],
    processes: int,
    timeout: float | None,
    progress: bool,
) -> tuple[Comparison, bool]:
    """Run a script on targets and seeds; return the comparison, and whether no Ctrl-C cut it."""
    folder = tempfile.TemporaryDirectory(prefix="bss2sim-compare-")
    pool = Pool(Path(folder.name), processes, timeout)
    whole = True
    with tqdm(total=len(runs), disable=not progress, unit="run") as bar:

        def ended(k: int) -> None:
            bar.set_postfix_str(f"{runs[k][0].label} has ended")
            bar.update()

        try:
            pool.run([Job(str(script), arguments, target, seed) for target, seed in runs], ended)
        except KeyboardInterrupt:
            whole = False
    outcomes = tuple(
        Outcome.read(target.label, seed, pool.file(k)) for k, (target, seed) in enumerate(runs)
    )
    return Comparison(script, arguments, outcomes, processes, folder), whole


@dataclass(frozen=True)
class Comparison:
    """A script on several targets.

    Attributes
    ----------
    script : Path
    arguments : tuple of str
        Its command line.
    outcomes : tuple of Outcome
        All runs: by seed, and within it by target.
    processes : int
        How many ran at a time.
    """

    script: Path
    arguments: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    processes: int
    _folder: tempfile.TemporaryDirectory = field(repr=False)

    @property
    def targets(self) -> tuple[str, ...]:
        """Labels of the targets; the first is the reference."""
        return tuple(dict.fromkeys(outcome.target for outcome in self.outcomes))

    @property
    def reference(self) -> str:
        """The target from which the others are told apart."""
        return self.targets[0]

    @property
    def warnings(self) -> dict[str, tuple[str, ...]]:
        """What was warned of on each target, each text once; those without are left out."""
        found: dict[str, dict[str, None]] = {}
        for outcome in self.outcomes:
            if outcome.warnings:
                found.setdefault(outcome.target, {}).update(dict.fromkeys(outcome.warnings))
        return {target: tuple(texts) for target, texts in found.items()}

    def blocks(self, target: str, seed: int | None = None) -> dict[str, neo.Block]:
        """Return what the populations recorded on a target, as Neo blocks by label.

        Parameters
        ----------
        seed : int, optional
            By default the first run of this target.

        Raises
        ------
        KeyError
            There is no such run.
        """
        for outcome in self.outcomes:
            if outcome.target == target and seed in (None, outcome.seed):
                return outcome.result().blocks
        raise KeyError(f"no run of {target!r} with seed {seed}; targets are {self.targets}")

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row for each run: ``target, seed, version, setup, run, all`` (s), ``error``."""
        rows = [
            {
                "target": o.target,
                "seed": o.seed,
                "version": o.version,
                **{name: o.seconds.get(name, math.nan) for name in ("setup", "run", "all")},
                "error": o.error or None,
            }
            for o in self.outcomes
        ]
        return pd.DataFrame(rows)

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row for each population and run: ``population, target, seed`` and the measures.

        ``cells, spikes, rate`` (Hz), ``cv, correlation, victor_purpura, van_rossum``; the distances
        are those from the reference with the same seed. Runs that failed have a row for what they
        recorded before.
        """
        rows = []
        for seed in dict.fromkeys(outcome.seed for outcome in self.outcomes):
            group = [outcome for outcome in self.outcomes if outcome.seed == seed]
            reference = group[0].recordings()
            for outcome in group:
                recordings = reference if outcome is group[0] else outcome.recordings()
                for name, recording in recordings.items():
                    start: dict[str, Any] = {
                        "population": name,
                        "target": outcome.target,
                        "seed": seed,
                    }
                    other = reference.get(name, _NOTHING)
                    rows.append(start | statistics(recording) | distances(recording, other))
        names = ["population", "target", "seed", "cells", "spikes", *_MEASURES]
        return pd.DataFrame(rows, columns=names)

    @cached_property
    def summary(self) -> pd.DataFrame:
        """One row for each population and target: mean and spread over seeds, and effect sizes.

        For each measure its mean and ``..._sd``; ``effect_...`` is Hedges' g of the target against
        the reference.
        """
        rows = []
        for (population, target), group in self.table.groupby(["population", "target"], sort=False):
            row = {"population": population, "target": target, "runs": len(group)}
            for name in _MEASURES:
                row |= {name: group[name].mean(), f"{name}_sd": group[name].std()}
            same = self.table[self.table["population"] == population]
            reference = same[same["target"] == self.reference]
            for name in EFFECTS:
                of_itself = target == self.reference
                g = math.nan if of_itself else effect_size(group[name], reference[name])
                row[f"effect_{name}"] = g
            rows.append(row)
        return pd.DataFrame(rows)

    def to_dict(self) -> dict[str, Any]:
        """All numbers as dicts and lists; what is not defined is None."""
        reports = {}
        for outcome in self._first_runs():
            mapping = outcome.result().mapping
            if mapping is not None:
                reports[outcome.target] = mapping.numbers
        return {
            "script": str(self.script),
            "arguments": list(self.arguments),
            "reference": self.reference,
            "processes": self.processes,
            "runs": _records(self.runs),
            "warnings": self.warnings,
            "table": _records(self.table),
            "summary": _records(self.summary),
            "mapping": reports,
        }

    def to_json(self, file: str | Path | None = None) -> str:
        """Return all numbers as JSON, and write them to a file if one is given."""
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
        return _written(text, file)

    def to_html(self, file: str | Path | None = None) -> str:
        """Return the report, one page that needs nothing else, and write it to a file if given."""
        from .page import whole_page

        return _written(whole_page(self), file)

    def _repr_html_(self) -> str:
        from .page import fragment

        return fragment(self)

    def _first_runs(self) -> tuple[Outcome, ...]:
        """The run of each target with the first seed."""
        return self.outcomes[: len(self.targets)]


_NOTHING = Recording({}, {}, 0.0)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as dicts, NaN as None."""
    return json.loads(frame.to_json(orient="records"))


def _written(text: str, file: str | Path | None) -> str:
    if file is not None:
        Path(file).write_text(text, encoding="utf-8")
    return text
