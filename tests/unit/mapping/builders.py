"""Small networks for the tests of the mapping."""

import numpy as np

from pynn_bss2sim.mapping import Network, Population, Projection, Sources

LIF = {
    "cm": 1.0,
    "tau_m": 20.0,
    "v_rest": -65.0,
    "v_thresh": -50.0,
    "v_reset": -66.0,
    "tau_refrac": 2.0,
    "i_offset": 0.0,
}
ADEX = {"v_spike": -40.0, "delta_T": 2.0, "tau_w": 144.0, "a": 0.004, "b": 0.08}


def population(
    size=4, label="cells", adex=False, coba=False, tau_syn=5.0, e_rev=(0.0, -70.0), **changes
):
    """Neurons with the parameters above and `changes` (numbers or arrays)."""
    values = {**LIF, **(ADEX if adex else {}), **changes}
    return Population(
        label,
        size,
        adex,
        coba,
        ("excitatory", "inhibitory"),
        {name: np.broadcast_to(np.asarray(value, float), size) for name, value in values.items()},
        np.full((2, size), tau_syn),
        np.repeat(np.array(e_rev if coba else (0.0, 0.0))[:, None], size, axis=1),
    )


def projection(pre, post, weight, delay=1.0, line=0, label="wires"):
    """Synapses; numbers are repeated."""
    pre, post, weight, delay = np.broadcast_arrays(pre, post, weight, delay)
    return Projection(
        label,
        pre.astype(np.int32).ravel(),
        post.astype(np.int32).ravel(),
        line,
        weight.astype(float).ravel(),
        delay.astype(float).ravel(),
    )


def network(*parts, timestep=0.1):
    """A network of populations, sources and projections in any order."""
    return Network(
        timestep,
        tuple(p for p in parts if isinstance(p, Population)),
        tuple(p for p in parts if isinstance(p, Sources)),
        tuple(p for p in parts if isinstance(p, Projection)),
    )
