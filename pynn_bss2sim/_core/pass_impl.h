/* How a part goes through a block of steps (block.h); included by kernels_impl.h. In each step
 * neighbouring tiles are integrated, and then what arrives is added to their lines. */

enum {
    BSS_STRIP_TILES = 4,
    BSS_SPARSE = 96 /* most synapses of a list to which it is worth to go one by one */
};

/* A step of `n_tiles` in single precision, whose records and lines are given: for each a bit for
 * each neuron that is at or above threshold. Some vectors of neurons go through it abreast. */
BSS_SPECIALIZE void bss_step_singles(const bss_neurons *all, const bss_step *step,
                                     const bss_tile *tiles, bss_singles *singles, float *lines,
                                     const int n_tiles, const bss_known *alike,
                                     const int64_t substeps, const int kind, const int mode,
                                     uint32_t *over)
{
    const int adex = kind == BSS_CUBA_ADEX || kind == BSS_COBA_ADEX;
    const int most = adex ? BSS_MOST_ABREAST : BSS_FEW_ABREAST, n_vectors = n_tiles * BSS_TILE_VECTORS;
    const int abreast = most < n_vectors ? most : n_vectors;
    for (int first = 0; first < n_vectors; first += abreast) {
        bss_group group[BSS_MOST_ABREAST];
        bss_known known[BSS_MOST_ABREAST];
        bss_place place[BSS_MOST_ABREAST];
        BSS_UNROLL for (int k = 0; k < abreast; k++) {
            const int own = (first + k) / BSS_TILE_VECTORS;
            place[k].single = &singles[own];
            place[k].j = (first + k) % BSS_TILE_VECTORS * BSS_FLOATS;
            place[k].line = lines + own * BSS_TILE + place[k].j;
            place[k].now = step->float_now - (bss_floats){0};
            if (mode == BSS_NOISY)
                bss_place_noise(&place[k], &all->noise, step->noise,
                                tiles[own].behind + place[k].j);
            group[k] = bss_take_group(&place[k]);
            known[k] = alike ? *alike : bss_known_of(&tiles[own], place[k].j, kind, mode);
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
            const bss_floats thresh = bss_load_floats(place[k].single->thresh + place[k].j);
            over[(first + k) / BSS_TILE_VECTORS]
                |= bss_bits_floats(bss_at_least_floats(group[k].u, thresh)) << place[k].j;
            bss_put_group(&place[k], &group[k]);
        }
    }
}

/* A step of a tile of ideal current-based LIF. */
BSS_SPECIALIZE uint32_t bss_step_cuba(const bss_step *step, const bss_tile *tile,
                                      const bss_wide_known *alike)
{
    const bss_wide_place at = bss_wide_place_of(tile);
    const double *const thresholds = tile->columns.cuba_lif.v_thresh;
    const bss_doubles now = step->now - (bss_doubles){0};
    uint32_t over = 0;
    BSS_UNROLL for (int j = 0; j < BSS_TILE; j += BSS_DOUBLES) {
        const bss_wide_known known = alike ? *alike : bss_wide_known_of(tile, j);
        bss_wide_group group = bss_take_wide_group(&at, j);
        bss_ideal_cuba_lif(&known, &group, at.drive + j, at.hold + j, now);
        over |= bss_bits_doubles(bss_at_least_doubles(group.v, bss_load_doubles(thresholds + j))) << j;
        bss_put_wide_group(&at, &group, j);
    }
    return over;
}

/* A step of a tile of other ideal neurons. */
BSS_SPECIALIZE uint32_t bss_step_ideal(const bss_step *step, const bss_tile *tile, const int kind)
{
    const double *restrict v_thresh = tile->columns.cuba_lif.v_thresh;
    const double *restrict v = tile->cells.v;
    const uint64_t any
        = kind == BSS_COBA_LIF
              ? BSS_NAME(coba_lif)(&tile->columns.coba_lif, tile, step->now)
              : BSS_NAME(adex)(&tile->columns.adex, tile, step->now, kind == BSS_COBA_ADEX);
    uint32_t over = 0;
    if (any) {
        BSS_EACH {
            over |= (uint32_t)(v[j] >= v_thresh[j]) << j;
        }
    }
    return over;
}

/* Move what arrives at a tile to its line; nothing is left where it was. */
#define BSS_MOVE_ARRIVALS(floats, number)                                                          \
    BSS_SPECIALIZE void bss_move_##floats(number *from, number *to)                                \
    {                                                                                              \
        BSS_UNROLL for (int j = 0; j < BSS_TILE; j += (int)(sizeof(bss_##floats) / sizeof(number))) { \
            bss_store_##floats(to + j, bss_load_##floats(to + j) + bss_load_##floats(from + j));   \
            bss_store_##floats(from + j, (bss_##floats){0});                                       \
        }                                                                                          \
    }
BSS_MOVE_ARRIVALS(floats, float)
BSS_MOVE_ARRIVALS(doubles, double)

/* Add what waits in a list to the line itself: it comes to no neuron twice. */
BSS_SPECIALIZE void bss_add_straight(const bss_part *part, const bss_delivery *d,
                                     const bss_list *list, const int line, const int mode)
{
    if (mode == BSS_IDEAL) {
        double *cells = part->lines->doubles[line];
        BSS_ADD_LIST(list, d->target, d->amplitude, double, cells)
    } else {
        float *cells = part->lines->floats[line];
        BSS_ADD_LIST(list, d->target, d->float_amplitude, float, cells)
    }
}

/* Move what arrives at the targets of a list, each for itself. A target that comes again finds 0. */
BSS_SPECIALIZE void bss_spread(const bss_part *part, const bss_list *list, const uint16_t *targets,
                               double *cells, const int line)
{
    double *to = part->lines->doubles[line];
    for (const bss_waiting *w = list->first; w < list->first + list->count; w++) {
        const uint16_t *target = targets + w->begin;
        for (int64_t k = 0; k < w->n; k += BSS_STRIDE) {
            for (int64_t j = k; j < k + BSS_STRIDE; j++) {
                to[target[j]] += cells[target[j]];
                cells[target[j]] = 0.0;
            }
        }
    }
}

/* Move what arrives at some tiles of a part. */
BSS_SPECIALIZE void bss_move_arrivals(const bss_part *part, const bss_arrivals *arrivals,
                                      uint64_t marks, const int line, const int mode)
{
    for (; marks; marks &= marks - 1) {
        const int64_t tile = bss_lowest_bit(marks);
        if (mode == BSS_IDEAL)
            bss_move_doubles(arrivals->cells + tile * BSS_TILE,
                             part->lines->doubles[line] + tile * BSS_TILE);
        else
            bss_move_floats(arrivals->floats + tile * BSS_TILE,
                            part->lines->floats[line] + tile * BSS_TILE);
    }
}

/* Add to the lines of a part what arrives in a step. */
BSS_SPECIALIZE void bss_let_arrive(const bss_neurons *all, const bss_part *part, bss_share *share,
                                   const bss_step *step, const int mode)
{
    const bss_delivery *d = all->delivery;
    BSS_UNROLL for (int line = 0; line < BSS_LINES; line++) {
        const int64_t lane = part->number * BSS_LINES + line;
        bss_list *list = bss_list_of(d, lane, step->number);
        const int in_ring = step->number <= d->ring_end;
        if (!in_ring && bss_are_apart(list)) {
            bss_add_straight(part, d, list, line, mode);
            list->count = 0;
        } else if (mode == BSS_IDEAL && !in_ring && bss_synapses_of(list) <= BSS_SPARSE) {
            bss_add_up(d, list, lane, share->cells);
            bss_spread(part, list, d->target, share->cells, line);
            list->count = 0;
        } else {
            const bss_arrivals arrivals
                = mode == BSS_IDEAL ? bss_collect(d, lane, step->number, share->cells)
                                    : bss_collect_floats(d, lane, step->number, share->floats);
            bss_move_arrivals(part, &arrivals, arrivals.marks, line, mode);
        }
    }
}

/* Integrate the tiles of a part from `first` to `end` in a step, and let them spike; `alike` or
 * `wide_alike` are coefficients of its kind and mode where neurons differ in none. */
BSS_SPECIALIZE void bss_step_tiles(const bss_neurons *all, const bss_part *part, int64_t first,
                                   int64_t end, const bss_step *step, const bss_known *alike,
                                   const bss_wide_known *wide_alike, const int64_t substeps,
                                   const int kind, const int mode)
{
    const int adex = kind == BSS_CUBA_ADEX || kind == BSS_COBA_ADEX;
    /* two, if it takes so many for the vectors to go abreast */
    const int pairs = mode != BSS_IDEAL && adex && BSS_TILE_VECTORS < BSS_MOST_ABREAST;
    /* copies, which what is stored cannot change */
    const bss_tile *const tiles = part->tiles;
    bss_singles *const singles = part->singles;
    float *const lines = part->lines->floats[0];
    for (int64_t number = first; number < end;) {
        const bss_tile *tile = &tiles[number];
        const int together = pairs && number + 1 < end ? 2 : 1;
        uint32_t over[2] = {0, 0};
        if (together == 2)
            bss_step_singles(all, step, tile, singles + number, lines + number * BSS_TILE, 2, alike,
                             substeps, kind, mode, over);
        else if (mode != BSS_IDEAL)
            bss_step_singles(all, step, tile, singles + number, lines + number * BSS_TILE, 1, alike,
                             substeps, kind, mode, over);
        else if (kind == BSS_CUBA_LIF)
            over[0] = bss_step_cuba(step, tile, wide_alike);
        else
            over[0] = bss_step_ideal(step, tile, kind);
        for (int k = 0; k < together; k++)
            if (BSS_SELDOM(over[k]))
                bss_spike_all(all, tile + k, step, over[k]);
        number += together;
    }
}

/* Keep for probes what tiles are at the end of a step. */
BSS_SPECIALIZE void bss_keep_tiles(const bss_part *part, int64_t first, int64_t end,
                                   const bss_step *step)
{
    for (; step->keeps && first < end; first++)
        bss_keep(&part->tiles[first], step);
}

/* A part goes through the steps: all of it where its neurons are alike. Else it does in strips of
 * tiles, whose coefficients stay in the first-level cache meanwhile; what arrives at them has been
 * collected. */
BSS_SPECIALIZE void bss_run_steps(const bss_neurons *all, const bss_part *part, bss_share *share,
                                  const bss_step *steps, const bss_known *alike,
                                  const bss_wide_known *wide_alike, const int64_t substeps,
                                  const int kind, const int mode)
{
    const int64_t n_tiles = (part->n + BSS_TILE - 1) / BSS_TILE;
    const bss_step *const last = steps + all->n_steps;
    if (alike || wide_alike || part->alike) { /* the former lead the compiler past the strips */
        for (const bss_step *step = steps; step < last; step++) {
            bss_step_tiles(all, part, 0, n_tiles, step, alike, wide_alike, substeps, kind, mode);
            bss_let_arrive(all, part, share, step, mode);
            bss_keep_tiles(part, 0, n_tiles, step);
        }
        return;
    }
    for (int64_t first = 0; first < n_tiles; first += BSS_STRIP_TILES) {
        const int64_t left = n_tiles - first, n = left < BSS_STRIP_TILES ? left : BSS_STRIP_TILES;
        const uint64_t here = ((UINT64_C(1) << n) - 1) << first;
        for (const bss_step *step = steps; step < last; step++) {
            bss_step_tiles(all, part, first, first + n, step, 0, 0, substeps, kind, mode);
            BSS_UNROLL for (int line = 0; line < BSS_LINES; line++) {
                const bss_arrivals *arrivals = &step->arrivals[line];
                bss_move_arrivals(part, arrivals, arrivals->marks & here, line, mode);
            }
            bss_keep_tiles(part, first, first + n, step);
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
    bss_take_lines(tile);
    BSS_EACH {
        single->w[j] = cells->w[j];
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
    bss_put_lines(tile);
    BSS_EACH {
        cells->v[j] = BSS_DOUBLE(e_leak) + (double)single->u[j];
        cells->w[j] = single->w[j];
    }
    BSS_EACH {
        cells->hold[j] = (double)single->hold[j];
    }
}

/* A part in single precision. */
BSS_SPECIALIZE void bss_run_single(const bss_neurons *all, const bss_part *part, bss_share *share,
                                   const bss_step *steps, const int kind, const int mode,
                                   const int are_alike, const int64_t substeps)
{
    const int64_t n_tiles = (part->n + BSS_TILE - 1) / BSS_TILE;
    bss_tile *const last = &part->tiles[n_tiles - 1];
    const int copies = last->n < BSS_TILE && (all->takes || all->puts);
    bss_known alike;
    bss_rest rest;
    if (are_alike)
        alike = bss_known_of(part->tiles, 0, kind, mode);
    if (copies)
        bss_copy_rest(last, &rest);
    for (int64_t number = 0; all->takes && number < n_tiles; number++)
        bss_take_tile(&part->tiles[number], kind, mode);
    bss_run_steps(all, part, share, steps, are_alike ? &alike : 0, 0, substeps, kind, mode);
    for (int64_t number = 0; all->puts && number < n_tiles; number++) {
        bss_put_tile(&part->tiles[number]);
        bss_end_holds(all, &part->tiles[number]);
    }
    if (copies)
        bss_return_rest(last, &rest);
}

/* An ideal part. */
BSS_SPECIALIZE void bss_run_ideal(const bss_neurons *all, const bss_part *part, bss_share *share,
                                  const bss_step *steps, const int kind, const int are_alike)
{
    const int64_t n_tiles = (part->n + BSS_TILE - 1) / BSS_TILE;
    bss_tile *const last = &part->tiles[n_tiles - 1];
    const int copies = last->n < BSS_TILE;
    bss_wide_known alike;
    bss_rest rest;
    if (are_alike)
        alike = bss_wide_known_of(part->tiles, 0);
    if (copies)
        bss_copy_rest(last, &rest);
    for (int64_t number = 0; all->takes && number < n_tiles; number++)
        bss_take_lines(&part->tiles[number]);
    bss_run_steps(all, part, share, steps, 0, are_alike ? &alike : 0, 1, kind, BSS_IDEAL);
    for (int64_t number = 0; all->puts && number < n_tiles; number++) {
        bss_put_lines(&part->tiles[number]);
        bss_end_holds(all, &part->tiles[number]);
    }
    if (copies)
        bss_return_rest(last, &rest);
}

/* A part through the block. */
BSS_SPECIALIZE void bss_run(const bss_neurons *all, const bss_part *part, bss_share *share,
                            const int kind, const int mode)
{
    bss_step steps[BSS_BLOCK];
    bss_plan_steps(all, part, share, steps);
    if (mode == BSS_IDEAL && kind == BSS_CUBA_LIF && part->alike)
        bss_run_ideal(all, part, share, steps, BSS_CUBA_LIF, 1);
    else if (mode == BSS_IDEAL)
        bss_run_ideal(all, part, share, steps, kind, 0);
    else if (kind != BSS_CUBA_LIF && part->substeps > 1)
        bss_run_single(all, part, share, steps, kind, mode, 0, part->substeps);
    else if (mode == BSS_SINGLE && part->alike)
        bss_run_single(all, part, share, steps, kind, BSS_SINGLE, 1, 1);
    else
        bss_run_single(all, part, share, steps, kind, mode, 0, 1);
}
