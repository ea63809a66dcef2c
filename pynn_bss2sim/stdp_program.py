"""Spike-timing dependent plasticity on chips whose weights are registers.

There each synapse has correlation sensors, which a program on the plasticity processors reads from
time to time. It differs from the rule that a script asks for: a sensor pairs each spike with the
nearest one only, its time constants are the chip's, weights are 6-bit codes, and they change only
when the program runs.

No sensor sees single spikes, of which `Vogels2011Rule` needs the presynaptic ones. But each neuron
of the chip has a rate counter, so the rule works between neurons of one chip.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from pyNN import errors

from . import simulator
from ._core import hicannx as chip
from .capture import members
from .plasticity_rules import PlasticityRule, Timer
from .standardmodels.plasticity import Vogels2011Rule

if TYPE_CHECKING:
    from ._core.ppu.handles import SynapseArrayViewHandle
    from .mapping import Mapping
    from .mapping.network import SpikePairs
    from .mapping.report import Section
    from .observables import Recording
    from .projections import Projection

__all__ = ["UPDATE_PERIOD", "StdpProgram", "stdp_section"]

logger = logging.getLogger(__name__)

#: Time (ms of the model) between two runs of the program.
UPDATE_PERIOD = 500.0
#: More periods than any run lasts.
_FOREVER = 1 << 40
#: Fall of a reading (LSB) at which a sensor is emptied.
_HALF_FULL = (chip.SENSOR_BASELINE - chip.SENSOR_FLOOR) / 2.0
#: Parts of a weight code that the program computes with; sums fit into the 32 bits of a lane's
#: accumulator.
_FRACTION = 1 << 16


class StdpProgram(PlasticityRule):
    """Reads the correlation sensors of one projection and changes its weights.

    For each weight code a table holds what one LSB of each sensor does to it, in parts of a code.
    Sums are rounded at random, so that small changes are not lost, and a weight stays between the
    codes of `w_min` and `w_max`.

    With `Vogels2011Rule` pairs count as much more as the time constant of the sensors is shorter
    than the one asked for, so that pairs of independent spikes have the same effect on average;
    each spike that the rate counter of a source has counted depresses.

    Parameters
    ----------
    projection : Projection
        With an `STDPMechanism`.

    Raises
    ------
    pyNN.errors.ConnectionError
        The rule needs what no sensor measures.
    """

    def __init__(self, projection: Projection) -> None:
        super().__init__(Timer(start=0.0, period=UPDATE_PERIOD, num_periods=_FOREVER))
        self.projection = projection
        self._counts = np.zeros(0, np.int64)
        self._counters = self._find_counters() if self._vogels else []
        self._baseline: dict = {}
        self._last: dict = {}
        #: mapping for which `_tables` and `_source` are
        self._asked: Mapping | None = None
        self._tables: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
        self._source: np.ndarray
        logger.warning("%s: %s", projection.label, self.deviations())

    @property
    def label(self) -> str:
        """How messages call the program."""
        return f"STDP of {self.projection.label}"

    @property
    def _vogels(self) -> bool:
        return isinstance(self.projection.synapse_type.timing_dependence, Vogels2011Rule)

    def _find_counters(self) -> list[StdpProgram]:
        """The programs that read the rate counters of the sources; each counter is read by one."""
        found = []
        for population in dict.fromkeys(p.root for p in members(self.projection.pre)):
            if population.is_source:
                raise errors.ConnectionError(
                    f"{self.projection.label}: Vogels2011Rule counts presynaptic spikes, and "
                    f"{simulator.state.chip!r} has counters for its neurons, none for external "
                    f"inputs such as {population.label!r}; let a population of neurons be the "
                    "source, write a PlasticityRule, or take the chip model 'ideal'"
                )
            if population.plasticity_rule is None:
                self.add_neurons(population)
            if not isinstance(population.plasticity_rule, StdpProgram):
                raise errors.ConnectionError(
                    f"{self.projection.label}: Vogels2011Rule reads the rate counters of "
                    f"{population.label!r}, which {population.plasticity_rule.label} reads, too; "
                    "let one PlasticityRule do both"
                )
            found.append(population.plasticity_rule)
        return list(dict.fromkeys(found))

    def _pairs(self) -> SpikePairs:
        return self.projection.synapse_type.spike_pairs(self.projection.columns)

    def deviations(self) -> str:
        """In what the chip differs from the rule that is asked for."""
        pairs = self._pairs()

        def spread(values: np.ndarray) -> str:
            low, high = values.min(initial=np.inf), values.max(initial=-np.inf)
            return f"{low:g}" if low == high else f"{low:g} to {high:g}"

        asked = f"{spread(pairs.tau_pre)} and {spread(pairs.tau_post)}"
        counted = (
            "presynaptic spikes by the rate counters of the neurons, at most "
            f"{chip.COUNTER_MAX} between two changes, rates above rho where spikes come in bursts "
            "or inhibition keeps pairs apart, "
            if self._vogels
            else ""
        )
        return (
            f"STDP by the chip's correlation sensors: nearest pairs of spikes only, time constants "
            f"of about {chip.SENSOR_TAU:g} ms ({asked} ms asked), the whole delay before the "
            f"synapse (dendritic_delay_fraction {spread(pairs.dendritic)} asked), {counted}"
            f"6-bit weights, changed every {UPDATE_PERIOD:g} ms. The chip model 'ideal' follows "
            "the rule event by event"
        )

    def kernel(self, synapses: list, neurons: list, recording: Recording) -> None:
        """Read the sensors and change the weights."""
        rule, tables, lowest, highest = self._codes()
        depression = self._depression(neurons, recording.time == 0.0)
        seed = simulator.state.chip.seed, simulator.state.step
        random = np.random.default_rng(seed)
        for handle in synapses:
            seen = self._seen(handle, recording.time == 0.0)
            here = np.maximum(handle.connection, 0)
            code = handle.weights.astype(np.int64)
            change = tables[:, rule[here], code] * seen
            fine = _FRACTION * code + change.sum(axis=0) + depression[here]
            rounded = (fine + random.integers(0, _FRACTION, fine.shape)) // _FRACTION
            handle.weights = np.clip(rounded, lowest[here], highest[here])

    def _depression(self, neurons: list, empty: bool) -> np.ndarray:
        """What the presynaptic spikes since the last run do to each connection: int64 (n,)."""
        state = simulator.state
        self._counts = np.zeros(state.mapping.network.n_neurons, np.int64)
        for handle in neurons:
            counts = handle.counters(reset=True)
            self._counts[handle.neuron] = 0 if empty else counts
        if not self._counters:
            return np.zeros(len(self.projection), np.int64)
        counts = np.sum([program._counts for program in self._counters], axis=0)
        each = _FRACTION * self._pairs().constant
        each /= state.capture.collect(self.projection, state.mapping.units)
        return np.rint(each * counts[self._source]).astype(np.int64)

    def _find_sources(self) -> np.ndarray:
        """Which neuron of the network each connection comes from: int64 (n,).

        Raises
        ------
        pyNN.errors.ConnectionError
            It is on another chip than the synapse.
        """
        capture, placement = simulator.state.capture, simulator.state.mapping.placement
        records = capture.network.projections
        pre, post = (
            np.asarray(capture.collect(self.projection, [getattr(r, end) for r in records]), int)
            for end in ("pre", "post")
        )
        far = placement.chip[pre] != placement.chip[post]
        if far.any():
            raise errors.ConnectionError(
                f"{self.projection.label}: Vogels2011Rule: {np.count_nonzero(far)} of {len(far)} "
                "connections come from another chip, whose rate counters the plasticity processors "
                "do not reach; let the populations fit on one chip, or take the chip model 'ideal'"
            )
        return pre

    def _seen(self, handle: SynapseArrayViewHandle, empty: bool) -> np.ndarray:
        """What the sensors have seen since they were last read: int64 (2, n, m), LSB.

        A pair adds less than an LSB, so rows of sensors are emptied only when they are half full.
        """
        key = handle.chip, handle.hemisphere, handle.rows.tobytes(), handle.columns.tobytes()
        now = np.stack([handle.causal, handle.acausal]).astype(np.int64)
        if empty or key not in self._baseline:
            handle.reset_correlations()
            self._baseline[key] = self._last[key] = now
            return np.zeros_like(now)
        baseline = self._baseline[key]
        seen = self._last[key] - now
        full = (baseline - now > _HALF_FULL) & handle.connected
        for row in np.flatnonzero(full.any(axis=(0, 2))):
            handle.reset_correlation(row)
            now[:, row] = baseline[:, row]
        self._last[key] = now
        return seen

    def _codes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Which table each connection uses, the tables, and the range of each connection's codes.

        Returns
        -------
        rule : int64 (n,)
        tables : int64 (2, n_rules, 64)
            What one LSB of the causal and of the acausal sensor does to each code.
        lowest, highest : int64 (n,)
        """
        state, pairs = simulator.state, self._pairs()
        if self._asked is state.mapping:
            return self._tables
        unit = state.capture.collect(self.projection, state.mapping.units)
        names = ("up", "up_power", "tau_pre", "down", "down_power", "tau_post", "w_from", "w_to")
        columns = np.stack([getattr(pairs, name) for name in names] + [unit], axis=1)
        rules, rule = np.unique(columns, axis=0, return_inverse=True)
        up, up_power, tau_pre, down, down_power, tau_post, w_from, w_to, unit = rules.T[
            :, :, np.newaxis
        ]
        place = (np.arange(chip.WEIGHT_MAX + 1) * unit - w_from) / (w_to - w_from)
        place = np.clip(place, 0.0, 1.0)
        per_lsb = _FRACTION / (unit * chip.SENSOR_AMPLITUDE)
        if self._vogels:
            up, down = up * tau_pre / chip.SENSOR_TAU, down * tau_post / chip.SENSOR_TAU
        tables = np.rint(
            [up * (1.0 - place) ** up_power * per_lsb, down * place**down_power * per_lsb]
        ).astype(np.int64)
        ends = [np.rint(end[:, 0] / unit[:, 0]).astype(np.int64) for end in (w_from, w_to)]
        rule = rule.reshape(-1)
        lowest, highest = (np.clip(end, 0, chip.WEIGHT_MAX)[rule] for end in ends)
        self._asked, self._tables = state.mapping, (rule, tables, lowest, highest)
        if self._vogels:
            self._source = self._find_sources()
        # a network that is mapped anew has empty sensors
        self._baseline, self._last = {}, {}
        return self._tables


def stdp_section(projections: Sequence[Projection]) -> Section | None:
    """What the report tells of projections with STDP on the chip's processors; None = nothing."""
    programs = [
        p.plasticity_rule for p in projections if isinstance(p.plasticity_rule, StdpProgram)
    ]
    if not programs:
        return None
    from .mapping.report import Section  # a run starts sooner without

    lines = tuple(f"{p.projection.label}: {p.deviations()}." for p in programs)
    return Section("stdp", "STDP on the plasticity processors", lines=lines)
