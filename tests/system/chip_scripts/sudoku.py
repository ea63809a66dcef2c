"""Row sudoku (fp_sudoku, gs_04-2): neurons that inhibit each other solve a Sudoku of 4 x 4.

Each of the 64 views of one population stands for a number in a field; numbers that exclude one
another inhibit each other, noise excites all, and clues those that are known.
"""

import itertools

import numpy as np
import pynn_brainscales.brainscales2 as pynn

CLUES = {(0, 0): 2, (0, 2): 0, (1, 1): 1, (1, 3): 3, (2, 0): 1, (2, 3): 2, (3, 1): 2, (3, 2): 1}
SOLUTION = np.array([[2, 3, 0, 1], [0, 1, 2, 3], [1, 0, 3, 2], [3, 2, 1, 0]])
RUNTIME = 1.0

np.random.seed(4)  # noqa: NPY002
pynn.setup(initial_config=pynn.helper.chip_from_nightly())
pop = pynn.Population(64, pynn.cells.HXNeuron())
pop.record("spikes")
views = {}
for k, (row, column, number) in enumerate(itertools.product(range(4), repeat=3)):
    views[row, column, number] = pynn.PopulationView(pop, [k])
noise = pynn.Population(64, pynn.cells.SpikeSourcePoisson(start=0, rate=1.5e5, duration=0.1))
clue = pynn.Population(1, pynn.cells.SpikeSourceArray(spike_times=np.arange(0, RUNTIME, 0.008)))


def connect(pre, post, weight, receptor, connector=pynn.AllToAllConnector):
    return pynn.Projection(
        pre, post, connector(), receptor_type=receptor,
        synapse_type=pynn.synapses.StaticSynapse(weight=weight),
    )  # fmt: skip


def exclude(a, b):
    """Two different numbers in a field, or one number twice in a row, column or block."""
    if a[:2] == b[:2]:
        return a[2] != b[2]
    same_block = (a[0] // 2, a[1] // 2) == (b[0] // 2, b[1] // 2)
    return a[2] == b[2] and (a[0] == b[0] or a[1] == b[1] or same_block)


connect(noise, pop, 45, "excitatory", pynn.OneToOneConnector)
for a, b in itertools.permutations(views, 2):
    if exclude(a, b):
        connect(views[a], views[b], -120, "inhibitory")
for one in views.values():
    connect(one, one, -20, "inhibitory")
hints = {one: connect(clue, view, 0, "excitatory") for one, view in views.items()}
for (row, column), number in CLUES.items():
    for connection in hints[row, column, number]:
        connection.weight = 63.0
noise.set(duration=RUNTIME)
pynn.run(RUNTIME)
counts = np.array([len(t) for t in pop.get_data("spikes").segments[-1].spiketrains])
found = counts.reshape(4, 4, 4).argmax(axis=2)
pynn.end()
assert all(found[field] == number for field, number in CLUES.items())
# of the 8 fields that nobody has given at least 6; by chance it would be 2
assert np.count_nonzero(found == SOLUTION) >= 14, found
