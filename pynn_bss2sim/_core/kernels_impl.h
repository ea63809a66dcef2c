/* The kernels themselves; included by one C file for each instruction set, which defines
 * BSS_NAME(name) to give functions their suffix. See kernels.h. */
#include <math.h>
#include <string.h>
#include "block.h"
#include "exponential.h"
#include "vectors.h"
#include "exponential_single.h"

/* a loop over the neurons `j` of a tile: arrays do not overlap */
#ifndef BSS_EACH
#if defined(__clang__)
#define BSS_EACH _Pragma("clang loop vectorize(assume_safety)") for (int j = 0; j < BSS_TILE; j++)
#elif defined(__GNUC__)
#define BSS_EACH _Pragma("GCC unroll 1") _Pragma("GCC ivdep") for (int j = 0; j < BSS_TILE; j++)
#else
#define BSS_EACH for (int j = 0; j < BSS_TILE; j++)
#endif
#endif

/* mask ? yes : no, for a mask of all bits or none: with branches in sight compilers turn the loops
 * inside out. */
BSS_SPECIALIZE double BSS_NAME(where)(uint64_t mask, double yes, double no)
{
    uint64_t a, b;
    double result;
    memcpy(&a, &yes, sizeof a);
    memcpy(&b, &no, sizeof b);
    a = (a & mask) | (b & ~mask);
    memcpy(&result, &a, sizeof result);
    return result;
}

/* x > 0 ? yes : no */
BSS_SPECIALIZE double BSS_NAME(where_positive)(double x, double yes, double no)
{
    return BSS_NAME(where)(-(uint64_t)(x > 0.0), yes, no);
}

/* mask of all bits where x is farther from 0 than exp_near and phi_near reach */
BSS_SPECIALIZE uint64_t BSS_NAME(far)(double x)
{
    return -(uint64_t)(fabs(x) > BSS_NEAR);
}

/* One number, or the two variables v and w, of each neuron of a tile. */
typedef double BSS_NAME(numbers)[BSS_TILE];
typedef struct {
    BSS_NAME(numbers) v, w;
} BSS_NAME(pair);

/* coefficient `name` of neuron j, kept as double */
#define BSS_DOUBLE(name) (((const double *)c->name)[j])
/* in the kernels of this file */
#define BSS_OF BSS_DOUBLE

#define BSS_STATE                                                                                  \
    double *restrict v = tile->cells.v, *restrict line0 = tile->line[0].doubles;                   \
    double *restrict line1 = tile->line[1].doubles;                                                \
    const double *restrict hold = tile->cells.hold, *restrict drive = tile->cells.drive;           \
    uint64_t any = 0

/* whether neuron j is held at reset ? yes : no */
#define BSS_HELD_IDEAL(yes, no) BSS_NAME(where)(-(uint64_t)(hold[j] > now), (yes), (no))

/* The end of a step, the same for all kinds. Neurons at or above threshold are left there till
 * bss_spike resets them. */
#define BSS_FINISH(v_end)                                                                          \
    do {                                                                                           \
        const double v_final = (v_end);                                                            \
        any |= -(uint64_t)(v_final >= BSS_DOUBLE(v_thresh));                                       \
        v[j] = v_final;                                                                            \
    } while (0)

/* What follows integrates one tile of ideal neurons and returns whether any is at threshold. A
 * neuron held at reset stays there.
 *
Conductance-based LIF: the decay of the membrane is exact for the mean conductances of the
 * substep, the driving potential is averaged over it; second order in the substep. */
BSS_SPECIALIZE uint64_t BSS_NAME(coba_lif)(const bss_coba_lif_columns *restrict c,
                                           const bss_tile *tile, const double now)
{
    BSS_STATE;
    for (int64_t s = 0; s < tile->substeps; s++) {
        BSS_NAME(numbers) push, exponent, phi;
        uint64_t far = 0;
        BSS_EACH {
            const double e_leak = BSS_OF(e_leak);
            const double g0 = line0[j] * BSS_OF(mean0), g1 = line1[j] * BSS_OF(mean1);
            const double g = BSS_OF(g_leak) + (g0 + g1), x = -(g * BSS_OF(h_over_c));
            const double current = (g0 * (BSS_OF(e_rev0) - e_leak) + g1 * (BSS_OF(e_rev1) - e_leak))
                                   + drive[j];
            push[j] = (current - g * (v[j] - e_leak)) * BSS_OF(h_over_c);
            exponent[j] = x;
            phi[j] = BSS_NAME(phi_near)(x);
            far |= BSS_NAME(far)(x);
            line0[j] = line0[j] * BSS_OF(decay0);
            line1[j] = line1[j] * BSS_OF(decay1);
        }
        if (far) {
            BSS_EACH {
                const double x = exponent[j], e_x = BSS_NAME(exp)(x);
                phi[j] = BSS_NAME(where)(BSS_NAME(far)(x), (e_x - 1.0) / x, phi[j]);
            }
        }
        BSS_EACH {
            v[j] += push[j] * phi[j];
        }
    }
    BSS_EACH {
        BSS_FINISH(BSS_HELD_IDEAL(BSS_OF(v_reset), v[j]));
    }
    return any;
}

/* The AdEx membrane over a (sub)step, in terms of u = v - e_leak:
 *     C du/dt = current - g u + upstroke - w
 * where g and current contain the lines, and u is clipped at the detection threshold, so that the
 * exponential upstroke stays bounded. */
typedef struct {
    BSS_NAME(pair) start;                   /* u and w at the begin */
    BSS_NAME(numbers) h_over_c, g, current; /* h_over_c is 0 while the neuron is held */
    BSS_NAME(numbers) begin, upstroke;      /* u, clipped, and upstroke at the begin */
} BSS_NAME(membrane);

/* g and current of the membrane, of what the lines conduct */
BSS_SPECIALIZE void BSS_NAME(adex_lines)(const bss_adex_columns *restrict c,
                                         BSS_NAME(membrane) *restrict m,
                                         const bss_tile *tile, const int half, const int coba)
{
    const double *restrict line0 = tile->line[0].doubles;
    const double *restrict line1 = tile->line[1].doubles;
    const double *restrict drive = tile->cells.drive;
    BSS_EACH {
        double g0 = line0[j], g1 = line1[j];
        if (half) {
            g0 = g0 * BSS_OF(half0);
            g1 = g1 * BSS_OF(half1);
        }
        if (coba) {
            const double e_leak = BSS_OF(e_leak);
            m->g[j] = BSS_OF(g_leak) + (g0 + g1);
            m->current[j] = (g0 * (BSS_OF(e_rev0) - e_leak) + g1 * (BSS_OF(e_rev1) - e_leak))
                            + drive[j];
        } else {
            m->current[j] = (g0 + g1) + drive[j];
        }
    }
}

/* Upstroke of neurons wherever they are. */
BSS_SPECIALIZE void BSS_NAME(adex_upstroke)(const bss_adex_columns *restrict c, const double *u,
                                            double *restrict upstroke)
{
    BSS_NAME(numbers) rest, scale;
    BSS_EACH {
        const double u_exp = BSS_OF(v_exp) - BSS_OF(e_leak);
        rest[j] = BSS_NAME(exp_reduce)((u[j] - u_exp) * BSS_OF(inv_delta_t), &scale[j]);
    }
    BSS_EACH {
        upstroke[j] = BSS_OF(g_delta_t) * (BSS_NAME(exp_sum)(rest[j]) * scale[j]);
    }
}

/* Slopes, times the (sub)step: at the begin, or at `fraction` of the former slopes away from it.
 * There the upstroke is that at the begin times e**d of a small d; where d is not small, it is
 * computed anew. */
BSS_SPECIALIZE void BSS_NAME(adex_slopes)(const bss_adex_columns *restrict c,
                                          BSS_NAME(membrane) *restrict m, const double fraction,
                                          const BSS_NAME(pair) *restrict former,
                                          BSS_NAME(pair) *restrict slope, const int coba)
{
    BSS_NAME(numbers) u, upstroke, fresh;
    uint64_t far = 0;
    BSS_EACH {
        const double limit = BSS_OF(v_thresh) - BSS_OF(e_leak);
        const double free = former ? m->start.v[j] + fraction * former->v[j] : m->start.v[j];
        const double bounded = free < limit ? free : limit;
        u[j] = bounded;
        if (former) {
            const double d = (bounded - m->begin[j]) * BSS_OF(inv_delta_t);
            upstroke[j] = m->upstroke[j] * BSS_NAME(exp_near)(d);
            far |= BSS_NAME(far)(d);
        } else {
            m->begin[j] = bounded;
        }
    }
    if (!former) {
        BSS_NAME(adex_upstroke)(c, u, m->upstroke);
    } else if (far) {
        BSS_NAME(adex_upstroke)(c, u, fresh);
        BSS_EACH {
            const double d = (u[j] - m->begin[j]) * BSS_OF(inv_delta_t);
            upstroke[j] = BSS_NAME(where)(BSS_NAME(far)(d), fresh[j], upstroke[j]);
        }
    }
    BSS_EACH {
        const double w = former ? m->start.w[j] + fraction * former->w[j] : m->start.w[j];
        const double push = former ? upstroke[j] - w : m->upstroke[j] - w;
        const double g = coba ? m->g[j] : BSS_OF(g_leak);
        slope->v[j] = ((m->current[j] - g * u[j]) + push) * m->h_over_c[j];
        slope->w[j] = (BSS_OF(a) * u[j] - w) * BSS_OF(h_over_tau_w);
    }
}

/* AdEx: classical Runge-Kutta of fourth order; the lines decay exactly. A neuron held at reset
 * keeps its voltage while its adaptation current goes on. */
BSS_SPECIALIZE uint64_t BSS_NAME(adex)(const bss_adex_columns *restrict c, const bss_tile *tile,
                                       const double now, const int coba)
{
    BSS_STATE;
    double *restrict w = tile->cells.w;
    (void)drive;
    for (int64_t s = 0; s < tile->substeps; s++) {
        BSS_NAME(membrane) m;
        BSS_NAME(pair) k1, k2, k3, k4;
        BSS_EACH {
            m.h_over_c[j] = BSS_HELD_IDEAL(0.0, BSS_OF(h_over_c));
            m.start.v[j] = v[j] - BSS_OF(e_leak);
            m.start.w[j] = w[j] + 0.0; /* else a compiler would call memcpy */
        }
        BSS_NAME(adex_lines)(c, &m, tile, 0, coba);
        BSS_NAME(adex_slopes)(c, &m, 0.0, NULL, &k1, coba);
        BSS_NAME(adex_lines)(c, &m, tile, 1, coba);
        BSS_NAME(adex_slopes)(c, &m, 0.5, &k1, &k2, coba);
        BSS_NAME(adex_slopes)(c, &m, 0.5, &k2, &k3, coba);
        BSS_EACH {
            line0[j] = line0[j] * BSS_OF(decay0);
            line1[j] = line1[j] * BSS_OF(decay1);
        }
        BSS_NAME(adex_lines)(c, &m, tile, 0, coba);
        BSS_NAME(adex_slopes)(c, &m, 1.0, &k3, &k4, coba);
        BSS_EACH {
            const double v_thresh = BSS_OF(v_thresh);
            const double dv = (k1.v[j] + 2.0 * (k2.v[j] + k3.v[j]) + k4.v[j]) * (1.0 / 6.0);
            const double dw = (k1.w[j] + 2.0 * (k2.w[j] + k3.w[j]) + k4.w[j]) * (1.0 / 6.0);
            const double v_end = v[j] + dv;
            v[j] = v_end < v_thresh ? v_end : v_thresh;
            w[j] = w[j] + dw;
        }
    }
    BSS_EACH {
        BSS_FINISH(BSS_HELD_IDEAL(BSS_OF(v_reset), v[j]));
    }
    return any;
}

#undef BSS_OF

#include "kernels_cuba_impl.h"
#include "kernels_single_impl.h"
#include "pass_impl.h"

#define BSS_KERNEL(kind, mode)                                                                     \
    static void BSS_NAME(kind##_##mode)(const bss_neurons *all, const bss_part *part,              \
                                        bss_share *share)                                          \
    {                                                                                              \
        bss_run(all, part, share, kind, mode);                                               \
    }
#define BSS_KERNELS_OF(mode)                                                                       \
    BSS_KERNEL(BSS_CUBA_LIF, mode)                                                                 \
    BSS_KERNEL(BSS_COBA_LIF, mode)                                                                 \
    BSS_KERNEL(BSS_CUBA_ADEX, mode)                                                                \
    BSS_KERNEL(BSS_COBA_ADEX, mode)
#define BSS_ROW(mode)                                                                              \
    {BSS_NAME(BSS_CUBA_LIF_##mode), BSS_NAME(BSS_COBA_LIF_##mode), BSS_NAME(BSS_CUBA_ADEX_##mode), \
     BSS_NAME(BSS_COBA_ADEX_##mode)}

BSS_KERNELS_OF(BSS_IDEAL)
BSS_KERNELS_OF(BSS_SINGLE)
BSS_KERNELS_OF(BSS_SILICON)
BSS_KERNELS_OF(BSS_NOISY)
const bss_kernel BSS_NAME(kernels)[BSS_N_MODES][BSS_N_KINDS]
    = {BSS_ROW(BSS_IDEAL), BSS_ROW(BSS_SINGLE), BSS_ROW(BSS_SILICON), BSS_ROW(BSS_NOISY)};
