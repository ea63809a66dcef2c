"""Row chip_plotter_usage_example: a ring of labelled populations, and where the chip has them."""

from pathlib import Path

import pynn_brainscales.brainscales2 as pynn
from pynn_brainscales.brainscales2.utils.chip_plotter import ChipPlotter

GROUPS = 16

pynn.setup()
exc = [pynn.Population(6, pynn.cells.HXNeuron(), label=f"exc_{k}") for k in range(GROUPS)]
inh = [pynn.Population(2, pynn.cells.HXNeuron(), label=f"inh_{k}") for k in range(GROUPS)]
for k in range(GROUPS):
    following = (k + 1) % GROUPS
    for pre, post, weight, receptor in (
        (exc[k], exc[following], 20, "excitatory"),
        (exc[k], inh[following], 30, "excitatory"),
        (inh[k], exc[k], 0, "inhibitory"),
    ):
        pynn.Projection(
            pre, post, pynn.AllToAllConnector(), receptor_type=receptor,
            synapse_type=pynn.synapses.StaticSynapse(weight=weight),
            label=f"{pre.label}_{post.label}",
        )  # fmt: skip
state = pynn.simulator.state
state.preprocess(0, 0)
assert [p.label for p in state.populations] == [p.label for p in exc + inh]
assert len(state.projections) == 3 * GROUPS

circuits = {
    int(state.neuron_placement.id2logicalneuron(cell).get_atomic_neurons()[0].toEnum())
    for population in exc + inh
    for cell in population.all_cells
}
assert circuits == set(range(GROUPS * 8))
for projection in state.projections:
    for connection, (placed,) in zip(
        projection.connections, projection.placed_connections, strict=True
    ):
        post = projection.post[connection.postsynaptic_index]
        neuron = state.neuron_placement.id2logicalneuron(post).get_atomic_neurons()[0]
        # a synapse lies in the column of its neuron, in the half where it is
        assert int(placed.synapse_on_row) == neuron.toNeuronColumnOnDLS()
        assert int(placed.synapse_row) // 256 == neuron.toNeuronRowOnDLS()

groups = {"exc": list(range(GROUPS)), "inh": list(range(GROUPS, 2 * GROUPS))}
plotter = ChipPlotter(population_contrast_groups=groups)
plotter.add_plot_chip_map(separate_view=False, sort_synapse_by_padi_bus=True)
matrix = plotter.add_plot_matrix(plot_each_neuron=False)
plotter.retrieve_data()
plotter.plot_all()
plotter.save_all(folder="pictures", formats=["png"])
assert len(list(Path("pictures").glob("*.png"))) >= 2
plotter.remove_plot(matrix)
plotter.clear_all_plots()
pynn.end()
