"""Events through registers that are set by hand."""

import numpy as np
import pytest

from pynn_bss2sim._core import wiring
from pynn_bss2sim._core.config import ChipConfig, ConfigError, RowMode
from pynn_bss2sim._core.connect import connect, connect_by_links
from pynn_bss2sim._core.event_path import FpgaRouting, Path, follow
from pynn_bss2sim._core.hops import Timing
from pynn_bss2sim._core.links import chip_links

DIGITAL, JOINED = 18, 19
LATENCY = np.array([1, 4, 8, 13])


def registers(**changes):
    """A chip after reset, with ``name=(index, value)`` or a list of such."""
    arrays = {name: a.copy() for name, a in ChipConfig.default().to_dict().items()}
    for name, settings in changes.items():
        for index, value in settings if isinstance(settings, list) else [settings]:
            arrays[name][index] = value
    return ChipConfig(**arrays)


def host(*events):
    """Tables with only events of the host: (source, chip, channel, label)."""
    columns = np.array(events).reshape(-1, 4).T
    return FpgaRouting(*columns, *([[]] * 6))


def one_synapse(**changes):
    """Channel 2 to bus 2 of the bottom; driver 14 (index 3), row 29, column 9, label 5."""
    settings = {
        "crossbar_mask": ((10, 6), 1 << 13),
        "crossbar_target": ((10, 6), 1 << 13),
        "padi_enable": ((1, 2), True),
        "driver_enable": ((1, 14), True),
        "row_mode": ((1, 29), RowMode.INHIBITORY),
        "synapse_weight": ((1, 29, 9), 17),
        "synapse_label": ((1, 29, 9), 5),
        **changes,
    }
    return registers(**settings)


LABEL = 1 << 13 | 3 << 6 | 5
AT = 256 + 9  # circuit of that column


def table(config, label=LABEL, channel=2, first=AT):
    step = np.full((512, 2), 0.5)
    wired = [config], host((0, 0, channel, label)), np.array([first]), 2, step, LATENCY
    return connect(*wired).synapses


def test_there_are_76_nodes_where_published():
    nodes = wiring.crossbar_nodes()
    assert nodes.shape == (20, 12)
    assert nodes.sum() == 76
    assert np.flatnonzero(nodes[5]).tolist() == [1, 5, 9]
    assert np.flatnonzero(nodes[9]).tolist() == [*range(8), 9]
    assert np.flatnonzero(nodes[12 + 6]).tolist() == [6, 10]


def test_one_event_drives_one_synapse():
    found = table(one_synapse())
    assert found.indptr.tolist() == [0, 0, 1]
    assert (found.target[0], found.line[0], found.delay[0]) == (0, 1, 4)
    assert found.amplitude[0] == 17 * 0.5
    hits = follow([one_synapse()], host((0, 0, 2, LABEL)), np.array([AT]))
    assert hits.source.tolist() == [1]
    assert hits.path.tolist() == [Path.HOST]
    assert hits.synapse.tolist() == [(256 + 29) * 256 + 9]


@pytest.mark.parametrize(
    "change",
    [
        {"label": LABEL ^ 1},
        {"label": LABEL ^ 1 << 6},
        {"label": LABEL ^ 1 << 13},
        {"channel": 1},
        {"first": AT + 1},
        {"config": one_synapse(padi_enable=((1, 1), True))},
        {"config": one_synapse(driver_enable=((1, 18), True))},
        {"config": one_synapse(row_mode=((1, 29), RowMode.DISABLED))},
        {"config": one_synapse(synapse_weight=((1, 29, 9), 0))},
        {"config": one_synapse(synapse_label=((1, 29, 9), 4))},
        {"config": one_synapse(crossbar_target=((10, 6), 0))},
        {"config": one_synapse(driver_mask=((1, 14), 31), driver_enable=((0, 14), True))},
    ],
    ids=str,
)
def test_whatever_does_not_match_stops_the_event(change):
    assert len(table(**{"config": one_synapse(), **change})) == 0


@pytest.mark.parametrize("select", range(32))
def test_drivers_compare_the_bits_of_their_mask(select):
    config = one_synapse(driver_mask=((1, 14), 0b10001))
    assert len(table(config, 1 << 13 | select << 6 | 5)) == (select & 0b10001 == 1)


def test_rows_of_both_signs_drive_both_lines():
    found = table(one_synapse(row_mode=((1, 29), RowMode.BOTH)))
    assert found.line.tolist() == [0, 1]


def test_two_rows_of_a_driver_add_up():
    config = one_synapse(
        synapse_weight=[((1, 29, 9), 17), ((1, 28, 9), 20)],
        synapse_label=[((1, 29, 9), 5), ((1, 28, 9), 5)],
        row_mode=[((1, 29), RowMode.INHIBITORY), ((1, 28), RowMode.INHIBITORY)],
    )
    assert table(config).amplitude.tolist() == [37 * 0.5]


def test_joined_circuits_are_one_neuron_but_not_across_blocks():
    for first, reached in ((AT - 1, True), (AT + 1, False)):
        config = one_synapse(switches=((AT - 1, JOINED), True))
        assert len(table(config, first=first)) == reached
    config = one_synapse(
        switches=((256 + 127, JOINED), True),
        synapse_weight=((1, 29, 128), 1),
        synapse_label=((1, 29, 128), 5),
    )
    assert len(table(config, first=256 + 127)) == 0
    with pytest.raises(ConfigError, match="neurons 0 and 1 are joined"):
        config = registers(switches=((4, JOINED), True))
        connect([config], FpgaRouting.none(), np.array([4, 5]), 2, np.ones((512, 2)), LATENCY)


def neuron(circuit, address, **changes):
    """A circuit that sends events, and its nodes to bus 1 of the top and to the FPGA."""
    output = circuit % 256 // 32
    return registers(
        switches=((circuit, DIGITAL), True),
        address=((circuit,), address),
        crossbar_mask=((output, 1), 0),
        crossbar_target=[((output, 1), 0), ((output, 9), 0)],
        padi_enable=((0, 1), True),
        driver_enable=((0, 4 * 4 + 1), True),
        row_mode=((0, 34), RowMode.EXCITATORY),
        synapse_weight=((0, 34, 7), 3),
        synapse_label=((0, 34, 7), 2),
        **changes,
    )


def test_the_label_of_a_neuron_is_its_output_and_its_address():
    # output 1: row select 001 and two bits of the address
    config = neuron(256 + 44, 0b00_000010)
    first = np.array([256 + 44, 7])
    wired = [config], FpgaRouting.none(), first, 2, np.ones((512, 2)), LATENCY
    found = connect(*wired).synapses
    assert (found.indptr.tolist(), found.target.tolist(), found.delay.tolist()) == (
        [0, 1, 1],
        [1],
        [1],
    )
    for address in (3, 0b01_000010):
        wrong = neuron(256 + 44, address)
        assert len(follow([wrong], FpgaRouting.none(), first).source) == 0


def loop(label, *, to_chip=0, back=LABEL):
    return FpgaRouting(*([[]] * 4), [0], [1], [label], [to_chip], [2], [back])


@pytest.mark.parametrize(("to_chip", "path"), [(0, Path.LOOP), (1, Path.CHIPS)])
def test_the_fpga_forwards_by_label(to_chip, path):
    label = 1 << 8 | 200
    both = one_synapse(
        switches=((40, DIGITAL), True),
        address=((40,), 200),
        crossbar_target=[((10, 6), 1 << 13), ((1, 9), 0)],
    )
    configs = [both] if to_chip == 0 else [neuron(40, 200), one_synapse()]
    first = np.array([40, 512 * to_chip + AT])
    hits = follow(configs, loop(label, to_chip=to_chip), first)
    assert (hits.source.tolist(), hits.path.tolist()) == ([0], [path])
    assert len(follow(configs, loop(label + 1, to_chip=to_chip), first).source) == 0


def test_events_that_would_go_round_are_refused():
    config = registers(
        switches=((40, DIGITAL), True),
        address=((40,), 200),
        crossbar_target=[((1, 9), 0), ((10, 10), 0)],
    )
    tables = FpgaRouting(*([[]] * 4), [0, 0], [1, 2], [456, LABEL], [0, 0], [2, 2], [LABEL, LABEL])
    with pytest.raises(ConfigError, match="come back"):
        follow([config], tables, np.array([40]))


def test_tables_are_checked():
    with pytest.raises(ConfigError, match="host_channel: 4 at 0 lies outside 0 to 3"):
        host((0, 0, 4, 0))
    with pytest.raises(ConfigError, match="host_label: 16384"):
        host((0, 0, 0, 1 << 14))
    with pytest.raises(ConfigError, match="host_chip: there are 1 chips"):
        follow([registers()], host((0, 1, 0, 0)), np.array([0]))


def test_without_chips_nothing_is_connected():
    empty = np.empty(0, np.int64)
    found = connect([], FpgaRouting.none(), empty, 3, np.empty((0, 2)), LATENCY).synapses
    assert (len(found), found.n_sources) == (0, 3)


def test_single_synapses_have_a_strength_of_their_own():
    strength = np.ones(2 * 256 * 256, np.float32)
    strength[(256 + 29) * 256 + 9] = 0.75
    config, step = one_synapse(), np.full((512, 2), 0.5)
    arguments = ([config], host((0, 0, 2, LABEL)), np.array([AT]), 2, step, LATENCY)
    found = connect(*arguments, strength=strength).synapses
    assert found.amplitude.tolist() == [17 * 0.5 * 0.75]
    exact = np.full(2 * 256 * 256, 3.0)
    found = connect(*arguments, amplitude=exact, strength=strength).synapses
    assert found.amplitude.tolist() == [3.0]


def hops_of(hops):
    """Name of the link, index of the hop before and way of each hop."""
    names = [chip_links(2).name[k] for k in hops.link]
    return list(zip(names, hops.parent.tolist(), hops.path.tolist(), strict=True))


def two_chips():
    """A neuron of chip 0 that reaches a bus there, and chip 1 through the FPGAs."""
    return [neuron(40, 200), one_synapse()], np.array([40, 512 + AT])


def test_hops_are_those_that_the_registers_open():
    configs, first = two_chips()
    hops = follow(configs, loop(1 << 8 | 200, to_chip=1), first).hops
    assert hops_of(hops) == [
        ("chip 0: output 1 of 64 neurons", -1, Path.DIRECT),
        ("chip 0: channel 1 towards the FPGA", 0, Path.DIRECT),
        ("chip 0: chip to its FPGA", 1, Path.DIRECT),
        ("chip 0: FPGA to other chips", 2, Path.CHIPS),
        ("chip 1: other chips to the FPGA", 3, Path.CHIPS),
        ("chip 1: FPGA to its chip", 4, Path.CHIPS),
        ("chip 1: channel 2 from the FPGA", 5, Path.CHIPS),
        ("chip 0: bus 1 to the synapses", 0, Path.DIRECT),
        ("chip 1: bus 6 to the synapses", 6, Path.CHIPS),
    ]
    closed = [registers(switches=((40, DIGITAL), True)), configs[1]]
    assert len(follow(closed, loop(1 << 8 | 200, to_chip=1), first).hops.link) == 1


def test_an_event_is_sent_once_to_all_other_chips():
    configs, first = two_chips()
    both = FpgaRouting(*([[]] * 4), [0, 0], [1, 1], [456, 456], [1, 1], [2, 2], [LABEL, LABEL])
    names = [name for name, _, _ in hops_of(follow(configs, both, first).hops)]
    assert names.count("chip 0: FPGA to other chips") == 1
    assert names.count("chip 1: other chips to the FPGA") == 1
    assert names.count("chip 1: FPGA to its chip") == 2


def test_ways_have_the_latency_of_their_path():
    configs, first = two_chips()
    fpga = loop(1 << 8 | 200, to_chip=1)
    wired = configs, fpga, first, 2, np.ones((1024, 2)), LATENCY
    found = connect_by_links(*wired, Timing.of_latency(0.1, LATENCY))
    table, ways = found.synapses, found.ways
    plain = connect(*wired).synapses
    for name in ("indptr", "target", "line", "amplitude", "delay"):
        np.testing.assert_array_equal(getattr(table, name), getattr(plain, name))
    assert ways.at.tolist() == [0, 0, 0, 400_000, 900_000, 900_000, 900_000, 0, 1_150_000]
    assert (ways.begin[8], ways.end[8]) == (0, 1)
    # 1.3 us are 13 steps, and up to 1.35 us they stay 13
    assert ways.slack[8] == 50_000
    assert Timing.of_latency(1.0, np.ones(4, int)).at.max() == 0


def test_synapses_on_two_buses_stay_apart():
    config = one_synapse(
        crossbar_mask=[((10, 6), 1 << 13), ((10, 2), 1 << 13)],
        crossbar_target=[((10, 6), 1 << 13), ((10, 2), 1 << 13)],
        padi_enable=[((1, 2), True), ((0, 2), True)],
    )
    wired = [config], host((0, 0, 2, LABEL), (0, 0, 2, LABEL)), np.array([AT]), 2
    wired = *wired, np.ones((512, 2)), LATENCY
    found = connect_by_links(*wired, Timing.of_latency(0.1, LATENCY))
    table, ways = found.synapses, found.ways
    assert connect(*wired).synapses.amplitude.tolist() == [34.0]
    assert table.amplitude.tolist() == [17.0, 17.0]
    assert sorted(zip(ways.begin.tolist(), ways.end.tolist(), strict=True))[-2:] == [(0, 1), (1, 2)]
