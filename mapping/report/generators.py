"""Section of the report on spike sources that background generators make."""

from __future__ import annotations

import numpy as np

from pynn_bss2sim.mapping.generators import GeneratorSources
from pynn_bss2sim.mapping.network import Network

from .sections import Section, Table, counted

__all__ = ["generator_section"]

_HZ = 1e3  # per spike in a ms


def generator_section(
    network: Network, generators: GeneratorSources, served: np.ndarray
) -> Section | None:
    """Rates asked and realised; None without such sources.

    Parameters
    ----------
    network : Network
    generators : GeneratorSources
    served : int64 (n_chips, 8)
        See `Routing`.
    """
    if not generators.size:
        return None
    asked = [s.on_chip.rate for s in network.sources if s.on_chip is not None]
    rows = []
    for k, generator in enumerate(generators.generator):
        rate = generator.mean_rate / len(generator.labels)
        rows.append(
            (
                generators.label[k],
                generators.size[k],
                int((served == k).sum()),
                asked[k] * _HZ,
                rate * _HZ,
                100 * (rate / asked[k] - 1),
                generator.seed,
                generator.period,
                generator.rate,
            )
        )
    columns = (
        "", "cells", "generators", "asked, Hz", "realised, Hz", "error %", "seed",
        "period register", "rate register",
    )  # fmt: skip
    used = int((served >= 0).sum())
    line = f"{counted(used, 'generator')} of {served.size} in use; their rates are rounded."
    return Section(
        "generators", "Spike sources on the chips", (Table(columns, tuple(rows)),), (line,)
    )
