"""Recording through the converters of the chip instead of probes.

A probe shows what the emulation knows. A converter shows what an experimenter at the chip sees:
samples at the converter's rate, with its resolution, range and noise.
"""

from __future__ import annotations

import logging
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ._core import curves
from ._core import hicannx as chip
from ._core.readout import Madc, NoiseStream, Sampling
from ._core.records import Variable
from .mapping.chips import converters
from .segments import Track

if TYPE_CHECKING:
    from ._core.chip_model import ChipModel
    from ._core.readout import Converter, Transfer
    from .mapping import Mapping
    from .populations import Population

__all__ = ["DEVICES", "MadcTrack", "Readout", "ReadoutError", "check_request"]

logger = logging.getLogger(__name__)

#: What can sample, in the order in which signals appear.
DEVICES = ("probe", "madc", "cadc")

#: What can be switched to the readout of a neuron. For the synaptic input lines no scale of the
#: voltage is published.
_SOURCES = (Variable.V, Variable.W)
#: Fewest cells that a message proposes instead of one.
_PROPOSED = 3


class ReadoutError(ValueError):
    """The converters of the chip cannot read what is to be recorded."""


def check_request(
    label: str,
    device: str,
    units: str | None,
    interval: float | None,
    variables: dict,
    model: ChipModel,
) -> None:
    """Raise unless a device can record some variables.

    Parameters
    ----------
    label : str
        Of the population.
    device, units, interval
        As given to `record`.
    variables : dict of str to _core.records.Variable
        What is to be recorded beside spikes, by PyNN's name.
    model : ChipModel
    """
    if device not in DEVICES:
        raise ValueError(
            f"{label}: device={device!r}; choose one of {', '.join(map(repr, DEVICES))}"
        )
    if units not in (None, "raw"):
        raise ValueError(f"{label}: units={units!r}; give 'raw' for LSB, or leave it out")
    if device == "probe":
        if units is not None:
            raise ValueError(
                f"{label}: units={units!r}, but a probe has no LSB; give device='madc' or 'cadc'"
            )
        return
    if model.parameters == "exact":
        raise ReadoutError(
            f"{label}: device={device!r} reads voltages of the chip, and on {model!r} membranes "
            "have none: its parameters are not held by registers. Use a chip with "
            "parameters='10bit', such as 'quantized', or leave the device out"
        )
    for name, variable in variables.items():
        if variable not in _SOURCES:
            raise ReadoutError(
                f"{label}: device={device!r} cannot record {name!r}: the scale of that voltage is "
                "not known. Leave the device out for it"
            )
    if len(variables) > 1:
        raise ReadoutError(
            f"{label}: device={device!r} reads one variable of a neuron, not "
            f"{' and '.join(variables)}; leave the device out for the others"
        )
    if device == "madc" and interval is not None:
        raise ReadoutError(
            f"{label}: sampling_interval={interval} ms, but the MADC has its own: "
            f"{Sampling.madc(1.0).period:g} ms, twice that for two neurons; leave it out"
        )


def cadc_steps(label: str, interval: float | None, dt: float) -> int:
    """Steps between samples of the CADC: of `interval` (ms), or as few as it can.

    Raises
    ------
    ReadoutError
        The converter is slower.
    """
    shortest = math.ceil(chip.CADC_PERIOD / dt - 1e-9)
    if interval is None:
        return shortest
    steps = round(interval / dt)
    if steps < shortest:
        raise ReadoutError(
            f"{label}: sampling_interval={interval} ms, but the CADC needs {chip.CADC_PERIOD} ms "
            f"for each sample; {shortest * dt:g} ms is the shortest"
        )
    return steps


@dataclass(eq=False)
class MadcTrack(Track):
    """Samples of one cell taken by the MADC.

    Attributes
    ----------
    sampling : Sampling
        Decided with the mapping, when it is known who shares the converter.
    channel : int
        Of the MADC.
    turn, turns : int
        Whose turn among how many active channels.
    first : int
        Number of the first sample stored.
    ready_step : int
        From when on its samples are valid: at once where it runs before the experiment begins, and
        some time after it has been switched on in its course.
    """

    sampling: Sampling | None = None
    channel: int = 0
    turn: int = 0
    turns: int = 1
    first: int = 0
    ready_step: int = 0

    @classmethod
    def switched_on(cls, step: int, dt: float, **track: Any) -> MadcTrack:
        """A track that begins at `step`."""
        start_up = math.ceil(chip.MADC_START_UP / dt - 1e-9) if step else 0
        return cls(interval=1, start_step=step, ready_step=step + start_up, **track)

    def starts_at(self, step: int) -> bool:
        """Its samples lie between the steps; the state at the beginning is none by itself."""
        return False

    def restart(self, step: int) -> None:
        """Drop the samples."""
        self.chunks, self.start_step = [], step
        if not step:
            self.ready_step = 0

    @property
    def running(self) -> bool:
        """Samples have been taken in the present segment."""
        return self.n_samples > 0

    def take_turn(self, turn: int, turns: int, dt: float) -> None:
        """Be one of `turns` active channels."""
        self.turn, self.turns = turn, turns
        self.sampling = Sampling.madc(dt, turns, turn)

    def sampled(self, trace: np.ndarray, first_step: int) -> tuple[np.ndarray, int]:
        """Values of `trace` (n, 1), beginning at `first_step`, at the samples that are due.

        Returns
        -------
        values : float64 (k, 1)
        number : int
            Number of the first of them.
        """
        assert self.sampling is not None
        if not self.running:
            start = max(first_step, self.start_step, self.ready_step)
            self.first = self.sampling.first_from(start)
        number = self.first + self.n_samples
        return self.sampling.sample(trace, first_step, number), number


class Readout:
    """The converters of all chips of a mapped network, and who reads which neuron.

    Parameters
    ----------
    mapping : Mapping
    recordings : list of (Population, Track)
    first_neuron : dict of Population to int
    dt : float, ms

    Raises
    ------
    ReadoutError
        More neurons are to be read by the MADC than it can.
    """

    def __init__(
        self,
        mapping: Mapping,
        recordings: list[tuple[Population, Track]],
        first_neuron: dict,
        dt: float,
    ) -> None:
        self._first_neuron = first_neuron
        self._scaling = mapping.scaling
        self._placement = mapping.placement
        self._model = mapping.chip
        self._seed = mapping.chip.seed
        self._noise = mapping.chip.noise
        self._dt = dt
        self._converters: dict[int, dict[str, tuple[Converter, Transfer]]] = {}
        self._told: set[Track] = set()
        self._share_madc(recordings, dt)

    # --- who reads what -------------------------------------------------------------------

    def _share_madc(self, recordings: Sequence[tuple[Population, Track]], dt: float) -> None:
        by_chip = defaultdict(list)
        for population, track in recordings:
            if track.device == "madc":
                neuron = self._first_neuron[population] + int(track.cells[0])
                by_chip[int(self._placement.chip[neuron])].append((population, track, neuron))
        for number, users in sorted(by_chip.items()):
            self._check_madc(number, users)
            self._choose_channels(users)
            _take_turns(number, users, dt)

    def _parity(self, neuron: int) -> int | None:
        """Parity of the columns of a neuron; None if it has both."""
        if self._placement.count[neuron] > 1:
            return None
        return int(Madc.channel_of(self._placement.column[neuron]))

    def _check_madc(self, number: int, users: list[tuple]) -> None:
        parities = [self._parity(neuron) for _, _, neuron in users]
        fixed = [p for p in parities if p is not None]
        if len(users) <= chip.MADC_CHANNELS and len(fixed) == len(set(fixed)):
            return
        asked = ", ".join(
            f"{p.label}[{t.cells[0]}] in column {self._placement.column[n]}" for p, t, n in users
        )
        raise ReadoutError(
            f"device='madc': the MADC of chip {number} reads one neuron in an even and one in an "
            f"odd column, but {asked} are to be recorded; {self._proposal(users)}"
            "pin them with place(), record fewer after record(None), or use the probe"
        )

    def _choose_channels(self, users: list[tuple]) -> None:
        """A neuron on columns of both parities takes the channel that is left."""
        parities = [self._parity(neuron) for _, _, neuron in users]
        left = [c for c in range(chip.MADC_CHANNELS) if c not in parities]
        for (_, track, _), parity in zip(users, parities, strict=True):
            track.channel = left.pop(0) if parity is None else parity

    def _proposal(self, users: list[tuple]) -> str:
        """Which cells could be read instead of the second."""
        population, _, neuron = users[0]
        parity = self._parity(neuron)
        if parity is None:
            return ""
        cells = self._first_neuron[population] + np.arange(population.size)
        here = self._placement.chip[cells] == self._placement.chip[neuron]
        other = Madc.channel_of(self._placement.column[cells]) != parity
        names = [f"{population.label}[{c}]" for c in np.flatnonzero(here & other)[:_PROPOSED]]
        if not names:
            return ""
        return f"beside {population.label}[{users[0][1].cells[0]}], {' or '.join(names)} can be; "

    # --- reading --------------------------------------------------------------------------

    def read(
        self, track: Track, neuron: np.ndarray, values: np.ndarray, first_step: int, trial: int
    ) -> np.ndarray:
        """What the device of a track makes of what the emulator has sampled.

        Parameters
        ----------
        track : Track
        neuron : int32 (m,)
        values : float64 (k, m)
            Quantities of the chip: at multiples of the track's interval from `first_step` on; for
            the MADC at all steps from `first_step` on. They may be overwritten with the result.
        first_step : int
        trial : int
            Noise of different trials is independent.

        Returns
        -------
        float64 (k, m)
            Biological units, or LSB.
        """
        if track.device == "probe":
            return self._scaling.to_biology(track.variable, neuron, values, out=values)
        voltage = _voltage(track.variable, values)
        number = first_step // track.interval
        if isinstance(track, MadcTrack):
            voltage, number = track.sampled(voltage, first_step)
        # the last values before a SimulationError; what led to it is to be kept
        voltage = np.where(np.isnan(voltage), np.inf, voltage)
        raw = self._raw(track, neuron, voltage, number, trial)
        if track.raw:
            return raw
        quantity = _quantity(track.variable, self._believed(track, neuron, raw))
        return self._scaling.to_biology(track.variable, neuron, quantity)

    def check_memory(self, label: str, track: Track) -> None:
        """Say once of a track of the CADC that the chip has no place for so many, so fast samples.

        Parameters
        ----------
        label : str
            Of the population.
        track : Track
        """
        if track.device != "cadc" or track in self._told:
            return
        interval, count = track.interval * self._dt, track.n_samples
        fast = interval < chip.CADC_SLOW_PERIOD
        most = chip.CADC_FAST_SAMPLES if fast else chip.CADC_SLOW_SAMPLES
        if count <= most:
            return
        self._told.add(track)
        logger.warning(
            "%s: %d samples of the CADC %.3g ms apart have been taken; on the chip there is memory "
            "for %d%s",
            label,
            count,
            interval,
            most,
            f". Give a sampling_interval of {chip.CADC_SLOW_PERIOD:g} ms, with which there is for "
            f"{chip.CADC_SLOW_SAMPLES}"
            if fast
            else "",
        )

    def _raw(
        self, track: Track, neuron: np.ndarray, voltage: np.ndarray, first: int, trial: int
    ) -> np.ndarray:
        """Read voltages (k, m) at samples from number `first` on: float64 (k, m), LSB."""
        raw = np.empty(voltage.shape)
        chips, channel = self._placement.chip[neuron], self._channel(track, neuron)
        for number in np.unique(chips):
            mine = chips == number
            converter, _ = self._converter(track.device, int(number))
            normals: np.ndarray | float = 0.0
            if self._noise:
                drawn = self._normals(track, int(number), first, len(voltage), trial)
                normals = drawn if track.device == "madc" else drawn[:, channel[mine]]
            raw[:, mine] = converter.convert(voltage[:, mine], channel[mine], normals)
        return raw

    def _believed(self, track: Track, neuron: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Voltages (k, m), mV, for which readings (k, m), LSB, are taken."""
        voltage = np.empty(raw.shape)
        chips, channel = self._placement.chip[neuron], self._channel(track, neuron)
        for number in np.unique(chips):
            mine = chips == number
            transfer = self._converter(track.device, int(number))[1]
            voltage[:, mine] = transfer.to_mv(raw[:, mine], channel[mine])
        return voltage

    def _converter(self, device: str, number: int) -> tuple[Converter, Transfer]:
        """The converter of chip `number`, and what is believed of its transfer."""
        if number not in self._converters:
            self._converters[number] = converters(self._model, number)
        return self._converters[number][device]

    def _normals(self, track: Track, number: int, first: int, count: int, trial: int) -> np.ndarray:
        """Standard normals (count, width).

        All columns of a chip are read at once by the CADC, whichever of them are looked at.
        """
        path: tuple[int, ...]
        if isinstance(track, MadcTrack):
            path, width = (number, track.channel), 1
        else:
            path, width = (number,), self._placement.target.circuits
        stream = NoiseStream(self._seed, (DEVICES.index(track.device), trial, *path), width)
        return stream.rows(first, count)

    def _channel(self, track: Track, neuron: np.ndarray) -> np.ndarray:
        """Channel of its converter that reads each neuron: int64 (m,)."""
        if isinstance(track, MadcTrack):
            return np.array([track.channel])
        return self.cadc_channel(neuron)

    def cadc_channel(self, neuron: np.ndarray) -> np.ndarray:
        """Channel of its chip's CADC that reads the first circuit of each neuron: int64 (m,)."""
        return self._placement.circuit[neuron] % self._placement.target.circuits

    def notes(self, population: Population, track: Track, cells: np.ndarray) -> dict:
        """Where a converter reads cells of a population: arrays (m,) by name; empty for probes."""
        if track.device == "probe":
            return {}
        neuron = self._first_neuron[population] + cells
        return {
            "chip": self._placement.chip[neuron],
            "column": self._placement.column[neuron],
            "adc_channel": self._channel(track, neuron),
        }


def _take_turns(number: int, users: list[tuple], dt: float) -> None:
    """Let the tracks of one chip share its MADC; those that have samples keep their rate."""
    tracks = [track for _, track, _ in users]
    running = [track for track in tracks if track.running]
    if not running:
        for turn, track in enumerate(tracks):
            track.take_turn(turn, len(tracks), dt)
    elif len(running) < len(tracks):
        old, new = running[0], next(t for t in users if not t[1].running)
        if old.turns == 1:
            raise ReadoutError(
                f"{new[0].label}: the MADC of chip {number} has been sampling one neuron at its "
                "full rate since the segment began; a second would halve it. Call reset() first, "
                "or record both before run()"
            )
        new[1].take_turn(1 - old.turn, old.turns, dt)


#: Voltage of the adaptation at w = 0, mV.
_W_REFERENCE = float(curves.CELL.value(chip.ADAPTATION_REFERENCE))


def _voltage(variable: Variable, values: np.ndarray) -> np.ndarray:
    """Voltage (mV) by which the chip represents a quantity."""
    if variable == Variable.W:
        return _W_REFERENCE + values / chip.ADAPTATION_TRANSCONDUCTANCE
    return values


def _quantity(variable: Variable, voltage: np.ndarray) -> np.ndarray:
    """The inverse of `_voltage`."""
    if variable == Variable.W:
        return (voltage - _W_REFERENCE) * chip.ADAPTATION_TRANSCONDUCTANCE
    return voltage
