/* Events on their way through links that carry one event at a time.
 *
 * Events wait in a binary heap for the time at which they come to their next link; those of the
 * same time go in the order in which they were sent. All times are ps after the begin of step `clock`.
 * link_plan.py has checked every index and every sum of times. The twin is reference_links.py.
 */
#ifndef BSS2SIM_EVENT_QUEUE_H
#define BSS2SIM_EVENT_QUEUE_H

#include <stdint.h>
#include <stdlib.h>

typedef struct {
    int64_t time;    /* when the event comes to the link of its hop */
    int64_t order;   /* events sent before it */
    int64_t emitted; /* step, of the clock's, in which its source spiked */
    int64_t hop;
} bss_event;

/* A hop and a link each fill a line of the cache: events come to them in no order. event_links.pyx
 * fills these records in, as rows of int64. */
typedef struct {
    int64_t link, at, slack;
    int64_t begin, end;             /* synapses that it leads to */
    int64_t first_next, end_next; /* what follows */
    int64_t unused;
} bss_hop;

typedef struct {
    int64_t hop, after; /* a hop that follows, and how much later it is made */
} bss_next;

typedef struct {
    int64_t interval, patience;
    int64_t free_at;
    int64_t events, delayed, dropped, waited, longest; /* links.Traffic */
} bss_link;

typedef struct {
    int64_t step;  /* time step */
    int64_t clock; /* number of the step from which times count */
    const bss_hop *hops;
    const bss_next *next;
    bss_link *links;
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
#if defined(__GNUC__)
    __builtin_prefetch(&q->hops[hop]);
#endif
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

/* A source spikes `emitted` steps after the clock began; its event sets out to `n` hops. */
static inline void bss_emit(bss_event_queue *q, int64_t emitted, const int32_t *hops, int64_t n)
{
    for (int64_t k = 0; k < n; k++)
        bss_send(q, emitted * q->step + q->hops[hops[k]].at, emitted, hops[k]);
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
    const bss_hop *hop = &q->hops[event->hop];
    bss_link *link = &q->links[hop->link];
    const int64_t start = link->free_at > event->time ? link->free_at : event->time;
    const int64_t wait = start - event->time;
    link->events++;
    if (wait > link->patience) {
        link->dropped++;
        return 0;
    }
    if (wait > 0) {
        link->delayed++;
        link->waited += wait;
        if (wait > link->longest)
            link->longest = wait;
    }
    link->free_at = start + link->interval;
    for (int64_t k = hop->first_next; k < hop->end_next; k++)
        bss_send(q, start + q->next[k].after, event->emitted, q->next[k].hop);
    if (hop->begin >= hop->end)
        return 0;
    const int64_t total = start - event->emitted * q->step - hop->at;
    *from = event->emitted;
    if (total >= hop->slack)
        *from += 1 + (total - hop->slack) / q->step;
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

/* Let times count from step `clock` on. */
static inline void bss_restart_clock(bss_event_queue *q, int64_t n_links, int64_t clock)
{
    const int64_t steps = clock - q->clock, time = steps * q->step;
    q->clock = clock;
    for (int64_t k = 0; k < n_links; k++)
        q->links[k].free_at = q->links[k].free_at > time ? q->links[k].free_at - time : 0;
    for (int64_t k = 0; k < q->count; k++) {
        q->heap[k].time -= time;
        q->heap[k].emitted -= steps;
    }
}

#endif
