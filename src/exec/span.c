/* See span.h. */
#include "exec/span.h"

#include <time.h>

double dn_span_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void dn_span_report(const struct dn_tracer *tracer, struct dn_trace_span span, double start)
{
    span.start = start;
    span.seconds = dn_span_clock() - start;
    tracer->span(tracer->context, &span);
}
