"""What registers and circuits of synapse drivers make of their short-term plasticity."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from . import curves, wiring
from . import hicannx as chip
from .config import ChipConfig
from .deviations import Deviations
from .frozen import frozen
from .pulses import Pulses

__all__ = ["DriverDynamics", "driver_dynamics", "driver_quadrant"]


@frozen
class DriverDynamics:
    """Short-term plasticity of the drivers of all chips, (n_chips * 256,) each.

    Drivers are counted ``(chip * 2 + hemisphere) * 128 + driver``.

    Attributes
    ----------
    enabled : bool
    use, charged, recovered : float64
    tau : float64, µs
        See `Pulses`.
    """

    enabled: np.ndarray
    use: np.ndarray
    tau: np.ndarray
    charged: np.ndarray
    recovered: np.ndarray

    def pulses(self, synapse: np.ndarray, number: np.ndarray) -> Pulses:
        """The record for some positions of a synapse table.

        Parameters
        ----------
        synapse : int64 (n,)
        number : int64 (n,)
            Driver and address of each; see `Pulses`.
        """
        known, state = np.unique(number, return_inverse=True)
        driver = known // chip.LABELS
        return Pulses(
            synapse,
            state.reshape(-1),
            known,
            self.use[driver],
            self.tau[driver],
            self.charged[driver],
            self.recovered[driver],
        )


def driver_quadrant() -> np.ndarray:
    """Whose target voltages each driver uses: int64 (2, 128); even ones those of the west."""
    side = np.arange(chip.DRIVERS) % (chip.QUADRANTS // chip.HEMISPHERES)
    first = np.arange(wiring.ARRAYS)[:, np.newaxis] * (chip.QUADRANTS // chip.HEMISPHERES)
    return first + side


def driver_dynamics(
    configs: Sequence[ChipConfig], deviations: Sequence[Deviations]
) -> DriverDynamics:
    """Short-term plasticity of the drivers of some chips, each with its deviations."""
    parts = [_of_chip(*pair) for pair in zip(configs, deviations, strict=True)]
    empty = np.empty(0)
    return DriverDynamics(
        np.concatenate([empty.astype(bool), *(part[0] for part in parts)]),
        *(np.concatenate([empty, *(part[k] for part in parts)]) for k in range(1, 5)),
    )


def _of_chip(config: ChipConfig, deviations: Deviations) -> tuple[np.ndarray, ...]:
    quadrant = driver_quadrant()
    target = config.stp_target
    shift = deviations.stp_voltage[quadrant, target]
    trim = config.stp_offset.astype(np.float64) - chip.STP_OFFSET_NEUTRAL
    offset = chip.STP_OFFSET_STEP * trim + deviations.stp_offset
    charged, recovered = (
        curves.PULSE.value(getattr(config, name)[quadrant, target] + shift[..., k]) + offset
        for k, name in enumerate(("stp_v_charge", "stp_v_recover"))
    )
    recovers = config.stp_recovery_enable & config.stp_clock_enable[:, np.newaxis]
    tau = curves.recovery_time(config.stp_recovery, config.stp_clock_speed[:, np.newaxis])
    use = curves.utilization(config.stp_utilization) * deviations.stp_use
    return tuple(
        values.ravel()
        for values in (
            config.stp_enable,
            np.minimum(use, 1.0),
            np.where(recovers, tau * deviations.stp_recovery, np.inf),
            charged,
            recovered,
        )
    )
