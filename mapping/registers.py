"""Registers of the neurons: the codes nearest to what is asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pynn_bss2sim._core import curves
from pynn_bss2sim._core import device as layout
from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.config import AnalogParameter as Analog
from pynn_bss2sim._core.config import ChipConfig
from pynn_bss2sim._core.config import NeuronSwitch as Switch
from pynn_bss2sim._core.device import Device
from pynn_bss2sim._core.frozen import frozen
from pynn_bss2sim._core.records import LINES, Variable

from .capacitance import Membranes
from .characteristics import Characteristics
from .draft import Draft
from .network import Network
from .place import Placement
from .refractory import MOST_CYCLES, clock_scale, counter
from .resets import shortest_hold
from .route import Routing
from .translate import Asked, Scaling, refuse_parameter

__all__ = ["Strength", "bare", "configure", "synapse_bias", "with_routing"]

_DEVICE = Device()
_NOMINAL = Characteristics.nominal()
_EVERYONE = slice(None)


@frozen
class Strength:
    """Codes of the synaptic strength of each input line.

    Attributes
    ----------
    gm, coba : int64 (2 * n_neurons,)
        Transconductance and, for conductances, bias of its modulation; ``2 * neuron + line``.
    conductance_based : bool (2 * n_neurons,)
    synapse_bias : int
        Of the synapses of all chips.
    """

    gm: np.ndarray
    coba: np.ndarray
    conductance_based: np.ndarray
    synapse_bias: int = chip.SYNAPSE_BIAS

    @classmethod
    def choose(
        cls,
        full: np.ndarray,
        conductance_based: np.ndarray,
        reach: tuple[float, float] = (1.0, 1.0),
        coarse: np.ndarray | float = 0.0,
    ) -> Strength:
        """The codes with which `full` is just the largest weight code, where they reach.

        The bias of the synapses is that of `synapse_bias`.

        Parameters
        ----------
        full : float64 (2 * n_neurons,), nA or µS on the chip
        conductance_based : bool (2 * n_neurons,)
        reach : tuple of float
            Share of the strength of a nominal circuit that all circuits reach: of current-based
            and of conductance-based lines.
        coarse : float64 (2 * n_neurons,), nA or µS on the chip
            One code is worth at least this, where a nominal circuit reaches it. Circuits too weak
            for that are left weaker; their weights then take more codes.
        """
        bias = synapse_bias(full, conductance_based, reach)
        unit = _DEVICE.weight_step(1, chip.COBA_BIAS, conductance_based, bias)
        wanted = np.minimum(full / chip.WEIGHT_MAX / unit, _most(conductance_based, reach))
        wanted = np.maximum(wanted, np.minimum(coarse / unit, _most(conductance_based, (1.0, 1.0))))
        gm = np.clip(np.ceil(wanted), chip.GM_MIN, chip.GM_MAX)
        coba = np.clip(np.ceil(chip.COBA_BIAS * wanted / gm), chip.BIAS_MIN, chip.ANALOG_MAX)
        coba = np.where(conductance_based, coba, 0)
        return cls(gm.astype(np.int64), coba.astype(np.int64), conductance_based, bias)

    @classmethod
    def nominal(cls, conductance_based: np.ndarray) -> Strength:
        """Middle codes, for weights that no register holds."""
        n = len(conductance_based)
        coba = np.where(conductance_based, chip.COBA_BIAS, 0)
        return cls(np.full(n, chip.PSP_GM), coba, conductance_based)

    def trimmed(
        self, line: int, laws: Characteristics, owner: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Codes with which all circuits of a neuron are as strong as one with nominal laws.

        Where those of the nominal one are the largest, all circuits get them, and are as strong as
        they can be.

        Parameters
        ----------
        laws : Characteristics
            Of all circuits.
        owner : int64 (n_circuits,)
            Neuron of each of them.

        Returns
        -------
        gm, coba : uint16 (n_circuits,)
        """
        asked, modulated = self.gm[line::LINES][owner], self.coba[line::LINES][owner]
        coba = self.conductance_based[line::LINES][owner]
        strength, modulation = laws.line("strength", line), laws.line("modulation", line)
        step = _NOMINAL.weight_step(line, asked, modulated, coba)
        gm = strength.code(_NOMINAL.line("strength", line).value(asked))
        ratio = modulation.code(step / strength.value(gm))
        # what the modulation cannot give, or rounds
        gm = np.where(coba, strength.code(step / modulation.value(ratio)), gm)
        utmost = self.utmost[line::LINES][owner]
        return (
            np.where(utmost, chip.GM_MAX, gm).astype(np.uint16),
            np.where(coba, np.where(utmost, chip.ANALOG_MAX, ratio), 0).astype(np.uint16),
        )

    def believed(self, laws: Characteristics, owner: np.ndarray) -> np.ndarray:
        """What one weight code is worth, on average over the circuits of a neuron.

        Parameters
        ----------
        laws, owner
            See `trimmed`.

        Returns
        -------
        float64 (2 * n_neurons,), nA or µS
        """
        n = len(self.gm) // LINES
        result = np.empty(LINES * n)
        for line in range(LINES):
            coba = self.conductance_based[line::LINES][owner]
            step = laws.weight_step(line, *self.trimmed(line, laws, owner), coba)
            result[line::LINES] = np.bincount(owner, step, n) / np.bincount(owner, minlength=n)
        return result * (self.synapse_bias / chip.SYNAPSE_BIAS)

    def scaled(self, factor: np.ndarray) -> Strength:
        """The codes with which weights keep theirs, where all currents become larger or smaller.

        Lines that are as strong as they can be remain so.

        Parameters
        ----------
        factor : float64 (n_neurons,)
        """
        gm = np.clip(np.rint(self.gm * np.repeat(factor, LINES)), chip.GM_MIN, chip.GM_MAX)
        return replace(self, gm=np.where(self.utmost, self.gm, gm.astype(np.int64)))

    @property
    def utmost(self) -> np.ndarray:
        """Lines that are as strong as they can be: bool (2 * n_neurons,)."""
        modulated = ~self.conductance_based | (self.coba == chip.ANALOG_MAX)
        return (self.gm == chip.GM_MAX) & modulated

    def step(self) -> np.ndarray:
        """What one weight code is worth at each line: float64 (2 * n_neurons,), nA or µS."""
        return _DEVICE.weight_step(self.gm, self.coba, self.conductance_based, self.synapse_bias)


def _most(conductance_based: np.ndarray, reach: tuple[float, float]) -> np.ndarray:
    """The strongest lines that can be had, as a code of the transconductance at `COBA_BIAS`."""
    current, conductance = reach
    boost = np.where(conductance_based, conductance * chip.ANALOG_MAX / chip.COBA_BIAS, current)
    return chip.GM_MAX * boost


def synapse_bias(
    full: np.ndarray, conductance_based: np.ndarray, reach: tuple[float, float] = (1.0, 1.0)
) -> int:
    """The bias of all synapses, raised where the amplifiers of a line do not reach otherwise.

    This saves rows, but lines whose weights are very weak then use fewer of their codes.

    Parameters
    ----------
    full, conductance_based, reach
        See `Strength.choose`.
    """
    unit = _DEVICE.weight_step(1, chip.COBA_BIAS, conductance_based)
    needed = full / chip.WEIGHT_MAX / unit
    missing = float((needed / _most(conductance_based, reach)).max(initial=1.0))
    return min(chip.ANALOG_MAX, int(np.ceil(chip.SYNAPSE_BIAS * missing)))


def configure(
    network: Network,
    asked: Asked,
    membranes: Membranes,
    placement: Placement,
    strength: Strength | None,
    characteristics: Characteristics | None = None,
    *,
    slow_reset: bool = False,
) -> tuple[tuple[ChipConfig, ...], dict[str, np.ndarray]]:
    """Set the registers of all chips.

    Parameters
    ----------
    strength : Strength or None
        None: weights are exact, the registers of strength get middle codes.
    characteristics : Characteristics, optional
        What is believed of the circuits of all chips; by default they are all nominal.
    slow_reset : bool
        The reset takes its time: neurons are held until it is finished.

    Returns
    -------
    configs : tuple of ChipConfig
    clipped : dict of str to bool
        For each parameter where it lies outside of what the chip can do: shape (n_neurons,), of
        ``tau_syn`` and ``e_rev`` (2, n_neurons).

    Raises
    ------
    ParameterError
        Reset would not lie below threshold.
    """
    draft = Draft(placement, characteristics or Characteristics.nominal())
    scaling = membranes.scaling
    if strength is None:
        strength = Strength.nominal(np.repeat(asked.conductance_based, LINES))
    clipped = _set_potentials(network, draft, asked, scaling)
    clipped |= _set_membrane(draft, asked, membranes)
    clipped |= _set_lines(draft, asked, scaling, strength)
    clipped |= _set_adaptation(draft, asked, scaling)
    clipped |= _set_exponential(draft, asked, scaling)
    clipped |= _set_refractory(draft, asked, scaling, slow_reset)
    return draft.configs(), clipped


def bare(placement: Placement) -> tuple[ChipConfig, ...]:
    """Chips whose analog parameters are not emulated: circuits are joined and send events."""
    draft = Draft(placement, Characteristics.nominal())
    draft.join()
    return draft.configs()


def with_routing(
    configs: tuple[ChipConfig, ...],
    routing: Routing,
    code: np.ndarray,
    drivers: dict[str, np.ndarray] | None = None,
) -> tuple[ChipConfig, ...]:
    """Set the registers of synapses and event routing too.

    Parameters
    ----------
    code : int64 (n_connections,)
        Sum of the weight codes of each connection.
    drivers : dict of str to array (n_chips, ...), optional
        Registers of short-term plasticity, see `driver_registers`; by default they are kept.
    """
    registers = {**routing.registers, "synapse_weight": routing.weights(code)}
    registers |= drivers or {}
    return tuple(
        ChipConfig(**{**config.to_dict(), **{name: v[k] for name, v in registers.items()}})
        for k, config in enumerate(configs)
    )


def _set_potentials(
    network: Network, draft: Draft, asked: Asked, scaling: Scaling
) -> dict[str, np.ndarray]:
    value = asked.values
    rest, reset, threshold = (
        scaling.to_chip(Variable.V, _EVERYONE, volts)
        for volts in (value["v_rest"], value["v_reset"], asked.detection)
    )
    law = draft.law
    draft.code(Analog.V_LEAK, law.leak.code(rest))
    reset_code, threshold_code = law.reset.code(reset), law.threshold.code(threshold)
    refuse_parameter(
        network,
        law.reset.value(reset_code) >= law.threshold.value(threshold_code),
        "v_reset",
        value["v_reset"],
        "on the chip it would not lie below the threshold; move them apart, or bring the "
        "potentials of this population closer together",
    )
    draft.code(Analog.V_RESET, reset_code)
    draft.code(Analog.V_THRESHOLD, threshold_code)
    draft.code(Analog.I_BIAS_RESET, chip.RESET_BIAS)
    draft.switch(Switch.RESET_MULTIPLICATION, True)
    draft.switch(Switch.THRESHOLD_ENABLE, True)
    beyond = law.threshold.clips(threshold)
    return {
        "v_rest": law.leak.clips(rest),
        "v_reset": law.reset.clips(reset),
        "v_thresh": beyond & ~asked.onset,
        "v_spike": beyond & asked.onset,
    }


def _set_membrane(draft: Draft, asked: Asked, membranes: Membranes) -> dict[str, np.ndarray]:
    scaling = membranes.scaling
    draft.registers["capacitance"][draft.first] = membranes.code
    draft.join()
    leak = scaling.conductance_gain * asked.values["cm"] / asked.values["tau_m"]
    code, divided, multiplied, slow_or_fast = draft.law.leak_codes(leak)
    draft.code(Analog.I_BIAS_LEAK, code)
    draft.switch(Switch.LEAK_DIVISION, divided)
    draft.switch(Switch.LEAK_MULTIPLICATION, multiplied)
    current = asked.values["i_offset"] * scaling.current_gain(_EVERYONE)
    size, drawn = np.abs(current), current < 0
    source, sink = draft.law.offset_source, draft.law.offset_sink
    draft.code(Analog.I_MEM_OFFSET, np.where(drawn, sink.code(size), source.code(size)))
    draft.switch(Switch.OFFSET_ENABLE, size > 0)
    draft.switch(Switch.OFFSET_SINK, drawn)
    return {
        "tau_m": slow_or_fast,
        "i_offset": (size > 0) & np.where(drawn, sink.clips(size), source.clips(size)),
    }


def _set_lines(
    draft: Draft, asked: Asked, scaling: Scaling, strength: Strength
) -> dict[str, np.ndarray]:
    tau_clipped = np.zeros(asked.tau_syn.shape, bool)
    reversal_clipped = np.zeros(asked.e_rev.shape, bool)
    owner = draft.owner
    coba = asked.conductance_based[owner]
    draft.synapse_bias = strength.synapse_bias
    for line in range(LINES):
        code, high, clipped = draft.laws.tau_syn_codes(line, asked.tau_syn[line][owner])
        tau_clipped[line] = draft.any_of_neuron(clipped)
        gm, modulation = strength.trimmed(line, draft.laws, owner)
        volts = scaling.to_chip(Variable.V, _EVERYONE, asked.e_rev[line])[owner]
        reversal = draft.laws.line("reversal", line)
        reversal_clipped[line] = draft.any_of_neuron(coba & reversal.clips(volts))
        draft.code_all(layout.LINE_TAU[line], code)
        draft.code_all(layout.LINE_GM[line], gm)
        draft.code_all(layout.LINE_COBA[line], modulation)
        draft.code_all(layout.LINE_SHIFT[line], chip.SHIFT_REFERENCE)
        draft.code_all(layout.LINE_REVERSAL[line], np.where(coba, reversal.code(volts), 0))
        draft.switch_all(layout.LINE_ENABLE[line], True)
        draft.switch_all(layout.LINE_HIGH_RESISTANCE[line], high)
        draft.switch_all(layout.LINE_IS_COBA[line], coba)
    return {"tau_syn": tau_clipped, "e_rev": reversal_clipped}


def _set_adaptation(draft: Draft, asked: Asked, scaling: Scaling) -> dict[str, np.ndarray]:
    adex = asked.adex
    tau_w = asked.values["tau_w"]
    law = draft.law
    tau_code = law.tau_w.code(tau_w)
    a = asked.values["a"] * scaling.conductance_gain
    b = asked.values["b"] * scaling.current_gain(_EVERYONE)
    # the shortest pulse with which the largest b of a block stays within the codes
    strongest = law.b.value(chip.ANALOG_MAX) * curves.pulse_length(0)
    needed = draft.largest_of_block(np.abs(b) / strongest, adex)
    scale = np.clip(np.ceil(np.log2(np.maximum(needed, 1.0))), 0, chip.CLOCK_SCALE_MAX)
    draft.blocks["adaptation_pulse_scale"] = scale.astype(np.uint8)
    per_pulse = np.abs(b) / curves.pulse_length(scale[draft.block])
    a_per_tau = np.abs(a) / law.tau_w.value(tau_code)
    leak = draft.registers["analog"][draft.first, Analog.V_LEAK].astype(np.int64)
    track = np.maximum(leak - chip.ADAPTATION_LEAK_SHIFT, 0)
    for parameter, code in (
        (Analog.I_BIAS_ADAPT_TAU, tau_code),
        (Analog.I_BIAS_ADAPT_A, law.a.code(a_per_tau)),
        (Analog.I_BIAS_ADAPT_B, law.b.code(per_pulse)),
        (Analog.V_ADAPT_LEAK, track),
        (Analog.V_ADAPT_REF, chip.ADAPTATION_REFERENCE),
    ):
        draft.code(parameter, np.where(adex, code, 0))
    draft.switch(Switch.ADAPTATION_ENABLE, adex)
    draft.switch(Switch.ADAPTATION_PULSE_ENABLE, adex & (b != 0))
    draft.switch(Switch.ADAPTATION_INVERT_A, adex & (a < 0))
    draft.switch(Switch.ADAPTATION_INVERT_B, adex & (b < 0))
    return {
        "tau_w": adex & law.tau_w.clips(tau_w),
        "a": adex & law.a.clips(a_per_tau),
        "b": adex & law.b.clips(per_pulse),
    }


def _set_exponential(draft: Draft, asked: Asked, scaling: Scaling) -> dict[str, np.ndarray]:
    onset, law = asked.onset, draft.law
    volts = scaling.to_chip(Variable.V, _EVERYONE, asked.values["v_thresh"])
    slope = asked.values["delta_T"] * scaling.voltage_gain
    draft.code(Analog.V_EXP, np.where(onset, law.v_exp.code(volts), 0))
    draft.code(Analog.I_BIAS_EXP, np.where(onset, law.delta_t.code(slope), 0))
    draft.switch(Switch.EXPONENTIAL_ENABLE, onset)
    return {"delta_T": onset & law.delta_t.clips(slope)}


def _set_refractory(
    draft: Draft, asked: Asked, scaling: Scaling, slow_reset: bool
) -> dict[str, np.ndarray]:
    """Two clocks for each block: the fast one for periods up to the mean of the block."""
    wanted = asked.values["tau_refrac"]
    capacitance = scaling.conductance_gain * asked.values["cm"]
    finished = shortest_hold(capacitance, draft.law.tau_reset)
    tau = np.maximum(wanted, finished) if slow_reset else wanted
    n_blocks = draft.chips * chip.BACKEND_BLOCKS
    members = np.bincount(draft.block, minlength=n_blocks)
    mean = np.bincount(draft.block, tau, minlength=n_blocks) / np.maximum(members, 1)
    fast = tau <= mean[draft.block] * (1 + 1e-12)
    scales = np.empty((n_blocks, chip.REFRACTORY_CLOCKS), np.uint8)
    for clock, users in enumerate((~fast, fast)):
        scales[:, clock] = clock_scale(draft.largest_of_block(tau, users) / MOST_CYCLES)
    draft.blocks["refractory_clock_scale"] = scales.reshape(-1, chip.REFRACTORY_CLOCKS)
    count = counter(tau, scales[draft.block, fast.astype(np.int64)])
    draft.registers["refractory_counter"][draft.first] = np.minimum(count, chip.REFRACTORY_MAX)
    draft.registers["refractory_fast"][draft.first] = fast
    return {"tau_refrac": (count > chip.REFRACTORY_MAX) | (tau > wanted)}
