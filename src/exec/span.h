/* Spans: what a run spends its time on, for profiles and traces. A run that nobody watches pays one test
 * of a pointer for each step. */
#ifndef DN_EXEC_SPAN_H
#define DN_EXEC_SPAN_H

#include <stddef.h>

#include "base/clock.h"
#include "kernel/view.h"

enum dn_span_kind {
    DN_SPAN_STEP,  /* output blocks [block0, block1) of rect of a layer are computed; in stripes by one thread */
    DN_SPAN_INPUT, /* rows of the network's input are obtained; layer -1 */
    DN_SPAN_FETCH, /* filters of these blocks are read from the file and packed */
    DN_SPAN_WAIT,  /* the computing threads wait for these filters */
    DN_SPAN_PART   /* of a step, what one computing thread did in one loop; only where several share it */
};

struct dn_trace_span {
    enum dn_span_kind kind;
    int layer;
    struct dn_rect rect;
    int block0, block1;
    int thread;            /* 0: the one that runs the network; 1: the stream's; 2 + i: parts and stripes of thread i */
    double start, seconds; /* of CLOCK_MONOTONIC */
};

/* Receives each span when it is over; those of one thread never overlap. Called in the thread of the
 * span, so perhaps by several at once, but not after dn_exec_run() has returned. */
struct dn_tracer {
    void (*span)(void *context, const struct dn_trace_span *span);
    void *context;
};

static inline double dn_span_begin(const struct dn_tracer *tracer)
{
    return tracer ? dn_clock() : 0;
}

/* Reports the span, which began at `start`. */
void dn_span_report(const struct dn_tracer *tracer, struct dn_trace_span span, double start);

#define DN_SPAN_END(tracer, begun, ...)                                                                                \
    do {                                                                                                               \
        if (tracer)                                                                                                    \
            dn_span_report(tracer, (struct dn_trace_span){__VA_ARGS__}, begun);                                              \
    } while (0)

#endif
