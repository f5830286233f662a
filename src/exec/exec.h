/* The executor: runs a plan over one arena.
 *
 * Creating it allocates the arena and loads the weights; after that, running allocates nothing and
 * fails only when the source of input rows does, or when weights cannot be read that are streamed or were
 * given back. One executor may be used by one thread at a time;
 * different executors are independent. */
#ifndef DN_EXEC_EXEC_H
#define DN_EXEC_EXEC_H

#include "exec/stream.h"
#include "net/weights.h"
#include "plan/plan.h"

/* Who walks a schedule: all threads together, or one of them through a stripe. */
struct dn_walker {
    int *scratch;           /* of the schedule */
    struct dn_view *inputs; /* scratch: the inputs of one layer */
    int thread;             /* of its spans */
};

/* The slice of filters to be asked for next, see feed.h. */
struct dn_feed {
    int group, position; /* of its layer; the number of layers behind the last slice */
    int block;           /* the slice's first */
    int slices;          /* of its layer that have been asked for and not been released */
};

struct dn_exec {
    const struct dn_flow *flow;
    const struct dn_plan *plan;
    const struct dn_kernels *kernels;
    char *arena;
    bool given;             /* some of it was given back */
    bool unloaded;          /* the weights were given back and have to be loaded again */
    struct dn_walker *walkers; /* [most stripes of a group] */
    const struct dn_weights *weights;
    struct dn_stream stream; /* opened when the plan streams weights */
    struct dn_feed feed;
    const struct dn_tracer *tracer; /* of the run */
    const float *planes;            /* of the run: struct dn_rows */
};

/* Where the network's input comes from. `read` is called once for every row, from the top; `row` receives
 * the channels of row y, channel c at row + c * plane, each of the network's width. Of an input that lies
 * in memory, `planes` is all of it, [c][h][w], unchanged during the run; then `read` is not called. */
struct dn_rows {
    enum dn_status (*read)(void *context, int y, float *row, ptrdiff_t plane, struct dn_error *err);
    void *context;
    const float *planes;
};

/* Called after each layer, in the thread that runs; of one that computes nothing, with the map that it names. The plan must
 * have a group for each layer. */
struct dn_observer {
    void (*layer)(void *context, int layer, const struct dn_view *output);
    void *context;
};

/* flow, plan, kernels and weights must outlive the executor, which must not move. */
enum dn_status dn_exec_create(struct dn_exec *exec, const struct dn_flow *flow,
                              const struct dn_plan *plan, const struct dn_kernels *kernels,
                              const struct dn_weights *weights, struct dn_error *err);
void dn_exec_free(struct dn_exec *exec);

/* One inference. observer may be NULL. */
enum dn_status dn_exec_run(struct dn_exec *exec, const struct dn_rows *rows,
                           const struct dn_observer *observer, struct dn_error *err);

/* The following runs report their spans; NULL: they do not. The tracer must outlive them. */
void dn_exec_trace(struct dn_exec *exec, const struct dn_tracer *tracer);

/* Gives back to the system so many bytes that nobody needs between two runs, so that the caller has them
 * for what it makes of the outputs: of maps and scratch, then, when that is not enough, of the weights,
 * which the next run loads again. Returns how many they are: at least so many, or, where there are fewer,
 * at least plan.arena_bytes - plan.outputs_bytes. */
size_t dn_exec_release(struct dn_exec *exec, size_t bytes);

/* The planar output of a kept layer after a run: out_c*out_h*out_w floats in the arena, valid until
 * the next run. NULL for every other layer. */
float *dn_exec_output(const struct dn_exec *exec, int layer);

#endif
