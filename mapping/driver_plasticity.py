"""Short-term plasticity of a network on synapse drivers: who is served by which setting."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim._core.frozen import frozen

from .chips import NEUTRAL_TRIMS, driver_trims
from .errors import PlasticityError
from .network import Network, Projection, ShortTerm
from .route import Routing
from .weights import Joined

if TYPE_CHECKING:
    from .driver_fit import DriverFit

__all__ = ["DriverPlan", "Served", "coarse_drivers", "driver_plan", "driver_registers"]

#: Amplitudes that are further off, as a root of mean squares, are no approximation any more.
_MOST_ERROR = 0.25
#: From here on the deviation is told in a warning.
_TOLD_ERROR = 0.1
#: Most different dynamics that are looked at; more are made alike, the nearest first.
_MOST_KINDS = 32
_FINEST = 0.02  #: relative difference of those that are made alike first


@frozen
class Served:
    """Connections of one projection that drivers of one setting serve.

    Attributes
    ----------
    label : str
        Of the projection.
    connections : int
    use, tau_rec, tau_facil : tuple of float, ms
        Smallest and largest that are asked for.
    setting : int
        Position in the `DriverFit`.
    scale : float
        Mean of the connections.
    error : float
        Of the connection whose amplitudes are furthest off.
    """

    label: str
    connections: int
    use: tuple[float, float]
    tau_rec: tuple[float, float]
    tau_facil: tuple[float, float]
    setting: int
    scale: float
    error: float


@frozen
class DriverPlan:
    """The settings of drivers for all connections of a network.

    Attributes
    ----------
    fit : DriverFit or None
        None where no driver has short-term plasticity.
    setting : int64 (n_connections,)
        0 for drivers without, else 1 + the position in `fit`.
    scale : float64 (n_connections,)
        Weight on the chip over the one asked for.
    served : tuple of Served
    """

    fit: DriverFit | None
    setting: np.ndarray
    scale: np.ndarray
    served: tuple[Served, ...] = ()

    @classmethod
    def none(cls, n: int) -> DriverPlan:
        """No short-term plasticity of drivers."""
        return cls(None, np.broadcast_to(0, n), np.broadcast_to(1.0, n))

    def driven(self, joined: Joined) -> Joined:
        """The connections with the weights that the chip is to have, and their settings."""
        if self.fit is None:
            return joined
        return replace(
            joined,
            weight=joined.weight * self.scale,
            reach=None if joined.reach is None else joined.reach * self.scale,
            setting=self.setting,
        )

    def undriven(self, weight: np.ndarray, silent: np.ndarray) -> np.ndarray:
        """Weights as the user counts them, float64 (n_connections,), of those on the chip.

        Parameters
        ----------
        weight, silent : float64 (n_connections,)
            The latter of synapses that never transmit (U = 0).
        """
        if self.fit is None:
            return weight
        never = self.scale == 0
        return np.where(never, silent, weight / np.where(never, 1.0, self.scale))


def driver_plan(network: Network, model: ChipModel, n_connections: int) -> DriverPlan:
    """Find settings of drivers for the synapses with short-term plasticity.

    Where routing is lifted there are no drivers, and no synapses for them.

    Raises
    ------
    PlasticityError
        No driver does nearly what is asked for, or its state cannot begin as asked.
    """
    terms = {k: p.short_term for k, p in enumerate(network.projections) if p.short_term is not None}
    plastic = list(terms)
    if model.routing == "lifted" or not plastic:
        return DriverPlan.none(n_connections)
    first_generated = _generated(network)
    for k in plastic:
        _check(network.projections[k], terms[k], first_generated)
    asked = np.concatenate([_asked(network, network.projections[k], terms[k]) for k in plastic])
    owner = np.repeat(plastic, [len(network.projections[k].pre) for k in plastic])
    if not len(asked):
        return DriverPlan.none(n_connections)
    from .driver_fit import fit_drivers  # networks without short-term plasticity start sooner

    kind, kinds, count = _kinds(asked)
    fit = fit_drivers(kinds, count.astype(np.float64))
    _check_errors(network, owner, asked, fit.error[kind])
    offset = np.concatenate([[0], np.cumsum([len(p.pre) for p in network.projections])])
    where = np.concatenate([np.arange(offset[k], offset[k + 1]) for k in plastic])
    setting, scale = np.zeros(n_connections, np.int64), np.ones(n_connections)
    setting[where] = 1 + fit.setting[kind]
    scale[where] = fit.scale[kind]
    return DriverPlan(fit, setting, scale, _served(network, owner, asked, kind, fit))


def _generated(network: Network) -> np.ndarray:
    """Which sources are made by generators on the chips: bool (n_sources,)."""
    result = np.zeros(network.n_sources, bool)
    first = network.n_neurons
    for sources in network.sources:
        result[first : first + sources.size] = sources.on_chip is not None
        first += sources.size
    return result


def _check(projection: Projection, term: ShortTerm, generated: np.ndarray) -> None:
    """Refuse what no setting of a driver can do."""
    begun = term.u_initial != 0
    if begun.any():
        raise PlasticityError(
            f"{projection.label}: u = {term.u_initial[begun][0]:g} at the start "
            f"({int(begun.sum())} of {len(begun)} connections); synapse drivers begin recovered. "
            "Leave u at 0, or use a chip model with routing='lifted', such as 'ideal'"
        )
    if generated[projection.pre].any():
        raise PlasticityError(
            f"{projection.label}: its sources are generators on the chip, whose events go to "
            "drivers without short-term plasticity; use sources on the host (on_chip=False), or a "
            "chip model with routing='lifted', such as 'ideal'"
        )


def _asked(network: Network, projection: Projection, term: ShortTerm) -> np.ndarray:
    """What `fit_drivers` takes: float64 (n, 4); inputs have the mean time constant of all cells."""
    tau_syn = np.concatenate(
        [np.empty(0), *(population.tau_syn[projection.line] for population in network.populations)]
    )
    psc = tau_syn[projection.post].mean() if len(projection.post) else 1.0
    columns = (term.use, term.tau_rec, term.tau_facil, np.full(len(term.use), psc))
    return np.stack(columns, axis=1)


def _kinds(asked: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Different dynamics: kind of each connection, parameters and number of each kind."""
    known, kind = np.unique(asked, axis=0, return_inverse=True)
    kind = kind.reshape(-1)
    coarse = _FINEST
    while len(known) > _MOST_KINDS:
        # no facilitation, 0 ms, stays apart from some
        cells = np.rint(np.log(np.maximum(asked, 1e-3)) / coarse)
        known, kind = np.unique(cells, axis=0, return_inverse=True)
        kind = kind.reshape(-1)
        coarse *= 2
    count = np.bincount(kind)
    mean = [np.bincount(kind, column) / count for column in asked.T]
    return kind, np.stack(mean, axis=1), count


def _check_errors(
    network: Network, owner: np.ndarray, asked: np.ndarray, error: np.ndarray
) -> None:
    bad = error > _MOST_ERROR
    if not bad.any():
        return
    worst = int(error.argmax())
    use, rec, facil, _ = asked[worst]
    raise PlasticityError(
        f"{network.projections[owner[worst]].label}: U = {use:g}, tau_rec = {rec:g} ms, "
        f"tau_facil = {facil:g} ms ({int(bad.sum())} of {len(bad)} connections with short-term "
        "plasticity): a synapse driver facilitates or depresses, and in regular trains the nearest "
        f"it can do is off by {100 * error[worst]:.0f} % of the amplitudes (at most "
        f"{100 * _MOST_ERROR:.0f} % are taken). Let one of the two prevail (a small U for "
        "facilitation, tau_facil = 0 for depression), or use a chip model with routing='lifted', "
        "such as 'ideal'"
    )


def _served(
    network: Network, owner: np.ndarray, asked: np.ndarray, kind: np.ndarray, fit: DriverFit
) -> tuple[Served, ...]:
    setting, found = fit.setting[kind], []
    for k, s in np.unique(np.stack([owner, setting], axis=1), axis=0).tolist():
        mine = np.flatnonzero((owner == k) & (setting == s))
        low, high = asked[mine].min(axis=0).tolist(), asked[mine].max(axis=0).tolist()
        use, tau_rec, tau_facil = zip(low[:3], high[:3], strict=True)
        found.append(
            Served(
                network.projections[k].label,
                len(mine),
                use,
                tau_rec,
                tau_facil,
                setting=s,
                scale=float(fit.scale[kind[mine]].mean()),
                error=float(fit.error[kind[mine]].max()),
            )
        )
    return tuple(found)


def coarse_drivers(plan: DriverPlan) -> tuple[str, ...]:
    """A sentence for each projection and setting whose amplitudes deviate much."""
    return tuple(
        f"{s.label}: short-term plasticity of {s.connections} connections deviates by "
        f"{100 * s.error:.0f} % of the amplitudes in regular trains; see mapping_report()"
        for s in plan.served
        if s.error > _TOLD_ERROR
    )


def driver_registers(plan: DriverPlan, routing: Routing, model: ChipModel) -> dict[str, np.ndarray]:
    """Registers of short-term plasticity of all chips: dict of arrays (n_chips, ...)."""
    if plan.fit is None:
        return {}
    fit, chips = plan.fit, routing.placement.chips
    setting = plan.setting[routing.connection]
    of_driver = np.zeros((chips, chip.HEMISPHERES, chip.DRIVERS), np.int64)
    of_driver.ravel()[routing.synapse // (chip.COLUMNS * chip.ROWS_PER_DRIVER)] = setting
    plastic = of_driver > 0
    codes = {
        f"stp_{name}": np.concatenate([[0], getattr(fit, name)])[of_driver]
        for name in ("utilization", "recovery", "target")
    }
    per_quadrant = (chips, chip.QUADRANTS, chip.STP_TARGETS)
    return codes | {
        "stp_offset": np.where(plastic, driver_trims(model, chips), NEUTRAL_TRIMS),
        "stp_enable": plastic,
        "stp_recovery_enable": plastic,
        "stp_clock_enable": plastic.any(axis=2),
        "stp_clock_speed": np.full((chips, chip.HEMISPHERES), fit.speed),
        "stp_v_charge": np.broadcast_to(fit.charge, per_quadrant),
        "stp_v_recover": np.broadcast_to(fit.recover, per_quadrant),
    }
