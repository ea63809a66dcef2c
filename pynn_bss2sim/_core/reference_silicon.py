"""Twins of the kernels in single precision: kernels_single_impl.h.

Membranes, against their leak potential, and lines are float32. Adaptation is float64, and what a
step changes of it is computed in float32.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from pynn_bss2sim._core.exponential_single import bernoulli, exp
from pynn_bss2sim._core.plan import Kind, Mode
from pynn_bss2sim._core.reference_kernels import Cells

__all__ = ["integrate"]

KNEE = np.float32(0.57735027)
ZERO, HALF, THREE = np.float32(0.0), np.float32(0.5), np.float32(3.0)
SIXTH = np.float32(1.0) / np.float32(6.0)
#: Coefficients that only circuits with limits have.
SILICON = frozenset({"leak_u", "reset_keep"})
#: Less than this of a membrane (mV against its leak potential) or of a line (nA or µS) comes to 0
#: in steps that are multiples of the last one.
TINY_U, TINY_LINE, TIDY_STEPS = np.float32(1e-6), np.float32(1e-12), 16
#: Smallest denominator of a step into an upstroke.
NARROWEST = np.float32(1e-3)


def clipped(u: np.ndarray) -> np.ndarray:
    """`u` clipped to +-3**-0.5, where y - y**3 has its extrema."""
    y = np.where(u > KNEE, KNEE, u)
    return np.where(y < -KNEE, -KNEE, y)


def excess(u: np.ndarray) -> np.ndarray:
    """(y - y**3) - u of y = clipped u: what a saturating current has more than a linear one."""
    y = clipped(u)
    return (y - u) - y * y * y


def single(x: ArrayLike) -> np.ndarray:
    """`x` rounded to float32."""
    return np.asarray(x).astype(np.float32)


def membrane(u: np.ndarray, v: np.ndarray, e_leak: np.ndarray) -> np.ndarray:
    """Membranes in float32 against `e_leak`, of which `v` is what they show or has come since.

    What is shown has fewer digits of a small `u`; as long as nobody has changed it, `u` counts.
    """
    return np.where(e_leak + u.astype(np.float64) == v, u, single(v - e_leak))


class Start:
    """What a (sub)step starts from, in float32."""

    def __init__(self, c: Mapping[str, np.ndarray], cells: Cells) -> None:
        self.u = cells.u.copy()
        self.e_leak = single(c["e_leak"])
        self.held = cells.hold > 0.0
        self.line0, self.line1 = single(cells.line0), single(cells.line1)
        self.drive = single(cells.drive)
        # without limits of the chip the membrane stays where it is while it is held
        self.relaxed = ZERO
        if "reset_keep" in c:
            self.relaxed = (self.u - single(c["v_reset"] - c["e_leak"])) * c["reset_keep"]

    def held_or(self, free: np.ndarray) -> np.ndarray:
        """Change of u of neurons that relax to reset while they are held, or are free."""
        return np.where(self.held, self.relaxed, free)


def integrate(
    kind: Kind,
    mode: Mode,
    c: Mapping[str, np.ndarray],
    cells: Cells,
    substeps: int,
    noise: np.ndarray | None,
    step: int,
) -> None:
    """Integrate neurons of one kind over a step.

    Parameters
    ----------
    kind : Kind
    mode : Mode
        Not IDEAL.
    c : dict of float64 or float32 (n,)
        Coefficients as `tiles.stored` gives them.
    cells : Cells
    substeps : int
    noise : float32 (3, n) or None
        Normal numbers for the membrane and both lines.
    step : int
        Number of the state at its end.
    """
    if mode == Mode.SINGLE:
        c = {name: values for name, values in c.items() if name not in SILICON}
    with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
        cells.u[:] = membrane(cells.u, cells.v, c["e_leak"])
        for s in range(1 if kind == Kind.CUBA_LIF else substeps):
            now = noise if s == substeps - 1 or kind == Kind.CUBA_LIF else None
            if kind == Kind.CUBA_LIF:
                _cuba_lif(c, cells, now)
            elif kind == Kind.COBA_LIF:
                _coba_lif(c, cells, now)
            else:
                _adex(c, cells, kind == Kind.COBA_ADEX, now)
        if mode != Mode.SINGLE:
            low, high = single(c["v_floor"] - c["e_leak"]), single(c["v_ceiling"] - c["e_leak"])
            u = np.where(cells.u < low, low, cells.u)
            cells.u[:] = np.where(u > high, high, u)
    if step % TIDY_STEPS == 0:
        for values, tiny in ((cells.u, TINY_U), (cells.line0, TINY_LINE), (cells.line1, TINY_LINE)):
            values[:] = np.where(abs(values) < tiny, 0.0, values)
    cells.v[:] = c["e_leak"] + cells.u.astype(np.float64)
    cells.hold[:] = np.where(cells.hold - 1.0 > 0.0, cells.hold - 1.0, 0.0)


def _change_lines(
    c: Mapping[str, np.ndarray], cells: Cells, start: Start, noise: np.ndarray | None
) -> None:
    """Decay and noise of the lines."""
    line0, line1 = start.line0 + start.line0 * c["decay0"], start.line1 + start.line1 * c["decay1"]
    if noise is not None:
        line0, line1 = line0 + c["amp0"] * noise[1], line1 + c["amp1"] * noise[2]
    cells.line0[:], cells.line1[:] = line0, line1


def _cuba_lif(c: Mapping[str, np.ndarray], cells: Cells, noise: np.ndarray | None) -> None:
    """Propagation that would be exact if nothing saturated."""
    start = Start(c, cells)
    i0, i1, u = start.line0, start.line1, start.u
    push = i0 * c["p_v0"] + (i1 * c["p_v1"] + start.drive)
    if "leak_u" in c:
        push = push + (
            c["line_c0"] * excess(i0 * c["line_u0"]) + c["line_c1"] * excess(i1 * c["line_u1"])
        )
    if noise is not None:
        push = push + c["amp_v"] * noise[0]
    change = u * c["p_vv"] + push
    if "leak_u" in c:
        leak_u, leak_c = c["leak_u"], c["leak_c"]
        far_u = u * leak_u
        y = clipped(far_u)
        y2 = y * y
        slope = (leak_u * leak_c) * (np.float32(1.5) * y2)
        change = change - leak_c * ((y - far_u) - y2 * y)
        change = change + slope * change
    cells.u[:] = u + start.held_or(change)
    _change_lines(c, cells, start, noise)


def _noise_v(
    c: Mapping[str, np.ndarray], start: Start, noise: np.ndarray | None
) -> np.ndarray | np.float32:
    """Noise of the membranes of a whole step, which those held at reset do not have."""
    return ZERO if noise is None else np.where(start.held, ZERO, c["amp_v"] * noise[0])


def _begin_substep(
    c: Mapping[str, np.ndarray], start: Start, coba: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Conductance of the membranes, and the current into them but for upstroke and adaptation.

    Both are times h / C, as are the coefficients.
    """
    g0, g1 = start.line0 * c["felt0"], start.line1 * c["felt1"]
    saturating = "leak_u" in c
    if saturating:
        g0 = g0 + c["line_c0"] * excess(g0 * c["line_u0"])
        g1 = g1 + c["line_c1"] * excess(g1 * c["line_u1"])
    g, push = c["g_leak"], g0 + g1
    if coba:
        g = g + (g0 + g1)
        push = g0 * (c["e_rev0"] - start.e_leak) + g1 * (c["e_rev1"] - start.e_leak)
    push = (push + start.drive) - g * start.u
    if saturating:
        far_u = start.u * c["leak_u"]
        y = clipped(far_u)
        y2 = y * y
        push = push - c["leak_c"] * ((y - far_u) - y2 * y)
        g = g - (c["leak_u"] * c["leak_c"]) * (THREE * y2)
    return g, push


def _coba_lif(c: Mapping[str, np.ndarray], cells: Cells, noise: np.ndarray | None) -> None:
    """Exponential Rosenbrock step."""
    start = Start(c, cells)
    g, push = _begin_substep(c, start, coba=True)
    change = start.held_or(push / bernoulli(-g))
    cells.u[:] = (start.u + change) + _noise_v(c, start, noise)
    _change_lines(c, cells, start, noise)


def _adex(c: Mapping[str, np.ndarray], cells: Cells, coba: bool, noise: np.ndarray | None) -> None:
    """Exponential Rosenbrock step with the third order of the upstroke."""
    start, w = Start(c, cells), single(cells.w)
    g, push = _begin_substep(c, start, coba)
    above = (start.u - (c["v_exp"] - start.e_leak)) * c["inv_delta_t"]
    upstroke = c["g_delta_t"] * exp(above)
    slope = upstroke * c["inv_delta_t"]
    relax = (w - c["a"] * start.u) * c["decay_w"]
    push = push + (upstroke - (w + HALF * relax) * c["h_over_c"])
    bend = slope * (push * (c["inv_delta_t"] * SIXTH))
    width = bernoulli(slope - g) - bend
    width = np.where(width > NARROWEST, width, NARROWEST)
    thresh = single(c["v_thresh"] - c["e_leak"])
    u_end = start.u + start.held_or(push / width)
    u_end = np.where(u_end < thresh, u_end, thresh)
    # adaptation follows the membrane no farther than to the threshold
    moved = u_end - start.u
    cells.u[:] = u_end + _noise_v(c, start, noise)
    cells.w[:] = cells.w + (relax - (c["decay_w"] * (HALF * c["a"])) * moved).astype(np.float64)
    _change_lines(c, cells, start, noise)
