"""The converters through which voltages of the chip are read.

The MADC (membrane analog-to-digital converter) follows two circuits at a time, one of an even and
one of an odd column, every 34 ns with 10 bits. The CADC (column ADC) reads all columns of the chip
at once, some thousand times slower, with 8 bits.

A converter turns voltages (mV) into integers (LSB): a gain and an offset of its channel, noise,
rounding, and the ends of its range. :class:`Transfer` leads back from LSB to mV. A converter holds
the transfer that its channels have; who reads it has only the one that a calibration found, or
the nominal one.

Times are µs of the chip. The emulation knows voltages at its steps; in between they are taken to
be straight lines (:class:`Sampling`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from . import hicannx as chip
from .device import Device
from .frozen import frozen
from .hicannx import HICANN_X
from .records import frozen_array

__all__ = ["Cadc", "Converter", "Madc", "NoiseStream", "Sampling", "Transfer", "madc_period"]

#: Standard normals that a stream draws together.
_BLOCK = 8192
#: Positions of samples, in steps, are rounded to this many digits, so that a sample at a step is
#: found there, however the product of its number and the period was rounded.
_DIGITS = 9


@dataclass(frozen=True)
class NoiseStream:
    """Reproducible standard normals in rows, whatever part of them is asked for.

    Streams of different `seed` or `path` are independent (NumPy's ``SeedSequence``).

    Attributes
    ----------
    seed : int
        Not negative.
    path : tuple of int
        Which stream of this seed: chip, trial, and whatever tells two streams apart.
    width : int
        Numbers in a row. Streams that differ in nothing but their width are not independent.
    """

    seed: int
    path: tuple[int, ...] = ()
    width: int = 1

    def rows(self, first: int, count: int) -> np.ndarray:
        """Return rows `first` to ``first + count - 1``: float64 (count, width)."""
        per_block = max(1, _BLOCK // self.width)
        stop = first + count
        parts = [
            self._block(k, per_block)[max(first - k * per_block, 0) : stop - k * per_block]
            for k in range(first // per_block, -(-stop // per_block))
        ]
        return np.concatenate(parts) if parts else np.empty((0, self.width))

    def _block(self, number: int, rows: int) -> np.ndarray:
        key = np.random.SeedSequence(self.seed, spawn_key=(*self.path, number))
        generator = np.random.Generator(np.random.Philox(key))
        return generator.standard_normal((rows, self.width))


@frozen
class Transfer:
    """``LSB = gain * mV + offset``, for each channel of a converter.

    Attributes
    ----------
    gain : float64 (n_channels,), LSB/mV
        Not 0.
    offset : float64 (n_channels,), LSB
    """

    gain: np.ndarray
    offset: np.ndarray

    def __post_init__(self) -> None:
        object.__setattr__(self, "gain", frozen_array(self.gain, np.float64, (-1,), "gain"))
        shape = self.gain.shape
        object.__setattr__(self, "offset", frozen_array(self.offset, np.float64, shape, "offset"))
        if not (np.isfinite(self.gain).all() and np.isfinite(self.offset).all()):
            raise ValueError("Transfer: gain and offset must be finite")
        if not self.gain.all():
            raise ValueError(f"Transfer.gain: 0 at channel {np.flatnonzero(self.gain == 0)[0]}")

    def __len__(self) -> int:
        return len(self.gain)

    def to_lsb(self, voltage: np.ndarray, channel: np.ndarray) -> np.ndarray:
        """LSB, not rounded, of `voltage` (..., m), mV, at `channel` int (m,): float64."""
        return np.asarray(voltage, np.float64) * self.gain[channel] + self.offset[channel]

    def to_mv(self, raw: np.ndarray, channel: np.ndarray) -> np.ndarray:
        """Voltage (mV) that `raw` (..., m), LSB, stands for at `channel` int (m,): float64."""
        return (np.asarray(raw, np.float64) - self.offset[channel]) / self.gain[channel]


@frozen
class Converter:
    """An analog-to-digital converter of several channels.

    Attributes
    ----------
    transfer : Transfer
        What the channels do.
    bits : int
        It reads 0 to ``2**bits - 1``.
    noise : float, LSB
        Standard deviation of white noise, before rounding; 0 = none.
    """

    transfer: Transfer
    bits: int
    noise: float

    def __post_init__(self) -> None:
        if not 0 <= self.noise < np.inf:
            raise ValueError(f"{type(self).__name__}: noise={self.noise} LSB; give 0 or more")

    @property
    def largest(self) -> int:
        """Largest reading, LSB."""
        return 2**self.bits - 1

    def convert(
        self, voltage: np.ndarray, channel: ArrayLike, normals: np.ndarray | float = 0.0
    ) -> np.ndarray:
        """Read voltages.

        Parameters
        ----------
        voltage : float64 (k, m), mV
            Infinite values read as the ends of the range.
        channel : int (m,)
            Channel of each column of `voltage`.
        normals : float64 (k, m), optional
            Standard normals, of which the noise is made.

        Returns
        -------
        uint16 (k, m)
            0 to `largest`.

        Raises
        ------
        ValueError
            A voltage is NaN, or there is no such channel.
        """
        channel = np.asarray(channel, np.int64)
        if channel.size and not 0 <= channel.min() <= channel.max() < len(self.transfer):
            raise ValueError(
                f"{type(self).__name__}: channels {channel.min()} to {channel.max()}; there are 0 "
                f"to {len(self.transfer) - 1}"
            )
        level = self.transfer.to_lsb(voltage, channel)
        if np.isnan(level).any():
            raise ValueError(f"{type(self).__name__}: a voltage is NaN")
        if self.noise:
            level = level + self.noise * normals
        return self._digital(np.rint(level), channel)

    def _digital(self, level: np.ndarray, channel: np.ndarray) -> np.ndarray:
        return np.clip(level, 0, self.largest).astype(np.uint16)


@frozen
class Madc(Converter):
    """The fast converter: channel 0 reads circuits of even columns, channel 1 of odd ones.

    Scale, rate and noise: see the facts ``MADC_*`` of `hicannx`.
    """

    bits: int = chip.MADC_BITS
    noise: float = chip.MADC_NOISE

    @classmethod
    def nominal(cls, noise: float = chip.MADC_NOISE) -> Madc:
        """The converter of the nominal chip."""
        return cls(
            nominal_transfer(chip.MADC_CHANNELS, chip.MADC_PER_MV, chip.MADC_OFFSET), noise=noise
        )

    @classmethod
    def of_device(cls, device: Device, noise: float = chip.MADC_NOISE) -> Madc:
        """The converter of one particular chip."""
        own = device.deviations
        gain = chip.MADC_PER_MV * own.madc_gain
        return cls(Transfer(gain, chip.MADC_OFFSET + own.madc_offset), noise=noise)

    @staticmethod
    def channel_of(column: ArrayLike) -> np.ndarray:
        """Channel that reads the circuits of `column`, int (m,): int64."""
        return np.asarray(column, np.int64) % chip.MADC_CHANNELS


@frozen
class Cadc(Converter):
    """The column converters of one chip.

    Channel ``c`` below ``HICANN_X.circuits`` is the causal channel of circuit ``c`` of the chip,
    which reads its membrane; channel ``HICANN_X.circuits + c`` the acausal one.

    Attributes
    ----------
    correction : int64 (n_channels,), LSB
        What the chip adds to each reading, -128 to 127; a calibration finds it.
    """

    bits: int = chip.CADC_BITS
    noise: float = chip.CADC_NOISE
    correction: np.ndarray = field(default_factory=lambda: np.zeros((), np.int64))

    def __post_init__(self) -> None:
        super().__post_init__()
        given = self.correction
        if np.ndim(given) == 0:
            given = np.full(len(self.transfer), given)
        shape = self.transfer.gain.shape
        correction = frozen_array(given, np.int64, shape, "Cadc.correction")
        low, high = chip.CADC_CORRECTION_LOW, chip.CADC_CORRECTION_HIGH
        bad = np.flatnonzero((correction < low) | (correction > high))
        if len(bad):
            raise ValueError(
                f"Cadc.correction: {correction[bad[0]]} at channel {bad[0]} lies outside "
                f"{low} to {high}"
            )
        object.__setattr__(self, "correction", correction)

    @classmethod
    def nominal(cls, noise: float = chip.CADC_NOISE) -> Cadc:
        """The converters of the nominal chip."""
        channels = chip.CADC_CHANNELS * HICANN_X.circuits
        return cls(nominal_transfer(channels, chip.CADC_PER_MV, chip.CADC_OFFSET), noise=noise)

    @classmethod
    def of_device(cls, device: Device, noise: float = chip.CADC_NOISE) -> Cadc:
        """The converters of one particular chip, before any correction."""
        own = device.deviations
        quadrant = own.cadc_quadrant.reshape(chip.HEMISPHERES, -1)
        quadrant = np.repeat(quadrant, chip.COLUMNS // quadrant.shape[1], axis=1)
        gain = chip.CADC_PER_MV * own.cadc_gain
        offset = chip.CADC_OFFSET + own.cadc_offset + quadrant[..., np.newaxis]
        # causal channels of all circuits, then acausal ones
        order = (2, 0, 1)
        transfer = Transfer(gain.transpose(order).ravel(), offset.transpose(order).ravel())
        return cls(transfer, noise=noise)

    def _digital(self, level: np.ndarray, channel: np.ndarray) -> np.ndarray:
        # the counter saturates first, and what the chip adds can saturate again
        return super()._digital(np.clip(level, 0, self.largest) + self.correction[channel], channel)


def nominal_transfer(channels: int, gain: float, offset: float) -> Transfer:
    """The same `gain` (LSB/mV) and `offset` (LSB) for all channels."""
    return Transfer(np.full(channels, gain), np.full(channels, offset))


def madc_period(adjust: int = chip.MADC_ADJUST, scale: int | None = None) -> float:
    """Time between two conversions of the MADC, µs.

    Parameters
    ----------
    adjust : int, 0 to 7
        Clock cycles by which a conversion is longer than the shortest one.
    scale : int, 0 to 15, optional
        The clock is divided by ``2 * (scale + 1)``; by default it is not.

    Raises
    ------
    ValueError
        A number lies outside its range.
    """
    if not 0 <= adjust <= chip.MADC_ADJUST_MAX:
        raise ValueError(f"adjust={adjust}: 0 to {chip.MADC_ADJUST_MAX} is possible")
    if scale is not None and not 0 <= scale <= chip.MADC_SCALE_MAX:
        raise ValueError(f"scale={scale}: 0 to {chip.MADC_SCALE_MAX} is possible")
    division = 1 if scale is None else 2 * (scale + 1)
    return (chip.MADC_CYCLES + adjust) * division / chip.MADC_CLOCK


@dataclass(frozen=True)
class Sampling:
    """Sample times on the grid of an emulation: sample ``k`` is taken at ``phase + k * period``.

    Which samples fall into a run, and what they are, does not depend on how the run is split.

    Attributes
    ----------
    period : float, µs
    timestep : float, µs
    phase : float, µs
        Of sample 0, not negative.
    """

    period: float
    timestep: float
    phase: float = 0.0

    def __post_init__(self) -> None:
        for name in ("period", "timestep"):
            value = getattr(self, name)
            if not 0 < value < np.inf:
                raise ValueError(f"Sampling: {name}={value} µs; give a positive number")
        if not 0 <= self.phase < np.inf:
            raise ValueError(f"Sampling: phase={self.phase} µs; give 0 or more")

    @classmethod
    def madc(cls, timestep: float, channels: int = 1, active: int = 0) -> Sampling:
        """Samples of the MADC, whose `channels` active channels take turns, at turn `active`."""
        period = madc_period()
        return cls(channels * period, timestep, active * period)

    def time(self, number: ArrayLike) -> np.ndarray:
        """Time of samples `number`, µs."""
        return self.phase + np.asarray(number, np.float64) * self.period

    def _position(self, number: np.ndarray | int) -> np.ndarray:
        """Time of samples `number` in steps."""
        steps = (self.phase / self.timestep) + number * (self.period / self.timestep)
        return np.round(steps, _DIGITS)

    def count_until(self, step: int) -> int:
        """Samples up to and including the time of `step`: the number of the next one."""
        guess = int((step * self.timestep - self.phase) / self.period) + 2
        while guess > 0 and self._position(guess - 1) > step:
            guess -= 1
        return max(guess, 0)

    def first_from(self, step: int) -> int:
        """Number of the first sample at or after the time of `step`."""
        number = self.count_until(step)
        return number - 1 if number and self._position(number - 1) == step else number

    def sample(self, trace: np.ndarray, first_step: int, start: int) -> np.ndarray:
        """Voltages at all samples from number `start` to the end of a trace.

        Parameters
        ----------
        trace : float64 (n, m)
            Values at steps `first_step` to ``first_step + n - 1``, n at least 1; straight lines
            connect them.
        first_step : int
        start : int
            Number of the first sample wanted; it does not lie before `first_step`.

        Returns
        -------
        float64 (k, m)
            Samples `start` to ``start + k - 1 = count_until(first_step + n - 1) - 1``.

        Raises
        ------
        ValueError
            Sample `start` lies before the trace.
        """
        trace = np.asarray(trace, np.float64)
        last_step = first_step + len(trace) - 1
        stop = max(self.count_until(last_step), start)
        position = self._position(np.arange(start, stop))
        if len(position) and position[0] < first_step:
            raise ValueError(
                f"sample {start} is taken at step {position[0]:g}, before the trace, which begins "
                f"at step {first_step}"
            )
        step = np.floor(position)
        fraction = (position - step)[:, np.newaxis]
        row = step.astype(np.int64) - first_step
        below, above = trace[row], trace[np.minimum(row + 1, len(trace) - 1)]
        return below + fraction * (above - below)
