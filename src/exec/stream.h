/* Weights from the file while the network runs. Where a core is left for it, one thread reads and packs
 * the next slice while the current one computes. Where the computing threads have all cores, a third
 * one would only take its time from one of them, and the others would wait for that one: then the
 * threads read and pack the slice together when it is wanted.
 *
 * There is one request at a time. Between two requests the thread sleeps. */
#ifndef DN_EXEC_STREAM_H
#define DN_EXEC_STREAM_H

#include <pthread.h>

#include "exec/span.h"
#include "net/weights.h"

/* Filters of output blocks [block0, block1) of a layer, through `raw` into `packed`. */
struct dn_fetch {
    const struct dn_layer *layer;
    int block0, block1;
    float *raw, *packed;
    const struct dn_tracer *tracer; /* NULL: nobody watches */
    int index; /* of the layer that computes with them, for the tracer */
};

struct dn_stream {
    const struct dn_weights *weights;
    const struct dn_kernels *kernels;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct dn_fetch fetch;
    enum { DN_STREAM_IDLE, DN_STREAM_WANTED, DN_STREAM_DONE, DN_STREAM_QUIT } state;
    struct dn_error err;
    bool open, running; /* the thread exists */
    int threads;        /* that compute */
};

/* Starts the thread, unless `threads` computing ones need all cores. The stream must not move afterwards; weights and kernels must outlive it. */
enum dn_status dn_stream_open(struct dn_stream *s, const struct dn_weights *weights,
                              const struct dn_kernels *kernels, int threads, struct dn_error *err);
void dn_stream_close(struct dn_stream *s);

/* Begins a fetch; the one before must have been waited for. */
void dn_stream_begin(struct dn_stream *s, const struct dn_fetch *fetch);

/* Waits until the fetch is complete. On failure the reason is in err. */
enum dn_status dn_stream_wait(struct dn_stream *s, struct dn_error *err);

/* The same work in the calling thread. */
enum dn_status dn_fetch_now(const struct dn_weights *weights, const struct dn_kernels *kernels,
                            const struct dn_fetch *fetch, int threads, struct dn_error *err);

#endif
