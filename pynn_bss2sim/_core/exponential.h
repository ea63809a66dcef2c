/* The exponential function of the kernels. Who includes this file defines BSS_NAME(name), which
 * gives functions their suffix. */
#include <stdint.h>
#include <string.h>

/* the constant arguments of these functions choose among versions of one loop */
#ifndef BSS_SPECIALIZE
#if defined(__GNUC__)
#define BSS_SPECIALIZE static inline __attribute__((always_inline))
#else
#define BSS_SPECIALIZE static inline
#endif
#endif

/* e**x: x = k ln 2 + r, |r| <= ln 2 / 2; Taylor polynomial of degree 12 for e**r (relative error
 * below 5e-16), scaled by 2**k through the exponent bits. Adding and subtracting 1.5 * 2**52 rounds
 * to the nearest integer and leaves that integer in the low bits. x is clipped to [-708, 709].
 * The polynomial is summed in pairs: the chain of operations that wait for each other is short. */
BSS_SPECIALIZE double BSS_NAME(exp_reduce)(double x, double *scale)
{
    const double magic = 6755399441055744.0;
    double t, k, power;
    uint64_t bits;
    x = x < -708.0 ? -708.0 : x;
    x = x > 709.0 ? 709.0 : x;
    t = x * 1.4426950408889634 + magic;
    k = t - magic;
    memcpy(&bits, &t, sizeof bits);
    bits = (bits + 1023) << 52;
    memcpy(&power, &bits, sizeof bits);
    *scale = power;
    return (x - k * 0.6931471803691238) - k * 1.9082149292705877e-10;
}

BSS_SPECIALIZE double BSS_NAME(exp_sum)(double r)
{
    const double r2 = r * r, r4 = r2 * r2;
    const double low = (1.0 + r) + r2 * (1.0 / 2.0 + r * (1.0 / 6.0));
    const double middle = (1.0 / 24.0 + r * (1.0 / 120.0)) + r2 * (1.0 / 720.0 + r * (1.0 / 5040.0));
    const double high = ((1.0 / 40320.0 + r * (1.0 / 362880.0))
                         + r2 * (1.0 / 3628800.0 + r * (1.0 / 39916800.0)))
                        + r4 * (1.0 / 479001600.0);
    return low + r4 * (middle + r4 * high);
}

BSS_SPECIALIZE double BSS_NAME(exp)(double x)
{
    double scale;
    const double r = BSS_NAME(exp_reduce)(x, &scale);
    return BSS_NAME(exp_sum)(r) * scale;
}

/* What follows is for arguments that are often near 0: |x| <= BSS_NEAR. Polynomials that begin with
 * 1 and keep the largest relative error smallest (found by the algorithm of Remez). */
#define BSS_NEAR 0.25

/* e**x near 0; relative error below 4e-12 */
BSS_SPECIALIZE double BSS_NAME(exp_near)(double x)
{
    const double x2 = x * x, x4 = x2 * x2;
    const double low = (1.0 + x) + x2 * (0.500000001000621 + x * 0.16666666555430878);
    const double high = (0.04166656382164824 + x * 0.008333376898276533)
                        + x2 * (0.0013918137826166004 + x * 0.00019815742829393395);
    return low + x4 * high;
}

/* (e**x - 1) / x near 0; relative error below 3e-11 */
BSS_SPECIALIZE double BSS_NAME(phi_near)(double x)
{
    const double x2 = x * x;
    const double low = 1.0 + x * 0.5000000007212264;
    const double middle = 0.16666666698722418 + x * 0.04166657689924479;
    const double high = (0.008333303396358599 + x * 0.0013916808650833157)
                        + x2 * 0.00019903364251249128;
    return low + x2 * (middle + x2 * high);
}
