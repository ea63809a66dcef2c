/* What one thread does with its share of the neurons. */
#ifndef BSS2SIM_SHARE_H
#define BSS2SIM_SHARE_H

#include "block.h"

/* Collect what arrives at a part in the block, before its strips take it one after the other. */
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

/* Integrate a share over the block. */
static inline void bss_integrate_share(const bss_neurons *all, bss_share *share)
{
    bss_set_out(all->delivery, share->number);
    for (int64_t s = 0; s < all->n_steps; s++)
        share->count[s] = 0;
    for (int64_t k = 0; k < share->n_parts; k++) {
        const bss_part *part = &share->parts[k];
        if (!part->alike)
            bss_collect_block(all, share, part);
        part->kernel(all, part, share);
    }
}

#endif
