"""What a plasticity kernel holds in its hands: the synapses of a projection, and neurons.

Each handle is one part of one synapse array, or of one row of neurons. Whole arrays are read and
written by properties; the methods work on single rows of 256 columns, as the vector unit does. Each
access is counted with the cycles that it takes on the chip.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from pynn_bss2sim._core import hicannx as chip
from pynn_bss2sim._core.config import AnalogParameter
from pynn_bss2sim._core.correlation import Trace

from .numbers import Lanes, Mod8
from .processors import Processors

__all__ = ["NeuronViewHandle", "SynapseArrayViewHandle"]

_VECTORS = chip.COLUMNS // chip.PPU_VECTOR


def _checked(
    label: str, what: str, values: ArrayLike, shape: tuple[int, ...], largest: int
) -> np.ndarray:
    """Values for registers, or ValueError."""
    array = values.values if isinstance(values, Lanes) else np.asarray(values)
    if array.dtype.kind not in "iub":
        raise TypeError(f"{label}: {what}: integers are needed, not {array.dtype}")
    if array.shape not in ((), shape):
        raise ValueError(f"{label}: {what} of shape {array.shape}; {shape} is needed")
    if array.size and not 0 <= array.min() <= array.max() <= largest:
        bad = (array < 0) | (array > largest)
        index = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ValueError(
            f"{label}: {what} = {array[index]} at {index} ({np.count_nonzero(bad)} of "
            f"{array.size}) lies outside 0 to {largest}; clip it, as saturate_weight() does"
        )
    return array


class SynapseArrayViewHandle:
    """The synapses of one projection in one synapse array.

    They lie where some `rows` and `columns` cross; where `connected` is False, other projections or
    nobody's synapses lie, which this handle does not change.

    Attributes
    ----------
    label : str
        Of the projection.
    chip, hemisphere : int
    rows : int64 (n,)
    columns : int64 (m,)
    connection : int64 (n, m)
        Position of the connection in the projection, -1 = none.
    """

    def __init__(
        self,
        processors: Processors,
        label: str,
        chip: int,
        hemisphere: int,
        rows: np.ndarray,
        columns: np.ndarray,
        connection: np.ndarray,
    ) -> None:
        self._processors, self.label = processors, label
        self.chip, self.hemisphere = chip, hemisphere
        self.rows, self.columns, self.connection = rows, columns, connection
        grid = np.broadcast_arrays(chip, hemisphere, rows[:, np.newaxis], columns)
        synapse = np.ravel_multi_index(grid, processors.weight.shape)
        self._register = synapse
        self._sensor = processors.sensors_of(synapse)
        self._connected = connection >= 0
        self._synapse, self._own = synapse[self._connected], self._sensor[self._connected]

    @property
    def connected(self) -> np.ndarray:
        """Where synapses of the projection lie: bool (n, m)."""
        return self._connected

    @property
    def column_mask(self) -> np.ndarray:
        """Which columns have synapses of the projection: bool (256,)."""
        mask = np.zeros(chip.COLUMNS, bool)
        mask[self.columns] = True
        return mask

    @property
    def presynaptic(self) -> np.ndarray:
        """Whose spikes come to each row with each label: int64 (n, 64), -1 = nobody's.

        Neurons of the network, then external inputs; where several come, the first of them.
        """
        lines = self._processors.lines
        source = np.full(lines.n_lines, -1)
        sender = np.repeat(np.arange(lines.n_sources), np.diff(lines.indptr))
        source[lines.line[::-1]] = sender[::-1]  # of several the one assigned last stays
        array = self.chip * chip.HEMISPHERES + self.hemisphere
        driver = array * chip.DRIVERS + self.rows // chip.ROWS_PER_DRIVER
        return source.reshape(-1, chip.LABELS)[driver]

    def _work(self, cycles: int) -> None:
        self._processors.cycles[self.chip, self.hemisphere] += cycles

    # --- whole arrays -----------------------------------------------------------------------

    @property
    def weights(self) -> np.ndarray:
        """Weights: uint8 (n, m), 0 to 63. What is assigned goes to `connected` synapses only."""
        self._work(len(self.rows) * _VECTORS * chip.PPU_WEIGHT_CYCLES)
        return self._processors.weight.reshape(-1).take(self._register)

    @weights.setter
    def weights(self, values: ArrayLike) -> None:
        self._write(self._processors.weight, "weight", values, chip.WEIGHT_MAX)

    @property
    def labels(self) -> np.ndarray:
        """Labels to which the synapses listen: uint8 (n, m), 0 to 63; assigned like weights."""
        self._work(len(self.rows) * _VECTORS * chip.PPU_WEIGHT_CYCLES)
        return self._processors.label.reshape(-1).take(self._register)

    @labels.setter
    def labels(self, values: ArrayLike) -> None:
        self._write(self._processors.label, "label", values, chip.LABEL_MAX)

    def _write(self, register: np.ndarray, what: str, values: ArrayLike, largest: int) -> None:
        self._work(len(self.rows) * _VECTORS * chip.PPU_WEIGHT_CYCLES)
        values = _checked(self.label, what, values, self.connection.shape, largest)
        values = np.broadcast_to(values, self.connection.shape)[self._connected]
        register.reshape(-1)[self._synapse] = values

    @property
    def causal(self) -> np.ndarray:
        """Readings of the causal sensors: uint8 (n, m), lower for more correlation."""
        return self._correlation(Trace.CAUSAL, slice(None))

    @property
    def acausal(self) -> np.ndarray:
        """Readings of the acausal sensors: uint8 (n, m), lower for more correlation."""
        return self._correlation(Trace.ACAUSAL, slice(None))

    def _correlation(self, trace: Trace, row: int | slice | np.ndarray) -> np.ndarray:
        sensor = self._sensor[row]
        self._work(len(sensor) * chip.PPU_CADC_CYCLES)
        return self._processors.correlation(trace, sensor)

    def reset_correlations(self) -> None:
        """Empty the sensors of all synapses of the handle."""
        self._work(len(self.rows) * chip.PPU_RESET_CYCLES)
        self._processors.reset_correlation(self._own)

    # --- single rows ------------------------------------------------------------------------

    def get_weights(self, i: int) -> Mod8:
        """Weights of the synapses in row ``rows[i]``, of all 256 columns."""
        self._work(_VECTORS * chip.PPU_WEIGHT_CYCLES)
        return Mod8(self._processors.weight[self.chip, self.hemisphere, self.rows[i]])

    def set_weights(self, row: Mod8, i: int) -> None:
        """Write weights of row ``rows[i]``: 256 of them, of which `connected` ones are taken.

        Raises
        ------
        ValueError
            One of these lies outside 0 to 63, or there are not 256.
        """
        self._work(_VECTORS * chip.PPU_WEIGHT_CYCLES)
        given = row.values if isinstance(row, Lanes) else np.asarray(row)
        if given.shape != (chip.COLUMNS,):
            raise ValueError(f"{self.label}: a row of shape {given.shape}; (256,) is needed")
        mine = self.columns[self.connected[i]]
        values = _checked(self.label, "weight", given[mine], mine.shape, chip.WEIGHT_MAX)
        self._processors.weight[self.chip, self.hemisphere, self.rows[i], mine] = values

    def get_causal_correlation(self, i: int) -> Mod8:
        """Readings of the causal sensors in row ``rows[i]``: 256, 0 outside of `columns`."""
        return self._row(Trace.CAUSAL, i)

    def get_acausal_correlation(self, i: int) -> Mod8:
        """Readings of the acausal sensors in row ``rows[i]``: 256, 0 outside of `columns`."""
        return self._row(Trace.ACAUSAL, i)

    def _row(self, trace: Trace, i: int) -> Mod8:
        row = Mod8(np.zeros(chip.COLUMNS, np.uint8))
        row.values[self.columns] = self._correlation(trace, slice(i, i + 1))[0]
        return row

    def get_correlation(self, i: int, reset: bool = False) -> tuple[Mod8, Mod8]:
        """Causal and acausal readings of row ``rows[i]``, which is then reset if wanted."""
        both = self.get_causal_correlation(i), self.get_acausal_correlation(i)
        if reset:
            self.reset_correlation(i)
        return both

    def reset_correlation(self, i: int) -> None:
        """Empty the sensors of row ``rows[i]``."""
        self._work(chip.PPU_RESET_CYCLES)
        self._processors.reset_correlation(self._sensor[i][self._connected[i]])

    def __repr__(self) -> str:
        return (
            f"SynapseArrayViewHandle({self.label}: {len(self.rows)} rows, {len(self.columns)} "
            f"columns of chip {self.chip}, hemisphere {self.hemisphere})"
        )


class NeuronViewHandle:
    """Neurons of one population in one hemisphere.

    Attributes
    ----------
    label : str
        Of the population.
    chip, hemisphere : int
    columns : int64 (n,)
        Of the first circuit of each neuron.
    cells : int64 (n,)
        Their positions in the population.
    neuron : int64 (n,)
        Their numbers in the network, as in ``SynapseArrayViewHandle.presynaptic``.
    """

    def __init__(
        self,
        processors: Processors,
        label: str,
        chip: int,
        hemisphere: int,
        columns: np.ndarray,
        cells: np.ndarray,
        neuron: np.ndarray,
        circuits: list[np.ndarray],
    ) -> None:
        self._processors, self.label = processors, label
        self.chip, self.hemisphere = chip, hemisphere
        self.columns, self.cells, self.neuron = columns, cells, neuron
        self._circuits = circuits

    def _work(self, cycles: int) -> None:
        self._processors.cycles[self.chip, self.hemisphere] += cycles

    def _row(self, values: np.ndarray) -> Mod8:
        row = Mod8(np.zeros(chip.COLUMNS, np.uint8))
        row.values[self.columns] = values
        return row

    def counters(self, reset: bool = True) -> np.ndarray:
        """Spikes of each neuron since its counter was last reset: uint8 (n,), at most 255."""
        self._work(chip.PPU_COUNTER_CYCLES)
        return self._processors.rate_counters(self.neuron, reset)

    def get_rate_counters(self, reset: bool = True) -> Mod8:
        """As `counters`, in a row of 256 columns."""
        return self._row(self.counters(reset))

    def get_rate_counter(self, i: int, reset: bool = True) -> int:
        """The counter of neuron number `i` of the handle."""
        self._work(chip.PPU_COUNTER_CYCLES // chip.COLUMNS + 1)
        return int(self._processors.rate_counters(self.neuron[[i]], reset)[0])

    @property
    def membranes(self) -> np.ndarray:
        """What the column converters read of the membranes: uint8 (n,), LSB.

        Raises
        ------
        RuntimeError
            On this chip model membranes have no voltage that a converter could read.
        """
        self._work(chip.PPU_CADC_CYCLES)
        if self._processors.membranes is None:
            raise RuntimeError(
                f"{self.label}: membranes have no voltages where parameters='exact'; use a chip "
                "with parameters='10bit', such as 'quantized'"
            )
        return self._processors.membranes(self.neuron)

    def get_analog_readouts(self) -> Mod8:
        """As `membranes`, in a row of 256 columns."""
        return self._row(self.membranes)

    def get_analog(self, name: str) -> np.ndarray:
        """Codes of an analog parameter of each neuron's first circuit: uint16 (n,).

        Parameters
        ----------
        name : str
            Of `AnalogParameter`, such as ``"V_THRESHOLD"``.
        """
        self._work(len(self.columns) * chip.PPU_ANALOG_CYCLES)
        first = np.array([c[0] for c in self._circuits], np.int64)
        return self._processors.analog[self.chip, first, AnalogParameter[name]].copy()

    def set_analog(self, name: str, codes: ArrayLike) -> None:
        """Write an analog parameter of the neurons, the same to all circuits of one.

        Parameters
        ----------
        name : str
        codes : int (n,) or int, 0 to 1022
        """
        self._work(sum(map(len, self._circuits)) * chip.PPU_ANALOG_CYCLES)
        shape = self.columns.shape
        codes = np.broadcast_to(_checked(self.label, name, codes, shape, chip.ANALOG_MAX), shape)
        circuit = np.concatenate([np.empty(0, np.int64), *self._circuits])
        codes = np.repeat(codes, [len(c) for c in self._circuits])
        self._processors.analog[self.chip, circuit, AnalogParameter[name]] = codes

    def __repr__(self) -> str:
        return (
            f"NeuronViewHandle({self.label}: {len(self.columns)} neurons of chip {self.chip}, "
            f"hemisphere {self.hemisphere})"
        )
