"""The map of voltages of each population onto the range of the membrane.

``chip mV = gain * mV + offset`` has to bring each potential into the window in which the chip can
have it. Every pair of a lowest value with a window's begin and a highest value with a window's end
bounds the gain; the largest gain within all bounds uses the codes best.
"""

from __future__ import annotations

import numpy as np

from pynn_bss2sim._core import curves
from pynn_bss2sim._core import hicannx as chip

from .network import Network
from .translate import Asked, Scaling

__all__ = ["voltage_maps"]

#: Largest gain, near that of the chip's usual calibration: 15 mV from rest to threshold become
#: 225 mV, and a current of 1 nA into 1 nF stays within the range of the offset current.
GAIN_MAX = 15.0

#: Below this gain reversal potentials, and then thresholds, are rather clipped than the whole
#: population squeezed into few codes.
GAIN_MIN = 5.0

#: Windows on the chip, mV.
REST_WINDOW = (curves.cadc_to_mv(chip.POTENTIAL_LOW), curves.cadc_to_mv(chip.POTENTIAL_HIGH))
SPIKE_WINDOW = (REST_WINDOW[0], curves.madc_to_mv(chip.THRESHOLD_HIGH))
REVERSAL_WINDOW = curves.CELL.reach

#: A potential this far outside of its window, in mV on the chip, is far below one code.
_SLACK = 1e-6

#: One potential: lowest and highest value, and its window.
_Bounds = tuple[float, float, tuple[float, float]]


def voltage_maps(
    network: Network, asked: Asked, previous: Scaling | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Gain and offset of each neuron, the same within a population.

    Parameters
    ----------
    previous : Scaling, optional
        Its maps are kept where all potentials still lie in their windows.

    Returns
    -------
    gain, offset : float64 (n_neurons,), 1 and mV
    """
    first = network.first_neuron
    sizes = np.diff(first)
    gains, offsets = [], []
    for k, population in enumerate(network.populations):
        gain, offset = GAIN_MAX, 0.0
        if population.size:
            here = slice(int(first[k]), int(first[k + 1]))
            tiers = _tiers(asked, here, len(population.receptors))
            kept = _kept(previous, here, [bound for tier in tiers for bound in tier])
            gain, offset = kept or choose_map(tiers)
        gains.append(gain)
        offsets.append(offset)
    return np.repeat(np.array(gains, float), sizes), np.repeat(np.array(offsets, float), sizes)


def choose_map(tiers: list[list[_Bounds]]) -> tuple[float, float]:
    """The largest gain up to `GAIN_MAX`, and the middle of the offsets that it allows.

    Parameters
    ----------
    tiers : list of list of bounds
        The most important first; the last ones are given up while the gain is under `GAIN_MIN`.
    """
    for end in range(len(tiers), 0, -1):
        bounds = [bound for tier in tiers[:end] for bound in tier]
        gain = _largest_gain(bounds)
        if gain >= GAIN_MIN:
            break
    gain = max(gain, GAIN_MIN)
    return gain, sum(_offsets(bounds, gain)) / 2


def _tiers(asked: Asked, here: slice, receptors: int) -> list[list[_Bounds]]:
    value = asked.values
    rest = [(*_ends(value[name][here]), REST_WINDOW) for name in ("v_rest", "v_reset")]
    spike = [(*_ends(asked.detection[here]), SPIKE_WINDOW)]
    onset = value["v_thresh"][here][asked.onset[here]]
    if len(onset):
        spike.append((*_ends(onset), SPIKE_WINDOW))
    tiers = [rest, spike]
    if asked.conductance_based[here.start]:
        reversal = asked.e_rev[:receptors, here]
        tiers.append([(*_ends(line), REVERSAL_WINDOW) for line in reversal])
    return tiers


def _ends(values: np.ndarray) -> tuple[float, float]:
    return float(values.min()), float(values.max())


def _largest_gain(bounds: list[_Bounds]) -> float:
    gain = GAIN_MAX
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
    previous: Scaling | None, here: slice, bounds: list[_Bounds]
) -> tuple[float, float] | None:
    """The former map of the neurons `here`, if it still holds."""
    if previous is None or previous.identity or here.stop > len(previous):
        return None
    gain = float(previous.voltage_gain[here.start])
    offset = float(previous.voltage_offset[here.start])
    low, high = _offsets(bounds, gain)
    return (gain, offset) if low - _SLACK <= offset <= high + _SLACK else None
