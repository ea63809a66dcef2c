/* The kernels themselves; included by one C file for each instruction set, which defines
 * BSS_NAME(name) to give functions their suffix. See kernels.h. */
#include <string.h>
#include "kernels.h"

#include "exponential.h"

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

/* e**x of each number of a tile, in two loops */
BSS_SPECIALIZE void BSS_NAME(exp_tile)(double *restrict x)
{
    double scale[BSS_TILE];
    BSS_EACH {
        x[j] = BSS_NAME(exp_reduce)(x[j], &scale[j]);
    }
    BSS_EACH {
        x[j] = BSS_NAME(exp_sum)(x[j]) * scale[j];
    }
}

/* x > 0 ? yes : no, by masks: with branches in sight compilers turn the loops inside out. */
BSS_SPECIALIZE double BSS_NAME(where_positive)(double x, double yes, double no)
{
    const uint64_t mask = -(uint64_t)(x > 0.0);
    uint64_t a, b;
    double result;
    memcpy(&a, &yes, sizeof a);
    memcpy(&b, &no, sizeof b);
    a = (a & mask) | (b & ~mask);
    memcpy(&result, &a, sizeof result);
    return result;
}

/* u clipped to +-3^(-1/2), where y - y^3 has its extrema. The compiler does not know the bounds: if
 * it did, it would treat the three cases apart, which takes longer than to compute them alike. */
BSS_SPECIALIZE double BSS_NAME(clipped)(double u)
{
    const double low = bss_knee[0], high = bss_knee[1];
    const double y = u > high ? high : u;
    return y < low ? low : y;
}

/* (y - y^3) - u of y = clipped u: what a saturating current has more than a linear one (plan.py) */
BSS_SPECIALIZE double BSS_NAME(excess)(double u)
{
    const double y = BSS_NAME(clipped)(u);
    return (y - u) - y * y * y;
}

#define BSS_STATE                                                                                  \
    double *restrict v = part->cells.v, *restrict line0 = part->cells.line0;                       \
    double *restrict line1 = part->cells.line1, *restrict hold = part->cells.hold;                 \
    const double *restrict drive = part->cells.drive;                                              \
    const float *restrict noise_v = part->noise_v, *restrict noise0 = part->noise0;                \
    const float *restrict noise1 = part->noise1;                                                   \
    (void)noise_v, (void)noise0, (void)noise1

/* The end of a step, the same for all kinds: a neuron held at reset stays there (in silicon v_new
 * is its relaxed voltage already). Neurons at or above threshold are left there for the engine,
 * which resets them unless they are held. */
#define BSS_FINISH(v_new)                                                                          \
    do {                                                                                           \
        const double held = hold[j];                                                               \
        double v_end;                                                                              \
        if (mode == BSS_IDEAL) {                                                                   \
            v_end = BSS_NAME(where_positive)(held, tile->v_reset[j], (v_new));                     \
        } else {                                                                                   \
            const double low = tile->v_floor[j], high = tile->v_ceiling[j];                        \
            v_end = (v_new);                                                                       \
            v_end = v_end < low ? low : v_end;                                                     \
            v_end = v_end > high ? high : v_end;                                                   \
        }                                                                                          \
        any |= (uint64_t)(v_end >= tile->v_thresh[j]);                                             \
        v[j] = v_end;                                                                              \
        hold[j] = held - 1.0 > 0.0 ? held - 1.0 : 0.0;                                             \
    } while (0)

/* in silicon: the voltage of a neuron, whether held at reset or free to go to v_free */
#define BSS_HELD_OR(v_free)                                                                        \
    BSS_NAME(where_positive)(                                                                      \
        hold[j], tile->v_reset[j] + (v[j] - tile->v_reset[j]) * tile->reset_keep[j], (v_free))

/* kinds that are not exact: noise of a whole step after its substeps, then the end of the step */
#define BSS_FINISH_SUBSTEPS                                                                        \
    BSS_EACH {                                                                                     \
        double v_new = v[j];                                                                       \
        if (mode == BSS_NOISY) {                                                                   \
            v_new += BSS_NAME(where_positive)(hold[j], 0.0, tile->amp_v[j] * (double)noise_v[j]);  \
            line0[j] += tile->amp0[j] * (double)noise0[j];                                         \
            line1[j] += tile->amp1[j] * (double)noise1[j];                                         \
        }                                                                                          \
        BSS_FINISH(v_new);                                                                         \
    }

/* What follows integrates one tile and returns whether any of its neurons is at threshold.
 *
 * Current-based LIF: exact for currents that are constant over the step. In silicon, what
 * saturation takes from the currents is a constant current over the step, too: that of the lines'
 * mean values, and for the leak that at the middle of the step, taken from the begin and its slope
 * there (second order). */
BSS_SPECIALIZE uint64_t BSS_NAME(cuba_lif)(const bss_cuba_lif_tile *restrict tile,
                                           const bss_part *part, const int mode)
{
    BSS_STATE;
    double push[BSS_TILE];
    uint64_t any = 0;
    BSS_EACH {
        push[j] = line0[j] * tile->p_v0[j] + (line1[j] * tile->p_v1[j] + drive[j]);
        if (mode != BSS_IDEAL)
            push[j] += tile->line_c0[j] * BSS_NAME(excess)(line0[j] * tile->line_u0[j])
                       + tile->line_c1[j] * BSS_NAME(excess)(line1[j] * tile->line_u1[j]);
        line0[j] = line0[j] * tile->decay0[j];
        line1[j] = line1[j] * tile->decay1[j];
        if (mode == BSS_NOISY) {
            push[j] += tile->amp_v[j] * (double)noise_v[j];
            line0[j] += tile->amp0[j] * (double)noise0[j];
            line1[j] += tile->amp1[j] * (double)noise1[j];
        }
    }
    BSS_EACH {
        const double d = v[j] - tile->e_leak[j], change = d * tile->p_vv[j] + push[j];
        if (mode == BSS_IDEAL) {
            BSS_FINISH(tile->e_leak[j] + change);
        } else {
            const double u = d * tile->leak_u[j], y = BSS_NAME(clipped)(u), y2 = y * y;
            const double lost = tile->leak_c[j] * ((y - u) - y2 * y);
            /* minus half the derivative of lost by d */
            const double slope = (tile->leak_u[j] * tile->leak_c[j]) * (1.5 * y2);
            const double rest = change - lost;
            const double v_new = BSS_HELD_OR(tile->e_leak[j] + (rest + slope * (rest - d)));
            BSS_FINISH(v_new);
        }
    }
    return any;
}

/* Conductance-based LIF: the exponent of the membrane's decay is exact, the driving potential is
 * averaged over the substep; second order in the substep. So is what a saturated leak lacks. */
BSS_SPECIALIZE uint64_t BSS_NAME(coba_lif)(const bss_coba_lif_tile *restrict tile,
                                           const bss_part *part, const int mode)
{
    BSS_STATE;
    double g[BSS_TILE], current[BSS_TILE], decay[BSS_TILE];
    uint64_t any = 0;
    for (int64_t s = 0; s < part->substeps; s++) {
        BSS_EACH {
            const double e_leak = tile->e_leak[j];
            double g0 = line0[j] * tile->mean0[j];
            double g1 = line1[j] * tile->mean1[j];
            if (mode != BSS_IDEAL) {
                g0 += tile->line_c0[j] * BSS_NAME(excess)(g0 * tile->line_u0[j]);
                g1 += tile->line_c1[j] * BSS_NAME(excess)(g1 * tile->line_u1[j]);
            }
            g[j] = tile->g_leak[j] + (g0 + g1);
            current[j] = g0 * (tile->e_rev0[j] - e_leak) + g1 * (tile->e_rev1[j] - e_leak)
                         + drive[j];
            decay[j] = -(g[j] * tile->h_over_c[j]);
            line0[j] = line0[j] * tile->decay0[j];
            line1[j] = line1[j] * tile->decay1[j];
        }
        BSS_NAME(exp_tile)(decay);
        BSS_EACH {
            const double e_leak = tile->e_leak[j], d = v[j] - e_leak;
            double goal;
            if (mode != BSS_IDEAL) {
                double lost = tile->leak_c[j] * BSS_NAME(excess)(d * tile->leak_u[j]);
                const double inverse = 1.0 / g[j];
                goal = (current[j] - lost) * inverse;
                lost = goal + (d - goal) * decay[j];
                lost = tile->leak_c[j] * BSS_NAME(excess)(0.5 * (d + lost) * tile->leak_u[j]);
                goal = (current[j] - lost) * inverse;
            } else {
                goal = current[j] / g[j];
            }
            goal = e_leak + (goal + (d - goal) * decay[j]);
            v[j] = mode == BSS_IDEAL ? goal : BSS_HELD_OR(goal);
        }
    }
    BSS_FINISH_SUBSTEPS;
    return any;
}

/* Two variables of each neuron of a tile. */
typedef struct {
    double v[BSS_TILE], w[BSS_TILE];
} BSS_NAME(pair);

/* What of the lines' states (v stands for line 0, w for line 1) reaches the membrane. */
BSS_SPECIALIZE void BSS_NAME(saturate)(const bss_adex_tile *restrict tile,
                                       BSS_NAME(pair) *restrict lines)
{
    BSS_EACH {
        lines->v[j] += tile->line_c0[j] * BSS_NAME(excess)(lines->v[j] * tile->line_u0[j]);
        lines->w[j] += tile->line_c1[j] * BSS_NAME(excess)(lines->w[j] * tile->line_u1[j]);
    }
}

/* Slopes of the AdEx equations, times the (sub)step: at `start`, or a fraction of a former slope
 * away from it. The membrane is clipped at the detection threshold, so the exponential term stays
 * bounded during the upstroke. */
BSS_SPECIALIZE void BSS_NAME(adex_slopes)(
    const bss_adex_tile *restrict tile, const double *restrict current,
    const double *restrict h_over_c, const BSS_NAME(pair) *restrict start, const double fraction,
    const BSS_NAME(pair) *restrict former, const BSS_NAME(pair) *restrict lines,
    BSS_NAME(pair) *restrict slope, const int coba, const int mode)
{
    double bounded[BSS_TILE], steepness[BSS_TILE];
    BSS_EACH {
        const double v = former ? start->v[j] + fraction * former->v[j] : start->v[j];
        bounded[j] = v < tile->v_thresh[j] ? v : tile->v_thresh[j];
        steepness[j] = (bounded[j] - tile->v_exp[j]) * tile->inv_delta_t[j];
    }
    BSS_NAME(exp_tile)(steepness);
    BSS_EACH {
        const double vb = bounded[j];
        const double w = former ? start->w[j] + fraction * former->w[j] : start->w[j];
        const double upstroke = tile->g_delta_t[j] * steepness[j];
        double leak = tile->g_leak[j] * (tile->e_leak[j] - vb);
        const double synaptic = coba ? lines->v[j] * (tile->e_rev0[j] - vb)
                                           + lines->w[j] * (tile->e_rev1[j] - vb)
                                     : lines->v[j] + lines->w[j];
        if (mode != BSS_IDEAL)
            leak -= tile->leak_c[j] * BSS_NAME(excess)((vb - tile->e_leak[j]) * tile->leak_u[j]);
        slope->v[j] = (leak + upstroke + (synaptic - w) + current[j]) * h_over_c[j];
        slope->w[j] = (tile->a[j] * (vb - tile->e_leak[j]) - w) * tile->h_over_tau_w[j];
    }
}

/* AdEx: classical Runge-Kutta of fourth order; the lines decay exactly. A neuron held at reset
 * keeps its voltage while its adaptation current goes on. */
BSS_SPECIALIZE uint64_t BSS_NAME(adex)(const bss_adex_tile *restrict tile, const bss_part *part,
                                       const int coba, const int mode)
{
    BSS_STATE;
    double *restrict w = part->cells.w;
    double h_over_c[BSS_TILE];
    uint64_t any = 0;
    for (int64_t s = 0; s < part->substeps; s++) {
        /* state, and what reaches the membrane from the lines, at begin, middle and end */
        BSS_NAME(pair) start, begin, middle, end, k1, k2, k3, k4;
        BSS_EACH {
            start.v[j] = v[j];
            start.w[j] = w[j];
            h_over_c[j] = BSS_NAME(where_positive)(hold[j], 0.0, tile->h_over_c[j]);
            begin.v[j] = line0[j];
            begin.w[j] = line1[j];
            middle.v[j] = line0[j] * tile->half0[j];
            middle.w[j] = line1[j] * tile->half1[j];
            line0[j] = end.v[j] = line0[j] * tile->decay0[j];
            line1[j] = end.w[j] = line1[j] * tile->decay1[j];
        }
        if (mode != BSS_IDEAL) {
            BSS_NAME(saturate)(tile, &begin);
            BSS_NAME(saturate)(tile, &middle);
            BSS_NAME(saturate)(tile, &end);
        }
#define BSS_SLOPES(fraction, former, lines, slope)                                                 \
    BSS_NAME(adex_slopes)(tile, drive, h_over_c, &start, fraction, former, lines, slope, coba, mode)
        BSS_SLOPES(0.0, NULL, &begin, &k1);
        BSS_SLOPES(0.5, &k1, &middle, &k2);
        BSS_SLOPES(0.5, &k2, &middle, &k3);
        BSS_SLOPES(1.0, &k3, &end, &k4);
#undef BSS_SLOPES
        BSS_EACH {
            double v_end = start.v[j]
                           + (k1.v[j] + 2.0 * (k2.v[j] + k3.v[j]) + k4.v[j]) * (1.0 / 6.0);
            v_end = v_end < tile->v_thresh[j] ? v_end : tile->v_thresh[j];
            v[j] = mode == BSS_IDEAL ? v_end : BSS_HELD_OR(v_end);
            w[j] = start.w[j] + (k1.w[j] + 2.0 * (k2.w[j] + k3.w[j]) + k4.w[j]) * (1.0 / 6.0);
        }
    }
    BSS_FINISH_SUBSTEPS;
    return any;
}

BSS_SPECIALIZE uint64_t BSS_NAME(tile)(const double *tile, const bss_part *part, const int kind,
                                       const int mode)
{
    if (kind == BSS_CUBA_LIF)
        return BSS_NAME(cuba_lif)((const bss_cuba_lif_tile *)tile, part, mode);
    if (kind == BSS_COBA_LIF)
        return BSS_NAME(coba_lif)((const bss_coba_lif_tile *)tile, part, mode);
    return BSS_NAME(adex)((const bss_adex_tile *)tile, part, kind == BSS_COBA_ADEX, mode);
}

/* All tiles of a part. A last one that is not full is integrated in a copy, for behind it lie
 * neurons of another part. */
BSS_SPECIALIZE int64_t BSS_NAME(run)(const bss_part *part, int32_t *over, const int kind,
                                     const int mode)
{
    bss_part here = *part;
    bss_rest rest;
    int64_t count = 0;
    for (int64_t first = 0; first < part->n; first += BSS_TILE) {
        const int64_t n = part->n - first < BSS_TILE ? part->n - first : BSS_TILE;
        if (n < BSS_TILE)
            bss_copy_rest(&here, n, &rest);
        if (BSS_NAME(tile)(here.tile, &here, kind, mode)) {
            const double *v_thresh = ((const bss_common_tile *)here.tile)->v_thresh;
            for (int64_t j = 0; j < n; j++)
                if (here.cells.v[j] >= v_thresh[j])
                    over[count++] = (int32_t)(part->first + first + j);
        }
        if (n < BSS_TILE)
            bss_return_rest(&rest, n);
        bss_next_tile(&here);
    }
    return count;
}

#define BSS_KERNEL(kind, mode)                                                                     \
    static int64_t BSS_NAME(kind##_##mode)(const bss_part *part, int32_t *over)                    \
    {                                                                                              \
        return BSS_NAME(run)(part, over, kind, mode);                                              \
    }
#define BSS_KERNELS_OF(mode)                                                                       \
    BSS_KERNEL(BSS_CUBA_LIF, mode)                                                                 \
    BSS_KERNEL(BSS_COBA_LIF, mode)                                                                 \
    BSS_KERNEL(BSS_CUBA_ADEX, mode)                                                                \
    BSS_KERNEL(BSS_COBA_ADEX, mode)
#define BSS_ROW(mode)                                                                              \
    {BSS_NAME(BSS_CUBA_LIF_##mode), BSS_NAME(BSS_COBA_LIF_##mode),                                 \
     BSS_NAME(BSS_CUBA_ADEX_##mode), BSS_NAME(BSS_COBA_ADEX_##mode)}

BSS_KERNELS_OF(BSS_IDEAL)
BSS_KERNELS_OF(BSS_SILICON)
BSS_KERNELS_OF(BSS_NOISY)
const bss_kernel BSS_NAME(kernels)[BSS_N_MODES][BSS_N_KINDS] = {
    BSS_ROW(BSS_IDEAL), BSS_ROW(BSS_SILICON), BSS_ROW(BSS_NOISY)};
