"""A mapped network without the script that made it: registers, routing, and the way back."""

from __future__ import annotations

from collections.abc import Mapping as Table
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.background import BackgroundInputs
from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim._core.config import ChipConfig, ConfigError
from pynn_bss2sim._core.connect import Connections
from pynn_bss2sim._core.event_path import FpgaRouting, follow
from pynn_bss2sim._core.frozen import frozen
from pynn_bss2sim._core.links import Ways
from pynn_bss2sim._core.pulses import Pulses
from pynn_bss2sim._core.records import Circuits, SynapseTable, Variable

from .connectivity import Lifted, read_back
from .errors import ConfigurationError
from .mapped import Mapping
from .place import Placement
from .translate import Scaling

__all__ = ["Cells", "Configuration"]

#: A row of what `Configuration.connections` returns.
CONNECTION = np.dtype(
    [
        ("pre", np.int64),
        ("post", np.int64),
        ("line", np.int64),
        ("weight", np.float64),
        ("delay", np.float64),
    ]
)
#: A row of what `Configuration.hits` returns.
HIT = np.dtype(
    [
        ("pre", np.int64),
        ("post", np.int64),
        ("code", np.int64),
        ("label", np.int64),
        ("chip", np.int64),
        ("hemisphere", np.int64),
        ("row", np.int64),
        ("column", np.int64),
    ]
)


@dataclass(frozen=True)
class Cells:
    """A population or a spike source.

    Attributes
    ----------
    label : str
    size : int
    receptors : tuple of str
        Of neurons; the position is the input line.
    recordables : dict of str to (int, str)
        Of neurons: the `Variable` that each name stands for, and its unit.
    """

    label: str
    size: int
    receptors: tuple[str, ...] = ()
    recordables: Table[str, tuple[int, str]] = field(default_factory=dict)


@frozen
class Configuration:
    """What chips and host must know to run a network.

    With ``routing="real"`` who reaches whom is in the registers and in `fpga`, and nowhere else;
    with ``parameters="10bit"`` so is what the neurons are. Only where the chip model lifts a limit
    is something held besides.

    Attributes
    ----------
    timestep : float, ms
    model : ChipModel
    populations, sources : tuple of Cells
        Neurons and external inputs, in the order in which they are counted; labels differ.
    chips : tuple of ChipConfig
        The registers of each chip.
    fpga : FpgaRouting
    placement : Placement
    scaling : Scaling
    initial : float64 (4, n_neurons)
        Values on the chip of each `Variable` at the start.
    lifted : Lifted or None
        What no register says of the synapses; None with ``routing="lifted"``.
    own_circuits : Circuits or None
        With ``parameters="exact"``.
    own_synapses : SynapseTable or None
        With ``routing="lifted"``.
    """

    timestep: float
    model: ChipModel
    populations: tuple[Cells, ...]
    sources: tuple[Cells, ...]
    chips: tuple[ChipConfig, ...]
    fpga: FpgaRouting
    placement: Placement
    scaling: Scaling
    initial: np.ndarray
    lifted: Lifted | None = None
    own_circuits: Circuits | None = None
    own_synapses: SynapseTable | None = None

    def __post_init__(self) -> None:
        labels = [cells.label for cells in (*self.populations, *self.sources)]
        twice = [label for label in labels if labels.count(label) > 1]
        if twice:
            raise ConfigurationError(
                f"two populations are called {twice[0]!r}; a configuration tells them apart by "
                "their labels, so give them different ones"
            )

    @classmethod
    def of(
        cls,
        mapping: Mapping,
        initial: np.ndarray | None = None,
        recordables: tuple[Table[str, tuple[int, str]], ...] | None = None,
    ) -> Configuration:
        """The configuration that a mapping has found.

        Parameters
        ----------
        mapping : Mapping
        initial : float64 (4, n_neurons), optional
            See the class; by default neurons are at rest.
        recordables : tuple of dict, optional
            See `Cells`, for each population; by default the membrane.

        Raises
        ------
        ConfigurationError
            Synapses are plastic; but for short-term plasticity of drivers, which registers hold.
        """
        network, routing = mapping.network, mapping.routing
        plastic = [p.label for p in network.projections if p.plastic]
        if routing is not None:  # drivers have short-term plasticity by their registers
            plastic = [p.label for p in network.projections if p.pairs is not None]
        if plastic:
            raise ConfigurationError(
                f"{plastic[0]}: plasticity of synapses is not part of a configuration; use "
                "StaticSynapse, or keep the script"
            )
        if initial is None:
            initial = np.zeros((len(Variable), network.n_neurons))
            initial[Variable.V] = mapping.circuits.e_leak
        if recordables is None:
            recordables = ({"v": (int(Variable.V), "mV")},) * len(network.populations)
        return cls(
            timestep=network.timestep,
            model=mapping.chip,
            populations=tuple(
                Cells(p.label, p.size, tuple(p.receptors), dict(names))
                for p, names in zip(network.populations, recordables, strict=True)
            ),
            sources=tuple(Cells(s.label, s.size) for s in network.sources),
            chips=mapping.configs,
            fpga=FpgaRouting.none() if routing is None else routing.fpga,
            placement=replace(mapping.placement, constraints=None),
            scaling=mapping.scaling,
            initial=initial,
            lifted=mapping.lifted,
            own_circuits=mapping.circuits if mapping.chip.parameters == "exact" else None,
            own_synapses=mapping.synapses if routing is None else None,
        )

    @property
    def n_neurons(self) -> int:
        """Neurons of all populations."""
        return sum(p.size for p in self.populations)

    @property
    def n_sources(self) -> int:
        """Neurons and external inputs."""
        return self.n_neurons + sum(s.size for s in self.sources)

    @cached_property
    def circuits(self) -> Circuits:
        """What the neurons are."""
        if self.own_circuits is not None:
            return self.own_circuits
        placement = self.placement
        return self.model.device.circuits(
            self.chips, placement.circuit, placement.count, self.timestep, noise=self.model.noise
        )

    @cached_property
    def _wired(self) -> Connections:
        if self.own_synapses is not None:
            return Connections(self.own_synapses, Pulses.none())
        assert self.lifted is not None
        return read_back(
            self.model,
            self.chips,
            self.fpga,
            self.placement,
            self.n_sources,
            self.timestep,
            self.lifted,
        )

    @property
    def synapses(self) -> SynapseTable:
        """Who reaches whom."""
        return self._wired.synapses

    @property
    def ways(self) -> Ways | None:
        """The links that events pass on their way to `synapses`; None where they limit nothing."""
        return self._wired.ways

    @property
    def pulses(self) -> Pulses:
        """Which synapses lie behind drivers with short-term plasticity."""
        return self._wired.pulses

    @cached_property
    def background(self) -> BackgroundInputs:
        """The inputs behind the external ones: generators that run on the chips."""
        return BackgroundInputs(self.chips if self.own_synapses is None else ())

    def altered(self, chip: int, **registers: np.ndarray) -> Configuration:
        """The same with other values in some registers of one chip.

        Parameters
        ----------
        chip : int
        **registers
            Arrays for fields of `ChipConfig`.

        Raises
        ------
        ConfigurationError
            There is no such chip, or with this chip model its registers have no effect.
        pynn_bss2sim._core.config.ConfigError
            There is no such register, or it cannot hold a value.
        """
        if not 0 <= chip < len(self.chips):
            raise ConfigurationError(
                f"chip {chip}: the registers of {len(self.chips)} chips are held"
                + ("" if self.chips else f"; {self.model!r} emulates none")
            )
        values = self.chips[chip].to_dict()
        unknown = sorted(set(registers) - set(values))
        if unknown:
            raise ConfigError(f"there is no register {unknown[0]!r}; there are {', '.join(values)}")
        chips = list(self.chips)
        chips[chip] = ChipConfig(**{**values, **registers})
        return replace(self, chips=tuple(chips))

    def connections(self, pre: str, post: str) -> np.ndarray:
        """Who of one population reaches whom of another, by what is configured.

        Parameters
        ----------
        pre, post : str
            Labels.

        Returns
        -------
        structured array (n,)
            ``pre`` and ``post``, positions in their populations; ``line``, position of the
            receptor; ``weight`` (nA or µS) and ``delay`` (ms).
        """
        table = self.synapses
        source = np.repeat(np.arange(table.n_sources), np.diff(table.indptr))
        target = table.target.astype(np.int64)
        mine, first_pre, first_post = self._between(source, target, pre, post)
        result = np.empty(len(mine), CONNECTION)
        result["pre"], result["post"] = source[mine] - first_pre, target[mine] - first_post
        result["line"] = table.line[mine]
        result["weight"] = table.amplitude[mine] / self.scaling.line_gain(target[mine])
        result["delay"] = np.round(table.delay[mine] * self.timestep, 12)
        return result

    def hits(self, pre: str, post: str) -> np.ndarray:
        """Which synapses of the chips the spikes of one population drive at another.

        Parameters
        ----------
        pre, post : str
            Labels.

        Returns
        -------
        structured array (n,)
            ``pre`` and ``post``, positions in their populations; ``code`` and ``label``, registers
            of the synapse; ``chip``, ``hemisphere``, ``row`` and ``column``, where it lies.

        Raises
        ------
        ConfigurationError
            The chip model lifts the routing, so that no synapses of chips are in use.
        """
        if self.lifted is None:
            raise ConfigurationError(f"{self.model!r} routes nothing: use connections()")
        found = follow(self.chips, self.fpga, self.placement.circuit, self.n_sources)
        array, within = np.divmod(found.synapse, chip.ROWS * chip.COLUMNS)
        owner = self.placement.owner()
        target = owner[array * chip.COLUMNS + within % chip.COLUMNS].astype(np.int64)
        mine, first_pre, first_post = self._between(found.source, target, pre, post)
        result = np.empty(len(mine), HIT)
        result["pre"], result["post"] = found.source[mine] - first_pre, target[mine] - first_post
        for name, register in (("code", "synapse_weight"), ("label", "synapse_label")):
            values = np.stack([getattr(c, register) for c in self.chips]).ravel()
            result[name] = values[found.synapse[mine]]
        result["chip"], result["hemisphere"] = np.divmod(array[mine], chip.HEMISPHERES)
        result["row"], result["column"] = np.divmod(within[mine], chip.COLUMNS)
        return result

    def _between(
        self, source: np.ndarray, target: np.ndarray, pre: str, post: str
    ) -> tuple[np.ndarray, int, int]:
        """Which pairs lead from `pre` to `post`, and the first index of each of the two."""
        first, last = self.extent(pre)
        begin, end = self.extent(post)
        wanted = (source >= first) & (source < last) & (target >= begin) & (target < end)
        return np.flatnonzero(wanted), first, begin

    def extent(self, label: str) -> tuple[int, int]:
        """First index of a population among all neurons and external inputs, and that behind it.

        Raises
        ------
        ConfigurationError
            No population has this label.
        """
        first = 0
        for cells in (*self.populations, *self.sources):
            if cells.label == label:
                return first, first + cells.size
            first += cells.size
        known = ", ".join(repr(c.label) for c in (*self.populations, *self.sources))
        raise ConfigurationError(f"no population is called {label!r}; there are {known or 'none'}")

    def __repr__(self) -> str:
        names = ", ".join(f"{c.label} ({c.size})" for c in (*self.populations, *self.sources))
        return (
            f"{type(self).__name__}({self.n_neurons} neurons on {self.placement.used} circuits of "
            f"{self.placement.chips} chips, {len(self.synapses)} connections, {self.model!r}: "
            f"{names})"
        )
