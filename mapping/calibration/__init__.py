"""Characteristics of the circuits of one particular chip, found by measuring it.

`calibrate` measures a `Bench`; `calibrated` does so once for each chip and remembers.
"""

from .bench import Bench
from .cache import FOLDER_VARIABLE, calibrated
from .procedure import calibrate
from .quality import Quality, quality
from .record import Calibration, CalibrationFileError

__all__ = [
    "FOLDER_VARIABLE",
    "Bench",
    "Calibration",
    "CalibrationFileError",
    "Quality",
    "calibrate",
    "calibrated",
    "quality",
]
