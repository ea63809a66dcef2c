"""What comes from outside during a run: events of external sources, and injected currents."""

from libc.stdint cimport int64_t
from libc.string cimport memcpy

from pynn_bss2sim._core.neurons cimport Neurons
from pynn_bss2sim._core.pointers cimport const_doubles, const_int32s, const_int64s, doubles

import numpy as np

from pynn_bss2sim._core.checks import checked_floats, checked_index, checked_offsets


cdef class Inputs:
    """Where a run stands in its events and changes of currents.

    Parameters
    ----------
    events : InputEvents
    currents : CurrentInputs
    n, n_external : int
        Neurons and external sources.
    start, stop : int
        The run; the steps of all events and changes lie in [start, stop).
    """

    def __cinit__(self, events, currents, n, n_external, start, stop):
        self.arrays = []
        if len(events.step):
            self._take_events(events, n_external, start, stop)
        if len(currents.initial) or len(currents.change_step):
            self._take_currents(currents, n, start, stop)

    def _take_events(self, events, n_external, start, stop):
        step = checked_index("events.step", events.step, start, stop, np.int64)
        source = checked_index("events.source", events.source, 0, n_external, np.int32)
        if len(source) != len(step) or (np.diff(step) < 0).any():
            raise ValueError("events: steps must ascend, one source for each")
        self.arrays += step, source
        self.n_events = len(step)
        self.event_step, self.event_source = const_int64s(step), const_int32s(source)

    def _take_currents(self, currents, n, start, stop):
        value = np.array(currents.initial, dtype=np.float64, copy=True)
        if value.ndim != 1:
            raise ValueError("currents.initial: must have one dimension")
        target = checked_index("currents.target", currents.target, 0, n, np.int32)
        gain = checked_floats("currents.gain", currents.gain, target.shape)
        indptr = checked_offsets("currents.indptr", currents.indptr, len(target))
        if len(indptr) != len(value) + 1:
            raise ValueError("currents.indptr: one entry more than sources is needed")
        step = checked_index("currents.change_step", currents.change_step, start, stop, np.int64)
        source = checked_index("currents.change_source", currents.change_source, 0, len(value),
                               np.int32)
        changed = checked_floats("currents.change_value", currents.change_value, step.shape)
        if len(source) != len(step) or (np.diff(step) < 0).any():
            raise ValueError("currents: steps must ascend, one source for each")
        self.arrays += value, target, gain, indptr, step, source, changed
        self.n_changes, self.n_currents = len(step), len(value)
        self.change_step, self.change_source = const_int64s(step), const_int32s(source)
        self.change_value, self.value = const_doubles(changed), doubles(value)
        self.indptr, self.target = const_int64s(indptr), const_int32s(target)
        self.gain = const_doubles(gain)

    cdef int64_t n_due(self, int64_t step) noexcept nogil:
        """Number of events that are due at `step`."""
        cdef int64_t k = self.event
        while k < self.n_events and self.event_step[k] <= step:
            k += 1
        return k - self.event

    cdef int64_t next_change(self, int64_t stop) noexcept nogil:
        """Step of the next change of a current, at most `stop`."""
        if self.change < self.n_changes and self.change_step[self.change] < stop:
            return self.change_step[self.change]
        return stop

    cdef void change_currents(self, int64_t step, Neurons neurons) noexcept nogil:
        """Let currents that change at `step` take their new value."""
        cdef int64_t before = self.change
        while self.change < self.n_changes and self.change_step[self.change] <= step:
            self.value[self.change_source[self.change]] = self.change_value[self.change]
            self.change += 1
        if self.change > before:
            self.apply(neurons)

    cdef void apply(self, Neurons neurons) noexcept nogil:
        """Offset current plus all injected currents of every neuron, in source order."""
        cdef int64_t source, k, i
        neurons.put()
        memcpy(neurons.drive, neurons.i_offset, neurons.n * sizeof(double))
        for source in range(self.n_currents):
            for k in range(self.indptr[source], self.indptr[source + 1]):
                neurons.drive[self.target[k]] += self.value[source] * self.gain[k]
        for i in range(neurons.n):
            neurons.drive[i] *= neurons.drive_gain[i]
