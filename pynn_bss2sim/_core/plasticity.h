/* What synapses do at events; see plasticity.py for the equations. The twin is
   reference_plasticity.py: the same operations in the same order. */
#ifndef BSS_PLASTICITY_H
#define BSS_PLASTICITY_H

#include "kernels.h"

#define BSS_NAME(name) bss_##name##_event
#include "exponential.h"
#undef BSS_NAME

typedef struct {
    const int64_t *indptr;        /* groups of each source */
    const double *use;
    const double *rate_rec;
    const double *rate_facil;     /* 0: none */
    const double *rate_psc;
    const int64_t *member_indptr; /* synapses of each group */
    const int64_t *member;
    const double *amplitude;      /* of each member, for a release of 1 */
    double *u;
    double *x;
    double *y;
    int64_t *last;                /* step of the last event */
} bss_releases;

static inline double bss_exp_one(double x)
{
    return bss_exp_event(x);
}

/* (e**x - 1) / x as in exponential.py */
static inline double bss_phi(double x)
{
    double series = 1.0;
    int k;
    if (!(x < 0.5 && x > -0.5))
        return (bss_exp_one(x) - 1.0) / x;
    for (k = 16; k > 1; k--)
        series = 1.0 + series * x / k;
    return series;
}

/* The source has an event at `step`: put the amplitudes of its synapses into the table. */
static inline void bss_release(bss_releases *r, int64_t source, int64_t step, double *table)
{
    int64_t g, k;
    for (g = r->indptr[source]; g < r->indptr[source + 1]; g++) {
        double h = (double)(step - r->last[g]);
        double rec = r->rate_rec[g], psc = r->rate_psc[g];
        double slow = rec < psc ? rec : psc, fast = rec < psc ? psc : rec;
        double u = r->rate_facil[g] > 0.0 ? r->u[g] * bss_exp_one(-h * r->rate_facil[g]) : 0.0;
        double z = (1.0 - r->x[g]) - r->y[g];
        double passed = psc * (h * (bss_exp_one(-h * slow) * bss_phi(-h * (fast - slow))));
        double released;
        z = z * bss_exp_one(-h * rec) + r->y[g] * passed;
        r->y[g] = r->y[g] * bss_exp_one(-h * psc);
        r->x[g] = (1.0 - r->y[g]) - z;
        u = u + r->use[g] * (1.0 - u);
        released = u * r->x[g];
        r->u[g] = u;
        r->x[g] = r->x[g] - released;
        r->y[g] = r->y[g] + released;
        r->last[g] = step;
        for (k = r->member_indptr[g]; k < r->member_indptr[g + 1]; k++)
            table[r->member[k]] = r->amplitude[k] * released;
    }
}

#endif
