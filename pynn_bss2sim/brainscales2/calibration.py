"""Calibrated neurons of an experiment: targets of all of them at once, and what they give."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim._core.config import ChipConfig
from pynn_bss2sim._core.readout import Cadc
from pynn_bss2sim.mapping import SpikingTarget, targeted
from pynn_bss2sim.mapping.chips import converters

from .circuit_parameters import CIRCUITS, registers_of
from .dlens_vx_v3.lola import AtomicNeuron

if TYPE_CHECKING:
    from .populations import Population


__all__ = ["CalibratedNeurons", "cadc_correction"]

#: Targets of the mapping by the names of the cell types' parameters.
_NAMES = {
    "leak": "v_rest",
    "reset": "v_reset",
    "threshold": "v_thresh",
    "tau_mem": "tau_m",
    "refractory_time": "tau_refrac",
    "capacitance": "cm",
}


def cadc_correction(model: ChipModel) -> np.ndarray:
    """What a calibrated chip adds to the readings of its column converters: int64 (1024,)."""
    cadc, _ = converters(model, 0)["cadc"]
    assert isinstance(cadc, Cadc)
    return cadc.correction


class CalibratedNeurons:
    """The calibrated populations of an experiment.

    Parameters
    ----------
    model : ChipModel
    holdoff : float64 (512,) or float, µs
        By how much resets end before refractory times do.
    """

    def __init__(self, model: ChipModel, holdoff: np.ndarray | float = 0.0) -> None:
        self._model, self._holdoff = model, holdoff
        self._targets: dict[object, dict] = {}
        self._columns: dict[object, dict[str, np.ndarray]] = {}
        self._copies: dict[object, tuple] = {}
        self._config: ChipConfig | None = None

    def update(self, populations: list, places: dict[object, np.ndarray]) -> None:
        """Calibrate anew what has other targets than before.

        Parameters
        ----------
        populations : list of Population
            All that are calibrated.
        places : dict of Population to int64 (size,)
            Circuits of each.

        Raises
        ------
        RuntimeError
            A target of which the chip has one differs between cells.
        """
        changed = [p for p in populations if self._targets.get(p) is not p.parameter_arrays]
        if not changed:
            return
        target = replace(_target(populations, places), holdoff_time=self._holdoff)
        self._config = targeted(self._model, target)
        columns = registers_of(self._config)
        for population in changed:
            mine = {name: c[places[population]].copy() for name, c in columns.items()}
            self._targets[population] = population.parameter_arrays
            self._columns[population] = mine
            self._copies[population] = deepcopy(self.actual(population))

    def columns(self, population: Population) -> dict[str, np.ndarray]:
        """Parameters of the circuits of a population, as they are now: (size,) each."""
        return self._columns[population]

    def blocks(self) -> dict[str, np.ndarray]:
        """Registers beside those of the circuits; none without calibrated neurons."""
        if self._config is None:
            return {}
        names = ("refractory_clock_scale", "synapse_bias")
        return {name: getattr(self._config, name) for name in names}

    def result(self, population: Population, name: str) -> Any:
        """What `Population` offers of a calibration under `name`.

        Raises
        ------
        AttributeError
            Nothing has been calibrated yet.
        """
        if population not in self._columns:
            raise AttributeError(
                f"{population.label}: {name}: it is calibrated when it is mapped; call "
                "run(None, RunCommand.PREPARE) first"
            )
        if name == "calib_target":
            return {key: values.copy() for key, values in self._targets[population].items()}
        return self._copies[population] if name == "calib_hwparams" else self.actual(population)

    def actual(self, population: Population) -> tuple[AtomicNeuron, ...]:
        """The circuits of a population, which may be changed in place."""
        columns = self._columns[population]
        return tuple(AtomicNeuron(columns, row) for row in range(population.size))


def _target(populations: list, places: dict[object, np.ndarray]) -> SpikingTarget:
    """Targets of all circuits of the chip."""
    wide = _uniform(populations, type(populations[0].celltype).chip_wide)
    defaults = SpikingTarget()
    arrays: dict[str, Any] = {name: np.full(CIRCUITS, getattr(defaults, name)) for name in _NAMES}
    tau_syn = [np.full(CIRCUITS, tau) for tau in defaults.tau_syn]
    reversal = [np.full(CIRCUITS, np.nan) for _ in defaults.tau_syn]
    for population in populations:
        given, place = population.parameter_arrays, places[population]
        for name, own in _NAMES.items():
            arrays[name][place] = given[own]
        for line, letter in enumerate("EI"):
            tau_syn[line][place] = given[f"tau_syn_{letter}"]
            if f"e_rev_{letter}" in given:
                reversal[line][place] = given[f"e_rev_{letter}"]
    return SpikingTarget(
        **arrays,
        tau_syn=tuple(tau_syn),
        reversal=tuple(reversal),
        gm=(wide["i_synin_gm_E"], wide["i_synin_gm_I"]),
        synapse_bias=int(wide["synapse_dac_bias"]),
    )


def _uniform(populations: Sequence[Population], names: Iterable[str]) -> dict[str, float]:
    """The value of targets that a chip has one of.

    Raises
    ------
    RuntimeError
        Cells differ.
    """
    result = {}
    for name in names:
        values = np.concatenate([p.parameter_arrays[name] for p in populations])
        if (values != values[0]).any():
            labels = ", ".join(p.label for p in populations)
            raise RuntimeError(
                f"{labels}: {name} is {values.min():g} to {values.max():g}, and a chip has one "
                "value for all neurons; give all the same"
            )
        result[name] = float(values[0])
    return result
