/* The kernels themselves; included by one C file for each instruction set, which defines
 * BSS_NAME(name) to give its functions their suffix. See kernels.h. */
#include <string.h>
#include "kernels.h"

#if defined(__clang__)
#define BSS_VECTORIZE _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define BSS_VECTORIZE _Pragma("GCC ivdep")
#else
#define BSS_VECTORIZE
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
        const double held = hold[i];                                                               \
        const double v_now = held > 0.0 ? v_reset[i] : (v_new);                                    \
        const double fire = (v_now >= v_thresh[i]) & !(held > 0.0) ? 1.0 : 0.0;                    \
        v[i] = fire > 0.0 ? v_reset[i] : v_now;                                                    \
        hold[i] = fire > 0.0 ? hold_steps[i] : (held > 0.0 ? held - 1.0 : 0.0);                    \
        fired[i] = fire;                                                                           \
        count += fire;                                                                             \
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
    const double *restrict v_reset = block->v_reset, *restrict v_thresh = block->v_thresh;         \
    const double *restrict hold_steps = block->hold_steps, *restrict e_leak = block->e_leak;       \
    const double *restrict decay0 = block->decay0, *restrict decay1 = block->decay1;               \
    const double *restrict i_offset = block->i_offset;                                             \
    const double *restrict i_injected = block->i_injected;                                         \
    double count = 0.0;                                                                            \
    int64_t i, s

/* Current-based LIF: exact for currents that are constant over the step. */
static int64_t BSS_NAME(cuba_lif)(const bss_block *block)
{
    BSS_COMMON;
    const double *restrict p_vv = block->p_vv, *restrict p_vi = block->p_vi;
    const double *restrict p_v0 = block->p_v0, *restrict p_v1 = block->p_v1;
    (void)s;
    BSS_VECTORIZE
    for (i = 0; i < n; i++) {
        const double v_new = e_leak[i] + ((v[i] - e_leak[i]) * p_vv[i]
                                          + (line0[i] * p_v0[i]
                                             + (line1[i] * p_v1[i]
                                                + (i_offset[i] + i_injected[i]) * p_vi[i])));
        line0[i] = line0[i] * decay0[i];
        line1[i] = line1[i] * decay1[i];
        BSS_FINISH(v_new);
    }
    return (int64_t)count;
}

/* Conductance-based LIF: the exponent of the membrane's decay is exact, the driving potential is
 * averaged over the substep; second order in the substep. */
static int64_t BSS_NAME(coba_lif)(const bss_block *block)
{
    BSS_COMMON;
    const double *restrict e_rev0 = block->e_rev0, *restrict e_rev1 = block->e_rev1;
    const double *restrict mean0 = block->mean0, *restrict mean1 = block->mean1;
    const double *restrict g_leak = block->g_leak, *restrict h_over_c = block->h_over_c;
    for (s = 0; s < block->substeps; s++) {
        BSS_VECTORIZE
        for (i = 0; i < n; i++) {
            const double g0 = line0[i] * mean0[i];
            const double g1 = line1[i] * mean1[i];
            const double g = g_leak[i] + (g0 + g1);
            const double drive = (g0 * (e_rev0[i] - e_leak[i]) + g1 * (e_rev1[i] - e_leak[i])
                                  + (i_offset[i] + i_injected[i])) / g;
            const double decay = BSS_NAME(exp)(-(g * h_over_c[i]));
            v[i] = e_leak[i] + (drive + ((v[i] - e_leak[i]) - drive) * decay);
            line0[i] = line0[i] * decay0[i];
            line1[i] = line1[i] * decay1[i];
        }
    }
    BSS_VECTORIZE
    for (i = 0; i < n; i++)
        BSS_FINISH(v[i]);
    return (int64_t)count;
}

/* AdEx: classical Runge-Kutta of fourth order. The right-hand side sees the membrane clipped at
 * the detection threshold, so the exponential term stays bounded during the upstroke; a neuron
 * held at reset keeps its voltage while its adaptation current goes on. */
#define BSS_ADEX_RHS(V, W, SYN, DV, DW)                                                            \
    do {                                                                                           \
        const double vb = (V) < v_thresh[i] ? (V) : v_thresh[i];                                   \
        const double upstroke = g_delta_t[i]                                                       \
                                * BSS_NAME(exp)((vb - v_exp[i]) * inv_delta_t[i]);                 \
        DV = (g_leak[i] * (e_leak[i] - vb) + upstroke + ((SYN) - (W)) + i_membrane)                \
             * free_h_over_c;                                                                      \
        DW = (a[i] * (vb - e_leak[i]) - (W)) * h_over_tau_w[i];                                    \
    } while (0)

#define BSS_ADEX_SYN_CUBA(L0, L1) ((L0) + (L1))
#define BSS_ADEX_SYN_COBA(L0, L1)                                                                  \
    ((L0) * (e_rev0[i] - vs) + (L1) * (e_rev1[i] - vs))

#define BSS_ADEX_KERNEL(NAME, SYN)                                                                 \
static int64_t BSS_NAME(NAME)(const bss_block *block)                                              \
{                                                                                                  \
    BSS_COMMON;                                                                                    \
    double *restrict w = block->w;                                                                 \
    const double *restrict e_rev0 = block->e_rev0, *restrict e_rev1 = block->e_rev1;               \
    const double *restrict half0 = block->half0, *restrict half1 = block->half1;                   \
    const double *restrict g_leak = block->g_leak, *restrict h_over_c = block->h_over_c;           \
    const double *restrict g_delta_t = block->g_delta_t, *restrict v_exp = block->v_exp;           \
    const double *restrict inv_delta_t = block->inv_delta_t, *restrict a = block->a;               \
    const double *restrict b = block->b, *restrict h_over_tau_w = block->h_over_tau_w;             \
    (void)e_rev0;                                                                                  \
    (void)e_rev1;                                                                                  \
    for (s = 0; s < block->substeps; s++) {                                                        \
        BSS_VECTORIZE                                                                              \
        for (i = 0; i < n; i++) {                                                                  \
            const double i_membrane = i_offset[i] + i_injected[i];                                 \
            const double free_h_over_c = hold[i] > 0.0 ? 0.0 : h_over_c[i];                        \
            const double v0 = v[i], w0 = w[i], a0 = line0[i], a1 = line1[i];                       \
            const double m0 = a0 * half0[i], m1 = a1 * half1[i];                                   \
            const double z0 = a0 * decay0[i], z1 = a1 * decay1[i];                                 \
            double kv1, kv2, kv3, kv4, kw1, kw2, kw3, kw4, vv, vs, v_end;                          \
            vv = v0;                                                                               \
            vs = vv < v_thresh[i] ? vv : v_thresh[i];                                              \
            BSS_ADEX_RHS(vv, w0, SYN(a0, a1), kv1, kw1);                                           \
            vv = v0 + 0.5 * kv1;                                                                   \
            vs = vv < v_thresh[i] ? vv : v_thresh[i];                                              \
            BSS_ADEX_RHS(vv, w0 + 0.5 * kw1, SYN(m0, m1), kv2, kw2);                               \
            vv = v0 + 0.5 * kv2;                                                                   \
            vs = vv < v_thresh[i] ? vv : v_thresh[i];                                              \
            BSS_ADEX_RHS(vv, w0 + 0.5 * kw2, SYN(m0, m1), kv3, kw3);                               \
            vv = v0 + kv3;                                                                         \
            vs = vv < v_thresh[i] ? vv : v_thresh[i];                                              \
            BSS_ADEX_RHS(vv, w0 + kw3, SYN(z0, z1), kv4, kw4);                                     \
            (void)vs;                                                                              \
            v_end = v0 + (kv1 + 2.0 * (kv2 + kv3) + kv4) * (1.0 / 6.0);                            \
            v[i] = v_end < v_thresh[i] ? v_end : v_thresh[i];                                      \
            w[i] = w0 + (kw1 + 2.0 * (kw2 + kw3) + kw4) * (1.0 / 6.0);                             \
            line0[i] = z0;                                                                         \
            line1[i] = z1;                                                                         \
        }                                                                                          \
    }                                                                                              \
    BSS_VECTORIZE                                                                                  \
    for (i = 0; i < n; i++) {                                                                      \
        BSS_FINISH(v[i]);                                                                          \
        w[i] = fired[i] > 0.0 ? w[i] + b[i] : w[i];                                                \
    }                                                                                              \
    return (int64_t)count;                                                                         \
}

BSS_ADEX_KERNEL(cuba_adex, BSS_ADEX_SYN_CUBA)
BSS_ADEX_KERNEL(coba_adex, BSS_ADEX_SYN_COBA)

const bss_kernel BSS_NAME(kernels)[BSS_N_KINDS] = {
    BSS_NAME(cuba_lif), BSS_NAME(coba_lif), BSS_NAME(cuba_adex), BSS_NAME(coba_adex)};
