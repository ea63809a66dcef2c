/* Threads that integrate neurons together, block by block of steps.
 *
 * Each thread has a share of the neurons. All integrate their shares over a block at once; then the
 * thread of the engine goes on alone with spikes and synapses, in the order of steps and neurons, so
 * that no bit depends on the number of threads. Threads live as long as one call of the engine's run().
 * While they wait they keep trying for a while, then let others have the processor.
 */
#ifndef BSS2SIM_WORKERS_H
#define BSS2SIM_WORKERS_H

#include "share.h"

#if defined(__GNUC__) && !defined(_WIN32)
#define BSS_THREADS 1
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#else
#define BSS_THREADS 0
#endif

enum { BSS_MAX_THREADS = 64, BSS_TRIES = 300, BSS_CACHE_LINE = 64 };

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
    bss_neurons neurons;
    int64_t n_shares;  /* share 0 is that of the engine's thread */
    int64_t n_workers; /* threads that run besides it */
    int64_t leave;
    /* each in a line of the cache of its own, since all threads wait for their change */
    char before_begun[BSS_CACHE_LINE];
    int64_t begun; /* blocks that were begun */
    char before_ended[BSS_CACHE_LINE];
    int64_t ended; /* shares that are integrated, of all blocks */
    char behind_ended[BSS_CACHE_LINE];
    bss_worker workers[BSS_MAX_THREADS];
} bss_crew;

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
    for (int64_t block = 1;; block++) {
        int64_t tries = 0;
        while (__atomic_load_n(&crew->begun, __ATOMIC_ACQUIRE) < block)
            bss_wait(&tries);
        if (crew->leave)
            return 0;
        bss_integrate_share(&crew->neurons, &crew->shares[worker->number]);
        __atomic_add_fetch(&crew->ended, 1, __ATOMIC_RELEASE);
    }
}

/* Start a thread for each share but the first. Those that the system refuses are done without:
 * the engine's thread then integrates their shares, too. Signals go to the engine's thread. */
static inline void bss_start(bss_crew *crew)
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
static inline void bss_stop(bss_crew *crew)
{
    crew->leave = 1;
    __atomic_add_fetch(&crew->begun, 1, __ATOMIC_RELEASE);
    for (int64_t k = 1; k <= crew->n_workers; k++)
        pthread_join(crew->workers[k].thread, 0);
    crew->n_workers = 0;
}

static inline void bss_begin_block(bss_crew *crew)
{
    if (crew->n_workers)
        __atomic_add_fetch(&crew->begun, 1, __ATOMIC_RELEASE);
}

static inline void bss_end_block(bss_crew *crew)
{
    const int64_t all = crew->begun * crew->n_workers;
    int64_t tries = 0;
    while (__atomic_load_n(&crew->ended, __ATOMIC_ACQUIRE) < all)
        bss_wait(&tries);
}

#else

static inline void bss_start(bss_crew *crew) { crew->n_workers = 0; }
static inline void bss_stop(bss_crew *crew) { (void)crew; }
static inline void bss_begin_block(bss_crew *crew) { (void)crew; }
static inline void bss_end_block(bss_crew *crew) { (void)crew; }

#endif

/* Integrate all shares over the block that crew->neurons tells. */
static inline void bss_integrate(bss_crew *crew)
{
    bss_begin_block(crew);
    bss_integrate_share(&crew->neurons, &crew->shares[0]);
    for (int64_t k = crew->n_workers + 1; k < crew->n_shares; k++)
        bss_integrate_share(&crew->neurons, &crew->shares[k]);
    bss_end_block(crew);
}

#endif
