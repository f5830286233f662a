/* One loop over independent items, on `threads` OpenMP threads. With one thread, or without OpenMP,
 * it is a plain loop: no parallel region is entered. */
#ifndef DN_KERNEL_PARALLEL_H
#define DN_KERNEL_PARALLEL_H

#ifdef _OPENMP
#include <omp.h>
#endif

/* Who is told what each thread of a loop did: part() is called in that thread, at the end of its items,
 * with what now() said at their beginning. */
struct dn_watch {
    double (*now)(void);
    void (*part)(void *context, int thread, double start);
    void *context;
};

/* Of the loops that this thread begins; NULL, as it is unless a trace is written: nobody. */
extern _Thread_local const struct dn_watch *dn_watched;

/* Where share i of n begins that `items` are divided into. */
static inline int dn_share(int items, int i, int n)
{
    return (int)((long long)items * i / n);
}

/* Each thread takes consecutive items: what it has just written is what it reads next. */
static inline void dn_parallel(int items, int threads, void (*body)(void *context, int item),
                               void *context)
{
    if (threads <= 1 || items <= 1) {
        for (int i = 0; i < items; i++)
            body(context, i);
        return;
    }
#ifdef _OPENMP
    const struct dn_watch *watch = dn_watched;
#pragma omp parallel num_threads(threads)
    {
        double start = watch ? watch->now() : 0;
#pragma omp for schedule(static) nowait
        for (int i = 0; i < items; i++)
            body(context, i);
        if (watch)
            watch->part(watch->context, omp_get_thread_num(), start);
    }
#else
    for (int i = 0; i < items; i++)
        body(context, i);
#endif
}

#endif
