"""Short-term plasticity as asked for, and what a synapse driver can do of it.

A driver either facilitates or depresses (`_core/pulses.py`); it has a utilization, a recovery time
and one of the two pairs of target voltages that there are. What is asked for is compared with that
by the amplitudes in regular trains, up to a common factor, which goes into the weights. All
drivers of all chips have the same two pairs and the same recovery clock.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import combinations_with_replacement

import numpy as np

from pynn_bss2sim._core import curves
from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.frozen import frozen
from pynn_bss2sim._core.plasticity import Releases
from pynn_bss2sim._core.pulses import PulsePlan
from pynn_bss2sim._core.reference_plasticity import ReleaseSites
from pynn_bss2sim._core.reference_pulses import DriverStates

__all__ = ["RATES", "SPIKES", "DriverFit", "asked_responses", "fit_drivers"]

#: Trains by which amplitudes are compared: so many spikes at each of these rates, in 1/s.
RATES = (5.0, 10.0, 20.0, 50.0, 100.0)
SPIKES = 10
#: Of the trains, ms.
_STEP = 0.1
_MS_PER_S = 1e3
#: Of two target voltages one always gives the full pulse, the other this part of it.
_OTHER_END = np.arange(10) / 10
#: Most different settings of drivers. Each takes drivers of its own, in each synapse array.
_MOST_SETTINGS = 8


@frozen
class DriverFit:
    """Settings of drivers, and which of them serves each of n asked dynamics.

    Attributes
    ----------
    setting : int64 (n,)
        Position in the arrays below, of length m.
    scale : float64 (n,)
        Weight on the chip, that of a full pulse, over the one asked for.
    error : float64 (n,)
        Root of the mean square error of amplitudes over that of the amplitudes.
    utilization, recovery, target : int64 (m,)
        Registers of a driver.
    charge, recover : int64 (2,)
        Codes of both pairs of target voltages.
    speed : int
        Of the recovery clock.
    """

    setting: np.ndarray
    scale: np.ndarray
    error: np.ndarray
    utilization: np.ndarray
    recovery: np.ndarray
    target: np.ndarray
    charge: np.ndarray
    recover: np.ndarray
    speed: int


def _spike_steps() -> np.ndarray:
    """Steps of the spikes of each train: int64 (n_trains, SPIKES)."""
    interval = np.rint(_MS_PER_S / np.array(RATES) / _STEP).astype(np.int64)
    return interval[:, np.newaxis] * np.arange(1, SPIKES + 1)


def _responses(make: Callable[[], ReleaseSites | DriverStates], n: int) -> np.ndarray:
    """What `n` synapses do at the spikes of all trains, each begun by what `make` returns."""
    result = np.empty((len(RATES), SPIKES, n))
    for train, steps in zip(result, _spike_steps(), strict=True):
        states = make()
        for row, step in zip(train, steps.tolist(), strict=True):
            states.event(0, step, row)
    return result.reshape(-1, n).T.copy()


def asked_responses(asked: np.ndarray) -> np.ndarray:
    """Amplitudes of Tsodyks-Markram synapses in the trains, over their weight.

    Parameters
    ----------
    asked : float64 (n, 4)
        U, and tau_rec, tau_facil and the time constant of the synaptic input in ms.

    Returns
    -------
    float64 (n, n_trains * SPIKES)
    """
    n = len(asked)
    use, rec, facil, psc = asked.T
    plan = Releases(
        indptr=np.array([0, n]),
        use=use,
        rate_rec=_STEP / rec,
        rate_facil=np.where(facil > 0, _STEP / np.where(facil > 0, facil, 1.0), 0.0),
        rate_psc=_STEP / psc,
        member_indptr=np.arange(n + 1),
        member=np.arange(n),
        amplitude=np.ones(n),
        group=np.arange(n),
    )

    def begin() -> ReleaseSites:
        sites = ReleaseSites(plan)
        sites.x[:] = 1.0
        return sites

    return _responses(begin, n)


@lru_cache(maxsize=1)
def _charging() -> np.ndarray:
    """How far drivers have charged in the trains, from 0 to 1, if they recover to 0.

    Returns
    -------
    float64 (n_speeds, n_codes of utilization, n_codes of recovery, n_trains * SPIKES)
    """
    codes = np.arange(chip.STP_CODE_MAX + 1)
    speed, use, recovery = np.meshgrid(
        np.arange(chip.STP_SPEED_MAX + 1), codes, codes, indexing="ij"
    )
    n = speed.size
    plan = PulsePlan(
        indptr=np.array([0, n]),
        state=np.arange(n),
        member_indptr=np.arange(n + 1),
        member=np.arange(n),
        amplitude=np.ones(n),
        number=np.arange(n),
        use=curves.utilization(use.ravel()),
        rate=_STEP / curves.recovery_time(recovery.ravel(), speed.ravel()),
        charged=np.ones(n),
        recovered=np.zeros(n),
    )
    result = _responses(lambda: DriverStates(plan), n).reshape(*speed.shape, -1)
    result.flags.writeable = False
    return result


def _candidates() -> tuple[np.ndarray, np.ndarray]:
    """Pulses at the charge and recover voltage of pairs that may be chosen: float64 (n,) each."""
    full = np.ones(len(_OTHER_END))
    return np.concatenate([full, _OTHER_END]), np.concatenate([_OTHER_END, full])


def _voltage(pulse: np.ndarray) -> np.ndarray:
    """Codes of the voltages that give so long a pulse: int64 (n,)."""
    return np.rint((pulse - curves.PULSE.offset) / curves.PULSE.slope).astype(np.int64)


class _Comparison:
    """How well each setting of a driver does what is asked for.

    Parameters
    ----------
    asked : float64 (n, n_trains * SPIKES)
        Amplitudes.
    speed : int
        Of the recovery clock.
    charge, recover : float64 (n_pairs,)
        Pulses at the target voltages.
    """

    def __init__(
        self, asked: np.ndarray, speed: int, charge: np.ndarray, recover: np.ndarray
    ) -> None:
        charging = _charging()[speed].reshape(-1, asked.shape[1])
        contrast = (charge - recover)[:, np.newaxis]
        base = recover[:, np.newaxis]
        n_spikes = asked.shape[1]
        # of the driver's amplitudes, base + contrast * charging: (n_pairs, n_settings)
        self._square = (
            base**2 * n_spikes
            + 2 * base * contrast * charging.sum(axis=1)
            + contrast**2 * (charging**2).sum(axis=1)
        )
        # and with those asked for: (n, n_pairs, n_settings)
        product = (asked @ charging.T)[:, np.newaxis]
        self._product = base * asked.sum(axis=1)[:, np.newaxis, np.newaxis] + contrast * product
        self._asked = (asked**2).sum(axis=1)[:, np.newaxis, np.newaxis]

    def squared_error(self) -> np.ndarray:
        """Relative to the square of what is asked: float64 (n, n_pairs, n_settings), 0 to 1."""
        nothing = self._asked == 0
        alike = self._product**2 / np.where(nothing, 1.0, self._asked) / self._square
        return np.where(nothing, 0.0, np.clip(1.0 - alike, 0.0, 1.0))

    def scale(self) -> np.ndarray:
        """Factor with which the driver's amplitudes come nearest to those asked for."""
        return self._product / self._square


def fit_drivers(asked: np.ndarray, weight: np.ndarray) -> DriverFit:
    """The settings of drivers that come nearest to dynamics asked for.

    Parameters
    ----------
    asked : float64 (n, 4)
        See `asked_responses`; n >= 1.
    weight : float64 (n,)
        How much each counts.

    Returns
    -------
    DriverFit
    """
    responses = asked_responses(asked)
    charge, recover = _candidates()
    speed, pairs = _shared(responses, weight, charge, recover)
    comparison = _Comparison(responses, speed, charge[pairs], recover[pairs])
    n = len(asked)
    square = comparison.squared_error().reshape(n, -1)
    known, setting = np.unique(_few(square, weight), return_inverse=True)
    setting = setting.reshape(-1)
    chosen = np.arange(n), known[setting]
    target, codes = np.divmod(known, (chip.STP_CODE_MAX + 1) ** 2)
    utilization, recovery = np.divmod(codes, chip.STP_CODE_MAX + 1)
    return DriverFit(
        setting=setting,
        scale=comparison.scale().reshape(n, -1)[chosen],
        error=np.sqrt(square[chosen]),
        utilization=utilization,
        recovery=recovery,
        target=target,
        charge=_voltage(charge[pairs]),
        recover=_voltage(recover[pairs]),
        speed=speed,
    )


def _shared(
    responses: np.ndarray, weight: np.ndarray, charge: np.ndarray, recover: np.ndarray
) -> tuple[int, np.ndarray]:
    """What all drivers share: speed of the clock, and which two pairs of target voltages."""
    couples = np.array(list(combinations_with_replacement(range(len(charge)), chip.STP_TARGETS)))
    best, least = (0, couples[0]), np.inf
    for speed in range(chip.STP_SPEED_MAX + 1):
        square = _Comparison(responses, speed, charge, recover).squared_error().min(axis=2)
        total = (weight[:, np.newaxis] * square[:, couples].min(axis=2)).sum(axis=0)
        couple = int(total.argmin())
        if total[couple] < least:
            best, least = (speed, couples[couple]), float(total[couple])
    return best


def _few(square: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The setting of each dynamics: the best, of at most so many that there are drivers for all.

    Parameters
    ----------
    square : float64 (n, n_settings)
        Squared error of each setting.
    """
    kept = np.unique(square.argmin(axis=1))
    while len(kept) > _MOST_SETTINGS:
        # give up the setting whose loss costs least
        cost = np.empty(len(kept))
        for k in range(len(kept)):
            cost[k] = weight @ square[:, np.delete(kept, k)].min(axis=1)
        kept = np.delete(kept, int(cost.argmin()))
    return kept[square[:, kept].argmin(axis=1)]
