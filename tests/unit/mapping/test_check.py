"""The independent check and the event path notice the same wrong registers."""

from dataclasses import fields, replace

import numpy as np
import pytest
from builders import network, population, projection
from connections import same_table
from hypothesis import given, settings
from hypothesis import strategies as st

from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim._core.config import ChipConfig, ConfigError
from pynn_bss2sim._core.event_path import FpgaRouting, Path
from pynn_bss2sim.mapping import CheckError, Sources, connectivity, map_network
from pynn_bss2sim.mapping.check import problems

ROUTING = (
    "address",
    "synapse_weight",
    "synapse_label",
    "row_mode",
    "driver_enable",
    "driver_mask",
    "padi_enable",
    "crossbar_mask",
    "crossbar_target",
)
JOINED = 19
DIGITAL = 18


def _mapping():
    """All ways, both lines, joined circuits, several synapses for one connection, two chips."""
    rng = np.random.default_rng(7)
    n, m = 520, 40
    pre, post = rng.integers(0, 20, 60), rng.integers(0, 20, 60)
    ring = np.arange(n)
    return map_network(
        network(
            population(n, coba=True),
            Sources("in", m),
            projection(pre, post, rng.uniform(0.001, 0.1, len(pre)), label="recurrent"),
            projection(ring, (ring + 1) % n, 0.01, line=1, label="ring"),
            projection(np.zeros(300), 5, 0.01, label="one to one many times"),
            projection(n + np.arange(m), np.arange(m) % 7, 0.3, label="strong"),
        ),
        ChipModel.quantized(),
        on_loss="raise",
    )


@pytest.fixture(scope="module")
def mapping():
    return _mapping()


def table_of(mapping):
    """The table of synapses from the registers as they are, or None if they have no meaning."""
    try:
        return connectivity.read_back(
            mapping.chip,
            mapping.configs,
            mapping.routing.fpga,
            mapping.placement,
            mapping.network.n_sources,
            mapping.network.timestep,
            mapping.lifted,
        ).synapses
    except ConfigError:
        return None


def with_register(mapping, k, name, index, value):
    registers = mapping.configs[k].to_dict()
    array = registers[name].copy()
    array[index] = value
    configs = list(mapping.configs)
    configs[k] = ChipConfig(**{**registers, name: array})
    return replace(mapping, configs=tuple(configs))


def test_the_mapping_has_all_that_can_break(mapping):
    assert set(mapping.routing.path.tolist()) == set(Path)
    assert mapping.placement.count.max() > 1
    assert len(mapping.configs) == 2
    assert (mapping.routing.rows > 1).any()
    assert problems(mapping) == []
    assert same_table(table_of(mapping), mapping.synapses)


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_any_register_that_changes_a_connection_is_noticed(mapping, data):
    k = data.draw(st.integers(0, len(mapping.configs) - 1))
    name = data.draw(st.sampled_from(ROUTING))
    f = next(f for f in fields(ChipConfig) if f.name == name)
    array = getattr(mapping.configs[k], name)
    # mostly registers in use: others change nothing
    used = np.argwhere(array != f.metadata["reset"])
    everywhere = data.draw(st.integers(0, 9)) == 0 or not len(used)
    if everywhere:
        index = tuple(data.draw(st.integers(0, n - 1)) for n in array.shape)
    else:
        index = tuple(used[data.draw(st.integers(0, len(used) - 1))].tolist())
    high = f.metadata["high"]
    bit = 1 << data.draw(st.integers(0, int(high).bit_length() - 1))
    broken = with_register(mapping, k, name, index, int(array[index]) ^ bit)
    table = table_of(broken)
    changed = table is None or not same_table(table, mapping.synapses)
    assert bool(problems(broken)) == changed, (k, name, index, bit)


@pytest.mark.parametrize("name", [name for name in ROUTING if name != "driver_mask"])
def test_each_register_is_noticed(mapping, name):
    f = next(f for f in fields(ChipConfig) if f.name == name)
    config = mapping.configs[0]
    array = getattr(config, name)
    if name == "synapse_label":
        index = tuple(np.argwhere(config.synapse_weight)[0].tolist())
        value = int(array[index]) ^ 1
    elif name in ("crossbar_mask", "crossbar_target"):
        index = tuple(np.argwhere(config.crossbar_target != 1)[0].tolist())
        value = f.metadata["high"]
    elif name == "address":
        index = (int(mapping.placement.circuit[0]),)
        value = int(array[index]) ^ 255
    else:
        index = tuple(np.argwhere(array)[0].tolist())
        value = 0
    broken = with_register(mapping, 0, name, index, value)
    assert problems(broken)
    assert not same_table(table_of(broken), mapping.synapses)


def test_a_driver_that_compares_too_little_is_noticed():
    # 64 sources with one label each in every group of drivers
    n = 256
    pre, post = np.divmod(np.arange(n * n), n)
    dense = map_network(network(population(n), projection(pre, post, 0.1)), ChipModel.quantized())
    wide = with_register(dense, 0, "driver_mask", (0, 8), 0)
    assert problems(wide)
    assert not same_table(table_of(wide), dense.synapses)


def test_switches_and_strength_of_single_circuits_are_noticed(mapping):
    first = int(mapping.placement.circuit[5])
    assert mapping.placement.count[5] > 1
    for circuit, switch in ((first, JOINED), (first, DIGITAL), (first + 1, 0)):
        value = not mapping.configs[0].switches[circuit, switch]
        assert problems(with_register(mapping, 0, "switches", (circuit, switch), value))
    # transconductance of the second of two joined circuits
    analog = mapping.configs[0].analog[first + 1, 13]
    broken = with_register(mapping, 0, "analog", (first + 1, 13), analog + 100)
    assert problems(broken)
    assert not same_table(table_of(broken), mapping.synapses)


@pytest.mark.parametrize("name", [f.name for f in fields(FpgaRouting)])
def test_each_entry_of_the_fpga_tables_is_noticed(mapping, name):
    fpga = mapping.routing.fpga
    noticed = []
    for k in (0, len(getattr(fpga, name)) // 2, len(getattr(fpga, name)) - 1):
        values = getattr(fpga, name).copy()
        values[k] ^= 1
        broken = replace(
            mapping, routing=replace(mapping.routing, fpga=replace(fpga, **{name: values}))
        )
        table = table_of(broken)
        noticed.append(bool(problems(broken)))
        assert noticed[-1] == (table is None or not same_table(table, mapping.synapses))
    assert any(noticed)


def test_a_wrong_label_in_the_configuration_raises_where_checking_is_asked_for(monkeypatch):
    sources = network(population(2), Sources("in", 1), projection(2, [0, 1], 0.1))
    map_network(sources, ChipModel.quantized(), check=True)
    good = connectivity.routed

    def wrong(*arguments):
        routing = good(*arguments)
        label = routing.registers["synapse_label"].copy()
        label.ravel()[routing.synapse[0]] ^= 1
        return replace(routing, registers={**routing.registers, "synapse_label": label})

    monkeypatch.setattr(connectivity, "routed", wrong)
    with pytest.raises(CheckError, match="source 2 to neuron 0, line 0: weight code 0, 63"):
        map_network(sources, ChipModel.quantized(), check=True)
