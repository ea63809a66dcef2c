/* A tile of neurons in a block of steps: what happens to it besides its integration.
 *
 * No event that a spike of the block sets out arrives within the block. So the tiles of a part can go
 * through all its steps before the next part does, and what they need stays in caches near the
 * processor: integrate, spike, take what arrives. Whatever reaches other neurons waits until the end
 * of the block (engine.pyx).
 */
#ifndef BSS2SIM_BLOCK_H
#define BSS2SIM_BLOCK_H

#include "delivery.h"
#include "kernels.h"

enum {
    BSS_BLOCK = 16,      /* most steps of a block */
    BSS_TIDY_STEPS = 16, /* lines in float are tidied up when the step is a multiple of it */
    BSS_LINES = 2,
    BSS_CELLS = BSS_LANE + BSS_TILE, /* from lane to lane: else their cells would compete for
                                      * places in the cache */
    BSS_N_VARIABLES = 4
};

/* Where a step reads the table of normal numbers (noise.py). */
typedef struct {
    const float *table;
    uint64_t mask, key;
} bss_noise;

/* What a neuron's spikes do to it, in a line of the cache; neurons.pyx fills these records in. */
typedef struct bss_spiking {
    double v_reset, reset_keep, hold_steps, silent_steps, b;
    /* its threshold, drawn anew after each spike if sigma is not 0 */
    double v_thresh, sigma_thresh;
    double unused;
} bss_spiking;

/* All neurons. Arrays are (n,), and (2, n) for lines. */
typedef struct bss_neurons {
    int64_t n;
    double *v, *w, *line, *hold;
    /* step at which each may spike again, and whether any is held for less long */
    double *silent_until;
    int64_t any_silent;
    /* what a threshold has been shifted by, and where it stands in the tiles */
    double *thresh_shift, *tiles;
    const int64_t *thresh_place;
    uint64_t thresh_key;
    bss_noise noise;
    bss_delivery *delivery;
    /* variables that probes sample, kept after each step of a longer block that is a multiple of
     * keep_every: (BSS_BLOCK, n), NULL where there is no probe */
    double *kept[BSS_N_VARIABLES];
    int64_t keep_every[BSS_N_VARIABLES];
    int64_t any_kept;
    /* those that spike in each step of the block: (BSS_BLOCK, n) */
    int32_t *spikes;
    /* the block: `n_steps` steps from the state at `step` on */
    int64_t step, n_steps;
    /* whether kernels take the state from the arrays above at its begin, and put it there at its
     * end; in between some of it is only where they keep it, and `hold` counts from `base` */
    int64_t takes, puts, base;
} bss_neurons;

/* Neighbouring parts. Its spikes stand behind its first neuron in each row of `spikes`. */
typedef struct bss_share {
    int64_t number;
    bss_part *parts;
    int64_t n_parts, first;
    int64_t count[BSS_BLOCK];
    /* what arrives on each line of a part in each step of the block, and cells for it:
     * (BSS_BLOCK, BSS_LINES, BSS_CELLS) */
    bss_arrivals arrivals[BSS_BLOCK][BSS_LINES];
    double *cells;
    float *floats;
} bss_share;

/* A step of the block: the number of the state that it leads to, what arrives then, where its spikes
 * and samples go, and where in the table its noise is. */
typedef struct {
    int64_t number;
    const bss_arrivals *arrivals; /* of each line */
    int32_t *spikes;              /* where those of the share stand */
    int64_t *count;
    double *kept[BSS_N_VARIABLES]; /* NULL where nothing is kept */
    int keeps; /* whether anything is */
    uint64_t noise;
    double now; /* steps from the base to its begin */
    float float_now;
    int tidy; /* whether it is time to tidy up floats */
} bss_step;

/* Tiles in single precision: their state, and what it is compared with or driven by. All potentials
 * are against e_leak. */
typedef struct bss_singles {
    double w[BSS_TILE];
    float u[BSS_TILE], hold[BSS_TILE], drive[BSS_TILE], thresh[BSS_TILE], reset[BSS_TILE];
    float low[BSS_TILE], high[BSS_TILE];                   /* that u does not pass */
    float rev0[BSS_TILE], rev1[BSS_TILE], onset[BSS_TILE]; /* of currents, and the upstroke */
} bss_singles;

/* The lines of a part as its kernel keeps them, so that what arrives finds its neuron at once. Cells
 * behind the last tile are of no neuron. */
typedef struct bss_lines {
    union {
        double doubles[BSS_LINES][BSS_CELLS]; /* in BSS_IDEAL */
        float floats[BSS_LINES][BSS_CELLS];
    };
} bss_lines;

/* Where those of a tile begin. */
typedef union {
    double *doubles;
    float *floats;
} bss_line;

/* A tile: its n neurons from `first` on, their state and coefficients. Those are held in a step
 * whose `hold` is more than the steps from the base to its begin. */
typedef struct bss_tile {
    int64_t first, n, substeps;
    int64_t behind; /* how far it is from the begin of its block */
    uint32_t there;     /* a bit for each of its neurons */
    const bss_spiking *spiking; /* of its first neuron; the next one's is `apart` records away */
    int64_t apart;
    bss_cells cells;
    bss_line line[BSS_LINES]; /* from their begin to their end, the state of lines is here */
    bss_singles *single; /* where there is one, the other state is there and not in `cells` */
    bss_columns columns;
} bss_tile;

/* Where a tile lies that is not full: behind it come neurons of another part. */
typedef struct {
    double state[3][BSS_TILE], drive[BSS_TILE];
    bss_cells from;
} bss_rest;

/* A hash of key, step and index (noise.py). */
static inline uint64_t bss_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

static inline uint64_t bss_draw(uint64_t key, uint64_t step, uint64_t index)
{
    const uint64_t golden = UINT64_C(0x9E3779B97F4A7C15);
    return bss_mix(bss_mix(key + step * golden) + index * golden);
}

/* The steps of the block for a part. */
static inline void bss_plan_steps(const bss_neurons *all, const bss_part *part, bss_share *share,
                                  bss_step *steps)
{
    for (int64_t s = 0; s < all->n_steps; s++) {
        bss_step *step = &steps[s];
        step->number = all->step + s + 1;
        step->now = (double)(all->step - all->base + s);
        step->float_now = (float)step->now;
        step->tidy = step->number % BSS_TIDY_STEPS == 0;
        step->spikes = all->spikes + s * all->n + share->first;
        step->count = &share->count[s];
        step->arrivals = share->arrivals[s];
        step->keeps = 0;
        for (int k = 0; all->any_kept && all->n_steps > 1 && k < BSS_N_VARIABLES; k++) {
            const int keeps = all->kept[k] && step->number % all->keep_every[k] == 0;
            step->kept[k] = keeps ? all->kept[k] + s * all->n : 0;
            step->keeps |= keeps;
        }
        if (part->mode == BSS_NOISY)
            step->noise
                = bss_draw(all->noise.key, (uint64_t)step->number, (uint64_t)part->block);
    }
}

/* Fill in the tiles of a part. */
static inline void bss_lay_tiles(bss_part *part, int64_t n_columns)
{
    const bss_cells *cells = &part->cells;
    for (int64_t at = 0; at < part->n; at += BSS_TILE) {
        const int64_t number = at / BSS_TILE;
        bss_tile *tile = &part->tiles[number];
        tile->first = part->first + at;
        tile->n = part->n - at < BSS_TILE ? part->n - at : BSS_TILE;
        tile->substeps = part->substeps;
        tile->behind = part->behind + at;
        tile->spiking = part->spiking + part->apart * at;
        tile->apart = part->apart;
        tile->there = ~UINT32_C(0) >> (BSS_TILE - tile->n);
        tile->single = part->singles ? &part->singles[number] : 0;
        tile->cells = (bss_cells){cells->v + at,     cells->w + at,    cells->line0 + at,
                                  cells->line1 + at, cells->hold + at, cells->drive + at};
        for (int line = 0; line < BSS_LINES; line++) {
            if (part->mode == BSS_IDEAL)
                tile->line[line].doubles = part->lines->doubles[line] + at;
            else
                tile->line[line].floats = part->lines->floats[line] + at;
        }
        for (int64_t k = 0; k < n_columns; k++)
            tile->columns.at[k] = (const char *)part->columns.at[k] + number * part->stride[k];
    }
}

/* Let a tile that is not full work on a copy, filled up with copies of its last neuron. */
static BSS_APART void bss_copy_rest(bss_tile *tile, bss_rest *rest)
{
    bss_cells *cells = &tile->cells;
    double **variable[3] = {&cells->v, &cells->w, &cells->hold};
    const int64_t n = tile->n;
    rest->from = *cells;
    for (int k = 0; k < 3; k++) {
        for (int64_t j = 0; j < BSS_TILE; j++)
            rest->state[k][j] = (*variable[k])[j < n ? j : n - 1];
        *variable[k] = rest->state[k];
    }
    for (int64_t j = 0; j < BSS_TILE; j++)
        rest->drive[j] = cells->drive[j < n ? j : n - 1];
    cells->drive = rest->drive;
}

/* Put the state of the copied neurons where it belongs, and let the tile be there again. */
static BSS_APART void bss_return_rest(bss_tile *tile, const bss_rest *rest)
{
    double *variable[3] = {rest->from.v, rest->from.w, rest->from.hold};
    for (int k = 0; k < 3; k++)
        for (int64_t j = 0; j < tile->n; j++)
            variable[k][j] = rest->state[k][j];
    tile->cells = rest->from;
}

/* Take the state of lines from where it lies, and put it back. */
static inline void bss_take_lines(const bss_tile *tile)
{
    const double *from[BSS_LINES] = {tile->cells.line0, tile->cells.line1};
    for (int line = 0; line < BSS_LINES; line++)
        for (int64_t j = 0; j < tile->n; j++) {
            if (tile->single)
                tile->line[line].floats[j] = (float)from[line][j];
            else
                tile->line[line].doubles[j] = from[line][j];
        }
}

static inline void bss_put_lines(const bss_tile *tile)
{
    double *to[BSS_LINES] = {tile->cells.line0, tile->cells.line1};
    for (int line = 0; line < BSS_LINES; line++)
        for (int64_t j = 0; j < tile->n; j++)
            to[line][j] = tile->single ? (double)tile->line[line].floats[j]
                                       : tile->line[line].doubles[j];
}

/* The potential that the float of a membrane stands for. */
static inline double bss_potential(const bss_tile *tile, int64_t j)
{
    return ((const double *)tile->columns.cuba_lif.e_leak)[j] + (double)tile->single->u[j];
}

/* Draw the threshold of a neuron anew. */
static inline void bss_draw_threshold(const bss_neurons *all, const bss_tile *tile,
                                      const bss_spiking *own, int64_t step, int64_t j)
{
    const int64_t i = tile->first + j;
    const uint64_t place = bss_draw(all->thresh_key, (uint64_t)step, (uint64_t)i);
    const double shift = own->sigma_thresh * (double)all->noise.table[place & all->noise.mask];
    const double v_thresh = own->v_thresh + shift;
    all->thresh_shift[i] = shift;
    all->tiles[all->thresh_place[i]] = v_thresh;
    if (tile->single) {
        const double *e_leak = tile->columns.cuba_lif.e_leak;
        tile->single->thresh[j] = (float)(v_thresh - e_leak[j]);
    }
}

/* Whether neuron j is held in the step that ends `now` steps from the base. */
static inline int bss_held(const bss_tile *tile, double now, int64_t j)
{
    return (tile->single ? (double)tile->single->hold[j] : tile->cells.hold[j]) > now;
}

/* Reset neuron j, and hold it until `end` steps from the base. */
static inline void bss_reset(const bss_tile *tile, const bss_spiking *own, double end, int64_t j)
{
    if (tile->single) {
        tile->single->hold[j] = (float)end;
        tile->single->w[j] += own->b;
        if (own->reset_keep == 0.0)
            tile->single->u[j] = tile->single->reset[j];
    } else {
        tile->cells.hold[j] = end;
        tile->cells.w[j] += own->b;
        if (own->reset_keep == 0.0)
            tile->cells.v[j] = own->v_reset;
    }
}

/* Neuron j is at or above threshold: it spikes if it may, which is noted. */
static inline void bss_spike(const bss_neurons *all, const bss_tile *tile, const bss_step *step,
                             int64_t j)
{
    const double now = (double)(step->number - all->base);
    const int64_t i = tile->first + j;
    const bss_spiking *own = tile->spiking + tile->apart * j;
    if (bss_held(tile, now, j)
        || (all->any_silent && all->silent_until[i] > (double)step->number))
        return;
    step->spikes[(*step->count)++] = (int32_t)i;
    if (all->delivery->links)
        bss_expect_hops(all->delivery->links, i);
    bss_reset(tile, own, own->hold_steps + now, j);
    all->silent_until[i] = (double)step->number + own->silent_steps;
    if (own->sigma_thresh > 0.0)
        bss_draw_threshold(all, tile, own, step->number, j);
}

/* A variable of neuron j of a tile. */
static inline double bss_variable(const bss_tile *tile, int variable, int64_t j)
{
    const bss_singles *single = tile->single;
    const bss_cells *cells = &tile->cells;
    if (variable == 0)
        return single ? bss_potential(tile, j) : cells->v[j];
    if (variable == 1)
        return single ? single->w[j] : cells->w[j];
    const bss_line line = tile->line[variable - 2];
    return single ? (double)line.floats[j] : line.doubles[j];
}

/* Neurons of a tile are at or above threshold, a bit for each; some may not be there. */
static BSS_APART void bss_spike_all(const bss_neurons *all, const bss_tile *tile,
                                    const bss_step *step, uint32_t over)
{
    for (over &= tile->there; over; over &= over - 1)
        bss_spike(all, tile, step, bss_lowest_bit(over));
}

/* Keep for probes what a tile is at the end of a step. */
static BSS_APART void bss_keep(const bss_tile *tile, const bss_step *step)
{
    for (int variable = 0; variable < BSS_N_VARIABLES; variable++)
        for (int64_t j = 0; step->kept[variable] && j < tile->n; j++)
            step->kept[variable][tile->first + j] = bss_variable(tile, variable, j);
}

/* Let `hold` count from the end of the block. */
static inline void bss_end_holds(const bss_neurons *all, const bss_tile *tile)
{
    const double elapsed = (double)(all->step - all->base + all->n_steps);
    double *hold = tile->cells.hold;
    for (int64_t j = 0; j < BSS_TILE; j++)
        hold[j] = hold[j] > elapsed ? hold[j] - elapsed : 0.0;
}

#endif
