"""The compiled engine: one hot loop over time steps, without Python and without the GIL.

One step, from state n to state n + 1 (reference.py follows the same order):

1. currents that change at step n take their new value (inputs.pyx);
2. external inputs that spike at step n put their synapses' amplitudes on the ring, those with
   short-term plasticity what they then release (plasticity.h, or of drivers driver_pulses.h, at the
   drivers where these are behind links); where links limit events, spikes
   enter their queues instead, and all events that come to a link before step n + 1 move on, some
   of them to the ring (delivery.h, event_queue.h);
3. every block of neurons is integrated to n + 1 by its kernel, which then applies the refractory
   hold (kernels_impl.h); what arrives at n + 1 is added to the lines (block.h);
4. neurons at or above threshold, in ascending order, spike: they are reset, held (block.h), and put
   their amplitudes on the ring (delivery.h);
5. synapses with spike-timing dependent plasticity see the spikes of step n + 1, or earlier ones
   whose delay ends now, of targets, then of sources, which puts their weight on the ring
   (spike_pairs.h); those of external inputs that they see at once follow in phase 2;
6. probes due at n + 1 take their samples (recording.pyx).

As many steps as nothing under way can hurry are taken at once: phases 3 and 4 neuron by neuron up
to the reset (block.h), then for each of the steps all that remains, in the order above.

The classes trust nobody: whatever index could lead outside an array is checked when it enters, by
plain Python (checks.py), because here bounds checks and negative indices are switched off
(setup.py).
"""

from cpython.exc cimport PyErr_CheckSignals
from libc.stdint cimport int32_t, int64_t

from pynn_bss2sim._core.delivery cimport Delivery
from pynn_bss2sim._core.inputs cimport Inputs
from pynn_bss2sim._core.native cimport (
    BSS_BLOCK,
    BSS_MAX_THREADS,
    bss_crew,
    bss_deliver,
    bss_deliver_spikes,
    bss_end_of,
    bss_lacks_memory,
    bss_neurons,
    bss_pass_links,
    bss_spikes_of,
    bss_start,
    bss_stop,
)
from pynn_bss2sim._core.neurons cimport Neurons
from pynn_bss2sim._core.pair_synapses cimport PairSynapses
from pynn_bss2sim._core.recording cimport Probes, Recording

import time

import numpy as np

from pynn_bss2sim._core.instruction_sets import (
    BUILD,
    INSTRUCTION_SETS,
    available_instruction_sets,
    exp_array,
    tile_columns,
)

__all__ = ["BUILD", "Engine", "INSTRUCTION_SETS", "MAX_THREADS", "available_instruction_sets",
           "exp_array", "tile_columns"]

#: Most threads of one engine.
MAX_THREADS = BSS_MAX_THREADS

# What run_chunk reports.
cdef enum:
    CHUNK_DONE = 0
    CHUNK_SPIKES_FULL = 1
    CHUNK_NO_MEMORY = 2
    CHUNK_LOG_FULL = 3

# Wall-clock time (s) between two looks for Ctrl-C, and most steps between them: kernels count them
# in float.
cdef double CHUNK_SECONDS = 0.02
cdef int64_t CHUNK_STEPS = 1 << 22


cdef class Engine:
    """Integrates a plan.

    Parameters
    ----------
    plan : Plan
    routes : Routes
    probes : sequence of Probe
    spike_mask : bool (n,), optional
        Neurons whose spikes are reported; by default all.
    instruction_set : str, optional
        One of `available_instruction_sets`; by default the best. It changes no result.
    noise_seed : int, optional
    releases : Releases, optional
        Synapses with short-term plasticity.
    pairs : PairPlan, optional
        Synapses with spike-timing dependent plasticity; they stand in no row of `routes`.
    threads : int, optional
        Threads that integrate neurons, 1 to 64; where the system has none, one does it all. It
        changes no result.
    pulses : PulsePlan, optional
        Synapses whose drivers have short-term plasticity.

    Raises
    ------
    ValueError
        If an array has the wrong shape or an index leads outside.
    """

    cdef readonly int64_t step
    cdef readonly object interruption
    cdef Neurons neurons
    cdef Delivery delivery
    cdef PairSynapses pairs
    cdef Probes probes
    cdef object spike_mask
    cdef int64_t longest_block

    def __cinit__(self, plan, routes, probes=(), spike_mask=None, instruction_set=None,
                  noise_seed=0, releases=None, pairs=None, pulses=None, threads=1):
        n = len(plan)
        self.neurons = Neurons(plan, instruction_set, noise_seed, threads)
        self.delivery = Delivery(n, self.neurons.pieces, self.neurons.in_floats, routes, releases,
                                 pulses, pairs is None)
        self.neurons.await_from(self.delivery)
        self.longest_block = min(self.delivery.notice, BSS_BLOCK)
        if pairs is not None:
            self.pairs = PairSynapses(pairs, self.delivery, self.neurons)
            self.longest_block = 1
        self.probes = Probes(probes, n)
        self.neurons.keep_for(zip(self.probes.variables, self.probes.intervals))
        mask = np.ones(n, np.uint8) if spike_mask is None else spike_mask
        mask = np.array(mask, dtype=np.bool_, copy=True).astype(np.uint8)
        if mask.shape != (n,):
            raise ValueError(f"spike_mask: shape {mask.shape} where ({n},) is needed")
        self.spike_mask = mask

    @property
    def n(self):
        """Number of neurons."""
        return self.neurons.n

    @property
    def n_sources(self):
        """Number of neurons and external sources."""
        return self.delivery.n_sources

    @property
    def depth(self):
        """Slots of the ring."""
        return self.delivery.record.depth

    @property
    def substeps(self):
        """Steps of the integration within a time step, where it is not exact."""
        return self.neurons.substeps

    @property
    def threads(self):
        """Threads that integrate neurons."""
        return self.neurons.threads

    @property
    def trial(self):
        """Number of the present trial."""
        return self.neurons.trial

    @property
    def instruction_set(self):
        """Name of the instruction set of the kernels."""
        return self.neurons.instruction_set

    def exchange_amplitudes(self, amplitude):
        """Give the synapses other amplitudes: float64 (n_synapses,)."""
        self.delivery.exchange_amplitudes(amplitude, self.step)

    def get_weights(self):
        """Present weights of the synapses with spike-timing dependent plasticity: float64 (n,)."""
        return self.pairs.get_weights()

    def set_weights(self, weights):
        """Replace these weights."""
        self.pairs.set_weights(weights)

    # -- state ------------------------------------------------------------------------------

    def export_state(self):
        """Copies of the state: dict with step, v, w, line (2, n), hold, silent, under_way,
        trial, thresh_shift, leak_shift.

        ``under_way[k]`` is what arrives on each line at ``step + k``, shape (depth, 2, n). Where
        links limit events, also link_busy and events; see `state.EmulatorState`.
        """
        pairs = None if self.pairs is None else self.pairs.export(self.step)
        return ({"step": self.step, "pairs": pairs} | self.neurons.export(self.step)
                | self.delivery.export(self.step))

    def variables(self):
        """Present v, w, line 0 and line 1: views (n,) through which they are changed, too."""
        n = self.neurons.n
        return self.neurons.v, self.neurons.w, self.neurons.line[:n], self.neurons.line[n:]

    def import_state(self, state):
        """Take a state as `export_state` gives it, for the same n and depth."""
        step = int(state["step"])
        if not 0 <= step < 2**62:
            raise ValueError(f"state.step: must lie in [0, 2**62), is {step}")
        neurons = self.neurons.checked_state(state)
        delivery = self.delivery.checked_state(state, step)
        if self.pairs is not None:
            self.pairs.take_state(self.pairs.checked_state(state), step)
        self.neurons.take_state(neurons, step)
        self.delivery.take_state(delivery, step)
        self.step = step

    def restart(self, trial, thresh_shift, leak_shift, plastic):
        """Begin a trial at step 0: membranes at their leak potential, nothing under way.

        Parameters
        ----------
        trial : int
        thresh_shift, leak_shift : float64 (n,)
            As in the state.
        plastic : dict
            The part of the state that belongs to plastic synapses: release, release_age, pairs,
            pulse, pulse_age, pulse_number.
        """
        trial = self.neurons.checked_trial(trial)
        shifts = self.neurons.checked_shifts(thresh_shift, leak_shift)
        checked = self.delivery.checked_plastic(plastic, 0)
        if self.pairs is not None:
            self.pairs.take_state(self.pairs.checked_state(plastic), 0)
        self.neurons.restart(trial, shifts)
        self.delivery.restart(checked)
        self.step = 0

    def settle(self):
        """Let all events that are at links arrive, as if no others came behind them."""
        self.delivery.settle(self.step)

    def take_traffic(self):
        """Counters of the links since they were last taken: int64 (5, n_links).

        Events, delayed, dropped, sum of waits, longest wait; see `links.Traffic`.
        """
        links = self.delivery.links
        return np.zeros((5, 0), np.int64) if links is None else links.take_traffic()

    # -- running ----------------------------------------------------------------------------

    def run(self, n_steps, events, currents):
        """Integrate `n_steps` steps, or until Ctrl-C.

        Parameters
        ----------
        n_steps : int
        events : InputEvents
            With steps in [step, step + n_steps).
        currents : CurrentInputs
            With changes in [step, step + n_steps).

        Returns
        -------
        status : int
            See `records.Status`; after an interruption `interruption` holds the exception that
            the signal handler raised.
        culprit : int
        spike_step : int64 (k,)
        spike_neuron : int32 (k,)
        samples : list of float64 (rows, columns)
        """
        cdef int64_t stop = self.step + max(0, int(n_steps))
        cdef Inputs inputs = Inputs(events, currents, self.n, self.n_sources - self.n, self.step,
                                    stop)
        cdef Recording recording = Recording(self.probes, self.spike_mask, self.step, stop)
        if self.delivery.links is not None:
            self.delivery.links.check_span(stop - self.step)
            self.delivery.links.restart_clock(self.step)
        self.interruption = None
        inputs.apply(self.neurons)
        bss_start(&self.neurons.crew)
        try:
            status, culprit = self._advance(stop, inputs, recording)
        finally:
            bss_stop(&self.neurons.crew)
        return (status, culprit, *recording.collect(self.step))

    def _advance(self, int64_t stop, Inputs inputs not None, Recording recording not None):
        """Integrate until `stop` in chunks, between which Ctrl-C is noticed: status, culprit."""
        cdef int64_t chunk, done, code, culprit = -1
        cdef double began, took
        status = 0
        chunk = BSS_BLOCK
        while self.step < stop:
            done = self.step
            began = time.perf_counter()
            with nogil:
                code = self._run_chunk(min(stop, self.step + chunk), inputs, recording)
                self.neurons.put()
                culprit = self.neurons.first_non_finite()
            took = time.perf_counter() - began
            if code == CHUNK_SPIKES_FULL:
                recording.make_room(self.n * self.longest_block)
            elif code == CHUNK_LOG_FULL:
                self.pairs.grow_log(inputs.n_due(self.step))
            self.delivery.check_memory()
            if culprit >= 0:
                status = 2
                break
            try:
                PyErr_CheckSignals()
            except BaseException as error:
                self.interruption = error
                status = 1
                break
            if took < 0.5 * CHUNK_SECONDS and self.step - done == chunk < CHUNK_STEPS:
                chunk *= 2
            elif took > CHUNK_SECONDS and chunk > 1:
                chunk //= 2
        return status, culprit

    cdef int _run_chunk(self, int64_t stop, Inputs inputs, Recording recording) noexcept nogil:
        """Steps until `stop`, or until there is no room for the spikes of one more block."""
        cdef const bss_neurons *block = &self.neurons.crew.neurons
        cdef int64_t s, n_steps
        while self.step < stop:
            inputs.change_currents(self.step, self.neurons)
            n_steps = min(self.longest_block, inputs.next_change(stop) - self.step)
            if recording.room - recording.spike_count < block.n * n_steps:
                return CHUNK_SPIKES_FULL
            if self.pairs is not None and not self.pairs.has_room(inputs.n_due(self.step)):
                return CHUNK_LOG_FULL
            self._deliver_inputs(inputs)
            # who samples or changes single steps does it in the arrays
            self.neurons.integrate(self.step, n_steps, n_steps == 1)
            for s in range(n_steps):
                if s:
                    self._deliver_inputs(inputs)
                self.step += 1
                self._deliver_spikes(s, recording)
                if self.pairs is not None:
                    self.pairs.see(self.step)
                if recording.probes.n:
                    recording.sample(self.step, s, block)
            if bss_lacks_memory(&self.delivery.record):
                return CHUNK_NO_MEMORY
        return CHUNK_DONE

    cdef void _deliver_inputs(self, Inputs inputs) noexcept nogil:
        """Deliver external events of the present step, and pass those at links on."""
        cdef int64_t source
        while inputs.event < inputs.n_events and inputs.event_step[inputs.event] <= self.step:
            source = self.neurons.n + inputs.event_source[inputs.event]
            bss_deliver(&self.delivery.record, source, self.step)
            if self.pairs is not None:
                self.pairs.note(self.step, source)
            inputs.event += 1
        if self.pairs is not None:
            self.pairs.see_inputs(self.step)
        if self.delivery.record.links != NULL:
            bss_pass_links(&self.delivery.record,
                           bss_end_of(self.delivery.record.links, self.step), self.step)

    cdef void _deliver_spikes(self, int64_t s, Recording recording) noexcept nogil:
        """Record and deliver the spikes of step `s` of the block, which has just become present."""
        cdef const bss_crew *crew = &self.neurons.crew
        cdef int64_t j, k, count
        cdef const int32_t *neuron
        for k in range(crew.n_shares):
            count = crew.shares[k].count[s]
            neuron = bss_spikes_of(&crew.neurons, &crew.shares[k], s)
            bss_deliver_spikes(&self.delivery.record, neuron, count, self.step)
            if self.pairs is not None:
                for j in range(count):
                    self.pairs.note(self.step, neuron[j])
            recording.spikes(self.step, neuron, count)
