/* Spike-timing dependent plasticity, event by event; see spike_pairs.py for the rules. The twin is
   reference_spike_pairs.py: the same operations in the same order.

   A trace at a step is its stored value times exp(-rate * (step % epoch)), so that it is touched only
   by its own events, and by bss_pair_begin where an epoch of its rate ends (pair_plan.py).

   Synapses that see events in one step, whichever their delays, are collected in batches and changed
   together. */
#ifndef BSS_SPIKE_PAIRS_H
#define BSS_SPIKE_PAIRS_H

#include "plasticity.h"

/* rows whose events are collected at once */
enum { BSS_PAIR_ROWS = 256 };

/* Neighbouring synapses of a row or column whose powers are of one kind. */
typedef struct {
    int32_t first, last; /* entries: first .. last - 1 */
    int32_t kind;
    int32_t common;      /* the rule of all, -1: several */
} bss_pair_run;

/* A synapse, and its trace on the other side. */
typedef struct {
    int32_t synapse, partner;
} bss_pair_entry;

/* The runs and traces of a row or column. */
typedef struct {
    int32_t first_run, last_run, first_trace, last_trace;
} bss_pair_line;

/* Rows of synapses, which see events of one source; or columns, which see spikes of one neuron. */
typedef struct {
    int64_t n_traces;
    const double *rate;          /* of each trace */
    const int64_t *epoch;
    double *trace;
    const bss_pair_line *line;   /* by delay and source, or neuron */
    const bss_pair_run *run;
    const bss_pair_entry *entry;
    const int32_t *rule;         /* of each entry */
    const double *partner_trace;
    const bss_pair_term *terms;  /* of each rule */
} bss_pair_side;

typedef struct {
    bss_pair_side row, column;
    double *weight;
    /* columns that have seen spikes in the present step, which are not in their traces yet */
    int64_t *fresh;
    int64_t n_fresh;
    /* rows whose events are collected, and the number of the collection each was last part of */
    int64_t waiting[BSS_PAIR_ROWS], n_waiting, collection;
    int64_t *collected;
    int64_t shortest_epoch;
    bss_pair_batch batch[BSS_PAIR_KINDS];
    bss_pair_change change;
} bss_pairs;

/* An event of `step` raises the traces first .. last - 1. */
static inline void bss_pair_raise(bss_pair_side *side, int64_t first, int64_t last, int64_t step)
{
    double age[BSS_PAIR_GROUP];
    int64_t k;
    for (; first < last; first += BSS_PAIR_GROUP) {
        const int64_t n = last - first < BSS_PAIR_GROUP ? last - first : BSS_PAIR_GROUP;
        for (k = 0; k < n; k++)
            age[k] = (double)(step & (side->epoch[first + k] - 1)) * side->rate[first + k];
        for (k = 0; k < n; k++)
            side->trace[first + k] += bss_exp_one(age[k]);
    }
}

static inline void bss_pair_end_epochs(bss_pair_side *side, int64_t step)
{
    int64_t i;
    for (i = 0; i < side->n_traces; i++)
        if (step % side->epoch[i] == 0)
            side->trace[i] *= bss_exp_one(-((double)side->epoch[i] * side->rate[i]));
}

/* Step `step` begins: spikes seen in the last one enter their traces. */
static inline void bss_pair_begin(bss_pairs *p, int64_t step)
{
    int64_t k;
    for (k = 0; k < p->n_fresh; k++) {
        const bss_pair_line *line = p->column.line + p->fresh[k];
        bss_pair_raise(&p->column, line->first_trace, line->last_trace, step - 1);
    }
    p->n_fresh = 0;
    if (step % p->shortest_epoch)
        return;
    bss_pair_end_epochs(&p->row, step);
    bss_pair_end_epochs(&p->column, step);
}

/* Change the weights of the synapses that are collected. */
static inline void bss_pair_flush(bss_pairs *p, const bss_pair_side *side, int64_t step)
{
    int kind;
    for (kind = 0; kind < BSS_PAIR_KINDS; kind++) {
        if (p->batch[kind].n)
            p->change(kind, &p->batch[kind], side->terms, step, p->weight);
        p->batch[kind].n = 0;
    }
}

/* Let a batch note the rules of its n next synapses, which stand at `rule`. */
static inline void bss_pair_note(bss_pair_batch *batch, int32_t common, const int32_t *rule,
                                 int64_t n)
{
    int64_t k;
    if (batch->n == 0)
        batch->common = common;
    if (batch->common == common && common >= 0) {
        batch->rule[0] = common;
        return;
    }
    if (batch->common >= 0)
        for (k = 1; k < batch->n; k++)
            batch->rule[k] = batch->rule[0];
    batch->common = -1;
    for (k = 0; k < n; k++)
        batch->rule[batch->n + k] = rule[k];
}

/* Collect the synapses of a row or column `at`. */
static inline void bss_pair_collect(bss_pairs *p, const bss_pair_side *side, int64_t at,
                                    int64_t step)
{
    int64_t q, k, first;
    const bss_pair_line *line = side->line + at;
    for (q = line->first_run; q < line->last_run; q++) {
        const bss_pair_run *run = side->run + q;
        bss_pair_batch *batch = &p->batch[run->kind];
        for (first = run->first; first < run->last;) {
            const int64_t left = run->last - first, room = BSS_PAIR_GROUP - batch->n;
            const int64_t n = left < room ? left : room;
            const bss_pair_entry *entry = side->entry + first;
            for (k = 0; k < n; k++) {
                batch->synapse[batch->n + k] = entry[k].synapse;
                batch->trace[batch->n + k] = side->partner_trace[entry[k].partner];
            }
            bss_pair_note(batch, run->common, side->rule + first, n);
            batch->n += n;
            first += n;
            if (batch->n == BSS_PAIR_GROUP)
                bss_pair_flush(p, side, step);
        }
    }
}

/* A spike of its neuron arrives at the synapses of column `at`. */
static inline void bss_pair_post(bss_pairs *p, int64_t at, int64_t step)
{
    if (p->column.line[at].first_trace == p->column.line[at].last_trace)
        return;
    bss_pair_collect(p, &p->column, at, step);
    p->fresh[p->n_fresh++] = at;
}

/* Whether no more events of row `at` can be collected before bss_pair_pass. */
static inline int bss_pair_waits(const bss_pairs *p, int64_t at)
{
    return p->n_waiting == BSS_PAIR_ROWS || p->collected[at] == p->collection;
}

/* An event of its source arrives at the synapses of row `at`. */
static inline void bss_pair_pre(bss_pairs *p, int64_t at, int64_t step)
{
    if (p->row.line[at].first_trace == p->row.line[at].last_trace)
        return;
    bss_pair_collect(p, &p->row, at, step);
    p->waiting[p->n_waiting++] = at;
    p->collected[at] = p->collection;
}

/* The events of the rows waiting[0] .. waiting[n - 1] have changed their weights and traces;
 * returns n. */
static inline int64_t bss_pair_pass(bss_pairs *p, int64_t step)
{
    const int64_t n = p->n_waiting;
    int64_t k;
    bss_pair_flush(p, &p->row, step);
    for (k = 0; k < n; k++) {
        const bss_pair_line *line = p->row.line + p->waiting[k];
        bss_pair_raise(&p->row, line->first_trace, line->last_trace, step);
    }
    p->n_waiting = 0;
    p->collection++;
    return n;
}

#endif
