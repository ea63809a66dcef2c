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
/* threads may do so at once */
#define BSS_TELL(flag) __atomic_store_n(&(flag), 1, __ATOMIC_RELAXED)
#else
#define BSS_PREFETCH(address) ((void)(address))
#define BSS_APART
#define BSS_TELL(flag) ((flag) = 1)
#endif

/* Synapses of a row that add in the same step on one line of neighbouring neurons, each to another;
 * of those that do not wait (delivery.h), all of the row. bunches.py fills these records in. */
typedef struct {
    int32_t begin, end; /* synapses */
    uint16_t lane, delay;
    uint16_t marks;
    uint16_t unused;
    double amplitude; /* of each; NaN if they differ */
} bss_bunch;

/* A hop fills a line of the cache. All hops of a source stand together, those behind one hop next to
 * each other: an event reads a few neighbouring lines on its way. packed_hops.py fills these records
 * in. */
typedef struct {
    int64_t after; /* how much later it is made than the hop before, or the spike */
    int64_t due;   /* from so long after the spike on, it drives its synapses later */
    int32_t link;
    int32_t first_next, n_next;    /* the hops that follow */
    int32_t at_once;               /* whether all of these are made at once */
    bss_bunch bunch;               /* its first; empty if it drives no synapses */
    int32_t first_other, n_others; /* its other bunches */
} bss_hop;

_Static_assert(sizeof(bss_hop) == 64, "a line of the cache");

typedef struct {
    int64_t time;    /* when the event comes to the link of its hop */
    int64_t order;   /* events sent before it */
    int64_t emitted; /* step, of the clock's, in which its source spiked */
    const bss_hop *hop;
} bss_event;

/* Events of one source in the row, which go over neighbouring hops. */
typedef struct {
    int64_t emitted;
    const bss_hop *first, *end;
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
    const int32_t *number;  /* of each hop in the plan */
    const bss_roots *roots; /* first hops of each source */
    int64_t at_once;        /* whether all of these are made at once */
    bss_link *links;
    int64_t sent;
    int64_t now;
    bss_present *row, *first, *last, *row_end; /* those of the time `now`: from `first` to `last` */
    bss_event *heap;
    int64_t count, heap_room;
    int64_t out_of_memory;
} bss_event_queue;

/* Events for which there is room at least. */
enum { BSS_FEWEST = 1024 };

static inline int bss_earlier(const bss_event *a, const bss_event *b)
{
    return a->time < b->time || (a->time == b->time && a->order < b->order);
}

/* Twice the room for records of a size, or room for `fewest` if there was none; NULL where there is
 * no memory for it, of which `lacking` tells. */
static BSS_APART void *bss_grown(void *records, int64_t *room, int64_t fewest, size_t size,
                                 int64_t *lacking)
{
    const int64_t more = *room ? 2 * *room : fewest;
    void *larger = realloc(records, (size_t)more * size);
    if (larger)
        *room = more;
    else
        BSS_TELL(*lacking);
    return larger;
}

/* Put an event into the heap. */
static BSS_APART void bss_push(bss_event_queue *q, bss_event event)
{
    if (q->count == q->heap_room) {
        bss_event *larger
            = bss_grown(q->heap, &q->heap_room, BSS_FEWEST, sizeof *larger, &q->out_of_memory);
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
    bss_present *larger
        = bss_grown(q->row, &room, BSS_FEWEST, sizeof *larger, &q->out_of_memory);
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

/* Let events to neighbouring hops stand in the row. */
static inline void bss_stand(bss_event_queue *q, int64_t emitted, const bss_hop *first,
                             const bss_hop *end)
{
    if (q->last < q->row_end || bss_lengthen(q))
        *q->last++ = (bss_present){emitted, first, end};
}

/* Send an event to a hop. */
static inline void bss_send(bss_event_queue *q, int64_t time, int64_t emitted, const bss_hop *hop)
{
    if (time == q->now)
        bss_stand(q, emitted, hop, hop + 1);
    else
        bss_push(q, (bss_event){time, q->sent++, emitted, hop});
}

/* Send an event from a hop to those that follow. */
static inline void bss_send_on(bss_event_queue *q, int64_t time, int64_t emitted,
                               const bss_hop *from)
{
    const bss_hop *hop = q->hops + from->first_next, *end = hop + from->n_next;
    if (from->at_once && time == q->now)
        bss_stand(q, emitted, hop, end);
    else
        for (; hop < end; hop++)
            bss_send(q, time + hop->after, emitted, hop);
}

/* Let come nearer the hops of a source whose event sets out soon. */
static inline void bss_expect_hops(const bss_event_queue *q, int64_t source)
{
    enum { HOPS = 5 /* of most sources */ };
    const bss_hop *hop = q->hops + q->roots[source].first;
    for (int k = 0; k < HOPS; k++)
        BSS_PREFETCH(hop + k);
}

/* A source spikes `emitted` steps after the clock began; its event sets out to its first hops. */
static inline void bss_emit(bss_event_queue *q, int64_t emitted, int64_t source)
{
    const bss_hop *hop = q->hops + q->roots[source].first, *end = q->hops + q->roots[source].end;
    const int64_t time = emitted * q->step;
    bss_begin_row(q, time);
    if (q->at_once && time == q->now)
        bss_stand(q, emitted, hop, end);
    else
        for (; hop < end; hop++)
            bss_send(q, time + hop->after, emitted, hop);
}

/* Time at the end of a step. */
static inline int64_t bss_end_of(const bss_event_queue *q, int64_t step)
{
    return (step + 1 - q->clock) * q->step;
}

/* Whether an event of the heap is the next one, and comes to its link before the time `until`. */
static inline int bss_heap_is_next(const bss_event_queue *q, int64_t until)
{
    return q->count && q->heap[0].time < until
           && (q->first == q->last || q->heap[0].time <= q->now);
}

/* An event comes to a link: returns when it passes, or -1 if it is dropped. */
static inline int64_t bss_pass(bss_link *link, int64_t time)
{
    const int64_t free_at = link->free_at;
    link->events++;
    if (free_at > time) {
        const int64_t wait = free_at - time;
        if (wait > link->patience) {
            link->dropped++;
            return -1;
        }
        time = free_at;
        link->delayed++;
        link->waited += wait;
        if (wait > link->longest)
            link->longest = wait;
    }
    link->free_at = time + link->interval;
    return time;
}

/* The step from which the delays of a hop's synapses count, whose event passes its link at `time`:
 * that of its spike, later by what it has waited. */
static inline int64_t bss_counts_from(const bss_event_queue *q, const bss_hop *hop, int64_t time,
                                      int64_t emitted)
{
    const int64_t late = time - emitted * q->step - hop->due;
    return late < 0 ? emitted : emitted + 1 + late / q->step;
}

/* Let all events wait in the heap. */
static inline void bss_gather(bss_event_queue *q)
{
    for (; q->first < q->last; q->first++)
        for (const bss_hop *hop = q->first->first; hop < q->first->end; hop++)
            bss_push(q, (bss_event){q->now, q->sent++, q->first->emitted, hop});
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
