"""What the mapping believes of the chips that a chip model stands for."""

from __future__ import annotations

from dataclasses import replace

from pynn_bss2sim._core.chip_model import ChipModel

from .calibration import Quality, calibrated, quality
from .characteristics import Characteristics

__all__ = ["calibration_quality", "characteristics"]


def characteristics(model: ChipModel, n_chips: int) -> Characteristics:
    """What is believed of the circuits of the first chips.

    With ``mismatch="residual"`` what their calibration has measured, else the nominal curves.
    """
    if model.mismatch != "residual":
        return Characteristics.nominal()
    first = model.device
    chips = [replace(first, index=first.index + k) for k in range(max(n_chips, 1))]
    return Characteristics.of_chips([calibrated(chip).characteristics for chip in chips])


def calibration_quality(model: ChipModel, index: int) -> Quality:
    """What the calibration of chip number `index` achieves; it is made if there is none yet."""
    first = model.device
    chip = replace(first, index=first.index + index)
    return quality(chip, calibrated(chip))
