"""Codes of weights and numbers of joined circuits that fit each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pynn_bss2sim._core import curves
from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim._core.config import ChipConfig
from pynn_bss2sim._core.frozen import frozen
from pynn_bss2sim._core.hicannx import HICANN_X, SYNAPSE_BIAS, WEIGHT_MAX
from pynn_bss2sim._core.records import LINES

from . import registers, resolution, weights
from .capacitance import Membranes, line_demand, strongest_step, wanted
from .characteristics import Characteristics
from .errors import PlacementError
from .generators import GeneratorSources
from .limit import check_neurons, fewer_circuits
from .network import Network
from .place import Placement, circuits_needed, split_rows
from .route import Routing
from .translate import Asked, Scaling
from .voltage import GAIN_MAX, voltage_maps

__all__ = ["Fit", "fitted", "measured"]

#: Rounding to so many codes errs by half of what single synapses deviate: 1 / sqrt(12) over them.
_MANY_CODES = 7


@frozen
class Fit:
    """Weights and numbers of circuits that agree with each other."""

    count: np.ndarray  # circuits of each neuron
    membranes: Membranes
    rows: np.ndarray  # synapse rows of each neuron at each line
    synapses: np.ndarray  # synapses of the chip for each connection
    code: np.ndarray  # of each connection
    step: np.ndarray  # what a code is worth at each line, with its sign
    amplitude: np.ndarray  # of each connection, on the chip
    weight: np.ndarray  # realised, biological
    strength: registers.Strength | None
    unit: np.ndarray  # what one code of each connection is worth, biological
    generators: GeneratorSources

    @property
    def scaling(self) -> Scaling:
        """From biological quantities to those of the chip."""
        return self.membranes.scaling

    def placed(self, asked: Asked, placement: Placement, laws: Characteristics) -> Fit:
        """With the capacitances of the circuits of a placement, and lines to match.

        Parameters
        ----------
        laws : Characteristics
            Of all circuits of all chips.
        """
        membranes = self.membranes.placed(asked, placement, laws)
        if self.strength is None:
            return replace(self, membranes=membranes)
        larger = membranes.scaling.conductance_gain / self.scaling.conductance_gain
        return replace(self, membranes=membranes, strength=self.strength.scaled(larger))


def fitted(
    network: Network,
    chip: ChipModel,
    asked: Asked,
    joined: weights.Joined,
    kept_scaling: Scaling | None,
    kept_routing: Routing | None,
    laws: Characteristics,
    *,
    strict: bool,
) -> Fit:
    """Find codes of weights and joined circuits that fit each other.

    Joined circuits have more capacitance, so currents and weights grow with their number, and
    with the weights the number of rows. The number of circuits only ever grows here, and ends at
    that of a whole block. Only if there are not enough chips it is less than what is needed.

    Parameters
    ----------
    kept_scaling, kept_routing
        Of an earlier mapping: kept as far as they serve.
    laws : Characteristics
        What is believed of the circuits of all chips that the network will take.
    strict : bool
        A neuron that needs more synapse rows than exist is an error.
    """
    if chip.chips is not None:
        check_neurons(network, chip.chips)
    if chip.weights == "6bit":
        weights.check_signs(network, joined, asked.conductance_based)
    rows = _rows(joined, None, network.n_neurons)
    generators = GeneratorSources.of(network if chip.routing == "real" else Network(1.0))
    demand = line_demand(joined, asked)
    volts = _voltage_maps(network, chip, asked, demand, kept_scaling, laws)

    def weighed(count: np.ndarray) -> Fit:
        membranes = _membranes(chip, asked, demand, count, volts, laws)
        known = None
        if kept_routing is not None and kept_routing.connects(joined, count):
            known = kept_routing.rows
        return _weigh(chip, joined, membranes, count, known, generators, laws, demand)

    count = _circuits(network, chip, rows, strict)
    while True:
        fit = weighed(count)
        needed = _circuits(network, chip, fit.rows, strict)
        of_bus = generators.circuits(joined, fit.synapses, network.n_neurons)
        needed = np.maximum(needed, np.minimum(of_bus, HICANN_X.columns_per_block))
        if (needed <= count).all():
            break
        count = np.maximum(count, needed)
    if chip.chips is None:
        return fit
    total = fit.rows.sum(axis=1)
    fewer = fewer_circuits(count, total, chip.chips, chip.seed, network.constraints)
    return fit if np.array_equal(fewer, count) else weighed(fewer)


def _membranes(
    chip: ChipModel,
    asked: Asked,
    demand: np.ndarray,
    count: np.ndarray,
    volts: tuple[np.ndarray, np.ndarray],
    laws: Characteristics,
) -> Membranes:
    """Capacitances of neurons of `count` circuits whose lines are to carry `demand`."""
    if chip.parameters == "exact":
        return Membranes.exact(asked.conductance_based)
    target = np.full(len(count), np.inf)
    if chip.mismatch != "none":  # on nominal circuits nothing saturates
        target = wanted(asked, demand, volts[0], count)
    return Membranes.nominal(asked, volts, count, target, laws)


def _voltage_maps(
    network: Network,
    chip: ChipModel,
    asked: Asked,
    demand: np.ndarray,
    kept: Scaling | None,
    laws: Characteristics,
) -> tuple[np.ndarray, np.ndarray]:
    """The voltage maps of neurons with the capacitances that they will have."""
    one = np.ones(network.n_neurons)
    # with the largest gain currents are largest, too
    volts = (GAIN_MAX * one, 0 * one)
    first = _membranes(chip, asked, demand, one.astype(np.int64), volts, laws)
    capacitance = first.scaling.conductance_gain * asked.values["cm"]
    return voltage_maps(network, asked, kept, laws, capacitance)


def _circuits(network: Network, chip: ChipModel, rows: np.ndarray, strict: bool) -> np.ndarray:
    """Circuits of each neuron: as many as its rows, (n_neurons, 2), need, at most a block.

    Where that is too few, connections will be lost; `strict`: that is an error.
    """
    real = chip.routing == "real"
    count = split_rows(rows) if real else circuits_needed(rows.sum(axis=1))
    most = HICANN_X.columns_per_block
    bad = np.flatnonzero(count > most)
    if len(bad) and real and strict:
        first = network.first_neuron
        k = int(np.searchsorted(first, bad[0], side="right")) - 1
        raise PlacementError(
            f"{network.populations[k].label}: neuron {bad[0] - first[k]} needs "
            f"{rows[bad[0]].sum()} synapse rows, {most * HICANN_X.rows} can be joined; give it "
            "fewer synapses or weights of less different size, allow the loss with on_loss='warn', "
            "or lift the limit with routing='lifted'"
        )
    return np.minimum(count, most)


def _weigh(
    chip: ChipModel,
    joined: weights.Joined,
    membranes: Membranes,
    count: np.ndarray,
    known: np.ndarray | None,
    generators: GeneratorSources,
    laws: Characteristics,
    demand: np.ndarray,
) -> Fit:
    """Realise the weights for neurons of `count` circuits, if possible in `known` rows."""
    n, scaling = len(count), membranes.scaling
    gain = np.repeat(scaling.line_gain(slice(None)), LINES)
    own_gain = gain[joined.slot]
    strength = None
    sign = _signs(joined, n)
    if chip.weights == "exact":
        step = np.ones(LINES * n)
        code = np.full(len(joined), WEIGHT_MAX)
        synapses = np.ones(len(joined), np.int64)
        amplitude = joined.weight if scaling.identity else joined.weight * own_gain
        weight = joined.weight.copy()
    else:
        most = magnitude = np.abs(joined.weight) * own_gain
        changing = np.zeros(LINES * n, bool)
        if joined.reach is not None:
            most = np.maximum(magnitude, np.abs(joined.reach) * own_gain)
            changing = weights.largest(joined, np.abs(joined.reach), n) > 0
        if chip.parameters == "exact":
            step = weights.exact_step(weights.largest(joined, most, n))
        else:
            if known is None:
                plain = generators.lines(joined, n) | changing
                full = resolution.refined(joined, most, count, plain)
            else:
                full = resolution.largest_that_fits(joined, most, known, n)
            coba = np.repeat(scaling.conductance_based, LINES)
            coarse: np.ndarray | float = 0.0
            reach = laws.strength_reach()
            if chip.mismatch != "none":
                bias = registers.synapse_bias(full, coba, reach)
                coarse = _coarse(joined, magnitude, demand * gain, coba, bias)
                coarse = np.where(changing, 0.0, coarse)
            strength = registers.Strength.choose(full, coba, reach, coarse)
            step = strength.step()
        quantised = weights.quantise(joined, magnitude, step)
        synapses, code = quantised.rows, quantised.code
        amplitude = np.sign(joined.weight) * (quantised.code * step[joined.slot]) + 0.0
        weight = amplitude / own_gain
    unit = (sign * step / gain)[joined.slot]
    rows = _rows(joined, synapses, n)
    return Fit(
        count,
        membranes,
        rows,
        synapses,
        code,
        sign * step,
        amplitude,
        weight,
        strength,
        unit,
        generators,
    )


def _coarse(
    joined: weights.Joined,
    magnitude: np.ndarray,
    demand: np.ndarray,
    coba: np.ndarray,
    bias: int,
) -> np.ndarray:
    """Steps at which lines carry `demand`, or as coarse as the usual amplifier makes them.

    What a line carries is set by its amplifier alone; steps grow with the bias of the synapses,
    too.

    Parameters
    ----------
    magnitude : float64 (n,), nA or µS on the chip
    demand : float64 (2 * n_neurons,), the same
    coba : bool (2 * n_neurons,)
    bias : int
        Of the synapses.
    """
    usual, utmost = registers.Strength.nominal(coba).step(), strongest_step(coba)
    needed = demand / np.tile(curves.LINE_RANGE, len(demand) // LINES)
    raised = bias / SYNAPSE_BIAS
    step = resolution.coarsest(joined, magnitude, np.clip(needed, usual, utmost) * raised)
    # weights of many codes can be rounded to any step
    fine = weights.least(joined, magnitude, len(coba) // LINES) >= _MANY_CODES * utmost * raised
    return np.where((needed >= utmost) & fine, utmost * raised, step)


def measured(
    chip: ChipModel,
    joined: weights.Joined,
    fit: Fit,
    placement: Placement,
    configs: tuple[ChipConfig, ...],
    laws: Characteristics,
) -> Fit:
    """The weights anew, where the circuits that neurons sit on are known better.

    Each connection keeps its synapses. What is realised, as far as anybody can know, is the code
    times the measured step; the amplitude is the code times what the circuits really do.
    """
    if chip.mismatch == "none":
        return fit
    gain = np.repeat(fit.scaling.line_gain(slice(None)), LINES)
    if fit.strength is None:
        return replace(fit, amplitude=joined.weight * gain[joined.slot])
    owner = np.repeat(np.arange(len(fit.count)), placement.count)
    circuit = placement.circuits()
    step = fit.strength.believed(laws.at(circuit), owner)
    quantised = weights.quantise(joined, np.abs(joined.weight) * gain[joined.slot], step)
    code = np.minimum(quantised.code, WEIGHT_MAX * fit.synapses)
    true = chip.device.weight_steps(configs)[circuit]
    mean = [np.bincount(owner, true[:, line]) / placement.count for line in range(LINES)]
    sign = np.sign(joined.weight)
    return replace(
        fit,
        code=code,
        weight=sign * code * step[joined.slot] / gain[joined.slot] + 0.0,
        unit=np.copysign(step / gain, fit.step)[joined.slot],
        amplitude=sign * code * np.stack(mean, axis=1).ravel()[joined.slot] + 0.0,
    )


def _rows(joined: weights.Joined, synapses: np.ndarray | None, n_neurons: int) -> np.ndarray:
    """Rows that each neuron needs at each line for so many synapses, or one, of each connection.

    Returns
    -------
    int64 (n_neurons, 2)
    """
    rows = np.bincount(joined.slot, synapses, LINES * n_neurons)
    return rows.astype(np.int64).reshape(n_neurons, LINES)


def _signs(joined: weights.Joined, n_neurons: int) -> np.ndarray:
    """Sign of the current into each line: float64 (2 * n_neurons,)."""
    sign = np.ones(LINES * n_neurons)
    sign[joined.slot[joined.weight < 0]] = -1.0
    if joined.reach is not None:
        sign[joined.slot[joined.reach < 0]] = -1.0
    return sign
