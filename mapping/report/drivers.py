"""Section of the report on short-term plasticity of synapse drivers."""

from __future__ import annotations

from pynn_bss2sim._core import curves
from pynn_bss2sim.mapping.driver_fit import RATES, SPIKES
from pynn_bss2sim.mapping.driver_plasticity import DriverPlan

from .sections import Section, Table, span

__all__ = ["driver_section"]


def driver_section(plan: DriverPlan) -> Section | None:
    """What is asked for, and the settings that serve it; None without any."""
    fit = plan.fit
    if fit is None:
        return None
    rows = []
    for served in sorted(plan.served, key=lambda s: -s.error):
        k = served.setting
        target = int(fit.target[k])
        charge, recover = int(fit.charge[target]), int(fit.recover[target])
        rows.append(
            (
                served.label,
                served.connections,
                span(served.use),
                span(served.tau_rec),
                span(served.tau_facil),
                "depresses" if charge > recover else "facilitates",
                float(curves.utilization(fit.utilization[k])),
                float(curves.recovery_time(fit.recovery[k], fit.speed)),
                served.scale,
                100 * served.error,
                f"utilization {fit.utilization[k]}, recovery {fit.recovery[k]}, target {target}",
            )
        )
    columns = (
        "", "connections", "U", "tau_rec, ms", "tau_facil, ms", "driver", "u", "tau, ms",
        "weight ×", "error %", "registers",
    )  # fmt: skip
    rates = ", ".join(f"{rate:g}" for rate in RATES)
    lines = (
        "A driver facilitates or depresses: each event takes its state a part u of the way, and it "
        "returns with one time constant tau. Weights on the chip are those asked for times a "
        "factor. The error is the root of the mean square of the amplitudes' deviations over that "
        f"of the amplitudes, in trains of {SPIKES} spikes at {rates} Hz.",
        f"Target voltages (charge, recover): {int(fit.charge[0])}, {int(fit.recover[0])} and "
        f"{int(fit.charge[1])}, {int(fit.recover[1])}; recovery clock {fit.speed}.",
    )
    worst = max(plan.served, key=lambda s: s.error)
    headline = (
        "Short-term plasticity is that of synapse drivers; amplitudes deviate by up to "
        f"{100 * worst.error:.2g} % ({worst.label})."
    )
    table = Table(columns, tuple(rows))
    return Section("short-term plasticity", "Short-term plasticity", (table,), lines, headline)
