/* What one thread does with its share of the neurons: integrate them over a block of steps.
 *
 * No event that a spike of the block sets out arrives within the block. So each neuron can go
 * through all its steps by itself: integrate, take what arrives, spike. Whatever reaches other
 * neurons waits until the end of the block (engine.pyx).
 */
#ifndef BSS2SIM_SHARE_H
#define BSS2SIM_SHARE_H

#include "delivery.h"
#include "kernels.h"

enum { BSS_BLOCK = 16 /* most steps of a block */, BSS_LINES = 2, BSS_N_VARIABLES = 4 };

/* Where a step reads the table of normal numbers (noise.py). */
typedef struct {
    const float *table;
    uint64_t mask, key;
} bss_noise;

/* All neurons. Arrays are (n,), and (2, n) for lines. */
typedef struct {
    int64_t n;
    double *v, *w, *line, *hold;
    double *silent_until; /* step at which each may spike again */
    const double *v_reset, *reset_keep, *hold_steps, *silent_steps, *b;
    /* thresholds that are drawn anew after each spike: v_thresh plus a shift, put at a place in
     * the tiles */
    const double *sigma_thresh, *v_thresh;
    double *thresh_shift, *tiles;
    const int64_t *thresh_place;
    uint64_t thresh_key;
    bss_noise noise;
    const bss_delivery *delivery;
    /* variables that probes sample, kept after each step of a longer block that is a multiple of
     * keep_every: (BSS_BLOCK, n), NULL where there is no probe */
    double *kept[BSS_N_VARIABLES];
    int64_t keep_every[BSS_N_VARIABLES];
    /* those that spike in each step of the block: (BSS_BLOCK, n) */
    int32_t *spikes;
    /* the block: `n_steps` steps from the state at `step` on */
    int64_t step, n_steps;
} bss_neurons;

/* Neighbouring parts. Its spikes stand behind its first neuron in each row of `spikes`. */
typedef struct {
    bss_part *parts;
    int64_t n_parts, first;
    int64_t count[BSS_BLOCK];
    /* what arrives on each line in each step of the block, and cells for it */
    bss_arrivals arrivals[BSS_BLOCK][BSS_LINES];
    double *cells; /* (BSS_BLOCK, BSS_LINES, BSS_LANE) */
} bss_share;

static inline void bss_place_noise(const bss_noise *noise, bss_part *part, int64_t step)
{
    if (part->mode != BSS_NOISY)
        return;
    const uint64_t place = bss_draw(noise->key, (uint64_t)step, (uint64_t)part->block);
    part->noise_v = noise->table + (place & noise->mask) + part->behind;
    part->noise0 = noise->table + (place >> 16 & noise->mask) + part->behind;
    part->noise1 = noise->table + (place >> 32 & noise->mask) + part->behind;
}

/* Reset those of `count` neurons at threshold that may spike; returns how many, which then stand at
 * the begin of `over`. */
static inline int64_t bss_spike(const bss_neurons *all, int64_t step, int32_t *over, int64_t count)
{
    int64_t spiking = 0;
    for (int64_t k = 0; k < count; k++) {
        const int32_t i = over[k];
        if (all->hold[i] > 0.0 || all->silent_until[i] > (double)step)
            continue;
        if (all->reset_keep[i] == 0.0)
            all->v[i] = all->v_reset[i];
        if (all->sigma_thresh[i] > 0.0) {
            const uint64_t place = bss_draw(all->thresh_key, (uint64_t)step, (uint64_t)i);
            all->thresh_shift[i]
                = all->sigma_thresh[i] * (double)all->noise.table[place & all->noise.mask];
            all->tiles[all->thresh_place[i]] = all->v_thresh[i] + all->thresh_shift[i];
        }
        all->hold[i] = all->hold_steps[i];
        all->silent_until[i] = (double)step + all->silent_steps[i];
        all->w[i] += all->b[i];
        over[spiking++] = i;
    }
    return spiking;
}

/* Keep the state of a part after step `s` of the block for probes. */
static inline void bss_keep(const bss_neurons *all, const bss_part *part, int64_t s, int64_t step)
{
    const double *state[BSS_N_VARIABLES]
        = {part->cells.v, part->cells.w, part->cells.line0, part->cells.line1};
    for (int variable = 0; variable < BSS_N_VARIABLES; variable++)
        if (all->kept[variable] && step % all->keep_every[variable] == 0)
            memcpy(all->kept[variable] + s * all->n + part->first, state[variable],
                   (size_t)part->n * sizeof(double));
}

/* Collect what arrives at a part in the block, and let come nearer what does at the next one. */
static inline void bss_collect_block(const bss_neurons *all, bss_share *share, const bss_part *part)
{
    const bss_delivery *d = all->delivery;
    const int more = d->vast && part + 1 < share->parts + share->n_parts;
    for (int64_t s = 0; s < all->n_steps; s++) {
        const int64_t step = all->step + s + 1;
        for (int64_t line = 0; line < BSS_LINES; line++) {
            double *cells = share->cells + (s * BSS_LINES + line) * BSS_LANE;
            const int64_t lane = part->number * BSS_LINES + line;
            if (more)
                bss_expect(d, lane + BSS_LINES, step % d->depth);
            share->arrivals[s][line] = bss_collect(d, lane, step, cells);
        }
    }
}

/* Integrate a share over the block. */
static inline void bss_integrate_share(const bss_neurons *all, bss_share *share)
{
    for (int64_t s = 0; s < all->n_steps; s++)
        share->count[s] = 0;
    for (int64_t k = 0; k < share->n_parts; k++) {
        bss_part *part = &share->parts[k];
        bss_collect_block(all, share, part);
        for (int64_t s = 0; s < all->n_steps; s++) {
            const int64_t step = all->step + s + 1;
            int32_t *over = all->spikes + s * all->n + share->first + share->count[s];
            bss_place_noise(&all->noise, part, step);
            const int64_t count = part->kernel(part, over);
            bss_take_arrivals(&share->arrivals[s][0], part->n, part->cells.line0);
            bss_take_arrivals(&share->arrivals[s][1], part->n, part->cells.line1);
            share->count[s] += bss_spike(all, step, over, count);
            if (all->n_steps > 1)
                bss_keep(all, part, s, step);
        }
    }
}

#endif
