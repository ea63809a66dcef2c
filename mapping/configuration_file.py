"""Configurations in files: arrays of NumPy and a header of JSON, nothing that could be executed."""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, TypeVar, overload
from zipfile import BadZipFile

import numpy as np

from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim._core.config import ChipConfig
from pynn_bss2sim._core.event_path import FpgaRouting
from pynn_bss2sim._core.hicannx import HICANN_X
from pynn_bss2sim._core.records import Circuits, SynapseTable

from .configuration import Cells, Configuration
from .connectivity import Lifted
from .errors import ConfigurationError
from .place import Placement
from .translate import Scaling

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


__all__ = ["FORMAT", "load", "save"]

#: What the header calls the format, and its version.
FORMAT = "configuration of pynn_bss2sim"
VERSION = 1

_HEADER = "header"
_Some = TypeVar("_Some", bound=Configuration)


def save(configuration: Configuration, path: str | os.PathLike) -> None:
    """Write a configuration to a compressed ``.npz`` file; another program may read it too.

    The entry ``header`` is JSON text. All others are arrays, named ``part/field`` as in the
    records; registers of `ChipConfig` have the chip as their first axis.
    """
    arrays = _arrays(configuration)
    header = _header(configuration)
    header["digest"] = _digest(header, arrays)
    entries: dict[str, Any] = {_HEADER: np.array(json.dumps(header)), **arrays}
    with open(path, "wb") as file:
        np.savez_compressed(file, **entries)


@overload
def load(path: str | os.PathLike) -> Configuration: ...


@overload
def load(path: str | os.PathLike, kind: type[_Some]) -> _Some: ...


def load(path: str | os.PathLike, kind: type[Configuration] = Configuration) -> Configuration:
    """Read what `save` wrote.

    Parameters
    ----------
    path : str or path
    kind : type
        `Configuration`, or a class derived from it.

    Raises
    ------
    ConfigurationError
        The file holds no configuration, one of another version, or is damaged.
    OSError
        It cannot be read.
    """
    header, arrays = _read(path)
    if header.get("format") != FORMAT:
        raise ConfigurationError(f"{path}: this file holds no configuration of this package")
    if header.get("version") != VERSION:
        raise ConfigurationError(
            f"{path}: version {header.get('version')} of the format, this release reads {VERSION}"
        )
    if header.pop("digest", None) != _digest(header, arrays):
        raise ConfigurationError(f"{path}: the content does not match its digest; it was changed")
    try:
        return _configuration(kind, header, arrays)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ConfigurationError(f"{path}: this is no complete configuration: {error}") from error


def _read(path: str | os.PathLike) -> tuple[dict, dict[str, np.ndarray]]:
    """Header and arrays of a file."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        header = json.loads(str(arrays.pop(_HEADER)))
    except (BadZipFile, zlib.error, EOFError, KeyError, ValueError, TypeError) as error:
        raise ConfigurationError(
            f"{path}: no configuration of this package, or a damaged one"
        ) from error
    except AttributeError as error:  # a bare array is no archive
        raise ConfigurationError(f"{path}: this file holds no configuration") from error
    if not isinstance(header, dict):
        raise ConfigurationError(f"{path}: this file holds no configuration")
    return header, arrays


def _digest(header: dict, arrays: dict[str, np.ndarray]) -> str:
    """SHA-256 of header and arrays, whatever the machine's order of bytes."""
    sha = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name in sorted(arrays):
        values = arrays[name]
        sha.update(f"{name} {values.dtype.str[1:]} {values.shape};".encode())
        sha.update(values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes())
    return sha.hexdigest()


# --- what is written --------------------------------------------------------------------------

#: Fields of records that are no arrays, and are left to the header.
_SCALING_ARRAYS = ("voltage_gain", "voltage_offset", "conductance_gain", "conductance_based")


def _header(configuration: Configuration) -> dict:
    return {
        "format": FORMAT,
        "version": VERSION,
        "timestep": configuration.timestep,
        "model": asdict(configuration.model),
        "populations": [_cells(c) for c in configuration.populations],
        "sources": [_cells(c) for c in configuration.sources],
        "identity": configuration.scaling.identity,
    }


def _cells(cells: Cells) -> dict:
    return {
        "label": cells.label,
        "size": cells.size,
        "receptors": list(cells.receptors),
        "recordables": {name: list(pair) for name, pair in cells.recordables.items()},
    }


def _arrays(configuration: Configuration) -> dict[str, np.ndarray]:
    placement, table = configuration.placement, configuration.own_synapses
    arrays = {
        "initial": configuration.initial,
        "placement/circuit": placement.circuit,
        "placement/count": placement.count,
        **_fields("fpga", configuration.fpga),
        **{f"scaling/{name}": getattr(configuration.scaling, name) for name in _SCALING_ARRAYS},
    }
    if configuration.chips:
        for f in fields(ChipConfig):
            values = np.stack([getattr(c, f.name) for c in configuration.chips])
            arrays[f"registers/{f.name}"] = values
    if configuration.lifted is not None:
        arrays.update(_fields("lifted", configuration.lifted))
    if configuration.own_circuits is not None:
        arrays.update(_fields("circuits", configuration.own_circuits))
    if table is not None:
        arrays.update(_fields("synapses", table))
    return arrays


def _fields(part: str, record: DataclassInstance) -> dict[str, np.ndarray]:
    """The arrays of a record."""
    values = {f.name: getattr(record, f.name) for f in fields(record)}
    return {f"{part}/{name}": v for name, v in values.items() if isinstance(v, np.ndarray)}


# --- what is read -----------------------------------------------------------------------------


def _configuration(kind: type[_Some], header: dict, arrays: dict[str, np.ndarray]) -> _Some:
    def part(name: str) -> dict[str, Any]:
        return {
            key.partition("/")[2]: values
            for key, values in arrays.items()
            if key.startswith(f"{name}/")
        }

    populations = tuple(_cells_of(c) for c in header["populations"])
    n_neurons = sum(c.size for c in populations)
    registers = part("registers")
    n_chips = len(next(iter(registers.values()))) if registers else 0
    placement = Placement(HICANN_X, **part("placement"))
    scaling = Scaling(**part("scaling"), identity=header["identity"])
    if not len(placement.circuit) == len(placement.count) == len(scaling) == n_neurons:
        raise ValueError(f"{n_neurons} neurons in the header, not as many in the arrays")
    return kind(
        timestep=float(header["timestep"]),
        model=ChipModel(**header["model"]),
        populations=populations,
        sources=tuple(_cells_of(c) for c in header["sources"]),
        chips=tuple(
            ChipConfig(**{name: values[k] for name, values in registers.items()})
            for k in range(n_chips)
        ),
        fpga=FpgaRouting(**part("fpga")),
        placement=placement,
        scaling=scaling,
        initial=arrays["initial"],
        lifted=Lifted(**part("lifted")) if part("lifted") else None,
        own_circuits=Circuits(**part("circuits")) if part("circuits") else None,
        own_synapses=SynapseTable(n_neurons, **part("synapses")) if part("synapses") else None,
    )


def _cells_of(record: dict) -> Cells:
    recordables = {name: tuple(pair) for name, pair in record["recordables"].items()}
    return Cells(record["label"], record["size"], tuple(record["receptors"]), recordables)
