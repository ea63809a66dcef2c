"""Containers of the board around the chip, and of the converter that reads voltages from it.

A converter of the board puts out a voltage, multiplexers lead it to a pad of the chip, and those of
the chip lead it on to the MADC. `playback.run` follows this way.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from pynn_bss2sim._core import hicannx as chip

from .halco import (
    DACChannelOnBoard,
    PadMultiplexerConfigOnDLS,
    SourceMultiplexerOnReadoutSourceSelection,
)

__all__ = [
    "AsicAdapterBoard",
    "Barrier",
    "DACChannelBlock",
    "EventRecordingConfig",
    "MADCConfig",
    "MADCControl",
    "PadMultiplexerConfig",
    "ReadoutChain",
    "ShiftRegister",
    "SourceMultiplexer",
    "SystimeSync",
]

_MV_PER_V = 1e3
_BOARD_DAC_MAX = 2**chip.BOARD_DAC_BITS - 1


class _Mux1(enum.Enum):
    """Ends of the first multiplexer of the board."""

    off = enum.auto()
    readout_chain_0 = enum.auto()
    readout_chain_1 = enum.auto()
    mux_rfu_0 = enum.auto()


class _Mux2(enum.Enum):
    """Ends of the second multiplexer of the board."""

    off = enum.auto()
    v_reset = enum.auto()
    vdd_res_meas = enum.auto()
    mux_dac_25 = enum.auto()


@dataclass(slots=True)
class ShiftRegister:
    """The multiplexers of the board, which connect what both select."""

    AnalogReadoutMux1Input = _Mux1
    AnalogReadoutMux2Input = _Mux2
    select_analog_readout_mux_1_input: _Mux1 = _Mux1.off
    select_analog_readout_mux_2_input: _Mux2 = _Mux2.off


class DACChannelBlock:
    """The voltages of the board."""

    def __init__(self) -> None:
        self._code: dict[DACChannelOnBoard, int] = {}

    @property
    def default_ldo_2(self) -> DACChannelBlock:
        """The voltages with which a chip is supplied; supplies are not emulated."""
        return DACChannelBlock()

    def set_voltage(self, channel: DACChannelOnBoard, voltage: float) -> None:
        """Set a channel to a voltage, in V.

        Raises
        ------
        ValueError
            The channel cannot put it out.
        """
        code = int(voltage * _MV_PER_V / chip.BOARD_DAC_REFERENCE * _BOARD_DAC_MAX)
        if not 0 <= code <= _BOARD_DAC_MAX:
            raise ValueError(
                f"DACChannelBlock: {voltage} V; give 0 to {chip.BOARD_DAC_REFERENCE / _MV_PER_V} V"
            )
        self._code[DACChannelOnBoard(channel)] = code

    def get_voltage(self, channel: DACChannelOnBoard) -> float:
        """The voltage of a channel, in V."""
        code = self._code.get(DACChannelOnBoard(channel), 0)
        return code / _BOARD_DAC_MAX * chip.BOARD_DAC_REFERENCE / _MV_PER_V


@dataclass
class AsicAdapterBoard:
    """What an initialisation writes to the board."""

    shift_register: ShiftRegister = field(default_factory=ShiftRegister)
    dac_channel_block: DACChannelBlock = field(default_factory=DACChannelBlock)


@dataclass(slots=True)
class PadMultiplexerConfig:
    """What is connected to a pad of the chip."""

    debug_to_pad: bool = False


@dataclass(slots=True)
class SourceMultiplexer:
    """What an input of the MADC reads."""

    debug_plus: bool = False
    debug_minus: bool = False


@dataclass(slots=True)
class MADCConfig:
    """How many samples the MADC takes when it is started."""

    number_of_samples: int = 10_000


class ReadoutChain:
    """The way from the pads to the MADC.

    Attributes
    ----------
    pad_mux : dict of PadMultiplexerConfigOnDLS to PadMultiplexerConfig
    input_mux : dict of SourceMultiplexerOnReadoutSourceSelection to SourceMultiplexer
    madc : MADCConfig
    """

    def __init__(self) -> None:
        pads = map(PadMultiplexerConfigOnDLS, range(PadMultiplexerConfigOnDLS.size))
        kind = SourceMultiplexerOnReadoutSourceSelection
        self.pad_mux = {pad: PadMultiplexerConfig() for pad in pads}
        self.input_mux = {one: SourceMultiplexer() for one in map(kind, range(kind.size))}
        self.madc = MADCConfig()


@dataclass(slots=True)
class MADCControl:
    """What the MADC does: it has to be woken up before it records."""

    wake_up: bool = False
    start_recording: bool = False
    stop_recording: bool = False
    enable_power_down_after_sampling: bool = False
    enable_pre_amplifier: bool = False
    enable_continuous_sampling: bool = False


@dataclass(slots=True)
class EventRecordingConfig:
    """Whether the FPGA keeps samples and spikes."""

    enable_event_recording: bool = False


class SystimeSync:
    """Sets the time of the chip to 0."""


class Barrier(enum.Flag):
    """What a program waits for; here everything is done at once."""

    omnibus = enum.auto()
    jtag = enum.auto()
    systime = enum.auto()
