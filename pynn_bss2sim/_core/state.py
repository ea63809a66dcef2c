"""The dynamic state of the emulator, as a record that can be kept, grown and given back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field, replace
from typing import Any

import numpy as np

from pynn_bss2sim._core.frozen import frozen
from pynn_bss2sim._core.noise import Stream, noise_table, normals, stream_key
from pynn_bss2sim._core.plasticity import RELEASE_STATE, ShortTerm
from pynn_bss2sim._core.pulses import Pulses
from pynn_bss2sim._core.records import LINES, Circuits
from pynn_bss2sim._core.spike_pairs import PairState

__all__ = ["EmulatorState", "trial_shifts"]


def trial_shifts(circuits: Circuits, noise_seed: int, trial: int) -> tuple[np.ndarray, np.ndarray]:
    """What thresholds and leak potentials are shifted by where a trial begins: float64 (n,), mV."""
    n = len(circuits)

    def drawn(sigma: np.ndarray, stream: Stream) -> np.ndarray:
        if not sigma.any():
            return np.zeros(n)
        key = stream_key(noise_seed, trial, stream)
        return sigma * normals(noise_table(noise_seed), key, 0, np.arange(n))

    return (
        drawn(circuits.sigma_thresh, Stream.THRESHOLDS),
        drawn(circuits.sigma_trial, Stream.LEAKS),
    )


@frozen
class EmulatorState:
    """State at the begin of step `step`.

    Attributes
    ----------
    step : int
    v, w : float64 (n,)
        mV, nA.
    u : float32 (n,)
        Of neurons in single precision, `v` less the leak potential with all its digits; counts as
        long as `v` is what it shows.
    line : float64 (2, n)
        nA or µS.
    hold : float64 (n,)
        Steps of refractory hold that remain.
    silent : float64 (n,)
        Steps that remain in which the neuron does not spike, held or not.
    under_way : float64 (depth, 2, n)
        Row k is what arrives on the lines at ``step + k``; where neurons are not ideal, the engine
        keeps it as float32.
    trial : int
        Resets since the emulator was made.
    thresh_shift, leak_shift : float64 (n,)
        What the threshold in force lies above `v_thresh`, and the leak potential of this trial
        above `e_leak` (mV).
    link_busy : int64 (n_links,), ps
        How long each link is still taken.
    events : int64 (k, 3)
        Events on their way through links, in the order in which they go on: time (ps from now) at
        which the event comes to its next hop, that hop, and the steps since its source spiked.
    release : float64 (3, k)
        u, x and y of the synapses with short-term plasticity; see `plasticity.ShortTerm`.
    release_age : int64 (k,)
        Steps since `release` was like that, which is since the last event of the synapse's source.
    pairs : PairState or None
        State of the synapses with spike-timing dependent plasticity.
    pulse : float64 (m,)
        Pulse lengths that drivers with short-term plasticity keep; see `pulses.Pulses`.
    pulse_age : int64 (m,)
        Steps since `pulse` was like that, which is since the last event there.
    pulse_number : int64 (m,)
        Which driver and address each is.
    """

    step: int
    v: np.ndarray
    u: np.ndarray
    w: np.ndarray
    line: np.ndarray
    hold: np.ndarray
    silent: np.ndarray
    under_way: np.ndarray
    trial: int
    thresh_shift: np.ndarray
    leak_shift: np.ndarray
    link_busy: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    events: np.ndarray = field(default_factory=lambda: np.empty((0, 3), np.int64))
    release: np.ndarray = field(default_factory=lambda: np.empty((RELEASE_STATE, 0)))
    release_age: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    pairs: PairState | None = None
    pulse: np.ndarray = field(default_factory=lambda: np.empty(0))
    pulse_age: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    pulse_number: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))

    @classmethod
    def at_start(
        cls,
        circuits: Circuits,
        depth: int,
        trial: int,
        noise_seed: int,
        short_term: ShortTerm | None = None,
        pairs: PairState | None = None,
        pulses: Pulses | None = None,
    ) -> EmulatorState:
        """Begin of a trial: membranes at their leak potential, nothing under way.

        `depth` is the number of slots of the ring.
        """
        short_term = ShortTerm.none() if short_term is None else short_term
        pulses = Pulses.none() if pulses is None else pulses
        n = len(circuits)
        thresh_shift, leak_shift = trial_shifts(circuits, noise_seed, trial)
        return cls(
            0,
            circuits.e_leak + leak_shift,
            np.zeros(n, np.float32),
            np.zeros(n),
            np.zeros((LINES, n)),
            np.zeros(n),
            np.zeros(n),
            np.zeros((depth, LINES, n)),
            trial,
            thresh_shift,
            leak_shift,
            release=short_term.initial_state(),
            release_age=np.zeros(len(short_term), np.int64),
            pairs=pairs,
            pulse=np.array(pulses.recovered),
            pulse_age=np.zeros(len(pulses), np.int64),
            pulse_number=pulses.number,
        )

    @property
    def plastic(self) -> dict[str, Any]:
        """The part of synapses that change: names and values of fields."""
        names = ("release", "release_age", "pairs", "pulse", "pulse_age", "pulse_number")
        return {name: getattr(self, name) for name in names}

    def grown(self, fresh: EmulatorState) -> EmulatorState:
        """This state for the neurons, synapses and ring of `fresh`, from which new ones are taken.

        Those with short-term plasticity keep their order, and new ones come behind them; drivers
        keep the state of each address that they go on to serve.
        """
        old, rows = len(self.v), min(len(fresh.under_way), len(self.under_way))

        def put(name: str) -> np.ndarray:
            result = np.array(getattr(fresh, name))
            result[..., :old] = getattr(self, name)
            return result

        under_way = np.array(fresh.under_way)
        under_way[:rows, :, :old] = self.under_way[:rows]
        names = ("v", "u", "w", "line", "hold", "silent", "thresh_shift", "leak_shift")
        columns: dict[str, Any] = {name: put(name) for name in names}
        # what is new has been as it is since step 0
        release, age = np.array(fresh.release), np.full(len(fresh.release_age), self.step)
        both = min(len(age), len(self.release_age)) if self.step else 0
        release[:, :both], age[:both] = self.release[:, :both], self.release_age[:both]
        return replace(
            self,
            under_way=under_way,
            release=release,
            release_age=age,
            pairs=self._grown_pairs(fresh),
            **self._grown_pulses(fresh),
            **columns,
        )

    def _grown_pairs(self, fresh: EmulatorState) -> PairState | None:
        if self.pairs is None or fresh.pairs is None or not self.step:
            return fresh.pairs
        return self.pairs.grown(fresh.pairs, self.step, len(self.v), len(fresh.v))

    def _grown_pulses(self, fresh: EmulatorState) -> dict[str, Any]:
        pulse, age = np.array(fresh.pulse), np.full(len(fresh.pulse_age), self.step)
        if self.step:
            _, new, old = np.intersect1d(
                fresh.pulse_number, self.pulse_number, assume_unique=True, return_indices=True
            )
            pulse[new], age[new] = self.pulse[old], self.pulse_age[old]
        return {"pulse": pulse, "pulse_age": age, "pulse_number": fresh.pulse_number}

    def with_recovered_drivers(self) -> EmulatorState:
        """The state in which no driver remembers an event."""
        none = np.empty(0, np.int64)
        return replace(self, pulse=np.empty(0), pulse_age=none, pulse_number=none)

    def with_links(self, n_links: int) -> EmulatorState:
        """The state for `n_links` links, of which those that were not there are free."""
        busy = np.zeros(n_links, np.int64)
        both = min(n_links, len(self.link_busy))
        busy[:both] = self.link_busy[:both]
        return replace(self, link_busy=busy)

    def rescaled(
        self,
        v_gain: np.ndarray,
        v_offset: np.ndarray,
        line_gain: np.ndarray,
        w_gain: np.ndarray,
        pair_target: Sequence[int] | np.ndarray = (),
    ) -> EmulatorState:
        """The same state in other voltage, current and conductance scales.

        Parameters
        ----------
        v_gain, v_offset, w_gain : float64 (n,)
        line_gain : float64 (2, n)
            The same for both lines of a neuron.
        pair_target : int (k,)
            Targets of the synapses with spike-timing dependent plasticity: at least of those that
            the state has.
        """
        pairs = self.pairs
        if pairs is not None:
            pairs = replace(
                pairs, weight=pairs.weight * line_gain[0][pair_target[: len(pairs.weight)]]
            )
        return replace(
            self,
            v=self.v * v_gain + v_offset,
            w=self.w * w_gain,
            line=self.line * line_gain,
            under_way=self.under_way * line_gain,
            thresh_shift=self.thresh_shift * v_gain,
            leak_shift=self.leak_shift * v_gain,
            pairs=pairs,
        )

    @property
    def last_arrival(self) -> int:
        """Largest k with something arriving at ``step + k``; 0 if nothing is under way."""
        busy = np.flatnonzero(self.under_way.any(axis=(1, 2)))
        return int(busy[-1]) if len(busy) else 0
