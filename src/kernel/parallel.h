/* One loop over independent items, on `threads` OpenMP threads. With one thread, or without OpenMP,
 * it is a plain loop: no parallel region is entered.
 *
 * Each thread begins with its own consecutive items, which are mostly those whose inputs it has just
 * written; a thread without any left takes half of what another one has. With fixed shares the slower
 * of two cores kept the other one waiting for a sixth of YOLOv2's time (scripts/serial-share.py). */
#ifndef DN_KERNEL_PARALLEL_H
#define DN_KERNEL_PARALLEL_H

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

/* Calls body(context, item, thread) for all items, each once; `thread` is below `threads` and `items`,
 * and no two calls with the same one run at the same time. */
void dn_parallel(int items, int threads, void (*body)(void *context, int item, int thread), void *context);

#endif
