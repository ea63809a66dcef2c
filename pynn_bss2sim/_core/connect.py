"""From synapses that events drive to the table of connections that the engine integrates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from . import hicannx as chip
from .background import BackgroundInputs
from .config import ChipConfig, ConfigError
from .config import NeuronSwitch as Switch
from .driver_dynamics import DriverDynamics
from .event_path import Hits, Registers, follow
from .fpga_routing import FpgaRouting
from .frozen import frozen
from .hops import Timing, make_ways
from .links import Ways
from .ordering import distinct, present, stable_order, starts
from .pulses import Pulses
from .records import LINES, SynapseTable

__all__ = ["Connections", "Contributions", "connect", "connect_by_links"]


@frozen
class Contributions:
    """Which synapses of the chips add up to each entry of a table.

    Attributes
    ----------
    synapse : int64 (n,)
        Counted as in `event_path.Hits`, those of one entry behind one another.
    step : float64 (n,), nA or µS
        What one weight code of it adds.
    strength : float32 (n,) or None
        Its own factor, see `Device.synapse_strength`.
    begin : int64 (n_entries,)
        First synapse of each entry.
    """

    synapse: np.ndarray
    step: np.ndarray
    strength: np.ndarray | None
    begin: np.ndarray

    def amplitude(self, weight: np.ndarray) -> np.ndarray:
        """Amplitudes of the table for other weights.

        Parameters
        ----------
        weight : uint8 (n_chips, 2, 256, 256)

        Returns
        -------
        float64 (n_entries,)
        """
        size = weight.ravel()[self.synapse] * self.step
        if self.strength is not None:
            size = size * self.strength
        return np.add.reduceat(size, self.begin) if len(self.begin) else size


@frozen
class Connections:
    """The connections that registers make.

    Attributes
    ----------
    synapses : SynapseTable
        Ordered by source, target, line and delay; parallel synapses are summed, but not over
        states of drivers with short-term plasticity, nor over ways. Its external inputs are
        followed by the `BackgroundInputs` of the chips.
    pulses : Pulses
        Which of them lie behind drivers with short-term plasticity.
    ways : Ways or None
        The ways of events over links, where they are followed.
    contributions : Contributions or None
        None where no synapses are watched, or amplitudes do not come from weight codes.
    """

    synapses: SynapseTable
    pulses: Pulses
    ways: Ways | None = None
    contributions: Contributions | None = None


def connect(
    configs: Sequence[ChipConfig],
    fpga: FpgaRouting,
    first: np.ndarray,
    n_sources: int,
    step: np.ndarray,
    latency: np.ndarray,
    amplitude: np.ndarray | None = None,
    delay: np.ndarray | None = None,
    strength: np.ndarray | None = None,
    drivers: DriverDynamics | None = None,
    watched: np.ndarray | None = None,
) -> Connections:
    """The connections that the registers make.

    Parameters
    ----------
    configs, fpga, first
        See `follow`.
    n_sources : int
        Neurons and external inputs.
    step : float64 (n_circuits, 2), nA or µS
        What one weight code adds at each input line of each circuit of all chips.
    latency : int (4,), steps
        Of each `Path`.
    amplitude : float64 (n_synapses,), optional
        What each synapse of all chips adds, in place of weight code times step: a chip whose
        weights are exact.
    delay : int (n_synapses,), optional
        Of each synapse, in place of the latency: a chip whose delays are as asked for.
    strength : float32 (n_synapses,), optional
        Factor of each synapse where weight codes are used, see `Device.synapse_strength`.
    drivers : DriverDynamics, optional
        Short-term plasticity of all drivers; by default all pulses are full ones.
    watched : int64 (n,), optional
        Synapses that stand in the table even if their weight is 0, because it will change.

    Raises
    ------
    ConfigError
        As `follow`; or two neurons are joined to one.
    """
    hits = follow(configs, fpga, first, n_sources, watched)
    parts = _driven(configs, first, hits, step, latency, amplitude, delay, strength, watched)
    n_sources += len(BackgroundInputs(configs))
    state = _driver_states(configs, hits, drivers)
    rows = hits.source, np.arange(n_sources), state
    table, _, number, made = _summed(len(first), n_sources, *rows, parts)
    known = None
    if watched is not None and amplitude is None:
        known = _contributions(hits, step, strength, *made)
    return Connections(table, _pulses(number, drivers), None, known)


def connect_by_links(
    configs: Sequence[ChipConfig],
    fpga: FpgaRouting,
    first: np.ndarray,
    n_sources: int,
    step: np.ndarray,
    latency: np.ndarray,
    timing: Timing,
    amplitude: np.ndarray | None = None,
    delay: np.ndarray | None = None,
    strength: np.ndarray | None = None,
    drivers: DriverDynamics | None = None,
    watched: np.ndarray | None = None,
) -> Connections:
    """The connections that the registers make, and the ways of their events over links.

    Parameters and errors are those of `connect`, and `timing` says when events are where. In the
    table, synapses of one source that its events reach over different buses stay apart.
    """
    hits = follow(configs, fpga, first, n_sources, watched)
    n_sources += len(BackgroundInputs(configs))
    hops = hits.hops
    last = present(hits.hop, len(hops.link))
    last = last[stable_order(hops.source[last])]
    rank = np.zeros(len(hops.link), np.int64)
    rank[last] = np.arange(len(last))
    parts = _driven(configs, first, hits, step, latency, amplitude, delay, strength, watched)
    rows = rank[hits.hop], hops.source[last], _driver_states(configs, hits, drivers)
    table, row, number, made = _summed(len(first), n_sources, *rows, parts)
    known = None
    if watched is not None and amplitude is None:
        known = _contributions(hits, step, strength, *made)
    begin, end = np.zeros((2, len(rank)), np.int64)
    begin[last] = np.searchsorted(row, np.arange(len(last)), side="left")
    end[last] = np.searchsorted(row, np.arange(len(last)), side="right")
    ways = make_ways(hops, len(configs), timing, begin, end)
    return Connections(table, _pulses(number, drivers), ways, known)


def _contributions(
    hits: Hits,
    step: np.ndarray,
    strength: np.ndarray | None,
    hit: np.ndarray,
    line: np.ndarray,
    order: np.ndarray,
    begin: np.ndarray,
) -> Contributions:
    """What `hit` at a `line`, entry by entry in this `order`, adds for one weight code."""
    synapse, line = hits.synapse[hit[order]], line[order]
    own = None if strength is None else strength[synapse]
    return Contributions(synapse, step[_circuit(synapse), line], own, begin)


def _circuit(synapse: np.ndarray) -> np.ndarray:
    """Circuit of each synapse, both counted over all chips."""
    return synapse // (chip.ROWS * chip.COLUMNS) * chip.COLUMNS + synapse % chip.COLUMNS


def _driver_states(
    configs: Sequence[ChipConfig], hits: Hits, drivers: DriverDynamics | None
) -> np.ndarray | None:
    """State of a driver that each hit comes from, int64 (n_hits,): see `Pulses`; -1 = none.

    None: all come from none.
    """
    if drivers is None or not drivers.enabled.any():
        return None
    state = np.full(len(hits.synapse), -1)
    driver = hits.synapse // (chip.COLUMNS * chip.ROWS_PER_DRIVER)
    there = np.flatnonzero(drivers.enabled[driver])
    address = Registers(configs).synapse_label.ravel()[hits.synapse[there]]
    state[there] = driver[there] * chip.LABELS + address
    return state


def _pulses(number: np.ndarray | None, drivers: DriverDynamics | None) -> Pulses:
    """The record of the synapses of a table whose `number` is not -1; None: it is for all."""
    if drivers is None or number is None:
        return Pulses.none()
    synapse = np.flatnonzero(number >= 0)
    if not len(synapse):
        return Pulses.none()
    return drivers.pulses(synapse, number[synapse])


def _driven(
    configs: Sequence[ChipConfig],
    first: np.ndarray,
    hits: Hits,
    step: np.ndarray,
    latency: np.ndarray,
    amplitude: np.ndarray | None,
    delay: np.ndarray | None,
    strength: np.ndarray | None,
    watched: np.ndarray | None,
) -> list:
    """What the events do: hit, target, line, delay and amplitude for each input line."""
    circuit = _circuit(hits.synapse)
    target = _neuron_of_circuit(configs, first)[circuit]
    parts = []
    if configs:
        registers = Registers(configs)
        mode = registers.row_mode.ravel()[hits.synapse // chip.COLUMNS]
        code = registers.synapse_weight.ravel()[hits.synapse]
        listed = None
        if watched is not None:
            listed = np.zeros(registers.synapse_weight.size, bool)
            listed[watched] = True
        for line in range(LINES):
            on = np.flatnonzero((mode >> line & 1).astype(bool) & (target >= 0))
            if not len(on):
                continue
            # most often all or none of them
            here = slice(None) if len(on) == len(mode) else on
            at = hits.synapse[here]
            if amplitude is not None:
                size = amplitude[at]
            else:
                size = code[here] * step[:, line][circuit[here]]
                if strength is not None:
                    size *= strength[at]
            wait = latency[hits.path[here]] if delay is None else delay[at]
            there = size != 0 if listed is None else (size != 0) | listed[at]
            if not there.all():
                kept = np.flatnonzero(there)
                here = on = on[kept]
                wait, size = wait[kept], size[kept]
            parts.append((on, target[here], np.full(len(on), line), wait, size))
    return parts


def _neuron_of_circuit(configs: Sequence[ChipConfig], first: np.ndarray) -> np.ndarray:
    """The neuron that each circuit of all chips belongs to by the switches, -1 = none."""
    if not configs:
        return np.empty(0, np.int64)
    joined = Registers(configs).switches[..., Switch.CONNECT_RIGHT].copy()
    # there is no switch between blocks
    joined[:, chip.COLUMNS_PER_BLOCK - 1 :: chip.COLUMNS_PER_BLOCK] = False
    begins = ~np.concatenate([[False], joined.ravel()[:-1]])
    component = np.cumsum(begins) - 1
    mine = component[first]
    neuron = np.full(component[-1] + 1, -1, np.int64)
    neuron[mine] = np.arange(len(first))
    clash = np.flatnonzero(neuron[mine] != np.arange(len(first)))
    if len(clash):
        raise ConfigError(
            f"the circuits of neurons {clash[0]} and {neuron[mine[clash[0]]]} are joined"
        )
    return neuron[component]


def _summed(
    n_neurons: int,
    n_sources: int,
    row: np.ndarray,
    source: np.ndarray,
    state: np.ndarray | None,
    parts: list,
) -> tuple[SynapseTable, np.ndarray, np.ndarray | None, tuple]:
    """Sum what has row, target, line, delay and state in common.

    Parameters
    ----------
    row : int64 (n_hits,)
    source : int64 (n_rows,)
        Of each row; does not descend.
    state : int64 (n_hits,) or None
        See `_driver_states`.
    parts : list
        See `_driven`.

    Returns
    -------
    SynapseTable
    row, state : int64 (n_synapses,)
        The latter None as the argument.
    made : tuple
        Hit and line of what is summed, the order that brings the entries together, and where each
        entry begins there.
    """
    if len(parts) != 1:
        empty = (np.empty(0, np.int64),) * 4 + (np.empty(0),)
        parts = [[np.concatenate(column) for column in zip(empty, *parts, strict=True)]]
    ((hit, target, line, delay, size),) = parts
    row = row[hit]
    key = row * n_neurons
    key += target
    key *= LINES
    key += line
    waits = distinct(delay)
    if len(waits) > 1:
        key *= len(waits)
        key += np.searchsorted(waits, delay)
    if state is None:
        order = stable_order(key)
        begin = starts(key[order])
    else:
        state = state[hit]
        order = np.lexsort((state, key))
        begin = np.flatnonzero(
            (np.diff(key[order], prepend=-1) != 0) | (np.diff(state[order], prepend=-2) != 0)
        )
    total = size[order]
    if len(begin) < len(order):
        total = np.add.reduceat(total, begin)
    one = order[begin]
    table = SynapseTable.from_pairs(
        n_neurons, n_sources, source[row[one]], target[one], line[one], total, delay[one]
    )
    return table, row[one], None if state is None else state[one], (hit, line, order, begin)
