/* How weights change with spikes (spike_pairs.h); included behind kernels_impl.h by one C file for each
 * instruction set. */

/* a loop over the synapses of a batch: arrays do not overlap */
#ifndef BSS_IN_BATCH
#if defined(__clang__)
#define BSS_IN_BATCH _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define BSS_IN_BATCH _Pragma("GCC ivdep")
#else
#define BSS_IN_BATCH
#endif
#endif

/* The logarithm of x > 0: x = 2**k m with m in [sqrt(1/2), sqrt(2)), and log m = 2 artanh s with
 * s = (m - 1) / (m + 1), a series in s**2 <= 0.0295; its error is below 1e-14. k becomes a number by
 * way of the low bits of 2**52. */
BSS_SPECIALIZE double BSS_NAME(log)(double x)
{
    const uint64_t one = UINT64_C(0x3FF0000000000000), root = UINT64_C(0x3FE6A09E667F3BCD);
    double k, m, s, s2, s4, low, high;
    uint64_t bits, exponent;
    memcpy(&bits, &x, sizeof bits);
    bits = bits + (one - root);
    exponent = (bits >> 52) | UINT64_C(0x4330000000000000);
    bits = (bits & UINT64_C(0x000FFFFFFFFFFFFF)) + root;
    memcpy(&k, &exponent, sizeof k);
    memcpy(&m, &bits, sizeof m);
    k = k - (4503599627370496.0 + 1023.0);
    s = (m - 1.0) / (m + 1.0);
    s2 = s * s;
    s4 = s2 * s2;
    low = (1.0 + s2 * (1.0 / 3.0)) + s4 * (1.0 / 5.0 + s2 * (1.0 / 7.0));
    high = (1.0 / 9.0 + s2 * (1.0 / 11.0)) + s4 * (1.0 / 13.0 + s2 * (1.0 / 15.0));
    return k * 0.6931471805599453 + (2.0 * s) * (low + (s4 * s4) * high);
}

/* See kernels.h; the constant argument `each` says whether there are several rules. The loops are
 * short, so that the processor works on many synapses at once, and go on to whole vectors, for
 * synapses that are not there. */
BSS_SPECIALIZE void BSS_NAME(change)(int kind, int each, const bss_pair_batch *batch,
                                     const bss_pair_term *terms, int64_t step, double *weight)
{
    double w[BSS_PAIR_GROUP], trace[BSS_PAIR_GROUP], room[BSS_PAIR_GROUP], part[BSS_PAIR_GROUP];
    double scale[BSS_PAIR_GROUP], amplitude[BSS_PAIR_GROUP], power[BSS_PAIR_GROUP];
    double edge[BSS_PAIR_GROUP], other[BSS_PAIR_GROUP], constant[BSS_PAIR_GROUP];
    const int64_t n = batch->n, whole = (n + 7) & ~(int64_t)7, n_terms = each ? whole : 1;
    int64_t i;
    for (i = 0; i < n_terms; i++) {
        const bss_pair_term *term = terms + batch->rule[i < n ? i : 0];
        amplitude[i] = term->amplitude;
        scale[i] = -((double)(step & (term->epoch - 1)) * term->rate);
        power[i] = term->power;
        edge[i] = term->edge;
        other[i] = term->other;
        constant[i] = term->constant;
    }
    for (i = 0; i < whole; i++) {
        w[i] = weight[batch->synapse[i < n ? i : 0]];
        trace[i] = batch->trace[i < n ? i : 0];
    }
    BSS_IN_BATCH
    for (i = 0; i < n_terms; i++)
        scale[i] = amplitude[i] * BSS_NAME(exp)(scale[i]);
    if (kind > 0) {
        BSS_IN_BATCH
        for (i = 0; i < whole; i++) {
            const int64_t k = each ? i : 0;
            room[i] = (edge[k] - w[i]) / (edge[k] - other[k]);
        }
    }
    if (kind > 1) {
        BSS_IN_BATCH
        for (i = 0; i < whole; i++)
            part[i] = power[each ? i : 0] * BSS_NAME(log)(room[i]);
        BSS_IN_BATCH
        for (i = 0; i < whole; i++)
            room[i] = BSS_NAME(where_positive)(room[i] - 1e-300, BSS_NAME(exp)(part[i]), 0.0);
    }
    BSS_IN_BATCH
    for (i = 0; i < whole; i++) {
        const int64_t k = each ? i : 0;
        const double low = edge[k] < other[k] ? edge[k] : other[k];
        const double high = edge[k] < other[k] ? other[k] : edge[k];
        double x = w[i] + (kind > 0 ? scale[k] * room[i] : scale[k]) * trace[i];
        x = x < low ? low : x;
        x = (x > high ? high : x) + constant[k];
        x = x < low ? low : x;
        w[i] = x > high ? high : x;
    }
    for (i = 0; i < n; i++)
        weight[batch->synapse[i]] = w[i];
}

void BSS_NAME(pair_change)(int kind, const bss_pair_batch *batch, const bss_pair_term *terms,
                           int64_t step, double *weight)
{
    const int each = batch->common < 0;
    if (kind == 0 && each)
        BSS_NAME(change)(0, 1, batch, terms, step, weight);
    else if (kind == 0)
        BSS_NAME(change)(0, 0, batch, terms, step, weight);
    else if (kind == 1 && each)
        BSS_NAME(change)(1, 1, batch, terms, step, weight);
    else if (kind == 1)
        BSS_NAME(change)(1, 0, batch, terms, step, weight);
    else if (each)
        BSS_NAME(change)(2, 1, batch, terms, step, weight);
    else
        BSS_NAME(change)(2, 0, batch, terms, step, weight);
}
