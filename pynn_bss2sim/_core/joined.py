"""The registers of neurons that are made of joined circuits, with the deviations of these."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from . import hicannx as chip
from .config import AnalogParameter as Analog
from .config import ChipConfig, ConfigError
from .config import NeuronSwitch as Switch
from .deviations import Deviations

__all__ = ["Neurons", "effective_codes"]


def effective_codes(configs: Sequence[ChipConfig], chips: Sequence[Deviations]) -> np.ndarray:
    """The analog codes of a nominal chip whose circuits would do the same.

    Returns
    -------
    float64 (n_circuits, 24)
        Columns `AnalogParameter`. A voltage is shifted and stretched about the middle code, the
        code of a current is shifted and not below 0; cells miss their codes by a little.
    """
    if not configs:
        return np.empty((0, len(Analog)))
    code = np.concatenate([config.analog for config in configs]).astype(np.float64)
    shifted = code + np.concatenate([one.code_offset for one in chips])
    shifted += np.concatenate(
        [one.of_codes(config.analog) for config, one in zip(configs, chips, strict=True)]
    )
    voltages = slice(0, chip.VOLTAGES)
    gain = np.concatenate([one.voltage_gain for one in chips])
    shifted[:, voltages] += gain * (code[:, voltages] - chip.ANALOG_MAX / 2)
    currents = shifted[:, chip.VOLTAGES :]
    np.maximum(currents, 0.0, out=currents)
    return shifted


class Neurons:
    """What the registers of some chips say of neurons made of joined circuits.

    Parameters
    ----------
    configs : sequence of ChipConfig
    chips : sequence of Deviations
        Of the same chips.
    first, count : int64 (n,)
        First circuit of each neuron, counted over all chips, and how many it has.
    """

    def __init__(
        self,
        configs: Sequence[ChipConfig],
        chips: Sequence[Deviations],
        first: np.ndarray,
        count: np.ndarray,
    ) -> None:
        self._configs = configs
        self._chips = chips
        self._first = np.asarray(first, np.int64)
        self._count = np.asarray(count, np.int64)
        self._owner = np.repeat(np.arange(len(self._first)), self._count)
        rank = np.arange(len(self._owner)) - (np.cumsum(self._count) - self._count)[self._owner]
        self._members = self._first[self._owner] + rank
        self._codes = effective_codes(configs, chips)
        self._raw = self._joined("analog")
        self._switches = self._joined("switches")
        self._chip = self._first // chip.HICANN_X.circuits
        self._block = self._first % chip.COLUMNS // chip.COLUMNS_PER_BLOCK

    def _joined(self, name: str) -> np.ndarray:
        """One register of all chips behind one another."""
        if not self._configs:
            return ChipConfig.default().to_dict()[name][:0]
        return np.concatenate([getattr(config, name) for config in self._configs])

    def _deviating(self, name: str) -> np.ndarray:
        """One deviation of all chips behind one another."""
        if not self._chips:
            return getattr(Deviations.none(), name)[:0]
        return np.concatenate([getattr(one, name) for one in self._chips])

    def __len__(self) -> int:
        return len(self._first)

    # --- of the first circuit ---

    def of(self, name: str) -> np.ndarray:
        """A register."""
        return self._joined(name)[self._first]

    def code(self, parameter: Analog) -> np.ndarray:
        """An effective analog code: float64 (n,)."""
        return self._codes[self._first, parameter]

    def switch(self, name: Switch) -> np.ndarray:
        """A switch: bool (n,)."""
        return self._switches[self._first, name]

    def deviation(self, name: str) -> np.ndarray:
        """A deviation: float64 (n, ...)."""
        return self._deviating(name)[self._first]

    def clock_scale(self) -> np.ndarray:
        """Divider of the refractory clock."""
        fast = self.of("refractory_fast").astype(np.int64)
        return self._of_block("refractory_clock_scale")[self._chip, self._block, fast]

    def pulse_scale(self) -> np.ndarray:
        """Divider that sets the length of the adaptation pulse."""
        return self._of_block("adaptation_pulse_scale")[self._chip, self._block]

    def _of_block(self, name: str) -> np.ndarray:
        """A register of the backend blocks of all chips: (chips, blocks, ...)."""
        if not self._configs:
            return ChipConfig.default().to_dict()[name][np.newaxis]
        return np.stack([getattr(config, name) for config in self._configs])

    # --- of all circuits of each neuron, behind one another ---

    def member_code(self, parameter: Analog) -> np.ndarray:
        """An effective analog code of every joined circuit."""
        return self._codes[self._members, parameter]

    def member_switch(self, name: Switch) -> np.ndarray:
        """A switch of every joined circuit."""
        return self._switches[self._members, name]

    def member_deviation(self, name: str) -> np.ndarray:
        """A deviation of every joined circuit."""
        return self._deviating(name)[self._members]

    def sum(self, values: np.ndarray) -> np.ndarray:
        """Sum of a value of the members over each neuron."""
        return np.bincount(self._owner, values, minlength=len(self))

    def mean(self, values: np.ndarray, enabled: np.ndarray) -> np.ndarray:
        """Mean of a value of the members over those `enabled`; where none is, of the first."""
        begin = np.cumsum(self._count) - self._count
        base = values[begin]
        weight = enabled.astype(np.float64)
        # relative to the first, so that equal values have exactly that mean
        excess = self.sum((values - base[self._owner]) * weight)
        return base + excess / np.maximum(self.sum(weight), 1.0)

    def capacitance_codes(self) -> tuple[np.ndarray, np.ndarray]:
        """Capacitance of the capacitors as a code, and number of parasitic ones: float64 (n,)."""
        code = self._joined("capacitance")[self._members] * self.member_deviation("capacitance")
        return self.sum(code), self.sum(self.member_deviation("parasitic"))

    def refuse_undriven(self, lines: Sequence[tuple[Switch, Sequence[Analog]]]) -> None:
        """Refuse parameters that are in use but switched off.

        Parameters
        ----------
        lines : sequence of (switch, parameters)
            What circuits other than the first use where the switch is on.

        Raises
        ------
        ConfigError
        """
        used = np.zeros((len(self._members), len(Analog)), bool)
        for enable, parameters in lines:
            used[:, list(parameters)] = self.member_switch(enable)[:, np.newaxis]
        used[np.cumsum(self._count) - self._count] = True
        undriven = np.argwhere(used & (self._raw[self._members] == chip.ANALOG_OFF))
        if len(undriven):
            member, parameter = undriven[0]
            raise ConfigError(
                f"circuit {self._members[member]}: {Analog(parameter).name} is {chip.ANALOG_OFF}, "
                "which switches its refresh off; it has no value"
            )
