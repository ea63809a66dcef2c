/* The kernel of ideal current-based LIF; included by kernels_impl.h. */

/* State of a vector of neurons, and their coefficients. */
typedef struct {
    bss_doubles v, line0, line1;
} bss_wide_group;

#define BSS_FIELD(name) bss_doubles name;
typedef struct {
    BSS_COMMON_COLUMNS(BSS_FIELD)
    BSS_CUBA_LIF_COLUMNS(BSS_FIELD)
} bss_wide_known;
#undef BSS_FIELD

/* The coefficients of a tile's neurons from j on. */
#define BSS_LOAD(name) .name = bss_load_doubles((const double *)c->name + j),
BSS_SPECIALIZE bss_wide_known bss_wide_known_of(const bss_tile *tile, int j)
{
    const bss_cuba_lif_columns *c = &tile->columns.cuba_lif;
    return (bss_wide_known){BSS_COMMON_COLUMNS(BSS_LOAD) BSS_CUBA_LIF_COLUMNS(BSS_LOAD)};
}
#undef BSS_LOAD

/* A step: exact for currents that are constant over it. */
BSS_SPECIALIZE void bss_ideal_cuba_lif(const bss_wide_known *c, bss_wide_group *group,
                                       const double *drives, const double *holds, bss_doubles now)
{
    const bss_doubles i0 = group->line0, i1 = group->line1;
    const bss_doubles drive = bss_load_doubles(drives);
    const bss_wide_mask held = BSS_MASK(bss_load_doubles(holds) > now);
    const bss_doubles push = i0 * c->p_v0 + (i1 * c->p_v1 + drive);
    const bss_doubles v_new = c->e_leak + ((group->v - c->e_leak) * c->p_vv + push);
    group->v = bss_choose_doubles(held, c->v_reset, v_new);
    group->line0 = i0 * c->decay0;
    group->line1 = i1 * c->decay1;
}

/* Where the neurons of a tile are. */
typedef struct {
    double *v, *line0, *line1;
    const double *drive, *hold;
} bss_wide_place;

BSS_SPECIALIZE bss_wide_place bss_wide_place_of(const bss_tile *tile)
{
    const bss_cells *cells = &tile->cells;
    return (bss_wide_place){cells->v, tile->line[0].doubles, tile->line[1].doubles, cells->drive,
                            cells->hold};
}

BSS_SPECIALIZE bss_wide_group bss_take_wide_group(const bss_wide_place *at, int j)
{
    return (bss_wide_group){bss_load_doubles(at->v + j), bss_load_doubles(at->line0 + j),
                            bss_load_doubles(at->line1 + j)};
}

BSS_SPECIALIZE void bss_put_wide_group(const bss_wide_place *at, const bss_wide_group *group, int j)
{
    bss_store_doubles(at->v + j, group->v);
    bss_store_doubles(at->line0 + j, group->line0);
    bss_store_doubles(at->line1 + j, group->line1);
}
