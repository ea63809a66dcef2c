"""Random small networks of circuits, as hypothesis strategies and as plain functions."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from hypothesis import strategies as st

from pynn_bss2sim._core.links import Links, Ways
from pynn_bss2sim._core.plan import Kind
from pynn_bss2sim._core.records import (
    Circuits,
    CurrentInputs,
    InputEvents,
    Probe,
    SynapseTable,
    Variable,
)


def circuits_of_kind(kind, n, rng, **fixed):
    """`n` circuits with plausible random quantities; `fixed` overrides fields."""
    adex, coba = kind >= Kind.CUBA_ADEX, kind in (Kind.COBA_LIF, Kind.COBA_ADEX)
    values = {
        "adex": np.full(n, adex),
        "conductance_based": np.full(n, coba),
        "c_m": rng.uniform(0.5, 2.0, n),
        "g_leak": rng.uniform(0.02, 0.1, n),
        "e_leak": rng.uniform(-70.0, -60.0, n),
        "v_reset": rng.uniform(-75.0, -65.0, n),
        "v_thresh": rng.uniform(-40.0, -20.0, n) if adex else rng.uniform(-55.0, -45.0, n),
        "refractory_steps": rng.integers(0, 30, n),
        "i_offset": rng.uniform(0.5, 3.0, n),
        "tau_syn": rng.uniform(1.0, 10.0, (2, n)),
        "e_rev": np.stack([rng.uniform(-10.0, 10.0, n), rng.uniform(-90.0, -75.0, n)]),
        "delta_t": rng.uniform(0.5, 3.0, n) * (rng.random(n) < 0.8),
        "v_exp": rng.uniform(-55.0, -50.0, n),
        "tau_w": rng.uniform(20.0, 200.0, n),
        "a": rng.uniform(0.0, 0.01, n),
        "b": rng.uniform(0.0, 0.1, n),
    }
    for name, value in fixed.items():
        shape = (
            (2, n)
            if name in ("line_limit", "sigma_line")
            else np.shape(values.get(name, values["c_m"]))
        )
        values[name] = np.broadcast_to(value, shape)
    return values


def silicon_columns(kind, n, rng, features):
    """Plausible departures from the ideal equations; `features` tells which there are."""
    scale = 0.01 if kind in (Kind.COBA_LIF, Kind.COBA_ADEX) else 0.5
    all_columns = {
        "leak_limit": rng.uniform(0.1, 1.0, n),
        "line_limit": rng.uniform(0.5, 2.0, (2, n)) * scale,
        "tau_reset": rng.uniform(0.1, 2.0, n),
        "holdoff_steps": rng.integers(0, 40, n),
        "v_floor": rng.uniform(-80.0, -68.0, n),
        "v_ceiling": rng.uniform(-48.0, -10.0, n),
        "sigma_v": rng.uniform(0.1, 2.0, n),
        "sigma_line": rng.uniform(0.01, 0.2, (2, n)) * scale,
        "sigma_thresh": rng.uniform(0.1, 3.0, n),
        "sigma_trial": rng.uniform(0.1, 2.0, n),
    }
    columns = {name: all_columns[name] for name in features}
    if "tau_reset" in features:
        columns["refractory_steps"] = rng.integers(1, 30, n)
    return columns


#: All departures of `silicon_columns`.
SILICON = ("leak_limit", "line_limit", "tau_reset", "holdoff_steps", "v_floor", "v_ceiling",
           "sigma_v", "sigma_line", "sigma_thresh", "sigma_trial")  # fmt: skip


def join_circuits(parts):
    """Circuits from several dictionaries of fields; silicon columns may be missing in some."""
    n = [len(p["c_m"]) for p in parts]
    default = {f.name: f.metadata["default"] for f in fields(Circuits) if "default" in f.metadata}

    def column(part, size, name):
        shape = (2, size) if name in ("line_limit", "sigma_line") else size
        return part[name] if name in part else np.full(shape, default[name])

    names = dict.fromkeys(name for part in parts for name in part)
    return Circuits(**{
        name: np.concatenate([column(*of, name) for of in zip(parts, n, strict=True)], axis=-1)
        for name in names
    })  # fmt: skip


def random_synapses(circuits, n_inputs, n_synapses, max_delay, rng, min_delay=1):
    """Synapses with any source, target, line and delay."""
    n = len(circuits)
    target = rng.integers(0, n, n_synapses)
    amplitude = np.where(
        circuits.conductance_based[target],
        rng.uniform(0.0, 0.01, n_synapses),
        rng.uniform(-0.3, 0.6, n_synapses),
    )
    return SynapseTable.from_pairs(
        n,
        n + n_inputs,
        rng.integers(0, n + n_inputs, n_synapses),
        target,
        rng.integers(0, 2, n_synapses),
        amplitude,
        rng.integers(min_delay, max_delay + 1, n_synapses),
    )


@st.composite
def chips(draw, n_steps=150):
    """(circuits, synapses, probes, events, currents, spike mask, time step) of a random chip."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kinds = draw(st.lists(st.sampled_from(list(Kind)), min_size=1, max_size=4))
    parts = []
    for kind in kinds:
        size = draw(st.integers(1, 9) | st.integers(25, 70))  # below and above a tile
        features = draw(st.sets(st.sampled_from(SILICON))) if draw(st.booleans()) else ()
        silicon = silicon_columns(kind, size, rng, sorted(features))
        single = draw(st.booleans())
        parts.append(circuits_of_kind(kind, size, rng, single_precision=single, **silicon))
    circuits = join_circuits(parts)
    n, n_inputs = len(circuits), draw(st.integers(0, 4))
    # the engine takes as many steps at once as the shortest delay has
    min_delay = draw(st.sampled_from([1, 2, 5, 25]))
    max_delay = draw(st.integers(min_delay, 40))
    synapses = random_synapses(
        circuits, n_inputs, draw(st.integers(0, 60)), max_delay, rng, min_delay
    )
    probes = [
        Probe(v, rng.integers(0, n, draw(st.integers(0, 5))), draw(st.integers(1, 7)))
        for v in draw(st.lists(st.sampled_from(list(Variable)), max_size=4))
    ]
    n_events = draw(st.integers(0, 40)) if n_inputs else 0
    events = InputEvents(
        np.sort(rng.integers(0, n_steps, n_events)), rng.integers(0, max(1, n_inputs), n_events)
    )
    currents = random_currents(n, draw(st.integers(0, 3)), draw(st.integers(0, 10)), n_steps, rng)
    mask = rng.random(n) < 0.7
    return (
        circuits,
        synapses,
        probes,
        events,
        currents,
        mask,
        draw(st.sampled_from([0.01, 0.1, 0.3])),
    )


def random_currents(n, n_sources, n_changes, n_steps, rng):
    """Current sources with a few changes and targets."""
    n_changes = n_changes if n_sources else 0
    counts = rng.integers(0, 4, n_sources)
    return CurrentInputs(
        rng.normal(0.0, 0.5, n_sources),
        np.concatenate([[0], np.cumsum(counts)]),
        rng.integers(0, n, counts.sum()),
        rng.uniform(0.5, 2.0, counts.sum()),
        np.sort(rng.integers(0, n_steps, n_changes)),
        rng.integers(0, max(1, n_sources), n_changes),
        rng.normal(0.0, 1.0, n_changes),
    )


def random_ways(synapses, timestep, rng):
    """Ways through a few slow links with small buffers, which delay and drop many events.

    Some have times on a coarse grid, so that many events come to links at the same time.
    """
    step = round(timestep * 1e6)
    grid = int(rng.choice([1, step // 4, step]))
    n_links = int(rng.integers(1, 6))
    links = Links(
        tuple(f"link {k}" for k in range(n_links)),
        np.maximum(rng.integers(1, 3 * step, n_links) // grid * grid, 1),
        rng.integers(0, 6, n_links),
    )
    columns = {name: [] for name in ("link", "at", "slack", "parent", "source", "begin", "end")}

    def hop(parent, source, latest, begin, end):
        first = columns["at"][parent] if parent >= 0 else 0
        at = max(first, rng.integers(first, latest + 1) // grid * grid)
        values = (rng.integers(0, n_links), at, rng.integers(1, step + 1), parent, source, begin,
                  end)  # fmt: skip
        for column, value in zip(columns.values(), values, strict=True):
            column.append(int(value))
        return len(columns["link"]) - 1

    for source, (first, last) in enumerate(
        zip(synapses.indptr[:-1], synapses.indptr[1:], strict=True)
    ):
        latest = (int(synapses.delay[first:last].min(initial=50)) - 1) * step
        cuts = np.sort(rng.integers(first, last + 1, rng.integers(0, 3)))
        known = [-1]
        for begin, end in zip([first, *cuts], [*cuts, last], strict=True):
            for _ in range(rng.integers(0, 3)):
                known.append(hop(rng.choice(known), source, latest, 0, 0))
            known.append(hop(rng.choice(known), source, latest, begin, end))
    return Ways(links, step, **columns)
