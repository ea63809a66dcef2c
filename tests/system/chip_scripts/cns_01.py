"""Row cns_01: what leak, threshold and reset do to a neuron under a step of constant current.

No configuration is given. Parameters are set before the first run and between snippets.
"""

import pynn_brainscales.brainscales2 as pynn

pynn.setup()
pop = pynn.Population(1, pynn.cells.HXNeuron())
pop.set(
    leak_v_leak=650, leak_i_bias=100, threshold_enable=True, threshold_v_threshold=280,
    reset_v_reset=500, reset_i_bias=1022, reset_enable_multiplication=True,
    membrane_capacitance_capacitance=63, refractory_period_refractory_time=200,
    constant_current_i_offset=900, constant_current_type=0,
)  # fmt: skip
pop.record(["spikes", "v"])


def response(**parameters):
    """Resting reading, spikes before, in and after the step, and readings within it."""
    pop.set(**parameters)
    for on, duration in ((False, 0.05), (True, 0.2), (False, 0.05)):
        pop.set(constant_current_enable=on)
        pynn.run(duration, pynn.RunCommand.APPEND)
    assert abs(pynn.get_current_time() - 0.3) < 1e-4
    pynn.run(None, pynn.RunCommand.EXECUTE)
    segment = pop.get_data(clear=True).segments[-1]
    pynn.reset()
    before, step, after = segment.irregularlysampledsignals
    counts = [len(train) for train in segment.spiketrains]
    # one may be on its way when the step ends
    assert counts[0] == 0
    assert counts[2] <= 1
    assert step.t_start.rescale("ms").magnitude >= 0.05
    settled = step.time_slice(0.1, None).magnitude
    assert abs(after.magnitude[-300:].mean() - before.magnitude.mean()) < 5
    return before.magnitude.mean(), counts[1], settled


rest, count, step = response()
assert count > 5
higher, faster, _ = response(leak_v_leak=700)
assert 20 < higher - rest < 60
assert faster > count
response(leak_v_leak=650)
_, slower, high = response(threshold_v_threshold=320)
assert slower < count
assert high.max() > step.max() + 20
_, later, _ = response(threshold_v_threshold=280, reset_v_reset=400)
assert later < count
_, silent, held = response(threshold_enable=False)
assert silent == 0
assert held.std() < 4
_, _, held_more = response(leak_i_bias=300)
# more conductance, less deflection
assert held_more.mean() < held.mean() - 10
pynn.end()
