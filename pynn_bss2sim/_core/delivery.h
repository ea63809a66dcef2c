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
    /* what else happens at an event, NULL where nothing does */
    bss_releases *releases;
    bss_pulses *pulses;
    bss_event_queue *links;
    const int64_t *root_indptr; /* first hops of each source */
    const int32_t *root;
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

/* Add an amplitude that arrives `reach` cells behind the begin of a slot, at most a turn ahead. */
static inline void bss_put(bss_delivery *d, int64_t slot, int64_t reach, double amplitude)
{
    const int64_t begin = slot * d->width, end = d->depth * d->width;
    const int64_t cell = begin + reach < end ? begin + reach : begin + reach - end;
    d->ring[cell] += amplitude;
    bss_mark(d->marks, cell);
}

/* Put the amplitudes of synapses on the ring; their delays count from `slot`. */
static inline void bss_arrive(bss_delivery *d, int64_t first, int64_t last, int64_t slot)
{
    for (int64_t k = first; k < last; k++)
        bss_put(d, slot, d->reach[k], d->amplitude[k]);
}

/* A source spikes at `step`: put the amplitudes of its synapses on the ring, or where links limit
 * events, send its event on its way. */
static inline void bss_deliver(bss_delivery *d, int64_t source, int64_t step)
{
    if (d->links) {
        const int64_t k = d->root_indptr[source];
        bss_emit(d->links, step - d->links->clock, d->root + k, d->root_indptr[source + 1] - k);
        return;
    }
    if (d->releases)
        bss_release(d->releases, source, step, d->amplitude);
    if (d->pulses)
        bss_pulse(d->pulses, source, step, d->amplitude);
    bss_arrive(d, d->indptr[source], d->indptr[source + 1], step % d->depth);
}

/* Let events move on that come to a link before the time `until`; the present step is `step`. */
static inline void bss_pass_links(bss_delivery *d, int64_t until, int64_t step)
{
    int64_t hop, from;
    while (bss_next_arrival(d->links, until, &hop, &from)) {
        if (d->pulses)
            bss_pulse(d->pulses, hop, step, d->amplitude);
        bss_arrive(d, d->links->hops[hop].begin, d->links->hops[hop].end,
                   (d->links->clock + from) % d->depth);
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
