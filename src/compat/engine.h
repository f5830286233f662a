/* What stands behind a public `network`: the pipeline of one model, from graph to executor. */
#ifndef DN_COMPAT_ENGINE_H
#define DN_COMPAT_ENGINE_H

#include "darknet.h"
#include "base/file.h"
#include "compat/ahead.h"
#include "exec/exec.h"

struct dn_engine {
    network *net;
    struct dn_graph graph;
    struct dn_flow flow;
    struct dn_plan plan;
    struct dn_weights weights;
    struct dn_exec exec;
    const struct dn_kernels *kernels;
    char *table;
    struct dn_fusion fusion; /* read once from a file of its own: planning anew does not need the file */
    struct dn_machine machine;
    size_t process;   /* bytes of the process beside the arena */
    size_t photo;     /* of them for reading a photo */
    size_t page_cache; /* of the budget for files that are read, where they count in the group that limits the process */
    size_t budget;    /* of the whole process; 0: none */
    size_t unplanned; /* bytes of the program's code that are not in the plan */
    bool has_run;     /* this executor, at least once */
    bool ready;       /* the executor exists */
    pthread_t user;   /* the thread in which it was used last */
    struct dn_ahead ahead;
    darknet_options options;
    darknet_spans spans; /* NULL: nobody watches */
    void *spans_context;
    struct dn_tracer tracer;
    struct dn_output trace; /* of network_trace(); file NULL: none */
    double trace_start;
    char *weights_path, *fusion_path; /* copies: the caller's texts need not live on */
};

static inline struct dn_engine *dn_engine_of(const network *net)
{
    return net->engine;
}

/* DN_OK when there is an executor; else the sentence that says why there is none. */
enum dn_status dn_engine_check(const struct dn_engine *engine, struct dn_error *err);

/* Runs the network on rows from any source. DN_OK, or the sentence is in err. */
enum dn_status dn_engine_run(struct dn_engine *engine, const struct dn_rows *rows, struct dn_error *err);

/* Bytes of the process beside the arena, without the thread and the code that read filters where nothing is read during a
 * run. */
size_t dn_engine_process(const struct dn_engine *engine);

/* Memory for what is made of the outputs of a run: so many detections, code that a process touches only
 * then, and buffers. The plan counts the most of it. */
size_t dn_engine_afterwards(const network *net, size_t detections);
size_t dn_engine_most_detections(const network *net);

/* Does the arena give this memory back after each run? Without a budget it does not where another run may come, which
 * would wait until it has the memory again. */
static inline bool dn_engine_gives_back(const struct dn_engine *engine)
{
    return engine->options.memory || engine->options.once;
}

/* Fills everything but the output. */
void dn_describe_layer(const struct dn_layer *l, layer *out);

#endif
