"""What tutorials for the real chip import from beside them: ``_static.common``.

`aliases.install` puts these in the place of modules that are not there.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from . import helper, logger
from .dlens_vx_v3 import hal, halco, hxcomm, lola, sta

__all__ = [
    "get_nightly_calibration",
    "measure_voltage",
    "save_nightly_calibration",
    "setup_hardware_client",
]

log = logger.get("demo_helpers")

#: Samples that the MADC takes for one voltage, and the first ones, while it settles.
_SAMPLES, _SETTLING = 420, 120
#: µs until the MADC is awake, and until it has taken its samples.
_WAKING, _SAMPLING = 1000, 100


def setup_hardware_client() -> None:
    """Say which chip the scripts will use."""
    with hxcomm.ManagedConnection() as connection:
        log.INFO("Connection to ", connection.get_unique_identifier()[0], " established")


def get_nightly_calibration(filename: str = "spiking_cocolist.pbin") -> lola.Chip:
    """Return a calibrated chip; see `helper.nightly_calib_path` for the files."""
    return helper.chip_from_file(helper.nightly_calib_path().parent / filename)


def save_nightly_calibration(
    filename: str = "spiking_cocolist.pbin",
    source_folder: str | None = None,
    folder: str | Path | None = None,
) -> None:
    """Copy a file of calibrations.

    Parameters
    ----------
    filename : str
    source_folder : str, optional
        Without effect: calibrations of emulated chips never age.
    folder : path, optional
        Where to; by default the working directory.
    """
    source = helper.nightly_calib_path().parent / filename
    shutil.copy(source, Path(folder or ".") / filename)


def measure_voltage(connection: hxcomm.ConnectionHandle, voltage: float) -> np.ndarray:
    """Let the MADC read a voltage of the board.

    Parameters
    ----------
    connection : ConnectionHandle
    voltage : float, V

    Returns
    -------
    structured array (n,)
        ``value`` (LSB), ``channel``, ``fpga_time`` and ``chip_time`` (cycles of 8 ns).
    """
    init = sta.SystemInit()
    registers = init.asic_adapter_board.shift_register
    registers.select_analog_readout_mux_1_input = registers.AnalogReadoutMux1Input.readout_chain_0
    registers.select_analog_readout_mux_2_input = registers.AnalogReadoutMux2Input.v_reset
    source = halco.DACChannelOnBoard.mux_dac_25
    init.asic_adapter_board.dac_channel_block.set_voltage(source, voltage)
    builder, _ = init.generate()
    chain = lola.ReadoutChain()
    chain.pad_mux[halco.PadMultiplexerConfigOnDLS()].debug_to_pad = True
    chain.input_mux[halco.SourceMultiplexerOnReadoutSourceSelection()].debug_plus = True
    chain.madc.number_of_samples = _SAMPLES
    builder.write(halco.ReadoutChainOnDLS(), chain)
    cycles = int(hal.Timer.Value.fpga_clock_cycles_per_us)
    control = hal.MADCControl(wake_up=True, enable_pre_amplifier=True)
    for start, duration in ((False, _WAKING), (True, _SAMPLING)):
        builder.write(halco.EventRecordingConfigOnFPGA(), hal.EventRecordingConfig(start))
        control.start_recording = start
        builder.write(halco.MADCControlOnDLS(), control)
        builder.write(halco.TimerOnDLS(), hal.Timer())
        builder.block_until(halco.TimerOnDLS(), hal.Timer.Value(duration * cycles))
    builder.write(halco.EventRecordingConfigOnFPGA(), hal.EventRecordingConfig(False))
    program = builder.done()
    sta.run(connection, program)
    return program.madc_samples.to_numpy()[_SETTLING:]
