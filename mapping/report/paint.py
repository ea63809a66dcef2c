"""Colours and pixels of the pictures: what the registers of a chip look like.

Colours are told apart by colour-blind readers too: those of populations are of Okabe and Ito's
palette, after which lightness changes from one to the next.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from pynn_bss2sim._core import hicannx as facts
from pynn_bss2sim._core.config import RowMode

if TYPE_CHECKING:
    from pynn_bss2sim.mapping.coded import CodedMapping
    from pynn_bss2sim.mapping.mapped import Mapping

    Drawn: TypeAlias = Mapping | CodedMapping

__all__ = [
    "BUS_COLOURS",
    "EXCITATORY",
    "FREE",
    "INHIBITORY",
    "circuit_colours",
    "drivers",
    "matplotlib",
    "population_colours",
    "synapses",
]

FREE = (0.92, 0.92, 0.92)
EXCITATORY = (0.76, 0.20, 0.10)
INHIBITORY = (0.10, 0.32, 0.66)
BUS_COLOURS = np.array(
    [(0.20, 0.20, 0.20), (0.45, 0.45, 0.45), (0.30, 0.42, 0.36), (0.52, 0.46, 0.32)]
)
_FIRST = np.array(
    [
        (0.90, 0.62, 0.00),
        (0.34, 0.71, 0.91),
        (0.00, 0.62, 0.45),
        (0.80, 0.47, 0.65),
        (0.94, 0.89, 0.26),
        (0.00, 0.45, 0.70),
        (0.84, 0.37, 0.00),
    ]
)


def matplotlib(module: str) -> ModuleType:
    """A module of matplotlib, or ImportError that tells what to install."""
    try:
        return importlib.import_module(f"matplotlib.{module}")
    except ImportError as error:
        raise ImportError(
            "drawing needs matplotlib: pip install matplotlib (or pynn_bss2sim[plot])"
        ) from error


def population_colours(n: int) -> np.ndarray:
    """Colours of `n` populations, all different: float64 (n, 3)."""
    if n <= len(_FIRST):
        return _FIRST[:n]
    hue = np.arange(n) * 0.618034 % 1.0
    value = np.linspace(0.45, 0.95, n)[np.arange(n) * 7 % n if n % 7 else np.arange(n) * 11 % n]
    hsv = np.stack([hue, np.full(n, 0.65), value], axis=1)
    return matplotlib("colors").hsv_to_rgb(hsv)


def circuit_colours(mapping: Drawn, chip: int, colours: np.ndarray | None = None) -> np.ndarray:
    """Colours of the circuits of a chip: float64 (2, 256, 3); `colours`: of populations."""
    target = mapping.placement.target
    shape = (facts.HEMISPHERES, target.columns, 3)
    owner = mapping.placement.owner()[chip * target.circuits : (chip + 1) * target.circuits]
    if not len(owner):
        return np.full(shape, FREE)
    population = np.searchsorted(mapping.network.first_neuron, owner, side="right") - 1
    if colours is None:
        colours = population_colours(len(mapping.network.populations))
    found = colours[np.clip(population, 0, None)]
    found[owner < 0] = FREE
    return found.reshape(shape)


def synapses(mapping: Drawn, chip: int, hemisphere: int) -> np.ndarray:
    """Picture of a synapse array, white where a synapse is free: float64 (256, 256, 3)."""
    target = mapping.placement.target
    picture = np.ones((target.rows, target.columns, 3))
    if mapping.routing is None:
        return picture * 0.97
    config = mapping.configs[chip]
    weight = config.synapse_weight[hemisphere] / facts.WEIGHT_MAX
    inhibitory = config.row_mode[hemisphere] == RowMode.INHIBITORY
    colour = np.where(inhibitory[:, np.newaxis], INHIBITORY, EXCITATORY)
    # even the weakest synapse in use is to be seen
    strength = np.where(weight > 0, 0.4 + 0.6 * weight, 0.0)[..., np.newaxis]
    return picture + strength * (colour[:, np.newaxis] - picture)


def drivers(mapping: Drawn, chip: int, hemisphere: int) -> np.ndarray:
    """The drivers of the rows in four columns, one for each bus: float64 (256, 4, 3).

    White where there is none, light where it does not listen.
    """
    driver = np.arange(mapping.placement.target.rows) // facts.ROWS_PER_DRIVER
    bus = driver % facts.PADI_BUSES
    picture = np.ones((len(driver), facts.PADI_BUSES, 3))
    colours = np.full((len(driver), 3), FREE)
    if mapping.routing is not None:
        on = mapping.configs[chip].driver_enable[hemisphere][driver]
        colours[on] = BUS_COLOURS[bus[on]]
    picture[np.arange(len(driver)), bus] = colours
    return picture
