/* How a tile goes through a block of steps (block.h); included by kernels_impl.h. */

/* A tile in single precision, some vectors of neurons at a time. Cells where nothing arrives are 0:
 * to add them takes less time than to go different ways. */
BSS_SPECIALIZE void bss_pass_single(const bss_neurons *all, const bss_step *steps,
                                    const bss_tile *tile, const bss_known *alike,
                                    const int64_t substeps, const int kind, const int mode)
{
    const bss_step *const end = steps + all->n_steps;
    const int adex = kind == BSS_CUBA_ADEX || kind == BSS_COBA_ADEX;
    const int abreast = adex ? BSS_MOST_ABREAST : 2, width = abreast * BSS_FLOATS;
    const uint32_t any_kept = all->any_kept != 0;
    bss_singles *const single = tile->single;
    for (int first = 0; first < BSS_TILE; first += width) {
        const int64_t at = tile->at + first;
        bss_group group[BSS_MOST_ABREAST];
        bss_known known[BSS_MOST_ABREAST];
        bss_place place[BSS_MOST_ABREAST];
        BSS_UNROLL for (int k = 0; k < abreast; k++) {
            place[k].single = single;
            place[k].j = first + k * BSS_FLOATS;
            group[k] = bss_take_group(single, place[k].j);
            known[k] = alike ? *alike : bss_known_of(tile, place[k].j, kind, mode);
        }
        for (const bss_step *step = steps; step < end; step++) {
            float *in0 = step->arrivals[0].floats + at, *in1 = step->arrivals[1].floats + at;
            bss_mask any = (bss_mask){0};
            BSS_UNROLL for (int k = 0; k < abreast; k++) {
                place[k].now = step->float_now - (bss_floats){0};
                if (mode == BSS_NOISY)
                    bss_place_noise(&place[k], &all->noise, step->noise, tile->behind + place[k].j);
            }
            for (int64_t left = substeps; left; left--)
                bss_advance(known, place, group, abreast, kind, mode);
            BSS_UNROLL for (int k = 0; k < abreast; k++)
                bss_end_group(&known[k], &place[k], &group[k], kind, mode);
            if (BSS_SELDOM(step->tidy)) {
                BSS_UNROLL for (int k = 0; k < abreast; k++)
                    bss_tidy_group(&group[k]);
            }
            BSS_UNROLL for (int k = 0; k < abreast; k++) {
                group[k].line0 += bss_arrived_floats(in0 + k * BSS_FLOATS);
                group[k].line1 += bss_arrived_floats(in1 + k * BSS_FLOATS);
                any |= bss_over(&place[k], group[k].u);
            }
            if (BSS_SELDOM(bss_bits_floats(any) | any_kept)) {
                uint32_t over = 0;
                BSS_UNROLL for (int k = 0; k < abreast; k++) {
                    bss_put_group(single, &group[k], place[k].j);
                    over |= bss_bits_floats(bss_over(&place[k], group[k].u)) << k * BSS_FLOATS;
                }
                bss_end_step(all, tile, step, first, width, over & tile->there >> first);
                BSS_UNROLL for (int k = 0; k < abreast; k++)
                    group[k].u = bss_load_floats(single->u + first + k * BSS_FLOATS);
            }
        }
        BSS_UNROLL for (int k = 0; k < abreast; k++)
            bss_put_group(single, &group[k], first + k * BSS_FLOATS);
    }
}

/* Where an ideal tile finds what arrives in each step on each line: `nothing`, which is 0, if nothing
 * does. Short kernels add that; the others had better not. */
typedef struct {
    double *cells[BSS_BLOCK][BSS_LINES];
    double nothing[BSS_TILE];
} bss_tile_arrivals;

BSS_SPECIALIZE void bss_find_arrivals(const bss_step *steps, int64_t n_steps, int64_t at,
                                      bss_tile_arrivals *found)
{
    const uint64_t mark = UINT64_C(1) << (at / BSS_TILE);
    for (int64_t s = 0; s < n_steps; s++)
        BSS_UNROLL for (int line = 0; line < BSS_LINES; line++) {
            const bss_arrivals *all = &steps[s].arrivals[line];
            found->cells[s][line] = all->marks & mark ? all->cells + at : found->nothing;
        }
}

/* A tile of ideal current-based LIF. */
BSS_SPECIALIZE void bss_pass_cuba(const bss_neurons *all, const bss_step *steps,
                                  const bss_tile *tile, const bss_wide_known *alike,
                                  const bss_tile_arrivals *arrivals)
{
    enum { ABREAST = 2, WIDTH = ABREAST * BSS_DOUBLES };
    const double *const drives = tile->cells.drive, *const holds = tile->cells.hold;
    const double *const thresholds = tile->columns.cuba_lif.v_thresh;
    const uint32_t any_kept = all->any_kept != 0;
    const int64_t n_steps = all->n_steps;
    for (int first = 0; first < BSS_TILE; first += WIDTH) {
        bss_wide_group group[ABREAST];
        bss_wide_known known[ABREAST];
        BSS_UNROLL for (int k = 0; k < ABREAST; k++) {
            const int j = first + k * BSS_DOUBLES;
            group[k] = bss_take_wide_group(tile, j);
            known[k] = alike ? *alike : bss_wide_known_of(tile, j);
        }
        for (int64_t s = 0; s < n_steps; s++) {
            const bss_doubles now = steps[s].now - (bss_doubles){0};
            double *in0 = arrivals->cells[s][0], *in1 = arrivals->cells[s][1];
            bss_wide_mask any = (bss_wide_mask){0};
            BSS_UNROLL for (int k = 0; k < ABREAST; k++) {
                const int j = first + k * BSS_DOUBLES;
                bss_ideal_cuba_lif(&known[k], &group[k], drives + j, holds + j, now);
                group[k].line0 += bss_arrived_doubles(in0 + j);
                group[k].line1 += bss_arrived_doubles(in1 + j);
                any |= BSS_MASK(group[k].v >= bss_load_doubles(thresholds + j));
            }
            if (BSS_SELDOM(bss_bits_doubles(any) | any_kept)) {
                uint32_t over = 0;
                BSS_UNROLL for (int k = 0; k < ABREAST; k++) {
                    const int j = first + k * BSS_DOUBLES;
                    bss_put_wide_group(tile, &group[k], j);
                    over |= bss_bits_doubles(BSS_MASK(group[k].v >= bss_load_doubles(thresholds + j)))
                            << k * BSS_DOUBLES;
                }
                bss_end_step(all, tile, &steps[s], first, WIDTH, over & tile->there >> first);
                BSS_UNROLL for (int k = 0; k < ABREAST; k++)
                    group[k].v = bss_load_doubles(tile->cells.v + first + k * BSS_DOUBLES);
            }
        }
        BSS_UNROLL for (int k = 0; k < ABREAST; k++)
            bss_put_wide_group(tile, &group[k], first + k * BSS_DOUBLES);
    }
}

/* A tile of other ideal neurons, all of it at a time. */
BSS_SPECIALIZE void bss_pass_ideal(const bss_neurons *all, const bss_step *steps,
                                   const bss_tile *tile, const bss_tile_arrivals *arrivals,
                                   const int kind)
{
    const double *restrict v_thresh = tile->columns.cuba_lif.v_thresh;
    const double *restrict v = tile->cells.v;
    for (int64_t s = 0; s < all->n_steps; s++) {
        const double now = steps[s].now;
        const uint64_t any
            = kind == BSS_COBA_LIF
                  ? BSS_NAME(coba_lif)(&tile->columns.coba_lif, tile, now)
                  : BSS_NAME(adex)(&tile->columns.adex, tile, now, kind == BSS_COBA_ADEX);
        for (int line = 0; line < BSS_LINES; line++) {
            double *from = arrivals->cells[s][line];
            double *to = line ? tile->cells.line1 : tile->cells.line0;
            for (int j = 0; from != arrivals->nothing && j < BSS_TILE; j += BSS_DOUBLES)
                bss_store_doubles(to + j, bss_load_doubles(to + j) + bss_arrived_doubles(from + j));
        }
        if (any || all->any_kept) {
            uint32_t over = 0;
            BSS_EACH {
                over |= (uint32_t)(v[j] >= v_thresh[j]) << j;
            }
            bss_end_step(all, tile, &steps[s], 0, BSS_TILE, over & tile->there);
        }
    }
}

/* Take the state of a tile in single precision from where it lies, with `c` its columns. A membrane
 * that is as it was put there keeps the digits that had no place there. */
#define BSS_TAKE_MEMBRANES                                                                         \
    BSS_EACH {                                                                                     \
        const double e_leak = BSS_DOUBLE(e_leak), shown = e_leak + (double)single->u[j];           \
        const float kept = single->u[j], fresh = (float)(cells->v[j] - e_leak);                    \
        single->u[j] = shown == cells->v[j] ? kept : fresh;                                        \
    }                                                                                              \
    BSS_EACH {                                                                                     \
        single->reset[j] = (float)(BSS_DOUBLE(v_reset) - BSS_DOUBLE(e_leak));                      \
        single->thresh[j] = (float)(BSS_DOUBLE(v_thresh) - BSS_DOUBLE(e_leak));                    \
    }                                                                                              \
    if (mode >= BSS_SILICON) {                                                                     \
        BSS_EACH {                                                                                 \
            single->low[j] = (float)(BSS_DOUBLE(v_floor) - BSS_DOUBLE(e_leak));                    \
            single->high[j] = (float)(BSS_DOUBLE(v_ceiling) - BSS_DOUBLE(e_leak));                 \
        }                                                                                          \
    }
#define BSS_AGAINST_LEAK(name) (((const float *)c->name)[j] - (float)BSS_DOUBLE(e_leak))
#define BSS_TAKE_REVERSALS                                                                         \
    BSS_EACH {                                                                                     \
        single->rev0[j] = BSS_AGAINST_LEAK(e_rev0);                                                \
        single->rev1[j] = BSS_AGAINST_LEAK(e_rev1);                                                \
    }

BSS_SPECIALIZE void bss_take_tile(const bss_tile *tile, const int kind, const int mode)
{
    const bss_cells *restrict cells = &tile->cells;
    bss_singles *restrict single = tile->single;
    BSS_EACH {
        single->w[j] = cells->w[j];
        single->line0[j] = (float)cells->line0[j];
        single->line1[j] = (float)cells->line1[j];
        single->hold[j] = (float)cells->hold[j];
        single->drive[j] = (float)cells->drive[j];
    }
    if (kind == BSS_CUBA_LIF) {
        const bss_cuba_lif_columns *c = &tile->columns.cuba_lif;
        BSS_TAKE_MEMBRANES
    } else if (kind == BSS_COBA_LIF) {
        const bss_single_lif_columns *c = &tile->columns.single_lif;
        BSS_TAKE_MEMBRANES
        BSS_TAKE_REVERSALS
    } else {
        const bss_single_adex_columns *c = &tile->columns.single_adex;
        BSS_TAKE_MEMBRANES
        BSS_TAKE_REVERSALS
        BSS_EACH {
            single->onset[j] = BSS_AGAINST_LEAK(v_exp);
        }
    }
}

/* Put it back. */
BSS_SPECIALIZE void bss_put_tile(const bss_tile *tile)
{
    const bss_cuba_lif_columns *c = &tile->columns.cuba_lif;
    const bss_cells *restrict cells = &tile->cells;
    const bss_singles *restrict single = tile->single;
    BSS_EACH {
        cells->v[j] = BSS_DOUBLE(e_leak) + (double)single->u[j];
        cells->w[j] = single->w[j];
    }
    BSS_EACH {
        cells->line0[j] = (double)single->line0[j];
        cells->line1[j] = (double)single->line1[j];
        cells->hold[j] = (double)single->hold[j];
    }
}

/* All tiles of a part in single precision. */
BSS_SPECIALIZE void bss_run_single(const bss_neurons *all, const bss_part *part,
                                   const bss_step *steps, const int kind, const int mode,
                                   const int are_alike, const int64_t substeps)
{
    const int64_t n_tiles = (part->n + BSS_TILE - 1) / BSS_TILE;
    bss_known alike;
    bss_rest rest;
    if (are_alike)
        alike = bss_known_of(part->tiles, 0, kind, mode);
    for (int64_t number = 0; number < n_tiles; number++) {
        bss_tile *tile = &part->tiles[number];
        const int copies = tile->n < BSS_TILE && (all->takes || all->puts);
        if (copies)
            bss_copy_rest(tile, &rest);
        if (all->takes)
            bss_take_tile(tile, kind, mode);
        bss_pass_single(all, steps, tile, are_alike ? &alike : 0, substeps, kind, mode);
        if (all->puts) {
            bss_put_tile(tile);
            bss_end_holds(all, tile);
        }
        if (copies)
            bss_return_rest(tile, &rest);
    }
}

/* All tiles of an ideal part. */
BSS_SPECIALIZE void bss_run_ideal(const bss_neurons *all, const bss_part *part,
                                  const bss_step *steps, const int kind, const int are_alike)
{
    const int64_t n_tiles = (part->n + BSS_TILE - 1) / BSS_TILE;
    bss_tile_arrivals arrivals;
    bss_wide_known alike;
    bss_rest rest;
    memset(arrivals.nothing, 0, sizeof arrivals.nothing);
    if (are_alike)
        alike = bss_wide_known_of(part->tiles, 0);
    for (int64_t number = 0; number < n_tiles; number++) {
        bss_tile *tile = &part->tiles[number];
        bss_find_arrivals(steps, all->n_steps, tile->at, &arrivals);
        if (tile->n < BSS_TILE)
            bss_copy_rest(tile, &rest);
        if (kind == BSS_CUBA_LIF)
            bss_pass_cuba(all, steps, tile, are_alike ? &alike : 0, &arrivals);
        else
            bss_pass_ideal(all, steps, tile, &arrivals, kind);
        if (all->puts)
            bss_end_holds(all, tile);
        if (tile->n < BSS_TILE)
            bss_return_rest(tile, &rest);
    }
}

/* A part through the block. */
BSS_SPECIALIZE void bss_run(const bss_neurons *all, const bss_part *part, bss_share *share,
                            const int kind, const int mode)
{
    bss_step steps[BSS_BLOCK];
    bss_plan_steps(all, part, share, steps);
    if (mode == BSS_IDEAL && kind == BSS_CUBA_LIF && part->alike)
        bss_run_ideal(all, part, steps, BSS_CUBA_LIF, 1);
    else if (mode == BSS_IDEAL)
        bss_run_ideal(all, part, steps, kind, 0);
    else if (kind != BSS_CUBA_LIF && part->substeps > 1)
        bss_run_single(all, part, steps, kind, mode, 0, part->substeps);
    else if (mode == BSS_SINGLE && part->alike)
        bss_run_single(all, part, steps, kind, BSS_SINGLE, 1, 1);
    else
        bss_run_single(all, part, steps, kind, mode, 0, 1);
}
