/* Spike-timing dependent plasticity, event by event; see spike_pairs.py for the rules. The twin is
   reference_spike_pairs.py: the same operations in the same order.

   A trace at a step is its stored value times exp(-rate * (step % epoch)), so that it is touched only
   by its own events, and by bss_pair_begin where an epoch of its rate ends (pair_plan.py). */
#ifndef BSS_SPIKE_PAIRS_H
#define BSS_SPIKE_PAIRS_H

#include "plasticity.h"

/* synapses whose traces are collected at once */
enum { BSS_PAIR_GROUP = 256 };

typedef struct {
    /* presynaptic traces */
    int64_t n_pre;
    const int64_t *pre_rate;
    double *pre_trace;
    const int64_t *row_indptr;  /* runs of synapses of each trace */
    const int64_t *row_start;   /* first synapse of each run */
    /* synapses */
    const int32_t *post;        /* postsynaptic trace */
    const int32_t *rule;
    double *weight;
    /* postsynaptic traces; those whose spike was seen in the present step do not contain it yet */
    int64_t n_post;
    const int64_t *post_rate;
    double *post_trace;
    const int64_t *column_indptr, *column_start; /* as for rows */
    const int32_t *column;      /* synapses, */
    const int32_t *column_pre;  /* their presynaptic traces */
    const int32_t *column_rule; /* and rules */
    int32_t *fresh;
    int64_t n_fresh;
    /* rules */
    const double *up, *up_power, *down, *down_power, *constant;
    const double *low, *high, *w_from, *w_to;
    const int64_t *rule_pre_rate, *rule_post_rate;
    /* rates and their epochs */
    const double *rate;
    const int64_t *epoch;
    int64_t shortest_epoch;
    bss_pair_change change;
} bss_pairs;

/* How far the present epoch of a rate has come, in time constants. */
static inline double bss_pair_age(const bss_pairs *p, int64_t rate, int64_t step)
{
    return (double)(step % p->epoch[rate]) * p->rate[rate];
}

static inline void bss_pair_end_epochs(const bss_pairs *p, int64_t n, const int64_t *rate,
                                       double *trace, int64_t step)
{
    int64_t i;
    for (i = 0; i < n; i++) {
        const int64_t r = rate[i];
        if (step % p->epoch[r] == 0)
            trace[i] = trace[i] * bss_exp_one(-((double)p->epoch[r] * p->rate[r]));
    }
}

/* Step `step` begins: spikes seen in the last one enter their traces. */
static inline void bss_pair_begin(bss_pairs *p, int64_t step)
{
    int64_t k;
    for (k = 0; k < p->n_fresh; k++) {
        const int32_t t = p->fresh[k];
        p->post_trace[t] = p->post_trace[t]
                           + bss_exp_one(bss_pair_age(p, p->post_rate[t], step - 1));
    }
    p->n_fresh = 0;
    if (step % p->shortest_epoch)
        return;
    bss_pair_end_epochs(p, p->n_pre, p->pre_rate, p->pre_trace, step);
    bss_pair_end_epochs(p, p->n_post, p->post_rate, p->post_trace, step);
}

/* Change n <= BSS_PAIR_GROUP weights, whose rules ascend and differ in no power and no rate: towards
   w_to (up) or away from w_from. `factor` is what the traces have decayed by. */
static inline void bss_pair_apply(const bss_pairs *p, int up, int64_t n, double *weight,
                                  const double *trace, const int32_t *rule, double factor)
{
    double scale[BSS_PAIR_GROUP], edge[BSS_PAIR_GROUP], span[BSS_PAIR_GROUP];
    double low[BSS_PAIR_GROUP], high[BSS_PAIR_GROUP];
    const double *amplitude = up ? p->up : p->down;
    const double *end = up ? p->w_to : p->w_from, *other = up ? p->w_from : p->w_to;
    const bss_pair_terms terms = {scale, edge, span, low, high,
                                  up ? p->up_power[rule[0]] : p->down_power[rule[0]]};
    const int each = rule[0] != rule[n - 1];
    int64_t k;
    for (k = 0; k < (each ? n : 1); k++) {
        const int32_t r = rule[k];
        scale[k] = amplitude[r] * factor;
        edge[k] = end[r];
        span[k] = end[r] - other[r];
        low[k] = p->low[r];
        high[k] = p->high[r];
    }
    p->change(n, weight, trace, &terms, each);
}

/* A postsynaptic spike arrives at the synapses of trace `t`. */
static inline void bss_pair_post(bss_pairs *p, int64_t t, int64_t step)
{
    double weight[BSS_PAIR_GROUP], trace[BSS_PAIR_GROUP];
    int64_t q, first, k;
    for (q = p->column_indptr[t]; q < p->column_indptr[t + 1]; q++) {
        const int64_t last = p->column_start[q + 1], rate
            = p->rule_pre_rate[p->column_rule[p->column_start[q]]];
        const double factor = bss_exp_one(-bss_pair_age(p, rate, step));
        for (first = p->column_start[q]; first < last; first += BSS_PAIR_GROUP) {
            const int64_t n = last - first < BSS_PAIR_GROUP ? last - first : BSS_PAIR_GROUP;
            for (k = 0; k < n; k++) {
                weight[k] = p->weight[p->column[first + k]];
                trace[k] = p->pre_trace[p->column_pre[first + k]];
            }
            bss_pair_apply(p, 1, n, weight, trace, p->column_rule + first, factor);
            for (k = 0; k < n; k++)
                p->weight[p->column[first + k]] = weight[k];
        }
    }
    p->fresh[p->n_fresh++] = (int32_t)t;
}

/* An event changes the synapses first .. last - 1, a run. */
static inline void bss_pair_depress(bss_pairs *p, int64_t first, int64_t last, int64_t step)
{
    double trace[BSS_PAIR_GROUP];
    int64_t k;
    const double factor
        = bss_exp_one(-bss_pair_age(p, p->rule_post_rate[p->rule[first]], step));
    for (; first < last; first += BSS_PAIR_GROUP) {
        const int64_t n = last - first < BSS_PAIR_GROUP ? last - first : BSS_PAIR_GROUP;
        const int32_t *rule = p->rule + first;
        double *weight = p->weight + first;
        for (k = 0; k < n; k++)
            trace[k] = p->post_trace[p->post[first + k]];
        bss_pair_apply(p, 0, n, weight, trace, rule, factor);
        if (p->constant[rule[0]] == 0.0 && rule[0] == rule[n - 1])
            continue;
        for (k = 0; k < n; k++) {
            const int32_t r = rule[k];
            double w = p->constant[r] == 0.0 ? weight[k] : weight[k] + p->constant[r];
            w = w < p->low[r] ? p->low[r] : w;
            weight[k] = w > p->high[r] ? p->high[r] : w;
        }
    }
}

/* An event arrives at the synapses of presynaptic trace `g`: change them and its trace. */
static inline void bss_pair_pre(bss_pairs *p, int64_t g, int64_t step)
{
    int64_t q;
    for (q = p->row_indptr[g]; q < p->row_indptr[g + 1]; q++)
        bss_pair_depress(p, p->row_start[q], p->row_start[q + 1], step);
    p->pre_trace[g] = p->pre_trace[g] + bss_exp_one(bss_pair_age(p, p->pre_rate[g], step));
}

#endif
