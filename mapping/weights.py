"""Weights, delays, and the table of synapses that carries them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pynn_bss2sim._core.frozen import frozen
from pynn_bss2sim._core.hicannx import WEIGHT_MAX
from pynn_bss2sim._core.hops import LATENCY, Path
from pynn_bss2sim._core.records import LINES, SynapseTable

from .errors import WeightError
from .network import Network, Projection

__all__ = [
    "Joined",
    "Quantised",
    "check_signs",
    "delay_steps",
    "exact_step",
    "fixed_delay_steps",
    "join",
    "largest",
    "latency_steps",
    "quantise",
    "realised_delays",
    "table",
]

#: A realised delay closer than this to the one asked for, in steps, is the same delay.
_SAME = 1e-6


@frozen
class Joined:
    """The synapses of all projections behind one another, each in the order of its user.

    Attributes
    ----------
    pre, post : int32 (n,)
    slot : int64 (n,)
        Input line of the network: ``2 * post + line``.
    weight, delay : float64 (n,), nA or µS, and ms
    offset : int64 (n_projections + 1,)
    reach : float64 (n,), nA or µS, or None
        What the largest code stands for at least, with the sign of the weight; 0 = anything. None:
        0 for all.
    setting : int64 (n,)
        What the synapse drivers do with its events, see `DriverPlan`; 0: they pass them on.
    """

    pre: np.ndarray
    post: np.ndarray
    slot: np.ndarray
    weight: np.ndarray
    delay: np.ndarray
    offset: np.ndarray
    reach: np.ndarray | None
    setting: np.ndarray

    def __len__(self) -> int:
        return len(self.pre)

    def split(self, values: np.ndarray) -> tuple[np.ndarray, ...]:
        """Cut an array over all synapses into one read-only array for each projection."""
        values.flags.writeable = False
        return tuple(values[a:b] for a, b in zip(self.offset[:-1], self.offset[1:], strict=True))


def join(network: Network) -> Joined:
    """Join and check the synapses of a network.

    Raises
    ------
    WeightError
        A synapse leads out of the network, or its weight or delay is no usable number.
    """
    projections = network.projections
    for projection in projections:
        _check_form(projection)
    sizes = [len(p.pre) for p in projections]
    pre, post = _join([p.pre for p in projections]), _join([p.post for p in projections])
    weight = _join([p.weight for p in projections])
    delay = _join([p.delay for p in projections])
    n_sources, n_neurons = network.n_sources, network.n_neurons
    if not _usable(pre, post, weight, delay, n_sources, n_neurons):
        for projection in projections:
            _check(projection, n_sources, n_neurons)
    post = post.astype(np.int32, copy=False)
    slot = np.multiply(post, LINES, dtype=np.int64)
    slot += np.repeat(np.array([p.line for p in projections], np.int64), sizes)
    return Joined(
        pre=pre.astype(np.int32, copy=False),
        post=post,
        slot=slot,
        weight=weight.astype(np.float64, copy=False),
        delay=delay.astype(np.float64, copy=False),
        offset=np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]).astype(np.int64),
        reach=_reach(projections),
        setting=np.broadcast_to(0, len(post)),
    )


def _join(parts: list) -> np.ndarray:
    return np.concatenate(parts) if parts else np.empty(0)


def _reach(projections: Sequence[Projection]) -> np.ndarray | None:
    if all(p.reach is None for p in projections):
        return None
    parts = [np.zeros(len(p.pre)) if p.reach is None else p.reach.weight for p in projections]
    return _join(parts).astype(np.float64, copy=False)


def _check_form(projection: Projection) -> None:
    label, n = projection.label, len(projection.pre)
    if not n == len(projection.post) == len(projection.weight) == len(projection.delay):
        raise WeightError(f"{label}: pre, post, weight and delay differ in length")
    if projection.line not in range(LINES):
        raise WeightError(f"{label}: input line {projection.line}, a neuron has {LINES}")


def _usable(
    pre: np.ndarray,
    post: np.ndarray,
    weight: np.ndarray,
    delay: np.ndarray,
    n_sources: int,
    n_neurons: int,
) -> bool:
    """Whether `_check` has nothing against any of these synapses."""
    inside = not len(pre) or (
        pre.min() >= 0 and pre.max() < n_sources and post.min() >= 0 and post.max() < n_neurons
    )
    return bool(
        inside and np.isfinite(weight).all() and np.isfinite(delay).all() and (delay >= 0).all()
    )


def _check(projection: Projection, n_sources: int, n_neurons: int) -> None:
    """Raise WeightError for the first synapse that cannot be."""
    label = projection.label
    for name, end in (("pre", n_sources), ("post", n_neurons)):
        values = np.asarray(getattr(projection, name))
        _refuse(label, (values < 0) | (values >= end), name, values, f"outside 0 to {end - 1}")
    weight, delay = np.asarray(projection.weight), np.asarray(projection.delay)
    _refuse(label, ~np.isfinite(weight), "weight", weight, "a finite number is needed")
    _refuse(label, ~np.isfinite(delay), "delay", delay, "a finite number is needed")
    _refuse(label, delay < 0, "delay", delay, "it must not be negative")


def _refuse(label: str, bad: np.ndarray, name: str, values: np.ndarray, why: str) -> None:
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise WeightError(f"{label}: {name} = {values[first]} of synapse {first}; {why}")


def delay_steps(delay: np.ndarray, timestep: float, projections: tuple = ()) -> np.ndarray:
    """Delays to the nearest time step, half a step up, at least one: int32 like `delay`.

    Raises
    ------
    WeightError
        A delay of more steps than 32 bits count.
    """
    steps = np.maximum(1.0, np.floor(delay / timestep + 0.5 + _SAME))
    if len(steps) and steps.max() > np.iinfo(np.int32).max:
        raise WeightError(
            f"a delay of {delay.max():g} ms is too long for the time step of {timestep:g} ms"
        )
    return steps.astype(np.int32)


def fixed_delay_steps(pre: np.ndarray, n_neurons: int, timestep: float) -> np.ndarray:
    """The latency of the chip's event routing in steps, at least one: int32 like `pre`.

    Spikes of neurons stay on the chip, those of external sources come through the FPGA.
    """
    steps = latency_steps(timestep)
    return np.where(pre < n_neurons, steps[Path.DIRECT], steps[Path.HOST]).astype(np.int32)


def latency_steps(timestep: float) -> np.ndarray:
    """The latency of each `Path` of an event in steps, at least one: int32 (4,).

    Latency in µs of the chip is ms of the model.
    """
    return delay_steps(np.array([LATENCY[path] for path in Path]), timestep)


def realised_delays(steps: np.ndarray, asked: np.ndarray, timestep: float) -> np.ndarray:
    """Delays in ms that `steps` are: `asked` itself where it is a multiple of the step."""
    same = np.abs(asked / timestep - steps) < _SAME
    return np.where(same, asked, steps * timestep)


@frozen
class Quantised:
    """Weights as codes of synapses.

    Attributes
    ----------
    code : int64 (n,)
        Sum of the 6-bit codes of one connection.
    rows : int64 (n,)
        Synapses it takes, each in a row of its own: full ones, and one with the rest.
    """

    code: np.ndarray
    rows: np.ndarray

    @classmethod
    def of(cls, strength: np.ndarray) -> Quantised:
        """Round magnitudes that are given in steps of their lines, float64 (n,)."""
        code = np.rint(strength).astype(np.int64)
        rows = code + (WEIGHT_MAX - 1)
        rows //= WEIGHT_MAX
        return cls(code, np.maximum(rows, 1, out=rows))


def largest(joined: Joined, strength: np.ndarray, n_neurons: int) -> np.ndarray:
    """Largest of `strength`, float64 (n,), at each input line: float64 (2 * n_neurons,)."""
    result = np.zeros(LINES * n_neurons)
    np.maximum.at(result, joined.slot, strength)
    return result


def least(joined: Joined, strength: np.ndarray, n_neurons: int) -> np.ndarray:
    """Smallest of `strength` above 0 at each input line, infinite without: float64 (2 n,)."""
    result = np.full(LINES * n_neurons, np.inf)
    there = strength > 0
    np.minimum.at(result, joined.slot[there], strength[there])
    return result


def exact_step(largest_strength: np.ndarray) -> np.ndarray:
    """Steps with which the largest weight of each line is just the largest code."""
    return np.where(largest_strength > 0, largest_strength / WEIGHT_MAX, 1.0)


def quantise(joined: Joined, strength: np.ndarray, step: np.ndarray) -> Quantised:
    """Round to multiples of the step of each line.

    Parameters
    ----------
    strength : float64 (n,)
        Magnitudes of the weights, in the unit of `step`.
    step : float64 (2 * n_neurons,)
        One weight code of each input line.
    """
    return Quantised.of(strength / step[joined.slot])


def check_signs(network: Network, joined: Joined, conductance_based: np.ndarray) -> None:
    """Refuse signs that synapse rows cannot have.

    A row is excitatory or inhibitory as a whole and so feeds one line: all weights at a line have
    one sign, and conductances have none.

    Raises
    ------
    WeightError
    """
    if not (joined.weight < 0).any():
        return
    positive = np.repeat(conductance_based, LINES)
    positive[joined.slot[joined.weight > 0]] = True
    bad = (joined.weight < 0) & positive[joined.slot]
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        k = int(np.searchsorted(joined.offset, first, side="right")) - 1
        raise WeightError(
            f"{network.projections[k].label}: weight = {joined.weight[first]:g} of synapse "
            f"{first - joined.offset[k]}; a negative conductance, or both signs at one input line, "
            "cannot be had from synapses whose rows have one sign. Use the other receptor"
        )


def table(
    n_neurons: int, n_sources: int, joined: Joined, amplitude: np.ndarray, delay: np.ndarray
) -> SynapseTable:
    """The synapses ordered by source, then projection, then the user's order."""
    line = (joined.slot % LINES).astype(np.uint8)
    return SynapseTable.from_pairs(
        n_neurons, n_sources, joined.pre, joined.post, line, amplitude, delay
    )
