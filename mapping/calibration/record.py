"""What a calibration knows of one chip."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from typing import IO, Any

import numpy as np

from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.frozen import frozen
from pynn_bss2sim._core.readout import Transfer
from pynn_bss2sim._core.records import frozen_array
from pynn_bss2sim.mapping.characteristics import Characteristics, Law, PowerLaw

from .meter import CIRCUITS, NOMINAL

__all__ = ["Calibration", "CalibrationFileError", "mended"]

FORMAT = 3

#: Coefficients that lie so many robust standard deviations from the chip's median are no
#: measurements of a working circuit.
_OUTLIER = 6.0
#: All other values are factors that spread on a logarithmic scale.
_VOLTAGES = ("leak", "reset", "threshold", "reversal_exc", "reversal_inh", "v_exp")
_ROBUST = 1.4826  #: standard deviation of a normal distribution over its median deviation


class CalibrationFileError(ValueError):
    """A file does not hold the calibration that is looked for."""


@frozen
class Calibration:
    """The measured characteristics of one chip.

    Attributes
    ----------
    characteristics : Characteristics
        One coefficient for each circuit.
    suspects : dict of str to bool (512,)
        For each law the circuits whose measurement failed or lies far from all others; they are
        given the median law of the chip.
    cadc, madc : Transfer
        Of the column converters, one channel for each circuit, and of both fast ones.
    trims : uint8 (2, 128)
        Register ``stp_offset``: with these codes the pulses of all drivers are alike.
    """

    characteristics: Characteristics
    suspects: dict[str, np.ndarray]
    cadc: Transfer
    madc: Transfer
    trims: np.ndarray

    def arrays(self) -> dict[str, np.ndarray]:
        """All numbers, by names of their own."""
        laws = {f.name: getattr(self.characteristics, f.name) for f in fields(Characteristics)}
        result = {f"{name}.factor": law.factor for name, law in laws.items()}
        result |= {f"{name}.second": law.second for name, law in laws.items()}
        result |= {f"{name}.suspect": flags for name, flags in self.suspects.items()}
        for name in ("cadc", "madc"):
            transfer = getattr(self, name)
            result |= {f"{name}.gain": transfer.gain, f"{name}.offset": transfer.offset}
        return result | {"trims": self.trims}

    def save(self, file: IO[bytes], key: str) -> None:
        """Write to an ``.npz`` file.

        Parameters
        ----------
        file : binary file
        key : str
            Of which chip, and how it was measured; `load` asks for the same.
        """
        arrays: dict[str, Any] = self.arrays()
        np.savez(file, format=np.array(FORMAT), key=np.array(key), **arrays)

    @classmethod
    def load(cls, path: str | os.PathLike, key: str) -> Calibration:
        """Read what `save` wrote; no code in the file is executed.

        Raises
        ------
        CalibrationFileError
            The file is damaged, or of another chip, program or format.
        OSError
            It cannot be opened.
        """
        with open(path, "rb") as file:
            try:
                with np.load(file, allow_pickle=False) as archive:
                    arrays = {name: archive[name] for name in archive.files}
                if int(arrays.pop("format")) != FORMAT or str(arrays.pop("key")) != key:
                    raise CalibrationFileError(f"{path}: of another chip, program or format")
                return cls.of_arrays(arrays)
            except CalibrationFileError:
                raise
            except Exception as error:  # zipfile, zlib and NumPy raise many kinds
                raise CalibrationFileError(f"{path}: damaged: {error}") from error

    @classmethod
    def of_arrays(cls, arrays: dict[str, np.ndarray]) -> Calibration:
        """The calibration of which `arrays` gives the numbers.

        Raises
        ------
        ValueError, KeyError
            They are none of a calibration.
        """
        laws, suspects = {}, {}
        for f in fields(Characteristics):
            factor, second = (
                frozen_array(arrays[f"{f.name}.{part}"], np.float64, (CIRCUITS,), f.name)
                for part in ("factor", "second")
            )
            if not (np.isfinite(factor).all() and np.isfinite(second).all()):
                raise ValueError(f"{f.name}: not finite")
            laws[f.name] = replace(getattr(NOMINAL, f.name), factor=factor, second=second)
            suspects[f.name] = frozen_array(
                arrays[f"{f.name}.suspect"], np.bool_, (CIRCUITS,), f.name
            )
        cadc, madc = (
            Transfer(arrays[f"{name}.gain"], arrays[f"{name}.offset"]) for name in ("cadc", "madc")
        )
        shape = (chip.HEMISPHERES, chip.DRIVERS)
        trims = frozen_array(arrays["trims"], np.uint8, shape, "trims")
        return cls(Characteristics(**laws), suspects, cadc, madc, trims)


def mended(law: Characteristics) -> tuple[Characteristics, dict[str, np.ndarray]]:
    """Give circuits whose measurement failed the median law of the chip.

    Returns
    -------
    law : Characteristics
    suspects : dict of str to bool (512,)
    """
    laws, suspects = {}, {}
    for f in fields(Characteristics):
        measured = getattr(law, f.name)
        # at two codes: a law may go wrong in either coefficient
        values = [measured.value(code) for code in _probes(measured)]
        bad = ~(np.isfinite(measured.factor) & np.isfinite(measured.second))
        for value in values:
            good = np.where(bad, np.nan, value if f.name in _VOLTAGES else _log(value))
            deviation = np.abs(good - np.nanmedian(good))
            with np.errstate(invalid="ignore"):
                bad |= ~(deviation <= _OUTLIER * _ROBUST * np.nanmedian(deviation))
        bad |= ~np.isfinite(values).all(axis=0)
        medians = (np.median(getattr(measured, part)[~bad]) for part in ("factor", "second"))
        factor, second = (
            np.where(bad, median, getattr(measured, part))
            for part, median in zip(("factor", "second"), medians, strict=True)
        )
        laws[f.name] = replace(measured, factor=factor, second=second)
        suspects[f.name] = frozen_array(bad, np.bool_, (CIRCUITS,), f.name)
    return Characteristics(**laws), suspects


def _log(value: np.ndarray) -> np.ndarray:
    """Logarithm, NaN where there is none."""
    return np.log(np.where(value > 0, value, np.nan))


def _probes(law: Law) -> tuple[int, int]:
    """Codes at a quarter and three quarters of the range; of its logarithm, for a power."""
    if isinstance(law, PowerLaw):
        width = law.high / law.low
        return round(law.low * width**0.25), round(law.low * width**0.75)
    span = law.high - law.low
    return round(law.low + 0.25 * span), round(law.low + 0.75 * span)
