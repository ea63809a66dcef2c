"""Background generators: what their registers make them send, and when.

A generator counts cycles of 4 ns. At the end of every period of ``period + 1`` cycles, the first
time one full period after it was enabled, it either sends an event (regular), or draws a random
number and sends one with probability ``(rate + 1) / 256`` (Poisson). In the low byte of its label,
the bits of its mask are replaced by random ones.

Assumptions, where nothing is published: the random numbers are those of a 32-bit linear feedback
shift register (`hicannx.BACKGROUND_POLYNOMIAL`), shifted by the 16 bits of a draw before each of
them; eight bits are compared with the rate, the eight above go to the label. The seed 0, with
which such a register would stand still, stands for the seed 1. ``rate = 0`` is not silent: the
probability is then 1 in 256, as the chip's own frontend counts on.

So all events are a function of registers and time alone. Two generators with the same registers
send the same at the same time, and a run that is cut into pieces the same as a whole one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from . import hicannx as chip
from .config import ChipConfig
from .records import InputEvents

__all__ = ["BackgroundInputs", "Generator", "names_of", "random_draws"]

_BITS = 32
_BYTES = _BITS // 8
_DRAWS_AT_ONCE = 1 << 20
_CHANCES = chip.BACKGROUND_RATE_MAX + 1
#: A rate is met within this, if it can be.
_RATE_TOLERANCE = 0.01


# --- random numbers -------------------------------------------------------------------------------


def _applied(table: np.ndarray, state: np.ndarray) -> np.ndarray:
    """A linear map of bits, given by `table`, uint32 (4, 256), of some states."""
    result = table[0, state & 255]
    for k in range(1, _BYTES):
        result = result ^ table[k, state >> np.uint32(8 * k) & 255]
    return result


def _table(images: np.ndarray) -> np.ndarray:
    """The table of the linear map that takes bit b to ``images[b]``."""
    byte = np.arange(256)
    table = np.zeros((_BYTES, 256), np.uint32)
    for b in range(_BITS):
        table[b // 8] ^= np.where(byte >> b % 8 & 1, images[b], 0).astype(np.uint32)
    return table


@lru_cache(maxsize=_BITS + 1)
def _jump(power: int) -> np.ndarray:
    """The map by ``2**power`` draws: uint32 (4, 256)."""
    bits = np.uint32(1) << np.arange(_BITS, dtype=np.uint32)
    if power:
        half = _jump(power - 1)
        return _table(_applied(half, _applied(half, bits)))
    state = bits
    for _ in range(chip.BACKGROUND_DRAW_BITS):
        feedback = np.where(state >> np.uint32(_BITS - 1), chip.BACKGROUND_POLYNOMIAL, 0)
        state = (state << np.uint32(1)) ^ feedback.astype(np.uint32)
    return _table(state)


def random_draws(seed: int, first: int, count: int) -> np.ndarray:
    """The random numbers of a generator: uint16 (count,).

    Parameters
    ----------
    seed : int, 0 to 2**32 - 1
    first : int
        Number of the first of them; 0 is the one at the end of the first period.
    count : int
    """
    state = np.array([seed or 1], np.uint32)
    for power in range((first + 1).bit_length()):
        if first + 1 >> power & 1:
            state = _applied(_jump(power % _BITS), state)  # the register's period is 2**32 - 1
    power = 0
    while len(state) < count:
        state = np.concatenate([state, _applied(_jump(power), state)])
        power += 1
    return state[:count].astype(np.uint16)


# --- generators -----------------------------------------------------------------------------------


def names_of(size: int) -> int:
    """How many labels a generator sends that serves `size` sources: a power of two."""
    return 1 << (size - 1).bit_length()


@dataclass(frozen=True)
class Generator:
    """The registers of one generator; named and ranged as in `ChipConfig`."""

    poisson: bool
    period: int
    rate: int
    seed: int
    mask: int = 0
    label: int = 0

    @classmethod
    def of(cls, config: ChipConfig, number: int) -> Generator:
        """What generator `number` of a chip holds."""
        return cls(
            bool(config.background_poisson[number]),
            int(config.background_period[number]),
            int(config.background_rate[number]),
            int(config.background_seed[number]),
            int(config.background_mask[number]),
            int(config.background_label[number]),
        )

    @classmethod
    def for_sources(cls, size: int, rate: float, seed: int) -> Generator:
        """Registers for `size` Poisson sources of one rate.

        Of the settings that meet the rate within 1 %, that with the smallest probability of an
        event is taken, for it resembles a Poisson process most; if none does, the closest one.

        Parameters
        ----------
        size : int, 1 to 256
        rate : float, 1/µs
            Of each source.
        seed : int

        Raises
        ------
        ValueError
            All sources together are faster than one event per cycle, or slower than a generator
            can be.
        """
        names = names_of(size)
        mask = names - 1
        wanted = rate * names
        if wanted > chip.BACKGROUND_CLOCK:
            raise ValueError(
                f"{wanted:g} events per µs, one generator sends {chip.BACKGROUND_CLOCK:g}"
            )
        longest = chip.BACKGROUND_PERIOD_MAX + 1
        slowest = chip.BACKGROUND_CLOCK / _CHANCES / longest
        if not wanted >= slowest:
            raise ValueError(f"{wanted:g} events per µs, a generator sends {slowest:.3g} or more")
        chance = np.arange(1, _CHANCES + 1)
        ideal = chip.BACKGROUND_CLOCK * chance / _CHANCES / wanted
        cycles = np.clip(np.rint(ideal), 1, longest)
        error = np.abs(ideal / cycles - 1)
        close = np.flatnonzero(error <= max(_RATE_TOLERANCE, error.min()))[0]
        return cls(True, int(cycles[close]) - 1, int(chance[close]) - 1, seed, mask)

    @property
    def cycles(self) -> int:
        """From one draw to the next."""
        return self.period + 1

    @property
    def mean_rate(self) -> float:
        """Events per µs, over all labels."""
        chance = (self.rate + 1) / _CHANCES if self.poisson else 1.0
        return chip.BACKGROUND_CLOCK * chance / self.cycles

    @property
    def labels(self) -> np.ndarray:
        """The labels that it sends: int64 (n,), ascending."""
        low = np.arange(chip.BACKGROUND_MASK_MAX + 1)
        return (self.label & ~self.mask) | low[low & ~self.mask == 0]

    def events(self, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        """The events of the cycles `start` to `stop`, without the last.

        Returns
        -------
        cycle, label : int64 (n,)
        """
        first = max(0, -(-start // self.cycles) - 1)
        end = max(first, -(-stop // self.cycles) - 1)
        parts = [(np.empty(0, np.int64), np.empty(0, np.int64))]
        for begin in range(first, end, _DRAWS_AT_ONCE):
            count = min(_DRAWS_AT_ONCE, end - begin)
            drawn = random_draws(self.seed, begin, count).astype(np.int64)
            sent = np.arange(count)
            if self.poisson:
                sent = np.flatnonzero(drawn & chip.BACKGROUND_RATE_MAX <= self.rate)
            bits = drawn[sent] // _CHANCES & self.mask
            parts.append(((begin + sent + 1) * self.cycles, (self.label & ~self.mask) | bits))
        cycle, label = (np.concatenate(column) for column in zip(*parts, strict=True))
        return cycle, label


# --- as inputs of the emulator --------------------------------------------------------------------


class BackgroundInputs:
    """The generators that run, as external inputs of the emulator: one for each label of each.

    Parameters
    ----------
    configs : sequence of ChipConfig

    Attributes
    ----------
    chip, number, label : int64 (n,)
        Of each input: chip, generator and label.
    rate : float64 (n,), 1/µs
        Its mean rate.
    """

    def __init__(self, configs: Sequence[ChipConfig]) -> None:
        self._running = [
            (c, int(number), Generator.of(config, number))
            for c, config in enumerate(configs)
            for number in np.flatnonzero(config.background_enable)
        ]
        labels = [generator.labels for _, _, generator in self._running]
        count = [len(some) for some in labels]
        self._first = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
        self.chip = np.repeat([c for c, _, _ in self._running], count).astype(np.int64)
        self.number = np.repeat([number for _, number, _ in self._running], count).astype(np.int64)
        self.label = np.concatenate([np.empty(0, np.int64), *labels])
        each = [g.mean_rate / n for (_, _, g), n in zip(self._running, count, strict=True)]
        self.rate = np.repeat(np.array(each, np.float64), count)

    def __len__(self) -> int:
        return len(self.label)

    def events(
        self, start: int, stop: int, timestep: float, first_input: int, host: InputEvents
    ) -> InputEvents:
        """The events of the steps `start` to `stop`, without the last, behind those of the host.

        Parameters
        ----------
        start, stop : int
        timestep : float, µs
        first_input : int
            The external input of the emulator that is the first of these.
        host : InputEvents
            Of the same steps.
        """
        if not len(self):
            return host
        cycles = chip.BACKGROUND_CLOCK * timestep
        known: dict = {}
        steps, inputs = [host.step], [host.source]
        for k, (_, _, generator) in enumerate(self._running):
            # generators of both hemispheres often differ in their labels only
            alike = replace(generator, label=0)
            if alike not in known:
                known[alike] = _in_steps(alike, start, stop, cycles)
            step, bits = known[alike]
            steps.append(step)
            inputs.append(first_input + self._first[k] + np.searchsorted(alike.labels, bits))
        step, source = np.concatenate(steps), np.concatenate(inputs)
        order = np.argsort(step, kind="stable")
        return InputEvents(step[order], source[order])


def _in_steps(
    generator: Generator, start: int, stop: int, cycles: float
) -> tuple[np.ndarray, np.ndarray]:
    """Events whose nearest step lies in the range: step and label."""
    around = generator.events(max(0, int((start - 1) * cycles)), int((stop + 1) * cycles) + 1)
    step = np.rint(around[0] / cycles).astype(np.int64)
    inside = (step >= start) & (step < stop)
    return step[inside], around[1][inside]
