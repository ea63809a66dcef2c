/* The exponential functions of the kernels in single precision, of vectors. Relative errors are below
 * 5e-7. The twin is exponential_single.py. */
#ifndef BSS2SIM_EXPONENTIAL_SINGLE_H
#define BSS2SIM_EXPONENTIAL_SINGLE_H

#include "vectors.h"

/* where |x| <= ln 2 / 2 */
BSS_SPECIALIZE bss_floats bss_expf_near(bss_floats x)
{
    const bss_floats x2 = x * x;
    const bss_floats high = 0.49999234f + x * 0.16667119f;
    return (1.0f + x) + x2 * (high + x2 * (0.041889906f + x * 0.008311953f));
}

/* e**x, x clipped to -80 <= x <= 80: like the one in double precision (exponential.h) */
BSS_SPECIALIZE bss_floats bss_expf(bss_floats x)
{
    const float magic = 12582912.0f; /* 1.5 * 2**23 */
    const bss_floats least = -80.0f - (bss_floats){0}, most = 80.0f - (bss_floats){0};
    const bss_floats bounded = bss_min_floats(most, bss_max_floats(least, x));
    const bss_floats t = bounded * 1.44269504f + magic, k = t - magic;
    const bss_floats near = bss_expf_near((bounded - k * 0.693145752f) - k * 1.42860677e-6f);
    return bss_floats_of_bits(bss_bits_of_floats(near) + (bss_bits_of_floats(t) << 23));
}

/* Bernoulli's function B(x) = x / (e**x - 1), of which only the odd term x / 2 is not even: that of
 * minus y, near 0 */
#define BSS_NEAR_SINGLE 0.75f
BSS_SPECIALIZE bss_floats bss_bernoullif_near(bss_floats y)
{
    const bss_floats y2 = y * y;
    return (1.0f + y * 0.5f) + y2 * (0.08332866f - y2 * 0.00136286f);
}

/* the same, but `near` where y is near 0 */
static BSS_APART bss_floats bss_bernoullif_far(bss_floats y, bss_floats near)
{
    const bss_mask far = BSS_MASK(bss_magnitude_floats(y) > BSS_NEAR_SINGLE);
    return bss_choose_floats(far, -y / (bss_expf(-y) - 1.0f), near);
}

/* everywhere */
BSS_SPECIALIZE bss_floats bss_bernoullif(bss_floats y)
{
    const bss_floats near = bss_bernoullif_near(y), bound = BSS_NEAR_SINGLE - (bss_floats){0};
    const bss_flags_floats far = bss_at_least_floats(bss_magnitude_floats(y), bound);
    return BSS_SELDOM(bss_bits_floats(far)) ? bss_bernoullif_far(y, near) : near;
}

#endif
