/* From spikes to the lines of their targets: what is under way, and what events do before it. The
 * twin is reference.py.
 *
 * A lane is a line of the neurons of one piece (tiles.py). Synapses of one row that add to one lane
 * in one step are a bunch: it waits for its step in a list of the lane, and only then its amplitudes
 * are read and added up, in cells that all lanes of a thread share. So what many neurons await needs
 * little memory near the processor, and each thread adds up what its own neurons await.
 *
 * Amplitudes that plasticity draws anew for each event cannot wait: they are put at once on a ring,
 * which has a slot of cells of all lanes for each step of delay. There is also what was under way
 * when a state was taken, or when synapses were given other amplitudes.
 *
 * A mark tells of the cells of each tile whether something was added to them.
 */
#ifndef BSS2SIM_DELIVERY_H
#define BSS2SIM_DELIVERY_H

#include "driver_pulses.h"
#include "event_queue.h"
#include "plasticity.h"

enum {
    BSS_LANE = BSS_TILE * 16, /* most cells of a lane; marks of its tiles fit into a word */
    BSS_STRIDE = 4            /* synapses of a bunch that waits are a multiple of it */
};

/* A bunch that waits. */
typedef struct {
    int32_t begin, end;
    uint64_t marks;
} bss_waiting;

typedef struct {
    bss_waiting *first;
    int32_t count, room;
} bss_list;

/* Cells of a lane with what arrives there in a step. */
typedef struct {
    double *cells;
    uint64_t marks;
} bss_arrivals;

typedef struct {
    int64_t n, depth, n_lanes;  /* neurons, slots */
    int64_t lane_bits, width;   /* logarithm of the cells of a lane; cells of a slot */
    double *amplitude;          /* of each synapse */
    /* bunches of each source; where links limit events, their hops know them */
    const bss_bunch *bunches;
    const int32_t *first_bunch;
    /* those that wait, for each lane and slot, and the neuron of a piece to which each synapse adds
     */
    int64_t waits; /* whether they do */
    bss_list *lists;
    const uint16_t *target;
    int64_t out_of_memory;
    /* the ring, and until which step it holds anything; how far behind the begin of the present slot
     * each synapse adds */
    double *ring;    /* (depth, width) */
    uint64_t *marks; /* (depth, n_lanes) */
    int64_t ring_end;
    const int32_t *reach;
    int64_t vast; /* whether synapses and hops are more than caches near the processor hold */
    /* what else happens at an event, NULL where nothing does */
    bss_releases *releases;
    bss_pulses *pulses;
    bss_event_queue *links;
} bss_delivery;

static inline int64_t bss_lowest_bit(uint64_t word)
{
#if defined(__GNUC__)
    return __builtin_ctzll(word);
#else
    int64_t bit = 0;
    for (; !(word & 1); word >>= 1)
        bit++;
    return bit;
#endif
}

/* The slot that lies less than a turn behind the end of the ring, or before its begin. */
static inline int64_t bss_slot(const bss_delivery *d, int64_t slot)
{
    return slot < 0 ? slot + d->depth : slot < d->depth ? slot : slot - d->depth;
}

/* Add an amplitude that arrives `reach` cells behind the begin of a slot, at most a turn ahead. */
static inline void bss_put(bss_delivery *d, int64_t slot, int64_t reach, double amplitude)
{
    const int64_t end = d->depth * d->width;
    int64_t cell = slot * d->width + reach;
    cell = cell < end ? cell : cell - end;
    const int64_t lane = cell >> d->lane_bits, behind = cell - (lane << d->lane_bits);
    d->ring[cell] += amplitude;
    d->marks[lane] |= UINT64_C(1) << (behind / BSS_TILE);
}

/* Make room for another bunch in a list; returns whether there is. */
static BSS_APART int bss_grow(bss_delivery *d, bss_list *list)
{
    const int32_t room = list->room ? 2 * list->room : 16;
    bss_waiting *larger = realloc(list->first, (size_t)room * sizeof *larger);
    if (larger == NULL) {
        d->out_of_memory = 1;
        return 0;
    }
    list->first = larger;
    list->room = room;
    return 1;
}

/* The events of bunches `first` .. `last - 1` set out to their targets; delays count from `slot`. */
static inline void bss_arrive(bss_delivery *d, int64_t first, int64_t last, int64_t slot)
{
    for (const bss_bunch *b = d->bunches + first; b < d->bunches + last; b++) {
        if (!d->waits) {
            for (int64_t k = b->begin; k < b->end; k++)
                bss_put(d, slot, d->reach[k], d->amplitude[k]);
            continue;
        }
        bss_list *list = d->lists + b->list + bss_slot(d, slot + b->delay);
        if (list->count < list->room || bss_grow(d, list))
            list->first[list->count++] = (bss_waiting){b->begin, b->end, b->marks};
    }
}

/* A source spikes at `step`: its event sets out to its synapses, or where links limit events, to
 * the first of these. */
static inline void bss_deliver(bss_delivery *d, int64_t source, int64_t step)
{
    if (d->links) {
        bss_emit(d->links, step - d->links->clock, source);
        return;
    }
    if (d->releases)
        bss_release(d->releases, source, step, d->amplitude);
    if (d->pulses)
        bss_pulse(d->pulses, source, step, d->amplitude);
    bss_arrive(d, d->first_bunch[source], d->first_bunch[source + 1], step % d->depth);
}

/* Neurons spike at `step`, in this order. */
static inline void bss_deliver_spikes(bss_delivery *d, const int32_t *neuron, int64_t n,
                                      int64_t step)
{
    if (d->links)
        bss_expect_hops(d->links, neuron, n);
    for (int64_t k = 0; k < n; k++)
        bss_deliver(d, neuron[k], step);
}

/* Let events move on that come to a link before the time `until`; the present step is `step`. */
static inline void bss_pass_links(bss_delivery *d, int64_t until, int64_t step)
{
    const int64_t slot = step % d->depth, present = step - d->links->clock;
    bss_event event;
    int64_t from;
    while (bss_take(d->links, until, &event)) {
        if (!bss_pass(d->links, &event, &from))
            continue;
        if (d->pulses)
            bss_pulse(d->pulses, event.hop->number, step, d->amplitude);
        /* it lies less than a turn before or behind the present */
        bss_arrive(d, event.hop->first_bunch, event.hop->last_bunch,
                   bss_slot(d, slot + from - present));
    }
}

/* Let the synapses come nearer that a list waits for, all lines of the cache in which they are. */
static inline void bss_expect(const bss_delivery *d, int64_t lane, int64_t slot)
{
    enum { LINE = 64 };
    const bss_list *list = d->lists + lane * d->depth + slot;
    for (const bss_waiting *w = list->first; w < list->first + list->count; w++) {
        for (int64_t k = w->begin; k < w->end; k += LINE / sizeof *d->target)
            BSS_PREFETCH(&d->target[k]);
        for (int64_t k = w->begin; k < w->end; k += LINE / sizeof *d->amplitude)
            BSS_PREFETCH(&d->amplitude[k]);
        BSS_PREFETCH(&d->target[w->end - 1]);
        BSS_PREFETCH(&d->amplitude[w->end - 1]);
    }
}

/* What arrives on a lane at `step`: what the ring holds, and what waits added to it in the order in
 * which it came. `cells` are used where the ring holds nothing; they are 0 before, and again when
 * all has been moved to the lines. */
static inline bss_arrivals bss_collect(const bss_delivery *d, int64_t lane, int64_t step,
                                       double *cells)
{
    const int64_t slot = step % d->depth;
    const uint16_t *target = d->target;
    const double *amplitude = d->amplitude;
    bss_list *list = d->lists + lane * d->depth + slot;
    bss_arrivals all = {cells, 0};
    if (step <= d->ring_end) {
        uint64_t *marks = d->marks + slot * d->n_lanes + lane;
        all.cells = d->ring + slot * d->width + (lane << d->lane_bits);
        all.marks = *marks;
        *marks = 0;
    }
    for (int32_t w = 0; w < list->count; w++) {
        const bss_waiting waiting = list->first[w];
        for (int64_t k = waiting.begin; k < waiting.end; k += BSS_STRIDE)
            for (int64_t j = k; j < k + BSS_STRIDE; j++)
                all.cells[target[j]] += amplitude[j];
        all.marks |= waiting.marks;
    }
    list->count = 0;
    return all;
}

/* Put all that waits at `step` on the ring. */
static inline void bss_put_on_ring(bss_delivery *d, int64_t step)
{
    d->ring_end = step + d->depth;
    for (int64_t s = step; s < step + d->depth; s++)
        for (int64_t lane = 0; lane < d->n_lanes; lane++)
            d->marks[s % d->depth * d->n_lanes + lane] = bss_collect(d, lane, s, NULL).marks;
}

#endif
