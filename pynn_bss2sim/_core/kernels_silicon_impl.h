/* Kernels of neurons that are not ideal; included by kernels_impl.h.
 *
 * State and potentials are kept in double precision. What a step changes of them is computed in
 * single precision: it is small against them, and a chip is not known to seven digits. */

/* coefficient `name` of neuron j, kept as float */
#define BSS_OF(name) (((const float *)c->name)[j])

typedef float BSS_NAME(floats)[BSS_TILE];
typedef struct {
    BSS_NAME(floats) v, w;
} BSS_NAME(float_pair);

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

BSS_SPECIALIZE float BSS_NAME(where_positive_f)(float x, float yes, float no)
{
    return BSS_NAME(where_f)(-(uint32_t)(x > 0.0f), yes, no);
}

BSS_SPECIALIZE uint32_t BSS_NAME(far_f)(float x)
{
    return -(uint32_t)(fabsf(x) > (float)BSS_NEAR);
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

/* What a (sub)step starts from: u = v - e_leak, and how far the membrane is from reset. */
typedef struct {
    BSS_NAME(floats) u, e_leak, from_reset, hold, line0, line1, drive;
} BSS_NAME(start);

#define BSS_START(name)                                                                            \
    BSS_NAME(start) name;                                                                          \
    BSS_EACH {                                                                                     \
        name.u[j] = (float)(v[j] - BSS_DOUBLE(e_leak));                                            \
        name.e_leak[j] = (float)BSS_DOUBLE(e_leak);                                                \
        name.from_reset[j] = (float)(v[j] - BSS_DOUBLE(v_reset));                                  \
    }                                                                                              \
    BSS_EACH {                                                                                     \
        name.line0[j] = (float)line0[j];                                                           \
        name.line1[j] = (float)line1[j];                                                           \
    }                                                                                              \
    BSS_EACH {                                                                                     \
        name.hold[j] = (float)hold[j];                                                             \
        name.drive[j] = (float)drive[j];                                                           \
    }

/* change of v in a (sub)step of a neuron that relaxes to reset while it is held, or is free */
#define BSS_HELD_OR(free)                                                                          \
    BSS_NAME(where_positive_f)(from.hold[j], from.from_reset[j] * BSS_OF(reset_keep), (free))

/* Noise of a step: to be added to the changes of v (unless held) and of the lines. */
#define BSS_NOISE_V                                                                                \
    BSS_NAME(where_positive_f)(from.hold[j], 0.0f, BSS_OF(amp_v) * part->noise_v[j])
#define BSS_NOISE_LINE(k) (BSS_OF(amp##k) * part->noise##k[j])

/* The end of a step: see BSS_FINISH. */
#define BSS_FINISH_SILICON(v_new)                                                                  \
    do {                                                                                           \
        const double low = BSS_DOUBLE(v_floor), high = BSS_DOUBLE(v_ceiling);                      \
        double bounded = (v_new);                                                                  \
        bounded = bounded < low ? low : bounded;                                                   \
        bounded = bounded > high ? high : bounded;                                                 \
        BSS_FINISH(bounded);                                                                       \
    } while (0)

/* The end of a substep, the last one of which is that of the step: changes of v and of the lines.
 * Noise of the whole step comes in the end, after v is clipped at threshold if it is. */
#define BSS_FINISH_SUBSTEP(change_v, clip)                                                         \
    do {                                                                                           \
        BSS_NAME(floats) noise = {0};                                                              \
        if (mode == BSS_NOISY && last) {                                                           \
            BSS_EACH {                                                                             \
                noise[j] = BSS_NOISE_V;                                                            \
                change0[j] += BSS_NOISE_LINE(0);                                                   \
                change1[j] += BSS_NOISE_LINE(1);                                                   \
            }                                                                                      \
        }                                                                                          \
        BSS_EACH {                                                                                 \
            double v_new = v[j] + (double)change_v[j];                                             \
            if (clip)                                                                              \
                v_new = v_new < BSS_DOUBLE(v_thresh) ? v_new : BSS_DOUBLE(v_thresh);               \
            v[j] = mode == BSS_NOISY ? v_new + (double)noise[j] : v_new;                           \
        }                                                                                          \
        BSS_EACH {                                                                                 \
            line0[j] += (double)change0[j];                                                        \
            line1[j] += (double)change1[j];                                                        \
        }                                                                                          \
        if (last) {                                                                                \
            BSS_EACH {                                                                             \
                BSS_FINISH_SILICON(v[j]);                                                          \
            }                                                                                      \
        }                                                                                          \
    } while (0)

/* Current-based LIF: exact but for what saturation takes from the currents. That is a constant
 * current over the step: that of the lines' mean values, and for the leak that at the middle of the
 * step, taken from the begin and its slope there (second order). */
BSS_SPECIALIZE uint64_t BSS_NAME(silicon_cuba_lif)(const bss_cuba_lif_columns *restrict c,
                                                   const bss_part *part, const int mode)
{
    BSS_STATE;
    BSS_START(from)
    BSS_NAME(floats) push, change0, change1;
    BSS_EACH {
        const float i0 = from.line0[j], i1 = from.line1[j];
        push[j] = (i0 * BSS_OF(p_v0) + (i1 * BSS_OF(p_v1) + from.drive[j]))
                  + (BSS_OF(line_c0) * BSS_NAME(excess)(i0 * BSS_OF(line_u0))
                     + BSS_OF(line_c1) * BSS_NAME(excess)(i1 * BSS_OF(line_u1)));
        change0[j] = i0 * BSS_OF(decay0);
        change1[j] = i1 * BSS_OF(decay1);
        if (mode == BSS_NOISY) {
            push[j] += BSS_OF(amp_v) * part->noise_v[j];
            change0[j] += BSS_NOISE_LINE(0);
            change1[j] += BSS_NOISE_LINE(1);
        }
    }
    BSS_EACH {
        const float d = from.u[j], leak_u = BSS_OF(leak_u), leak_c = BSS_OF(leak_c);
        const float u = d * leak_u, y = BSS_NAME(clipped)(u), y2 = y * y;
        const float lost = leak_c * ((y - u) - y2 * y);
        /* minus half the derivative of lost by d */
        const float slope = (leak_u * leak_c) * (1.5f * y2);
        const float change = (d * BSS_OF(p_vv) + push[j]) - lost;
        push[j] = BSS_HELD_OR(change + slope * change);
    }
    BSS_EACH {
        BSS_FINISH_SILICON(v[j] + (double)push[j]);
    }
    BSS_EACH {
        line0[j] += (double)change0[j];
        line1[j] += (double)change1[j];
    }
    return any;
}

/* what of a line's current or conductance x reaches the membrane */
#define BSS_SATURATED(k, x)                                                                        \
    ((x) + BSS_OF(line_c##k) * BSS_NAME(excess)((x) * BSS_OF(line_u##k)))

/* current into the membrane at e_leak */
#define BSS_CURRENT(from)                                                                          \
    (g0 * (BSS_OF(e_rev0) - from e_leak[j]) + g1 * (BSS_OF(e_rev1) - from e_leak[j]))              \
        + from drive[j]

/* Conductance-based LIF, with a saturating leak at the middle of the substep: second order. */
BSS_SPECIALIZE uint64_t BSS_NAME(silicon_coba_lif)(const bss_coba_lif_columns *restrict c,
                                                   const bss_part *part, const int mode)
{
    BSS_STATE;
    for (int64_t s = 0; s < part->substeps; s++) {
        const int last = s == part->substeps - 1;
        BSS_START(from)
        BSS_NAME(floats) g, current, reach, change0, change1;
        uint32_t far = 0;
        BSS_EACH {
            const float g0 = BSS_SATURATED(0, from.line0[j] * BSS_OF(mean0));
            const float g1 = BSS_SATURATED(1, from.line1[j] * BSS_OF(mean1));
            g[j] = BSS_OF(g_leak) + (g0 + g1);
            current[j] = BSS_CURRENT(from.);
        }
        BSS_EACH {
            const float x = -(g[j] * BSS_OF(h_over_c));
            reach[j] = BSS_OF(h_over_c) * BSS_NAME(phif_near)(x);
            far |= BSS_NAME(far_f)(x);
        }
        if (far) {
            BSS_EACH {
                const float x = -(g[j] * BSS_OF(h_over_c));
                const float exact = BSS_OF(h_over_c) * ((BSS_NAME(expf)(x) - 1.0f) / x);
                reach[j] = BSS_NAME(where_f)(BSS_NAME(far_f)(x), exact, reach[j]);
            }
        }
        BSS_EACH {
            const float d = from.u[j], free = current[j] - g[j] * d;
            const float leak_u = BSS_OF(leak_u), leak_c = BSS_OF(leak_c);
            const float lost = leak_c * BSS_NAME(excess)(d * leak_u);
            const float middle = d + 0.5f * ((free - lost) * reach[j]);
            const float change = (free - leak_c * BSS_NAME(excess)(middle * leak_u)) * reach[j];
            current[j] = BSS_HELD_OR(change);
            change0[j] = from.line0[j] * BSS_OF(decay0);
            change1[j] = from.line1[j] * BSS_OF(decay1);
        }
        BSS_FINISH_SUBSTEP(current, 0);
    }
    return any;
}

/* The AdEx membrane over a (sub)step: see the ideal kernel. */
typedef struct {
    BSS_NAME(floats) w, h_over_c, g, current, limit, begin, upstroke;
} BSS_NAME(silicon_membrane);

/* g and current of the membrane for what the lines conduct */
BSS_SPECIALIZE void BSS_NAME(silicon_lines)(const bss_adex_columns *restrict c,
                                            const BSS_NAME(start) *restrict from,
                                            BSS_NAME(silicon_membrane) *restrict m,
                                            const float fraction, const int coba)
{
    BSS_EACH {
        float g0 = from->line0[j], g1 = from->line1[j];
        if (fraction == 0.5f) {
            g0 += g0 * BSS_OF(half0);
            g1 += g1 * BSS_OF(half1);
        } else if (fraction == 1.0f) {
            g0 += g0 * BSS_OF(decay0);
            g1 += g1 * BSS_OF(decay1);
        }
        g0 = BSS_SATURATED(0, g0);
        g1 = BSS_SATURATED(1, g1);
        if (coba) {
            m->g[j] = BSS_OF(g_leak) + (g0 + g1);
            m->current[j] = BSS_CURRENT(from->);
        } else {
            m->g[j] = BSS_OF(g_leak);
            m->current[j] = (g0 + g1) + from->drive[j];
        }
    }
}

/* upstroke at u */
#define BSS_UPSTROKE(u)                                                                            \
    (BSS_OF(g_delta_t)                                                                             \
     * BSS_NAME(expf)(((u) - (BSS_OF(v_exp) - from->e_leak[j])) * BSS_OF(inv_delta_t)))

/* Slopes, times the (sub)step: at the begin, or at `fraction` of the former slopes away from it.
 * There the upstroke is that at the begin times e**d of a small d; where d is not small, it is
 * computed anew. */
BSS_SPECIALIZE void BSS_NAME(silicon_slopes)(const bss_adex_columns *restrict c,
                                             const BSS_NAME(start) *restrict from,
                                             BSS_NAME(silicon_membrane) *restrict m,
                                             const float fraction,
                                             const BSS_NAME(float_pair) *restrict former,
                                             BSS_NAME(float_pair) *restrict slope)
{
    BSS_NAME(floats) u, upstroke;
    uint32_t far = 0;
    BSS_EACH {
        const float free = former ? from->u[j] + fraction * former->v[j] : from->u[j];
        u[j] = free < m->limit[j] ? free : m->limit[j];
        if (former) {
            const float d = (u[j] - m->begin[j]) * BSS_OF(inv_delta_t);
            upstroke[j] = m->upstroke[j] * BSS_NAME(expf_near)(d);
            far |= BSS_NAME(far_f)(d);
        } else {
            upstroke[j] = BSS_UPSTROKE(u[j]);
            m->begin[j] = u[j];
            m->upstroke[j] = upstroke[j];
        }
    }
    if (former && far) {
        BSS_EACH {
            const float d = (u[j] - m->begin[j]) * BSS_OF(inv_delta_t);
            const float exact = BSS_UPSTROKE(u[j]);
            upstroke[j] = BSS_NAME(where_f)(BSS_NAME(far_f)(d), exact, upstroke[j]);
        }
    }
    BSS_EACH {
        const float w = former ? m->w[j] + fraction * former->w[j] : m->w[j];
        const float leak = m->g[j] * u[j]
                           + BSS_OF(leak_c) * BSS_NAME(excess)(u[j] * BSS_OF(leak_u));
        slope->v[j] = ((m->current[j] - leak) + (upstroke[j] - w)) * m->h_over_c[j];
        slope->w[j] = (BSS_OF(a) * u[j] - w) * BSS_OF(h_over_tau_w);
    }
}

/* AdEx: see the ideal kernel. */
BSS_SPECIALIZE uint64_t BSS_NAME(silicon_adex)(const bss_adex_columns *restrict c,
                                               const bss_part *part, const int coba, const int mode)
{
    BSS_STATE;
    double *restrict w = part->cells.w;
    for (int64_t s = 0; s < part->substeps; s++) {
        const int last = s == part->substeps - 1;
        BSS_NAME(silicon_membrane) m;
        BSS_NAME(float_pair) k1, k2, k3, k4;
        BSS_NAME(floats) change0, change1;
        BSS_START(from)
        BSS_EACH {
            m.w[j] = (float)w[j];
            m.limit[j] = (float)(BSS_DOUBLE(v_thresh) - BSS_DOUBLE(e_leak));
        }
        BSS_EACH {
            m.h_over_c[j] = BSS_NAME(where_positive_f)(from.hold[j], 0.0f, BSS_OF(h_over_c));
        }
        BSS_NAME(silicon_lines)(c, &from, &m, 0.0f, coba);
        BSS_NAME(silicon_slopes)(c, &from, &m, 0.0f, NULL, &k1);
        BSS_NAME(silicon_lines)(c, &from, &m, 0.5f, coba);
        BSS_NAME(silicon_slopes)(c, &from, &m, 0.5f, &k1, &k2);
        BSS_NAME(silicon_slopes)(c, &from, &m, 0.5f, &k2, &k3);
        BSS_NAME(silicon_lines)(c, &from, &m, 1.0f, coba);
        BSS_NAME(silicon_slopes)(c, &from, &m, 1.0f, &k3, &k4);
        BSS_EACH {
            const float sixth = 1.0f / 6.0f;
            const float dv = (k1.v[j] + 2.0f * (k2.v[j] + k3.v[j]) + k4.v[j]) * sixth;
            k1.v[j] = BSS_HELD_OR(dv);
            k1.w[j] = (k1.w[j] + 2.0f * (k2.w[j] + k3.w[j]) + k4.w[j]) * sixth;
            change0[j] = from.line0[j] * BSS_OF(decay0);
            change1[j] = from.line1[j] * BSS_OF(decay1);
        }
        BSS_EACH {
            w[j] += (double)k1.w[j];
        }
        BSS_FINISH_SUBSTEP(k1.v, 1);
    }
    return any;
}
#undef BSS_OF
