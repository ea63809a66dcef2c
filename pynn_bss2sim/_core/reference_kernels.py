"""Twins of the kernels of ideal neurons: kernels_impl.h, operation by operation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pynn_bss2sim._core.exponential import NEAR, exp, exp_near, phi_near
from pynn_bss2sim._core.plan import Kind

__all__ = ["Cells", "integrate"]


@dataclass(frozen=True, eq=False)
class Cells:
    """State of neighbouring neurons, changed in place, and what flows into them: float64 (n,).

    `u` is float32: what single precision has of the membrane against its leak potential.
    """

    v: np.ndarray
    w: np.ndarray
    line0: np.ndarray
    line1: np.ndarray
    hold: np.ndarray
    drive: np.ndarray
    u: np.ndarray


def integrate(kind: Kind, c: Mapping[str, np.ndarray], cells: Cells, substeps: int) -> None:
    """Integrate ideal neurons of one kind over a step.

    Parameters
    ----------
    kind : Kind
    c : dict of float64 (n,)
        Coefficients, named as in `plan.Plan`.
    cells : Cells
    substeps : int
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        if kind == Kind.CUBA_LIF:
            _cuba_lif(c, cells)
        else:
            for _ in range(substeps):
                if kind == Kind.COBA_LIF:
                    _coba_lif(c, cells)
                else:
                    _adex(c, cells, kind == Kind.COBA_ADEX)
    cells.v[:] = np.where(cells.hold > 0.0, c["v_reset"], cells.v)
    cells.hold[:] = np.where(cells.hold - 1.0 > 0.0, cells.hold - 1.0, 0.0)


def _cuba_lif(c: Mapping[str, np.ndarray], s: Cells) -> None:
    """Exact propagation of membrane and line currents."""
    push = s.line0 * c["p_v0"] + (s.line1 * c["p_v1"] + s.drive)
    s.v[:] = c["e_leak"] + ((s.v - c["e_leak"]) * c["p_vv"] + push)
    s.line0[:] = s.line0 * c["decay0"]
    s.line1[:] = s.line1 * c["decay1"]


def _currents(c: Mapping[str, np.ndarray], s: Cells, g0: np.ndarray, g1: np.ndarray) -> np.ndarray:
    """What flows into membranes at their leak potential."""
    e_leak = c["e_leak"]
    return (g0 * (c["e_rev0"] - e_leak) + g1 * (c["e_rev1"] - e_leak)) + s.drive


def _coba_lif(c: Mapping[str, np.ndarray], s: Cells) -> None:
    """Exponential decay to the driving potential of the substep's mean conductances."""
    g0, g1 = s.line0 * c["mean0"], s.line1 * c["mean1"]
    g = c["g_leak"] + (g0 + g1)
    push = (_currents(c, s, g0, g1) - g * (s.v - c["e_leak"])) * c["h_over_c"]
    x = -(g * c["h_over_c"])
    phi = np.where(np.abs(x) > NEAR, (exp(x) - 1.0) / x, phi_near(x))
    s.v[:] = s.v + push * phi
    s.line0[:] = s.line0 * c["decay0"]
    s.line1[:] = s.line1 * c["decay1"]


def _adex(c: Mapping[str, np.ndarray], s: Cells, coba: bool) -> None:
    """Fourth-order Runge-Kutta of u = V - e_leak and w; exact decay of the lines."""
    limit, u_exp = c["v_thresh"] - c["e_leak"], c["v_exp"] - c["e_leak"]
    h_over_c = np.where(s.hold > 0.0, 0.0, c["h_over_c"])
    start_u, start_w = s.v - c["e_leak"], s.w.copy()
    begin = np.where(start_u < limit, start_u, limit)

    def upstroke(u: np.ndarray) -> np.ndarray:
        return c["g_delta_t"] * exp((u - u_exp) * c["inv_delta_t"])

    at_begin = upstroke(begin)

    def slope(
        fraction: float, former: tuple[np.ndarray, np.ndarray], g0: np.ndarray, g1: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        u, w = start_u + fraction * former[0], start_w + fraction * former[1]
        u = np.where(u < limit, u, limit)
        d = (u - begin) * c["inv_delta_t"]
        push = np.where(np.abs(d) > NEAR, upstroke(u), at_begin * exp_near(d)) - w
        current = _currents(c, s, g0, g1) if coba else (g0 + g1) + s.drive
        g = c["g_leak"] + (g0 + g1) if coba else c["g_leak"]
        return ((current - g * u) + push) * h_over_c, (c["a"] * u - w) * c["h_over_tau_w"]

    nowhere = np.zeros_like(start_u), np.zeros_like(start_w)
    middle = s.line0 * c["half0"], s.line1 * c["half1"]
    k1 = slope(0.0, nowhere, s.line0, s.line1)
    k2 = slope(0.5, k1, *middle)
    k3 = slope(0.5, k2, *middle)
    s.line0[:] = s.line0 * c["decay0"]
    s.line1[:] = s.line1 * c["decay1"]
    k4 = slope(1.0, k3, s.line0, s.line1)
    du, dw = (
        (one + 2.0 * (two + three) + four) * (1.0 / 6.0)
        for one, two, three, four in zip(k1, k2, k3, k4, strict=True)
    )
    v_end = s.v + du
    s.v[:] = np.where(v_end < c["v_thresh"], v_end, c["v_thresh"])
    s.w[:] = s.w + dw
