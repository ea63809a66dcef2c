"""The converters of the chip during one snippet: who reads which neuron, and what they read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pynn_bss2sim._core import curves
from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim._core.config import AnalogParameter as Analog
from pynn_bss2sim._core.readout import Cadc, Converter, Madc, NoiseStream, Sampling
from pynn_bss2sim._core.records import Probe, Variable
from pynn_bss2sim.mapping import CodedMapping, Network

from .circuit_parameters import CIRCUITS
from .clock import CYCLES_PER_MS, CYCLES_PER_STEP, TIMESTEP, to_ms, to_steps
from .recording_data import ANALOG, Signal
from .snapshot import Snapshot

if TYPE_CHECKING:
    from .populations import Population


__all__ = ["CADC_STEPS", "Readout", "output_voltage"]

#: Steps between two readings of the column converters.
CADC_STEPS = int(np.ceil(chip.CADC_PERIOD / TIMESTEP))

#: Streams of the noise of the converters.
_MADC, _CADC = 0, 1


@dataclass(frozen=True)
class _Site:
    """A neuron that a converter reads."""

    population: Population
    cell: int
    neuron: int
    variable: str
    #: Whose state it shows.
    holder: int

    @property
    def source(self) -> Variable:
        return ANALOG[self.variable]


class Readout:
    """The converters during one snippet.

    Parameters
    ----------
    snapshot : Snapshot
    mapping : CodedMapping
    model : ChipModel
    trial : int
        Noise of different trials is independent.

    Raises
    ------
    ValueError
        Two neurons that the MADC shall read lie in columns of the same parity; or one pad shall
        show two neurons.
    RuntimeError
        The MADC shall read more than two neurons that reach one another.
    """

    def __init__(
        self, snapshot: Snapshot, mapping: CodedMapping, model: ChipModel, trial: int
    ) -> None:
        self._snapshot, self._mapping, self._trial, self._model = snapshot, mapping, trial, model
        self._first_step = to_steps(snapshot.start)
        noise = float(model.noise)
        self._madc = Madc.of_device(model.device, noise=chip.MADC_NOISE * noise)
        cadc = Cadc.of_device(model.device, noise=chip.CADC_NOISE * noise)
        self._cadc = replace(cadc, correction=snapshot.cadc_correction)
        self._madc_sites, self._cadc_sites = self._sites("madc"), self._sites("cadc")
        self._check_pads()
        self._turns = self._share_madc()
        self._chunks: list[list[np.ndarray]] = [[] for _ in self._madc_sites]
        self._first = [turn.first_from(self._first_step) for turn in self._turns]
        self._last: list[float] = []
        self._cadc_rows: list[np.ndarray] = []

    def _sites(self, device: str) -> list[_Site]:
        sites, first = [], 0
        for population in self._snapshot.neurons:
            request = self._snapshot.requests[population]
            sites += [
                self._site(population, cell, first + cell, request.analog[cell])
                for cell in request.devices.get(device, ())
            ]
            first += population.size
        return sites

    def _site(self, population: Population, cell: int, neuron: int, variable: str) -> _Site:
        joined = ANALOG[variable] is Variable.V
        holder = int(self._snapshot.membrane[neuron]) if joined else neuron
        return _Site(population, cell, neuron, variable, holder)

    def _check_pads(self) -> None:
        for pad in ("pad_0", "pad_1"):
            sites = self._sites(pad)
            if len(sites) > 1:
                names = " and ".join(f"{s.population.label}[{s.cell}]" for s in sites)
                raise ValueError(f"{pad} shows one neuron, not {names}")

    def _share_madc(self) -> list[Sampling]:
        """When each neuron is read: two take turns; of more, each is read in a run of its own."""
        sites = self._madc_sites
        if len(sites) > chip.MADC_CHANNELS:
            self._refuse_loops()
        circuit = self._snapshot.circuit[[s.neuron for s in sites]]
        together = len(np.unique(circuit // CIRCUITS)) == 1
        if len(sites) != chip.MADC_CHANNELS or not together:
            return [Sampling.madc(TIMESTEP) for _ in sites]
        parity = Madc.channel_of(circuit % chip.COLUMNS)
        if parity[0] == parity[1]:
            names = " and ".join(
                f"{s.population.label}[{s.cell}] (circuit {c})"
                for s, c in zip(sites, circuit, strict=True)
            )
            raise ValueError(
                f"device='madc': {names}: their columns cannot both be "
                f"{('even', 'odd')[parity[0]]}, for the converter has one input for each; record "
                "another neuron, or place them by neuronPermutation"
            )
        return [Sampling.madc(TIMESTEP, len(sites), k) for k in range(len(sites))]

    def _refuse_loops(self) -> None:
        """Raise RuntimeError where neurons that reach one another would be read in turn."""
        neuron = np.array([s.neuron for s in self._madc_sites])
        reached = _reached(self._snapshot.network, neuron)[:, neuron]
        np.fill_diagonal(reached, True)
        together = (reached & reached.T).sum(axis=1)
        crowded = np.flatnonzero(together > chip.MADC_CHANNELS)
        if len(crowded):
            sites = [self._madc_sites[k] for k in crowded[:3]]
            names = ", ".join(f"{s.population.label}[{s.cell}]" for s in sites)
            raise RuntimeError(
                f"device='madc': {names}: {together.max()} neurons that reach one another; the "
                f"converter reads {chip.MADC_CHANNELS} in an execution, and a network that feeds "
                "back into itself is not executed in parts; record fewer, or use device='cadc'"
            )

    # --- sampling -------------------------------------------------------------------------

    @property
    def probes(self) -> tuple[Probe, ...]:
        """What the emulator shall observe."""
        probes = [Probe(s.source, np.array([s.holder], np.int32), 1) for s in self._madc_sites]
        for source in self._cadc_sources():
            neuron = [s.holder for s in self._cadc_sites if s.source is source]
            probes.append(Probe(source, np.array(neuron, np.int32), CADC_STEPS))
        return tuple(probes)

    def _cadc_sources(self) -> list[Variable]:
        return sorted({s.source for s in self._cadc_sites})

    def begin(self, state: Callable[[Variable, np.ndarray], np.ndarray]) -> None:
        """Look at the neurons at the begin of the snippet.

        Parameters
        ----------
        state : callable
            Gives the present value of a variable of some neurons.
        """
        self._last = [float(state(s.source, np.array([s.holder]))[0]) for s in self._madc_sites]
        if self._cadc_sites and self._first_step % CADC_STEPS == 0:
            rows = [
                state(source, np.array([s.holder for s in self._cadc_sites if s.source is source]))
                for source in self._cadc_sources()
            ]
            self._cadc_rows.append(np.concatenate(rows)[np.newaxis])

    def take(self, samples: tuple[np.ndarray, ...], first_step: int) -> None:
        """Take what the probes saw in the steps behind `first_step`."""
        n = len(self._madc_sites)
        for k, trace in enumerate(samples[:n]):
            whole = np.concatenate([[[self._last[k]]], trace])
            self._last[k] = float(whole[-1, 0])
            number = self._first[k] + sum(len(chunk) for chunk in self._chunks[k])
            self._chunks[k].append(self._turns[k].sample(whole, first_step, number))
        if self._cadc_sites:
            self._cadc_rows.append(np.concatenate(samples[n:], axis=1))

    # --- reading --------------------------------------------------------------------------

    def signals(self) -> dict[object, list[Signal]]:
        """What the converters have read: signals of each population."""
        result: dict[object, list[Signal]] = {p: [] for p in self._snapshot.neurons}
        for k, site in enumerate(self._madc_sites):
            result[site.population].append(self._madc_signal(k, site))
        for site, signal in zip(self._by_source(), self._cadc_signals(), strict=True):
            result[site.population].append(signal)
        return result

    def _madc_signal(self, k: int, site: _Site) -> Signal:
        values = np.concatenate(self._chunks[k]) if self._chunks[k] else np.empty((0, 1))
        first = self._first[k]
        channel = Madc.channel_of(self._snapshot.circuit[[site.neuron]] % chip.COLUMNS)
        stream = NoiseStream(self._model.seed, (_MADC, self._trial, site.neuron))
        raw = self._read(self._madc, site, values, channel, stream.rows(first, len(values)))
        time = self._turns[k].time(first + np.arange(len(values)))
        cycle = np.floor(time * CYCLES_PER_MS / 1e3 + 1e-6)
        inside = cycle < self._snapshot.stop
        return Signal(site.variable, "madc", site.cell, to_ms(cycle[inside]), raw[inside])

    def _by_source(self) -> list[_Site]:
        return [
            s for source in self._cadc_sources() for s in self._cadc_sites if s.source is source
        ]

    def _cadc_signals(self) -> list[Signal]:
        sites = self._by_source()
        if not sites:
            return []
        rows = np.concatenate(self._cadc_rows) if self._cadc_rows else np.empty((0, len(sites)))
        first = -(-self._first_step // CADC_STEPS)
        number = first + np.arange(len(rows))
        cycle = number * CADC_STEPS * CYCLES_PER_STEP
        # what the memory of a run holds
        inside = (cycle < self._snapshot.stop) & (number < chip.CADC_SAMPLES)
        rows, cycle = rows[inside], cycle[inside]
        stream = NoiseStream(self._model.seed, (_CADC, self._trial), chip.HICANN_X.circuits)
        normals = stream.rows(first, len(rows))
        signals = []
        for column, site in zip(rows.T[..., np.newaxis], sites, strict=True):
            channel = self._snapshot.circuit[[site.neuron]] % CIRCUITS
            raw = self._read(self._cadc, site, column, channel, normals[:, channel])
            signals.append(Signal(site.variable, "cadc", site.cell, to_ms(cycle), raw))
        return signals

    def _read(
        self,
        converter: Converter,
        site: _Site,
        state: np.ndarray,
        channel: np.ndarray,
        normals: np.ndarray | float,
    ) -> np.ndarray:
        """What a converter makes of states (n, 1) of a neuron: float32 (n,), LSB."""
        neuron = np.array([site.neuron])
        voltage = output_voltage(self._snapshot, self._mapping, site.source, neuron, state)
        return converter.convert(voltage, channel, normals)[:, 0].astype(np.float32)


def _reached(network: Network, start: np.ndarray) -> np.ndarray:
    """The neurons that spikes of each of `start`, int64 (k,), get to: bool (k, n_neurons)."""
    n = network.n_neurons
    reaches = np.zeros((n, n), np.float32)
    for projection in network.projections:
        inner = projection.pre < n
        reaches[projection.pre[inner], projection.post[inner]] = 1.0
    reached, now = np.zeros((len(start), n), bool), reaches[start] > 0
    while (now & ~reached).any():
        reached |= now
        now = now.astype(np.float32) @ reaches > 0
    return reached


def output_voltage(
    snapshot: Snapshot,
    mapping: CodedMapping,
    source: Variable,
    neuron: np.ndarray,
    state: np.ndarray,
) -> np.ndarray:
    """The voltages that neurons put out.

    Parameters
    ----------
    snapshot : Snapshot
    mapping : CodedMapping
    source : Variable
        What they put out.
    neuron : int64 (k,)
    state : float64 (..., k)
        Of that variable.

    Returns
    -------
    float64 (..., k), mV
    """
    circuit = snapshot.circuit[neuron]
    if source is Variable.V:
        return state
    if source is Variable.W:
        part, place = np.divmod(circuit, CIRCUITS)
        codes = np.stack([config.analog[:, Analog.V_ADAPT_REF] for config in snapshot.configs])
        rest = curves.CELL.value(codes[part, place])
        return rest + state / chip.ADAPTATION_TRANSCONDUCTANCE
    step = mapping.weight_steps()[circuit, int(source) - int(Variable.LINE0)]
    return chip.LINE_READOUT - chip.LINE_SWING * np.abs(state) / np.where(step == 0, 1.0, step)
