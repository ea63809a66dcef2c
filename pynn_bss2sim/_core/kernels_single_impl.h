/* Kernels that compute in single precision: of neurons that are not ideal, and of those that are but
 * for what registers know of them (BSS_SINGLE). Included by kernels_impl.h.
 *
 * Membranes, against e_leak, and lines are floats. Adaptation is kept in double precision, and what
 * a step changes of it is computed in single precision. */

/* Vectors of neurons that go through a step abreast: of AdEx, and of other kinds. */
enum {
    BSS_MOST_ABREAST = 4,
    BSS_FEW_ABREAST = 2,
    BSS_TILE_VECTORS = BSS_TILE / BSS_FLOATS
};

/* State of a vector of neurons. */
typedef struct {
    bss_floats u, line0, line1;
} bss_group;

/* Their coefficients. */
#define BSS_FIELD(name) bss_floats name;
typedef struct {
    bss_floats decay0, decay1;
    bss_floats sixth, along; /* of AdEx: inv_delta_t / 6; what w takes of the way of u */
    BSS_CUBA_LIF_COLUMNS(BSS_FIELD)
    BSS_SINGLE_ADEX_COLUMNS(BSS_FIELD)
    BSS_SATURATION_COLUMNS(BSS_FIELD)
    BSS_NOISY_COLUMNS(BSS_FIELD)
} bss_known;
#undef BSS_FIELD

#define BSS_LOAD(name) known.name = bss_load_floats((const float *)c->name + j);
#define BSS_LOAD_COLUMNS(columns)                                                                  \
    do {                                                                                           \
        BSS_LOAD(decay0) BSS_LOAD(decay1)                                                          \
        columns(BSS_LOAD)                                                                          \
        if (mode >= BSS_SILICON) {                                                                 \
            BSS_SATURATION_COLUMNS(BSS_LOAD)                                                       \
        }                                                                                          \
        if (mode == BSS_NOISY) {                                                                   \
            BSS_NOISY_COLUMNS(BSS_LOAD)                                                            \
        }                                                                                          \
    } while (0)

BSS_SPECIALIZE bss_known bss_known_of(const bss_tile *tile, int j, const int kind, const int mode)
{
    bss_known known;
    if (kind == BSS_CUBA_LIF) {
        const bss_cuba_lif_columns *c = &tile->columns.cuba_lif;
        BSS_LOAD_COLUMNS(BSS_CUBA_LIF_COLUMNS);
    } else if (kind == BSS_COBA_LIF) {
        const bss_single_lif_columns *c = &tile->columns.single_lif;
        BSS_LOAD_COLUMNS(BSS_SINGLE_LIF_COLUMNS);
    } else {
        const bss_single_adex_columns *c = &tile->columns.single_adex;
        BSS_LOAD_COLUMNS(BSS_SINGLE_ADEX_COLUMNS);
        known.sixth = known.inv_delta_t * (1.0f / 6.0f);
        known.along = known.decay_w * (0.5f * known.a);
    }
    return known;
}

/* Where they are in their tile, and in the table of noise. */
typedef struct {
    bss_singles *single;
    float *line; /* of the vector: the first one, BSS_CELLS behind which comes the other */
    int j;
    const float *noise_v, *noise0, *noise1;
    bss_floats now; /* those whose `hold` is more are held */
} bss_place;
#define BSS_AT(name) bss_load_floats(at->single->name + at->j)

/* Where they read their noise in this step, `behind` the begin of their block. */
BSS_SPECIALIZE void bss_place_noise(bss_place *at, const bss_noise *noise, uint64_t place,
                                    int64_t behind)
{
    at->noise_v = noise->table + (place & noise->mask) + behind;
    at->noise0 = noise->table + (place >> 16 & noise->mask) + behind;
    at->noise1 = noise->table + (place >> 32 & noise->mask) + behind;
}

/* u clipped to +-3^(-1/2), where y - y^3 has its extrema */
BSS_SPECIALIZE bss_floats bss_clipped(bss_floats u)
{
    const bss_floats knee = 0.57735027f - (bss_floats){0};
    return bss_max_floats(-knee, bss_min_floats(knee, u));
}

/* (y - y^3) - u of y = clipped u: what a saturating current has more than a linear one (plan.py) */
BSS_SPECIALIZE bss_floats bss_excess(bss_floats u)
{
    const bss_floats y = bss_clipped(u);
    return (y - u) - y * y * y;
}

#define BSS_HELD BSS_MASK(BSS_AT(hold) > at->now)
/* what u changes by in a (sub)step: `change`, but if the neuron is held */
#define BSS_UNLESS_HELD(change)                                                                    \
    (mode < BSS_SILICON                                                                            \
         ? bss_unless_floats(BSS_HELD, change)                                                     \
         : bss_choose_floats(BSS_HELD, (u - BSS_AT(reset)) * c->reset_keep, change))

/* Decay of the lines. */
#define BSS_DECAY                                                                                  \
    do {                                                                                           \
        group->line0 = i0 + i0 * c->decay0;                                                        \
        group->line1 = i1 + i1 * c->decay1;                                                        \
    } while (0)

/* Noise of a step: of the membrane, which a neuron that is held does not have, and of the lines. */
#define BSS_NOISE_OF(name) (c->amp##name * bss_load_floats(at->noise##name))

/* Current-based LIF: exact but for what saturation takes from the currents. That is a constant
 * current over the step: that of the lines' mean values, and for the leak that at the middle of the
 * step, taken from the begin and its slope there (second order). */
BSS_SPECIALIZE void bss_single_cuba_lif(const bss_known *c, const bss_place *at,
                                        bss_group *group, const int mode)
{
    const bss_floats i0 = group->line0, i1 = group->line1, u = group->u;
    bss_floats push = i0 * c->p_v0 + (i1 * c->p_v1 + BSS_AT(drive)), change;
    if (mode >= BSS_SILICON)
        push = push
               + (c->line_c0 * bss_excess(i0 * c->line_u0)
                  + c->line_c1 * bss_excess(i1 * c->line_u1));
    if (mode == BSS_NOISY)
        push += BSS_NOISE_OF(_v);
    change = u * c->p_vv + push;
    if (mode >= BSS_SILICON) {
        const bss_floats leak_u = c->leak_u, leak_c = c->leak_c;
        const bss_floats far_u = u * leak_u, y = bss_clipped(far_u), y2 = y * y;
        /* minus half the derivative by u of what is lost */
        const bss_floats slope = (leak_u * leak_c) * (1.5f * y2);
        change = change - leak_c * ((y - far_u) - y2 * y);
        change = change + slope * change;
    }
    group->u = u + BSS_UNLESS_HELD(change);
    BSS_DECAY;
}

/* The other kinds. With F the derivative of u times the (sub)step h, and x that of F by u, u changes
 * by
 *     F / (B(x) - x'' F / 6),  B(x) = x / (e**x - 1),
 * where x'' is the derivative of x by u as far as the upstroke makes it: an exponential Rosenbrock
 * step, exact where F is linear, with the term that makes it of third order in the upstroke. Lines
 * have the mean that the membrane feels (plan.py), and w that of its way. */

/* what of a line's current or conductance x reaches the membrane */
#define BSS_SATURATED(k, x)                                                                        \
    (mode < BSS_SILICON ? (x) : (x) + c->line_c##k * bss_excess((x) * c->line_u##k))

/* Begin of a (sub)step: the conductance g of the membrane and the current `push` into it, without
 * upstroke and adaptation; both times h / C, as are the coefficients (plan.py). */
#define BSS_BEGIN_SUBSTEP(coba)                                                                    \
    const bss_floats u = group->u, i0 = group->line0, i1 = group->line1;                           \
    const bss_floats in0 = i0 * c->felt0, in1 = i1 * c->felt1;                                     \
    const bss_floats g0 = BSS_SATURATED(0, in0), g1 = BSS_SATURATED(1, in1);                       \
    bss_floats g = c->g_leak, push = g0 + g1;                                                      \
    if (coba) {                                                                                    \
        g = g + (g0 + g1);                                                                         \
        push = g0 * BSS_AT(rev0) + g1 * BSS_AT(rev1);                                              \
    }                                                                                              \
    push = (push + BSS_AT(drive)) - g * u;                                                         \
    if (mode >= BSS_SILICON) {                                                                     \
        const bss_floats leak_u = c->leak_u, leak_c = c->leak_c;                                   \
        const bss_floats far_u = u * leak_u, y = bss_clipped(far_u), y2 = y * y;                   \
        push = push - leak_c * ((y - far_u) - y2 * y);                                             \
        g = g - (leak_u * leak_c) * (3.0f * y2);                                                   \
    }

/* Conductance-based LIF. */
BSS_SPECIALIZE void bss_single_coba_lif(const bss_known *c, const bss_place *at,
                                        bss_group *group, const int mode)
{
    BSS_BEGIN_SUBSTEP(1);
    const bss_floats change = push / bss_bernoullif(g);
    group->u = u + BSS_UNLESS_HELD(change);
    BSS_DECAY;
}

/* AdEx; u is clipped at the detection threshold, so that the upstroke stays bounded. The chain of
 * operations that wait for each other is long: the vectors go through it abreast. */
BSS_SPECIALIZE void bss_single_adex(const bss_known *known, const bss_place *place,
                                    bss_group *groups, const int abreast, const int coba,
                                    const int mode)
{
    bss_floats conductance[BSS_MOST_ABREAST], pushes[BSS_MOST_ABREAST], upstroke[BSS_MOST_ABREAST];
    bss_floats relax[BSS_MOST_ABREAST], width[BSS_MOST_ABREAST], bend[BSS_MOST_ABREAST];
    const bss_floats narrowest = 1e-3f - (bss_floats){0};
    BSS_UNROLL for (int k = 0; k < abreast; k++) {
        const bss_known *c = &known[k];
        const bss_place *at = &place[k];
        const bss_group *group = &groups[k];
        BSS_BEGIN_SUBSTEP(coba);
        conductance[k] = g;
        pushes[k] = push;
        upstroke[k] = (u - BSS_AT(onset)) * c->inv_delta_t;
    }
    BSS_UNROLL for (int k = 0; k < abreast; k++)
        upstroke[k] = known[k].g_delta_t * bss_expf(upstroke[k]);
    BSS_UNROLL for (int k = 0; k < abreast; k++) {
        const bss_known *c = &known[k];
        const bss_floats slope = upstroke[k] * c->inv_delta_t;
        const bss_floats adapted = bss_rounded(place[k].single->w + place[k].j);
        bss_floats push = pushes[k];
        relax[k] = (adapted - c->a * groups[k].u) * c->decay_w;
        push = push + (upstroke[k] - (adapted + 0.5f * relax[k]) * c->h_over_c);
        bend[k] = slope * (push * c->sixth);
        width[k] = conductance[k] - slope;
        pushes[k] = push;
    }
    BSS_UNROLL for (int k = 0; k < abreast; k++)
        width[k] = bss_bernoullif(width[k]);
    BSS_UNROLL for (int k = 0; k < abreast; k++) {
        const bss_known *c = &known[k];
        const bss_place *at = &place[k];
        bss_group *group = &groups[k];
        const bss_floats u = group->u, i0 = group->line0, i1 = group->line1;
        /* where the upstroke has no end within the substep, it leads over every threshold */
        const bss_floats bent = bss_max_floats(width[k] - bend[k], narrowest);
        const bss_floats change = pushes[k] / bent;
        const bss_floats u_end = bss_min_floats(u + BSS_UNLESS_HELD(change), BSS_AT(thresh));
        /* adaptation follows the membrane no farther than to the threshold */
        bss_add_floats(at->single->w + at->j, relax[k] - c->along * (u_end - u));
        group->u = u_end;
        BSS_DECAY;
    }
}

/* A (sub)step without what comes at the end of the step. */
BSS_SPECIALIZE void bss_advance(const bss_known *known, const bss_place *place, bss_group *groups,
                                const int abreast, const int kind, const int mode)
{
    if (kind == BSS_CUBA_ADEX || kind == BSS_COBA_ADEX) {
        bss_single_adex(known, place, groups, abreast, kind == BSS_COBA_ADEX, mode);
        return;
    }
    BSS_UNROLL for (int k = 0; k < abreast; k++) {
        if (kind == BSS_COBA_LIF)
            bss_single_coba_lif(&known[k], &place[k], &groups[k], mode);
        else
            bss_single_cuba_lif(&known[k], &place[k], &groups[k], mode);
    }
}

/* The end of a step: noise, and the limits of the circuit. */
BSS_SPECIALIZE void bss_end_group(const bss_known *c, const bss_place *at, bss_group *group,
                                  const int kind, const int mode)
{
    if (mode == BSS_NOISY) {
        group->line0 += BSS_NOISE_OF(0);
        group->line1 += BSS_NOISE_OF(1);
        if (kind != BSS_CUBA_LIF)
            group->u += bss_unless_floats(BSS_HELD, BSS_NOISE_OF(_v));
    }
    if (mode >= BSS_SILICON)
        group->u = bss_min_floats(BSS_AT(high), bss_max_floats(BSS_AT(low), group->u));
}

/* What has decayed to so little that nobody notices comes to 0, lest it become one of those numbers
 * with which processors are slow. */
BSS_SPECIALIZE bss_floats bss_tidied(bss_floats x, float tiny)
{
    return bss_unless_floats(BSS_MASK(bss_magnitude_floats(x) < tiny), x);
}

BSS_SPECIALIZE void bss_tidy_group(bss_group *group)
{
    group->u = bss_tidied(group->u, 1e-6f);
    group->line0 = bss_tidied(group->line0, 1e-12f);
    group->line1 = bss_tidied(group->line1, 1e-12f);
}

/* Take a vector of neurons from their tile, and put it back. */
BSS_SPECIALIZE bss_group bss_take_group(const bss_place *at)
{
    bss_group group
        = {BSS_AT(u), bss_load_floats(at->line), bss_load_floats(at->line + BSS_CELLS)};
    BSS_IN_REGISTER(group.u);
    BSS_IN_REGISTER(group.line0);
    BSS_IN_REGISTER(group.line1);
    return group;
}

BSS_SPECIALIZE void bss_put_group(const bss_place *at, const bss_group *group)
{
    bss_store_floats(at->single->u + at->j, group->u);
    bss_store_floats(at->line, group->line0);
    bss_store_floats(at->line + BSS_CELLS, group->line1);
}
