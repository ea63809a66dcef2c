"""Programs that use the chip without a network: a voltage of the board read by the MADC.

A program is walked through in its own time: what it writes takes effect at once, and
``block_until`` of a timer is what lets time pass.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.readout import Madc, NoiseStream, madc_period

from . import board, hal, halco
from .hxcomm import ConnectionHandle

__all__ = ["PlaybackProgram", "run"]

#: Streams of the noise of programs, beside those of experiments.
_PROGRAMS = 2

_SAMPLE = np.dtype(
    [("value", np.uint16), ("channel", np.uint8), ("fpga_time", np.uint64),
     ("chip_time", np.uint64)]
)  # fmt: skip


class _Samples:
    """Samples of the MADC."""

    def __init__(self, samples: np.ndarray):
        self._samples = samples

    def to_numpy(self) -> np.ndarray:
        """As a structured array: value (LSB), channel, and times (cycles)."""
        return self._samples.copy()

    def __len__(self) -> int:
        return len(self._samples)


class PlaybackProgram:
    """A finished program.

    Parameters
    ----------
    commands : list
        As `PlaybackProgramBuilder` collects them.

    Attributes
    ----------
    madc_samples
        What the MADC read when the program was last run; ``to_numpy()`` gives an array.
    """

    def __init__(self, commands: list):
        self.commands = commands
        self.madc_samples = _Samples(np.empty(0, _SAMPLE))


@dataclass
class _Walk:
    """What a program has set up so far; times are cycles of the FPGA."""

    now: int = 0
    timer_begun: int = 0
    systime_begun: int = 0
    recording_since: int | None = None
    kept: list[tuple[int, int]] = field(default_factory=list)
    started: list[int] = field(default_factory=list)
    awake: bool = False
    registers: board.ShiftRegister = field(default_factory=board.ShiftRegister)
    voltages: board.DACChannelBlock = field(default_factory=board.DACChannelBlock)
    chain: board.ReadoutChain = field(default_factory=board.ReadoutChain)

    def write(self, container: object) -> None:
        """Write a container."""
        if isinstance(container, hal.Timer):
            self.timer_begun = self.now
        elif isinstance(container, board.SystimeSync):
            self.systime_begun = self.now
        elif isinstance(container, board.ShiftRegister):
            self.registers = container
        elif isinstance(container, board.DACChannelBlock):
            self.voltages = container
        elif isinstance(container, board.ReadoutChain):
            self.chain = container
        elif isinstance(container, board.EventRecordingConfig):
            self._record(container.enable_event_recording)
        elif isinstance(container, board.MADCControl):
            self._control(container)
        else:
            raise NotImplementedError(
                f"sta.run: {type(container).__name__}: programs without a network read voltages "
                "of the board; use a Population for the rest"
            )

    def wait(self, coordinate: halco.Coordinate, until: int) -> None:
        """Wait for the timer; all else is done at once."""
        if isinstance(coordinate, halco.TimerOnDLS):
            self.now = max(self.now, self.timer_begun + int(until))

    def _record(self, on: bool) -> None:
        if self.recording_since is not None:
            self.kept.append((self.recording_since, self.now))
        self.recording_since = self.now if on else None

    def _control(self, control: board.MADCControl) -> None:
        if control.start_recording:
            if not self.awake:
                raise RuntimeError(
                    "sta.run: the MADC is asleep; write MADCControl with wake_up, and wait, first"
                )
            self.started.append(self.now)
        self.awake = control.wake_up


def run(connection: ConnectionHandle, program: PlaybackProgram) -> None:
    """Run a program; `program.madc_samples` tells what the MADC read.

    Parameters
    ----------
    connection : ConnectionHandle
    program : PlaybackProgram

    Raises
    ------
    RuntimeError
        The MADC is started while it is asleep, or while nothing is connected to its input.
    NotImplementedError
        The program writes what belongs to a network.
    """
    walk = _Walk()
    for kind, coordinate, value in program.commands:
        if kind == "write":
            walk.write(value)
        elif kind == "read":
            raise NotImplementedError(
                f"sta.run: read of {coordinate!r}: programs without a network read voltages of "
                "the board by the MADC; inject reads into an experiment"
            )
        else:
            walk.wait(coordinate, value)
    walk._record(on=False)
    connection.programs += 1
    parts = [_samples(walk, start, connection) for start in walk.started]
    program.madc_samples = _Samples(np.concatenate([np.empty(0, _SAMPLE), *parts]))


def _samples(walk: _Walk, start: int, connection: ConnectionHandle) -> np.ndarray:
    """What the MADC reads from a start on, as far as it is recorded."""
    number = np.arange(int(walk.chain.madc.number_of_samples))
    time = start + np.floor(number * madc_period() * chip.FPGA_CLOCK).astype(np.int64)
    kept = np.zeros(len(time), bool)
    for begin, end in walk.kept:
        kept |= (time >= begin) & (time < end)
    model = connection.chip
    madc = Madc.of_device(model.device, noise=chip.MADC_NOISE * float(model.noise))
    noise = NoiseStream(model.seed, (_PROGRAMS, connection.programs)).rows(start, len(time))
    voltage = np.full((len(time), 1), _connected_voltage(walk))
    found = np.zeros(len(time), _SAMPLE)
    found["value"] = madc.convert(voltage, np.zeros(1, int), noise)[:, 0]
    found["fpga_time"], found["chip_time"] = time, np.maximum(time - walk.systime_begun, 0)
    return found[kept]


def _connected_voltage(walk: _Walk) -> float:
    """The voltage (mV) that the board leads to the first input of the MADC."""
    inputs, registers = board.ShiftRegister, walk.registers
    pad = halco.PadMultiplexerConfigOnDLS(0)
    multiplexer = walk.chain.input_mux[halco.SourceMultiplexerOnReadoutSourceSelection(0)]
    way = {
        "select_analog_readout_mux_1_input = readout_chain_0": (
            registers.select_analog_readout_mux_1_input
            is inputs.AnalogReadoutMux1Input.readout_chain_0
        ),
        "select_analog_readout_mux_2_input = v_reset or mux_dac_25": (
            registers.select_analog_readout_mux_2_input
            in (inputs.AnalogReadoutMux2Input.v_reset, inputs.AnalogReadoutMux2Input.mux_dac_25)
        ),
        "pad_mux[0].debug_to_pad": walk.chain.pad_mux[pad].debug_to_pad,
        "input_mux[0].debug_plus": multiplexer.debug_plus,
    }
    missing = [name for name, closed in way.items() if not closed]
    if missing:
        raise RuntimeError(
            f"sta.run: nothing is connected to the MADC: {' and '.join(missing)} must be set"
        )
    return 1e3 * walk.voltages.get_voltage(halco.DACChannelOnBoard.mux_dac_25)
