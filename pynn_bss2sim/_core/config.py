"""What the registers of one chip hold."""

from __future__ import annotations

import enum
import hashlib
import os
from dataclasses import Field, field, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import hicannx as chip
from .frozen import frozen
from .records import frozen_array

__all__ = ["AnalogParameter", "ChipConfig", "ConfigError", "NeuronSwitch", "RowMode"]

_CIRCUITS = chip.HICANN_X.circuits
_FORMAT = 1


class ConfigError(ValueError):
    """A register would hold what it cannot."""


class AnalogParameter(enum.IntEnum):
    """Columns of `ChipConfig.analog`: the rows of the analog parameter memory of a neuron."""

    V_LEAK = 0
    V_RESET = 1
    V_THRESHOLD = 2
    E_SYNIN_EXC_REV = 3
    E_SYNIN_INH_REV = 4
    V_ADAPT_LEAK = 5
    V_EXP = 6
    V_ADAPT_REF = 7
    I_BIAS_LEAK = 8
    I_BIAS_RESET = 9
    I_BIAS_SYNIN_EXC_TAU = 10
    I_BIAS_SYNIN_EXC_COBA = 11
    I_BIAS_SYNIN_EXC_SHIFT = 12
    I_BIAS_SYNIN_EXC_GM = 13
    I_BIAS_SYNIN_INH_TAU = 14
    I_BIAS_SYNIN_INH_COBA = 15
    I_BIAS_SYNIN_INH_SHIFT = 16
    I_BIAS_SYNIN_INH_GM = 17
    I_BIAS_ADAPT_TAU = 18
    I_BIAS_ADAPT_A = 19
    I_BIAS_ADAPT_B = 20
    I_BIAS_EXP = 21
    I_MEM_OFFSET = 22
    I_BIAS_NMDA = 23


class NeuronSwitch(enum.IntEnum):
    """Columns of `ChipConfig.switches`."""

    EXC_ENABLE = 0  #: excitatory input line feeds the membrane
    EXC_HIGH_RESISTANCE = 1  #: longer time constant of the line
    EXC_COBA = 2  #: conductance-based
    INH_ENABLE = 3
    INH_HIGH_RESISTANCE = 4
    INH_COBA = 5
    LEAK_DIVISION = 6  #: weaker leak
    LEAK_MULTIPLICATION = 7  #: stronger leak
    RESET_DIVISION = 8
    RESET_MULTIPLICATION = 9
    THRESHOLD_ENABLE = 10
    OFFSET_ENABLE = 11
    OFFSET_SINK = 12  #: the offset current is drawn from the membrane
    ADAPTATION_ENABLE = 13
    ADAPTATION_PULSE_ENABLE = 14  #: adaptation grows with each spike
    ADAPTATION_INVERT_A = 15
    ADAPTATION_INVERT_B = 16
    EXPONENTIAL_ENABLE = 17
    DIGITAL_ENABLE = 18  #: spikes leave the circuit as events
    CONNECT_RIGHT = 19  #: membrane joined with that of the right neighbour
    BYPASS_EXC = 20  #: each event at the excitatory line is a spike of the circuit
    BYPASS_INH = 21


class RowMode(enum.IntEnum):
    """Values of `ChipConfig.row_mode`."""

    DISABLED = 0
    EXCITATORY = 1
    INHIBITORY = 2
    BOTH = 3


def _register(
    dtype: type,
    shape: tuple[int, ...],
    high: int,
    doc: str,
    low: int = 0,
    reset: int | tuple[int, ...] = 0,
) -> Any:
    return field(
        metadata={
            "dtype": dtype,
            "shape": shape,
            "low": low,
            "high": high,
            "reset": reset,
            "doc": doc,
        }
    )


@frozen
class ChipConfig:
    """The registers of one chip as integer arrays by coordinate of the hardware.

    Neuron circuits are counted ``row * 256 + column``, row 0 on top. Each field's metadata states
    its type, shape, range and reset value; `validate` checks by them.

    With ``routing="real"`` who reaches whom is read from the registers of synapses, drivers, buses
    and crossbar (`event_path`); with ``routing="lifted"`` the mapping leaves them at their reset
    values. Background sources: see `background`.

    Raises
    ------
    ConfigError
        A register is given a value out of its range, or an array of another shape.
    """

    analog: np.ndarray = _register(
        np.uint16,
        (_CIRCUITS, len(AnalogParameter)),
        chip.ANALOG_OFF,
        "codes of the analog parameter memory, columns AnalogParameter; 1023 = not driven",
    )
    switches: np.ndarray = _register(
        np.bool_, (_CIRCUITS, len(NeuronSwitch)), 1, "columns NeuronSwitch"
    )
    capacitance: np.ndarray = _register(
        np.uint8, (_CIRCUITS,), chip.CAPACITANCE_MAX, "membrane capacitance"
    )
    refractory_counter: np.ndarray = _register(
        np.uint8, (_CIRCUITS,), chip.REFRACTORY_MAX, "cycles of the refractory clock"
    )
    reset_holdoff: np.ndarray = _register(
        np.uint8,
        (_CIRCUITS,),
        chip.HOLDOFF_MAX,
        "release of the reset before the end of the refractory period",
        reset=chip.HOLDOFF_SHORTEST,
    )
    refractory_fast: np.ndarray = _register(
        np.bool_, (_CIRCUITS,), 1, "which refractory clock of its block: 0 slow, 1 fast"
    )
    address: np.ndarray = _register(
        np.uint8, (_CIRCUITS,), chip.ADDRESS_MAX, "low byte of the label of the circuit's spikes"
    )
    refractory_clock_scale: np.ndarray = _register(
        np.uint8,
        (chip.BACKEND_BLOCKS, chip.REFRACTORY_CLOCKS),
        chip.CLOCK_SCALE_MAX,
        "binary divider of the slow (0) and fast (1) refractory clock of each backend block",
    )
    adaptation_pulse_scale: np.ndarray = _register(
        np.uint8,
        (chip.BACKEND_BLOCKS,),
        chip.CLOCK_SCALE_MAX,
        "binary divider that sets the length of the adaptation pulse of each backend block",
    )
    synapse_bias: np.ndarray = _register(
        np.uint16,
        (chip.QUADRANTS,),
        chip.ANALOG_MAX,
        "bias of the synapse DACs of each quadrant",
        reset=chip.SYNAPSE_BIAS,
    )
    synapse_weight: np.ndarray = _register(
        np.uint8,
        (chip.HEMISPHERES, chip.ROWS, chip.COLUMNS),
        chip.WEIGHT_MAX,
        "weight; axes hemisphere, row, column",
    )
    synapse_label: np.ndarray = _register(
        np.uint8,
        (chip.HEMISPHERES, chip.ROWS, chip.COLUMNS),
        chip.LABEL_MAX,
        "address to which the synapse listens; axes hemisphere, row, column",
    )
    row_mode: np.ndarray = _register(
        np.uint8, (chip.HEMISPHERES, chip.ROWS), chip.ROW_MODE_MAX, "RowMode of each synapse row"
    )
    driver_enable: np.ndarray = _register(
        np.bool_, (chip.HEMISPHERES, chip.DRIVERS), 1, "the synapse driver listens to its bus"
    )
    driver_mask: np.ndarray = _register(
        np.uint8,
        (chip.HEMISPHERES, chip.DRIVERS),
        chip.ROW_MASK_MAX,
        "bits of the row select that the driver compares",
        reset=chip.ROW_MASK_MAX,
    )
    stp_enable: np.ndarray = _register(
        np.bool_,
        (chip.HEMISPHERES, chip.DRIVERS),
        1,
        "short-term plasticity sets the pulse length of the driver",
    )
    stp_recovery_enable: np.ndarray = _register(
        np.bool_, (chip.HEMISPHERES, chip.DRIVERS), 1, "states of the driver recover"
    )
    stp_utilization: np.ndarray = _register(
        np.uint8, (chip.HEMISPHERES, chip.DRIVERS), chip.STP_CODE_MAX, "effect of an event"
    )
    stp_recovery: np.ndarray = _register(
        np.uint8, (chip.HEMISPHERES, chip.DRIVERS), chip.STP_CODE_MAX, "rate of recovery"
    )
    stp_offset: np.ndarray = _register(
        np.uint8,
        (chip.HEMISPHERES, chip.DRIVERS),
        chip.STP_CODE_MAX,
        "trim of the pulse length under short-term plasticity",
        reset=chip.STP_OFFSET_NEUTRAL,
    )
    stp_target: np.ndarray = _register(
        np.uint8,
        (chip.HEMISPHERES, chip.DRIVERS),
        chip.STP_TARGETS - 1,
        "which pair of target voltages of its quadrant the driver uses",
    )
    stp_clock_enable: np.ndarray = _register(
        np.bool_, (chip.HEMISPHERES,), 1, "the recovery clock of all drivers runs"
    )
    stp_clock_speed: np.ndarray = _register(
        np.uint8, (chip.HEMISPHERES,), chip.STP_SPEED_MAX, "of the recovery clock"
    )
    stp_v_charge: np.ndarray = _register(
        np.uint16,
        (chip.QUADRANTS, chip.STP_TARGETS),
        chip.ANALOG_MAX,
        "voltages of fully used states; quadrant 2 * hemisphere for even drivers, then odd ones",
        reset=(chip.STP_V_CHARGE_0, chip.STP_V_CHARGE_1),
    )
    stp_v_recover: np.ndarray = _register(
        np.uint16,
        (chip.QUADRANTS, chip.STP_TARGETS),
        chip.ANALOG_MAX,
        "voltages of recovered states",
        reset=(chip.STP_V_RECOVER_0, chip.STP_V_RECOVER_1),
    )
    padi_enable: np.ndarray = _register(
        np.bool_, (chip.HEMISPHERES, chip.PADI_BUSES), 1, "the bus takes events of the crossbar"
    )
    crossbar_mask: np.ndarray = _register(
        np.uint16,
        (chip.CROSSBAR_INPUTS, chip.CROSSBAR_OUTPUTS),
        chip.NEURON_LABEL_MAX,
        "an event passes if (label & mask) == target",
    )
    crossbar_target: np.ndarray = _register(
        np.uint16,
        (chip.CROSSBAR_INPUTS, chip.CROSSBAR_OUTPUTS),
        chip.NEURON_LABEL_MAX,
        "see crossbar_mask; mask 0 with target 1 lets nothing pass",
        reset=1,
    )
    background_enable: np.ndarray = _register(
        np.bool_, (chip.BACKGROUND_SOURCES,), 1, "the background source runs"
    )
    background_poisson: np.ndarray = _register(
        np.bool_, (chip.BACKGROUND_SOURCES,), 1, "random instead of regular"
    )
    background_period: np.ndarray = _register(
        np.uint16, (chip.BACKGROUND_SOURCES,), chip.BACKGROUND_PERIOD_MAX, "cycles minus one"
    )
    background_rate: np.ndarray = _register(
        np.uint8, (chip.BACKGROUND_SOURCES,), chip.BACKGROUND_RATE_MAX, "probability of a spike"
    )
    background_seed: np.ndarray = _register(
        np.uint32, (chip.BACKGROUND_SOURCES,), chip.BACKGROUND_SEED_MAX, "of the random numbers"
    )
    background_mask: np.ndarray = _register(
        np.uint8, (chip.BACKGROUND_SOURCES,), chip.BACKGROUND_MASK_MAX, "random bits of the label"
    )
    background_label: np.ndarray = _register(
        np.uint16, (chip.BACKGROUND_SOURCES,), chip.NEURON_LABEL_MAX, "label of its events"
    )

    def __post_init__(self) -> None:
        for f in fields(self):
            values = getattr(self, f.name)
            if values is not _RESET[f.name]:  # of which all is known
                object.__setattr__(self, f.name, _checked(f, values))

    @classmethod
    def default(cls, **registers: np.ndarray) -> ChipConfig:
        """A chip after reset, with `registers` set."""
        unknown = set(registers) - {f.name for f in fields(cls)}
        if unknown:
            raise ConfigError(f"ChipConfig: there is no register {min(unknown)!r}")
        return cls(**{**_RESET, **registers})

    def validate(self) -> None:
        """Check type, shape and range of all registers, as the constructor does.

        Raises
        ------
        ConfigError
            Names register, value and index.
        """
        for f in fields(self):
            _checked(f, getattr(self, f.name))

    def to_dict(self) -> dict[str, np.ndarray]:
        """The arrays by name."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def digest(self) -> str:
        """SHA-256 of all registers, as 64 hexadecimal digits: equal if and only if they are."""
        sha = hashlib.sha256()
        for name, values in self.to_dict().items():
            sha.update(name.encode())
            sha.update(values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes())
        return sha.hexdigest()

    def save(self, path: str | os.PathLike) -> None:
        """Write to a compressed ``.npz`` file."""
        registers: dict[str, Any] = self.to_dict()
        with open(path, "wb") as file:
            np.savez_compressed(file, format=np.array(_FORMAT), **registers)

    @classmethod
    def load(cls, path: str | os.PathLike) -> ChipConfig:
        """Read what `save` wrote; no code in the file is executed.

        Raises
        ------
        ConfigError
            The file holds no such configuration.
        """
        with np.load(path, allow_pickle=False) as file:
            if "format" not in file or int(file["format"]) != _FORMAT:
                raise ConfigError(f"{path}: no chip configuration of format {_FORMAT}")
            names = {f.name for f in fields(cls)}
            if set(file.files) != names | {"format"}:
                odd = sorted(set(file.files) ^ (names | {"format"}))
                raise ConfigError(f"{path}: missing or unknown register {odd[0]!r}")
            return cls(**{name: file[name] for name in names})

    def __repr__(self) -> str:
        return f"ChipConfig({self.digest()[:12]})"


def _checked(f: Field[Any], values: ArrayLike) -> np.ndarray:
    """`values` as the frozen array of register `f`, or ConfigError."""
    meta = f.metadata
    array = np.asarray(values)
    if array.shape != meta["shape"]:
        raise ConfigError(f"ChipConfig.{f.name}: shape {array.shape}, {meta['shape']} is needed")
    if array.dtype.kind not in "bui":
        raise ConfigError(f"ChipConfig.{f.name}: {array.dtype} values, registers hold integers")
    low, high = meta["low"], meta["high"]
    if array.dtype.kind != "b" and (array.max() > high or array.min() < low):
        index = tuple(int(i) for i in np.argwhere((array < low) | (array > high))[0])
        raise ConfigError(
            f"ChipConfig.{f.name}: {array[index]} at {index} lies outside {low} to {high}"
        )
    return frozen_array(array, meta["dtype"], meta["shape"], f.name)


#: Arrays after reset, shared by all configurations that leave them so.
_RESET = {
    f.name: frozen_array(np.full(f.metadata["shape"], f.metadata["reset"]), f.metadata["dtype"])
    for f in fields(ChipConfig)
}
