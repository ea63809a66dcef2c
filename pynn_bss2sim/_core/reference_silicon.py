"""Twins of the kernels of neurons that are not ideal: kernels_silicon_impl.h, line by line.

State and potentials are float64; what a step changes of them is computed in float32.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pynn_bss2sim._core.exponential import NEAR
from pynn_bss2sim._core.exponential_single import exp, exp_near, phi_near
from pynn_bss2sim._core.plan import Kind
from pynn_bss2sim._core.reference_kernels import Cells

__all__ = ["integrate"]

KNEE = np.float32(0.57735027)
HALF, ONE, TWO = np.float32(0.5), np.float32(1.0), np.float32(2.0)
SIXTH = ONE / np.float32(6.0)


def clipped(u: np.ndarray) -> np.ndarray:
    """`u` clipped to +-3**-0.5, where y - y**3 has its extrema."""
    y = np.where(u > KNEE, KNEE, u)
    return np.where(y < -KNEE, -KNEE, y)


def excess(u: np.ndarray) -> np.ndarray:
    """(y - y**3) - u of y = clipped u: what a saturating current has more than a linear one."""
    y = clipped(u)
    return (y - u) - y * y * y


def single(x: np.ndarray) -> np.ndarray:
    """`x` rounded to float32."""
    return x.astype(np.float32)


class Start:
    """What a (sub)step starts from, in float32."""

    def __init__(self, c: Mapping[str, np.ndarray], cells: Cells) -> None:
        self.u = single(cells.v - c["e_leak"])
        self.e_leak = single(c["e_leak"])
        self.from_reset = single(cells.v - c["v_reset"])
        self.held = cells.hold > 0.0
        self.line0, self.line1 = single(cells.line0), single(cells.line1)
        self.drive = single(cells.drive)
        self.relaxed = self.from_reset * c["reset_keep"]

    def held_or(self, free: np.ndarray) -> np.ndarray:
        """Change of v of neurons that relax to reset while they are held, or are free."""
        return np.where(self.held, self.relaxed, free)


def integrate(
    kind: Kind,
    c: Mapping[str, np.ndarray],
    cells: Cells,
    substeps: int,
    noise: np.ndarray | None,
) -> None:
    """Integrate neurons of one kind over a step.

    Parameters
    ----------
    kind : Kind
    c : dict of float64 or float32 (n,)
        Coefficients as `tiles.stored` gives them.
    cells : Cells
    substeps : int
    noise : float32 (3, n) or None
        Normal numbers for the membrane and both lines.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
        if kind == Kind.CUBA_LIF:
            _cuba_lif(c, cells, noise)
        else:
            for s in range(substeps):
                now = noise if s == substeps - 1 else None
                if kind == Kind.COBA_LIF:
                    _coba_lif(c, cells, now)
                else:
                    _adex(c, cells, kind == Kind.COBA_ADEX, now)
    v = np.where(cells.v < c["v_floor"], c["v_floor"], cells.v)
    cells.v[:] = np.where(v > c["v_ceiling"], c["v_ceiling"], v)
    cells.hold[:] = np.where(cells.hold - 1.0 > 0.0, cells.hold - 1.0, 0.0)


def _change_lines(
    c: Mapping[str, np.ndarray], cells: Cells, start: Start, noise: np.ndarray | None
) -> None:
    """Decay and noise of the lines."""
    change0, change1 = start.line0 * c["decay0"], start.line1 * c["decay1"]
    if noise is not None:
        change0 = change0 + c["amp0"] * noise[1]
        change1 = change1 + c["amp1"] * noise[2]
    cells.line0[:] = cells.line0 + change0.astype(np.float64)
    cells.line1[:] = cells.line1 + change1.astype(np.float64)


def _cuba_lif(c: Mapping[str, np.ndarray], cells: Cells, noise: np.ndarray | None) -> None:
    """Propagation that would be exact if nothing saturated."""
    start = Start(c, cells)
    i0, i1 = start.line0, start.line1
    push = (i0 * c["p_v0"] + (i1 * c["p_v1"] + start.drive)) + (
        c["line_c0"] * excess(i0 * c["line_u0"]) + c["line_c1"] * excess(i1 * c["line_u1"])
    )
    if noise is not None:
        push = push + c["amp_v"] * noise[0]
    d, leak_u, leak_c = start.u, c["leak_u"], c["leak_c"]
    u = d * leak_u
    y = clipped(u)
    y2 = y * y
    lost = leak_c * ((y - u) - y2 * y)
    slope = (leak_u * leak_c) * (np.float32(1.5) * y2)
    change = (d * c["p_vv"] + push) - lost
    cells.v[:] = cells.v + start.held_or(change + slope * change).astype(np.float64)
    _change_lines(c, cells, start, noise)


def _saturated(
    c: Mapping[str, np.ndarray], line0: np.ndarray, line1: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What of the lines' currents or conductances reaches the membrane."""
    return (
        line0 + c["line_c0"] * excess(line0 * c["line_u0"]),
        line1 + c["line_c1"] * excess(line1 * c["line_u1"]),
    )


def _currents(
    c: Mapping[str, np.ndarray], start: Start, g0: np.ndarray, g1: np.ndarray
) -> np.ndarray:
    """What flows into membranes at their leak potential."""
    e_leak = start.e_leak
    return (g0 * (c["e_rev0"] - e_leak) + g1 * (c["e_rev1"] - e_leak)) + start.drive


def _noise_v(c: Mapping[str, np.ndarray], start: Start, noise: np.ndarray | None) -> np.ndarray:
    """Noise of the membranes of a whole step, which those held at reset do not have."""
    if noise is None:
        return np.zeros(len(start.u))
    return np.where(start.held, np.float32(0.0), c["amp_v"] * noise[0]).astype(np.float64)


def _coba_lif(c: Mapping[str, np.ndarray], cells: Cells, noise: np.ndarray | None) -> None:
    """Exponential decay with the mean conductances, and the leak at the middle of the substep."""
    start = Start(c, cells)
    g0, g1 = _saturated(c, start.line0 * c["mean0"], start.line1 * c["mean1"])
    g = c["g_leak"] + (g0 + g1)
    x = -(g * c["h_over_c"])
    far = np.abs(x) > np.float32(NEAR)
    reach = c["h_over_c"] * np.where(far, (exp(x) - ONE) / x, phi_near(x))
    d, leak_u, leak_c = start.u, c["leak_u"], c["leak_c"]
    free = _currents(c, start, g0, g1) - g * d
    middle = d + HALF * ((free - leak_c * excess(d * leak_u)) * reach)
    change = start.held_or((free - leak_c * excess(middle * leak_u)) * reach)
    cells.v[:] = (cells.v + change.astype(np.float64)) + _noise_v(c, start, noise)
    _change_lines(c, cells, start, noise)


def _adex(c: Mapping[str, np.ndarray], cells: Cells, coba: bool, noise: np.ndarray | None) -> None:
    """Fourth-order Runge-Kutta of u = V - e_leak and w."""
    start, start_w = Start(c, cells), single(cells.w)
    limit = single(c["v_thresh"] - c["e_leak"])
    h_over_c = np.where(start.held, np.float32(0.0), c["h_over_c"])
    begin = np.where(start.u < limit, start.u, limit)

    def upstroke(u: np.ndarray) -> np.ndarray:
        return c["g_delta_t"] * exp((u - (c["v_exp"] - start.e_leak)) * c["inv_delta_t"])

    at_begin = upstroke(begin)

    def slope(
        u: np.ndarray,
        w: np.ndarray,
        lost0: np.ndarray | np.float32,
        lost1: np.ndarray | np.float32,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Slopes where the lines have lost `lost0` and `lost1` of what they had."""
        g0, g1 = _saturated(c, start.line0 + start.line0 * lost0, start.line1 + start.line1 * lost1)
        u = np.where(u < limit, u, limit)
        d = (u - begin) * c["inv_delta_t"]
        far = np.abs(d) > np.float32(NEAR)
        push = np.where(far, upstroke(u), at_begin * exp_near(d)) - w
        current = _currents(c, start, g0, g1) if coba else (g0 + g1) + start.drive
        g = c["g_leak"] + (g0 + g1) if coba else c["g_leak"]
        leak = g * u + c["leak_c"] * excess(u * c["leak_u"])
        return ((current - leak) + push) * h_over_c, (c["a"] * u - w) * c["h_over_tau_w"]

    nothing = np.float32(0.0), np.float32(0.0)
    k1 = slope(start.u, start_w, *nothing)
    k2 = slope(start.u + HALF * k1[0], start_w + HALF * k1[1], c["half0"], c["half1"])
    k3 = slope(start.u + HALF * k2[0], start_w + HALF * k2[1], c["half0"], c["half1"])
    k4 = slope(start.u + k3[0], start_w + k3[1], c["decay0"], c["decay1"])
    du, dw = (
        (one + TWO * (two + three) + four) * SIXTH
        for one, two, three, four in zip(k1, k2, k3, k4, strict=True)
    )
    v_end = cells.v + start.held_or(du).astype(np.float64)
    v_end = np.where(v_end < c["v_thresh"], v_end, c["v_thresh"])
    cells.v[:] = v_end + _noise_v(c, start, noise)
    cells.w[:] = cells.w + dw.astype(np.float64)
    _change_lines(c, cells, start, noise)
