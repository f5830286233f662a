/* One loop over independent items, on `threads` OpenMP threads. With one thread, or without OpenMP,
 * it is a plain loop: no parallel region is entered. */
#ifndef DN_KERNEL_PARALLEL_H
#define DN_KERNEL_PARALLEL_H

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
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int i = 0; i < items; i++)
        body(context, i);
}

#endif
