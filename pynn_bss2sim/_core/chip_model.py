"""Which of the chip's limits are emulated: one switch for each.

>>> ChipModel.ideal()
ChipModel.ideal()
>>> ChipModel.quantized(delays="asked")
ChipModel.quantized(delays='asked')
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from numbers import Integral
from typing import Any

from .device import Device

__all__ = ["ChipModel", "ChipModelError"]

#: Allowed words of each switch, the ideal one first.
CHOICES = {
    "weights": ("exact", "6bit"),
    "parameters": ("exact", "10bit"),
    "delays": ("asked", "fixed"),
    "routing": ("lifted", "real"),
    "bandwidth": ("unlimited", "real"),
    "mismatch": ("none", "residual", "full"),
}

#: The presets in the order of the ladder, each with what it sets.
PRESETS = {
    "ideal": {
        "weights": "exact",
        "parameters": "exact",
        "delays": "asked",
        "routing": "lifted",
        "bandwidth": "unlimited",
        "mismatch": "none",
        "noise": False,
    },
    "quantized": {
        "weights": "6bit",
        "parameters": "10bit",
        "delays": "fixed",
        "routing": "real",
        "bandwidth": "real",
        "mismatch": "none",
        "noise": False,
    },
    "silicon": {
        "weights": "6bit",
        "parameters": "10bit",
        "delays": "fixed",
        "routing": "real",
        "bandwidth": "real",
        "mismatch": "residual",
        "noise": True,
    },
    "uncalibrated": {
        "weights": "6bit",
        "parameters": "10bit",
        "delays": "fixed",
        "routing": "real",
        "bandwidth": "real",
        "mismatch": "full",
        "noise": True,
    },
}

_MAX_SEED = 2**64 - 1


class ChipModelError(ValueError):
    """A chip model is asked for that does not exist."""


@dataclass(frozen=True, repr=False)
class ChipModel:
    """The limits of the chip that an emulation takes into account.

    Attributes
    ----------
    weights : {"exact", "6bit"}
        "6bit": codes 0 to 63 times one step for each input line of a neuron; a larger weight
        occupies several synapses.
    parameters : {"exact", "10bit"}
        "10bit": analog parameters go through the register codes of the chip and are clipped to
        their ranges; biological and chip units are then related by a map of each population.
    delays : {"asked", "fixed"}
        "fixed": the chip has no programmable delays, only the latency of its event routing.
    routing : {"lifted", "real"}
        "real": connections are routed onto the synapse rows, drivers, labels and buses that
        exist, and who reaches whom is read back from these registers. What finds no place is
        lost and reported, or refused. "lifted": neurons are placed and counted, and a table of
        synapses carries who reaches whom; nothing is lost or refused.
    bandwidth : {"unlimited", "real"}
        "real": each bus and link carries one event at a time; events that collide wait, or are
        dropped where too many wait, and are counted for each link. Needs ``routing="real"``; a
        preset whose routing is lifted has unlimited bandwidth, too.
    mismatch : {"none", "residual", "full"}
        "full": the circuits are those of one particular chip, given by `seed`, each with
        deviations and limits of its own, and all get the codes of a nominal chip. "residual": the
        same circuits, each with the codes that a calibration of this chip has found for it.
    noise : bool
        True: membranes, synaptic inputs and thresholds are noisy, and each trial (what `reset()`
        begins) is a little different.
    seed : int, 0 to 2**64 - 1
        The individual chip, and its noise. Without mismatch and noise it changes nothing.
    chips : int, at least 1, or None
        How many chips there are. Networks that need more lose synapses, and are refused if they
        have more neurons than these chips have circuits. None: as many as a network needs.

    Raises
    ------
    ChipModelError
        A field has no such value.
    """

    weights: str = "exact"
    parameters: str = "exact"
    delays: str = "asked"
    routing: str = "lifted"
    bandwidth: str = "unlimited"
    mismatch: str = "none"
    noise: bool = False
    seed: int = 0
    chips: int | None = None

    def __post_init__(self) -> None:
        for name, words in CHOICES.items():
            value = getattr(self, name)
            if not isinstance(value, str) or value not in words:
                raise ChipModelError(
                    f"ChipModel: {name}={value!r} is unknown; choose one of "
                    + ", ".join(repr(word) for word in words)
                )
        if not isinstance(self.noise, bool):
            raise ChipModelError(f"ChipModel: noise={self.noise!r}, True or False is needed")
        if isinstance(self.seed, bool) or not isinstance(self.seed, Integral):
            raise ChipModelError(f"ChipModel: seed={self.seed!r}, an integer is needed")
        object.__setattr__(self, "seed", int(self.seed))
        if not 0 <= self.seed <= _MAX_SEED:
            raise ChipModelError(f"ChipModel: seed={self.seed} lies outside 0 to 2**64 - 1")
        if self.chips is not None:
            whole = isinstance(self.chips, Integral) and not isinstance(self.chips, bool)
            if not whole or self.chips < 1:
                raise ChipModelError(
                    f"ChipModel: chips={self.chips!r}; give a number of at least 1, or None for as "
                    "many as a network needs"
                )
            object.__setattr__(self, "chips", int(self.chips))
        self._check_combination()

    def _check_combination(self) -> None:
        """Raise where one switch needs another that is not set."""
        if self.bandwidth == "real" and self.routing != "real":
            raise ChipModelError(
                "ChipModel: bandwidth='real' needs routing='real': where routing is lifted, events "
                "pass no links. Choose bandwidth='unlimited', or routing='real'"
            )
        if self.parameters == "exact" and (self.mismatch != "none" or self.noise):
            raise ChipModelError(
                f"ChipModel: mismatch={self.mismatch!r} and noise={self.noise} are those of the "
                "chip's circuits, which parameters='exact' lifts; use parameters='10bit'"
            )

    @classmethod
    def ideal(cls, **overrides: Any) -> ChipModel:
        """No limits: the reference, which agrees with other simulators to integration error."""
        return cls._preset("ideal", overrides)

    @classmethod
    def quantized(cls, **overrides: Any) -> ChipModel:
        """What digital weights, 10-bit analog parameters and fixed latencies alone do."""
        return cls._preset("quantized", overrides)

    @classmethod
    def silicon(cls, **overrides: Any) -> ChipModel:
        """One particular chip, noisy and calibrated: the chip as its users meet it."""
        return cls._preset("silicon", overrides)

    @classmethod
    def uncalibrated(cls, **overrides: Any) -> ChipModel:
        """One particular chip, noisy, with the codes of a nominal one: why calibration exists."""
        return cls._preset("uncalibrated", overrides)

    @classmethod
    def named(cls, name: str) -> ChipModel:
        """The preset called `name`."""
        if name not in PRESETS:
            raise ChipModelError(
                f"ChipModel: there is no preset {name!r}; choose one of "
                + ", ".join(repr(preset) for preset in PRESETS)
            )
        return cls._preset(name, {})

    @classmethod
    def between(cls, low: str, high: str) -> list[ChipModel]:
        """The preset `low`, each time with one field as in the preset `high`.

        A limited bandwidth comes with real routing, since it needs links to be limited.

        >>> ChipModel.between("ideal", "quantized")[:2]
        [ChipModel.ideal(weights='6bit'), ChipModel.ideal(parameters='10bit')]
        """
        ends = [asdict(cls.named(name)) for name in (low, high)]
        models = []
        for name in ends[0]:
            if ends[0][name] == ends[1][name]:
                continue
            changed = {name: ends[1][name]}
            if changed.get("bandwidth") == "real":
                changed["routing"] = "real"
            if changed.get("routing") == "lifted":
                changed["bandwidth"] = "unlimited"
            models.append(cls._preset(low, changed))
        return models

    @classmethod
    def _preset(cls, name: str, overrides: dict) -> ChipModel:
        unknown = sorted(set(overrides) - {f.name for f in fields(cls)})
        if unknown:
            raise ChipModelError(
                f"ChipModel.{name}: no field {unknown[0]!r}; the fields are "
                + ", ".join(f.name for f in fields(cls))
            )
        if overrides.get("routing") == "lifted":
            overrides = {"bandwidth": "unlimited", **overrides}
        return cls(**{**PRESETS[name], **overrides})

    @property
    def name(self) -> str:
        """The preset that differs from this model in the fewest fields."""
        return min(PRESETS, key=lambda name: len(self._differences(name)))

    @property
    def device(self) -> Device:
        """The first chip; nominal where there is no mismatch."""
        return Device(seed=None if self.mismatch == "none" else self.seed)

    def _differences(self, name: str) -> dict:
        preset = {**PRESETS[name], "seed": 0, "chips": None}
        return {
            f.name: getattr(self, f.name)
            for f in fields(self)
            if getattr(self, f.name) != preset[f.name]
        }

    def __repr__(self) -> str:
        words = ", ".join(f"{k}={v!r}" for k, v in self._differences(self.name).items())
        return f"ChipModel.{self.name}({words})"
