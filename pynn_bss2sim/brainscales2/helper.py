"""Calibrated configurations of the emulated chip, and names of its parameters."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim.control import chosen_chip
from pynn_bss2sim.mapping import SpikingTarget, targeted
from pynn_bss2sim.mapping.calibration.cache import folder

from .calibration import cadc_correction
from .circuit_parameters import GROUPS, fields_of
from .dlens_vx_v3.halco import ChipOnDLS
from .dlens_vx_v3.hxcomm import ConnectionHandle
from .dlens_vx_v3.lola import AtomicNeuron, Chip

__all__ = [
    "ATOMIC_NEURON_MEMBERS",
    "TARGETS",
    "CalibrationResult",
    "chip_from_file",
    "chip_from_nightly",
    "chip_from_portable_binary",
    "decompose_in_member_names",
    "get_unique_identifier",
    "get_values_of_atomic_neuron",
    "nightly_calib_path",
    "nightly_calib_url",
]

#: Groups of the parameters of a neuron circuit.
ATOMIC_NEURON_MEMBERS = list(GROUPS)

#: What chips are calibrated to every night, by the names of the files.
TARGETS = {
    "spiking": SpikingTarget(),
    "spiking2": SpikingTarget(
        reset=80.0, threshold=150.0, tau_mem=6.0, tau_syn=(6.0, 6.0), synapse_bias=1000
    ),
    "correlation": SpikingTarget(
        leak=100.0, reset=80.0, threshold=130.0, tau_mem=20.0, tau_syn=(5.0, 5.0),
        gm=(400.0, 400.0), synapse_bias=1000,
    ),
    "hagen": SpikingTarget(
        leak=120.0, tau_mem=60.0, tau_syn=(0.32, 0.32), gm=(450.0, 450.0), synapse_bias=1022,
        threshold_enable=False,
    ),
}  # fmt: skip

_FORMAT = "pynn_bss2sim targets 1"
_MOCK_VARIABLE = "HXCOMM_ENABLE_ZERO_MOCK"
#: Folders of calibrations that are the same here, for they never age.
_AGES = ("latest", "latest-weekly")


@dataclass(frozen=True)
class CalibrationResult:
    """A calibration as its own tool keeps it: pickled in ``<target>_calix-native.pkl``.

    Attributes
    ----------
    chip : ChipModel
    target : str
        Of `TARGETS`.
    """

    chip: ChipModel
    target: str

    def apply(self, builder: Any) -> None:
        """Write the calibrated chip to a builder, or to one that ``sta.convert_to_chip`` takes."""
        builder.write(ChipOnDLS(), _calibrated(self.chip, self.target))


def _calibrated(model: ChipModel, target: str) -> Chip:
    return Chip.of(targeted(model, TARGETS[target]), cadc_correction(model))


def get_unique_identifier() -> list[str]:
    """Return the name of each chip that can be reached."""
    if os.environ.get(_MOCK_VARIABLE) == "1":
        return ["zeromock"]
    return ConnectionHandle(chosen_chip(None)).get_unique_identifier()


def nightly_calib_path() -> Path:
    """Return the file of the chip's spiking calibration.

    It says which chip it is and what it is calibrated to; files of the other `TARGETS`, and
    each as a pickled `CalibrationResult`, lie beside it. The calibration itself is made when it is
    loaded for the first time, and kept.
    """
    model = chosen_chip(None)
    identifier = ConnectionHandle(model).get_unique_identifier()[0]
    places = [folder() / "hicann-dls-sr-hx" / identifier / "stable" / age for age in _AGES]
    for place in places:
        place.mkdir(parents=True, exist_ok=True)
        for name in TARGETS:
            content = json.dumps({"format": _FORMAT, "target": name, "chip": asdict(model)})
            (place / f"{name}_cocolist.pbin").write_text(content)
            native = pickle.dumps(CalibrationResult(model, name))
            (place / f"{name}_calix-native.pkl").write_bytes(native)
    return places[0] / "spiking_cocolist.pbin"


def nightly_calib_url() -> str:
    """Return the address of the same file."""
    return nightly_calib_path().as_uri()


def chip_from_portable_binary(data: bytes) -> Chip:
    """Return the chip that the content of a calibration file describes.

    Raises
    ------
    ValueError
        It is no such content.
    """
    try:
        content = json.loads(data)
        if content["format"] != _FORMAT:
            raise ValueError(f"format {content['format']!r}")
        model, target = ChipModel(**content["chip"]), content["target"]
        if target not in TARGETS:
            raise ValueError(f"target {target!r}")
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            "no calibration of an emulated chip; those of real chips do not fit it. Use "
            f"chip_from_nightly() ({error})"
        ) from error
    return _calibrated(model, target)


def chip_from_file(path: str | os.PathLike) -> Chip:
    """Return the chip that a calibration file describes; see `nightly_calib_path`."""
    return chip_from_portable_binary(Path(path).read_bytes())


def chip_from_nightly() -> Chip:
    """Return the calibrated configuration of the chip, for ``setup(initial_config=...)``."""
    return chip_from_file(nightly_calib_path())


def get_values_of_atomic_neuron(
    an: AtomicNeuron, exclude: Sequence[str] | None = None
) -> dict[str, float | bool]:
    """Return the parameters of a neuron circuit by their flattened names.

    Parameters
    ----------
    an : lola.AtomicNeuron
    exclude : sequence of str, optional
        Names to leave out.
    """
    return {name: value for name, value in an.values().items() if name not in (exclude or ())}


def decompose_in_member_names(name: str) -> tuple[str, str]:
    """Split a flattened name in group and field.

    Raises
    ------
    ValueError
        It begins with no group.
    """
    for group in ATOMIC_NEURON_MEMBERS:
        for field, flattened in fields_of(group).items():
            if flattened == name:
                return group, field
    raise ValueError(f"{name!r} is no parameter of a neuron circuit")
