/* See span.h. */
#include "exec/span.h"

#include "base/clock.h"

void dn_span_report(const struct dn_tracer *tracer, struct dn_trace_span span, double start)
{
    span.start = start;
    span.seconds = dn_clock() - start;
    tracer->span(tracer->context, &span);
}
