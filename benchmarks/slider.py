"""One turn of a tutorial's loop on the chip's own face, as a slider that moves makes it."""

import statistics
import time

import pynn_bss2sim.brainscales2 as pynn


def turn(code=700):
    """Set up, run one neuron for 0.2 ms, look at its membrane, end."""
    pynn.setup()
    neuron = pynn.Population(1, pynn.cells.HXNeuron(leak_v_leak=code))
    neuron.record("v")
    pynn.run(0.2)
    signals = neuron.get_data().segments[-1].irregularlysampledsignals
    pynn.end()
    return signals


def seconds(repetitions=30):
    """Median processor time of a turn, once the chip is there."""
    turn()
    found = []
    for _ in range(repetitions):
        begin = time.process_time()
        turn()
        found.append(time.process_time() - begin)
    return statistics.median(found)
