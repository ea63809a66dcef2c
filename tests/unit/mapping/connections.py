"""Connections asked for and emulated, side by side, for the tests of the routing."""

import numpy as np

from pynn_bss2sim._core.records import LINES
from pynn_bss2sim.mapping.check import problems

#: Up to so many connections the independent check, which is slow, is asked too.
CHECKED = 1000


def asked(mapping):
    """Sum of the realised amplitudes of each (source, neuron, line), lost ones left out."""
    joined, weight = mapping.evidence.joined, mapping.evidence.weight
    gain = np.repeat(mapping.scaling.line_gain(slice(None)), LINES)
    there = ~np.isnan(weight)
    key = joined.pre[there].astype(np.int64) * (LINES * mapping.network.n_neurons)
    return _sums(key + joined.slot[there], (weight * gain[joined.slot])[there])


def emulated(table):
    """The same of a table of synapses."""
    source = np.repeat(np.arange(table.n_sources), np.diff(table.indptr))
    key = source * (LINES * table.n_neurons) + LINES * table.target.astype(np.int64) + table.line
    return _sums(key, table.amplitude)


def _sums(key, amplitude):
    unique, which = np.unique(key, return_inverse=True)
    total = np.bincount(which, amplitude, len(unique))
    return unique[total != 0], total[total != 0]


def assert_as_asked(mapping):
    """What the registers make is what was asked for, minus what is declared lost."""
    want, have = asked(mapping), emulated(mapping.synapses)
    assert np.array_equal(want[0], have[0])
    np.testing.assert_allclose(have[1], want[1], rtol=1e-9)
    if mapping.routing is not None and len(mapping.evidence.joined) < CHECKED:
        assert problems(mapping) == []


def same_table(one, other):
    """Whether two tables hold the same."""
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in vars(one))
