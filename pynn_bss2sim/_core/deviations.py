"""How the circuits of one particular chip deviate from the nominal curves: its fixed pattern.

Every quantity has a stream of random numbers of its own, keyed by the chip and the name of the
quantity: a quantity more changes none of the others. Integers are summed and the exponential
function is that of the kernels, so a seed is the same chip on every machine.
"""

from __future__ import annotations

import hashlib
from dataclasses import Field, field, fields
from functools import cached_property
from statistics import NormalDist
from typing import Any

import numpy as np

from . import hicannx as chip
from .config import AnalogParameter as Analog
from .exponential import exp
from .frozen import frozen
from .records import LINES, frozen_array

__all__ = ["Deviations", "SensorDeviations", "standard_normal"]

_CIRCUITS = chip.HICANN_X.circuits
_UNIFORMS = 12  #: their sum has the variance of one of them times 12, which is 1
_WORD = 32  #: bits of each


def standard_normal(key: str, size: int) -> np.ndarray:
    """Random numbers of mean 0 and standard deviation 1, the same on every machine.

    Sums of twelve uniform 32-bit integers: nearly normal, and never beyond 6.

    Parameters
    ----------
    key : str
        Equal keys give equal numbers; a longer array begins with the shorter one.
    size : int

    Returns
    -------
    float64 (size,)
    """
    number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:16], "little")
    raw = np.random.Philox(key=number).random_raw(size * _UNIFORMS // 2)
    words = raw.view(np.uint32).astype(np.float64).reshape(size, _UNIFORMS)
    # integers below 2**53: exact in any order
    total = words @ np.ones(_UNIFORMS)
    return (total - _UNIFORMS / 2 * (2.0**_WORD - 1)) / 2.0**_WORD


def normal_at(key: str, counter: np.ndarray) -> np.ndarray:
    """Random numbers that can be looked up in any order: the one of `key` at `counter`.

    Sums of eight random bytes, scaled to standard deviation 1; never beyond 4.9.

    Parameters
    ----------
    key : str
    counter : uint64

    Returns
    -------
    float64, shape of `counter`
    """
    offset = np.frombuffer(hashlib.sha256(key.encode()).digest()[:8], "<u8")
    # the finishing steps of splitmix64, modulo 2**64
    bits = (np.asarray(counter, np.uint64) + offset) * np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    bits = np.ascontiguousarray(bits ^ (bits >> np.uint64(31)))
    total = bits.view(np.uint8).reshape(*bits.shape, 8).sum(axis=-1, dtype=np.int64)
    return (total - 8 * 127.5) / np.sqrt(8 * (256**2 - 1) / 12)


def _shift(shape: tuple[int, ...], sigma: float | np.ndarray, unit: str, doc: str) -> Any:
    """A quantity that is added."""
    return field(
        metadata={"shape": shape, "sigma": sigma, "unit": unit, "kind": "shift", "doc": doc}
    )


def _factor(shape: tuple[int, ...], sigma: float | np.ndarray, doc: str) -> Any:
    """A quantity that multiplies, log-normal with median 1."""
    return field(
        metadata={"shape": shape, "sigma": sigma, "unit": "1", "kind": "factor", "doc": doc}
    )


def _code_spread() -> np.ndarray:
    """Standard deviation of the shift of each analog parameter's code."""
    sigma = np.full(len(Analog), chip.SPREAD_CURRENT_CODE)
    sigma[: chip.VOLTAGES] = chip.SPREAD_VOLTAGE_CODE
    sigma[Analog.V_LEAK] = chip.SPREAD_LEAK / chip.LEAK_SLOPE
    sigma[Analog.V_RESET] = chip.SPREAD_RESET / chip.RESET_SLOPE
    sigma[Analog.V_THRESHOLD] = chip.SPREAD_THRESHOLD / chip.THRESHOLD_SLOPE
    return sigma


#: Cells of voltages, cells of currents.
_CELLS = (chip.SPREAD_VOLTAGE_CELL, chip.SPREAD_CURRENT_CELL)

_PER_CIRCUIT = (_CIRCUITS,)
_PER_LINE = (_CIRCUITS, LINES)
#: Beyond it lies the part of the normal numbers that stands for silent sensors.
_SILENT = NormalDist().inv_cdf(1.0 - chip.SENSOR_SILENT)
_PER_COLUMN = (chip.HEMISPHERES, chip.COLUMNS, chip.CADC_CHANNELS)


@frozen
class Deviations:
    """Deviations of all circuits of one chip: read-only float64 arrays.

    Circuits are counted as in `ChipConfig`. Each field's metadata states its shape, standard
    deviation (of factors: of the logarithm) and unit; the standard deviations are the
    ``SPREAD_...`` facts of :mod:`~pynn_bss2sim._core.hicannx`.

    Attributes
    ----------
    key : str
        Of the random numbers; empty for the nominal chip, which deviates nowhere.
    """

    key: str
    code_offset: np.ndarray = _shift(
        (_CIRCUITS, len(Analog)), _code_spread(), "codes", "shift of each analog parameter's code"
    )
    voltage_gain: np.ndarray = _shift(
        (_CIRCUITS, chip.VOLTAGES),
        chip.SPREAD_VOLTAGE_GAIN,
        "1",
        "relative slope of each voltage about the middle code",
    )
    capacitance: np.ndarray = _factor(_PER_CIRCUIT, chip.SPREAD_CAPACITANCE, "membrane capacitor")
    parasitic: np.ndarray = _factor(
        _PER_CIRCUIT, chip.SPREAD_PARASITIC, "parasitic membrane capacitance"
    )
    tau_mem: np.ndarray = _factor(_PER_CIRCUIT, chip.SPREAD_TAU_MEM, "capacitance over leak")
    leak_division: np.ndarray = _factor(
        _PER_CIRCUIT, chip.SPREAD_LEAK_SWITCH, "ratio of the divided leak"
    )
    leak_multiplication: np.ndarray = _factor(
        _PER_CIRCUIT, chip.SPREAD_LEAK_SWITCH, "ratio of the multiplied leak"
    )
    tau_syn: np.ndarray = _factor(_PER_LINE, chip.SPREAD_TAU_SYN, "line time constant")
    line_resistance: np.ndarray = _factor(
        _PER_LINE, chip.SPREAD_LINE_RESISTANCE, "ratio of high to low line resistance"
    )
    gain: np.ndarray = _factor(_PER_LINE, chip.SPREAD_GAIN, "transconductance of the line")
    modulation: np.ndarray = _factor(
        _PER_LINE, chip.SPREAD_MODULATION, "modulation of the conductance-based line"
    )
    offset_current: np.ndarray = _factor(_PER_CIRCUIT, chip.SPREAD_OFFSET_CURRENT, "offset current")
    tau_w: np.ndarray = _factor(_PER_CIRCUIT, chip.SPREAD_ADAPTATION, "adaptation time constant")
    a: np.ndarray = _factor(_PER_CIRCUIT, chip.SPREAD_ADAPTATION, "subthreshold adaptation")
    b: np.ndarray = _factor(_PER_CIRCUIT, chip.SPREAD_ADAPTATION, "spike-triggered adaptation")
    delta_t: np.ndarray = _factor(_PER_CIRCUIT, chip.SPREAD_EXP_SLOPE, "exponential slope")
    tau_reset: np.ndarray = _factor(_PER_CIRCUIT, chip.SPREAD_RESET_TAU, "reset time constant")
    leak_range: np.ndarray = _factor(
        _PER_CIRCUIT, chip.SPREAD_LINEAR_RANGE, "linear range of the leak"
    )
    line_range: np.ndarray = _factor(
        _PER_LINE, chip.SPREAD_LINEAR_RANGE, "linear range of the line amplifier"
    )
    rails: np.ndarray = _shift(
        (_CIRCUITS, 2), chip.SPREAD_RAIL, "CADC LSB", "floor and ceiling of the membrane"
    )
    driver: np.ndarray = _factor(
        (chip.HEMISPHERES, chip.DRIVERS), chip.SPREAD_DRIVER, "pulse length of a synapse driver"
    )
    stp_offset: np.ndarray = _shift(
        (chip.HEMISPHERES, chip.DRIVERS),
        chip.SPREAD_STP_OFFSET,
        "1",
        "pulse of a driver under short-term plasticity, over the full one",
    )
    stp_use: np.ndarray = _factor(
        (chip.HEMISPHERES, chip.DRIVERS), chip.SPREAD_STP_USE, "utilization of a driver"
    )
    stp_recovery: np.ndarray = _factor(
        (chip.HEMISPHERES, chip.DRIVERS), chip.SPREAD_STP_RECOVERY, "recovery time of a driver"
    )
    stp_voltage: np.ndarray = _shift(
        (chip.QUADRANTS, chip.STP_TARGETS, 2),
        chip.SPREAD_VOLTAGE_CODE,
        "codes",
        "shift of the codes of target voltages: charge, recover",
    )
    synapse_dac: np.ndarray = _factor(
        (chip.QUADRANTS,), chip.SPREAD_SYNAPSE_DAC, "bias of the synapse DACs"
    )
    cadc_offset: np.ndarray = _shift(
        _PER_COLUMN, chip.SPREAD_CADC_OFFSET, "CADC LSB", "column converter, each channel"
    )
    cadc_quadrant: np.ndarray = _shift(
        (chip.QUADRANTS,), chip.SPREAD_CADC_QUADRANT, "CADC LSB", "column converter, each quadrant"
    )
    cadc_gain: np.ndarray = _factor(_PER_COLUMN, chip.SPREAD_CADC_GAIN, "column converter")
    madc_offset: np.ndarray = _shift(
        (chip.MADC_CHANNELS,), chip.SPREAD_MADC_OFFSET, "MADC LSB", "fast converter"
    )
    madc_gain: np.ndarray = _factor((chip.MADC_CHANNELS,), chip.SPREAD_MADC_GAIN, "fast converter")

    @classmethod
    def draw(cls, seed: int, index: int) -> Deviations:
        """Those of chip number `index` of `seed`."""
        key = f"{seed}/{index}"
        return cls(key, **{f.name: _drawn(key, f) for f in cls.quantities()})

    @classmethod
    def none(cls) -> Deviations:
        """Those of the nominal chip: shifts 0, factors 1."""
        return cls("", **{f.name: _neutral(f) for f in cls.quantities()})

    @classmethod
    def quantities(cls) -> tuple:
        """The dataclass fields that hold deviations."""
        return tuple(f for f in fields(cls) if "shape" in f.metadata)

    @cached_property
    def synapse(self) -> np.ndarray:
        """Factor of each synapse: float32 (2, 256, 256), axes hemisphere, row, column.

        Drawn when first asked for.
        """
        shape = (chip.HEMISPHERES, chip.ROWS, chip.COLUMNS)
        if not self.key:
            values = np.ones(shape, np.float32)
        else:
            normal = standard_normal(f"{self.key}/synapse", int(np.prod(shape)))
            values = exp(chip.SPREAD_SYNAPSE * normal).astype(np.float32).reshape(shape)
        values.flags.writeable = False
        return values

    @cached_property
    def sensors(self) -> SensorDeviations:
        """Deviations of the correlation sensors; drawn when first asked for."""
        return SensorDeviations.draw(self.key) if self.key else SensorDeviations.none()

    def of_codes(self, analog: np.ndarray) -> np.ndarray:
        """How far the cells of the analog memory miss their codes: float64 (512, 24), codes.

        Fixed for each cell and code, and irregular from code to code, so that no calibration
        with a smooth curve removes it: what cross-talk between the cells leaves.

        Parameters
        ----------
        analog : uint16 (512, 24)
            See `ChipConfig`.
        """
        if not self.key:
            return np.zeros(analog.shape)
        cell = np.arange(analog.size, dtype=np.uint64).reshape(analog.shape)
        counter = cell * np.uint64(chip.ANALOG_MAX + 2) + analog
        normal = normal_at(f"{self.key}/cells", counter)
        sigma = np.where(np.arange(len(Analog)) < chip.VOLTAGES, *_CELLS)
        return sigma * normal

    def digest(self) -> str:
        """SHA-256 of all deviations but those of single synapses, as 64 hexadecimal digits."""
        sha = hashlib.sha256()
        for f in self.quantities():
            sha.update(f.name.encode())
            sha.update(getattr(self, f.name).astype("<f8", copy=False).tobytes())
        return sha.hexdigest()


_PER_SENSOR = (chip.HEMISPHERES, chip.ROWS, chip.COLUMNS, chip.CADC_CHANNELS)


@frozen
class SensorDeviations:
    """Deviations of the correlation sensors of one chip.

    Read-only float32 arrays (2, 256, 256, 2): hemisphere, row, column; causal or acausal.

    Attributes
    ----------
    amplitude : factor
        0 where both sensors of a synapse do not respond.
    tau : factor
    baseline : CADC LSB
        Added to that of the nominal sensor.
    """

    amplitude: np.ndarray
    tau: np.ndarray
    baseline: np.ndarray

    def __post_init__(self) -> None:
        for f in fields(self):
            array = frozen_array(getattr(self, f.name), np.float32, _PER_SENSOR, f.name)
            object.__setattr__(self, f.name, array)

    @classmethod
    def none(cls) -> SensorDeviations:
        """Those of the nominal chip."""
        one = np.ones(_PER_SENSOR, np.float32)
        return cls(one, one, 0 * one)

    @classmethod
    def draw(cls, key: str) -> SensorDeviations:
        """Those of the chip whose random numbers have this key."""

        def normal(name: str, shape: tuple[int, ...] = _PER_SENSOR) -> np.ndarray:
            return standard_normal(f"{key}/{name}", int(np.prod(shape))).reshape(shape)

        quadrant = chip.SPREAD_SENSOR_ASYMMETRY * normal("sensor_asymmetry", (chip.QUADRANTS,))
        halves = quadrant.reshape(chip.HEMISPHERES, 1, -1)
        asymmetry = np.repeat(halves, chip.COLUMNS // halves.shape[2], axis=2)[..., np.newaxis]
        spread = chip.SPREAD_SENSOR_AMPLITUDE * normal("sensor_amplitude")
        silent = normal("sensor_silent", _PER_SENSOR[:-1]) > _SILENT
        amplitude = exp(spread + asymmetry * np.array([0.5, -0.5]))
        return cls(
            np.where(silent[..., np.newaxis], 0.0, amplitude).astype(np.float32),
            exp(chip.SPREAD_SENSOR_TAU * normal("sensor_tau")).astype(np.float32),
            (chip.SPREAD_SENSOR_BASELINE * normal("sensor_baseline")).astype(np.float32),
        )


def _drawn(key: str, quantity: Field[Any]) -> np.ndarray:
    meta = quantity.metadata
    normal = standard_normal(f"{key}/{quantity.name}", int(np.prod(meta["shape"])))
    values = meta["sigma"] * normal.reshape(meta["shape"])
    if meta["kind"] == "factor":
        values = exp(values)
    values.flags.writeable = False
    return values


def _neutral(quantity: Field[Any]) -> np.ndarray:
    neutral = 1.0 if quantity.metadata["kind"] == "factor" else 0.0
    values = np.full(quantity.metadata["shape"], neutral)
    values.flags.writeable = False
    return values
