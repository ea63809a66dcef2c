/* What one thread does with its share of the neurons. */
#ifndef BSS2SIM_SHARE_H
#define BSS2SIM_SHARE_H

#include "block.h"

/* Let come nearer what arrives at a part in the block. */
static inline void bss_expect_block(const bss_neurons *all, const bss_part *part)
{
    for (int64_t line = 0; line < BSS_LINES; line++)
        for (int64_t s = 0; s < all->n_steps; s++)
            bss_expect(all->delivery, part->number * BSS_LINES + line, all->step + 1 + s);
}

/* Collect what arrives at a part in the block. */
static inline void bss_collect_block(const bss_neurons *all, bss_share *share, const bss_part *part)
{
    const bss_delivery *d = all->delivery;
    for (int64_t line = 0; line < BSS_LINES; line++) {
        const int64_t lane = part->number * BSS_LINES + line;
        for (int64_t s = 0; s < all->n_steps; s++) {
            const int64_t first = (s * BSS_LINES + line) * BSS_CELLS, step = all->step + 1 + s;
            share->arrivals[s][line]
                = part->mode == BSS_IDEAL ? bss_collect(d, lane, step, share->cells + first)
                                          : bss_collect_floats(d, lane, step, share->floats + first);
        }
    }
}

/* The neurons of a share that spike in step `s` of the block. */
static inline const int32_t *bss_spikes_of(const bss_neurons *all, const bss_share *share,
                                           int64_t s)
{
    return all->spikes + s * all->n + share->first;
}

/* How many of a share's spikes in each step it is known for where their hops are, and of how many the
 * hops themselves come nearer. */
typedef struct {
    int64_t roots[BSS_BLOCK], hops[BSS_BLOCK];
} bss_progress;

/* Let come nearer what the spikes will lead to that parts have noted by now: where the hops are behind
 * those of the last part, and the hops behind those of parts before. */
static inline void bss_expect_spikes(const bss_neurons *all, const bss_share *share,
                                     bss_progress *of)
{
    const bss_event_queue *links = all->delivery->links;
    for (int64_t s = 0; s < all->n_steps; s++) {
        const int32_t *spikes = bss_spikes_of(all, share, s);
        bss_expect_hops(links, spikes + of->hops[s], of->roots[s] - of->hops[s]);
        bss_expect_roots(links, spikes + of->roots[s], share->count[s] - of->roots[s]);
        of->hops[s] = of->roots[s];
        of->roots[s] = share->count[s];
    }
}

/* Integrate a share over the block. */
static inline void bss_integrate_share(const bss_neurons *all, bss_share *share)
{
    const int vast = all->delivery->vast != 0, linked = vast && all->delivery->links;
    bss_progress expected = {{0}, {0}};
    for (int64_t s = 0; s < all->n_steps; s++)
        share->count[s] = 0;
    for (int64_t k = 0; k < share->n_parts; k++) {
        const bss_part *part = &share->parts[k];
        if (vast && k + 1 < share->n_parts)
            bss_expect_block(all, part + 1);
        if (linked)
            bss_expect_spikes(all, share, &expected);
        bss_collect_block(all, share, part);
        part->kernel(all, part, share);
    }
    for (int k = 0; linked && k < 2; k++)
        bss_expect_spikes(all, share, &expected);
}

#endif
