/* Events on their way through links that carry one event at a time.
 *
 * They come to their next links in the order of time, and at the same time in the order in which
 * they were sent. Most are due at the very time of the event that sends them: these stand in a row,
 * first come, first served. The others wait in a binary heap; those of the time of the row were sent
 * before all that stand in it. All times are ps after the begin of step `clock`. link_plan.py has
 * checked every index and every sum of times. The twin is reference_links.py.
 */
#ifndef BSS2SIM_EVENT_QUEUE_H
#define BSS2SIM_EVENT_QUEUE_H

#include <stdint.h>
#include <stdlib.h>

#if defined(__GNUC__)
#define BSS_PREFETCH(address) __builtin_prefetch(address)
/* what is done seldom takes no registers from what is done often */
#define BSS_APART __attribute__((noinline, unused))
#else
#define BSS_PREFETCH(address) ((void)(address))
#define BSS_APART
#endif

/* Synapses of a row that add in the same step on one line of neighbouring neurons; of those that do
 * not wait (delivery.h), all of the row. bunches.py fills these records in. */
typedef struct {
    int32_t begin, end; /* synapses */
    int32_t list;       /* of its lane in slot 0 */
    int32_t delay;
    uint64_t marks;
} bss_bunch;

/* All hops of a source stand together, those behind one hop next to each other: an event reads a
 * few neighbouring lines of the cache on its way. packed_hops.py fills these records in. */
typedef struct {
    int64_t after; /* how much later it is made than the hop before, or the spike */
    int64_t due;   /* from so long after the spike on, it drives its synapses later */
    int32_t link;
    int32_t first_next, n_next;      /* the hops that follow */
    int32_t first_bunch, last_bunch; /* where its synapses begin and end */
    int32_t number;                  /* in the plan */
} bss_hop;

typedef struct {
    int64_t time;    /* when the event comes to the link of its hop */
    int64_t order;   /* events sent before it */
    int64_t emitted; /* step, of the clock's, in which its source spiked */
    const bss_hop *hop;
} bss_event;

/* An event in the row. */
typedef struct {
    int64_t emitted;
    const bss_hop *hop;
} bss_present;

typedef struct {
    int32_t first, end;
} bss_roots;

/* A link fills a line of the cache; event_links.pyx fills these records in, as rows of int64. */
typedef struct {
    int64_t interval, patience;
    int64_t free_at;
    int64_t events, delayed, dropped, waited, longest; /* links.Traffic */
} bss_link;

typedef struct {
    int64_t step;  /* time step */
    int64_t clock; /* number of the step from which times count */
    const bss_hop *hops;
    const bss_roots *roots; /* first hops of each source */
    const bss_bunch *bunches;
    bss_link *links;
    int64_t sent;
    int64_t now;
    bss_present *row, *first, *last, *row_end; /* those of the time `now`: from `first` to `last` */
    bss_event *heap;
    int64_t count, heap_room;
    int out_of_memory;
} bss_event_queue;

static inline int bss_earlier(const bss_event *a, const bss_event *b)
{
    return a->time < b->time || (a->time == b->time && a->order < b->order);
}

/* Twice the room for records of a size; NULL where there is no memory for it, of which out_of_memory
 * tells. */
static BSS_APART void *bss_grown(bss_event_queue *q, void *records, int64_t *room, size_t size)
{
    const int64_t more = *room ? 2 * *room : 1024;
    void *larger = realloc(records, (size_t)more * size);
    if (larger)
        *room = more;
    else
        q->out_of_memory = 1;
    return larger;
}

/* Put an event into the heap. */
static BSS_APART void bss_push(bss_event_queue *q, bss_event event)
{
    if (q->count == q->heap_room) {
        bss_event *larger = bss_grown(q, q->heap, &q->heap_room, sizeof *larger);
        if (larger == NULL)
            return;
        q->heap = larger;
    }
    bss_event *heap = q->heap;
    int64_t place = q->count++;
    while (place > 0) {
        const int64_t above = (place - 1) / 2;
        if (!bss_earlier(&event, &heap[above]))
            break;
        heap[place] = heap[above];
        place = above;
    }
    heap[place] = event;
}

/* Take the earliest event of the heap; there must be one. */
static BSS_APART bss_event bss_pop(bss_event_queue *q)
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

/* Make the row longer; returns whether there is memory for it. */
static BSS_APART int bss_lengthen(bss_event_queue *q)
{
    const int64_t first = q->first - q->row, last = q->last - q->row;
    int64_t room = last;
    bss_present *larger = bss_grown(q, q->row, &room, sizeof *larger);
    if (larger == NULL)
        return 0;
    q->row = larger;
    q->first = larger + first;
    q->last = larger + last;
    q->row_end = larger + room;
    return 1;
}

/* Let the row hold events of another time, if it is empty. */
static inline void bss_begin_row(bss_event_queue *q, int64_t time)
{
    if (q->first == q->last) {
        q->first = q->last = q->row;
        q->now = time;
    }
}

/* Send an event to a hop. */
static inline void bss_send(bss_event_queue *q, int64_t time, int64_t emitted, const bss_hop *hop)
{
    if (time != q->now)
        bss_push(q, (bss_event){time, q->sent++, emitted, hop});
    else if (q->last < q->row_end || bss_lengthen(q))
        *q->last++ = (bss_present){emitted, hop};
}

/* Let the hops of sources that spike come nearer. */
static inline void bss_expect_hops(const bss_event_queue *q, const int32_t *source, int64_t n)
{
    enum { LINE = 64, LINES = 4 /* of the cache, which the hops of most sources fill */ };
    for (int64_t k = 0; k < n; k++)
        BSS_PREFETCH(&q->roots[source[k]]);
    for (int64_t k = 0; k < n; k++)
        for (int line = 0; line < LINES; line++)
            BSS_PREFETCH((const char *)&q->hops[q->roots[source[k]].first] + LINE * line);
}

/* A source spikes `emitted` steps after the clock began; its event sets out to its first hops. */
static inline void bss_emit(bss_event_queue *q, int64_t emitted, int64_t source)
{
    const bss_hop *hop = q->hops + q->roots[source].first, *end = q->hops + q->roots[source].end;
    const int64_t time = emitted * q->step;
    bss_begin_row(q, time);
    for (; hop < end; hop++)
        bss_send(q, time + hop->after, emitted, hop);
}

/* Time at the end of a step. */
static inline int64_t bss_end_of(const bss_event_queue *q, int64_t step)
{
    return (step + 1 - q->clock) * q->step;
}

/* Take the earliest event if it comes to its link before the time `until`; returns whether it does.
 */
static inline int bss_take(bss_event_queue *q, int64_t until, bss_event *event)
{
    if (q->first < q->last && !(q->count && q->heap[0].time <= q->now)) {
        if (q->now >= until)
            return 0;
        event->time = q->now;
        event->emitted = q->first->emitted;
        event->hop = q->first++->hop;
        return 1;
    }
    if (!q->count || q->heap[0].time >= until)
        return 0;
    *event = bss_pop(q);
    bss_begin_row(q, event->time);
    return 1;
}

/* Pass the event over the link of its hop and send it on. Returns whether it drives synapses, and
 * then the step from which their delays count: that of its spike, later by what it has waited. */
static inline int bss_pass(bss_event_queue *q, const bss_event *event, int64_t *from)
{
    const bss_hop *hop = event->hop, *next = q->hops + hop->first_next;
    bss_link *link = &q->links[hop->link];
    int64_t start = event->time;
    link->events++;
    if (link->free_at > start) {
        const int64_t wait = link->free_at - start;
        if (wait > link->patience) {
            link->dropped++;
            return 0;
        }
        start = link->free_at;
        link->delayed++;
        link->waited += wait;
        if (wait > link->longest)
            link->longest = wait;
    }
    link->free_at = start + link->interval;
    for (const bss_hop *end = next + hop->n_next; next < end; next++) {
        BSS_PREFETCH(&q->links[next->link]);
        BSS_PREFETCH(&q->bunches[next->first_bunch]);
        bss_send(q, start + next->after, event->emitted, next);
    }
    if (hop->first_bunch >= hop->last_bunch)
        return 0;
    const int64_t late = start - event->emitted * q->step - hop->due;
    *from = late < 0 ? event->emitted : event->emitted + 1 + late / q->step;
    return 1;
}

/* Let all events wait in the heap. */
static inline void bss_gather(bss_event_queue *q)
{
    for (; q->first < q->last; q->first++)
        bss_push(q, (bss_event){q->now, q->sent++, q->first->emitted, q->first->hop});
}

/* Let times count from step `clock` on. */
static inline void bss_restart_clock(bss_event_queue *q, int64_t n_links, int64_t clock)
{
    const int64_t steps = clock - q->clock, time = steps * q->step;
    bss_gather(q);
    q->clock = clock;
    for (int64_t k = 0; k < n_links; k++)
        q->links[k].free_at = q->links[k].free_at > time ? q->links[k].free_at - time : 0;
    for (int64_t k = 0; k < q->count; k++) {
        q->heap[k].time -= time;
        q->heap[k].emitted -= steps;
    }
}

#endif
