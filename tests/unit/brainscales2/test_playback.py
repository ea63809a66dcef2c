"""Programs that use the chip without a network: voltages of the board, read by the MADC."""

import numpy as np
import pytest

from pynn_bss2sim._core import hicannx
from pynn_bss2sim._core.chip_model import ChipModel
from pynn_bss2sim.brainscales2.demo_helpers import measure_voltage
from pynn_bss2sim.brainscales2.dlens_vx_v3 import hal, halco, hxcomm, lola, sta

MULTIPLEXERS = hal.ShiftRegister


@pytest.fixture
def connection():
    with hxcomm.ManagedConnection(ChipModel.silicon()) as opened:
        yield opened


class Program:
    """A builder on the way to one reading, and what makes a program of it."""

    def __init__(self, volt=0.5, first="readout_chain_0", second="v_reset"):
        init = sta.ExperimentInit()
        registers = init.asic_adapter_board.shift_register
        registers.select_analog_readout_mux_1_input = MULTIPLEXERS.AnalogReadoutMux1Input[first]
        registers.select_analog_readout_mux_2_input = MULTIPLEXERS.AnalogReadoutMux2Input[second]
        source = halco.DACChannelOnBoard.mux_dac_25
        init.asic_adapter_board.dac_channel_block.set_voltage(source, volt)
        self.builder, _ = init.generate()

    def connect(self, pad=True, line=True, samples=100):
        chain = lola.ReadoutChain()
        chain.pad_mux[halco.PadMultiplexerConfigOnDLS(0)].debug_to_pad = pad
        chain.input_mux[halco.SourceMultiplexerOnReadoutSourceSelection(0)].debug_plus = line
        chain.madc.number_of_samples = samples
        self.builder.write(halco.ReadoutChainOnDLS(), chain)
        return self

    def record(self, on):
        switch = hal.EventRecordingConfig(enable_event_recording=on)
        self.builder.write(halco.EventRecordingConfigOnFPGA(), switch)
        return self

    def control(self, **switches):
        self.builder.write(halco.MADCControlOnDLS(), hal.MADCControl(**switches))
        return self

    def wait(self, us):
        cycles = us * int(hal.Timer.Value.fpga_clock_cycles_per_us)
        self.builder.write(halco.TimerOnDLS(), hal.Timer())
        self.builder.block_until(halco.TimerOnDLS(), hal.Timer.Value(cycles))
        self.builder.block_until(halco.BarrierOnFPGA(), hal.Barrier.omnibus)
        return self

    def samples(self, connection):
        program = self.builder.done()
        sta.run(connection, program)
        return program.madc_samples.to_numpy()


def test_readings_follow_the_voltage_with_the_converters_gain_and_noise(connection):
    volts = np.array([0.3, 0.6, 0.9])
    found = [measure_voltage(connection, volt)["value"].astype(float) for volt in volts]
    gain, _ = np.polyfit(1e3 * volts, [v.mean() for v in found], 1)
    # gains of converters spread by 1 %
    assert gain == pytest.approx(hicannx.MADC_PER_MV, rel=5 * hicannx.SPREAD_MADC_GAIN)
    for values in found:
        # of 300 samples, five standard errors, and what rounding adds
        noise = np.hypot(hicannx.MADC_NOISE, 1 / np.sqrt(12))
        assert values.std() == pytest.approx(noise, rel=5 / np.sqrt(600))
    again = measure_voltage(connection, 0.3)["value"]
    assert not np.array_equal(again, found[0])
    with hxcomm.ManagedConnection(ChipModel.silicon()) as other:
        assert np.array_equal(measure_voltage(other, 0.3)["value"], found[0])


def test_samples_are_those_of_the_time_that_is_recorded(connection):
    def begin():
        return Program().connect(samples=100).record(True).control(wake_up=True).wait(10)

    whole = begin().control(wake_up=True, start_recording=True).wait(10).samples(connection)
    assert len(whole) == 100
    # 17 cycles of 500 MHz between two, at whole cycles of 125 MHz
    assert set(np.diff(whole["chip_time"].astype(int))) == {4, 5}
    cut = begin().control(wake_up=True, start_recording=True).wait(1).record(False).wait(9)
    assert len(cut.samples(connection)) == 30
    late = begin().control(wake_up=True)
    late.builder.write(halco.SystimeSyncOnFPGA(), hal.SystimeSync())
    late.wait(2).control(wake_up=True, start_recording=True).wait(10)
    found = late.samples(connection)
    assert found["chip_time"][0] == 250
    assert found["fpga_time"][0] == 1500
    silent = begin().record(False).control(wake_up=True, start_recording=True).wait(10)
    assert len(silent.samples(connection)) == 0


@pytest.mark.parametrize(
    ("way", "connected", "message"),
    [
        ({"first": "off"}, {}, "mux_1_input"),
        ({"second": "off"}, {}, "mux_2_input"),
        ({}, {"pad": False}, "debug_to_pad"),
        ({}, {"line": False}, "debug_plus"),
    ],
)
def test_nothing_is_read_where_nothing_is_connected(connection, way, connected, message):
    program = Program(**way).connect(**connected).record(True).control(wake_up=True).wait(10)
    with pytest.raises(RuntimeError, match=message):
        program.control(wake_up=True, start_recording=True).wait(1).samples(connection)


def test_programs_that_are_refused(connection):
    asleep = Program().connect().record(True).control(start_recording=True)
    with pytest.raises(RuntimeError, match="asleep"):
        asleep.samples(connection)
    network = Program()
    network.builder.write(halco.AtomicNeuronOnDLS(3), lola.AtomicNeuron())
    with pytest.raises(NotImplementedError, match="AtomicNeuron"):
        network.samples(connection)
    for volt in (-0.1, 2.6):
        with pytest.raises(ValueError, match=f"{volt} V"):
            Program(volt)
    with pytest.raises(AttributeError):
        hal.MADCControl().start = True


def test_voltages_of_the_board_have_steps():
    block = lola.DACChannelBlock().default_ldo_2
    assert block.get_voltage(halco.DACChannelOnBoard(3)) == 0
    block.set_voltage(halco.DACChannelOnBoard.mux_dac_25, 1.0)
    step = 2.5 / 4095
    assert 1.0 - step < block.get_voltage(halco.DACChannelOnBoard.mux_dac_25) <= 1.0
