/* See parallel.h. */
#include "kernel/parallel.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "base/size.h"

_Thread_local const struct dn_watch *dn_watched;

#ifdef _OPENMP

enum { RANGES = 64 }; /* threads beyond share those of others */

/* Items that nobody has begun, in a cache line of its thread: the first << 32 | their end. */
struct range {
    _Alignas(64) _Atomic uint64_t items;
};

struct loop {
    struct range ranges[RANGES];
    int n;
    void (*body)(void *context, int item, int thread);
    void *context;
};

static uint64_t range_of(uint64_t first, uint64_t end)
{
    return first << 32 | end;
}

/* Takes one item from the front of a range, or half of them from its back; false when it is empty. */
static bool take(struct range *r, bool half, uint64_t *taken)
{
    uint64_t now = atomic_load_explicit(&r->items, memory_order_relaxed), first, end, cut;
    do {
        first = now >> 32;
        end = (uint32_t)now;
        if (first >= end)
            return false;
        cut = half ? (first + end) / 2 : first + 1;
        *taken = half ? range_of(cut, end) : range_of(first, cut);
    } while (!atomic_compare_exchange_weak_explicit(&r->items, &now,
                                                    half ? range_of(first, cut) : range_of(cut, end),
                                                    memory_order_relaxed, memory_order_relaxed));
    return true;
}

/* Gives a thread half of what another one has; false when nobody has anything. Only the first RANGES
 * threads have a range of their own to put it in. */
static bool refill(struct loop *loop, int thread)
{
    uint64_t taken;
    for (int k = 1; k < loop->n && thread < RANGES; k++) {
        if (take(&loop->ranges[(thread + k) % loop->n], true, &taken)) {
            atomic_store_explicit(&loop->ranges[thread].items, taken, memory_order_relaxed);
            return true;
        }
    }
    return false;
}

static void work(struct loop *loop, int thread)
{
    uint64_t taken;
    do {
        while (take(&loop->ranges[thread % loop->n], false, &taken))
            loop->body(loop->context, (int)(taken >> 32), thread);
    } while (refill(loop, thread));
}

static void run_loop(struct loop *loop, int items, int threads)
{
    const struct dn_watch *watch = dn_watched;
    loop->n = dn_min(dn_min(threads, items), RANGES);
    for (int i = 0; i < loop->n; i++)
        atomic_init(&loop->ranges[i].items,
                    range_of((uint64_t)dn_share(items, i, loop->n), (uint64_t)dn_share(items, i + 1, loop->n)));
#pragma omp parallel num_threads(threads)
    {
        double start = watch ? watch->now() : 0;
        int thread = omp_get_thread_num();
        if (thread < items)
            work(loop, thread);
        if (watch)
            watch->part(watch->context, thread, start);
    }
}

#endif

void dn_parallel(int items, int threads, void (*body)(void *context, int item, int thread), void *context)
{
    (void)threads; /* without OpenMP there is one */
#ifdef _OPENMP
    if (threads > 1 && items > 1) {
        struct loop loop;
        loop.body = body;
        loop.context = context;
        run_loop(&loop, items, threads);
        return;
    }
#endif
    for (int i = 0; i < items; i++)
        body(context, i, 0);
}
