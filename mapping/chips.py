"""What the mapping believes of the chips that a chip model stands for.

What measures chips is imported by who asks for it: the other models start sooner without.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim._core.device import Device
from pynn_bss2sim._core.readout import Cadc, Converter, Madc, Transfer

from .characteristics import Characteristics

if TYPE_CHECKING:
    from .calibration import Calibration, Quality

__all__ = [
    "NEUTRAL_TRIMS",
    "calibration_quality",
    "characteristics",
    "converters",
    "driver_trims",
]

#: Where nothing is known of the drivers of a chip: uint8 (2, 128).
NEUTRAL_TRIMS = np.full((chip.HEMISPHERES, chip.DRIVERS), chip.STP_OFFSET_NEUTRAL, np.uint8)
NEUTRAL_TRIMS.flags.writeable = False

#: Where the digital correction of the column converters is exact, mV: the middle of their range.
_CORRECTED_AT = (2 ** (chip.CADC_BITS - 1) - chip.CADC_OFFSET) / chip.CADC_PER_MV


def characteristics(model: ChipModel, n_chips: int) -> Characteristics:
    """What is believed of the circuits of the first chips.

    With ``mismatch="residual"`` what their calibration has measured, else the nominal curves.
    """
    if model.mismatch != "residual":
        return Characteristics.nominal()
    measured = _calibrations(model, range(max(n_chips, 1)))
    return Characteristics.of_chips([one.characteristics for one in measured])


def driver_trims(model: ChipModel, n_chips: int) -> np.ndarray:
    """Trims of the drivers' short-term plasticity: uint8 (n_chips, 2, 128).

    With ``mismatch="residual"`` what the calibration of each chip has found, else neutral codes.
    """
    if model.mismatch != "residual":
        return np.broadcast_to(NEUTRAL_TRIMS, (n_chips, *NEUTRAL_TRIMS.shape))
    return np.stack([one.trims for one in _calibrations(model, range(n_chips))])


def calibration_quality(model: ChipModel, index: int) -> Quality:
    """What the calibration of chip number `index` achieves; it is made if there is none yet."""
    from .calibration import quality

    (measured,) = _calibrations(model, [index])
    return quality(_device(model, index), measured)


def converters(model: ChipModel, index: int) -> dict[str, tuple[Converter, Transfer]]:
    """The converters of chip number `index`, each with what is believed of its transfer.

    Without a calibration all channels are believed to be nominal. With one, what it has measured of
    them is believed, and the column converters add a digital correction that makes their channels
    alike, as on the real chip.

    Returns
    -------
    dict
        ``"madc"`` and ``"cadc"``.
    """
    device = _device(model, index)
    madc = Madc.of_device(device, noise=chip.MADC_NOISE * model.noise)
    cadc = Cadc.of_device(device, noise=chip.CADC_NOISE * model.noise)
    if model.mismatch != "residual":
        return {"madc": (madc, Madc.nominal().transfer), "cadc": (cadc, Cadc.nominal().transfer)}
    (measured,) = _calibrations(model, [index])
    channels = np.arange(len(measured.cadc))
    wanted = Cadc.nominal().transfer.to_lsb(_CORRECTED_AT, channels)
    added = np.rint(wanted - measured.cadc.to_lsb(_CORRECTED_AT, channels)).astype(np.int64)
    added = np.clip(added, chip.CADC_CORRECTION_LOW, chip.CADC_CORRECTION_HIGH)
    correction = np.zeros(len(cadc.transfer), np.int64)
    correction[channels] = added
    believed = Transfer(measured.cadc.gain, measured.cadc.offset + added)
    return {
        "madc": (madc, measured.madc),
        "cadc": (replace(cadc, correction=correction), believed),
    }


def _calibrations(model: ChipModel, indices: Iterable[int]) -> tuple[Calibration, ...]:
    from .calibration import calibrated_chips

    return calibrated_chips([_device(model, index) for index in indices])


def _device(model: ChipModel, index: int) -> Device:
    """Chip number `index` of those that a model stands for."""
    return replace(model.device, index=model.device.index + index)
