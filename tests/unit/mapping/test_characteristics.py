"""Laws of circuits: codes and values, there and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pynn_bss2sim._core import curves
from pynn_bss2sim._core.device import Device
from pynn_bss2sim.mapping.characteristics import AffineLaw, Characteristics, PowerLaw

NOMINAL = Characteristics.nominal()
CURVES = {
    "leak": curves.LEAK,
    "reset": curves.RESET,
    "threshold": curves.THRESHOLD,
    "tau_mem": curves.TAU_MEM,
    "tau_syn_exc": curves.TAU_SYN[0],
    "tau_syn_low_inh": curves.TAU_SYN_LOW[1],
    "offset_sink": curves.OFFSET_CURRENT,
    "tau_w": curves.TAU_W,
    "delta_t": curves.EXP_SLOPE,
}


@given(st.sampled_from(sorted(CURVES)), st.floats(0.01, 2000))
def test_nominal_laws_are_the_nominal_curves(name, value):
    law, curve = getattr(NOMINAL, name), CURVES[name]
    assert law.code(value)[0] == curve.code(value)
    assert law.clips(value)[0] == curve.clips(value)
    assert np.allclose(law.value(500)[0], curve.value(500), rtol=1e-12)


@given(st.integers(10, 1020), st.floats(0.5, 2), st.floats(-5, 5))
def test_the_code_of_a_value_of_a_code_is_that_code(code, factor, shift):
    affine = AffineLaw(factor * 1.2, 100 * shift)
    power = PowerLaw(factor * 242, shift, 10, 1020, -0.72)
    for law in (affine, power):
        assert law.code(law.value(code))[0] == code
        assert not law.clips(law.value(code))[0]


def test_values_out_of_reach_are_clipped_to_the_nearer_end():
    law = PowerLaw(np.array([242.0, 500.0]), 0.0, 10, 1020, -0.72)
    assert law.code(1e9).tolist() == [10, 10]
    assert law.code(0.0).tolist() == [1020, 1020]
    assert law.clips(1.8).tolist() == [False, True]


def test_circuits_of_several_chips_are_counted_over_all_of_them():
    one = NOMINAL.repeated(512)
    leak = AffineLaw(np.arange(1.0, 513.0), 0.0)
    both = Characteristics.of_chips([one, Characteristics(**{**vars(one), "leak": leak})])
    some = both.at(np.array([3, 512, 1023]))
    assert some.leak.factor.tolist() == [NOMINAL.leak.factor[0], 1.0, 512.0]
    assert len(some.tau_mem) == 3
    assert NOMINAL.at(np.array([3, 4])).leak is NOMINAL.leak


@given(st.floats(0.25, 200))
def test_leak_finds_the_membrane_time_constant(tau):
    c_m = curves.capacitance(63, 1)
    code, divided, multiplied, clipped = NOMINAL.leak_codes(c_m / tau)
    assert not clipped
    realised = c_m / Device().leak_conductance(code, divided, multiplied)
    assert realised == pytest.approx(tau, rel=0.03)  # half a code at the slow end


def test_leak_says_when_it_cannot():
    c_m = curves.capacitance(63, 1)
    assert NOMINAL.leak_codes(c_m / np.array([0.1, 10.0, 300.0]))[3].tolist() == [True, False, True]


@pytest.mark.parametrize("line", [0, 1])
@given(tau=st.floats(0.3, 100))
def test_input_lines_find_their_time_constant(line, tau):
    code, high, clipped = NOMINAL.tau_syn_codes(line, tau)
    assert not clipped
    assert Device().tau_syn(line, code, high) == pytest.approx(tau, rel=0.05)
