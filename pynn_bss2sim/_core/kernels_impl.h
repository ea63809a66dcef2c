/* The kernels themselves; included twice by one C file for each instruction set. The includer
 * defines BSS_NAME(name), which gives functions their suffix, and BSS_ALIKE: 0 to read the
 * coefficients of every neuron, 1 to read them once for a block in which all neurons are alike
 * (which spares a dozen arrays in the cache and changes no bit). See kernels.h. */
#include <string.h>
#include "kernels.h"

#if BSS_ALIKE
#define BSS_COEFFICIENT(name) const double name = block->n ? block->name[0] : 0.0
#define BSS_AT(name) name
#else
#define BSS_COEFFICIENT(name) const double *restrict name = block->name
#define BSS_AT(name) name[i]
#endif

/* the constant arguments of these functions choose among versions of one loop */
#ifndef BSS_SPECIALIZE
#if defined(__GNUC__)
#define BSS_SPECIALIZE static inline __attribute__((always_inline))
#else
#define BSS_SPECIALIZE static inline
#endif
#endif

#ifndef BSS_VECTORIZE
#if defined(__clang__)
#define BSS_VECTORIZE _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define BSS_VECTORIZE _Pragma("GCC ivdep")
#else
#define BSS_VECTORIZE
#endif
#endif

/* e**x: x = k ln 2 + r, |r| <= ln 2 / 2; Taylor polynomial of degree 12 for e**r (relative error
 * below 5e-16), scaled by 2**k through the exponent bits. Adding and subtracting 1.5 * 2**52 rounds
 * to the nearest integer and leaves that integer in the low bits. x is clipped to [-708, 709].
 * The polynomial is summed in pairs: the chain of operations that wait for each other is short. */
static inline double BSS_NAME(exp)(double x)
{
    const double magic = 6755399441055744.0;
    double t, k, r, r2, r4, low, middle, high, scale;
    uint64_t bits;
    x = x < -708.0 ? -708.0 : x;
    x = x > 709.0 ? 709.0 : x;
    t = x * 1.4426950408889634 + magic;
    k = t - magic;
    r = (x - k * 0.6931471803691238) - k * 1.9082149292705877e-10;
    r2 = r * r;
    r4 = r2 * r2;
    low = (1.0 + r) + r2 * (1.0 / 2.0 + r * (1.0 / 6.0));
    middle = (1.0 / 24.0 + r * (1.0 / 120.0)) + r2 * (1.0 / 720.0 + r * (1.0 / 5040.0));
    high = ((1.0 / 40320.0 + r * (1.0 / 362880.0))
            + r2 * (1.0 / 3628800.0 + r * (1.0 / 39916800.0)))
           + r4 * (1.0 / 479001600.0);
    memcpy(&bits, &t, sizeof bits);
    bits = (bits + 1023) << 52;
    memcpy(&scale, &bits, sizeof scale);
    return (low + r4 * (middle + r4 * high)) * scale;
}

/* x > 0 ? yes : no, by masks: with branches in sight compilers turn the loops inside out. */
static inline double BSS_NAME(where_positive)(double x, double yes, double no)
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
static inline double BSS_NAME(clipped)(double u)
{
    const double low = bss_knee[0], high = bss_knee[1];
    const double y = u > high ? high : u;
    return y < low ? low : y;
}

/* (y - y^3) - u of y = clipped u: what a saturating current has more than a linear one (plan.py) */
static inline double BSS_NAME(excess)(double u)
{
    const double y = BSS_NAME(clipped)(u);
    return (y - u) - y * y * y;
}

/* The end of a step, the same for all kinds: a neuron held at reset stays there (in silicon v_new
 * is its relaxed voltage already). Neurons at or above threshold are left there for the engine,
 * which resets them unless they are held. */
#define BSS_FINISH(v_new)                                                                          \
    do {                                                                                           \
        const double held = hold[i];                                                               \
        double v_end;                                                                              \
        if (mode == BSS_IDEAL) {                                                                   \
            v_end = BSS_NAME(where_positive)(held, BSS_AT(v_reset), (v_new));                      \
        } else {                                                                                   \
            const double low = BSS_AT(v_floor), high = BSS_AT(v_ceiling);                          \
            v_end = (v_new);                                                                       \
            v_end = v_end < low ? low : v_end;                                                     \
            v_end = v_end > high ? high : v_end;                                                   \
        }                                                                                          \
        any |= (uint64_t)(v_end >= BSS_AT(v_thresh));                                              \
        v[i] = v_end;                                                                              \
        hold[i] = held - 1.0 > 0.0 ? held - 1.0 : 0.0;                                             \
    } while (0)

/* after the step, arrivals are taken from the ring */
#define BSS_ARRIVE                                                                                 \
    do {                                                                                           \
        if (arrivals) {                                                                            \
            line0[i] = line0[i] + arrive0[i];                                                      \
            line1[i] = line1[i] + arrive1[i];                                                      \
            arrive0[i] = 0.0;                                                                      \
            arrive1[i] = 0.0;                                                                      \
        }                                                                                          \
    } while (0)

/* neurons of one strip in kernels that make several short loops of it */
#ifndef BSS_STRIP
#define BSS_STRIP 128
#endif

#define BSS_COMMON                                                                                 \
    const int64_t n = block->n;                                                                    \
    double *restrict v = block->v, *restrict line0 = block->line0, *restrict line1 = block->line1; \
    double *restrict hold = block->hold;                                                           \
    double *restrict arrive0 = block->arrive0, *restrict arrive1 = block->arrive1;                 \
    const double *restrict i_membrane = block->i_membrane;                                         \
    BSS_COEFFICIENT(v_reset);                                                                      \
    BSS_COEFFICIENT(v_thresh);                                                                     \
    BSS_COEFFICIENT(e_leak);                                                                       \
    BSS_COEFFICIENT(decay0);                                                                       \
    BSS_COEFFICIENT(decay1);                                                                       \
    BSS_COEFFICIENT(leak_u);                                                                       \
    BSS_COEFFICIENT(leak_c);                                                                       \
    BSS_COEFFICIENT(line_u0);                                                                      \
    BSS_COEFFICIENT(line_u1);                                                                      \
    BSS_COEFFICIENT(line_c0);                                                                      \
    BSS_COEFFICIENT(line_c1);                                                                      \
    BSS_COEFFICIENT(reset_keep);                                                                   \
    BSS_COEFFICIENT(v_floor);                                                                      \
    BSS_COEFFICIENT(v_ceiling);                                                                    \
    BSS_COEFFICIENT(amp_v);                                                                        \
    BSS_COEFFICIENT(amp0);                                                                         \
    BSS_COEFFICIENT(amp1);                                                                         \
    const float *restrict noise_v = block->noise_v, *restrict noise0 = block->noise0;              \
    const float *restrict noise1 = block->noise1;                                                  \
    uint64_t any = 0;                                                                              \
    int64_t i, s

/* in silicon: the voltage of a neuron, whether held at reset or free to go to v_free */
#define BSS_HELD_OR(v_free)                                                                        \
    BSS_NAME(where_positive)(                                                                      \
        hold[i], BSS_AT(v_reset) + (v[i] - BSS_AT(v_reset)) * BSS_AT(reset_keep), (v_free))

/* kinds that are not exact: noise of a whole step after its substeps, then the end of the step */
#define BSS_FINISH_SUBSTEPS                                                                        \
    BSS_VECTORIZE                                                                                  \
    for (i = 0; i < n; i++) {                                                                      \
        double v_new = v[i];                                                                       \
        if (mode == BSS_NOISY) {                                                                   \
            v_new += BSS_NAME(where_positive)(hold[i], 0.0, BSS_AT(amp_v) * (double)noise_v[i]);   \
            line0[i] += BSS_AT(amp0) * (double)noise0[i];                                          \
            line1[i] += BSS_AT(amp1) * (double)noise1[i];                                          \
        }                                                                                          \
        BSS_FINISH(v_new);                                                                         \
        BSS_ARRIVE;                                                                                \
    }

/* Current-based LIF: exact for currents that are constant over the step. */
BSS_SPECIALIZE int64_t BSS_NAME(cuba_lif)(const bss_block *block, const int arrivals)
{
    const int mode = BSS_IDEAL;
    BSS_COMMON;
    BSS_COEFFICIENT(p_vv);
    BSS_COEFFICIENT(p_vi);
    BSS_COEFFICIENT(p_v0);
    BSS_COEFFICIENT(p_v1);
    (void)s;
    BSS_VECTORIZE
    for (i = 0; i < n; i++) {
        const double v_new = BSS_AT(e_leak)
                             + ((v[i] - BSS_AT(e_leak)) * BSS_AT(p_vv)
                                + (line0[i] * BSS_AT(p_v0)
                                   + (line1[i] * BSS_AT(p_v1) + i_membrane[i] * BSS_AT(p_vi))));
        line0[i] = line0[i] * BSS_AT(decay0);
        line1[i] = line1[i] * BSS_AT(decay1);
        BSS_FINISH(v_new);
        BSS_ARRIVE;
    }
    return any != 0;
}

/* The same in silicon. What saturation takes from the currents is a constant current over the step,
 * too: that of the lines' mean values, and for the leak that at the middle of the step, taken from
 * the begin and its slope there (second order). Two loops over a strip of neurons: a single long
 * one would wait for its own chain of operations. */
BSS_SPECIALIZE int64_t BSS_NAME(cuba_lif_silicon)(const bss_block *block, const int arrivals,
                                                  const int mode)
{
    BSS_COMMON;
    BSS_COEFFICIENT(p_vv);
    BSS_COEFFICIENT(p_vi);
    BSS_COEFFICIENT(p_v0);
    BSS_COEFFICIENT(p_v1);
    double push[BSS_STRIP];
    for (s = 0; s < n; s += BSS_STRIP) {
        const int64_t stop = s + BSS_STRIP < n ? s + BSS_STRIP : n;
        BSS_VECTORIZE
        for (i = s; i < stop; i++) {
            push[i - s] = line0[i] * BSS_AT(p_v0)
                          + (line1[i] * BSS_AT(p_v1) + i_membrane[i] * BSS_AT(p_vi))
                          + (BSS_AT(line_c0) * BSS_NAME(excess)(line0[i] * BSS_AT(line_u0))
                             + BSS_AT(line_c1) * BSS_NAME(excess)(line1[i] * BSS_AT(line_u1)));
            line0[i] = line0[i] * BSS_AT(decay0);
            line1[i] = line1[i] * BSS_AT(decay1);
            if (mode == BSS_NOISY) {
                push[i - s] += BSS_AT(amp_v) * (double)noise_v[i];
                line0[i] += BSS_AT(amp0) * (double)noise0[i];
                line1[i] += BSS_AT(amp1) * (double)noise1[i];
            }
        }
        BSS_VECTORIZE
        for (i = s; i < stop; i++) {
            const double d = v[i] - BSS_AT(e_leak), change = d * BSS_AT(p_vv) + push[i - s];
            const double u = d * BSS_AT(leak_u), y = BSS_NAME(clipped)(u), y2 = y * y;
            const double lost = BSS_AT(leak_c) * ((y - u) - y2 * y);
            /* minus half the derivative of lost by d */
            const double slope = (BSS_AT(leak_u) * BSS_AT(leak_c)) * (1.5 * y2);
            const double rest = change - lost;
            const double v_new = BSS_HELD_OR(BSS_AT(e_leak) + (rest + slope * (rest - d)));
            BSS_FINISH(v_new);
        }
        if (arrivals) {
            BSS_VECTORIZE
            for (i = s; i < stop; i++)
                BSS_ARRIVE;
        }
    }
    return any != 0;
}

/* Conductance-based LIF: the exponent of the membrane's decay is exact, the driving potential is
 * averaged over the substep; second order in the substep. So is what a saturated leak lacks. */
BSS_SPECIALIZE int64_t BSS_NAME(coba_lif)(const bss_block *block, const int arrivals,
                                          const int mode)
{
    BSS_COMMON;
    BSS_COEFFICIENT(e_rev0);
    BSS_COEFFICIENT(e_rev1);
    BSS_COEFFICIENT(mean0);
    BSS_COEFFICIENT(mean1);
    BSS_COEFFICIENT(g_leak);
    BSS_COEFFICIENT(h_over_c);
    for (s = 0; s < block->substeps; s++) {
        BSS_VECTORIZE
        for (i = 0; i < n; i++) {
            const double d = v[i] - BSS_AT(e_leak);
            double g0 = line0[i] * BSS_AT(mean0);
            double g1 = line1[i] * BSS_AT(mean1);
            double g, current, drive, decay;
            if (mode != BSS_IDEAL) {
                g0 += BSS_AT(line_c0) * BSS_NAME(excess)(g0 * BSS_AT(line_u0));
                g1 += BSS_AT(line_c1) * BSS_NAME(excess)(g1 * BSS_AT(line_u1));
            }
            g = BSS_AT(g_leak) + (g0 + g1);
            current = g0 * (BSS_AT(e_rev0) - BSS_AT(e_leak))
                      + g1 * (BSS_AT(e_rev1) - BSS_AT(e_leak)) + i_membrane[i];
            decay = BSS_NAME(exp)(-(g * BSS_AT(h_over_c)));
            if (mode != BSS_IDEAL) {
                double lost = BSS_AT(leak_c) * BSS_NAME(excess)(d * BSS_AT(leak_u));
                const double inverse = 1.0 / g;
                drive = (current - lost) * inverse;
                lost = drive + (d - drive) * decay;
                lost = BSS_AT(leak_c) * BSS_NAME(excess)(0.5 * (d + lost) * BSS_AT(leak_u));
                drive = (current - lost) * inverse;
            } else {
                drive = current / g;
            }
            drive = BSS_AT(e_leak) + (drive + (d - drive) * decay);
            v[i] = mode == BSS_IDEAL ? drive : BSS_HELD_OR(drive);
            line0[i] = line0[i] * BSS_AT(decay0);
            line1[i] = line1[i] * BSS_AT(decay1);
        }
    }
    BSS_FINISH_SUBSTEPS;
    return any != 0;
}

/* Slopes of the AdEx equations, times the (sub)step. The membrane is clipped at the detection
 * threshold, so the exponential term stays bounded during the upstroke. */
static inline void BSS_NAME(adex_slopes)(const bss_adex_cell *c, double v, double w, double line0,
                                         double line1, double *dv, double *dw)
{
    const double vb = v < c->v_thresh ? v : c->v_thresh;
    const double upstroke = c->g_delta_t * BSS_NAME(exp)((vb - c->v_exp) * c->inv_delta_t);
    double leak = c->g_leak * (c->e_leak - vb);
    const double synaptic = c->coba ? line0 * (c->e_rev0 - vb) + line1 * (c->e_rev1 - vb)
                                    : line0 + line1;
    if (c->mode != BSS_IDEAL)
        leak -= c->leak_c * BSS_NAME(excess)((vb - c->e_leak) * c->leak_u);
    *dv = (leak + upstroke + (synaptic - w) + c->current) * c->h_over_c;
    *dw = (c->a * (vb - c->e_leak) - w) * c->h_over_tau_w;
}

/* AdEx: classical Runge-Kutta of fourth order; the lines decay exactly. A neuron held at reset
 * keeps its voltage while its adaptation current goes on. */
BSS_SPECIALIZE int64_t BSS_NAME(adex)(const bss_block *block, const int coba, const int arrivals,
                                      const int mode)
{
    BSS_COMMON;
    double *restrict w = block->w;
    BSS_COEFFICIENT(e_rev0);
    BSS_COEFFICIENT(e_rev1);
    BSS_COEFFICIENT(half0);
    BSS_COEFFICIENT(half1);
    BSS_COEFFICIENT(g_leak);
    BSS_COEFFICIENT(h_over_c);
    BSS_COEFFICIENT(g_delta_t);
    BSS_COEFFICIENT(v_exp);
    BSS_COEFFICIENT(inv_delta_t);
    BSS_COEFFICIENT(a);
    BSS_COEFFICIENT(h_over_tau_w);
    for (s = 0; s < block->substeps; s++) {
        BSS_VECTORIZE
        for (i = 0; i < n; i++) {
            const bss_adex_cell cell = {
                .coba = coba,
                .mode = mode,
                .v_thresh = BSS_AT(v_thresh),
                .e_leak = BSS_AT(e_leak),
                .g_leak = BSS_AT(g_leak),
                .g_delta_t = BSS_AT(g_delta_t),
                .v_exp = BSS_AT(v_exp),
                .inv_delta_t = BSS_AT(inv_delta_t),
                .e_rev0 = BSS_AT(e_rev0),
                .e_rev1 = BSS_AT(e_rev1),
                .a = BSS_AT(a),
                .h_over_tau_w = BSS_AT(h_over_tau_w),
                .current = i_membrane[i],
                .leak_u = mode == BSS_IDEAL ? 0.0 : BSS_AT(leak_u),
                .leak_c = mode == BSS_IDEAL ? 0.0 : BSS_AT(leak_c),
                .h_over_c = BSS_NAME(where_positive)(hold[i], 0.0, BSS_AT(h_over_c)),
            };
            const double v0 = v[i], w0 = w[i];
            const double end_l0 = line0[i] * BSS_AT(decay0), end_l1 = line1[i] * BSS_AT(decay1);
            /* what reaches the membrane from the lines at the begin, middle and end */
            double b0 = line0[i], b1 = line1[i], m0 = b0 * BSS_AT(half0), m1 = b1 * BSS_AT(half1);
            double e0 = end_l0, e1 = end_l1;
            double dv1, dv2, dv3, dv4, dw1, dw2, dw3, dw4, v_end;
            if (mode != BSS_IDEAL) {
                b0 += BSS_AT(line_c0) * BSS_NAME(excess)(b0 * BSS_AT(line_u0));
                b1 += BSS_AT(line_c1) * BSS_NAME(excess)(b1 * BSS_AT(line_u1));
                m0 += BSS_AT(line_c0) * BSS_NAME(excess)(m0 * BSS_AT(line_u0));
                m1 += BSS_AT(line_c1) * BSS_NAME(excess)(m1 * BSS_AT(line_u1));
                e0 += BSS_AT(line_c0) * BSS_NAME(excess)(e0 * BSS_AT(line_u0));
                e1 += BSS_AT(line_c1) * BSS_NAME(excess)(e1 * BSS_AT(line_u1));
            }
            BSS_NAME(adex_slopes)(&cell, v0, w0, b0, b1, &dv1, &dw1);
            BSS_NAME(adex_slopes)(&cell, v0 + 0.5 * dv1, w0 + 0.5 * dw1, m0, m1, &dv2, &dw2);
            BSS_NAME(adex_slopes)(&cell, v0 + 0.5 * dv2, w0 + 0.5 * dw2, m0, m1, &dv3, &dw3);
            BSS_NAME(adex_slopes)(&cell, v0 + dv3, w0 + dw3, e0, e1, &dv4, &dw4);
            v_end = v0 + (dv1 + 2.0 * (dv2 + dv3) + dv4) * (1.0 / 6.0);
            v_end = v_end < BSS_AT(v_thresh) ? v_end : BSS_AT(v_thresh);
            v[i] = mode == BSS_IDEAL ? v_end : BSS_HELD_OR(v_end);
            w[i] = w0 + (dw1 + 2.0 * (dw2 + dw3) + dw4) * (1.0 / 6.0);
            line0[i] = end_l0;
            line1[i] = end_l1;
        }
    }
    BSS_FINISH_SUBSTEPS;
    return any != 0;
}

/* Each kernel for every mode, and for steps in which nothing arrives on the block's lines
 * (quiet) and the others (busy). */
#define BSS_KERNEL(name, call)                                                                     \
    static int64_t BSS_NAME(name)(const bss_block *block)                                          \
    {                                                                                              \
        return call;                                                                               \
    }
#define BSS_KERNELS_OF(suffix, arrivals, mode)                                                     \
    BSS_KERNEL(cuba_lif_##suffix, mode == BSS_IDEAL                                                \
                                      ? BSS_NAME(cuba_lif)(block, arrivals)                        \
                                      : BSS_NAME(cuba_lif_silicon)(block, arrivals, mode))                       \
    BSS_KERNEL(coba_lif_##suffix, BSS_NAME(coba_lif)(block, arrivals, mode))                       \
    BSS_KERNEL(cuba_adex_##suffix, BSS_NAME(adex)(block, 0, arrivals, mode))                       \
    BSS_KERNEL(coba_adex_##suffix, BSS_NAME(adex)(block, 1, arrivals, mode))
#define BSS_ROW(suffix)                                                                            \
    {BSS_NAME(cuba_lif_##suffix), BSS_NAME(coba_lif_##suffix), BSS_NAME(cuba_adex_##suffix),       \
     BSS_NAME(coba_adex_##suffix)}

BSS_KERNELS_OF(quiet, 0, BSS_IDEAL)
BSS_KERNELS_OF(busy, 1, BSS_IDEAL)
#if BSS_ALIKE
const bss_kernel BSS_NAME(kernels)[1][2][BSS_N_KINDS] = {{BSS_ROW(quiet), BSS_ROW(busy)}};
#else
BSS_KERNELS_OF(silicon_quiet, 0, BSS_SILICON)
BSS_KERNELS_OF(silicon_busy, 1, BSS_SILICON)
BSS_KERNELS_OF(noisy_quiet, 0, BSS_NOISY)
BSS_KERNELS_OF(noisy_busy, 1, BSS_NOISY)
const bss_kernel BSS_NAME(kernels)[BSS_N_MODES][2][BSS_N_KINDS] = {
    {BSS_ROW(quiet), BSS_ROW(busy)},
    {BSS_ROW(silicon_quiet), BSS_ROW(silicon_busy)},
    {BSS_ROW(noisy_quiet), BSS_ROW(noisy_busy)},
};

/* Most groups of neurons have none at threshold; the others are searched one by one. */
int64_t BSS_NAME(over_threshold)(int64_t n, const double *restrict v,
                                 const double *restrict v_thresh, int32_t *restrict index)
{
    const int64_t group = 64;
    int64_t first, i, count = 0;
    for (first = 0; first < n; first += group) {
        const int64_t last = first + group < n ? first + group : n;
        uint64_t any = 0;
        BSS_VECTORIZE
        for (i = first; i < last; i++)
            any |= (uint64_t)(v[i] >= v_thresh[i]);
        if (any)
            for (i = first; i < last; i++)
                if (v[i] >= v_thresh[i])
                    index[count++] = (int32_t)i;
    }
    return count;
}
#endif

#undef BSS_ROW
#undef BSS_KERNELS_OF
#undef BSS_KERNEL
#undef BSS_FINISH_SUBSTEPS
#undef BSS_HELD_OR
#undef BSS_FINISH
#undef BSS_ARRIVE
#undef BSS_COMMON
#undef BSS_NAME
#undef BSS_ALIKE
#undef BSS_COEFFICIENT
#undef BSS_AT
