"""Pairs of events and spikes for the correlation sensors; see correlation.py.

What happens is walked through in the order of time. A spike meets the last event of the line of
each synapse of its neuron, an event the last spike of the neuron of each synapse on its line. What
happens in one step is remembered only when all of that step has met its partners. What a pair adds
is computed for many of them together.
"""

from libc.stdint cimport int64_t, uint8_t

__all__ = ["pair"]

cdef extern from *:
    """
    #define BSS_NAME(name) bss_##name##_pairs
    #include "exponential.h"
    """
    double bss_exp_pairs(double x) noexcept nogil

cdef enum:
    BLOCK = 1024

# adding and subtracting it rounds to an integer
cdef double MAGIC = 6755399441055744.0


cdef struct Pairs:
    int64_t count
    int64_t synapse[BLOCK]
    double exponent[BLOCK]


cdef void add_up(Pairs *pairs, const double *amplitude, double *total, double grid) noexcept nogil:
    cdef int64_t k, s
    cdef double value[BLOCK]
    for k in range(pairs.count):
        value[k] = bss_exp_pairs(pairs.exponent[k])
    for k in range(pairs.count):
        s = pairs.synapse[k]
        total[s] += (((amplitude[s] * value[k]) / grid + MAGIC) - MAGIC) * grid
    pairs.count = 0


def pair(const int64_t[::1] step, const int64_t[::1] owner, const uint8_t[::1] is_spike,
         lines, neurons, int64_t[::1] last_event, int64_t[::1] last_post,
         const double[:, ::1] tau, const double[:, ::1] amplitude, double[:, ::1] total,
         double reach, double grid):
    """Add what all pairs make to the sums of the sensors.

    Parameters
    ----------
    step : int64 (k,), ascending
    owner : int64 (k,)
        Line of an event, neuron of a spike; no two of a kind in one step.
    is_spike : uint8 (k,)
    lines, neurons : tuple of int64 arrays
        Synapses by line, and by neuron: of each synapse, offsets, synapses.
    last_event, last_post : int64 (n_lines,), int64 (n_neurons,)
        When it last happened; changed.
    tau, amplitude, total : float64 (2, n)
        Causal, acausal: time constant (steps), size of a pair, sums; the last are changed.
    reach : float
        Pairs farther apart than so many time constants add nothing.
    grid : float
        What a pair adds is rounded to multiples of it.
    """
    cdef const int64_t[::1] line_of = lines[0], line_start = lines[1], on_line = lines[2]
    cdef const int64_t[::1] neuron_of = neurons[0], neuron_start = neurons[1]
    cdef const int64_t[::1] of_neuron = neurons[2]
    cdef int64_t i = 0, j, m, s, other, since, now, n = step.shape[0]
    cdef Pairs causal, acausal
    causal.count = acausal.count = 0
    if not n or not total.shape[1]:
        return
    with nogil:
        while i < n:
            now = step[i]
            j = i
            while j < n and step[j] == now:
                if is_spike[j]:
                    since = last_post[owner[j]]
                    for m in range(neuron_start[owner[j]], neuron_start[owner[j] + 1]):
                        s = of_neuron[m]
                        if line_of[s] < 0:
                            continue
                        other = last_event[line_of[s]]
                        if other > since and now - other <= reach * tau[0, s]:
                            causal.synapse[causal.count] = s
                            causal.exponent[causal.count] = -(now - other) / tau[0, s]
                            causal.count += 1
                            if causal.count == BLOCK:
                                add_up(&causal, &amplitude[0, 0], &total[0, 0], grid)
                else:
                    since = last_event[owner[j]]
                    for m in range(line_start[owner[j]], line_start[owner[j] + 1]):
                        s = on_line[m]
                        if neuron_of[s] < 0:
                            continue
                        other = last_post[neuron_of[s]]
                        if other > since and now - other <= reach * tau[1, s]:
                            acausal.synapse[acausal.count] = s
                            acausal.exponent[acausal.count] = -(now - other) / tau[1, s]
                            acausal.count += 1
                            if acausal.count == BLOCK:
                                add_up(&acausal, &amplitude[1, 0], &total[1, 0], grid)
                j += 1
            while i < j:
                if is_spike[i]:
                    last_post[owner[i]] = now
                else:
                    last_event[owner[i]] = now
                i += 1
        add_up(&causal, &amplitude[0, 0], &total[0, 0], grid)
        add_up(&acausal, &amplitude[1, 0], &total[1, 0], grid)
