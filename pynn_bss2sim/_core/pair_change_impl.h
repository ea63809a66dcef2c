/* How weights change with spikes (spike_pairs.h); included behind kernels_impl.h by one C file for each
 * instruction set. */

/* a loop over the weights of a group: arrays do not overlap */
#ifndef BSS_IN_GROUP
#if defined(__clang__)
#define BSS_IN_GROUP _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define BSS_IN_GROUP _Pragma("GCC ivdep")
#else
#define BSS_IN_GROUP
#endif
#endif

/* x**power: relative error below 1e-13 for powers up to 10; 0 where x is no larger than 1e-300. The
 * binary exponent of x becomes a number by way of the low bits of 2**52; the logarithm of the
 * fraction in [sqrt(1/2), sqrt(2)] is 2 artanh((m - 1) / (m + 1)). */
BSS_SPECIALIZE double BSS_NAME(power)(double x, double power)
{
    const double two_52 = 4503599627370496.0;
    double m, half, exponent, above, s, s2, series;
    uint64_t bits, biased;
    memcpy(&bits, &x, sizeof bits);
    biased = (bits >> 52) | UINT64_C(0x4330000000000000);
    bits = (bits & UINT64_C(0x000FFFFFFFFFFFFF)) | UINT64_C(0x3FF0000000000000);
    memcpy(&m, &bits, sizeof m);
    memcpy(&exponent, &biased, sizeof exponent);
    half = m * 0.5;
    above = m - 1.4142135623730951;
    exponent = exponent - BSS_NAME(where_positive)(above, two_52 + 1022.0, two_52 + 1023.0);
    m = BSS_NAME(where_positive)(above, half, m);
    s = (m - 1.0) / (m + 1.0);
    s2 = s * s;
    series = 1.0 / 19.0 + s2 * (1.0 / 21.0);
    series = 1.0 / 17.0 + s2 * series;
    series = 1.0 / 15.0 + s2 * series;
    series = 1.0 / 13.0 + s2 * series;
    series = 1.0 / 11.0 + s2 * series;
    series = 1.0 / 9.0 + s2 * series;
    series = 1.0 / 7.0 + s2 * series;
    series = 1.0 / 5.0 + s2 * series;
    series = 1.0 / 3.0 + s2 * series;
    series = 1.0 + s2 * series;
    return BSS_NAME(where_positive)(
        x - 1e-300, BSS_NAME(exp)(power * (exponent * 0.6931471805599453 + 2.0 * s * series)), 0.0);
}

/* See kernels.h; constant arguments say what the power is (0, 1 or 2 for any), and whether there
 * are terms for each weight. */
BSS_SPECIALIZE void BSS_NAME(change)(int kind, int each, int64_t n, double *restrict w,
                                     const double *restrict trace, const bss_pair_terms *terms)
{
    const double *restrict scale = terms->scale, *restrict edge = terms->edge;
    const double *restrict span = terms->span;
    const double *restrict low = terms->low, *restrict high = terms->high;
    const double power = terms->power;
    int64_t i;
    BSS_IN_GROUP
    for (i = 0; i < n; i++) {
        const int64_t k = each ? i : 0;
        double change = scale[k], x;
        if (kind == 1)
            change = scale[k] * ((edge[k] - w[i]) / span[k]);
        if (kind == 2)
            change = scale[k] * BSS_NAME(power)((edge[k] - w[i]) / span[k], power);
        x = w[i] + change * trace[i];
        x = x < low[k] ? low[k] : x;
        w[i] = x > high[k] ? high[k] : x;
    }
}

void BSS_NAME(pair_change)(int64_t n, double *w, const double *trace, const bss_pair_terms *terms,
                           int each)
{
    if (each) {
        if (terms->power == 0.0)
            BSS_NAME(change)(0, 1, n, w, trace, terms);
        else if (terms->power == 1.0)
            BSS_NAME(change)(1, 1, n, w, trace, terms);
        else
            BSS_NAME(change)(2, 1, n, w, trace, terms);
    } else if (terms->power == 0.0) {
        BSS_NAME(change)(0, 0, n, w, trace, terms);
    } else if (terms->power == 1.0) {
        BSS_NAME(change)(1, 0, n, w, trace, terms);
    } else {
        BSS_NAME(change)(2, 0, n, w, trace, terms);
    }
}
