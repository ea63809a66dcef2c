"""What one chip makes of its registers: codes to the physical quantities of its circuits.

The nominal device, in which all circuits are alike. What is integrated is what the registers say:
:meth:`Device.circuits` reads nothing but the configuration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from . import curves
from . import hicannx as chip
from .config import AnalogParameter as Analog
from .config import ChipConfig, ConfigError
from .config import NeuronSwitch as Switch
from .hicannx import HICANN_X, Target
from .records import Circuits

__all__ = ["Device"]

#: Columns of each input line: excitatory, inhibitory.
LINE_TAU = (Analog.I_BIAS_SYNIN_EXC_TAU, Analog.I_BIAS_SYNIN_INH_TAU)
LINE_GM = (Analog.I_BIAS_SYNIN_EXC_GM, Analog.I_BIAS_SYNIN_INH_GM)
LINE_COBA = (Analog.I_BIAS_SYNIN_EXC_COBA, Analog.I_BIAS_SYNIN_INH_COBA)
LINE_SHIFT = (Analog.I_BIAS_SYNIN_EXC_SHIFT, Analog.I_BIAS_SYNIN_INH_SHIFT)
LINE_REVERSAL = (Analog.E_SYNIN_EXC_REV, Analog.E_SYNIN_INH_REV)
LINE_ENABLE = (Switch.EXC_ENABLE, Switch.INH_ENABLE)
LINE_HIGH_RESISTANCE = (Switch.EXC_HIGH_RESISTANCE, Switch.INH_HIGH_RESISTANCE)
LINE_IS_COBA = (Switch.EXC_COBA, Switch.INH_COBA)


@dataclass(frozen=True)
class Device:
    """A chip whose circuits all follow the nominal curves.

    Attributes
    ----------
    target : Target
    """

    target: Target = HICANN_X

    def leak_conductance(self, code, divided, multiplied) -> np.ndarray:
        """Leak conductance, µS.

        Parameters
        ----------
        code : int (n,)
            Bias of the leak.
        divided, multiplied : bool (n,)
            The switches of the leak; together they cancel.
        """
        tau = np.where(
            divided & ~multiplied,
            curves.TAU_MEM_DIVIDED.value(code),
            np.where(
                multiplied & ~divided,
                curves.TAU_MEM_MULTIPLIED.value(code),
                curves.TAU_MEM.value(code),
            ),
        )
        return curves.capacitance(chip.CAPACITANCE_MAX, 1) / tau

    def leak_codes(self, conductance) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """The inverse of `leak_conductance`, by the curve with the finest codes that reaches.

        Returns
        -------
        code : uint16 (n,)
        divided, multiplied, clipped : bool (n,)
        """
        tau = curves.capacitance(chip.CAPACITANCE_MAX, 1) / np.asarray(conductance, np.float64)
        divided = tau >= curves.TAU_MEM_DIVIDED.reach[0]
        multiplied = tau < curves.TAU_MEM.reach[0]
        code = np.where(
            divided,
            curves.TAU_MEM_DIVIDED.code(tau),
            np.where(multiplied, curves.TAU_MEM_MULTIPLIED.code(tau), curves.TAU_MEM.code(tau)),
        )
        clipped = (divided & curves.TAU_MEM_DIVIDED.clips(tau)) | (
            multiplied & curves.TAU_MEM_MULTIPLIED.clips(tau)
        )
        return code, divided, multiplied, clipped

    def tau_syn(self, line: int, code, high_resistance) -> np.ndarray:
        """Time constant of input `line`, µs."""
        return np.where(
            high_resistance,
            curves.TAU_SYN[line].value(code),
            curves.TAU_SYN_LOW[line].value(code),
        )

    def tau_syn_codes(self, line: int, tau) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The inverse of `tau_syn`: code uint16, high resistance bool, clipped bool."""
        tau = np.asarray(tau, np.float64)
        high, low = curves.TAU_SYN[line], curves.TAU_SYN_LOW[line]
        high_resistance = tau >= high.reach[0]
        code = np.where(high_resistance, high.code(tau), low.code(tau))
        return code, high_resistance, np.where(high_resistance, high.clips(tau), low.clips(tau))

    def weight_step(self, gm, coba, conductance_based, synapse_bias=chip.SYNAPSE_BIAS):
        """What one weight code adds to the state of an input line: nA, or µS.

        Parameters
        ----------
        gm, coba, synapse_bias : int (n,)
            Codes of transconductance, modulation and of the synapses' DAC.
        conductance_based : bool (n,)
        """
        charge = np.asarray(gm, np.float64) * synapse_bias / chip.SYNAPSE_BIAS
        modulated = curves.CONDUCTANCE_STEP * np.asarray(coba, np.float64)
        return charge * np.where(conductance_based, modulated, curves.CURRENT_STEP)

    def weight_steps(self, configs: Sequence[ChipConfig]) -> np.ndarray:
        """What one weight code adds at each line of each circuit: float64 (n_circuits, 2).

        0 where the line does not feed the membrane.
        """
        if not configs:
            return np.empty((0, len(LINE_GM)))
        analog = np.concatenate([config.analog for config in configs])
        switches = np.concatenate([config.switches for config in configs])
        halves = chip.QUADRANTS // chip.HEMISPHERES
        bias = np.concatenate(
            [np.repeat(config.synapse_bias, chip.COLUMNS // halves) for config in configs]
        )
        return np.stack(
            [
                self.weight_step(
                    analog[:, LINE_GM[line]],
                    analog[:, LINE_COBA[line]],
                    switches[:, LINE_IS_COBA[line]],
                    bias,
                )
                * switches[:, LINE_ENABLE[line]]
                for line in range(len(LINE_GM))
            ],
            axis=1,
        )

    def refractory_time(self, counter, scale) -> np.ndarray:
        """How long the membrane is held at reset, µs; it is released one cycle early."""
        cycles = np.maximum(np.asarray(counter, np.int64) - chip.RESET_LAG, 0)
        return cycles * curves.refractory_cycle(scale)

    def adaptation_a(self, code, tau_code, inverted) -> np.ndarray:
        """Subthreshold adaptation, µS."""
        size = curves.A_RATIO * np.asarray(code, np.float64) / np.asarray(tau_code, np.float64)
        return np.where(inverted, -size, size)

    def adaptation_b(self, code, scale, inverted) -> np.ndarray:
        """Growth of the adaptation current with each spike, nA."""
        step = chip.ADAPTATION_TRANSCONDUCTANCE * chip.B_STEP * curves.pulse_length(scale)
        size = step * np.asarray(code, np.float64)
        return np.where(inverted, -size, size)

    def circuits(
        self,
        configs: Sequence[ChipConfig],
        first: np.ndarray,
        count: np.ndarray,
        timestep: float,
    ) -> Circuits:
        """The physical quantities of neurons made of joined circuits.

        Parameters
        ----------
        configs : sequence of ChipConfig
            The registers of each chip.
        first : int64 (n,)
            First circuit of each neuron, counted over all chips; its leak, reset, threshold and
            adaptation are those of the neuron.
        count : int64 (n,)
            Circuits of each neuron, from `first` to the right.
        timestep : float, µs

        Raises
        ------
        ConfigError
            A neuron uses an analog parameter that is not driven.
        """
        registers = _Anchors(self.target, configs, first)
        code, switch = registers.code, registers.switch
        registers.refuse_undriven()
        lines = range(len(LINE_TAU))
        adex = switch(Switch.ADAPTATION_ENABLE)
        pulse = switch(Switch.ADAPTATION_PULSE_ENABLE)
        exponential = switch(Switch.EXPONENTIAL_ENABLE)
        offset = curves.OFFSET_CURRENT.value(code(Analog.I_MEM_OFFSET))
        tau_code = np.maximum(code(Analog.I_BIAS_ADAPT_TAU), curves.TAU_W.low)
        held = self.refractory_time(registers.of("refractory_counter"), registers.clock_scale())
        return Circuits(
            adex=adex | exponential,
            conductance_based=switch(LINE_IS_COBA[0]),
            c_m=curves.capacitance(_sum_joined(configs, first, count), count),
            g_leak=self.leak_conductance(
                code(Analog.I_BIAS_LEAK),
                switch(Switch.LEAK_DIVISION),
                switch(Switch.LEAK_MULTIPLICATION),
            ),
            e_leak=curves.LEAK.value(code(Analog.V_LEAK)),
            v_reset=curves.RESET.value(code(Analog.V_RESET)),
            v_thresh=curves.THRESHOLD.value(code(Analog.V_THRESHOLD)),
            refractory_steps=np.rint(held / timestep),
            i_offset=np.where(switch(Switch.OFFSET_SINK), -offset, offset)
            * switch(Switch.OFFSET_ENABLE),
            tau_syn=np.stack(
                [self.tau_syn(k, code(LINE_TAU[k]), switch(LINE_HIGH_RESISTANCE[k])) for k in lines]
            ),
            e_rev=np.stack([curves.CELL.value(code(LINE_REVERSAL[k])) for k in lines]),
            delta_t=np.where(
                exponential,
                curves.EXP_SLOPE.value(np.maximum(code(Analog.I_BIAS_EXP), curves.EXP_SLOPE.low)),
                0.0,
            ),
            v_exp=curves.CELL.value(code(Analog.V_EXP)),
            tau_w=curves.TAU_W.value(tau_code),
            a=self.adaptation_a(
                code(Analog.I_BIAS_ADAPT_A), tau_code, switch(Switch.ADAPTATION_INVERT_A)
            )
            * adex,
            b=self.adaptation_b(
                code(Analog.I_BIAS_ADAPT_B),
                registers.pulse_scale(),
                switch(Switch.ADAPTATION_INVERT_B),
            )
            * (adex & pulse),
        )


class _Anchors:
    """The registers of the first circuit of each neuron."""

    def __init__(self, target: Target, configs: Sequence[ChipConfig], first: np.ndarray) -> None:
        self._configs = configs
        self._first = first
        self._analog = self._joined("analog")[first]
        self._switches = self._joined("switches")[first]
        self._chip = first // target.circuits
        self._block = first % target.columns // target.columns_per_block

    def _joined(self, name: str) -> np.ndarray:
        """One register of all chips behind one another."""
        if not self._configs:
            return ChipConfig.default().to_dict()[name][:0]
        return np.concatenate([getattr(config, name) for config in self._configs])

    def of(self, name: str) -> np.ndarray:
        return self._joined(name)[self._first]

    def code(self, parameter: Analog) -> np.ndarray:
        return self._analog[:, parameter]

    def switch(self, name: Switch) -> np.ndarray:
        return self._switches[:, name]

    def refuse_undriven(self) -> None:
        undriven = np.argwhere(self._analog == chip.ANALOG_OFF)
        if len(undriven):
            neuron, parameter = undriven[0]
            raise ConfigError(
                f"circuit {self._first[neuron]}: {Analog(parameter).name} is {chip.ANALOG_OFF}, "
                "which switches its refresh off; it has no value"
            )

    def _of_block(self, name: str) -> np.ndarray:
        """A register of the backend blocks of all chips: (chips, blocks, ...)."""
        if not self._configs:
            return ChipConfig.default().to_dict()[name][np.newaxis]
        return np.stack([getattr(config, name) for config in self._configs])

    def clock_scale(self) -> np.ndarray:
        fast = self.of("refractory_fast").astype(np.int64)
        return self._of_block("refractory_clock_scale")[self._chip, self._block, fast]

    def pulse_scale(self) -> np.ndarray:
        return self._of_block("adaptation_pulse_scale")[self._chip, self._block]


def _sum_joined(configs: Sequence[ChipConfig], first: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Sum of the capacitance codes of all circuits of each neuron."""
    if not len(first):
        return np.empty(0)
    codes = np.concatenate([[0], *(config.capacitance for config in configs)])
    upto = np.cumsum(codes, dtype=np.int64)
    return upto[first + count] - upto[first]
