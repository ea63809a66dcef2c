/* Events on their way through links that carry one event at a time.
 *
 * Events wait in a binary heap for the time at which they come to their next link; those of the
 * same time go in the order in which they were sent. All times are ps after the begin of the run.
 * link_plan.py has checked every index and every sum of times. The twin is reference_links.py.
 */
#ifndef BSS2SIM_EVENT_QUEUE_H
#define BSS2SIM_EVENT_QUEUE_H

#include <stdint.h>
#include <stdlib.h>

typedef struct {
    int64_t time;    /* when the event comes to the link of its hop */
    int64_t order;   /* events sent before it */
    int64_t emitted; /* step in which its source spiked */
    int64_t hop;
} bss_event;

typedef struct {
    int64_t step; /* time step */
    /* of each hop */
    const int32_t *link;
    const int64_t *at, *slack, *begin, *end, *child_indptr;
    const int32_t *child;
    /* of each link */
    const int64_t *interval, *patience;
    int64_t *free_at;
    int64_t *events, *delayed, *dropped, *waited, *longest;
    /* the heap */
    bss_event *heap;
    int64_t count, room, sent;
    int out_of_memory;
} bss_event_queue;

static inline int bss_earlier(const bss_event *a, const bss_event *b)
{
    return a->time < b->time || (a->time == b->time && a->order < b->order);
}

/* Send an event to a hop. Where there is no memory for it, out_of_memory is set. */
static inline void bss_send(bss_event_queue *q, int64_t time, int64_t emitted, int64_t hop)
{
    if (q->count == q->room) {
        const int64_t room = q->room ? 2 * q->room : 1024;
        bss_event *larger = realloc(q->heap, (size_t)room * sizeof *larger);
        if (larger == NULL) {
            q->out_of_memory = 1;
            return;
        }
        q->heap = larger;
        q->room = room;
    }
    const bss_event event = {time, q->sent++, emitted, hop};
    int64_t place = q->count++;
    while (place > 0) {
        const int64_t above = (place - 1) / 2;
        if (!bss_earlier(&event, &q->heap[above]))
            break;
        q->heap[place] = q->heap[above];
        place = above;
    }
    q->heap[place] = event;
}

/* A source spikes in step `emitted`; its event sets out to `n` hops. */
static inline void bss_emit(bss_event_queue *q, int64_t emitted, const int32_t *hops, int64_t n)
{
    for (int64_t k = 0; k < n; k++)
        bss_send(q, emitted * q->step + q->at[hops[k]], emitted, hops[k]);
}

/* Take the earliest event; there must be one. */
static inline bss_event bss_take(bss_event_queue *q)
{
    const bss_event first = q->heap[0], last = q->heap[--q->count];
    int64_t place = 0;
    for (;;) {
        int64_t below = 2 * place + 1;
        if (below >= q->count)
            break;
        if (below + 1 < q->count && bss_earlier(&q->heap[below + 1], &q->heap[below]))
            below++;
        if (!bss_earlier(&q->heap[below], &last))
            break;
        q->heap[place] = q->heap[below];
        place = below;
    }
    if (q->count)
        q->heap[place] = last;
    return first;
}

/* Pass the event over the link of its hop and send it on. Returns whether it drives synapses, and
 * then the step from which their delays count: that of its spike, later by what it has waited. */
static inline int bss_pass(bss_event_queue *q, const bss_event *event, int64_t *from)
{
    const int64_t hop = event->hop, link = q->link[hop];
    const int64_t start = q->free_at[link] > event->time ? q->free_at[link] : event->time;
    const int64_t wait = start - event->time;
    q->events[link]++;
    if (wait > q->patience[link]) {
        q->dropped[link]++;
        return 0;
    }
    if (wait > 0) {
        q->delayed[link]++;
        q->waited[link] += wait;
        if (wait > q->longest[link])
            q->longest[link] = wait;
    }
    q->free_at[link] = start + q->interval[link];
    for (int64_t k = q->child_indptr[hop]; k < q->child_indptr[hop + 1]; k++)
        bss_send(q, start + (q->at[q->child[k]] - q->at[hop]), event->emitted, q->child[k]);
    if (q->begin[hop] >= q->end[hop])
        return 0;
    const int64_t total = start - event->emitted * q->step - q->at[hop];
    *from = event->emitted;
    if (total >= q->slack[hop])
        *from += 1 + (total - q->slack[hop]) / q->step;
    return 1;
}

/* Let events move until one drives synapses, which lie at hop `hop`, or none is left before the
 * time `until`; returns whether one was found. */
static inline int bss_next_arrival(bss_event_queue *q, int64_t until, int64_t *hop, int64_t *from)
{
    while (q->count && q->heap[0].time < until) {
        const bss_event event = bss_take(q);
        if (bss_pass(q, &event, from)) {
            *hop = event.hop;
            return 1;
        }
    }
    return 0;
}

/* Let the clock begin `steps` steps later. */
static inline void bss_restart_clock(bss_event_queue *q, int64_t n_links, int64_t steps)
{
    const int64_t time = steps * q->step;
    for (int64_t k = 0; k < n_links; k++)
        q->free_at[k] = q->free_at[k] > time ? q->free_at[k] - time : 0;
    for (int64_t k = 0; k < q->count; k++) {
        q->heap[k].time -= time;
        q->heap[k].emitted -= steps;
    }
}

#endif
