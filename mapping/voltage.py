"""The map of voltages of each population onto the range of the membrane.

``chip mV = gain * mV + offset`` has to bring each potential into the window in which the chip can
have it. Every pair of a lowest value with a window's begin and a highest value with a window's end
bounds the gain; the largest gain within all bounds uses the codes best.
"""

from __future__ import annotations

import numpy as np

from pynn_bss2sim._core import curves
from pynn_bss2sim._core import hicannx as chip

from .characteristics import Characteristics, Law
from .network import Network
from .translate import Asked, Scaling

__all__ = ["voltage_maps"]

#: Largest gain, near that of the chip's usual calibration: 15 mV from rest to threshold become
#: 225 mV. Currents grow with the gain: it is lowered where an offset current would be clipped.
GAIN_MAX = 15.0

#: Below this gain reversal potentials or thresholds are rather clipped than the whole population
#: squeezed into few codes.
GAIN_MIN = 5.0

#: Windows on the chip, mV.
REST_WINDOW = (curves.cadc_to_mv(chip.POTENTIAL_LOW), curves.cadc_to_mv(chip.POTENTIAL_HIGH))
SPIKE_WINDOW = (REST_WINDOW[0], curves.madc_to_mv(chip.THRESHOLD_HIGH))

#: A potential this far outside of its window, in mV on the chip, is far below one code.
_SLACK = 1e-6

#: One potential: lowest and highest value, and its window.
_Bounds = tuple[float, float, tuple[float, float]]


def voltage_maps(
    network: Network,
    asked: Asked,
    previous: Scaling | None = None,
    characteristics: Characteristics | None = None,
    capacitance: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Gain and offset of each neuron, the same within a population.

    Parameters
    ----------
    previous : Scaling, optional
        Its maps are kept where all potentials still lie in their windows.
    characteristics : Characteristics, optional
        What is believed of the circuits, nominal by default. Reversal potentials and offset
        currents are brought to where all circuits reach; the windows of the other potentials are
        narrower than the reach of any working circuit.
    capacitance : float64 (n_neurons,), pF, optional
        Of the membranes; by default the largest. Offset currents grow with it.

    Returns
    -------
    gain, offset : float64 (n_neurons,), 1 and mV
    """
    laws = characteristics or Characteristics.nominal()
    reversal = _common([laws.reversal_exc, laws.reversal_inh])
    strongest = _common([laws.offset_source, laws.offset_sink])[1]
    if capacitance is None:
        capacitance = np.full(network.n_neurons, curves.capacitance(chip.CAPACITANCE_MAX, 1))
    current = np.abs(asked.values["i_offset"]) * capacitance / asked.values["cm"]
    first = network.first_neuron
    sizes = np.diff(first)
    gains, offsets = [], []
    for k, population in enumerate(network.populations):
        gain, offset = GAIN_MAX, 0.0
        if population.size:
            here = slice(int(first[k]), int(first[k + 1]))
            bounds = _bounds(asked, here, len(population.receptors), reversal)
            most = _gain_of_currents(float(current[here].max()), strongest)
            kept = _kept(previous, here, sum(bounds, []), most)
            gain, offset = kept or choose_map(*bounds, most)
        gains.append(gain)
        offsets.append(offset)
    return np.repeat(np.array(gains, float), sizes), np.repeat(np.array(offsets, float), sizes)


def choose_map(
    rest: list[_Bounds],
    spike: list[_Bounds],
    reversal: list[_Bounds],
    most: float = GAIN_MAX,
) -> tuple[float, float]:
    """The largest gain up to `most`, and the middle of the offsets that it allows.

    While the gain is under `GAIN_MIN`, reversal potentials, thresholds or both are given up.
    """
    gain, bounds = GAIN_MIN, rest
    for candidate in (rest + spike + reversal, rest + spike, rest + reversal, rest):
        if (largest := _largest_gain(candidate, most)) >= GAIN_MIN:
            gain, bounds = largest, candidate
            break
    return gain, sum(_offsets(bounds, gain)) / 2


def _bounds(
    asked: Asked, here: slice, receptors: int, window: tuple[float, float]
) -> tuple[list[_Bounds], list[_Bounds], list[_Bounds]]:
    """Bounds of resting and reset potentials, of those of a spike, and of reversal potentials."""
    value = asked.values
    rest = [(*_ends(value[name][here]), REST_WINDOW) for name in ("v_rest", "v_reset")]
    spike = [(*_ends(asked.detection[here]), SPIKE_WINDOW)]
    onset = value["v_thresh"][here][asked.onset[here]]
    if len(onset):
        spike.append((*_ends(onset), SPIKE_WINDOW))
    reversal: list[_Bounds] = []
    if asked.conductance_based[here.start]:
        lines = asked.e_rev[:receptors, here]
        reversal = [(*_ends(line), window) for line in lines]
    return rest, spike, reversal


def _gain_of_currents(needed: float, strongest: float) -> float:
    """The largest gain, within its limits, with which offset currents stay in range.

    Parameters
    ----------
    needed, strongest : float, nA
        Largest current for each unit of the gain, and what circuits can do.
    """
    if needed == 0:
        return GAIN_MAX
    return min(GAIN_MAX, max(GAIN_MIN, strongest / needed))


def _common(laws: list[Law]) -> tuple[float, float]:
    """The values that all circuits reach by all of some laws."""
    lows, highs = zip(*(law.reach for law in laws), strict=True)
    return float(max(low.max() for low in lows)), float(min(high.min() for high in highs))


def _ends(values: np.ndarray) -> tuple[float, float]:
    return float(values.min()), float(values.max())


def _largest_gain(bounds: list[_Bounds], most: float) -> float:
    gain = most
    for low, _, (begin, _) in bounds:
        for _, high, (_, end) in bounds:
            if high > low:
                gain = min(gain, (end - begin) / (high - low))
    return gain


def _offsets(bounds: list[_Bounds], gain: float) -> tuple[float, float]:
    """Smallest and largest offset with which all bounds hold."""
    return (
        max(begin - gain * low for low, _, (begin, _) in bounds),
        min(end - gain * high for _, high, (_, end) in bounds),
    )


def _kept(
    previous: Scaling | None, here: slice, bounds: list[_Bounds], most: float
) -> tuple[float, float] | None:
    """The former map of the neurons `here`, if it still holds."""
    if previous is None or previous.identity or here.stop > len(previous):
        return None
    gain = float(previous.voltage_gain[here.start])
    offset = float(previous.voltage_offset[here.start])
    if gain > most:
        return None
    low, high = _offsets(bounds, gain)
    return (gain, offset) if low - _SLACK <= offset <= high + _SLACK else None
