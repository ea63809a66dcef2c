/* From spikes to the lines of their targets: the ring of amplitudes under way, and what events do
 * before they enter it. The twin is reference.py.
 *
 * The ring has one slot for each step of delay. In a slot stand all neurons' cells of line 0, then
 * those of line 1, filled up to whole pages. A mark tells of each group of BSS_GROUP cells whether
 * something was added to it, so that no others are read; the marks of a page are the bits of a word.
 */
#ifndef BSS2SIM_DELIVERY_H
#define BSS2SIM_DELIVERY_H

#include "driver_pulses.h"
#include "event_queue.h"
#include "plasticity.h"

enum {
    BSS_GROUP = 4,                  /* cells that share a mark: one or two vectors */
    BSS_GROUP_BITS = 2,             /* its logarithm */
    BSS_PAGE = BSS_GROUP * 64,      /* cells whose marks share a word */
    BSS_PAGE_BITS = BSS_GROUP_BITS + 6
};

typedef struct {
    int64_t n, depth, width; /* neurons, slots, cells of a slot */
    double *ring;            /* (depth, width) */
    uint64_t *marks;         /* (depth, width / BSS_PAGE) */
    /* synapses of each source: how far behind the begin of the present slot they add, and what */
    const int64_t *indptr;
    const int32_t *reach;
    double *amplitude;
    int64_t nearest, farthest; /* the smallest and the largest reach */
    int64_t vast;              /* whether all this is more than caches near the processor hold */
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

static inline void bss_mark(uint64_t *marks, int64_t cell)
{
    marks[cell >> BSS_PAGE_BITS] |= UINT64_C(1) << (cell >> BSS_GROUP_BITS & 63);
}

/* The cell that lies `reach` behind the begin of a slot, at most a turn ahead. */
static inline int64_t bss_cell(const bss_delivery *d, int64_t slot, int64_t reach)
{
    const int64_t cell = slot * d->width + reach, end = d->depth * d->width;
    return cell < end ? cell : cell - end;
}

/* Add an amplitude that arrives `reach` cells behind the begin of a slot. */
static inline void bss_put(bss_delivery *d, int64_t slot, int64_t reach, double amplitude)
{
    const int64_t cell = bss_cell(d, slot, reach);
    d->ring[cell] += amplitude;
    bss_mark(d->marks, cell);
}

/* Put the amplitudes of synapses on the ring; their delays count from `slot`. */
static inline void bss_arrive(bss_delivery *d, int64_t first, int64_t last, int64_t slot)
{
    const int64_t end = d->depth * d->width;
    const int64_t here = slot * d->width, begin = here + d->nearest < end ? here : here - end;
    if (begin + d->farthest >= end) { /* some of them may lie behind the end of the ring */
        for (int64_t k = first; k < last; k++)
            bss_put(d, slot, d->reach[k], d->amplitude[k]);
        return;
    }
    for (int64_t k = first; k < last; k++) {
        const int64_t cell = begin + d->reach[k];
        d->ring[cell] += d->amplitude[k];
        bss_mark(d->marks, cell);
    }
}

/* A source spikes at `step`: put the amplitudes of its synapses on the ring, or where links limit
 * events, send its event on its way. */
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
    bss_arrive(d, d->indptr[source], d->indptr[source + 1], step % d->depth);
}

/* An event at the synapses behind a hop, whose delays count from `slot`. */
typedef struct {
    const bss_hop *hop;
    int64_t slot;
} bss_arrival;

/* Let the synapses behind a hop come nearer, all lines of the cache that they stand in. */
static inline void bss_expect_synapses(const bss_delivery *d, const bss_hop *hop)
{
    enum { LINE = 64 };
    for (int64_t k = hop->begin; k < hop->end; k += LINE / sizeof *d->reach)
        BSS_PREFETCH(&d->reach[k]);
    for (int64_t k = hop->begin; k < hop->end; k += LINE / sizeof *d->amplitude)
        BSS_PREFETCH(&d->amplitude[k]);
    BSS_PREFETCH(&d->reach[hop->end - 1]);
    BSS_PREFETCH(&d->amplitude[hop->end - 1]);
}

/* Let the cells come nearer to which these synapses will add. */
static inline void bss_expect_cells(const bss_delivery *d, const bss_arrival *arrival)
{
    for (int64_t k = arrival->hop->begin; k < arrival->hop->end; k++)
        BSS_PREFETCH(&d->ring[bss_cell(d, arrival->slot, d->reach[k])]);
}

/* Let events move on that come to a link before the time `until`, till `most` of them drive
 * synapses; returns how many do. The present step is `step`. */
static inline int bss_find_arrivals(bss_delivery *d, int64_t until, int64_t step,
                                    bss_arrival *found, int most)
{
    const int64_t present = step - d->links->clock, slot = step % d->depth;
    int64_t from;
    int n = 0;
    while (n < most && bss_next_arrival(d->links, until, &found[n].hop, &from)) {
        if (d->vast)
            bss_expect_synapses(d, found[n].hop);
        /* it lies less than a turn before or behind the present */
        const int64_t then = slot + from - present;
        found[n++].slot = then < 0 ? then + d->depth : then < d->depth ? then : then - d->depth;
    }
    return n;
}

/* Let events move on that come to a link before the time `until`; the present step is `step`.
 * Their synapses are read some time after they were found, and cells some time after these: by then
 * they have come from memory. */
static inline void bss_pass_links(bss_delivery *d, int64_t until, int64_t step)
{
    enum { MOST = 64, AHEAD = 2 };
    bss_arrival found[MOST];
    int n = MOST;
    while (n == MOST && bss_any_due(d->links, until)) {
        n = bss_find_arrivals(d, until, step, found, MOST);
        for (int k = 0; k < n; k++) {
            const bss_hop *hop = found[k].hop;
            if (d->vast && k + AHEAD < n)
                bss_expect_cells(d, &found[k + AHEAD]);
            if (d->pulses)
                bss_pulse(d->pulses, hop->number, step, d->amplitude);
            bss_arrive(d, hop->begin, hop->end, found[k].slot);
        }
    }
}

/* Move a group of cells to the lines of their neurons. */
static inline void bss_move_group(double *cells, double *line)
{
    double sum[BSS_GROUP];
    for (int k = 0; k < BSS_GROUP; k++)
        sum[k] = line[k] + cells[k];
    memcpy(line, sum, sizeof sum);
    memset(cells, 0, sizeof sum);
}

/* Let the cells `first` .. `first + n - 1` of a slot arrive on lines. */
static inline void bss_take_arrivals(const bss_delivery *d, int64_t slot, int64_t first, int64_t n,
                                     double *line)
{
    const uint64_t *marks = d->marks + slot * (d->width / BSS_PAGE);
    double *cells = d->ring + slot * d->width + first;
    for (int64_t page = first / BSS_PAGE; page * BSS_PAGE < first + n; page++) {
        for (uint64_t word = marks[page]; word; word &= word - 1) {
            const int64_t low = page * BSS_PAGE + bss_lowest_bit(word) * BSS_GROUP - first;
            if (low >= 0 && low + BSS_GROUP <= n) {
                bss_move_group(cells + low, line + low);
                continue;
            }
            /* at its begin or end, where other cells of the group belong to others */
            for (int64_t k = low > 0 ? low : 0; k < low + BSS_GROUP && k < n; k++) {
                line[k] += cells[k];
                cells[k] = 0.0;
            }
        }
    }
}

/* All has arrived that a slot held. */
static inline void bss_empty_slot(bss_delivery *d, int64_t slot)
{
    const int64_t n_pages = d->width / BSS_PAGE;
    memset(d->marks + slot * n_pages, 0, (size_t)n_pages * sizeof *d->marks);
}

#endif
