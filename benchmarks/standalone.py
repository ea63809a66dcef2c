"""Run a network of `bench_networks.py` as a program that Brian 2 writes in C++ and compiles.

    python standalone.py NETWORK [--seed N]

prints one line of JSON like `network.py`: *build* is the time until the program is written, *map*
that of compiling it, *run* the time that it measures itself from the first step to the last. PyNN
does not know this mode, so the network is described again here: same neurons, same parameters, as
many connections, drawn by other random numbers. Brian 2 integrates current-based neurons exactly,
conductance-based ones by exponential Euler, AdEx by a second-order Runge-Kutta method.
"""

import argparse
import json
import tempfile
import time
from dataclasses import dataclass

import bench_networks as networks
from network import peak_memory

CURRENTS = """
dv/dt = ((v_rest - v) / tau_m + (excited + inhibited + offset) / c_m) : volt (unless refractory)
dexcited/dt = -excited / tau_syn_E : amp
dinhibited/dt = -inhibited / tau_syn_I : amp
offset : amp (constant)
"""
CONDUCTANCES = """
dv/dt = ((v_rest - v) / tau_m + (driven + offset) / c_m) : volt (unless refractory)
driven = excited * (e_rev_E - v) + inhibited * (e_rev_I - v) : amp
dexcited/dt = -excited / tau_syn_E : siemens
dinhibited/dt = -inhibited / tau_syn_I : siemens
offset : amp (constant)
"""
ADAPTIVE = """
dv/dt = ((v_rest - v + steep) / tau_m + (driven + offset - w) / c_m) : volt (unless refractory)
steep = delta_T * exp((v - v_thresh) / delta_T) : volt
driven = excited * (e_rev_E - v) + inhibited * (e_rev_I - v) : amp
dw/dt = (a * (v - v_rest) - w) / tau_w : amp
dexcited/dt = -excited / tau_syn_E : siemens
dinhibited/dt = -inhibited / tau_syn_I : siemens
offset : amp (constant)
"""


@dataclass(frozen=True)
class Standalone:
    """What the function of the same name in `bench_networks` builds."""

    equations: str
    method: str
    size: int
    probability: float
    weights: tuple
    currents: tuple
    changed: tuple = ()


NETWORKS = {
    "cuba": Standalone(CURRENTS, "exact", 512, 0.05, (0.01, -0.03), (0.08, 0.13)),
    "cuba_fast": Standalone(CURRENTS, "exact", 512, 0.05, (0.01, -0.03), (0.08, 0.4)),
    "coba": Standalone(
        CONDUCTANCES, "exponential_euler", 512, 0.05, (0.0002, 0.0015), (0.08, 0.13)
    ),
    "adex": Standalone(ADAPTIVE, "rk2", 512, 0.05, (0.0002, 0.0015), (0.1, 0.2)),
    "balanced_cuba": Standalone(
        CURRENTS, "exact", 4000, 0.02, (0.008, -0.045), (0.0, 0.0), (("v_rest", -49.0),)
    ),
    "balanced_coba": Standalone(
        CONDUCTANCES, "exponential_euler", 4000, 0.02, (0.0006, 0.0077), (0.12, 0.12)
    ),
}
#: Units of PyNN's parameters in Brian 2's names.
UNITS = {
    "cm": "nF", "tau_m": "ms", "v_rest": "mV", "v_reset": "mV", "v_thresh": "mV",
    "tau_refrac": "ms", "tau_syn_E": "ms", "tau_syn_I": "ms", "e_rev_E": "mV", "e_rev_I": "mV",
    "delta_T": "mV", "v_spike": "mV", "tau_w": "ms", "a": "nS", "b": "nA",
}  # fmt: skip


def describe(brian2, network, seed):
    """The network's parts, for `brian2.Network`."""
    values = networks.LIF | networks.COBA | networks.ADEX | dict(network.changed)
    namespace = {name: values[name] * getattr(brian2, unit) for name, unit in UNITS.items()}
    namespace["c_m"] = namespace.pop("cm")  # to Brian 2, cm are centimetres
    adaptive = network.equations is ADAPTIVE
    neurons = brian2.NeuronGroup(
        network.size, network.equations, method=network.method,
        threshold="v > v_spike" if adaptive else "v > v_thresh",
        reset="v = v_reset; w += b" if adaptive else "v = v_reset",
        refractory="tau_refrac", namespace=namespace,
    )  # fmt: skip
    brian2.seed(seed)
    neurons.v = "-60*mV + 10*mV * rand()"
    low, high = network.currents
    neurons.offset = f"({low} + {high - low} * rand()) * nA"
    excitatory = network.size * 4 // 5
    unit = brian2.nA if network.equations is CURRENTS else brian2.uS
    parts = [neurons, brian2.SpikeMonitor(neurons)]
    for line, weight, chosen in (
        ("excited", network.weights[0], neurons[:excitatory]),
        ("inhibited", network.weights[1], neurons[excitatory:]),
    ):
        synapses = brian2.Synapses(
            chosen, neurons, on_pre=f"{line}_post += weight",
            delay=networks.DELAY * brian2.ms, namespace={"weight": weight * unit},
        )  # fmt: skip
        synapses.connect(p=network.probability)
        parts.append(synapses)
    return parts


def main():
    """Write, compile and run the program; print its times."""
    parser = argparse.ArgumentParser()
    parser.add_argument("network", choices=NETWORKS)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    duration = networks.NETWORKS[options.network].time

    marks = [time.perf_counter()]
    import brian2

    marks.append(time.perf_counter())
    with tempfile.TemporaryDirectory() as folder:
        brian2.set_device("cpp_standalone", directory=folder, build_on_run=False)
        brian2.defaultclock.dt = 0.1 * brian2.ms
        parts = describe(brian2, NETWORKS[options.network], options.seed)
        brian2.Network(*parts).run(duration * brian2.ms)
        marks.append(time.perf_counter())
        brian2.device.build(directory=folder, compile=True, run=False)
        marks.append(time.perf_counter())
        brian2.device.run(folder)
        run = brian2.device._last_run_time
        begin = time.perf_counter()
        spikes = parts[1].num_spikes
        reading = time.perf_counter() - begin
    result = {
        "import": marks[1] - marks[0], "build": marks[2] - marks[1], "map": marks[3] - marks[2],
        "run": run, "elapsed": run, "get_data": reading,
        "rate": int(spikes) / NETWORKS[options.network].size / duration * 1000.0,
        "memory": peak_memory(),
    }  # fmt: skip
    print(json.dumps(result))


if __name__ == "__main__":
    main()
