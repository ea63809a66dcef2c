"""The routing of a mapping, and the connections that its registers make."""

from __future__ import annotations

import numpy as np

from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim._core.config import ChipConfig
from pynn_bss2sim._core.connect import Connections, connect, connect_by_links
from pynn_bss2sim._core.device import Device
from pynn_bss2sim._core.event_path import FpgaRouting
from pynn_bss2sim._core.frozen import frozen
from pynn_bss2sim._core.hops import Timing
from pynn_bss2sim._core.ordering import distinct
from pynn_bss2sim._core.records import LINES

from .generators import GeneratorSources
from .network import Network
from .partition import exchanged
from .place import Placement, spread
from .route import Routing, route
from .weights import Joined, delay_steps, latency_steps, realised_delays

__all__ = ["Lifted", "delays", "lifted", "read_back", "routed"]

#: How often neurons are spread over more chips before a loss is accepted.
_ROUNDS = 4
#: So many of the labels of an array can be given out in practice.
_FILLED = 0.98


def routed(
    joined: Joined,
    rows: np.ndarray,
    placement: Placement,
    generators: GeneratorSources,
    seed: int,
    previous: Routing | None,
    chips: int | None = None,
) -> Routing:
    """Route, or keep the `previous` routing if it serves.

    Where sources run out of labels, neurons are spread over more chips, as long as there are not
    more than `chips`.
    """
    if previous is not None and previous.serves(joined, rows, placement, generators):
        return previous
    width = placement.count
    most = placement.target.columns_per_block
    n_sources = len(generators.population)
    best: Routing | None = None
    for _ in range(_ROUNDS):
        placement, width = _uncrowded(joined, placement, width, n_sources, chips)
        placement = exchanged(joined, placement, width, seed)
        routing = route(joined, rows, placement, generators, seed)
        if best is None or routing.lost.sum() < best.lost.sum():
            best = routing
        array = _arrays(placement)
        lossy = np.unique(array[joined.post[routing.lost]])
        tight = np.isin(array, lossy[np.bincount(array)[lossy] > 1])
        tight &= placement.free & (width < most)
        if not tight.any():
            break
        wider = np.where(tight, np.minimum(2 * width, most), width)
        spacious = spread(placement, wider)
        if chips is not None and spacious.chips > chips:
            break
        placement, width = spacious, wider
    assert best is not None
    return best


def _arrays(placement: Placement) -> np.ndarray:
    """Synapse array of each neuron."""
    return placement.chip * chip.HEMISPHERES + placement.row


def _uncrowded(
    joined: Joined, placement: Placement, width: np.ndarray, n_sources: int, chips: int | None
) -> tuple[Placement, np.ndarray]:
    """Spread the neurons of arrays whose sources are more than there are labels."""
    most = placement.target.columns_per_block
    while True:
        array = _arrays(placement)
        pairs = array[joined.post]
        pairs *= n_sources
        pairs += joined.pre
        pairs = distinct(pairs)
        sources = np.bincount(pairs // n_sources, minlength=int(array.max(initial=-1)) + 1)
        alone = np.bincount(array) <= 1
        crowded = (sources > _FILLED * chip.DRIVERS * chip.LABELS) & ~alone
        tight = crowded[array] & placement.free & (width < most)
        if not tight.any():
            return placement, width
        wider = np.where(tight, np.minimum(2 * width, most), width)
        spacious = spread(placement, wider)
        if chips is not None and spacious.chips > chips:
            return placement, width
        placement, width = spacious, wider


@frozen
class Lifted:
    """What synapses add and when, as far as limits are lifted and no register says it.

    Attributes
    ----------
    step : float64 (2 * n_neurons,), nA or µS
        What one weight code is worth at each line; where registers say it, its sign only.
    synapse : int64 (n,)
        Synapses with values of their own, counted as in `Routing`.
    amplitude : float64 (n,) or (0,)
        Of each of them, if weights are exact.
    delay : int32 (n,) or (0,), steps
        Of each of them, if delays are as asked for.
    """

    step: np.ndarray
    synapse: np.ndarray
    amplitude: np.ndarray
    delay: np.ndarray


def lifted(
    network: Network, model: ChipModel, routing: Routing, step: np.ndarray, amplitude: np.ndarray
) -> Lifted:
    """What no register says of a routed network.

    Parameters
    ----------
    step : float64 (2 * n_neurons,)
        See `Lifted`.
    amplitude : float64 (n_connections,)
        Of exact weights.
    """
    own_amplitude, own_delay = np.empty(0), np.empty(0, np.int32)
    if model.weights == "exact":
        own_amplitude = amplitude[routing.connection]
    if model.delays == "asked":
        own_delay = delay_steps(routing.joined.delay, network.timestep)[routing.connection]
    own = len(own_amplitude) or len(own_delay)
    return Lifted(step, routing.synapse if own else routing.synapse[:0], own_amplitude, own_delay)


def read_back(
    model: ChipModel,
    configs: tuple[ChipConfig, ...],
    fpga: FpgaRouting,
    placement: Placement,
    n_sources: int,
    timestep: float,
    values: Lifted,
    watched: np.ndarray | None = None,
    device: Device | None = None,
) -> Connections:
    """The connections that the registers make, with the ways of events over links if they limit.

    For `watched` see `connect`; `device` is the first chip if it is not that of the model.
    """
    device = model.device if device is None else device
    owner = placement.owner()
    of_circuit = np.where(owner[:, np.newaxis] >= 0, values.step.reshape(-1, LINES)[owner], 0.0)
    strength = None
    if model.parameters != "exact" and model.weights != "exact":
        of_circuit = np.sign(of_circuit) * device.weight_steps(configs)
        strength = device.synapse_strength(len(configs))
    n_synapses = len(owner) * chip.ROWS
    own_amplitude = own_delay = None
    if model.weights == "exact":
        own_amplitude = np.zeros(n_synapses)
        own_amplitude[values.synapse] = values.amplitude
    if model.delays == "asked":
        own_delay = np.ones(n_synapses, np.int32)
        own_delay[values.synapse] = values.delay
    latency = latency_steps(timestep)
    wired = configs, fpga, placement.circuit, n_sources, of_circuit, latency
    own = own_amplitude, own_delay, strength, model.device.driver_dynamics(configs), watched
    if model.bandwidth == "unlimited":
        return connect(*wired, *own)
    if own_delay is None:
        timing = Timing.of_latency(timestep, latency)
    else:
        timing = Timing.of_own_delays(timestep)
    return connect_by_links(*wired, timing, *own)


def delays(network: Network, model: ChipModel, routing: Routing) -> np.ndarray:
    """Realised delays, float64 (n_connections,), ms; NaN = lost."""
    asked = routing.joined.delay
    if model.delays == "asked":
        steps = delay_steps(asked, network.timestep)
    else:
        steps = latency_steps(network.timestep)[routing.path]
    result = realised_delays(steps, asked, network.timestep)
    result[routing.lost] = np.nan
    return result
