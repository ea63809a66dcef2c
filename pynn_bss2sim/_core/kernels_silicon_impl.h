/* Kernels that compute in single precision: of neurons that are not ideal, and of those that are but
 * for what registers know of them (BSS_SINGLE). Included by kernels_impl.h.
 *
 * Potentials and adaptation are kept in double precision, and what a step changes of them is computed
 * in single precision: it is small against them, and a chip is not known to seven digits. Lines are
 * kept in single precision. */

/* coefficient `name` of neuron j, kept as float */
#define BSS_OF(name) (((const float *)c->name)[j])

typedef float BSS_NAME(floats)[BSS_TILE];
BSS_SPECIALIZE float BSS_NAME(where_f)(uint32_t mask, float yes, float no)
{
    uint32_t a, b;
    float result;
    memcpy(&a, &yes, sizeof a);
    memcpy(&b, &no, sizeof b);
    a = (a & mask) | (b & ~mask);
    memcpy(&result, &a, sizeof result);
    return result;
}

BSS_SPECIALIZE uint32_t BSS_NAME(far_f)(float x)
{
    return -(uint32_t)(fabsf(x) > BSS_NEAR_SINGLE);
}

/* u clipped to +-3^(-1/2), where y - y^3 has its extrema. The compiler does not know the bounds: if
 * it did, it would treat the three cases apart, which takes longer than to compute them alike. */
BSS_SPECIALIZE float BSS_NAME(clipped)(float u)
{
    const float low = bss_knee[0], high = bss_knee[1];
    const float y = u > high ? high : u;
    return y < low ? low : y;
}

/* (y - y^3) - u of y = clipped u: what a saturating current has more than a linear one (plan.py) */
BSS_SPECIALIZE float BSS_NAME(excess)(float u)
{
    const float y = BSS_NAME(clipped)(u);
    return (y - u) - y * y * y;
}

#define BSS_SINGLE_STATE                                                                           \
    float *restrict line0 = tile->single->line0, *restrict line1 = tile->single->line1;            \
    const float *restrict hold = tile->single->hold, *restrict drive = tile->single->drive;        \
    const float now = (float)tile->now;                                                            \
    uint64_t any = 0

/* whether neuron j is held at reset ? yes : no */
#define BSS_HELD_F(yes, no) BSS_NAME(where_f)(-(uint32_t)(hold[j] > now), (yes), (no))

/* what v changes by in a (sub)step: `free`, unless the neuron is held */
#define BSS_CHANGE(free)                                                                           \
    BSS_HELD_F(mode < BSS_SILICON                                                                  \
                   ? 0.0f                                                                          \
                   : (float)(v[j] - BSS_DOUBLE(v_reset)) * BSS_OF(reset_keep),                     \
               (free))

/* Noise of a step: to be added to the changes of v (unless held) and of the lines. */
#define BSS_NOISE_V (BSS_OF(amp_v) * tile->noise_v[j])
#define BSS_NOISE_LINE(k) (BSS_OF(amp##k) * tile->noise##k[j])

/* The end of a step: see BSS_FINISH. */
#define BSS_FINISH_SINGLE(v_new)                                                                   \
    do {                                                                                           \
        double bounded = (v_new);                                                                  \
        if (mode >= BSS_SILICON) {                                                                 \
            const double low = BSS_DOUBLE(v_floor), high = BSS_DOUBLE(v_ceiling);                  \
            bounded = bounded < low ? low : bounded;                                               \
            bounded = bounded > high ? high : bounded;                                             \
        }                                                                                          \
        BSS_FINISH(bounded);                                                                       \
    } while (0)

/* bss_shown */
BSS_SPECIALIZE float BSS_NAME(shown)(float u)
{
    return BSS_NAME(where_f)(-(uint32_t)(fabsf(u) < BSS_LEAST_U), 0.0f, u);
}

#include "kernels_cuba_impl.h"

/* The other kinds. With F the derivative of u = v - e_leak times the (sub)step h, and x that of F by
 * u, u changes by
 *     F / (B(x) - x'' F / 6),  B(x) = x / (e**x - 1),
 * where x'' is the derivative of x by u as far as the upstroke makes it: an exponential Rosenbrock
 * step, exact where F is linear, with the term that makes it of third order in the upstroke. Lines
 * have the mean that the membrane feels (plan.py), and w that of its way. */

/* where a substep is and what it adds: kept between loops */
typedef struct {
    BSS_NAME(floats) u, g, push, x, bend, width;
} BSS_NAME(substep);

/* what of a line's current or conductance x reaches the membrane */
#define BSS_SATURATED(k, x)                                                                        \
    (mode < BSS_SILICON ? (x)                                                                      \
                        : (x) + BSS_OF(line_c##k) * BSS_NAME(excess)((x) * BSS_OF(line_u##k)))

/* Begin of a substep: u, the conductance g of the membrane and the current `push` into it, without
 * upstroke and adaptation; the lines go on to its end. */
#define BSS_BEGIN_SUBSTEP(coba)                                                                    \
    const float e_leak = (float)BSS_DOUBLE(e_leak);                                                \
    const float i0 = line0[j], i1 = line1[j];                                                      \
    const float d = (float)(v[j] - BSS_DOUBLE(e_leak));                                            \
    const float in0 = i0 * BSS_OF(felt0), in1 = i1 * BSS_OF(felt1);                                \
    const float g0 = BSS_SATURATED(0, in0), g1 = BSS_SATURATED(1, in1);                            \
    float change0 = i0 * BSS_OF(decay0), change1 = i1 * BSS_OF(decay1);                            \
    float g = BSS_OF(g_leak), push = g0 + g1;                                                      \
    if (coba) {                                                                                    \
        g = g + (g0 + g1);                                                                         \
        push = g0 * (BSS_OF(e_rev0) - e_leak) + g1 * (BSS_OF(e_rev1) - e_leak);                    \
    }                                                                                              \
    push = (push + drive[j]) - g * d;                                                              \
    if (mode >= BSS_SILICON) {                                                                     \
        const float leak_u = BSS_OF(leak_u), leak_c = BSS_OF(leak_c);                              \
        const float far_u = d * leak_u, y = BSS_NAME(clipped)(far_u), y2 = y * y;                  \
        push = push - leak_c * ((y - far_u) - y2 * y);                                             \
        g = g - (leak_u * leak_c) * (3.0f * y2);                                                   \
    }                                                                                              \
    if (mode == BSS_NOISY) {                                                                       \
        change0 += BSS_NOISE_LINE(0);                                                              \
        change1 += BSS_NOISE_LINE(1);                                                              \
    }                                                                                              \
    line0[j] = i0 + change0;                                                                       \
    line1[j] = i1 + change1

/* B(x) */
BSS_SPECIALIZE void BSS_NAME(bernoullis)(BSS_NAME(substep) *restrict m)
{
    uint32_t far = 0;
    BSS_EACH {
        m->width[j] = BSS_NAME(bernoullif_near)(m->x[j]);
        far |= BSS_NAME(far_f)(m->x[j]);
    }
    if (!far)
        return;
    BSS_EACH {
        const float x = m->x[j];
        m->width[j]
            = BSS_NAME(where_f)(BSS_NAME(far_f)(x), BSS_NAME(bernoullif_far)(x), m->width[j]);
    }
}

/* End of a substep after which v is `v_new`, and if it is the last one of the step, with noise. */
#define BSS_END_SUBSTEP(v_new)                                                                     \
    do {                                                                                           \
        double v_next = (v_new);                                                                   \
        if (mode == BSS_NOISY)                                                                     \
            v_next += (double)BSS_HELD_F(0.0f, BSS_NOISE_V);                                       \
        if (last)                                                                                  \
            BSS_FINISH_SINGLE(v_next);                                                             \
        else                                                                                       \
            v[j] = v_next;                                                                         \
    } while (0)

/* Conductance-based LIF. */
BSS_SPECIALIZE uint64_t BSS_NAME(single_coba_lif_substep)(const bss_single_lif_columns *restrict c,
                                                          const bss_tile *tile, const int mode,
                                                          const int last)
{
    BSS_SINGLE_STATE;
    double *restrict v = tile->cells.v;
    BSS_NAME(substep) m;
    BSS_EACH {
        BSS_BEGIN_SUBSTEP(1);
        m.push[j] = push * BSS_OF(h_over_c);
        m.x[j] = -(g * BSS_OF(h_over_c));
    }
    BSS_NAME(bernoullis)(&m);
    BSS_EACH {
        BSS_END_SUBSTEP(v[j] + (double)BSS_CHANGE(m.push[j] / m.width[j]));
    }
    return any;
}

BSS_SPECIALIZE uint64_t BSS_NAME(single_coba_lif)(const bss_single_lif_columns *restrict c,
                                                  const bss_tile *tile, const int mode)
{
    const int quiet = mode == BSS_NOISY ? BSS_SILICON : mode;
    for (int64_t s = 1; s < tile->substeps; s++)
        BSS_NAME(single_coba_lif_substep)(c, tile, quiet, 0);
    return BSS_NAME(single_coba_lif_substep)(c, tile, mode, 1);
}

/* AdEx; v is clipped at the detection threshold, so that the upstroke stays bounded. */
BSS_SPECIALIZE uint64_t BSS_NAME(single_adex_substep)(const bss_single_adex_columns *restrict c,
                                                      const bss_tile *tile, const int coba,
                                                      const int mode, const int last)
{
    BSS_SINGLE_STATE;
    double *restrict v = tile->cells.v, *restrict w = tile->cells.w;
    BSS_NAME(substep) m;
    BSS_NAME(floats) above, relax;
    BSS_EACH {
        BSS_BEGIN_SUBSTEP(coba);
        m.u[j] = d;
        m.g[j] = g;
        m.push[j] = push;
        above[j] = (d - (BSS_OF(v_exp) - e_leak)) * BSS_OF(inv_delta_t);
    }
    BSS_EACH {
        above[j] = BSS_OF(g_delta_t) * BSS_NAME(expf)(above[j]);
    }
    BSS_EACH {
        const float upstroke = above[j];
        const float slope = upstroke * BSS_OF(inv_delta_t);
        const float adapted = (float)w[j];
        relax[j] = (adapted - BSS_OF(a) * m.u[j]) * BSS_OF(decay_w);
        m.push[j] = (m.push[j] + (upstroke - (adapted + 0.5f * relax[j]))) * BSS_OF(h_over_c);
        m.bend[j] = (slope * BSS_OF(h_over_c))
                    * (m.push[j] * (BSS_OF(inv_delta_t) * (1.0f / 6.0f)));
        m.x[j] = (slope - m.g[j]) * BSS_OF(h_over_c);
    }
    BSS_NAME(bernoullis)(&m);
    BSS_EACH {
        /* where the upstroke has no end within the substep, it leads over every threshold */
        const float bent = m.width[j] - m.bend[j], width = bent > 1e-3f ? bent : 1e-3f;
        const float change = BSS_CHANGE(m.push[j] / width);
        const double v_free = v[j] + (double)change, v_thresh = BSS_DOUBLE(v_thresh);
        const double v_end = v_free < v_thresh ? v_free : v_thresh;
        /* adaptation follows the membrane no farther than to the threshold */
        const float moved = (float)(v_end - v[j]);
        w[j] += (double)(relax[j] - (BSS_OF(decay_w) * (0.5f * BSS_OF(a))) * moved);
        BSS_END_SUBSTEP(v_end);
    }
    return any;
}

BSS_SPECIALIZE uint64_t BSS_NAME(single_adex)(const bss_single_adex_columns *restrict c,
                                              const bss_tile *tile, const int coba, const int mode)
{
    const int quiet = mode == BSS_NOISY ? BSS_SILICON : mode;
    for (int64_t s = 1; s < tile->substeps; s++)
        BSS_NAME(single_adex_substep)(c, tile, coba, quiet, 0);
    return BSS_NAME(single_adex_substep)(c, tile, coba, mode, 1);
}
/* What has decayed to so little that nobody feels it comes to 0, lest it become one of those numbers
 * with which processors are slow. */
BSS_SPECIALIZE void BSS_NAME(tidy)(const bss_tile *tile)
{
    const float tiny = 1e-12f;
    float *restrict line0 = tile->single->line0, *restrict line1 = tile->single->line1;
    BSS_EACH {
        line0[j] = BSS_NAME(where_f)(-(uint32_t)(fabsf(line0[j]) < tiny), 0.0f, line0[j]);
        line1[j] = BSS_NAME(where_f)(-(uint32_t)(fabsf(line1[j]) < tiny), 0.0f, line1[j]);
    }
}
#undef BSS_OF
