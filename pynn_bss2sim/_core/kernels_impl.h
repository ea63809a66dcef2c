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
 * below 2e-16), scaled by 2**k through the exponent bits. Adding and subtracting 1.5 * 2**52 rounds
 * to the nearest integer and leaves that integer in the low bits. x is clipped to [-708, 709]. */
static inline double BSS_NAME(exp)(double x)
{
    const double magic = 6755399441055744.0;
    double t, k, r, p, scale;
    uint64_t bits;
    x = x < -708.0 ? -708.0 : x;
    x = x > 709.0 ? 709.0 : x;
    t = x * 1.4426950408889634 + magic;
    k = t - magic;
    r = (x - k * 0.6931471803691238) - k * 1.9082149292705877e-10;
    p = 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    p = p * r + 1.0;
    p = p * r + 1.0;
    memcpy(&bits, &t, sizeof bits);
    bits = (bits + 1023) << 52;
    memcpy(&scale, &bits, sizeof scale);
    return p * scale;
}

/* Refractory hold, threshold, reset and arrivals: the end of a step, the same for all kinds. */
#define BSS_FINISH(v_new)                                                                          \
    do {                                                                                           \
        uint64_t pattern;                                                                          \
        const double held = hold[i];                                                               \
        const double v_now = held > 0.0 ? BSS_AT(v_reset) : (v_new);                               \
        const double fire = (v_now >= BSS_AT(v_thresh)) & !(held > 0.0) ? 1.0 : 0.0;               \
        v[i] = fire > 0.0 ? BSS_AT(v_reset) : v_now;                                               \
        hold[i] = fire > 0.0 ? BSS_AT(hold_steps) : (held > 0.0 ? held - 1.0 : 0.0);               \
        fired[i] = fire;                                                                           \
        memcpy(&pattern, &fire, sizeof pattern);                                                   \
        any |= pattern;                                                                            \
        line0[i] = line0[i] + arrive0[i];                                                          \
        line1[i] = line1[i] + arrive1[i];                                                          \
        arrive0[i] = 0.0;                                                                          \
        arrive1[i] = 0.0;                                                                          \
    } while (0)

#define BSS_COMMON                                                                                 \
    const int64_t n = block->n;                                                                    \
    double *restrict v = block->v, *restrict line0 = block->line0, *restrict line1 = block->line1; \
    double *restrict hold = block->hold, *restrict fired = block->fired;                           \
    double *restrict arrive0 = block->arrive0, *restrict arrive1 = block->arrive1;                 \
    const double *restrict i_injected = block->i_injected;                                         \
    BSS_COEFFICIENT(v_reset);                                                                      \
    BSS_COEFFICIENT(v_thresh);                                                                     \
    BSS_COEFFICIENT(hold_steps);                                                                   \
    BSS_COEFFICIENT(e_leak);                                                                       \
    BSS_COEFFICIENT(decay0);                                                                       \
    BSS_COEFFICIENT(decay1);                                                                       \
    BSS_COEFFICIENT(i_offset);                                                                     \
    uint64_t any = 0;                                                                              \
    int64_t i, s

/* Current-based LIF: exact for currents that are constant over the step. */
static int64_t BSS_NAME(cuba_lif)(const bss_block *block)
{
    BSS_COMMON;
    BSS_COEFFICIENT(p_vv);
    BSS_COEFFICIENT(p_vi);
    BSS_COEFFICIENT(p_v0);
    BSS_COEFFICIENT(p_v1);
    (void)s;
    BSS_VECTORIZE
    for (i = 0; i < n; i++) {
        const double current = BSS_AT(i_offset) + i_injected[i];
        const double v_new = BSS_AT(e_leak)
                             + ((v[i] - BSS_AT(e_leak)) * BSS_AT(p_vv)
                                + (line0[i] * BSS_AT(p_v0)
                                   + (line1[i] * BSS_AT(p_v1) + current * BSS_AT(p_vi))));
        line0[i] = line0[i] * BSS_AT(decay0);
        line1[i] = line1[i] * BSS_AT(decay1);
        BSS_FINISH(v_new);
    }
    return any != 0;
}

/* Conductance-based LIF: the exponent of the membrane's decay is exact, the driving potential is
 * averaged over the substep; second order in the substep. */
static int64_t BSS_NAME(coba_lif)(const bss_block *block)
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
            const double g0 = line0[i] * BSS_AT(mean0);
            const double g1 = line1[i] * BSS_AT(mean1);
            const double g = BSS_AT(g_leak) + (g0 + g1);
            const double drive = (g0 * (BSS_AT(e_rev0) - BSS_AT(e_leak))
                                  + g1 * (BSS_AT(e_rev1) - BSS_AT(e_leak))
                                  + (BSS_AT(i_offset) + i_injected[i])) / g;
            const double decay = BSS_NAME(exp)(-(g * BSS_AT(h_over_c)));
            v[i] = BSS_AT(e_leak) + (drive + ((v[i] - BSS_AT(e_leak)) - drive) * decay);
            line0[i] = line0[i] * BSS_AT(decay0);
            line1[i] = line1[i] * BSS_AT(decay1);
        }
    }
    BSS_VECTORIZE
    for (i = 0; i < n; i++)
        BSS_FINISH(v[i]);
    return any != 0;
}

/* AdEx: classical Runge-Kutta of fourth order. The right-hand side sees the membrane clipped at
 * the detection threshold, so the exponential term stays bounded during the upstroke; a neuron
 * held at reset keeps its voltage while its adaptation current goes on. */
#define BSS_ADEX_RHS(V, W, SYN, DV, DW)                                                            \
    do {                                                                                           \
        const double vb = (V) < BSS_AT(v_thresh) ? (V) : BSS_AT(v_thresh);                         \
        const double upstroke = BSS_AT(g_delta_t)                                                  \
                                * BSS_NAME(exp)((vb - BSS_AT(v_exp)) * BSS_AT(inv_delta_t));       \
        DV = (BSS_AT(g_leak) * (BSS_AT(e_leak) - vb) + upstroke + ((SYN) - (W)) + i_membrane)      \
             * free_h_over_c;                                                                      \
        DW = (BSS_AT(a) * (vb - BSS_AT(e_leak)) - (W)) * BSS_AT(h_over_tau_w);                     \
    } while (0)

#define BSS_ADEX_SYN_CUBA(L0, L1) ((L0) + (L1))
#define BSS_ADEX_SYN_COBA(L0, L1)                                                                  \
    ((L0) * (BSS_AT(e_rev0) - vs) + (L1) * (BSS_AT(e_rev1) - vs))

#define BSS_ADEX_KERNEL(NAME, SYN)                                                                 \
static int64_t BSS_NAME(NAME)(const bss_block *block)                                              \
{                                                                                                  \
    BSS_COMMON;                                                                                    \
    double *restrict w = block->w;                                                                 \
    BSS_COEFFICIENT(e_rev0);                                                                       \
    BSS_COEFFICIENT(e_rev1);                                                                       \
    BSS_COEFFICIENT(half0);                                                                        \
    BSS_COEFFICIENT(half1);                                                                        \
    BSS_COEFFICIENT(g_leak);                                                                       \
    BSS_COEFFICIENT(h_over_c);                                                                     \
    BSS_COEFFICIENT(g_delta_t);                                                                    \
    BSS_COEFFICIENT(v_exp);                                                                        \
    BSS_COEFFICIENT(inv_delta_t);                                                                  \
    BSS_COEFFICIENT(a);                                                                            \
    BSS_COEFFICIENT(b);                                                                            \
    BSS_COEFFICIENT(h_over_tau_w);                                                                 \
    (void)e_rev0;                                                                                  \
    (void)e_rev1;                                                                                  \
    for (s = 0; s < block->substeps; s++) {                                                        \
        BSS_VECTORIZE                                                                              \
        for (i = 0; i < n; i++) {                                                                  \
            const double i_membrane = BSS_AT(i_offset) + i_injected[i];                            \
            const double free_h_over_c = hold[i] > 0.0 ? 0.0 : BSS_AT(h_over_c);                   \
            const double v0 = v[i], w0 = w[i], a0 = line0[i], a1 = line1[i];                       \
            const double m0 = a0 * BSS_AT(half0), m1 = a1 * BSS_AT(half1);                         \
            const double z0 = a0 * BSS_AT(decay0), z1 = a1 * BSS_AT(decay1);                       \
            double kv1, kv2, kv3, kv4, kw1, kw2, kw3, kw4, vv, vs, v_end;                          \
            vv = v0;                                                                               \
            vs = vv < BSS_AT(v_thresh) ? vv : BSS_AT(v_thresh);                                    \
            BSS_ADEX_RHS(vv, w0, SYN(a0, a1), kv1, kw1);                                           \
            vv = v0 + 0.5 * kv1;                                                                   \
            vs = vv < BSS_AT(v_thresh) ? vv : BSS_AT(v_thresh);                                    \
            BSS_ADEX_RHS(vv, w0 + 0.5 * kw1, SYN(m0, m1), kv2, kw2);                               \
            vv = v0 + 0.5 * kv2;                                                                   \
            vs = vv < BSS_AT(v_thresh) ? vv : BSS_AT(v_thresh);                                    \
            BSS_ADEX_RHS(vv, w0 + 0.5 * kw2, SYN(m0, m1), kv3, kw3);                               \
            vv = v0 + kv3;                                                                         \
            vs = vv < BSS_AT(v_thresh) ? vv : BSS_AT(v_thresh);                                    \
            BSS_ADEX_RHS(vv, w0 + kw3, SYN(z0, z1), kv4, kw4);                                     \
            (void)vs;                                                                              \
            v_end = v0 + (kv1 + 2.0 * (kv2 + kv3) + kv4) * (1.0 / 6.0);                            \
            v[i] = v_end < BSS_AT(v_thresh) ? v_end : BSS_AT(v_thresh);                            \
            w[i] = w0 + (kw1 + 2.0 * (kw2 + kw3) + kw4) * (1.0 / 6.0);                             \
            line0[i] = z0;                                                                         \
            line1[i] = z1;                                                                         \
        }                                                                                          \
    }                                                                                              \
    BSS_VECTORIZE                                                                                  \
    for (i = 0; i < n; i++) {                                                                      \
        BSS_FINISH(v[i]);                                                                          \
        w[i] = fired[i] > 0.0 ? w[i] + BSS_AT(b) : w[i];                                           \
    }                                                                                              \
    return any != 0;                                                                               \
}

BSS_ADEX_KERNEL(cuba_adex, BSS_ADEX_SYN_CUBA)
BSS_ADEX_KERNEL(coba_adex, BSS_ADEX_SYN_COBA)

const bss_kernel BSS_NAME(kernels)[BSS_N_KINDS] = {
    BSS_NAME(cuba_lif), BSS_NAME(coba_lif), BSS_NAME(cuba_adex), BSS_NAME(coba_adex)};

#undef BSS_FINISH
#undef BSS_COMMON
#undef BSS_ADEX_RHS
#undef BSS_ADEX_SYN_CUBA
#undef BSS_ADEX_SYN_COBA
#undef BSS_ADEX_KERNEL
#undef BSS_NAME
#undef BSS_ALIKE
#undef BSS_COEFFICIENT
#undef BSS_AT
