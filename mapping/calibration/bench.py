"""A chip on the measuring bench: set registers, let it run, read converters.

This is all that a calibration gets to see of a chip. The bench itself emulates the chip, all of
its circuits at once; on the real chip the MADC reads two circuits at a time, and the same run would
be repeated for each pair of them. Times are µs of the chip.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.config import ChipConfig, RowMode
from pynn_bss2sim._core.connect import Connections, connect
from pynn_bss2sim._core.device import LINE_IS_COBA, Device
from pynn_bss2sim._core.emulator import Emulator
from pynn_bss2sim._core.event_path import FpgaRouting, Path
from pynn_bss2sim._core.frozen import frozen
from pynn_bss2sim._core.readout import Cadc, Madc
from pynn_bss2sim._core.records import (
    Activity,
    Circuits,
    InputEvents,
    Probe,
    Variable,
)
from pynn_bss2sim._core.wiring import FIRST_FPGA_INPUT

__all__ = ["Bench", "Spikes", "pulse_registers"]

_CIRCUITS = chip.HICANN_X.circuits
_EVERY = np.arange(_CIRCUITS)

#: Synapses of a circuit that an event of the host triggers: one of each driver of a bus.
PULSE_ROWS = chip.DRIVERS_PER_BUS


@frozen
class Spikes:
    """Spikes of a run: time float64 (n,), µs since its begin, ascending, and circuit (n,)."""

    time: np.ndarray
    circuit: np.ndarray


def pulse_registers(weight: int, mode: RowMode) -> dict[str, np.ndarray]:
    """Registers with which an event of the host drives all circuits.

    The event comes to bus 0 of both hemispheres, triggers all drivers there, and so `PULSE_ROWS`
    synapses of each circuit: deviations of drivers and synapses average out.

    Parameters
    ----------
    weight : int, 0 to 63
    mode : RowMode
        Which lines the rows feed.
    """
    driver = np.arange(0, chip.DRIVERS, chip.PADI_BUSES)
    row = driver * chip.ROWS_PER_DRIVER
    registers = ChipConfig.default().to_dict()
    names = ("synapse_weight", "row_mode", "driver_enable", "driver_mask", "padi_enable",
             "crossbar_mask", "crossbar_target")  # fmt: skip
    result = {name: registers[name].copy() for name in names}
    result["synapse_weight"][:, row] = weight
    result["row_mode"][:, row] = mode
    result["driver_enable"][:, driver] = True
    result["driver_mask"][:, driver] = 0
    result["padi_enable"][:, 0] = True
    buses = np.arange(chip.HEMISPHERES) * chip.PADI_BUSES
    result["crossbar_mask"][FIRST_FPGA_INPUT, buses] = 0
    result["crossbar_target"][FIRST_FPGA_INPUT, buses] = 0
    return result


class Bench:
    """One chip to be measured.

    Parameters
    ----------
    device : Device
    seed : int
        Of the noise of circuits and converters.
    noise : bool
    """

    def __init__(self, device: Device, seed: int = 0, noise: bool = True) -> None:
        self.__device = device
        self.__noise = noise
        self.__normal = np.random.Generator(np.random.Philox(key=seed))
        self.__seed = seed
        self.__trials = 0
        self.__madc = Madc.of_device(device, noise=chip.MADC_NOISE * noise)
        self.__cadc = Cadc.of_device(device, noise=chip.CADC_NOISE * noise)
        self.__configs: tuple[ChipConfig, ...] = ()
        self.__probe: Probe | None = None
        # made by `configure`
        self.__circuits: Circuits
        self.__emulator: Emulator

    def configure(self, config: ChipConfig, timestep: float) -> None:
        """Write all registers, and wait until all circuits are at rest.

        Parameters
        ----------
        config : ChipConfig
        timestep : float, µs
            Of the emulation.
        """
        self.__trials += 1
        circuits, found = self.__made_of(config, timestep)
        seed = self.__seed + self.__trials
        self.__emulator = Emulator(
            circuits, found.synapses, timestep, noise_seed=seed, pulses=found.pulses
        )
        self.__probe = None

    def rewrite(self, config: ChipConfig) -> None:
        """Write all registers while the chip goes on running."""
        circuits, found = self.__made_of(config, self.__emulator.timestep)
        self.__emulator.reconfigure(circuits, found.synapses, pulses=found.pulses)

    def __made_of(self, config: ChipConfig, timestep: float) -> tuple[Circuits, Connections]:
        self.__configs = (config,)
        one = np.ones(_CIRCUITS, np.int64)
        self.__circuits = self.__device.circuits(
            self.__configs, _EVERY, one, timestep, noise=self.__noise
        )
        return self.__circuits, self.__connections()

    def run(
        self,
        duration: float,
        pulses: Sequence[float] = (),
        *,
        source: Variable = Variable.V,
        period: float | None = None,
        column_converters: bool = False,
    ) -> tuple[np.ndarray, np.ndarray, Spikes]:
        """Let the chip run and read all circuits.

        Parameters
        ----------
        duration : float, µs
        pulses : sequence of float, µs
            When the host sends the event that `pulse_registers` prepares for, since the begin.
        source : Variable
            What the converters are connected to.
        period : float, µs, optional
            Between samples, a multiple of the time step; None: nothing is read.
        column_converters : bool
            Read with the CADC instead of the MADC.

        Returns
        -------
        time : float64 (k,), µs since the begin
        samples : uint16 (k, 512), LSB
        spikes : Spikes
        """
        emulator = self.__emulator
        step = emulator.timestep
        every = 0
        if period is not None:
            every = max(1, round(period / step))
            self.__watch(Probe(source, _EVERY.astype(np.int32), every))
        when = np.rint(np.asarray(pulses, np.float64) / step).astype(np.int64)
        start = emulator.step
        events = InputEvents(start + when, np.zeros(len(when), np.int32))
        activity = emulator.run(round(duration / step), events)
        spikes = Spikes((activity.spike_step - start) * step, activity.spike_neuron)
        if not every:
            return np.empty(0), np.empty((0, _CIRCUITS), np.uint16), spikes
        first = -(-(start + 1) // every) * every
        time = (first + every * np.arange(len(activity.samples[0])) - start) * step
        return time, self.__read(source, activity, column_converters), spikes

    def __watch(self, probe: Probe) -> None:
        """Change the probe if it differs; what it sees in other runs is not looked at."""
        known = self.__probe
        if known is None or (known.variable, known.interval) != (probe.variable, probe.interval):
            self.__emulator.reconfigure(probes=(probe,))
            self.__probe = probe

    def hold(self, duration: float) -> None:
        """Reset all circuits: they are held at their reset potential for `duration`, µs."""
        emulator = self.__emulator
        state = emulator.state
        circuits = self.__circuits
        held = np.full(_CIRCUITS, float(round(duration / emulator.timestep)))
        v = np.where(circuits.tau_reset > 0, state.v, circuits.v_reset)
        emulator.reconfigure(state=replace(state, hold=held, v=v))

    def read_reference(self, voltage: float, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Read a known voltage (mV) that is connected to the converters instead of the circuits.

        Returns
        -------
        cadc : uint16 (count, 512), LSB
        madc : uint16 (count, 2), LSB
        """
        level = np.full((count, 1), voltage)
        cadc, madc = (
            converter.convert(np.repeat(level, n, axis=1), np.arange(n), self.__normals((count, n)))
            for converter, n in ((self.__cadc, _CIRCUITS), (self.__madc, chip.MADC_CHANNELS))
        )
        return cadc, madc

    def __connections(self) -> Connections:
        host = np.zeros(1, np.int32)
        fpga = replace(
            FpgaRouting.none(),
            host_source=host, host_chip=host, host_channel=host, host_label=host,
        )  # fmt: skip
        return connect(
            self.__configs,
            fpga,
            _EVERY,
            _CIRCUITS + 1,
            self.__weight_steps(),
            np.ones(len(Path), np.int64),
            strength=self.__device.synapse_strength(1),
            drivers=self.__device.driver_dynamics(self.__configs),
        )

    def __weight_steps(self) -> np.ndarray:
        """As `Device.weight_steps`; an inhibitory line that is current-based draws its current."""
        steps = self.__device.weight_steps(self.__configs)
        steps[~self.__configs[0].switches[:, LINE_IS_COBA[1]], 1] *= -1
        return steps

    def __read(self, source: Variable, activity: Activity, column_converters: bool) -> np.ndarray:
        (state,) = activity.samples
        voltage = self.__voltage(source, state)
        if column_converters:
            return self.__cadc.convert(voltage, _EVERY, self.__normals(voltage.shape))
        channel = Madc.channel_of(_EVERY)
        return self.__madc.convert(voltage, channel, self.__normals(voltage.shape))

    def __voltage(self, source: Variable, state: np.ndarray) -> np.ndarray:
        """What the readout of a circuit puts out, mV."""
        if source == Variable.V:
            return state
        if source == Variable.W:
            return chip.ADAPTATION_READOUT + state / chip.ADAPTATION_TRANSCONDUCTANCE
        line = int(source) - int(Variable.LINE0)
        step = self.__weight_steps()[:, line]
        return chip.LINE_READOUT - chip.LINE_SWING * state / step

    def __normals(self, shape: tuple[int, ...]) -> np.ndarray | float:
        return self.__normal.standard_normal(shape) if self.__noise else 0.0
