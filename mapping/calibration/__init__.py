"""Characteristics of the circuits of one particular chip, found by measuring it.

`calibrate` measures a `Bench`; `calibrated` does so once for each chip and remembers;
`calibrated_chips` does it for several at a time.
"""

from .bench import Bench
from .cache import FOLDER_VARIABLE, calibrated
from .procedure import calibrate
from .quality import Quality, quality
from .record import Calibration, CalibrationFileError
from .several import PROCESSES_VARIABLE, calibrated_chips

__all__ = [
    "FOLDER_VARIABLE",
    "PROCESSES_VARIABLE",
    "Bench",
    "Calibration",
    "CalibrationFileError",
    "Quality",
    "calibrate",
    "calibrated",
    "calibrated_chips",
    "quality",
]
