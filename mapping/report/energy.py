"""What a run takes of the chip's time and energy."""

from __future__ import annotations

from pynn_bss2sim._core.hicannx import CHIP_POWER, SPEEDUP

from .sections import Section, counted

__all__ = ["energy_section"]


def energy_section(chips: int, time: float) -> Section:
    """Energy of a run.

    Parameters
    ----------
    chips : int
        Chips in use.
    time : float, ms
        Biological time that has been emulated.
    """
    seconds = time / 1000 / SPEEDUP
    joules = chips * CHIP_POWER * seconds
    assumptions = (
        "The power is an estimate and taken to be constant: published averages are 0.2 W "
        "(spiking, sparse) and 0.7 W (dense). Configuration, FPGA and host are not included."
    )
    return Section(
        "energy",
        "Energy",
        lines=(
            f"{time:,.6g} ms take the chip {1e6 * seconds:,.6g} µs. {counted(chips, 'chip')} of "
            f"about {CHIP_POWER:g} W use {1e6 * joules:,.3g} µJ.",
            assumptions,
        ),
        data={
            "hardware_time_s": seconds,
            "power_per_chip_w": CHIP_POWER,
            "energy_per_chip_j": CHIP_POWER * seconds,
            "energy_j": joules,
            "assumptions": assumptions,
        },
    )
