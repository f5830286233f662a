/* Weights from the file while the network runs. Where a core is left for it, one thread reads and packs
 * slices while others compute. Where the computing threads have all cores, a third one would only take
 * its time from one of them, and the others would wait for that one: then the threads read and pack the
 * slice together when it is wanted; and where a layer is such that each filter is needed by one of them alone, each reads
 * what it needs just before (dn_plan_reads_itself()).
 *
 * Several requests may be open, so that the thread goes on with the next slice while the one before is
 * computed with or not even noticed yet. Who has to wait takes the request behind it, where there is one: both
 * cores are busy then, although reading may take longer than computing (darknet19 at 8 MB). Otherwise it yields
 * its core for a fraction of a millisecond before it sleeps: waking a sleeper took 80 us on a virtual machine, as long as packing a slice. */
#ifndef DN_EXEC_STREAM_H
#define DN_EXEC_STREAM_H

#include <pthread.h>

#include "exec/span.h"
#include "net/weights.h"

/* Filters of output blocks [block0, block1) of a layer, through `raw` into `packed`; raw is NULL where they are not packed. */
struct dn_fetch {
    const struct dn_layer *layer;
    int block0, block1;
    float *raw, *packed;
    float *second;                  /* as raw, for who waits and reads instead; NULL: it does not, unless raw is, too */
    const struct dn_tracer *tracer; /* NULL: nobody watches */
    int index; /* of the layer that computes with them, for the tracer */
};

/* Filters that computing threads read for themselves, for struct dn_filter_reader: dn_read_part() with the reading. What
 * cannot be read is an error there, and whatever lies in its place is computed with. */
struct dn_reading {
    const struct dn_weights *weights;
    const struct dn_layer *layer;
    pthread_mutex_t lock; /* of err */
    struct dn_error err;  /* the first one */
};
struct dn_reading dn_reading(const struct dn_weights *weights, const struct dn_layer *layer);
void dn_read_part(void *reading, int block0, int block1, int c0, int c1, float *raw);

enum { DN_STREAM_OPEN = 16 }; /* most requests that nobody has waited for */

struct dn_stream {
    const struct dn_weights *weights;
    const struct dn_kernels *kernels;
    struct dn_fetch fetch[DN_STREAM_OPEN]; /* request n is in place n % DN_STREAM_OPEN */
    struct dn_error err[DN_STREAM_OPEN];
    _Atomic bool ready[DN_STREAM_OPEN];
    _Atomic unsigned asked, taken, done; /* requests so far */
    unsigned waited;
    _Atomic int sleepers;
    _Atomic bool quit;
    pthread_t thread;
    pthread_mutex_t lock; /* of sleepers */
    pthread_cond_t changed;
    bool open, running; /* the thread exists */
    int team;           /* threads that read slices together when they are waited for; 0: the thread does */
};

/* Starts the thread, unless a team reads. The stream must not move
 * afterwards; weights and kernels must outlive it. */
enum dn_status dn_stream_open(struct dn_stream *s, const struct dn_weights *weights,
                              const struct dn_kernels *kernels, int team, struct dn_error *err);
void dn_stream_close(struct dn_stream *s);

/* May another request be open? */
static inline bool dn_stream_has_room(const struct dn_stream *s)
{
    return s->asked - s->waited < DN_STREAM_OPEN;
}

/* Asks for a slice, for which there must be room. */
void dn_stream_begin(struct dn_stream *s, const struct dn_fetch *fetch);

/* Waits until the oldest open request is complete. On failure the reason is in err. */
enum dn_status dn_stream_wait(struct dn_stream *s, struct dn_error *err);

/* Waits for all open requests, whatever becomes of them: nobody writes into their places any more. */
void dn_stream_drop(struct dn_stream *s);

/* The same work in the calling thread, which `threads - 1` others help; each of them reads to a block of raw
 * filters of its own. */
enum dn_status dn_fetch_now(const struct dn_weights *weights, const struct dn_kernels *kernels,
                            const struct dn_fetch *fetch, int threads, struct dn_error *err);

#endif
