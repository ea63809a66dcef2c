"""The numbers of the BrainScaleS-2 chip HICANN-X v3, each with where it comes from.

Confidence: *code* = read in the published software of the chip, *paper* = stated in a
publication, *estimate* = derived from figures or from several facts; an estimate is a starting
value, no measurement. Sources: names of the published repositories (``calix``, ``grenade``,
``halco``, ``haldls``, ``hxtorch``, ``brainscales2-demos``), DISS = S. Billaudelle, *From
Transistors to Learning Systems*, dissertation, Heidelberg 2022.

No other module holds a number of the chip. Units: µs, mV, pF, µS, nA.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

__all__ = ["CONFIDENCE", "FACTS", "HICANN_X", "Fact", "Target"]

CONFIDENCE = ("code", "paper", "estimate")


@dataclass(frozen=True)
class Fact:
    """One number of the chip.

    Attributes
    ----------
    value : int or float
    unit : str
        "1" for counts and codes.
    confidence : {"code", "paper", "estimate"}
    source : str
    """

    value: float
    unit: str
    confidence: str
    source: str


#: Every number of this module by its name.
FACTS: dict[str, Fact] = {}

_Number = TypeVar("_Number", int, float)


def _fact(name: str, value: _Number, unit: str, confidence: str, source: str) -> _Number:
    FACTS[name] = Fact(value, unit, confidence, source)
    return value


# --- counts -------------------------------------------------------------------------------------
HEMISPHERES = _fact("HEMISPHERES", 2, "1", "code", "halco: coordinates")
COLUMNS = _fact("COLUMNS", 256, "1", "code", "halco: neuron.cpp")
ROWS = _fact("ROWS", 256, "1", "code", "halco: synapse.h, rows of one synapse array")
COLUMNS_PER_BLOCK = _fact(
    "COLUMNS_PER_BLOCK", 128, "1", "code", "halco: neuron.h, no neuron crosses columns 127/128"
)
BACKEND_BLOCKS = _fact("BACKEND_BLOCKS", 2, "1", "code", "halco: neuron.cpp")
REFRACTORY_CLOCKS = _fact("REFRACTORY_CLOCKS", 2, "1", "code", "haldls: neuron.h, slow and fast")
EVENT_OUTPUTS = _fact("EVENT_OUTPUTS", 8, "1", "code", "halco: neuron.cpp")
DRIVERS = _fact("DRIVERS", 128, "1", "code", "halco: synapse_driver.cpp, per hemisphere")
PADI_BUSES = _fact("PADI_BUSES", 4, "1", "code", "halco: synapse_driver.cpp, per hemisphere")
CROSSBAR_INPUTS = _fact("CROSSBAR_INPUTS", 20, "1", "code", "halco: routing_crossbar.cpp")
CROSSBAR_OUTPUTS = _fact("CROSSBAR_OUTPUTS", 12, "1", "code", "halco: routing_crossbar.cpp")
BACKGROUND_SOURCES = _fact("BACKGROUND_SOURCES", 8, "1", "code", "halco: background.cpp")
QUADRANTS = _fact("QUADRANTS", 4, "1", "code", "halco: capmem.h")
ROWS_PER_DRIVER = _fact(
    "ROWS_PER_DRIVER", 2, "1", "code", "halco: synapse_driver.cpp, 2d and 2d + 1"
)
DRIVERS_PER_BUS = _fact("DRIVERS_PER_BUS", 32, "1", "code", "halco: synapse_driver.cpp, d div 4")
VOLTAGES = _fact("VOLTAGES", 8, "1", "code", "halco: capmem.h, of each neuron; then currents")
L2_CHANNELS = _fact("L2_CHANNELS", 4, "1", "code", "halco: event.h, to and from the FPGA each")
COLUMNS_PER_OUTPUT = _fact(
    "COLUMNS_PER_OUTPUT", 32, "1", "code", "halco: neuron.cpp, of both rows, to one event output"
)

# --- widths and ranges of registers -------------------------------------------------------------
ANALOG_MAX = _fact("ANALOG_MAX", 1022, "1", "code", "haldls: capmem.h; 1023 is no value")
ANALOG_OFF = _fact("ANALOG_OFF", 1023, "1", "code", "haldls: capmem.h, refresh of the cell is off")
WEIGHT_MAX = _fact("WEIGHT_MAX", 63, "1", "code", "haldls: synapse.h")
LABEL_MAX = _fact("LABEL_MAX", 63, "1", "code", "haldls: synapse.h")
ROW_MODE_MAX = _fact("ROW_MODE_MAX", 3, "1", "code", "haldls: synapse_driver.h")
ROW_MASK_MAX = _fact("ROW_MASK_MAX", 31, "1", "code", "haldls: synapse_driver.h")
NEURON_LABEL_MAX = _fact("NEURON_LABEL_MAX", 2**14 - 1, "1", "code", "halco: event.h")
ADDRESS_MAX = _fact("ADDRESS_MAX", 255, "1", "code", "halco: event.h, address out of a neuron")
LABEL_BITS = _fact("LABEL_BITS", 6, "1", "code", "halco: event.h, bits 5-0 of an event: synapses")
LABELS = _fact(
    "LABELS", 2**LABEL_BITS, "1", "code", "halco: event.h, that a synapse can tell apart"
)
ROW_SELECT_BITS = _fact("ROW_SELECT_BITS", 5, "1", "code", "halco: event.h, bits 10-6: drivers")
ADDRESS_BITS = _fact("ADDRESS_BITS", 8, "1", "code", "halco: event.h, bits 7-0 of a neuron's event")
OUTPUT_BITS = _fact("OUTPUT_BITS", 3, "1", "code", "halco: event.h, bits 10-8 of a neuron's event")
HEMISPHERE_BIT = _fact(
    "HEMISPHERE_BIT",
    13,
    "1",
    "code",
    "grenade: bits 13-11 are free; 13 tells the hemispheres apart",
)
CAPACITANCE_MAX = _fact("CAPACITANCE_MAX", 63, "1", "code", "haldls: neuron.h")
REFRACTORY_MAX = _fact("REFRACTORY_MAX", 255, "1", "code", "haldls: neuron.h")
HOLDOFF_MAX = _fact("HOLDOFF_MAX", 15, "1", "code", "haldls: neuron.h")
CLOCK_SCALE_MAX = _fact("CLOCK_SCALE_MAX", 15, "1", "code", "haldls: neuron.h")
BACKGROUND_PERIOD_MAX = _fact(
    "BACKGROUND_PERIOD_MAX", 2**16 - 1, "1", "code", "haldls: background.h"
)
BACKGROUND_RATE_MAX = _fact("BACKGROUND_RATE_MAX", 255, "1", "code", "haldls: background.h")
BACKGROUND_MASK_MAX = _fact("BACKGROUND_MASK_MAX", 255, "1", "code", "haldls: background.h")
BACKGROUND_SEED_MAX = _fact("BACKGROUND_SEED_MAX", 2**32 - 1, "1", "code", "haldls: background.h")

# --- background generators ------------------------------------------------------------------------
FPGA_CLOCK = _fact("FPGA_CLOCK", 125.0, "1/us", "code", "haldls: timer.h, events and their stamps")
BACKGROUND_CLOCK = _fact(
    "BACKGROUND_CLOCK", 250.0, "1/us", "code", "grenade: test-background_spike_source.cpp"
)
BACKGROUND_NAMES = _fact(
    "BACKGROUND_NAMES", 256, "1", "code", "haldls: background.h, labels of eight random bits"
)
BACKGROUND_DRAW_BITS = _fact(
    "BACKGROUND_DRAW_BITS",
    16,
    "1",
    "code",
    "haldls: background.h, used per draw; that eight say whether and eight which is an estimate",
)
BACKGROUND_POLYNOMIAL = _fact(
    "BACKGROUND_POLYNOMIAL",
    0x04C11DB7,
    "1",
    "estimate",
    "feedback of the 32-bit shift register is not published; a primitive polynomial of many terms",
)

# --- clocks and latencies -----------------------------------------------------------------------
CHIP_POWER = _fact(
    "CHIP_POWER", 1.0, "W", "estimate", "above the 0.7 W of an ECG classifier, Stradmann 2022"
)
SPEEDUP = _fact("SPEEDUP", 1000, "1", "paper", "DISS: chip time runs 1000 times faster")
CLOCK = _fact("CLOCK", 250.0, "1/us", "code", "calix: refractory_period.py, neuron backend")
EVENT_INTERVAL = _fact(
    "EVENT_INTERVAL", 0.008, "us", "paper", "DISS: one event per 8 ns at the drivers of a bus"
)
LATENCY_INTERNAL = _fact(
    "LATENCY_INTERNAL", 0.15, "us", "estimate", "spike of a neuron to synapse, from chip-to-chip"
)
LATENCY_EXTERNAL = _fact(
    "LATENCY_EXTERNAL", 0.4, "us", "estimate", "spike of the FPGA to synapse, from chip-to-chip"
)
LATENCY_TO_FPGA = _fact(
    "LATENCY_TO_FPGA", 0.4, "us", "estimate", "spike of a neuron to the FPGA, from chip-to-chip"
)
LATENCY_CHIP_TO_CHIP = _fact(
    "LATENCY_CHIP_TO_CHIP", 1.3, "us", "paper", "arXiv 2512.03781: upper bound, 4 hops, 3 FPGAs"
)

# --- rates and buffers of the links that events pass ----------------------------------------------
PICOSECONDS = _fact("PICOSECONDS", 1_000_000, "1/us", "code", "by definition: ps of one us")
BUS_INTERVAL = _fact(
    "BUS_INTERVAL", 0.008, "us", "paper", "DISS: shortest distance of events at a synapse driver"
)
OUTPUT_INTERVAL = _fact(
    "OUTPUT_INTERVAL", 0.008, "us", "estimate", "event output of 64 neurons: as fast as a bus"
)
L2_INTERVAL = _fact(
    "L2_INTERVAL", 0.008, "us", "estimate", "output to and channel from the FPGA: as fast as a bus"
)
MESSAGE_INTERVAL = _fact(
    "MESSAGE_INTERVAL", 0.008, "us", "code", "fisch: constants.h, one message per FPGA cycle"
)
EVENTS_PER_MESSAGE = _fact(
    "EVENTS_PER_MESSAGE", 3, "1", "code", "hxcomm: event_constants.h, both directions"
)
BACKPLANE_INTERVAL = _fact(
    "BACKPLANE_INTERVAL", 0.008, "us", "estimate", "no figure found: one event per FPGA cycle"
)
OUTPUT_BUFFER = _fact(
    "OUTPUT_BUFFER", 64, "1", "estimate", "each neuron of an output holds its event until its turn"
)
LINK_BUFFER = _fact(
    "LINK_BUFFER", 16, "1", "estimate", "no figure found: waits at one link of at most 0.13 us"
)

# --- voltages: analog-to-digital scale, code curves, ranges ---------------------------------------
CADC_PER_MV = _fact("CADC_PER_MV", 0.222, "LSB/mV", "estimate", "calix: cadc_calib_target.h")
CADC_OFFSET = _fact("CADC_OFFSET", -13.0, "LSB", "estimate", "calix: cadc_calib_target.h")
MADC_PER_MV = _fact("MADC_PER_MV", 0.658, "LSB/mV", "estimate", "brainscales2-demos: figures")
MADC_OFFSET = _fact("MADC_OFFSET", 27.0, "LSB", "estimate", "brainscales2-demos: figures")
LEAK_SLOPE = _fact("LEAK_SLOPE", 0.267, "LSB", "estimate", "brainscales2-demos: fp_calibration")
LEAK_OFFSET = _fact("LEAK_OFFSET", -80.0, "LSB", "estimate", "brainscales2-demos: fp_calibration")
RESET_SLOPE = _fact("RESET_SLOPE", 0.287, "LSB", "estimate", "brainscales2-demos: fp_calibration")
RESET_OFFSET = _fact("RESET_OFFSET", -60.0, "LSB", "estimate", "brainscales2-demos: figures")
THRESHOLD_SLOPE = _fact("THRESHOLD_SLOPE", 0.385, "LSB", "estimate", "brainscales2-demos: figures")
THRESHOLD_OFFSET = _fact("THRESHOLD_OFFSET", -2.0, "LSB", "estimate", "brainscales2-demos: figures")
CELL_VOLTAGE = _fact("CELL_VOLTAGE", 1.6, "mV", "estimate", "DISS: 0 to 1.6 V, one code")
POTENTIAL_LOW = _fact("POTENTIAL_LOW", 50.0, "CADC LSB", "code", "calix: spiking/neuron.py")
POTENTIAL_HIGH = _fact("POTENTIAL_HIGH", 160.0, "CADC LSB", "code", "calix: leak and reset")
THRESHOLD_HIGH = _fact("THRESHOLD_HIGH", 680.0, "MADC LSB", "code", "brainscales2-demos: clipping")

# --- converters through which membranes are read --------------------------------------------------
MADC_BITS = _fact("MADC_BITS", 10, "1", "code", "haldls: madc.h, resolution")
MADC_CHANNELS = _fact("MADC_CHANNELS", 2, "1", "code", "haldls: madc.h; even and odd columns")
MADC_CLOCK = _fact("MADC_CLOCK", 500.0, "1/us", "code", "haldls: madc.cpp")
MADC_CYCLES = _fact("MADC_CYCLES", 12, "1", "code", "haldls: madc.cpp, shortest conversion")
MADC_ADJUST = _fact("MADC_ADJUST", 5, "1", "code", "haldls: madc.h, sample_duration_adjust")
MADC_ADJUST_MAX = _fact("MADC_ADJUST_MAX", 7, "1", "code", "haldls: madc.h")
MADC_SCALE_MAX = _fact("MADC_SCALE_MAX", 15, "1", "estimate", "haldls: madc.h, four bits")
MADC_NOISE = _fact("MADC_NOISE", 1.2, "LSB", "estimate", "calix: below 2 on a static input")
MADC_START_UP = _fact("MADC_START_UP", 8.0, "us", "code", "calix: madc_base.py, discarded")
PADS = _fact("PADS", 2, "1", "code", "halco: readout.h, for analog signals")
BOARD_DAC_BITS = _fact("BOARD_DAC_BITS", 12, "1", "code", "haldls: spi.h, DACs of the board")
BOARD_DAC_CHANNELS = _fact("BOARD_DAC_CHANNELS", 16, "1", "code", "halco: spi.h, on two DACs")
BOARD_DAC_REFERENCE = _fact(
    "BOARD_DAC_REFERENCE", 2500.0, "mV", "code", "lola: dac.cpp, of the channel mux_dac_25"
)
CADC_BITS = _fact("CADC_BITS", 8, "1", "paper", "DISS: column converters")
CADC_CHANNELS = _fact("CADC_CHANNELS", 2, "1", "paper", "DISS: causal and acausal, per column")
CADC_SAMPLES = _fact("CADC_SAMPLES", 100, "1", "code", "grenade: ppu.h, of a run in block RAM")
CADC_PERIOD = _fact("CADC_PERIOD", 1.7, "us", "code", "hxtorch: neuron.py, shortest period")
CADC_FAST_SAMPLES = _fact(
    "CADC_FAST_SAMPLES", 100, "1", "code", "grenade: ppu.h, that the block memory of the FPGA holds"
)
CADC_SLOW_SAMPLES = _fact("CADC_SLOW_SAMPLES", 204_800, "1", "code", "grenade: ppu.h, its DRAM")
CADC_SLOW_PERIOD = _fact("CADC_SLOW_PERIOD", 6.0, "us", "code", "hxtorch: neuron.py, about, DRAM")
CADC_CORRECTION_LOW = _fact("CADC_CORRECTION_LOW", -128, "LSB", "code", "haldls: cadc.h")
CADC_CORRECTION_HIGH = _fact("CADC_CORRECTION_HIGH", 127, "LSB", "code", "haldls: cadc.h")
CADC_NOISE = _fact("CADC_NOISE", 1.0, "LSB", "estimate", "hxtorch: 2 with that of the membrane")

# --- membrane -----------------------------------------------------------------------------------
CAPACITANCE_STEP = _fact("CAPACITANCE_STEP", 0.0355, "pF", "estimate", "haldls: 2.2 pF / 63")
CAPACITANCE_PARASITIC = _fact(
    "CAPACITANCE_PARASITIC", 6.3, "capacitance LSB", "estimate", "hxtorch: tau_mem over capacitance"
)
BIAS_MIN = _fact("BIAS_MIN", 10, "1", "code", "hxtorch: range of the fitted power laws")
BIAS_MAX = _fact("BIAS_MAX", 1020, "1", "code", "hxtorch: range of the fitted power laws")
TAU_MEM_FACTOR = _fact("TAU_MEM_FACTOR", 242.0, "us", "code", "hxtorch: train_parameters test")
TAU_MEM_EXPONENT = _fact("TAU_MEM_EXPONENT", -0.72, "1", "code", "hxtorch: train_parameters test")
TAU_MEM_DIVIDED_FACTOR = _fact("TAU_MEM_DIVIDED_FACTOR", 851.0, "us", "code", "hxtorch: same test")
TAU_MEM_DIVIDED_EXPONENT = _fact("TAU_MEM_DIVIDED_EXPONENT", -0.59, "1", "code", "hxtorch: same")
LEAK_MULTIPLICATION = _fact("LEAK_MULTIPLICATION", 8.0, "1", "code", "haldls: neuron.h")
LEAK_RANGE = _fact(
    "LEAK_RANGE",
    150.0,
    "mV",
    "estimate",
    "brainscales2-demos: single_neuron_lot (156), step by 380 LSB (126), rheobase over leak (180)",
)
MEMBRANE_FLOOR = _fact(
    "MEMBRANE_FLOOR", 25.0, "CADC LSB", "code", "hxtorch: test_spiking_boundary.py, within 20 %"
)
MEMBRANE_CEILING = _fact("MEMBRANE_CEILING", 228.0, "CADC LSB", "code", "hxtorch: same test")
OFFSET_CURRENT_STEP = _fact(
    "OFFSET_CURRENT_STEP", 0.102, "nA", "estimate", "brainscales2-demos: cns_02, adex-transient"
)

# --- synaptic input -----------------------------------------------------------------------------
TAU_SYN_EXC_FACTOR = _fact("TAU_SYN_EXC_FACTOR", 998.0, "us", "code", "hxtorch: train_parameters")
TAU_SYN_EXC_EXPONENT = _fact("TAU_SYN_EXC_EXPONENT", -0.953, "1", "code", "hxtorch: same test")
TAU_SYN_INH_FACTOR = _fact("TAU_SYN_INH_FACTOR", 979.0, "us", "code", "hxtorch: same test")
TAU_SYN_INH_EXPONENT = _fact("TAU_SYN_INH_EXPONENT", -0.968, "1", "code", "hxtorch: same test")
LINE_RESISTANCE_RATIO = _fact(
    "LINE_RESISTANCE_RATIO",
    10.0,
    "1",
    "estimate",
    "a guess: 99 % of circuits then reach the 0.3 us of calix: spiking/neuron.py",
)
PSP_PER_WEIGHT = _fact(
    "PSP_PER_WEIGHT", 0.28, "CADC LSB", "estimate", "brainscales2-demos: dynamic_range_solution"
)
PSP_TAU = _fact("PSP_TAU", 10.0, "us", "code", "calix: tau_mem = tau_syn of that PSP")
PSP_GM = _fact("PSP_GM", 500, "1", "code", "calix: neuron_calib_target.h, i_synin_gm of that PSP")
LINE_KNEE_EXC = _fact(
    "LINE_KNEE_EXC",
    110.0,
    "CADC LSB",
    "estimate",
    "brainscales2-demos: dynamic_range_solution, jump by the charge of the largest line current; "
    "linear PSPs to weight 288 although the leak saturates",
)
LINE_KNEE_INH = _fact(
    "LINE_KNEE_INH",
    50.0,
    "CADC LSB",
    "estimate",
    "brainscales2-demos: same, inhibitory: 128 MADC LSB at 288",
)
SYNAPSE_BIAS = _fact("SYNAPSE_BIAS", 600, "1", "code", "calix: synapse_dac_bias of that PSP")
GM_MIN = _fact("GM_MIN", 30, "1", "code", "calix: spiking/neuron.py")
GM_MAX = _fact("GM_MAX", 800, "1", "code", "calix: spiking/neuron.py")
SHIFT_REFERENCE = _fact("SHIFT_REFERENCE", 310, "1", "code", "haldls: neuron.h, typical code")
COBA_BIAS = _fact("COBA_BIAS", 500, "1", "estimate", "no published curve: middle of the range")
COBA_DISTANCE = _fact(
    "COBA_DISTANCE",
    600.0,
    "mV",
    "estimate",
    "reversal minus reference at COBA_BIAS; pynn-brainscales defaults give 470 and 740 mV",
)

LINE_READOUT = _fact(
    "LINE_READOUT", 900.0, "mV", "estimate", "a guess: an input line at rest, as the MADC reads it"
)
LINE_SWING = _fact(
    "LINE_SWING", 1.0, "mV", "estimate", "a guess: by which one weight code pulls the line down"
)
ADAPTATION_READOUT = _fact(
    "ADAPTATION_READOUT", 500.0, "mV", "estimate", "a guess: node of the adaptation at rest"
)

# --- short-term plasticity of the synapse drivers -------------------------------------------------
STP_CODE_MAX = _fact(
    "STP_CODE_MAX", 15, "1", "code", "haldls: synapse_driver.h, utilization, recovery and offset"
)
STP_SPEED_MAX = _fact("STP_SPEED_MAX", 15, "1", "code", "haldls: synapse_driver.h, recovery clock")
STP_TARGETS = _fact(
    "STP_TARGETS", 2, "1", "code", "halco: capmem.h, pairs of target voltages of each quadrant"
)
STP_V_CHARGE_0 = _fact("STP_V_CHARGE_0", 100, "1", "code", "calix: stp_calib_target.cpp")
STP_V_CHARGE_1 = _fact("STP_V_CHARGE_1", 330, "1", "code", "calix: stp_calib_target.cpp")
STP_V_RECOVER_0 = _fact(
    "STP_V_RECOVER_0", 400, "1", "code", "calix: stp_calib_target.cpp, facilitating"
)
STP_V_RECOVER_1 = _fact(
    "STP_V_RECOVER_1", 50, "1", "code", "calix: stp_calib_target.cpp, depressing"
)
STP_V_EQUAL = _fact(
    "STP_V_EQUAL", 180, "1", "code", "calix: stp_calib_options.cpp, at which drivers are made alike"
)
STP_V_LONGEST = _fact(
    "STP_V_LONGEST", 50, "1", "estimate", "a guess: as long as without STP at the lowest target"
)
STP_V_SHORTEST = _fact(
    "STP_V_SHORTEST", 450, "1", "estimate", "a guess: no pulse a little above the highest target"
)
STP_USE_STEP = _fact(
    "STP_USE_STEP",
    0.05,
    "1",
    "estimate",
    "calix: stp_calib_target.h, roughly 0.2; that it is linear, 0.05 at code 0, is a guess",
)
STP_CLOCK_BITS = _fact(
    "STP_CLOCK_BITS",
    16,
    "1",
    "estimate",
    "a guess: at speed 0 the recovery clock ticks every 2**16 cycles, with each code twice as fast",
)
STP_RECOVERY_SHARE = _fact(
    "STP_RECOVERY_SHARE",
    0.03125,
    "1",
    "estimate",
    "a guess: by which a state recovers at each tick at code 0, and more with each code",
)
STP_OFFSET_NEUTRAL = _fact(
    "STP_OFFSET_NEUTRAL", 7, "1", "code", "calix: hagen_calib_options.h, default STP offset"
)
STP_OFFSET_STEP = _fact(
    "STP_OFFSET_STEP", 0.03, "1", "estimate", "a guess: of the full pulse; 16 codes span the spread"
)

# --- reset and refractory period ----------------------------------------------------------------
RESET_BIAS = _fact("RESET_BIAS", 1022, "1", "code", "haldls: neuron.h, fastest reset")
TAU_RESET = _fact(
    "TAU_RESET", 0.5, "us", "code", "haldls: neuron.h, at RESET_BIAS, multiplied, capacitance 63"
)
HOLDOFF_SHORTEST = _fact("HOLDOFF_SHORTEST", 15, "1", "code", "haldls: neuron.h, 1 cycle")
HOLDOFF_CYCLES = _fact(
    "HOLDOFF_CYCLES", 2, "cycles", "code", "haldls: neuron.h, earlier release for each code below"
)
RESET_LAG = _fact("RESET_LAG", 1, "cycles", "code", "calix: refractory_period.py, at holdoff 15")

# --- adaptation and exponential term --------------------------------------------------------------
TAU_W_REFERENCE = _fact("TAU_W_REFERENCE", 115.0, "us", "estimate", "brainscales2-demos: adex")
TAU_W_CODE = _fact("TAU_W_CODE", 100, "1", "estimate", "brainscales2-demos: adex, its code")
ADAPTATION_TRANSCONDUCTANCE = _fact(
    "ADAPTATION_TRANSCONDUCTANCE",
    0.087,
    "uS",
    "estimate",
    "brainscales2-demos: adex-subthreshold, 0.4 times the leak at code 70",
)
A_GAIN = _fact(
    "A_GAIN", 0.076, "1", "estimate", "brainscales2-demos: w per V and code at TAU_W_CODE"
)
B_STEP = _fact("B_STEP", 0.38, "mV/us", "estimate", "brainscales2-demos: adex-adaptation, per code")
ADAPTATION_LEAK_SHIFT = _fact(
    "ADAPTATION_LEAK_SHIFT", 200, "1", "code", "brainscales2-demos: adex, below the leak code"
)
ADAPTATION_REFERENCE = _fact("ADAPTATION_REFERENCE", 500, "1", "estimate", "middle of its slider")
EXP_SLOPE_REFERENCE = _fact(
    "EXP_SLOPE_REFERENCE", 30.0, "mV", "estimate", "a guess: no published curve of delta_T"
)
EXP_SLOPE_CODE = _fact("EXP_SLOPE_CODE", 500, "1", "estimate", "a guess: middle of the slider")

# --- noise ----------------------------------------------------------------------------------------
# Membrane and lines together make up 0.5 CADC LSB at a resting membrane with equal time constants.
NOISE_MEMBRANE = _fact(
    "NOISE_MEMBRANE", 0.45, "CADC LSB", "estimate", "free membrane, largest capacitance"
)
NOISE_LINE = _fact("NOISE_LINE", 0.3, "weight codes", "estimate", "free input line")
NOISE_THRESHOLD = _fact("NOISE_THRESHOLD", 0.3, "CADC LSB", "estimate", "a guess: comparator")
NOISE_TRIAL = _fact(
    "NOISE_TRIAL",
    0.6,
    "MADC LSB",
    "estimate",
    "calix: test_neuron_reference_madc.py, 90 % of circuits drift by less than 1",
)

# --- correlation sensors --------------------------------------------------------------------------
SENSOR_AMPLITUDE = _fact(
    "SENSOR_AMPLITUDE", 0.5, "CADC LSB", "code", "calix: correlation_calib_options.h, of one pair"
)
SENSOR_TAU = _fact("SENSOR_TAU", 5.0, "us", "code", "calix: correlation_calib_options.h")
SENSOR_BASELINE = _fact(
    "SENSOR_BASELINE", 180.0, "CADC LSB", "estimate", "calix: correlation_measurement.py, above 120"
)
SENSOR_FLOOR = _fact(
    "SENSOR_FLOOR", 20.0, "CADC LSB", "estimate", "calix: differences of 160 are usable"
)
SENSOR_SILENT = _fact(
    "SENSOR_SILENT", 0.1, "1", "estimate", "calix: test_correlation.py, more than 80 % respond"
)

# --- plasticity processors ------------------------------------------------------------------------
PPU_CLOCK = _fact("PPU_CLOCK", 250.0, "1/us", "paper", "DISS: configurable, its default")
PPU_VECTOR = _fact("PPU_VECTOR", 128, "1", "paper", "DISS: lanes of 8 bits of one vector")
PPU_WEIGHT_CYCLES = _fact(
    "PPU_WEIGHT_CYCLES", 20, "cycles", "code", "libnux: test_speed_memory.cpp, one vector"
)
PPU_CADC_CYCLES = _fact(
    "PPU_CADC_CYCLES", 410, "cycles", "code", "libnux: test_speed_memory.cpp, one row"
)
PPU_RESET_CYCLES = _fact(
    "PPU_RESET_CYCLES", 203, "cycles", "code", "haldls: correlation.h, reset of one row"
)
PPU_COUNTER_CYCLES = _fact(
    "PPU_COUNTER_CYCLES", 320, "cycles", "code", "haldls: test-neuron_spike_counter_ppu.cpp, of 256"
)
PPU_STORE_CYCLES = _fact(
    "PPU_STORE_CYCLES", 88, "cycles", "code", "libnux: test_speed_memory.cpp, to external memory"
)
PPU_ANALOG_CYCLES = _fact(
    "PPU_ANALOG_CYCLES", 20, "cycles", "estimate", "a guess: one code, as a vector of weights"
)
PPU_ARITHMETIC_CYCLES = _fact(
    "PPU_ARITHMETIC_CYCLES", 4, "cycles", "estimate", "nux: a product; of one vector instruction"
)
COUNTER_MAX = _fact("COUNTER_MAX", 255, "1", "code", "haldls: spike_counter.h, 8 bits")

# --- spread of one kind of circuit over a chip before calibration ---------------------------------
# Standard deviations: of shifts in the unit given, of factors ("1") that of their logarithm.
SPREAD_LEAK = _fact(
    "SPREAD_LEAK", 6.0, "CADC LSB", "estimate", "calix: test_neuron_distribution.py, at least 5"
)
SPREAD_RESET = _fact("SPREAD_RESET", 6.0, "CADC LSB", "estimate", "calix: same test")
SPREAD_THRESHOLD = _fact("SPREAD_THRESHOLD", 8.0, "CADC LSB", "estimate", "calix: same test")
SPREAD_VOLTAGE_CODE = _fact(
    "SPREAD_VOLTAGE_CODE", 12.0, "1", "estimate", "a guess: other voltages, shift of the code"
)
SPREAD_VOLTAGE_GAIN = _fact(
    "SPREAD_VOLTAGE_GAIN", 0.02, "1", "estimate", "a guess: slope of all voltages over the code"
)
SPREAD_CURRENT_CODE = _fact(
    "SPREAD_CURRENT_CODE", 1.0, "1", "estimate", "a guess: biases, shift of the code"
)
SPREAD_VOLTAGE_CELL = _fact(
    "SPREAD_VOLTAGE_CELL",
    0.7,
    "1",
    "estimate",
    "a guess: codes by which cells miss, irregular; more would miss rates of test_neuron_spiking",
)
SPREAD_CURRENT_CELL = _fact(
    "SPREAD_CURRENT_CELL", 0.7, "1", "estimate", "a guess: the same of cells of currents"
)
SPREAD_TAU_MEM = _fact(
    "SPREAD_TAU_MEM", 0.3, "1", "estimate", "calix: test_neuron_distribution.py, 0.2 to 0.3"
)
SPREAD_LEAK_SWITCH = _fact(
    "SPREAD_LEAK_SWITCH", 0.05, "1", "estimate", "a guess: ratios of division, multiplication"
)
SPREAD_TAU_SYN = _fact(
    "SPREAD_TAU_SYN", 0.3, "1", "estimate", "calix: test_neuron_distribution.py, at least 0.25"
)
SPREAD_LINE_RESISTANCE = _fact(
    "SPREAD_LINE_RESISTANCE", 0.1, "1", "estimate", "a guess: ratio of the two resistances"
)
SPREAD_GAIN = _fact(
    "SPREAD_GAIN", 0.3, "1", "estimate", "strength of an input line; 0.1 after calibration"
)
SPREAD_MODULATION = _fact(
    "SPREAD_MODULATION", 0.2, "1", "estimate", "a guess: modulation of conductance-based lines"
)
SPREAD_SYNAPSE = _fact(
    "SPREAD_SYNAPSE", 0.08, "1", "estimate", "a guess: below the 0.1 left by calibration"
)
SPREAD_DRIVER = _fact(
    "SPREAD_DRIVER", 0.05, "1", "estimate", "calix: test_stp_calibration.py, 2 of 30 to 40 LSB"
)
SPREAD_STP_OFFSET = _fact(
    "SPREAD_STP_OFFSET",
    0.07,
    "1",
    "estimate",
    "calix: test_stp_calibration.py, of the full pulse; at least 1 of 30 to 40 LSB is removed",
)
SPREAD_STP_USE = _fact("SPREAD_STP_USE", 0.1, "1", "estimate", "a guess: ratio of capacitors")
SPREAD_STP_RECOVERY = _fact("SPREAD_STP_RECOVERY", 0.2, "1", "estimate", "a guess: ratio, leakage")
SPREAD_SYNAPSE_DAC = _fact(
    "SPREAD_SYNAPSE_DAC", 0.1, "1", "estimate", "a guess: bias of a quadrant, which calix equalizes"
)
SPREAD_CAPACITANCE = _fact(
    "SPREAD_CAPACITANCE", 0.02, "1", "estimate", "a guess: capacitors match well"
)
SPREAD_PARASITIC = _fact("SPREAD_PARASITIC", 0.1, "1", "estimate", "a guess: parasitic capacitance")
SPREAD_RESET_TAU = _fact("SPREAD_RESET_TAU", 0.2, "1", "estimate", "a guess: as the leak's, less")
SPREAD_OFFSET_CURRENT = _fact(
    "SPREAD_OFFSET_CURRENT", 0.15, "1", "estimate", "brainscales2-demos: rheobase, codes 200 to 270"
)
SPREAD_ADAPTATION = _fact(
    "SPREAD_ADAPTATION", 0.3, "1", "estimate", "a guess: a, b and tau_w, as tau_mem"
)
SPREAD_EXP_SLOPE = _fact("SPREAD_EXP_SLOPE", 0.3, "1", "estimate", "a guess: as tau_mem")
SPREAD_LINEAR_RANGE = _fact(
    "SPREAD_LINEAR_RANGE", 0.1, "1", "estimate", "a guess: largest current of an amplifier"
)
SPREAD_RAIL = _fact(
    "SPREAD_RAIL", 3.0, "CADC LSB", "estimate", "a guess; hxtorch: test_spiking_boundary.py"
)
SPREAD_CADC_OFFSET = _fact(
    "SPREAD_CADC_OFFSET", 12.0, "CADC LSB", "estimate", "calix: test_cadc_calibration.py, below 20"
)
SPREAD_CADC_QUADRANT = _fact(
    "SPREAD_CADC_QUADRANT", 6.0, "CADC LSB", "estimate", "calix: ramps are set for each quadrant"
)
SPREAD_CADC_GAIN = _fact("SPREAD_CADC_GAIN", 0.02, "1", "estimate", "a guess: slopes of channels")
SPREAD_MADC_OFFSET = _fact("SPREAD_MADC_OFFSET", 5.0, "MADC LSB", "estimate", "a guess")
SPREAD_SENSOR_AMPLITUDE = _fact(
    "SPREAD_SENSOR_AMPLITUDE", 0.25, "1", "estimate", "calix: test_correlation.py, factor 2 at 70 %"
)
SPREAD_SENSOR_ASYMMETRY = _fact(
    "SPREAD_SENSOR_ASYMMETRY", 0.2, "1", "estimate", "calix: causal over acausal, of a quadrant"
)
SPREAD_SENSOR_TAU = _fact(
    "SPREAD_SENSOR_TAU", 0.2, "1", "estimate", "calix: test_correlation.py, factor 2 at 70 %"
)
SPREAD_SENSOR_BASELINE = _fact(
    "SPREAD_SENSOR_BASELINE", 10.0, "CADC LSB", "estimate", "a guess: as the column converters"
)
SPREAD_MADC_GAIN = _fact("SPREAD_MADC_GAIN", 0.01, "1", "estimate", "a guess")


@dataclass(frozen=True)
class Target:
    """How much of everything one chip has.

    Attributes
    ----------
    rows : int
        Synapse rows, i.e. synapses that one neuron circuit can receive.
    columns : int
        Neuron circuits in one hemisphere.
    hemispheres : int
    columns_per_block : int
        Neighbouring columns within which circuits can be joined to one neuron.
    """

    hemispheres: int = HEMISPHERES
    columns: int = COLUMNS
    rows: int = ROWS
    columns_per_block: int = COLUMNS_PER_BLOCK

    def __post_init__(self) -> None:
        for name in ("hemispheres", "columns", "rows", "columns_per_block"):
            value = getattr(self, name)
            if value < 1:
                raise ValueError(f"Target: {name}={value}, at least 1 is needed")
        if self.columns % self.columns_per_block:
            raise ValueError(
                f"Target: {self.columns} columns are no multiple of {self.columns_per_block}"
            )

    @property
    def circuits(self) -> int:
        """Neuron circuits of one chip."""
        return self.hemispheres * self.columns


#: The real chip.
HICANN_X = Target()
