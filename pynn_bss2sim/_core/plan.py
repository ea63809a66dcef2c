"""From physical quantities to the coefficients of one step: what both engines integrate.

Derivations (h = time step, one neuron, C = ``c_m``, g = ``g_leak``, tau = C / g):

current-based LIF
    V and the line currents form a linear system, solved exactly over one step [1]_:
    ``p_vv = e^(-h/tau)``, ``p_vi = (1 - e^(-h/tau)) / g``,
    ``p_v(l) = (e^(-h/tau) - e^(-h/tau_l)) / (C (1/tau_l - 1/tau))``, evaluated without
    cancellation where the time constants are close.
conductance-based LIF
    a line's conductance, averaged exactly over the (sub)step, is ``mean = phi(-h/tau_l)`` times its
    value at the begin; see kernels_impl.h.
AdEx
    fourth-order Runge-Kutta; the lines' decay over half a (sub)step is exact.
the two latter in single precision
    an exponential Rosenbrock step (kernels_single_impl.h). A line's mean is that which a membrane
    with its leak alone feels, ``felt = p_v(l) / p_vi``: what comes late counts more, for it has
    decayed less. w decays by ``decay_w = e^(-h/tau_w)``.

Conductance-based and AdEx neurons take substeps of at most `MAX_SUBSTEP`.

What departs from the ideal equations (`Circuits`) has coefficients of its own, read only where the
block's `Mode` asks for them:

saturation
    of a current (or conductance) I with limit L: ``I + L / s excess(s I / L)`` flows, with
    ``excess(u) = (y - y**3) - u`` of u clipped to +-3^(-1/2), and s = 2 3^(-3/2), which is the
    ``sat`` of `Circuits`. ``leak_u``, ``line_u`` turn what the kernel has at hand into s I / L, and
    ``leak_c``, ``line_c`` turn the excess into what the kernel adds: a current, or for
    current-based LIF its effect on V over the step. Both are 0 where there is no limit.
reset
    ``reset_keep = e^(-h/tau_reset)`` is what remains of ``V - v_reset`` after a (sub)step of hold.
    No neuron spikes in the ``silent_steps`` after a spike, which are at least its ``hold_steps``.
noise
    a normal number times ``sigma (1 - e^(-2h/tau))^(1/2)`` in each step keeps the standard
    deviation of a variable that decays with tau at sigma, exactly.

References
----------
.. [1] S. Rotter and M. Diesmann, Exact digital simulation of time-invariant linear systems with
   applications to neuronal modeling, Biol. Cybern. 81, 1999.
"""

from __future__ import annotations

import enum
from dataclasses import fields

import numpy as np

from pynn_bss2sim._core.exponential import exp, phi
from pynn_bss2sim._core.frozen import frozen
from pynn_bss2sim._core.link_plan import LinkPlan, latest_arrival, longest_wait, make_link_plan
from pynn_bss2sim._core.links import Ways
from pynn_bss2sim._core.noise import NOISE_BLOCK
from pynn_bss2sim._core.records import LINES, Circuits, SynapseTable

__all__ = [
    "MAX_RING_BYTES",
    "MAX_SINGLE_STEPS",
    "MAX_SUBSTEP",
    "Kind",
    "Mode",
    "Plan",
    "Routes",
    "make_plan",
    "make_routes",
]

#: Longest substep (µs) of the methods that are not exact.
MAX_SUBSTEP = 0.1
#: Steps above which membranes have too long a time constant for the digits of a float.
MAX_SINGLE_STEPS = 500
#: Largest buffer for spikes under way.
MAX_RING_BYTES = 1 << 30
#: s in the formula of saturation above.
SATURATION_SCALE = 2.0 / np.sqrt(27.0)


class Kind(enum.IntEnum):
    """Neuron kinds, in the order of the kernel tables in kernels.h."""

    CUBA_LIF = 0
    COBA_LIF = 1
    CUBA_ADEX = 2
    COBA_ADEX = 3


class Mode(enum.IntEnum):
    """How a neuron is integrated, in the order of the kernel tables."""

    IDEAL = 0  #: in double precision
    SINGLE = 1  #: the ideal equations in single precision
    SILICON = 2  #: so with saturation, limits, reset by a conductance
    NOISY = 3  #: so with these, and noise of membrane and lines


@frozen
class Plan:
    """Coefficients of one step.

    Attributes
    ----------
    block_kind, block_mode, block_start : int64 (n_blocks,), int64 (n_blocks + 1,) the last
        Maximal runs of neighbouring neurons of one kind and mode; noisy ones have at most
        `noise.NOISE_BLOCK` neurons.
    substeps : int
    others : float64 (n,) each
        Named as in kernels.h.
    """

    block_kind: np.ndarray
    block_mode: np.ndarray
    block_start: np.ndarray
    substeps: int
    e_leak: np.ndarray
    v_reset: np.ndarray
    v_thresh: np.ndarray
    hold_steps: np.ndarray
    silent_steps: np.ndarray
    i_offset: np.ndarray
    decay0: np.ndarray
    decay1: np.ndarray
    p_vv: np.ndarray
    p_v0: np.ndarray
    p_v1: np.ndarray
    p_vi: np.ndarray
    e_rev0: np.ndarray
    e_rev1: np.ndarray
    mean0: np.ndarray
    mean1: np.ndarray
    half0: np.ndarray
    half1: np.ndarray
    felt0: np.ndarray
    felt1: np.ndarray
    g_leak: np.ndarray
    h_over_c: np.ndarray
    g_delta_t: np.ndarray
    inv_delta_t: np.ndarray
    v_exp: np.ndarray
    a: np.ndarray
    b: np.ndarray
    h_over_tau_w: np.ndarray
    decay_w: np.ndarray
    leak_u: np.ndarray
    leak_c: np.ndarray
    line_u0: np.ndarray
    line_u1: np.ndarray
    line_c0: np.ndarray
    line_c1: np.ndarray
    reset_keep: np.ndarray
    v_floor: np.ndarray
    v_ceiling: np.ndarray
    amp_v: np.ndarray
    amp0: np.ndarray
    amp1: np.ndarray
    sigma_thresh: np.ndarray
    sigma_trial: np.ndarray

    def __len__(self) -> int:
        return len(self.e_leak)

    @classmethod
    def coefficient_names(cls) -> list[str]:
        """Names of the per-neuron arrays."""
        return [f.name for f in fields(cls)][4:]


def make_plan(circuits: Circuits, timestep: float) -> Plan:
    """Compute the coefficients of one step.

    Parameters
    ----------
    circuits : Circuits
    timestep : float
        In µs, positive and finite.

    Raises
    ------
    ValueError
        If the time step is not a positive number.
    """
    if not (np.isfinite(timestep) and timestep > 0):
        raise ValueError(f"the time step must be a positive number of µs, not {timestep!r}")
    c = circuits
    kind = 2 * c.adex.astype(np.int64) + c.conductance_based
    mode = _modes(c, timestep)
    start = _block_start(kind, mode)
    substeps = max(1, int(np.ceil(timestep / MAX_SUBSTEP - 1e-9)))
    h_sub = timestep / substeps
    # exact current-based LIF takes the whole step, the others their substep
    h_line = np.where(kind == Kind.CUBA_LIF, timestep, h_sub)
    decay = exp(-h_line / c.tau_syn)
    felt = _line_to_membrane(c, c.tau_syn, h_sub)
    felt /= h_sub / c.c_m * phi(-h_sub * c.g_leak / c.c_m)
    exact = kind == Kind.CUBA_LIF
    h_over_c = h_sub / c.c_m
    # in single precision conductances and currents are kept times h / C
    scale = np.where(exact | (mode == Mode.IDEAL), 1.0, h_over_c)
    p_line = _line_to_membrane(c, c.tau_syn, timestep)
    mean, half = phi(-h_sub / c.tau_syn), exp(-0.5 * h_sub / c.tau_syn)
    sloped = c.delta_t > 0
    arrays = {
        "e_leak": c.e_leak,
        "v_reset": np.clip(c.v_reset, c.v_floor, c.v_ceiling),
        "v_thresh": c.v_thresh,
        "hold_steps": c.refractory_steps,
        "silent_steps": c.refractory_steps.astype(np.int64) + c.holdoff_steps,
        "i_offset": c.i_offset,
        "decay0": decay[0],
        "decay1": decay[1],
        "p_vv": exp(-timestep * c.g_leak / c.c_m),
        "p_v0": p_line[0],
        "p_v1": p_line[1],
        "p_vi": np.where(exact, timestep / c.c_m * phi(-timestep * c.g_leak / c.c_m), scale),
        "e_rev0": c.e_rev[0],
        "e_rev1": c.e_rev[1],
        "mean0": mean[0],
        "mean1": mean[1],
        "half0": half[0],
        "half1": half[1],
        "felt0": felt[0] * scale,
        "felt1": felt[1] * scale,
        "g_leak": c.g_leak * scale,
        "h_over_c": h_over_c,
        "g_delta_t": c.g_leak * c.delta_t * scale,
        "inv_delta_t": np.where(sloped, 1.0 / np.where(sloped, c.delta_t, 1.0), 0.0),
        "v_exp": c.v_exp,
        "a": c.a,
        "b": np.where(c.adex, c.b, 0.0),
        "h_over_tau_w": h_sub / c.tau_w,
        "decay_w": exp(-h_sub / c.tau_w),
    }
    arrays |= _saturation(c, exact, timestep, arrays["p_vi"])
    arrays |= {
        "reset_keep": np.where(
            c.tau_reset > 0, exp(-h_line / np.where(c.tau_reset > 0, c.tau_reset, 1.0)), 0.0
        ),
        "v_floor": c.v_floor,
        "v_ceiling": c.v_ceiling,
        "amp_v": _amplitude(c.sigma_v, c.c_m / c.g_leak, timestep),
        "amp0": _amplitude(c.sigma_line[0], c.tau_syn[0], timestep),
        "amp1": _amplitude(c.sigma_line[1], c.tau_syn[1], timestep),
        "sigma_thresh": c.sigma_thresh,
        "sigma_trial": c.sigma_trial,
    }
    return Plan(
        kind[start[:-1]],
        mode[start[:-1]],
        start,
        substeps,
        **{k: np.ascontiguousarray(v, np.float64) for k, v in arrays.items()},
    )


def _modes(c: Circuits, timestep: float) -> np.ndarray:
    """The mode of each neuron: int64 (n,)."""
    silicon = (
        np.isfinite(c.leak_limit)
        | np.isfinite(c.line_limit).any(axis=0)
        | (c.tau_reset > 0)
        | np.isfinite(c.v_floor)
        | np.isfinite(c.v_ceiling)
    )
    noisy = (c.sigma_v > 0) | (c.sigma_line > 0).any(axis=0)
    single = c.single_precision & (c.c_m <= MAX_SINGLE_STEPS * timestep * c.g_leak)
    return np.select(
        [noisy, silicon, single], [Mode.NOISY, Mode.SILICON, Mode.SINGLE], Mode.IDEAL
    ).astype(np.int64)


def _block_start(kind: np.ndarray, mode: np.ndarray) -> np.ndarray:
    """Offsets of maximal runs of one kind and mode, noisy ones cut to `NOISE_BLOCK`."""
    if not len(kind):
        return np.zeros(1, np.int64)
    edges = np.flatnonzero(np.diff(kind) | np.diff(mode)) + 1
    start = np.concatenate([[0], edges])
    stop = np.append(edges, len(kind))
    cuts = [
        np.arange(first, last, NOISE_BLOCK if mode[first] == Mode.NOISY else last - first)
        for first, last in zip(start, stop, strict=True)
    ]
    return np.concatenate([*cuts, [len(kind)]]).astype(np.int64)


def _saturation(
    c: Circuits, exact: np.ndarray, timestep: float, effect: np.ndarray
) -> dict[str, np.ndarray]:
    """Coefficients of the saturating currents, of which 1 nA has this `effect` in the kernels.

    `exact` tells neurons of current-based LIF.
    """
    leak = np.where(np.isinf(c.leak_limit), 0.0, c.leak_limit)
    line = np.where(np.isinf(c.line_limit), 0.0, c.line_limit)
    seen = np.where(exact, phi(-timestep / c.tau_syn), 1.0 / effect)
    line_u = SATURATION_SCALE * seen / c.line_limit
    return {
        "leak_u": SATURATION_SCALE * c.g_leak / c.leak_limit,
        "leak_c": leak / SATURATION_SCALE * effect,
        "line_u0": line_u[0],
        "line_u1": line_u[1],
        "line_c0": line[0] / SATURATION_SCALE * effect,
        "line_c1": line[1] / SATURATION_SCALE * effect,
    }


def _amplitude(sigma: np.ndarray, tau: np.ndarray, h: float) -> np.ndarray:
    """Noise of one step that keeps the standard deviation of a decaying variable at `sigma`."""
    if not sigma.any():
        return sigma
    return sigma * np.sqrt(2.0 * h / tau * phi(-2.0 * h / tau))


def _line_to_membrane(c: Circuits, tau_line: np.ndarray, h: float) -> np.ndarray:
    """Effect of a line current of 1 nA at the begin of a step on V (mV) at its end."""
    rate_m, rate_l = c.g_leak / c.c_m, 1.0 / tau_line
    slow, fast = np.minimum(rate_m, rate_l), np.maximum(rate_m, rate_l)
    return exp(-slow * h) * (h / c.c_m) * phi(-(fast - slow) * h)


@frozen
class Routes:
    """A synapse table compiled for the engines.

    Spikes under way lie in a ring of `depth` slots, one for each step; a slot holds what arrives on
    every line: ``ring[slot, line, neuron]``. A synapse adds `amplitude` to the flat position
    ``cell = line * n + target`` of the slot that lies `delay` behind the present one.

    Attributes
    ----------
    depth : int
    indptr : int64 (n_sources + 1,)
    cell, delay : int32 (n_synapses,)
    amplitude : float64 (n_synapses,)
    links : LinkPlan or None
        The links that events pass; with None they pass none.
    """

    depth: int
    indptr: np.ndarray
    cell: np.ndarray
    delay: np.ndarray
    amplitude: np.ndarray
    links: LinkPlan | None = None


def make_routes(synapses: SynapseTable, min_depth: int = 2, ways: Ways | None = None) -> Routes:
    """Compile a synapse table, and the ways of events to its synapses if links limit them.

    Raises
    ------
    ValueError
        If the spikes under way would need more than `MAX_RING_BYTES`.
    """
    n = synapses.n_neurons
    longest = int(synapses.delay.max(initial=1))
    links = None
    if ways is not None:
        links = make_link_plan(ways, synapses.n_sources, synapses.delay)
        longest = max(longest, latest_arrival(links, longest_wait(links)))
    depth = max(longest + 1, min_depth)
    if depth * LINES * n * 8 > MAX_RING_BYTES:
        raise ValueError(
            f"a delay of {longest} time steps for {n} neurons needs "
            f"{depth * LINES * n * 8 / 2**20:.0f} MiB of spikes under way, more than "
            f"{MAX_RING_BYTES / 2**20:.0f} MiB: shorten the delay or use a longer time step"
        )
    cell = synapses.line.astype(np.int32) * np.int32(n) + synapses.target
    return Routes(depth, synapses.indptr, cell, synapses.delay, synapses.amplitude, links)
