"""What a run records: spikes, and samples of state variables."""

from libc.stdint cimport int32_t, int64_t

from pynn_bss2sim._core.native cimport bss_neurons
from pynn_bss2sim._core.pointers cimport (
    const_int64s,
    doubles,
    int32s,
    int64s,
    octets,
    uint64s,
)

import numpy as np

from pynn_bss2sim._core.checks import probe_columns


cdef class Probes:
    """What is sampled: `probes` of `n` neurons, checked."""

    def __cinit__(self, probes, n):
        self.variables, self.intervals, self.offsets, self.columns = probe_columns(probes, n)
        self.n, self.sizes = len(self.variables), np.diff(self.offsets)
        self.variable, self.interval = const_int64s(self.variables), const_int64s(self.intervals)
        self.start, self.column = const_int64s(self.offsets), const_int64s(self.columns)


cdef class Recording:
    """Growing columns of spikes, and a table of samples for each probe.

    The tables have their final size from the start: the number of steps is known.

    Parameters
    ----------
    probes : Probes
    mask : uint8 (n,)
        Neurons whose spikes are recorded.
    start, stop : int
        The run.
    """

    def __cinit__(self, Probes probes not None, mask, start, stop):
        self.probes, self.start, self.masked = probes, start, mask
        self.mask = octets(mask)
        self.steps, self.neurons = np.empty(0, np.int64), np.empty(0, np.int32)
        self.make_room(max(4 * len(mask), 256))
        if probes.n:
            self._lay_out(probes, start, stop)

    def _lay_out(self, Probes probes not None, start, stop):
        """Make room for the samples."""
        cdef int64_t p
        rows = stop // probes.intervals - start // probes.intervals
        self.tables = [np.empty((m, k)) for m, k in zip(rows, probes.sizes)]
        self.places = np.zeros(probes.n, np.uintp)
        self.next_row = <double **>uint64s(self.places)
        for p in range(probes.n):
            self.next_row[p] = doubles(self.tables[p])

    def make_room(self, more):
        """Make room for at least so many more spikes. Runs no Python: see pointers.pxd."""
        count = self.spike_count
        size = max(2 * len(self.steps), count + more)
        steps, neurons = np.empty(size, np.int64), np.empty(size, np.int32)
        steps[:count], neurons[:count] = self.steps[:count], self.neurons[:count]
        self.steps, self.neurons, self.room = steps, neurons, size
        self.spike_step, self.spike_neuron = int64s(steps), int32s(neurons)

    cdef void spikes(self, int64_t step, const int32_t *neuron, int64_t count) noexcept nogil:
        """Record the spikes of one step; there must be room."""
        cdef int64_t k
        for k in range(count):
            if self.mask[neuron[k]]:
                self.spike_step[self.spike_count] = step
                self.spike_neuron[self.spike_count] = neuron[k]
                self.spike_count += 1

    cdef void sample(self, int64_t step, int64_t s, const bss_neurons *state) noexcept nogil:
        """Append a row to the samples of each probe that is due, of step `s` of the block."""
        cdef const double *values
        cdef double *to
        cdef int64_t p, k
        for p in range(self.probes.n):
            if step % self.probes.interval[p]:
                continue
            values = self._values(self.probes.variable[p], s, state)
            to = self.next_row[p]
            for k in range(self.probes.start[p], self.probes.start[p + 1]):
                to[0] = values[self.probes.column[k]]
                to += 1
            self.next_row[p] = to

    cdef const double *_values(self, int64_t variable, int64_t s,
                               const bss_neurons *state) noexcept nogil:
        """A variable of all neurons after step `s` of the block."""
        if state.n_steps > 1:
            return state.kept[variable] + s * state.n
        if variable == 0:
            return state.v
        if variable == 1:
            return state.w
        return state.line + (variable - 2) * state.n

    def collect(self, step):
        """Spike steps, spike neurons and samples up to `step`. Runs no Python: see pointers.pxd."""
        return (self.steps[:self.spike_count].copy(), self.neurons[:self.spike_count].copy(),
                self._collected_samples(step) if self.probes.n else [])

    def _collected_samples(self, step):
        rows = step // self.probes.intervals - self.start // self.probes.intervals
        return [table[:m] for table, m in zip(self.tables, rows)]
