/* The kernel of ideal current-based LIF; included by kernels_impl.h. It is so short that neurons stay
 * in registers for a block of steps. */

#define BSS_OF(name) bss_load_doubles((const double *)c->name + j)

/* A vector of neurons. */
typedef struct {
    bss_doubles v, line0, line1;
} bss_wide_group;

/* A step: exact for currents that are constant over it. */
BSS_SPECIALIZE void bss_ideal_cuba_lif(const bss_cuba_lif_columns *c, const bss_tile *tile,
                                       bss_wide_group *group, int j, bss_doubles now)
{
    const bss_doubles i0 = group->line0, i1 = group->line1, e_leak = BSS_OF(e_leak);
    const bss_doubles drive = bss_load_doubles(tile->cells.drive + j);
    const bss_wide_mask held = BSS_MASK(bss_load_doubles(tile->cells.hold + j) > now);
    const bss_doubles push = i0 * BSS_OF(p_v0) + (i1 * BSS_OF(p_v1) + drive);
    const bss_doubles v_new = e_leak + ((group->v - e_leak) * BSS_OF(p_vv) + push);
    group->v = bss_choose_doubles(held, BSS_OF(v_reset), v_new);
    group->line0 = i0 * BSS_OF(decay0);
    group->line1 = i1 * BSS_OF(decay1);
}

BSS_SPECIALIZE bss_wide_group bss_take_wide_group(const bss_tile *tile, int j)
{
    const bss_cells *cells = &tile->cells;
    return (bss_wide_group){bss_load_doubles(cells->v + j), bss_load_doubles(cells->line0 + j),
                            bss_load_doubles(cells->line1 + j)};
}

BSS_SPECIALIZE void bss_put_wide_group(const bss_tile *tile, const bss_wide_group *group, int j)
{
    bss_store_doubles(tile->cells.v + j, group->v);
    bss_store_doubles(tile->cells.line0 + j, group->line0);
    bss_store_doubles(tile->cells.line1 + j, group->line1);
}

/* As bss_arrived_floats. */
BSS_SPECIALIZE bss_doubles bss_arrived_doubles(double *cells)
{
    const bss_doubles arrived = bss_load_doubles(cells);
    bss_store_doubles(cells, (bss_doubles){0});
    return arrived;
}
#undef BSS_OF
