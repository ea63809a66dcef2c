"""Point processes that make the spikes of spike sources on the host, in NumPy alone.

How they stay independent of the windows asked for stands in `pynn_bss2sim.block_processes`.
Cells are vectorized; times are in ms, rates in spikes per second.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ._core.background import Generator
from ._core.hicannx import BACKGROUND_CLOCK
from .block_processes import (
    BLOCK_MS,
    NO_TIMES,
    RandomProcess,
    SpikeProcess,
    joined_arrays,
    joined_spikes,
    sorted_spikes,
    spikes_between,
    spiking_window,
)
from .gamma_hazard import gamma_hazard

if TYPE_CHECKING:
    from .block_processes import Spikes
    from .pynn_types import Parameters


__all__ = [
    "BLOCK_MS",
    "SIMULTANEOUS_MS",
    "Gamma",
    "InhomogeneousGamma",
    "OnChip",
    "Poisson",
    "PoissonRefractory",
    "SpikeProcess",
    "SpikeTimes",
]

#: Times closer than this are one, in ms; far below a time step, far above rounding errors.
SIMULTANEOUS_MS = 1e-9

_MS_PER_S = 1e3
#: Most event positions drawn at once.
_CHUNK = 1_000_000


class SpikeTimes(SpikeProcess):
    """Spikes at given times.

    Parameters
    ----------
    size : int
    parameters : dict
        ``spike_times``: a sequence of `size` ascending float arrays (ms).

    Notes
    -----
    A new trial replays the times. A change holds from `SIMULTANEOUS_MS` before `now` on, so that
    a time that was meant to equal `now` is not lost to the rounding of either.
    """

    def __init__(self, size: int, parameters: Parameters) -> None:
        super().__init__(size, parameters)
        self._since = [(-math.inf, self._prepared)]

    def spikes(self, start: float, stop: float) -> Spikes:
        parts = []
        for (begin, (times, cells)), end in zip(self._since, self._ends(), strict=True):
            parts.append(spikes_between(times, cells, max(start, begin), min(stop, end)))
        return joined_spikes(parts)

    def update(self, parameters: Parameters, now: float) -> None:
        self._prepared = self._prepare(parameters)
        now -= SIMULTANEOUS_MS
        # only the change before this one can still be asked for
        self._since = [entry for entry in self._since if entry[0] < now][-1:]
        self._since.append((now, self._prepared))

    def restart(self) -> None:
        self._since = [(-math.inf, self._prepared)]

    def _ends(self) -> list[float]:
        return [begin for begin, _ in self._since[1:]] + [math.inf]

    def _prepare(self, parameters: Parameters) -> Spikes:
        trains = [np.asarray(train, np.float64) for train in parameters["spike_times"]]
        if len(trains) != self.size:
            raise ValueError(f"spike_times: {len(trains)} sequences for {self.size} cells")
        cells = np.repeat(np.arange(self.size, dtype=np.int32), [len(t) for t in trains])
        times = np.concatenate(trains) if trains else NO_TIMES
        return sorted_spikes(times, cells)


class Poisson(RandomProcess):
    """Homogeneous Poisson processes.

    Parameters
    ----------
    size : int
    parameters : dict of str to float or float64 (size,)
        ``rate`` (1/s, >= 0), ``start`` and ``duration`` (ms) of the time in which they spike.
    seed : int

    Notes
    -----
    A new trial continues with new random numbers.
    """

    def _prepare(self, parameters: Parameters) -> dict[str, np.ndarray]:
        return self._columns(parameters, "rate")

    def _block_spikes(
        self,
        rng: np.random.Generator,
        parameters: dict[str, np.ndarray],
        begin: float,
        end: float,
        until: float,
        carry: None,
    ) -> tuple[np.ndarray, np.ndarray, None]:
        low, high = spiking_window(parameters, begin, end)
        count = rng.poisson(parameters["rate"] / _MS_PER_S * (high - low))
        cells = np.repeat(np.arange(self.size, dtype=np.int32), count)
        times = low[cells] + rng.random(len(cells)) * (high - low)[cells]
        return *sorted_spikes(times, cells), None

    def _first_carry(self, parameters: Any) -> None:
        return None

    def _carried_over(self, carry: None, old: Any, new: Any) -> None:
        return None


class OnChip(SpikeProcess):
    """Poisson processes of a background generator of the chip.

    Parameters
    ----------
    size : int, 1 to 256
    parameters : dict
        ``rate`` (1/s) and ``seed`` (int): of all cells, the first one counts.

    Notes
    -----
    A new trial repeats the spikes. After a change of parameters the spikes are those that the
    generator would have sent from then on, had it had its new registers from t = 0.
    """

    def spikes(self, start: float, stop: float) -> Spikes:
        # one ms is one µs of the chip
        first, last = (math.ceil(max(0.0, t) * BACKGROUND_CLOCK) for t in (start, stop))
        cycle, name = self._prepared.events(first, last)
        mine = name < self.size
        return cycle[mine] / BACKGROUND_CLOCK, name[mine].astype(np.int32)

    def update(self, parameters: Parameters, now: float) -> None:
        self._prepared = self._prepare(parameters)

    def restart(self) -> None:
        pass

    def _prepare(self, parameters: Parameters) -> Generator:
        rate, seed = (np.ravel(parameters[name])[0] for name in ("rate", "seed"))
        return Generator.for_sources(self.size, float(rate) / _MS_PER_S, int(seed))


class PoissonRefractory(RandomProcess):
    """Poisson processes with a dead time after each spike.

    Parameters
    ----------
    size : int
    parameters : dict of str to float or float64 (size,)
        ``rate`` (1/s, >= 0), the mean rate in the long run, ``tau_refrac`` (ms, >= 0) the dead
        time, with ``rate * tau_refrac < 1``; ``start`` and ``duration`` (ms).
    seed : int

    Notes
    -----
    Intervals are the dead time plus an exponential time of mean ``1 / rate - tau_refrac``; no
    dead time precedes the first spike of a trial. After a change of parameters the new dead time
    holds, counted from the last spike. A new trial continues with new random numbers.
    """

    def _prepare(self, parameters: Parameters) -> dict[str, np.ndarray]:
        columns = self._columns(parameters, "rate", "tau_refrac")
        rate = columns["rate"] / _MS_PER_S
        columns["hazard"] = rate / (1.0 - rate * columns["tau_refrac"])
        return columns

    def _block_spikes(
        self,
        rng: np.random.Generator,
        parameters: dict[str, np.ndarray],
        begin: float,
        end: float,
        until: float,
        carry: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        low, high = spiking_window(parameters, begin, end)
        tau, hazard = parameters["tau_refrac"], parameters["hazard"]
        with np.errstate(divide="ignore"):
            scale = 1.0 / hazard  # infinite where the rate is 0

        def intervals(cells: np.ndarray, n: int) -> np.ndarray:
            waiting = rng.standard_exponential((len(cells), n)) * scale[cells, None]
            return tau[cells, None] + waiting

        # memoryless after the dead time, so the first waiting time may be drawn anew
        first = np.maximum(low, carry + tau) + rng.standard_exponential(self.size) * scale
        times, cells = _renewals(first, high, parameters["rate"] / _MS_PER_S, intervals)
        inside = times < high[cells]
        times, cells = times[inside], cells[inside]
        last = carry.copy()
        past = times < until
        np.maximum.at(last, cells[past], times[past])
        return *sorted_spikes(times, cells), last

    def _first_carry(self, parameters: Any) -> np.ndarray:
        return np.full(self.size, -np.inf)

    def _carried_over(self, carry: np.ndarray, old: Any, new: Any) -> np.ndarray:
        return carry


class Gamma(RandomProcess):
    """Renewal processes with gamma-distributed intervals.

    Parameters
    ----------
    size : int
    parameters : dict of str to float or float64 (size,)
        ``alpha`` (> 0) and ``beta`` (1/s, >= 0), shape and rate of the distribution: the mean
        interval is ``alpha / beta`` and its coefficient of variation ``alpha ** -0.5``;
        ``start`` and ``duration`` (ms).
    seed : int

    Notes
    -----
    An interval begins at ``start`` (an ordinary renewal process). Where `beta` changes, the rest
    of the interval under way is stretched by old over new `beta`; where `alpha` changes, a new
    interval begins. A new trial continues with new random numbers.
    """

    def _prepare(self, parameters: Parameters) -> dict[str, np.ndarray]:
        return self._columns(parameters, "alpha", "beta")

    def _block_spikes(
        self,
        rng: np.random.Generator,
        parameters: dict[str, np.ndarray],
        begin: float,
        end: float,
        until: float,
        carry: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        # in operational time, which beta drives, intervals are standard gamma variables
        low, high = spiking_window(parameters, begin, end)
        alpha, speed = parameters["alpha"], parameters["beta"] / _MS_PER_S
        first = rng.standard_gamma(alpha)
        first = np.where(np.isnan(carry), first, carry)

        def intervals(cells: np.ndarray, n: int) -> np.ndarray:
            return rng.standard_gamma(np.repeat(alpha[cells, None], n, axis=1))

        at, cells = _renewals(first, speed * (high - low), 1.0 / alpha, intervals)
        inside = at < (speed * (high - low))[cells]
        times = low[cells[inside]] + at[inside] / speed[cells[inside]]
        elapsed = speed * np.maximum(0.0, np.minimum(high, until) - low)
        ahead = at >= elapsed[cells]
        rest = np.full(self.size, np.inf)
        np.minimum.at(rest, cells[ahead], at[ahead])
        return *sorted_spikes(times, cells[inside]), rest - elapsed

    def _first_carry(self, parameters: Any) -> np.ndarray:
        return np.full(self.size, np.nan)

    def _carried_over(
        self, carry: np.ndarray, old: dict[str, np.ndarray], new: dict[str, np.ndarray]
    ) -> np.ndarray:
        return np.where(old["alpha"] == new["alpha"], carry, np.nan)


class InhomogeneousGamma(RandomProcess):
    """Gamma processes whose parameters are piecewise constant in time, made by thinning [1]_.

    Parameters
    ----------
    size : int
    parameters : dict
        ``a`` (shape, >= 1), ``b`` (scale, s, > 0) and ``tbins`` (ms, ascending): sequences of
        `size` float arrays, of equal length for one cell. From ``tbins[i]`` on, ``a[i]`` and
        ``b[i]`` hold, the last ones for ever; before ``tbins[0]`` there are no spikes.
        ``start`` and ``duration`` (ms), float or float64 (size,).
    seed : int

    Notes
    -----
    At time t, the time x after its last spike, a cell spikes with the hazard of the gamma
    distribution with the parameters of time t at age x. That hazard never exceeds 1 / b if
    a >= 1. The age counts from ``start``, or from ``tbins[0]`` if later. A new trial continues
    with new random numbers.

    References
    ----------
    .. [1] E. Muller et al., Neural Computation 19, 2958-3010 (2007).
    """

    def _prepare(self, parameters: Parameters) -> dict[str, Any]:
        columns = self._columns(parameters)
        trains = {name: [np.asarray(v, np.float64) for v in parameters[name]]
                  for name in ("a", "b", "tbins")}  # fmt: skip
        n_bins = max((len(v) for v in trains["tbins"]), default=0)
        for name, values in trains.items():
            table = np.full((self.size, n_bins), np.inf if name == "tbins" else 1.0)
            for row, train in zip(table, values, strict=True):
                row[: len(train)] = train
            columns[name] = table
        columns["start"] = np.maximum(columns["start"], columns["tbins"][:, 0])
        return columns

    def _block_spikes(
        self,
        rng: np.random.Generator,
        parameters: dict[str, Any],
        begin: float,
        end: float,
        until: float,
        carry: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        low, high = spiking_window(parameters, begin, end)
        bins, scale = parameters["tbins"], parameters["b"] * _MS_PER_S
        ends = np.concatenate([bins[:, 1:], np.full((self.size, 1), np.inf)], axis=1)
        within = (bins < high[:, None]) & (ends > low[:, None])
        bound = np.where(within, 1.0 / scale, 0.0).max(axis=1)
        last = np.where(np.isnan(carry), low, carry)
        before_until = last.copy()
        now, active = low.copy(), np.flatnonzero((low < high) & (bound > 0))
        fired_at, fired_by = [], []
        while active.size:
            now[active] += rng.standard_exponential(active.size) / bound[active]
            active = active[now[active] < high[active]]
            t = now[active]
            column = (bins[active] <= t[:, None]).sum(axis=1) - 1
            b = scale[active, column]
            rate = gamma_hazard((t - last[active]) / b, parameters["a"][active, column]) / b
            spiking = rng.random(active.size) * bound[active] < rate
            fired = active[spiking]
            last[fired] = t[spiking]
            fired_at.append(t[spiking])
            fired_by.append(fired.astype(np.int32))
        times, cells = joined_arrays(fired_at, fired_by)
        past = times < until
        np.maximum.at(before_until, cells[past], times[past])
        started = np.minimum(end, until) > parameters["start"]
        return *sorted_spikes(times, cells), np.where(started, before_until, np.nan)

    def _first_carry(self, parameters: Any) -> np.ndarray:
        return np.full(self.size, np.nan)

    def _carried_over(self, carry: np.ndarray, old: Any, new: Any) -> np.ndarray:
        return carry


def _renewals(
    first: np.ndarray,
    limit: np.ndarray,
    rate: np.ndarray,
    intervals: Callable[[np.ndarray, int], np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """Return the events of renewal processes up to the first one at or beyond `limit`.

    Parameters
    ----------
    first : float64 (size,)
        Position of the first event; infinite if there is none.
    limit : float64 (size,)
    rate : float64 (size,)
        Expected events per unit of position, which only decides how many are drawn at once.
    intervals : callable
        ``intervals(cells, n)`` draws float64 (len(cells), n) distances between events.

    Returns
    -------
    positions, cells : float64 (n,), int32 (n,)
        Each cell's last position is not below its limit.
    """
    positions, rows = [first], [np.arange(len(first), dtype=np.int32)]
    last = first.copy()
    active = np.flatnonzero(first < limit)
    while active.size:
        expected = np.mean(rate[active] * (limit - last)[active])
        n = int(np.clip(expected + 3.0 * math.sqrt(expected) + 2.0, 1, _CHUNK // active.size + 1))
        at = last[active, None] + np.cumsum(intervals(active, n), axis=1)
        # an event is wanted if the one before it lies below the limit
        wanted = np.ones(at.shape, bool)
        wanted[:, 1:] = at[:, :-1] < limit[active, None]
        positions.append(at[wanted])
        rows.append(np.repeat(active.astype(np.int32), wanted.sum(axis=1)))
        last[active] = at[:, -1]
        active = active[at[:, -1] < limit[active]]
    return joined_arrays(positions, rows)
