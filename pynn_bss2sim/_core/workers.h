/* Threads that integrate neurons together, step by step.
 *
 * Each thread has a share of the neurons. In a step all integrate their shares at once; then the
 * thread of the engine goes on alone with spikes and synapses, in the order of neurons, so that no
 * bit depends on the number of threads. Threads live as long as one call of the engine's run().
 * While they wait they keep trying for a while, then let others have the processor.
 */
#ifndef BSS2SIM_WORKERS_H
#define BSS2SIM_WORKERS_H

#include "kernels.h"

#if defined(__GNUC__) && !defined(_WIN32)
#define BSS_THREADS 1
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#else
#define BSS_THREADS 0
#endif

enum { BSS_MAX_THREADS = 64, BSS_TRIES = 200 };

/* Where a step reads the table of normal numbers (noise.py). */
typedef struct {
    const float *table;
    uint64_t mask, key, step;
} bss_noise;

/* Parts of the neurons, and room for the numbers of those that reach threshold. */
typedef struct {
    bss_part *parts;
    int64_t n_parts;
    int32_t *over;
    int64_t count;
} bss_share;

struct bss_crew;

typedef struct {
    struct bss_crew *crew;
    int64_t number;
#if BSS_THREADS
    pthread_t thread;
#endif
} bss_worker;

typedef struct bss_crew {
    bss_share shares[BSS_MAX_THREADS];
    bss_noise noise;
    int64_t n_shares;  /* share 0 is that of the engine's thread */
    int64_t n_workers; /* threads that run besides it */
    int64_t begun;     /* steps that were begun; read and written by all */
    int64_t ended;     /* shares that are integrated, of all steps */
    int64_t leave;
    bss_worker workers[BSS_MAX_THREADS];
} bss_crew;

/* Integrate a share over a step. */
static inline void bss_integrate_share(bss_share *share, const bss_noise *noise)
{
    share->count = 0;
    for (int64_t k = 0; k < share->n_parts; k++) {
        bss_part *part = &share->parts[k];
        if (part->mode == BSS_NOISY) {
            const uint64_t place = bss_draw(noise->key, noise->step, (uint64_t)part->block);
            part->noise_v = noise->table + (place & noise->mask) + part->behind;
            part->noise0 = noise->table + (place >> 16 & noise->mask) + part->behind;
            part->noise1 = noise->table + (place >> 32 & noise->mask) + part->behind;
        }
        share->count += part->kernel(part, share->over + share->count);
    }
}

#if BSS_THREADS

static inline void bss_wait(int64_t *tries)
{
    if (++*tries < BSS_TRIES) {
#if defined(BSS_X86)
        __builtin_ia32_pause();
#endif
    } else {
        sched_yield();
    }
}

static void *bss_work(void *argument)
{
    bss_worker *worker = argument;
    bss_crew *crew = worker->crew;
    for (int64_t step = 1;; step++) {
        int64_t tries = 0;
        while (__atomic_load_n(&crew->begun, __ATOMIC_ACQUIRE) < step)
            bss_wait(&tries);
        if (crew->leave)
            return 0;
        bss_integrate_share(&crew->shares[worker->number], &crew->noise);
        __atomic_add_fetch(&crew->ended, 1, __ATOMIC_RELEASE);
    }
}

/* Start a thread for each share but the first. Those that the system refuses are done without:
 * the engine's thread then integrates their shares, too. Signals go to the engine's thread. */
static void bss_start(bss_crew *crew)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    crew->begun = crew->ended = crew->leave = crew->n_workers = 0;
    for (int64_t k = 1; k < crew->n_shares; k++) {
        bss_worker *worker = &crew->workers[k];
        worker->crew = crew;
        worker->number = k;
        if (pthread_create(&worker->thread, 0, bss_work, worker))
            break;
        crew->n_workers++;
    }
    pthread_sigmask(SIG_SETMASK, &before, 0);
}

/* End all threads. */
static void bss_stop(bss_crew *crew)
{
    crew->leave = 1;
    __atomic_add_fetch(&crew->begun, 1, __ATOMIC_RELEASE);
    for (int64_t k = 1; k <= crew->n_workers; k++)
        pthread_join(crew->workers[k].thread, 0);
    crew->n_workers = 0;
}

static inline void bss_begin_step(bss_crew *crew)
{
    if (crew->n_workers)
        __atomic_add_fetch(&crew->begun, 1, __ATOMIC_RELEASE);
}

static inline void bss_end_step(bss_crew *crew)
{
    const int64_t all = crew->begun * crew->n_workers;
    int64_t tries = 0;
    while (__atomic_load_n(&crew->ended, __ATOMIC_ACQUIRE) < all)
        bss_wait(&tries);
}

#else

static void bss_start(bss_crew *crew) { crew->n_workers = 0; }
static void bss_stop(bss_crew *crew) { (void)crew; }
static inline void bss_begin_step(bss_crew *crew) { (void)crew; }
static inline void bss_end_step(bss_crew *crew) { (void)crew; }

#endif

/* Integrate all shares over a step. */
static inline void bss_integrate(bss_crew *crew)
{
    bss_begin_step(crew);
    bss_integrate_share(&crew->shares[0], &crew->noise);
    for (int64_t k = crew->n_workers + 1; k < crew->n_shares; k++)
        bss_integrate_share(&crew->shares[k], &crew->noise);
    bss_end_step(crew);
}

#endif
