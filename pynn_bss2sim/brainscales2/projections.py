"""Projections: connections with weights in codes of synapses."""

from __future__ import annotations

from typing import Any

import numpy as np
from pyNN import common, errors
from pyNN.space import Space

from pynn_bss2sim import connection
from pynn_bss2sim import projections as frontend
from pynn_bss2sim.columns import Columns

from . import simulator
from .dlens_vx_v3.halco import SynapseOnSynapseRow, SynapseRowOnDLS
from .plasticity_rules import ObservablePerSynapse
from .standardmodels.synapses import StaticSynapse

__all__ = ["Connection", "PlacedSynapse", "Projection"]


class Connection(connection.Connection):
    """One connection of a projection."""

    @property
    def pop_pre_index(self) -> int:
        """Position of the presynaptic cell in its population."""
        return int(self.projection.pre.cell_index[self.presynaptic_index])

    @property
    def pop_post_index(self) -> int:
        """Position of the postsynaptic cell in its population."""
        return int(self.projection.post.cell_index[self.postsynaptic_index])


class PlacedSynapse:
    """Where a synapse lies.

    Attributes
    ----------
    synapse_row : SynapseRowOnDLS
    synapse_on_row : SynapseOnSynapseRow
    """

    __slots__ = ("synapse_on_row", "synapse_row")

    def __init__(self, synapse: int) -> None:
        row, column = divmod(synapse, SynapseOnSynapseRow.size)
        self.synapse_row = SynapseRowOnDLS(row % SynapseRowOnDLS.size)
        self.synapse_on_row = SynapseOnSynapseRow(column)

    def __repr__(self) -> str:
        return f"PlacedSynapse({int(self.synapse_row)}, {int(self.synapse_on_row)})"


class Projection(frontend.Projection):
    """Connections between two groups of cells.

    Parameters
    ----------
    presynaptic_population, postsynaptic_population : Population or PopulationView
    connector : Connector
    synapse_type : StaticSynapse, optional
    source : None
    receptor_type : {"excitatory", "inhibitory"}, optional
        By default that of the sign of the weight.
    space : Space, optional
    label : str, optional

    Raises
    ------
    pyNN.errors.ConnectionError
        A weight has the wrong sign, or the postsynaptic cells have no such receptor.
    ValueError
        A delay is not 0, or a compartment is named.
    """

    _simulator = simulator
    _static_synapse_class = StaticSynapse

    def __init__(
        self,
        presynaptic_population: Any,
        postsynaptic_population: Any,
        connector: Any,
        synapse_type: Any = None,
        source: Any = None,
        receptor_type: str | None = None,
        space: Any = None,
        label: str | None = None,
    ) -> None:
        state = simulator.current("Projection()")
        self._refuse_source_target(postsynaptic_population, label)
        common.Projection.__init__(
            self, presynaptic_population, postsynaptic_population, connector, synapse_type, source,
            receptor_type, Space() if space is None else space, label,
        )  # fmt: skip
        self._refuse_compartments(connector)
        self.columns = Columns(self.synapse_type.get_parameter_names())
        connector.connect(self)
        self._sort()
        self.initial: dict = {}
        self.replace({name: self.columns[name] for name in self.columns.names})
        state.projections.append(self)

    def _refuse_compartments(self, connector: Any) -> None:
        for name in ("location_selector", "source_location_selector"):
            label = getattr(connector, name, None)
            if label is not None:
                raise ValueError(
                    f"{self.label}: {name}={label!r}: its cells have one compartment; leave it out"
                )

    def _sort(self) -> None:
        """Order connections by presynaptic, then by postsynaptic cell."""
        columns = self.columns
        order = np.lexsort((columns.post, columns.pre))
        for name in ("pre", "post", *columns.names):
            columns[name] = columns[name][order]

    def replace(self, columns: dict[str, Any], some: slice | int = slice(None)) -> None:
        """Give all connections, or `some`, new attributes: dict of str to float or float64 (n,)."""
        whole = {name: self.columns[name].copy() for name in columns}
        for name, values in columns.items():
            whole[name][some] = values
        columns = whole
        if "delay" in columns and np.any(columns["delay"] != 0):
            delays = columns["delay"]
            raise ValueError(
                f"{self.label}: delay = {delays[np.flatnonzero(delays)[0]]:g} ms: the chip has no "
                "delays; leave it out"
            )
        if "weight" in columns:
            columns = {**columns, "weight": self._codes(columns["weight"])}
        for name, values in columns.items():
            self.columns[name] = values

    def _codes(self, weights: np.ndarray) -> np.ndarray:
        """Weights rounded to codes: float64 (n,)."""
        codes = np.rint(np.asarray(weights, np.float64)) + 0.0
        inhibitory = self.receptor_type == "inhibitory"
        # of a conductance, the reversal potential makes the sign
        if inhibitory and self.post.conductance_based:
            return -np.abs(codes)
        bad = ~np.isfinite(codes) | (codes > 0 if inhibitory else codes < 0)
        if bad.any():
            k = int(np.flatnonzero(bad)[0])
            raise errors.ConnectionError(
                f"{self.label}: weight = {weights[k]:g} of the connection {self.columns.pre[k]} → "
                f"{self.columns.post[k]} ({np.count_nonzero(bad)} of {len(bad)} connections): "
                f"give {self.receptor_type} weights of 0 or {'less' if inhibitory else 'more'}"
            )
        return codes

    def realised(self, name: str) -> np.ndarray:
        """What the synapses hold of an attribute: float64 (n,)."""
        return self.columns[name]

    def short_term(self) -> None:
        """The chip's frontend has no short-term plasticity."""
        return

    def __getitem__(self, i: int | slice) -> Connection | list[Connection]:
        """Return a `Connection`, or with a slice a list of them."""
        found = super().__getitem__(i)
        if isinstance(found, list):
            return [Connection(self, one.index) for one in found]
        return Connection(self, found.index)

    @property
    def connections(self) -> list[Connection]:  # type: ignore[override]  # as the chip's frontend
        """All connections, ordered by presynaptic, then by postsynaptic cell."""
        return self[:]

    def get_data(self, observable: str) -> list:
        """Return what the plasticity rule of the synapses has recorded of them.

        Returns
        -------
        list
            For each snippet its samples, see `plasticity_rules.Sample`, or None.

        Raises
        ------
        RuntimeError
            There is no rule or observable, or nothing has been executed.
        TypeError
            The observable is not one of synapses.
        """
        rule = self.synapse_type.plasticity_rule
        if rule is None:
            raise RuntimeError(f"{self.label}: its synapses have no plasticity rule")
        return rule.samples(observable, self, ObservablePerSynapse)

    @property
    def placed_connections(self) -> list[list[PlacedSynapse]]:
        """The synapses of each connection.

        Raises
        ------
        RuntimeError
            Nothing has been mapped yet.
        """
        state = simulator.current("placed_connections")
        if not state.experiment.knows(self):
            raise RuntimeError(
                f"{self.label}: its connections have no places yet; call run() first, or "
                "run(None, RunCommand.PREPARE)"
            )
        return [
            [PlacedSynapse(s) for s in synapses.tolist()]
            for synapses in state.experiment.synapses_of(self)
        ]
