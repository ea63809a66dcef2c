/* Short-term plasticity of synapse drivers; see pulses.py for the equations. The twin is
   reference_pulses.py: the same operations in the same order. */
#ifndef BSS_DRIVER_PULSES_H
#define BSS_DRIVER_PULSES_H

#include "plasticity.h"

typedef struct {
    const int64_t *indptr;        /* entries of each trigger */
    const int64_t *state;         /* of each entry */
    const int64_t *member_indptr; /* synapses of each entry */
    const int64_t *member;
    const double *amplitude;      /* of each member, for a full pulse */
    const double *use;            /* of each state, as all below */
    const double *rate;
    const double *charged;
    const double *recovered;
    double *pulse;
    int64_t *last;                /* step of the last event */
} bss_pulses;

/* An event comes at `step`: put the amplitudes of the synapses behind `trigger` into the table. */
static inline void bss_pulse(bss_pulses *p, int64_t trigger, int64_t step, double *table)
{
    int64_t e, k;
    for (e = p->indptr[trigger]; e < p->indptr[trigger + 1]; e++) {
        const int64_t s = p->state[e];
        const double h = (double)(step - p->last[s]);
        double pulse = (p->pulse[s] - p->recovered[s]) * bss_exp_one(-h * p->rate[s]);
        double length;
        pulse = p->recovered[s] + pulse;
        pulse = pulse + p->use[s] * (p->charged[s] - pulse);
        p->pulse[s] = pulse;
        p->last[s] = step;
        length = pulse < 0.0 ? 0.0 : pulse > 1.0 ? 1.0 : pulse;
        for (k = p->member_indptr[e]; k < p->member_indptr[e + 1]; k++)
            table[p->member[k]] = p->amplitude[k] * length;
    }
}

#endif
