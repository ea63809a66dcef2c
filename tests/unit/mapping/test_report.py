"""The numbers of a report are those of the registers and of the network, counted another way."""

import json
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pytest
from builders import network, population, projection

from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim._core.config import ChipConfig
from pynn_bss2sim.mapping import Sources, map_network
from pynn_bss2sim.mapping.report import (
    Section,
    Share,
    SourceRates,
    Table,
    chip_usage,
)

QUANTIZED = ChipModel.quantized()
ODD = '<b>E→I</b> & "x"'


def random_net(sizes=(300, 300), sources=40, p=0.1, seed=1):
    """Populations `one`, `two`, ... with random connections among all and from sources."""
    rng = np.random.default_rng(seed)
    n = sum(sizes)
    pops = [population(size, f"p{k}") for k, size in enumerate(sizes)]
    parts = []
    for line, (first, count) in enumerate(((0, n), (n, sources))):
        pre, post = np.nonzero(rng.random((count, n)) < p)
        weight = rng.uniform(0.001, 0.2, len(pre)) * (-1 if line else 1)
        parts.append(projection(pre + first, post, weight, 1.5, line, f"to line {line}"))
    return network(*pops, Sources("in", sources), *parts)


@pytest.fixture(scope="module")
def mapping():
    return map_network(random_net(), QUANTIZED)


# --- what is in use -------------------------------------------------------------------------------


def counted_in_loops(config, fpga, number):
    """What a chip has in use, register by register in plain loops."""
    count = Counter()
    for at in range(512):
        start = at
        while start % 128 and config.switches[start - 1, 19]:
            start -= 1
        count["neuron circuits"] += bool(config.switches[start, 18])
    for hemisphere in range(2):
        count["buses"] += sum(map(bool, config.padi_enable[hemisphere]))
        for driver in range(128):
            if config.driver_enable[hemisphere, driver]:
                count += counted_at_driver(config, hemisphere, driver)
    nodes = open_nodes_by_trial(config)
    count["crossbar nodes"] = len(nodes)
    count["generators"] = sum(map(bool, config.background_enable))
    count["channels to FPGA"] = len({sink for _, sink in nodes if sink >= 8})
    sent = [*zip(fpga.host_chip.tolist(), fpga.host_channel.tolist(), strict=True)]
    sent += zip(fpga.to_chip.tolist(), fpga.to_channel.tolist(), strict=True)
    count["channels from FPGA"] = len({channel for chip, channel in sent if chip == number})
    return count


def counted_at_driver(config, hemisphere, driver):
    count = Counter({"synapse drivers": 1})
    labels = set()
    for row in (2 * driver, 2 * driver + 1):
        if config.row_mode[hemisphere, row]:
            count["synapse rows"] += 1
            codes = config.synapse_weight[hemisphere, row].tolist()
            names = config.synapse_label[hemisphere, row].tolist()
            count["synapses"] += sum(code > 0 for code in codes)
            labels |= {n for n, code in zip(names, codes, strict=True) if code}
    count["labels at drivers"] = len(labels)
    return count


def open_nodes_by_trial(config):
    """Nodes that exist and that one of all labels passes."""
    labels = np.arange(2**14)
    nodes = [(n, sink) for n in range(8) for sink in range(12) if n % 4 == sink % 4]
    nodes += [(8 + k, sink) for k in range(4) for sink in (*range(8), 8 + k)]
    nodes += [(12 + b, sink) for b in range(8) for sink in (b, 8 + b % 4)]
    assert len(nodes) == 76
    mask, target = config.crossbar_mask, config.crossbar_target
    return [node for node in nodes if (labels & mask[node] == target[node]).any()]


def test_what_is_in_use_is_counted_in_the_registers(mapping):
    assert mapping.report.chips == len(mapping.report.usage) == 2
    for number, config in enumerate(mapping.configs):
        usage = mapping.report.usage[number]
        found = {u.name: u.used for u in usage.resources}
        assert found == counted_in_loops(config, mapping.routing.fpga, number)
        assert found.pop("generators") == 0 and min(found.values()) > 0
        assert all(u.used + u.free == u.available for u in usage.resources)
    total = sum(usage["synapses"].used for usage in mapping.report.usage)
    # parallel rows of one connection count each, weights of code 0 do not
    assert total == sum(int((c.synapse_weight > 0).sum()) for c in mapping.configs)


@pytest.mark.parametrize(
    ("register", "value", "resource", "change"),
    [
        ("padi_enable", False, "buses", "all"),
        ("driver_enable", False, "synapse drivers", "all"),
        ("row_mode", 0, "synapse rows", "all"),
        ("synapse_weight", 0, "synapses", "all"),
        ("synapse_label", 5, "labels at drivers", "fewer"),
        ("crossbar_target", 1, "crossbar nodes", "all"),
        ("switches", False, "neuron circuits", "all"),
    ],
)
def test_a_changed_register_is_another_count(mapping, register, value, resource, change):
    fpga, config = mapping.routing.fpga, mapping.configs[0]
    before = chip_usage(0, config, fpga)[resource].used
    registers = config.to_dict()
    registers[register] = np.full_like(registers[register], value)
    after = chip_usage(0, ChipConfig(**registers), fpga)[resource].used
    assert (after == 0) if change == "all" else (0 < after < before)


def test_joined_circuits_are_all_in_use():
    pre = np.arange(600)
    net = network(population(3), Sources("in", 600), projection(pre + 3, pre % 2, 1.0))
    mapping = map_network(net, QUANTIZED)
    assert mapping.placement.used > 3
    assert mapping.report.usage[0]["neuron circuits"].used == mapping.placement.used


# --- projections and parameters -------------------------------------------------------------------


def test_errors_of_weights_and_delays_are_those_of_each_connection(mapping):
    for k, p in enumerate(mapping.network.projections):
        report, realised = mapping.report.projections[k], mapping.weights[k]
        relative = np.abs(realised - p.weight) / np.abs(p.weight)
        assert report.weight_error_rms == pytest.approx(100 * np.sqrt((relative**2).mean()))
        assert report.weight_error_worst == pytest.approx(100 * relative.max())
        assert report.rounded_to_zero == (realised == 0).sum() > 0
        assert report.delay_realised == (mapping.delays[k].min(), mapping.delays[k].max())
        assert report.delays_changed == (mapping.delays[k] != 1.5).sum() > 0
        assert report.weight_realised.mean == pytest.approx(realised.mean())
        assert report.weight_asked.std == pytest.approx(p.weight.std())


def test_spread_of_parameters():
    asked = np.linspace(10.0, 30.0, 20)
    mapping = map_network(network(population(20, tau_m=asked)), QUANTIZED)
    (found,) = [q for q in mapping.report.populations[0].parameters if q.name == "tau_m"]
    realised = mapping.parameters[0]["tau_m"]
    assert found.asked.std == pytest.approx(asked.std())
    assert (found.realised.mean, found.realised.std) == (realised.mean(), realised.std())
    assert found.error_rms == pytest.approx(np.sqrt(((realised - asked) ** 2).mean()))
    assert found.worst_error == np.abs(realised - asked).max()


def test_the_headline_tells_the_essential():
    pre = np.arange(9000)
    net = network(population(1), Sources("in", 9000), projection(pre + 1, 0, 0.1, 1.5, label=ODD))
    mapping = map_network(net, QUANTIZED, on_loss="ignore")
    assert mapping.lost > 0
    first, *others = mapping.report.headline
    assert first == f"{mapping.lost:,} of 9,000 connections could not be routed and are lost."
    assert "Delays of 1.5 ms became 0.4 ms." in others
    assert mapping.report.to_text().splitlines()[2] == "• " + first


def test_an_ideal_chip_has_one_sentence():
    mapping = map_network(random_net((5, 5)), ChipModel.ideal())
    (sentence,) = mapping.report.headline
    assert sentence == f"All {len(mapping.synapses)} connections are realised."
    assert mapping.report.rates is None
    assert [u.name for u in mapping.report.usage[0].resources] == ["neuron circuits"]


# --- events on buses ------------------------------------------------------------------------------


def test_rates_add_up_on_each_bus(mapping):
    rate = np.random.default_rng(3).uniform(1, 50, mapping.network.n_sources)
    rates = mapping.event_rates(SourceRates(rate, "a guess"))
    assert rates.capacity == 125_000 and rates.unknown == 0
    found = {link.name: link for link in rates.links}
    # FPGA channels: what the tables send; spikes of neurons are forwarded by their labels
    neuron = {}
    for n, (circuit, address) in enumerate(
        zip(mapping.placement.circuit.tolist(), mapping.placement.address.tolist(), strict=True)
    ):
        output = circuit % 256 // 32
        neuron[circuit // 512, output % 4, output * 256 + address] = n
    fpga = mapping.routing.fpga
    sent = {}
    for source, chip, channel in zip(
        fpga.host_source, fpga.host_chip, fpga.host_channel, strict=True
    ):
        sent.setdefault((chip, channel), []).append(source + mapping.network.n_neurons)
    for *came, chip, channel in zip(
        fpga.loop_chip, fpga.loop_output, fpga.loop_label, fpga.to_chip, fpga.to_channel,
        strict=True,
    ):  # fmt: skip
        sent.setdefault((chip, channel), []).append(neuron[tuple(int(i) for i in came)])
    for (chip, channel), sources in sent.items():
        link = found.pop(f"chip {chip}, channel from FPGA {channel}")
        assert link.sources == len(set(sources))
        assert link.rate == pytest.approx(rate[sources].sum())
        assert link.utilisation == pytest.approx(link.rate / 125_000)
        assert link.full_at == pytest.approx(125_000 / len(sources))
    # event outputs: 64 circuits each
    for chip in range(2):
        for output in range(8):
            circuit = mapping.placement.circuit
            here = (circuit // 512 == chip) & (circuit % 256 // 32 == output)
            if here.any():
                link = found.pop(f"chip {chip}, event output {output}")
                assert link.rate == pytest.approx(rate[: len(here)][here].sum())
    assert not [name for name in found if "event output" in name or "from FPGA" in name]
    loads = [link.utilisation for link in rates.links]
    assert loads == sorted(loads, reverse=True)


def test_rates_that_are_not_known_are_said_to_be(mapping):
    rate = np.full(mapping.network.n_sources, np.nan)
    rate[mapping.network.n_neurons :] = 1e6
    report = replace(mapping.report, rates=mapping.event_rates(SourceRates(rate, "a guess")))
    assert report.rates.unknown == mapping.network.n_neurons
    assert report.rates.links[0].utilisation > 1
    assert "The busiest link" in report.headline[-1]
    text = report.to_text()
    assert "The rates of 600 of 640 sources are not known" in text
    assert 'class="full"' in report.to_html(picture=False)


# --- forms ----------------------------------------------------------------------------------------


def test_json_round_trip(mapping):
    report = mapping.report
    again = json.loads(report.to_json())
    assert again == report.to_dict()
    assert again["usage"][1]["resources"][1]["used"] == report.usage[1]["synapses"].used
    assert again["projections"][0]["weight_asked"]["std"] == report.projections[0].weight_asked.std
    assert again["rates"]["links"][0]["name"] == report.rates.links[0].name


@pytest.mark.parametrize("width", [72, 80, 120])
def test_a_page_is_as_wide_as_asked_and_names_what_it_leaves_out(width):
    net = network(*(population(1, f"a long label of population {k}, 很长") for k in range(71)))
    text = map_network(net, QUANTIZED).report.to_text(width)
    assert "… and 61 more, see to_dict()" in text
    wide = [line for line in text.splitlines() if len(line) > width and "·" not in line]
    assert not wide


def test_labels_that_are_no_text_keep_the_page_in_shape():
    text = map_network(network(population(1, "a\n\x1b[31mb")), QUANTIZED).report.to_text()
    assert "\x1b" not in text and "a  [31mb" in text


class Tags(HTMLParser):
    """Fails on tags that are not closed in order; collects tags and text."""

    VOID = ("img",)

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.text, self.loaded = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.loaded += [value for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_html_is_whole_and_escaped():
    n = 30
    pops = [population(1, f"{ODD} {k}") for k in range(n)]
    wires = [projection(k, (k + 1) % n, 1.0, label=f"{ODD} to {k}") for k in range(n)]
    report = map_network(network(*pops, *wires), QUANTIZED).report
    tags = Tags()
    tags.feed(report.to_html(picture=False))
    assert tags.open == [] and "b" not in tags.seen and tags.loaded == []
    assert f"{ODD} 3" in tags.text and f"{ODD} to 29" in tags.text
    assert tags.seen.count("details") >= 2  # what is beyond 20 rows is folded


def test_html_holds_the_picture_itself():
    pytest.importorskip("matplotlib")
    tags = Tags()
    tags.feed(map_network(network(population(3)), QUANTIZED).report._repr_html_())
    (source,) = tags.loaded
    kind, svg = source.split(",", 1)
    assert kind == "data:image/svg+xml"
    assert ElementTree.fromstring(unquote(svg)).tag.endswith("svg")


def test_html_without_matplotlib_says_so(monkeypatch):
    def missing(chip=None):
        raise ImportError("pip install <it>")

    report = map_network(network(population(3)), QUANTIZED).report
    html = replace(report, picture=missing).to_html()
    assert "No picture: pip install &lt;it&gt;" in html


# --- sections of others ---------------------------------------------------------------------------


def section(n):
    table = Table(("what", "n", "part"), (("a<b", np.int64(n), Share(0.5)), ("none", None, None)))
    return Section("energy", "Energy <J>", (table,), ("As assumed.",), f"It takes {n} J.")


def test_a_section_stands_in_every_form_and_the_later_one_wins():
    report = map_network(network(population(1)), QUANTIZED).report
    longer = report.with_section(section(1)).with_section(section(4000))
    assert report.further == ()
    assert "It takes 4000 J." in longer.headline and "It takes 1 J." not in longer.headline
    text = longer.to_text()
    assert "Energy <J>" in text and "As assumed." in text and "4,000  █████·····   50 %" in text
    assert "Energy &lt;J&gt;" in longer.to_html(picture=False)
    assert longer.to_dict()["energy"]["tables"][0]["rows"][0] == {
        "what": "a<b", "n": 4000, "part": 0.5
    }  # fmt: skip


def test_a_table_with_a_cell_too_few_is_refused():
    with pytest.raises(ValueError, match="'T': 1 cells in a row of 2"):
        Table(("a", "b"), ((1,),), "T")
