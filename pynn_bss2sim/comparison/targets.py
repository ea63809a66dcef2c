"""What a script is to run on: a PyNN backend, or a chip model of this one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from keyword import iskeyword

from .._core.chip_model import ChipModel

__all__ = ["OWN", "Target", "make_targets"]

#: The name of this backend among PyNN's.
OWN = "bss2sim"


@dataclass(frozen=True)
class Target:
    """One of the things that are compared.

    Attributes
    ----------
    label : str
        What the report calls it.
    backend : str
        Name of a module in the package ``pyNN``.
    chip : ChipModel or None
        The chip, for this backend only.
    """

    label: str
    backend: str
    chip: ChipModel | None = None


def make_targets(
    backends: Iterable[str] = (), chips: Iterable[ChipModel | str] = ()
) -> tuple[Target, ...]:
    """Targets of the given backends, then of the given chip models.

    Parameters
    ----------
    backends : iterable of str
        As in ``pyNN.nest``. Whether they are installed is seen when they are used.
    chips : iterable of ChipModel or str
        Models, or names of presets.

    Raises
    ------
    ValueError
        There is none, one is named twice, or a name is none of a backend or preset.
    """
    if isinstance(backends, str):
        backends = [backends]
    if isinstance(chips, (str, ChipModel)):
        chips = [chips]
    targets = [_foreign(name) for name in backends]
    for chip in chips:
        model = ChipModel.named(chip) if isinstance(chip, str) else chip
        label = chip if isinstance(chip, str) else repr(chip).removeprefix("ChipModel.")
        targets.append(Target(label.removesuffix("()"), OWN, model))
    labels = [target.label for target in targets]
    if not labels:
        raise ValueError("compare: give at least one backend or chip model")
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if twice is not None:
        raise ValueError(f"compare: {twice!r} is given twice; leave one out")
    return tuple(targets)


def _foreign(name: str) -> Target:
    if name in (OWN, "pynn_bss2sim"):
        raise ValueError(
            f"compare: {name!r} is this backend; name its chip models instead, such as 'ideal'"
        )
    if not isinstance(name, str) or not name.isidentifier() or iskeyword(name):
        raise ValueError(
            f"compare: {name!r} is no name of a PyNN backend; give one such as 'nest', as in "
            "'import pyNN.nest'"
        )
    return Target(name, name)
