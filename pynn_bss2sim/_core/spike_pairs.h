/* Spike-timing dependent plasticity, event by event; see spike_pairs.py for the rules. The twin is
   reference_spike_pairs.py: the same operations in the same order. */
#ifndef BSS_SPIKE_PAIRS_H
#define BSS_SPIKE_PAIRS_H

#include "plasticity.h"

typedef struct {
    /* presynaptic traces, with their synapses next to each other */
    const int64_t *synapse_indptr;
    const int64_t *pre_rate;    /* row of `decay` */
    double *pre_trace;
    int64_t *pre_last;
    /* synapses */
    const int32_t *pre;         /* presynaptic trace */
    const int32_t *post;        /* postsynaptic trace */
    const int32_t *rule;
    const int32_t *offset;      /* in the ring, as of the present slot */
    double *weight;
    /* postsynaptic traces: what they were just before their last event, -1 where none was */
    const int64_t *column_indptr;
    const int32_t *column;      /* synapses of each trace */
    const int64_t *post_rate;
    double *post_before;
    int64_t *post_last;
    /* rules */
    const double *up, *up_power, *down, *down_power, *constant;
    const double *low, *high, *w_from, *w_to, *range;
    /* exp(-k rate) for each rate and k */
    const double *decay, *rate;
    int64_t decay_length;
} bss_pairs;

static inline double bss_decay(const bss_pairs *p, int64_t rate, int64_t steps)
{
    if (steps < p->decay_length)
        return p->decay[rate * p->decay_length + steps];
    return bss_exp_one(-(double)steps * p->rate[rate]);
}

/* (x / range)**power for 0 <= x / range: relative error below 1e-13 for powers up to 10 */
static inline double bss_power(double x, double range, double power)
{
    union { double f; uint64_t u; } bits;
    double exponent, s, s2, series;
    int k;
    if (power == 0.0)
        return 1.0;
    x = x / range;
    if (power == 1.0)
        return x;
    if (!(x > 1e-300))
        return 0.0;
    bits.f = x;
    exponent = (double)((int64_t)(bits.u >> 52) - 1023);
    bits.u = (bits.u & UINT64_C(0x000FFFFFFFFFFFFF)) | UINT64_C(0x3FF0000000000000);
    if (bits.f > 1.4142135623730951) {
        bits.f = bits.f * 0.5;
        exponent = exponent + 1.0;
    }
    s = (bits.f - 1.0) / (bits.f + 1.0);
    s2 = s * s;
    series = 1.0 / 21.0;
    for (k = 19; k > 0; k -= 2)
        series = 1.0 / k + s2 * series;
    return bss_exp_one(power * (exponent * 0.6931471805599453 + 2.0 * s * series));
}

static inline double bss_clip(const bss_pairs *p, int64_t rule, double w)
{
    w = w < p->low[rule] ? p->low[rule] : w;
    return w > p->high[rule] ? p->high[rule] : w;
}

/* A postsynaptic spike arrives at the synapses of trace `t`. */
static inline void bss_pair_post(bss_pairs *p, int64_t t, int64_t step)
{
    int64_t i;
    double before = (p->post_before[t] + 1.0) * bss_decay(p, p->post_rate[t],
                                                          step - p->post_last[t]);
    for (i = p->column_indptr[t]; i < p->column_indptr[t + 1]; i++) {
        int32_t j = p->column[i], g = p->pre[j], r = p->rule[j];
        double trace = p->pre_trace[g] * bss_decay(p, p->pre_rate[g], step - p->pre_last[g]);
        double room = bss_power(p->w_to[r] - p->weight[j], p->range[r], p->up_power[r]);
        p->weight[j] = bss_clip(p, r, p->weight[j] + p->up[r] * room * trace);
    }
    p->post_before[t] = before;
    p->post_last[t] = step;
}

/* An event arrives at the synapses of presynaptic trace `g`: change them and its trace. */
static inline void bss_pair_pre(bss_pairs *p, int64_t g, int64_t step)
{
    int64_t j;
    for (j = p->synapse_indptr[g]; j < p->synapse_indptr[g + 1]; j++) {
        int64_t t = p->post[j], r = p->rule[j], age = step - p->post_last[t];
        /* a spike in the same step is no pair */
        double trace = age == 0 ? p->post_before[t]
                                : (p->post_before[t] + 1.0) * bss_decay(p, p->post_rate[t], age);
        double room = bss_power(p->weight[j] - p->w_from[r], p->range[r], p->down_power[r]);
        double w = bss_clip(p, r, p->weight[j] + p->down[r] * room * trace);
        p->weight[j] = bss_clip(p, r, w + p->constant[r]);
    }
    p->pre_trace[g] = p->pre_trace[g] * bss_decay(p, p->pre_rate[g], step - p->pre_last[g]) + 1.0;
    p->pre_last[g] = step;
}

#endif
