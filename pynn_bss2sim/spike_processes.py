"""Point processes that make the spikes of spike sources on the host, in NumPy alone.

A process is a pure function of its seed and of the parameter changes made so far:
``spikes(start, stop)`` gives the same spikes however a run is split into windows, and may be
asked again for a window already given (after an interrupted run).

To that end time is cut into blocks of `BLOCK_MS`, aligned at t = 0 of the trial. Each block has
a random generator of its own, seeded with (seed, trial, epoch, block), where an *epoch* is the
time between two changes of parameters. What one block hands to the next (the time since the last
spike, say) is its *carry*; carries are kept at the epoch's begin and at the last window asked
for, so that memory is bounded by the spikes of one window.

Cells are vectorized; times are in ms, rates in spikes per second.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from .gamma_hazard import gamma_hazard

__all__ = [
    "BLOCK_MS",
    "SIMULTANEOUS_MS",
    "Gamma",
    "InhomogeneousGamma",
    "Poisson",
    "PoissonRefractory",
    "SpikeProcess",
    "SpikeTimes",
]

#: Length of a block in ms. Long enough that its fixed cost vanishes, short against a run.
BLOCK_MS = 100.0

#: Times closer than this are one, in ms; far below a time step, far above rounding errors.
SIMULTANEOUS_MS = 1e-9

_MS_PER_S = 1e3
#: Most event positions drawn at once.
_CHUNK = 1_000_000
_NO_TIMES, _NO_CELLS = np.empty(0), np.empty(0, np.int32)


class SpikeProcess:
    """What every process offers.

    Parameters
    ----------
    size : int
        Cells.
    parameters : dict of str to ndarray
        As the subclass names them; it copies what it keeps.
    """

    def __init__(self, size, parameters):
        self.size = size
        self._prepared = self._prepare(parameters)

    def spikes(self, start, stop):
        """Return the spikes with ``start <= t < stop``.

        Parameters
        ----------
        start, stop : float, ms

        Returns
        -------
        times : float64 (n,), ms
        cells : int32 (n,)
            Sorted by (time, cell).
        """
        raise NotImplementedError

    def update(self, parameters, now):
        """Change parameters from the time `now` (ms) on; spikes before it stay as they are."""
        raise NotImplementedError

    def restart(self):
        """Go back to t = 0 for a new trial, with the parameters now in force."""
        raise NotImplementedError

    def _prepare(self, parameters):
        raise NotImplementedError


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

    def __init__(self, size, parameters):
        super().__init__(size, parameters)
        self._since = [(-math.inf, self._prepared)]

    def spikes(self, start, stop):
        parts = []
        for (begin, spikes), end in zip(self._since, self._ends(), strict=True):
            parts.append(_between(*spikes, max(start, begin), min(stop, end)))
        return _joined(parts)

    def update(self, parameters, now):
        self._prepared = self._prepare(parameters)
        now -= SIMULTANEOUS_MS
        # only the change before this one can still be asked for
        self._since = [entry for entry in self._since if entry[0] < now][-1:]
        self._since.append((now, self._prepared))

    def restart(self):
        self._since = [(-math.inf, self._prepared)]

    def _ends(self):
        return [begin for begin, _ in self._since[1:]] + [math.inf]

    def _prepare(self, parameters):
        trains = [np.asarray(train, np.float64) for train in parameters["spike_times"]]
        if len(trains) != self.size:
            raise ValueError(f"spike_times: {len(trains)} sequences for {self.size} cells")
        cells = np.repeat(np.arange(self.size, dtype=np.int32), [len(t) for t in trains])
        times = np.concatenate(trains) if trains else _NO_TIMES
        return _sorted(times, cells)


@dataclass
class _Epoch:
    """The time from one change of parameters to the next."""

    number: int
    begin: float  #: ms
    parameters: dict[str, np.ndarray]
    carries: dict[int, object] = field(default_factory=dict)  #: by block, at its begin


class _RandomProcess(SpikeProcess):
    """A process made of random numbers, block after block."""

    def __init__(self, size, parameters, seed):
        self.seed = seed
        self._trial = 0
        super().__init__(size, parameters)
        self._begin_trial()

    def spikes(self, start, stop):
        parts = []
        ends = [epoch.begin for epoch in self._epochs[1:]] + [math.inf]
        for epoch, end in zip(self._epochs, ends, strict=True):
            parts.append(self._epoch_spikes(epoch, max(start, epoch.begin), min(stop, end)))
        return _joined(parts)

    def update(self, parameters, now):
        prepared = self._prepare(parameters)
        now = max(now, 0.0)
        self._prepared = prepared
        # epochs of no length are forgotten; only the one before this can still be asked for
        epochs = [epoch for epoch in self._epochs if epoch.begin < now][-1:]
        if epochs:
            old = epochs[-1]
            carry = self._carried_over(self._carry_at(old, now), old.parameters, prepared)
            number = old.number + 1
        else:
            carry, number = self._first_carry(prepared), self._epochs[0].number
        self._last_block = None, None
        self._epochs = [*epochs, _Epoch(number, now, prepared, {_block(now): carry})]

    def restart(self):
        self._trial += 1
        self._begin_trial()

    def _begin_trial(self):
        first = {0: self._first_carry(self._prepared)}
        self._last_block = None, None
        self._epochs = [_Epoch(0, 0.0, self._prepared, first)]

    def _epoch_spikes(self, epoch, start, stop):
        """Spikes of one epoch in [start, stop), which lies within it."""
        if not start < stop:
            return _NO_TIMES, _NO_CELLS
        if not math.isfinite(stop):
            raise ValueError(f"spikes up to {stop} ms asked for; give a finite time")
        parts = []
        carry = self._carry_before(epoch, _block(start))
        next_block = _block(stop)
        for block in range(_block(start), math.ceil(stop / BLOCK_MS)):
            times, cells, following = self._run(epoch, block, carry)
            parts.append(_between(times, cells, start, stop))
            # the next window will most likely begin where this one ends
            if block == next_block:
                epoch.carries[next_block] = carry
            elif block + 1 == next_block:
                epoch.carries[next_block] = following
            carry = following
        return _joined(parts)

    def _carry_before(self, epoch, block):
        """Return the carry at the begin of `block`, and keep it for the next question."""
        known = max(number for number in epoch.carries if number <= block)
        carry = epoch.carries[known]
        for number in range(known, block):
            carry = self._run(epoch, number, carry)[2]
        first = min(epoch.carries)
        epoch.carries = {first: epoch.carries[first], block: carry}
        return carry

    def _carry_at(self, epoch, now):
        """Return the carry at `now`, within a block or at its begin."""
        block = _block(now)
        carry = self._carry_before(epoch, block)
        if now == block * BLOCK_MS:
            return carry
        return self._run(epoch, block, carry, now)[2]

    def _run(self, epoch, block, carry, until=math.inf):
        """Return (times, cells, carry): the spikes of one block, and the carry at its end.

        The carry is that at `until`, if it is earlier. The last whole block is remembered: a run
        in steps shorter than a block asks for it again and again.
        """
        if until == math.inf and self._last_block[0] == (epoch.number, block):
            return self._last_block[1]
        seed = np.random.SeedSequence(self.seed, spawn_key=(self._trial, epoch.number, block))
        rng = np.random.Generator(np.random.PCG64(seed))
        begin = max(block * BLOCK_MS, epoch.begin)
        end = (block + 1) * BLOCK_MS
        result = self._block_spikes(rng, epoch.parameters, begin, end, until, carry)
        if until == math.inf:
            self._last_block = (epoch.number, block), result
        return result

    def _block_spikes(self, rng, parameters, begin, end, until, carry):
        """Return (times, cells, carry at min(end, until)) of [begin, end), sorted.

        Random numbers must be drawn for the block up to `end`: `until` only says for which time
        the carry is wanted.
        """
        raise NotImplementedError

    def _first_carry(self, parameters):
        """Return the carry at the begin of a trial."""
        raise NotImplementedError

    def _carried_over(self, carry, old, new):
        """Return what a carry under the parameters `old` becomes under `new`."""
        raise NotImplementedError

    def _columns(self, parameters, *names):
        """Return float64 (size,) copies of parameters, and the window's bounds."""
        columns = {n: np.broadcast_to(parameters[n], self.size).astype(np.float64) for n in names}
        columns["start"] = np.broadcast_to(parameters["start"], self.size).astype(np.float64)
        columns["stop"] = columns["start"] + np.broadcast_to(parameters["duration"], self.size)
        return columns


class Poisson(_RandomProcess):
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

    def _prepare(self, parameters):
        return self._columns(parameters, "rate")

    def _block_spikes(self, rng, parameters, begin, end, until, carry):
        low, high = _window(parameters, begin, end)
        count = rng.poisson(parameters["rate"] / _MS_PER_S * (high - low))
        cells = np.repeat(np.arange(self.size, dtype=np.int32), count)
        times = low[cells] + rng.random(len(cells)) * (high - low)[cells]
        return *_sorted(times, cells), None

    def _first_carry(self, parameters):
        return None

    def _carried_over(self, carry, old, new):
        return None


class PoissonRefractory(_RandomProcess):
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

    def _prepare(self, parameters):
        columns = self._columns(parameters, "rate", "tau_refrac")
        rate = columns["rate"] / _MS_PER_S
        columns["hazard"] = rate / (1.0 - rate * columns["tau_refrac"])
        return columns

    def _block_spikes(self, rng, parameters, begin, end, until, carry):
        low, high = _window(parameters, begin, end)
        tau, hazard = parameters["tau_refrac"], parameters["hazard"]
        with np.errstate(divide="ignore"):
            scale = 1.0 / hazard  # infinite where the rate is 0

        def intervals(cells, n):
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
        return *_sorted(times, cells), last

    def _first_carry(self, parameters):
        return np.full(self.size, -np.inf)

    def _carried_over(self, carry, old, new):
        return carry


class Gamma(_RandomProcess):
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

    def _prepare(self, parameters):
        return self._columns(parameters, "alpha", "beta")

    def _block_spikes(self, rng, parameters, begin, end, until, carry):
        # in operational time, which beta drives, intervals are standard gamma variables
        low, high = _window(parameters, begin, end)
        alpha, speed = parameters["alpha"], parameters["beta"] / _MS_PER_S
        first = rng.standard_gamma(alpha)
        first = np.where(np.isnan(carry), first, carry)

        def intervals(cells, n):
            return rng.standard_gamma(np.repeat(alpha[cells, None], n, axis=1))

        at, cells = _renewals(first, speed * (high - low), 1.0 / alpha, intervals)
        inside = at < (speed * (high - low))[cells]
        times = low[cells[inside]] + at[inside] / speed[cells[inside]]
        elapsed = speed * np.maximum(0.0, np.minimum(high, until) - low)
        ahead = at >= elapsed[cells]
        rest = np.full(self.size, np.inf)
        np.minimum.at(rest, cells[ahead], at[ahead])
        return *_sorted(times, cells[inside]), rest - elapsed

    def _first_carry(self, parameters):
        return np.full(self.size, np.nan)

    def _carried_over(self, carry, old, new):
        return np.where(old["alpha"] == new["alpha"], carry, np.nan)


class InhomogeneousGamma(_RandomProcess):
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

    def _prepare(self, parameters):
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

    def _block_spikes(self, rng, parameters, begin, end, until, carry):
        low, high = _window(parameters, begin, end)
        bins, scale = parameters["tbins"], parameters["b"] * _MS_PER_S
        ends = np.concatenate([bins[:, 1:], np.full((self.size, 1), np.inf)], axis=1)
        within = (bins < high[:, None]) & (ends > low[:, None])
        bound = np.where(within, 1.0 / scale, 0.0).max(axis=1)
        last = np.where(np.isnan(carry), low, carry)
        before_until = last.copy()
        now, active = low.copy(), np.flatnonzero((low < high) & (bound > 0))
        times, cells = [], []
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
            times.append(t[spiking])
            cells.append(fired.astype(np.int32))
        times, cells = _joined_arrays(times, cells)
        past = times < until
        np.maximum.at(before_until, cells[past], times[past])
        started = np.minimum(end, until) > parameters["start"]
        return *_sorted(times, cells), np.where(started, before_until, np.nan)

    def _first_carry(self, parameters):
        return np.full(self.size, np.nan)

    def _carried_over(self, carry, old, new):
        return carry


def _window(parameters, begin, end):
    """Return the part [low, high) of [begin, end) in which each cell spikes; empty: low = high."""
    low = np.clip(parameters["start"], begin, end)
    return low, np.clip(parameters["stop"], low, end)


def _renewals(first, limit, rate, intervals):
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
    return _joined_arrays(positions, rows)


def _block(time):
    """Return the block in which a time (ms) lies; times before 0 belong to the first."""
    return max(0, math.floor(time / BLOCK_MS))


def _sorted(times, cells):
    order = np.lexsort((cells, times))
    return times[order], cells[order]


def _between(times, cells, start, stop):
    """Return the part of sorted spikes with start <= t < stop."""
    low, high = np.searchsorted(times, (start, stop), side="left")
    return times[low:high], cells[low:high]


def _joined_arrays(times, cells):
    if not times:
        return _NO_TIMES, _NO_CELLS
    return np.concatenate(times), np.concatenate(cells)


def _joined(parts):
    """Join (times, cells) pairs that follow each other in time."""
    return _joined_arrays([times for times, _ in parts], [cells for _, cells in parts])
