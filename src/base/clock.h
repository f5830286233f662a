/* Time. */
#ifndef DN_BASE_CLOCK_H
#define DN_BASE_CLOCK_H

#include <time.h>

/* Seconds of a clock that never goes back. */
static inline double dn_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#endif
