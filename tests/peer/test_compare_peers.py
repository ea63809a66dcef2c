"""`compare` runs one script on NEST, NEURON, Brian 2 and the ideal chip, and all agree.

Each burst of input drives a cell over its threshold within a membrane time constant, once, since it
then is refractory. NEST, NEURON and we integrate it (nearly) exactly, Brian 2 with Euler's forward
method, whose error over a time t is that of a clock that is wrong by t * timestep / (2 * tau): half
a step at most for t < tau. What is left is the grid: each simulator rounds a spike to the one or
the other end of a step, and the times of the sources to the nearest step or not. Thus two steps.
"""

import importlib.util

import numpy as np
import pytest
from claims import claim

import pynn_bss2sim as sim

STEP = 0.1  # ms
SCRIPT = f"""
import pyNN.nest as sim
sim.setup(timestep={STEP}, min_delay=1.0, max_delay=1.0)
bursts = [[10.0, 10.5], [40.0, 40.3, 41.0], [70.0]]
sources = sim.Population(3, sim.SpikeSourceArray(spike_times=bursts), label="sources")
sources.record("spikes")
lif = dict(tau_m=10.0, cm=1.0, tau_syn_E=5.0, v_thresh=-60.0, tau_refrac=25.0)
for cell, weight in ((sim.IF_curr_exp, 8.0), (sim.IF_cond_exp, 0.12)):
    cells = sim.Population(3, cell(**lif), label=cell.__name__)
    sim.Projection(sources, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=weight, delay=1.0))
    cells.record("spikes")
sim.run(100.0)
sim.end()
"""  # noqa: E501
PEERS = ("nest", "neuron", "brian2")


@pytest.mark.peer
def test_all_peers_agree(tmp_path, monkeypatch):
    missing = [name for name in PEERS if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    monkeypatch.chdir(tmp_path)
    # Brian 2 reads this from the present folder; it spares the compilation of each equation
    (tmp_path / "brian_preferences").write_text("codegen.target = 'numpy'\n")
    (tmp_path / "script.py").write_text(SCRIPT)
    found = sim.compare("script.py", PEERS, ["ideal"], progress=False)
    assert found.targets == (*PEERS, "ideal")
    assert [o.error for o in found.outcomes] == [""] * 4, found.outcomes
    ours = found.blocks("ideal")
    assert set(ours) == {"sources", "IF_curr_exp", "IF_cond_exp"}
    for peer in PEERS:
        for label, block in found.blocks(peer).items():
            spread = 0.0 if label == "sources" else claim("peers_shift") * STEP
            pairs = zip(times(block), times(ours[label]), strict=True)
            for theirs, mine in pairs:
                assert len(theirs) == len(mine) >= 1, (peer, label)
                np.testing.assert_allclose(theirs, mine, rtol=0.0, atol=spread + 1e-9)


def times(block):
    """Spike times (ms) of each cell."""
    return [train.rescale("ms").magnitude for train in block.segments[0].spiketrains]
