"""What is to be recorded of a population, and what has been."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from pynn_bss2sim._core.records import Variable

from .._core.frozen import frozen

__all__ = ["ANALOG", "Request", "Signal", "SnippetData", "device_of"]

#: Analog variables by name.
ANALOG = {
    "v": Variable.V,
    "exc_synin": Variable.LINE0,
    "inh_synin": Variable.LINE1,
    "adaptation": Variable.W,
}
_CONVERTERS = ("madc", "cadc")
_PADS = ("pad_0", "pad_1")
_MODES = ("buffered", "unbuffered")


def device_of(label: str, device: str) -> tuple[str, str]:
    """Converter or pad, and its mode (of a converter: none).

    Raises
    ------
    ValueError
        There is no such device.
    """
    if device in _CONVERTERS:
        return device, ""
    for pad in _PADS:
        if device == pad:
            return pad, _MODES[0]
        for mode in _MODES:
            if device == f"{pad}_{mode}":
                return pad, mode
    raise ValueError(
        f"{label}: device={device!r}; choose 'madc', 'cadc', 'pad_0' or 'pad_1'; pads "
        "may end in '_buffered' or '_unbuffered'"
    )


@dataclass(frozen=True)
class Request:
    """What is to be recorded of the cells of a population.

    Attributes
    ----------
    spiking : int64 (k,)
        Positions of the cells whose spikes are recorded.
    analog : dict of int to str
        The variable that a cell shows.
    devices : dict of str to tuple of int
        The cells that each device reads, in ascending order.
    pads : dict of str to str
        Mode of each pad in use.
    """

    spiking: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    analog: dict[int, str] = field(default_factory=dict)
    devices: dict[str, tuple[int, ...]] = field(default_factory=dict)
    pads: dict[str, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Nothing gives data."""
        return not len(self.spiking) and not any(self.devices.get(d) for d in _CONVERTERS)

    def with_spikes(self, cells: np.ndarray) -> Request:
        """The spikes of `cells`, too."""
        return Request(np.union1d(self.spiking, cells), self.analog, self.devices, self.pads)

    def with_analog(self, label: str, variable: str, cells: np.ndarray, device: str) -> Request:
        """A variable of `cells`, too.

        Raises
        ------
        ValueError
            There is no such device, a cell shows another variable, or a pad has another cell or
            mode.
        """
        name, mode = device_of(label, device)
        for cell in cells.tolist():
            shown = self.analog.get(cell, variable)
            if shown != variable:
                raise ValueError(
                    f"{label}: cell {cell} shows {shown!r}; a neuron has one analog output, so "
                    f"{variable!r} cannot be recorded of it too; call record(None) first"
                )
        wanted = tuple(np.union1d(self.devices.get(name, ()), cells).astype(int).tolist())
        if mode:
            self._check_pad(label, name, mode, wanted)
        return Request(
            self.spiking,
            self.analog | dict.fromkeys(cells.tolist(), variable),
            self.devices | {name: wanted},
            self.pads | ({name: mode} if mode else {}),
        )

    def _check_pad(self, label: str, pad: str, mode: str, cells: tuple[int, ...]) -> None:
        if len(cells) > 1:
            raise ValueError(f"{label}: {pad} shows one neuron, not the cells {cells}")
        if self.pads.get(pad, mode) != mode:
            raise ValueError(f"{label}: {pad} is {self.pads[pad]} already; it cannot be {mode} too")


@frozen
class Signal:
    """Samples of a cell: times float64 (n,), ms, and values float32 (n,), LSB."""

    variable: str
    device: str
    cell: int
    times: np.ndarray
    values: np.ndarray


@frozen
class SnippetData:
    """What was recorded of a population in one snippet.

    Attributes
    ----------
    start, stop : float, ms
    spiking : int64 (k,)
        Cells whose spikes were recorded.
    times, cells : float64 (n,), ms, and int64 (n,)
        Their spikes, ordered by time.
    signals : tuple of Signal
        Those of the MADC before those of the CADC.
    """

    start: float
    stop: float
    spiking: np.ndarray
    times: np.ndarray
    cells: np.ndarray
    signals: tuple[Signal, ...]
