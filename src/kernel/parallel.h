/* One loop over independent items, on `threads` OpenMP threads. With one thread, or without OpenMP,
 * it is a plain loop: no parallel region is entered. */
#ifndef DN_KERNEL_PARALLEL_H
#define DN_KERNEL_PARALLEL_H

#ifdef _OPENMP
#include <omp.h>
#endif

/* Which of a loop's threads runs the body, below `threads`. */
static inline int dn_thread(void)
{
#ifdef _OPENMP
    return omp_get_thread_num();
#else
    return 0;
#endif
}

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
