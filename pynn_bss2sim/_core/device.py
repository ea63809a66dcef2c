"""What one chip makes of its registers: codes to the physical quantities of its circuits.

A device without a seed is the nominal chip, in which all circuits are alike. A seed draws the
deviations of one particular chip. What is integrated is what the registers say: `Device.circuits`
reads nothing but the configuration and these deviations.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike

from . import bypass, curves, imperfections
from . import hicannx as chip
from .config import AnalogParameter as Analog
from .config import ChipConfig
from .config import NeuronSwitch as Switch
from .deviations import Deviations
from .driver_dynamics import DriverDynamics, driver_dynamics
from .hicannx import FACTS, HICANN_X, Target
from .joined import Neurons, effective_codes
from .records import LINES, Circuits

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
LINE_BYPASS = (Switch.BYPASS_EXC, Switch.BYPASS_INH)


#: Parameters of a line that every circuit of a neuron uses.
LINE_PARAMETERS = tuple(
    (LINE_ENABLE[k], (LINE_TAU[k], LINE_GM[k], LINE_COBA[k], LINE_REVERSAL[k]))
    for k in range(LINES)
)
_MAX_SEED = 2**64 - 1

#: Threshold of a circuit whose comparator is off, mV: no membrane gets there.
NO_THRESHOLD = 1e6

#: Chips are asked for again with every change of a network; one takes less than 1 MiB.
_drawn = lru_cache(maxsize=64)(Deviations.draw)


@dataclass(frozen=True)
class Device:
    """A chip.

    Attributes
    ----------
    target : Target
    seed : int or None
        None: all circuits follow the nominal curves. Else, 0 to 2**64 - 1, the chip has
        deviations drawn by this seed.
    index : int
        Which chip of that seed: the chips of one network count from here.
    repeated : bool
        All chips of a network are this one, which is used for one part of it after the other.

    Raises
    ------
    ValueError
        Seed or index is no such integer.
    """

    target: Target = HICANN_X
    seed: int | None = None
    index: int = 0
    repeated: bool = False

    def __post_init__(self) -> None:
        for name in ("seed", "index"):
            value = getattr(self, name)
            if name == "seed" and value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, Integral):
                raise ValueError(f"Device: {name}={value!r}, an integer is needed")
            if not 0 <= int(value) <= _MAX_SEED:
                raise ValueError(f"Device: {name}={value} lies outside 0 to 2**64 - 1")
            object.__setattr__(self, name, int(value))

    @cached_property
    def deviations(self) -> Deviations:
        """How its circuits deviate from the nominal curves."""
        return Deviations.none() if self.seed is None else _drawn(self.seed, self.index)

    @cached_property
    def digest(self) -> str:
        """64 hexadecimal digits that change with the deviations and with any number of the chip."""
        sha = hashlib.sha256(self.deviations.digest().encode())
        for name, fact in sorted(FACTS.items()):
            sha.update(f"{name}={fact.value!r};".encode())
        return sha.hexdigest()

    def chips(self, n: int) -> tuple[Deviations, ...]:
        """Deviations of `n` chips of this seed, of which this one is the first."""
        if self.repeated:
            return (self.deviations,) * n
        others = [Device(self.target, self.seed, self.index + k).deviations for k in range(1, n)]
        return (self.deviations, *others)[:n]

    def leak_conductance(
        self, code: ArrayLike, divided: np.ndarray, multiplied: np.ndarray
    ) -> np.ndarray:
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

    def tau_syn(self, line: int, code: ArrayLike, high_resistance: np.ndarray) -> np.ndarray:
        """Time constant of input `line`, µs."""
        return np.where(
            high_resistance,
            curves.TAU_SYN[line].value(code),
            curves.TAU_SYN_LOW[line].value(code),
        )

    def weight_step(
        self,
        gm: ArrayLike,
        coba: ArrayLike,
        conductance_based: np.ndarray | bool,
        synapse_bias: np.ndarray | int = chip.SYNAPSE_BIAS,
    ) -> np.ndarray:
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

        Without the deviations of drivers and single synapses, see `synapse_strength`. 0 where the
        line does not feed the membrane. The configurations are those of chips `index`,
        ``index + 1`` and so on.
        """
        if not configs:
            return np.empty((0, LINES))
        chips = self.chips(len(configs))
        codes = effective_codes(configs, chips)
        switches = np.concatenate([config.switches for config in configs])
        modulation, gain = (
            np.concatenate([getattr(one, name) for one in chips]) for name in ("modulation", "gain")
        )
        halves = chip.QUADRANTS // chip.HEMISPHERES
        bias = np.concatenate(
            [
                np.repeat(config.synapse_bias * one.synapse_dac, chip.COLUMNS // halves)
                for config, one in zip(configs, chips, strict=True)
            ]
        )
        steps = [
            self.weight_step(
                codes[:, LINE_GM[line]],
                codes[:, LINE_COBA[line]] * modulation[:, line],
                switches[:, LINE_IS_COBA[line]],
                bias,
            )
            * switches[:, LINE_ENABLE[line]]
            for line in range(LINES)
        ]
        return bypass.steps(np.stack(steps, axis=1) * gain, switches[:, LINE_BYPASS])

    def synapse_strength(self, n_chips: int = 1) -> np.ndarray | None:
        """Factors of the single synapses, drivers included.

        Returns
        -------
        float32 (n_chips * 2 * 256 * 256,) or None
            Counted as in `event_path.Hits`; None for the nominal chip.
        """
        if self.seed is None:
            return None
        factors = [
            one.synapse * np.repeat(one.driver, chip.ROWS_PER_DRIVER, axis=1)[..., np.newaxis]
            for one in self.chips(n_chips)
        ]
        return np.concatenate([np.empty(0), *map(np.ravel, factors)]).astype(np.float32)

    def driver_dynamics(self, configs: Sequence[ChipConfig]) -> DriverDynamics:
        """Short-term plasticity of the drivers of chips `index`, ``index + 1`` and so on."""
        return driver_dynamics(configs, self.chips(len(configs)))

    def refractory_time(self, counter: ArrayLike, scale: ArrayLike) -> np.ndarray:
        """How long there is no spike, µs, and at the shortest hold-off also how long the membrane
        is held at reset; the cycle that this hold-off takes is left out."""
        cycles = np.maximum(np.asarray(counter, np.int64) - chip.RESET_LAG, 0)
        return cycles * curves.refractory_cycle(scale)

    def reset_time(self, counter: ArrayLike, holdoff: ArrayLike, scale: ArrayLike) -> np.ndarray:
        """How long the membrane is held at reset, µs.

        Each code of the hold-off below the shortest releases it two cycles earlier. A counter that
        is shorter than its hold-off does not hold the membrane at all; on the chip, its reset may
        then not end.
        """
        early = chip.HOLDOFF_CYCLES * (chip.HOLDOFF_SHORTEST - np.asarray(holdoff, np.int64))
        return self.refractory_time(np.asarray(counter, np.int64) - early, scale)

    def adaptation_a(
        self, code: ArrayLike, tau_code: ArrayLike, inverted: np.ndarray
    ) -> np.ndarray:
        """Subthreshold adaptation, µS."""
        size = curves.A_RATIO * np.asarray(code, np.float64) / np.asarray(tau_code, np.float64)
        return np.where(inverted, -size, size)

    def adaptation_b(self, code: ArrayLike, scale: ArrayLike, inverted: np.ndarray) -> np.ndarray:
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
        *,
        limits: bool | None = None,
        noise: bool = False,
    ) -> Circuits:
        """The physical quantities of neurons made of joined circuits.

        Parameters
        ----------
        configs : sequence of ChipConfig
            The registers of chips `index`, ``index + 1`` and so on.
        first : int64 (n,)
            First circuit of each neuron, counted over all chips; its leak, reset, threshold and
            adaptation are those of the neuron.
        count : int64 (n,)
            Circuits of each neuron, from `first` to the right.
        timestep : float, µs
        limits : bool, optional
            The amplifiers saturate, the reset takes its time, the membrane has a floor and a
            ceiling. By default where the device has a seed. A neuron is then held at reset for at
            least one time step.
        noise : bool
            There is noise.

        Raises
        ------
        ConfigError
            A neuron uses an analog parameter that is not driven.
        """
        neurons = Neurons(configs, self.chips(len(configs)), first, count)
        neurons.refuse_undriven(LINE_PARAMETERS)
        adex = neurons.switch(Switch.ADAPTATION_ENABLE)
        exponential = neurons.switch(Switch.EXPONENTIAL_ENABLE)
        c_m = curves.capacitance(*neurons.capacitance_codes())
        g_leak = self._leak(neurons)
        limits = self.seed is not None if limits is None else limits
        columns = dict(
            adex=adex | exponential,
            conductance_based=neurons.switch(LINE_IS_COBA[0]),
            c_m=c_m,
            g_leak=g_leak,
            e_leak=curves.LEAK.value(neurons.code(Analog.V_LEAK)),
            v_reset=curves.RESET.value(neurons.code(Analog.V_RESET)),
            v_thresh=np.where(
                neurons.switch(Switch.THRESHOLD_ENABLE),
                curves.THRESHOLD.value(neurons.code(Analog.V_THRESHOLD)),
                NO_THRESHOLD,
            ),
            **self._refractory(neurons, timestep, limits),
            i_offset=_offset_current(neurons),
            **_lines(self, neurons),
            **_exponential(neurons, exponential),
            **_adaptation(self, neurons, adex),
            **self._departures(neurons, c_m, g_leak, limits, noise),
            # no register says more
            single_precision=np.ones(len(c_m), bool),
        )
        forwards = np.logical_or(*(neurons.switch(name) for name in LINE_BYPASS))
        return Circuits(**bypass.columns(columns, forwards, timestep))

    def _refractory(self, neurons: Neurons, timestep: float, limits: bool) -> dict[str, np.ndarray]:
        counter, scale = neurons.of("refractory_counter"), neurons.clock_scale()
        silent = self.refractory_time(counter, scale)
        held = self.reset_time(counter, neurons.of("reset_holdoff"), scale)
        silent_steps, steps = np.rint(silent / timestep), np.rint(held / timestep)
        steps = np.maximum(steps, int(limits))
        return {
            "refractory_steps": steps,
            "holdoff_steps": np.maximum(silent_steps - steps, 0),
        }

    def _departures(
        self, neurons: Neurons, c_m: np.ndarray, g_leak: np.ndarray, limits: bool, noise: bool
    ) -> dict[str, np.ndarray]:
        """Columns by which the circuits depart from the ideal equations, as far as wanted."""
        steps = self._member_steps(neurons)
        found = imperfections.limits(neurons, steps, c_m, g_leak) if limits else {}
        return found | (imperfections.noise(neurons, steps, c_m) if noise else {})

    def _member_steps(self, neurons: Neurons) -> np.ndarray:
        """As `weight_steps`, of all joined circuits at the nominal synapse bias: (2, n_members)."""
        gain, modulation = map(neurons.member_deviation, ("gain", "modulation"))
        steps = [
            self.weight_step(
                neurons.member_code(LINE_GM[k]),
                neurons.member_code(LINE_COBA[k]) * modulation[:, k],
                neurons.member_switch(LINE_IS_COBA[k]),
            )
            * neurons.member_switch(LINE_ENABLE[k])
            for k in range(LINES)
        ]
        return np.stack(steps) * gain.T

    def _leak(self, neurons: Neurons) -> np.ndarray:
        divided = neurons.switch(Switch.LEAK_DIVISION)
        multiplied = neurons.switch(Switch.LEAK_MULTIPLICATION)
        conductance = self.leak_conductance(neurons.code(Analog.I_BIAS_LEAK), divided, multiplied)
        conductance /= neurons.deviation("tau_mem")
        conductance /= np.where(divided & ~multiplied, neurons.deviation("leak_division"), 1.0)
        return conductance * np.where(
            multiplied & ~divided, neurons.deviation("leak_multiplication"), 1.0
        )


def _offset_current(neurons: Neurons) -> np.ndarray:
    current = curves.OFFSET_CURRENT.value(neurons.code(Analog.I_MEM_OFFSET))
    current *= neurons.deviation("offset_current")
    return np.where(neurons.switch(Switch.OFFSET_SINK), -current, current) * neurons.switch(
        Switch.OFFSET_ENABLE
    )


def _lines(device: Device, neurons: Neurons) -> dict[str, np.ndarray]:
    """A line has the mean time constant and reversal potential of the joined circuits."""
    tau_syn, e_rev = [], []
    for k in range(LINES):
        enabled = neurons.member_switch(LINE_ENABLE[k])
        high = neurons.member_switch(LINE_HIGH_RESISTANCE[k])
        tau = device.tau_syn(k, neurons.member_code(LINE_TAU[k]), high)
        tau *= neurons.member_deviation("tau_syn")[:, k]
        tau *= np.where(high, 1.0, neurons.member_deviation("line_resistance")[:, k])
        tau_syn.append(neurons.mean(tau, enabled))
        reversal = curves.CELL.value(neurons.member_code(LINE_REVERSAL[k]))
        e_rev.append(neurons.mean(reversal, enabled))
    return {"tau_syn": np.stack(tau_syn), "e_rev": np.stack(e_rev)}


def _exponential(neurons: Neurons, enabled: np.ndarray) -> dict[str, np.ndarray]:
    code = np.maximum(neurons.code(Analog.I_BIAS_EXP), curves.EXP_SLOPE.low)
    slope = curves.EXP_SLOPE.value(code) * neurons.deviation("delta_t")
    return {
        "delta_t": np.where(enabled, slope, 0.0),
        "v_exp": curves.CELL.value(neurons.code(Analog.V_EXP)),
    }


def _adaptation(device: Device, neurons: Neurons, enabled: np.ndarray) -> dict[str, np.ndarray]:
    tau_code = np.maximum(neurons.code(Analog.I_BIAS_ADAPT_TAU), curves.TAU_W.low)
    a = device.adaptation_a(
        neurons.code(Analog.I_BIAS_ADAPT_A), tau_code, neurons.switch(Switch.ADAPTATION_INVERT_A)
    )
    b = device.adaptation_b(
        neurons.code(Analog.I_BIAS_ADAPT_B),
        neurons.pulse_scale(),
        neurons.switch(Switch.ADAPTATION_INVERT_B),
    )
    return {
        "tau_w": curves.TAU_W.value(tau_code) * neurons.deviation("tau_w"),
        "a": a * neurons.deviation("a") * enabled,
        "b": b
        * neurons.deviation("b")
        * (enabled & neurons.switch(Switch.ADAPTATION_PULSE_ENABLE)),
    }
