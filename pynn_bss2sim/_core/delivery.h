/* From spikes to the lines of their targets: what is under way, and what events do before it. The
 * twin is reference.py.
 *
 * A lane is a line of the neurons of one piece (tiles.py). Synapses of one row that add to one lane
 * in one step are a bunch: it waits for its step in a list of the lane, and only then its amplitudes
 * are read and added up, in cells that all lanes of a thread share. So what many neurons await needs
 * little memory near the processor. Where no links limit events, a spike is only noted at first: each
 * thread then finds the bunches that its own neurons await.
 *
 * Amplitudes that plasticity draws anew for each event cannot wait: they are put at once on a ring,
 * which has a slot of cells of all lanes for each step of delay. There is also what was under way
 * when a state was taken, or when synapses were given other amplitudes.
 *
 * Lanes of ideal neurons hold doubles. On the others each addition is rounded to float, on the ring
 * as well: whichever way an amplitude comes, the sum has the same bits.
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
    BSS_STRIDE = 8            /* synapses of a bunch that waits are a multiple of it */
};

/* A bunch that waits. */
typedef struct {
    int32_t begin;
    uint16_t n, marks;
    double amplitude; /* as in bss_bunch */
} bss_waiting;

typedef struct {
    bss_waiting *first;
    int32_t count, room;
} bss_list;

/* A source whose events set out at a step. */
typedef struct {
    int64_t source, step;
} bss_departure;

/* Cells of a lane with what arrives there in a step. */
typedef struct {
    union {
        double *cells;
        float *floats; /* of neurons that are not ideal */
    };
    uint64_t marks;
} bss_arrivals;

typedef struct {
    int64_t n, depth, n_lanes;  /* neurons, slots */
    int64_t lane_bits, width;   /* logarithm of the cells of a lane; cells of a slot */
    double *amplitude;          /* of each synapse */
    const float *float_amplitude; /* the same, where bunches wait; NULL if all neurons are ideal */
    /* bunches of each source, and where among them those for each share of the neurons begin; where
     * links limit events, their hops know them */
    const bss_bunch *bunches;
    const int32_t *first_bunch;
    int64_t n_shares;
    /* sources whose bunches have yet to be found */
    bss_departure *departures;
    int64_t n_departures, departure_room;
    /* those that wait, for each lane and for each step modulo a power of two that is at least the
     * depth, and the neuron of a piece to which each synapse adds. What fills up bunches adds to
     * cells behind the last tile, which begin at `behind` of each lane: no neuron has them */
    int64_t waits; /* whether they do */
    int64_t n_lists, list_bits; /* lists of a lane, and the logarithm of that number */
    bss_list *lists;
    const uint16_t *target;
    const uint16_t *behind;
    int64_t out_of_memory;
    /* the ring, and until which step it holds anything; how far behind the begin of the present slot
     * each synapse adds */
    double *ring;             /* (depth, width) */
    uint64_t *marks;          /* (depth, n_lanes) */
    const uint8_t *in_floats; /* (depth, n_lanes): whether sums of the lane are of float */
    int64_t ring_end;
    const int32_t *reach;
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

/* The list of a lane for a step. */
static inline bss_list *bss_list_of(const bss_delivery *d, int64_t lane, int64_t step)
{
    return d->lists + (lane << d->list_bits) + (step & (d->n_lists - 1));
}

/* Add an amplitude that arrives `reach` cells behind the begin of a slot, at most a turn ahead. */
static inline void bss_put(bss_delivery *d, int64_t slot, int64_t reach, double amplitude)
{
    const int64_t end = d->depth * d->width;
    int64_t cell = slot * d->width + reach;
    cell = cell < end ? cell : cell - end;
    const int64_t lane = cell >> d->lane_bits, behind = cell - (lane << d->lane_bits);
    d->ring[cell] = d->in_floats[lane] ? (double)((float)d->ring[cell] + (float)amplitude)
                                       : d->ring[cell] + amplitude;
    d->marks[lane] |= UINT64_C(1) << (behind / BSS_TILE);
}

/* Make room for another bunch in a list; returns whether there is. */
static BSS_APART int bss_grow(bss_delivery *d, bss_list *list)
{
    enum { FEWEST = 16 };
    int64_t room = list->room;
    bss_waiting *larger = bss_grown(list->first, &room, FEWEST, sizeof *larger, &d->out_of_memory);
    if (larger == NULL)
        return 0;
    list->first = larger;
    list->room = (int32_t)room;
    return 1;
}

/* Put the amplitudes of a bunch on the ring. */
static BSS_APART void bss_put_bunch(bss_delivery *d, const bss_bunch *bunch, int64_t step)
{
    for (int64_t k = bunch->begin; k < bunch->end; k++)
        bss_put(d, step % d->depth, d->reach[k], d->amplitude[k]);
}

/* Whether synapses have one amplitude, which then stands where it is asked for. */
static inline int bss_is_common(double amplitude)
{
    return amplitude == amplitude;
}

/* Let the synapses of a bunch that waits come nearer: all lines of the cache in which they are. */
static inline void bss_expect(const bss_delivery *d, const bss_bunch *bunch)
{
    enum { LINE = 64 };
    const size_t begin = (size_t)bunch->begin, last = (size_t)bunch->end - 1;
    const size_t size = d->float_amplitude ? sizeof(float) : sizeof(double);
    const char *amplitude
        = d->float_amplitude ? (const char *)d->float_amplitude : (const char *)d->amplitude;
    for (size_t k = begin; k < last; k += LINE / sizeof *d->target)
        BSS_PREFETCH(&d->target[k]);
    BSS_PREFETCH(&d->target[last]);
    if (bss_is_common(bunch->amplitude))
        return;
    for (size_t k = begin; k < last; k += LINE / size)
        BSS_PREFETCH(amplitude + k * size);
    BSS_PREFETCH(amplitude + last * size);
}

/* The events of a bunch set out to their targets; delays count from `step`. */
static inline void bss_arrive(bss_delivery *d, const bss_bunch *bunch, int64_t step)
{
    if (!d->waits) {
        bss_put_bunch(d, bunch, step);
        return;
    }
    bss_expect(d, bunch);
    bss_list *list = bss_list_of(d, bunch->lane, step + bunch->delay);
    const uint16_t n = (uint16_t)(bunch->end - bunch->begin);
    if (list->count < list->room || bss_grow(d, list))
        list->first[list->count++]
            = (bss_waiting){bunch->begin, n, bunch->marks, bunch->amplitude};
}

/* Let amplitudes be drawn that change with each event of a source, or behind a hop of its. */
static BSS_APART void bss_draw_releases(bss_delivery *d, int64_t source, int64_t step)
{
    bss_release(d->releases, source, step, d->amplitude);
}

static BSS_APART void bss_draw_pulses(bss_delivery *d, int64_t trigger, int64_t step)
{
    bss_pulse(d->pulses, trigger, step, d->amplitude);
}

/* Note that the events of a source set out at `step`. */
static inline void bss_note(bss_delivery *d, int64_t source, int64_t step)
{
    if (d->n_departures == d->departure_room) {
        bss_departure *larger = bss_grown(d->departures, &d->departure_room, BSS_FEWEST,
                                          sizeof *larger, &d->out_of_memory);
        if (larger == NULL)
            return;
        d->departures = larger;
    }
    d->departures[d->n_departures++] = (bss_departure){source, step};
}

/* Let all events that were noted set out to the neurons of a share. */
static inline void bss_set_out(bss_delivery *d, int64_t share)
{
    for (const bss_departure *e = d->departures; e < d->departures + d->n_departures; e++) {
        const int32_t *first = d->first_bunch + e->source * d->n_shares + share;
        for (int64_t k = first[0]; k < first[1]; k++)
            bss_arrive(d, d->bunches + k, e->step);
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
    if (d->waits) {
        bss_note(d, source, step);
        return;
    }
    if (d->releases)
        bss_draw_releases(d, source, step);
    if (d->pulses)
        bss_draw_pulses(d, source, step);
    for (int64_t k = d->first_bunch[source]; k < d->first_bunch[source + 1]; k++)
        bss_arrive(d, d->bunches + k, step);
}

/* Neurons spike at `step`, in this order. */
static inline void bss_deliver_spikes(bss_delivery *d, const int32_t *neuron, int64_t n,
                                      int64_t step)
{
    for (int64_t k = 0; k < n; k++)
        bss_deliver(d, neuron[k], step);
}

/* An event comes to the link of a hop at `time`: it goes on, and sets out to synapses. */
static inline void bss_make_hop(bss_delivery *d, const bss_hop *hop, int64_t time, int64_t emitted,
                                int64_t step)
{
    bss_event_queue *q = d->links;
    const int64_t passes = bss_pass(&q->links[hop->link], time);
    if (passes < 0)
        return;
    if (hop->n_next)
        bss_send_on(q, passes, emitted, hop);
    if (hop->bunch.begin == hop->bunch.end)
        return;
    if (d->pulses)
        bss_draw_pulses(d, q->number[hop - q->hops], step);
    const int64_t from = q->clock + bss_counts_from(q, hop, passes, emitted);
    bss_arrive(d, &hop->bunch, from);
    for (int32_t k = 0; k < hop->n_others; k++)
        bss_arrive(d, d->bunches + hop->first_other + k, from);
}

/* Let the events of the row move on. Those that come into the heap meanwhile are due later. */
static inline void bss_pass_row(bss_delivery *d, int64_t step)
{
    bss_event_queue *q = d->links;
    const int64_t now = q->now;
    while (q->first < q->last) {
        const bss_present next = *q->first++;
        for (const bss_hop *hop = next.first; hop < next.end; hop++)
            bss_make_hop(d, hop, now, next.emitted, step);
    }
}

/* Let the first event of the heap move on. */
static BSS_APART void bss_pass_first(bss_delivery *d, int64_t step)
{
    const bss_event event = bss_pop(d->links);
    bss_begin_row(d->links, event.time);
    bss_make_hop(d, event.hop, event.time, event.emitted, step);
}

/* Let events move on that come to a link before the time `until`; the present step is `step`. */
static inline void bss_pass_links(bss_delivery *d, int64_t until, int64_t step)
{
    const bss_event_queue *q = d->links;
    for (;;) {
        if (bss_heap_is_next(q, until))
            bss_pass_first(d, step);
        else if (q->first < q->last && q->now < until)
            bss_pass_row(d, step);
        else
            return;
    }
}

/* Whether there was no memory for an event. */
static inline int bss_lacks_memory(const bss_delivery *d)
{
    return d->out_of_memory || (d->links && d->links->out_of_memory);
}

/* How many synapses a list waits for. */
static inline int64_t bss_synapses_of(const bss_list *list)
{
    int64_t n = 0;
    for (const bss_waiting *w = list->first; w < list->first + list->count; w++)
        n += w->n;
    return n;
}

/* Whether each bunch of a list adds to tiles of its own: then no neuron is a target twice. */
static inline int bss_are_apart(const bss_list *list)
{
    uint32_t seen = 0, again = 0;
    for (const bss_waiting *w = list->first; w < list->first + list->count; w++) {
        again |= seen & w->marks;
        seen |= w->marks;
    }
    return !again;
}

/* Add what waits in a list to the cells of its targets, in the order in which it came. */
#define BSS_ADD_LIST(list, targets, amplitudes, number, cells)                                     \
    for (const bss_waiting *w = (list)->first; w < (list)->first + (list)->count; w++) {           \
        const uint16_t *target = (targets) + w->begin;                                             \
        const number *amplitude = (amplitudes) + w->begin, common = (number)w->amplitude;          \
        if (bss_is_common(w->amplitude)) {                                                         \
            for (int64_t k = 0; k < w->n; k += BSS_STRIDE)                                         \
                for (int64_t j = k; j < k + BSS_STRIDE; j++)                                       \
                    (cells)[target[j]] += common;                                                  \
        } else {                                                                                   \
            for (int64_t k = 0; k < w->n; k += BSS_STRIDE)                                         \
                for (int64_t j = k; j < k + BSS_STRIDE; j++)                                       \
                    (cells)[target[j]] += amplitude[j];                                            \
        }                                                                                          \
    }

/* Add what waits in a list of a lane to cells; returns marks of them. */
#define BSS_ADD_UP(name, number, amplitude_of)                                                     \
    static inline uint64_t name(const bss_delivery *d, const bss_list *list, int64_t lane,         \
                                number *cells)                                                     \
    {                                                                                              \
        number *behind = cells + d->behind[lane];                                                  \
        uint64_t marks = 0;                                                                        \
        for (const bss_waiting *w = list->first; w < list->first + list->count; w++)               \
            marks |= w->marks;                                                                     \
        BSS_ADD_LIST(list, d->target, d->amplitude_of, number, cells)                              \
        for (int64_t k = 0; k < BSS_STRIDE; k++)                                                   \
            behind[k] = 0;                                                                         \
        return marks;                                                                              \
    }
BSS_ADD_UP(bss_add_up, double, amplitude)
BSS_ADD_UP(bss_add_up_floats, float, float_amplitude)

/* What the ring holds for a lane in a slot. */
static inline bss_arrivals bss_look_into_ring(const bss_delivery *d, int64_t lane, int64_t slot)
{
    uint64_t *marks = d->marks + slot * d->n_lanes + lane;
    bss_arrivals all = {.cells = d->ring + slot * d->width + (lane << d->lane_bits)};
    all.marks = *marks;
    *marks = 0;
    return all;
}

/* The same, moved to cells; returns marks of them. */
#define BSS_TAKE_FROM_RING(name, number)                                                           \
    static BSS_APART uint64_t name(const bss_delivery *d, int64_t lane, int64_t slot,              \
                                   number *cells)                                                  \
    {                                                                                              \
        const bss_arrivals all = bss_look_into_ring(d, lane, slot);                                \
        for (uint64_t left = all.marks; left; left &= left - 1) {                                  \
            const int64_t first = bss_lowest_bit(left) * BSS_TILE;                                 \
            for (int64_t j = first; j < first + BSS_TILE; j++) {                                   \
                cells[j] = (number)all.cells[j];                                                   \
                all.cells[j] = 0.0;                                                                \
            }                                                                                      \
        }                                                                                          \
        return all.marks;                                                                          \
    }
BSS_TAKE_FROM_RING(bss_take_from_ring, double)
BSS_TAKE_FROM_RING(bss_take_from_ring_floats, float)

/* What arrives on a lane at `step`: what the ring holds, and what waits added to it. It is in `cells`
 * unless nothing waits and the ring holds something; they are 0 before. Who takes it leaves 0
 * behind. */
static inline bss_arrivals bss_collect(const bss_delivery *d, int64_t lane, int64_t step,
                                       double *cells)
{
    bss_list *list = bss_list_of(d, lane, step);
    bss_arrivals arrive = {.cells = cells};
    if (step <= d->ring_end && !list->count)
        return bss_look_into_ring(d, lane, step % d->depth);
    if (step <= d->ring_end)
        arrive.marks = bss_take_from_ring(d, lane, step % d->depth, cells);
    if (list->count)
        arrive.marks |= bss_add_up(d, list, lane, cells);
    list->count = 0;
    return arrive;
}

/* The same on a lane in float; it is always in `cells`. */
static inline bss_arrivals bss_collect_floats(const bss_delivery *d, int64_t lane, int64_t step,
                                              float *cells)
{
    bss_list *list = bss_list_of(d, lane, step);
    bss_arrivals arrive = {.floats = cells};
    if (step <= d->ring_end)
        arrive.marks = bss_take_from_ring_floats(d, lane, step % d->depth, cells);
    if (list->count)
        arrive.marks |= bss_add_up_floats(d, list, lane, cells);
    list->count = 0;
    return arrive;
}

/* Put all that waits at `step` on the ring. */
static inline void bss_put_on_ring(bss_delivery *d, int64_t step)
{
    d->ring_end = step + d->depth;
    for (int64_t lane = 0; lane < d->n_lanes; lane++) {
        for (int64_t s = step; s < step + d->depth; s++) {
            bss_list *list = bss_list_of(d, lane, s);
            for (const bss_waiting *w = list->first; w < list->first + list->count; w++)
                for (int64_t k = w->begin; k < w->begin + w->n; k++)
                    if (d->amplitude[k] != 0.0) /* it is at neurons that are not there */
                        bss_put(d, s % d->depth, (lane << d->lane_bits) + d->target[k],
                                d->amplitude[k]);
            list->count = 0;
        }
    }
}

#endif
