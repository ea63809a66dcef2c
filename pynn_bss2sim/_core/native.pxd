"""Declarations of the C headers."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint64_t


cdef extern from "kernels.h" nogil:
    enum:
        BSS_TILE
        BSS_CUBA_LIF
        BSS_N_KINDS
        BSS_IDEAL
        BSS_SINGLE
        BSS_NOISY
        BSS_N_MODES
    ctypedef struct bss_cells:
        double *v
        double *w
        double *line0
        double *line1
        double *hold
        const double *drive
    ctypedef union bss_columns:
        const void **at
    ctypedef struct bss_neurons
    ctypedef struct bss_singles:
        float *u
    ctypedef struct bss_lines:
        pass
    ctypedef struct bss_spiking:
        pass
    ctypedef struct bss_part
    ctypedef struct bss_share
    ctypedef void (*bss_kernel)(const bss_neurons *all, const bss_part *part, bss_share *share)
    ctypedef struct bss_tile:
        pass
    ctypedef struct bss_part:
        int64_t number, first, n, block, behind, mode, substeps
        bss_kernel kernel
        bss_columns columns
        int64_t *stride
        bss_cells cells
        const bss_spiking *spiking
        int64_t apart
        bss_singles *singles
        bss_lines *lines
        bss_tile *tiles
        int64_t alike
    ctypedef const bss_kernel (*bss_kernel_table)[BSS_N_KINDS]
    bss_kernel_table bss_kernels_for(int isa)
    ctypedef struct bss_pair_term:
        pass
    ctypedef struct bss_pair_batch:
        int64_t n
    enum:
        BSS_PAIR_KINDS
    ctypedef void (*bss_pair_change)(int kind, const bss_pair_batch *batch,
                                     const bss_pair_term *terms, int64_t step, double *weight)
    bss_pair_change bss_pair_change_for(int isa)
    const char *bss_column(int kind, int mode, int k)
    void bss_exp_array(int64_t n, const double *x, double *y)


cdef extern from "event_queue.h" nogil:
    ctypedef struct bss_bunch:
        pass
    ctypedef struct bss_hop:
        pass
    ctypedef struct bss_event:
        int64_t time, order, emitted
        const bss_hop *hop
    ctypedef struct bss_present:
        pass
    ctypedef struct bss_roots:
        pass
    ctypedef struct bss_link:
        pass
    ctypedef struct bss_event_queue:
        int64_t step, clock
        const bss_hop *hops
        const int32_t *number
        const bss_roots *roots
        int64_t at_once
        bss_link *links
        int64_t sent
        bss_present *row
        bss_present *first
        bss_present *last
        bss_event *heap
        int64_t count
        int64_t out_of_memory
    void bss_send(bss_event_queue *q, int64_t when, int64_t emitted, const bss_hop *hop)
    int64_t bss_end_of(const bss_event_queue *q, int64_t step)
    void bss_restart_clock(bss_event_queue *q, int64_t n_links, int64_t clock)


cdef extern from "plasticity.h" nogil:
    ctypedef struct bss_releases:
        const int64_t *indptr
        const double *use
        const double *rate_rec
        const double *rate_facil
        const double *rate_psc
        const int64_t *member_indptr
        const int64_t *member
        const double *amplitude
        double *u
        double *x
        double *y
        int64_t *last


cdef extern from "driver_pulses.h" nogil:
    ctypedef struct bss_pulses:
        const int64_t *indptr
        const int64_t *state
        const int64_t *member_indptr
        const int64_t *member
        const double *amplitude
        const double *use
        const double *rate
        const double *charged
        const double *recovered
        double *pulse
        int64_t *last


cdef extern from "delivery.h" nogil:
    enum:
        BSS_LANE
        BSS_STRIDE
    ctypedef struct bss_waiting:
        pass
    ctypedef struct bss_list:
        bss_waiting *first
        int32_t count
    ctypedef struct bss_departure:
        pass
    ctypedef struct bss_delivery:
        int64_t n, depth, n_lanes, lane_bits, width
        double *amplitude
        const float *float_amplitude
        const bss_bunch *bunches
        const int32_t *first_bunch
        int64_t n_shares
        bss_departure *departures
        int64_t n_departures
        int64_t waits, n_lists, list_bits
        bss_list *lists
        const uint16_t *target
        const uint16_t *behind
        int64_t out_of_memory
        double *ring
        uint64_t *marks
        const uint8_t *in_floats
        int64_t ring_end
        const int32_t *reach
        bss_releases *releases
        bss_pulses *pulses
        bss_event_queue *links
    void bss_put(bss_delivery *d, int64_t slot, int64_t reach, double amplitude)
    void bss_deliver(bss_delivery *d, int64_t source, int64_t step)
    void bss_deliver_spikes(bss_delivery *d, const int32_t *neuron, int64_t n, int64_t step)
    void bss_pass_links(bss_delivery *d, int64_t until, int64_t step)
    bint bss_lacks_memory(const bss_delivery *d)
    void bss_put_on_ring(bss_delivery *d, int64_t step)


cdef extern from "block.h" nogil:
    enum:
        BSS_BLOCK
        BSS_LINES
        BSS_CELLS
        BSS_N_VARIABLES
    ctypedef struct bss_noise:
        const float *table
        uint64_t mask, key
    ctypedef struct bss_neurons:
        int64_t n
        double *v
        double *w
        double *line
        double *hold
        double *silent_until
        int64_t any_silent
        double *thresh_shift
        double *tiles
        const int64_t *thresh_place
        uint64_t thresh_key
        bss_noise noise
        bss_delivery *delivery
        double **kept
        int64_t *keep_every
        int64_t any_kept
        int32_t *spikes
        int64_t step, n_steps, takes, puts, base
    void bss_lay_tiles(bss_part *part, int64_t n_columns)
    ctypedef struct bss_share:
        int64_t number
        bss_part *parts
        int64_t n_parts, first
        int64_t *count
        double *cells
        float *floats


cdef extern from "share.h" nogil:
    const int32_t *bss_spikes_of(const bss_neurons *all, const bss_share *share, int64_t s)


cdef extern from "workers.h" nogil:
    enum:
        BSS_MAX_THREADS
    ctypedef struct bss_crew:
        bss_share *shares
        bss_neurons neurons
        int64_t n_shares
    void bss_start(bss_crew *crew)
    void bss_stop(bss_crew *crew)
    void bss_integrate(bss_crew *crew)


cdef extern from "spike_pairs.h" nogil:
    ctypedef struct bss_pair_run:
        int32_t first, last, kind, common
    ctypedef struct bss_pair_entry:
        int32_t synapse, partner
    ctypedef struct bss_pair_line:
        int32_t first_run, last_run, first_trace, last_trace
    ctypedef struct bss_pair_side:
        int64_t n_traces
        const double *rate
        const int64_t *epoch
        double *trace
        const bss_pair_line *line
        const bss_pair_run *run
        const bss_pair_entry *entry
        const int32_t *rule
        const double *partner_trace
        const bss_pair_term *terms
    ctypedef struct bss_pairs:
        bss_pair_side row, column
        double *weight
        int64_t *fresh
        int64_t n_fresh
        int64_t *waiting
        int64_t n_waiting, collection
        int64_t *collected
        int64_t shortest_epoch
        bss_pair_batch *batch
        bss_pair_change change
    void bss_pair_begin(bss_pairs *p, int64_t step)
    void bss_pair_flush(bss_pairs *p, const bss_pair_side *side, int64_t step)
    void bss_pair_post(bss_pairs *p, int64_t at, int64_t step)
    int bss_pair_waits(const bss_pairs *p, int64_t at)
    void bss_pair_pre(bss_pairs *p, int64_t at, int64_t step)
    int64_t bss_pair_pass(bss_pairs *p, int64_t step)
