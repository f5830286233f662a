/* load_network, network_predict and what belongs to them: the public face of the pipeline. */
#include "darknet.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/print.h"
#include "base/process.h"
#include "base/size.h"
#include "compat/engine.h"
#include "compat/error.h"
#include "image/resize.h"
#include "kernel/parallel.h"
#include "plan/check.h"
#include "plan/machine.h"

/* Where programs find the outputs of kept layers. */
static void show_outputs(struct dn_engine *engine)
{
    network *net = engine->net;
    for (int i = 0; i < net->n; i++)
        net->layers[i].output = engine->ready ? dn_exec_output(&engine->exec, i) : NULL;
    net->output = net->layers[engine->graph.output].output;
}

static enum dn_status describe(struct dn_engine *engine, struct dn_error *err)
{
    const struct dn_graph *g = &engine->graph;
    network *net = engine->net;
    net->engine = engine;
    net->n = g->n;
    net->batch = 1;
    net->h = g->h;
    net->w = g->w;
    net->c = g->c;
    net->inputs = (int)dn_graph_inputs(g);
    net->outputs = (int)dn_layer_outputs(&g->layers[g->output]);
    net->layers = malloc((size_t)g->n * sizeof *net->layers);
    net->seen = malloc(sizeof *net->seen);
    engine->table = dn_graph_table(g);
    if (!net->layers || !net->seen || !engine->table)
        return dn_fail(err, DN_NO_MEMORY, "%s: no memory for the list of its %d layers", g->path, g->n);
    for (int i = 0; i < g->n; i++)
        dn_describe_layer(&g->layers[i], &net->layers[i]);
    show_outputs(engine);
    return DN_OK;
}

/* isa NULL: the best. NULL when this machine does not have it. */
static const struct dn_kernels *choose_kernels(const char *isa, struct dn_error *err)
{
    const struct dn_kernels *kernels = dn_kernels(isa);
    if (kernels)
        return kernels;
    const char *names[DN_KERNEL_SETS];
    char known[128] = "";
    for (int i = 0, n = dn_kernels_available(names); i < n; i++) {
        strncat(known, i ? ", " : "", sizeof known - strlen(known) - 1);
        strncat(known, names[i], sizeof known - strlen(known) - 1);
    }
    dn_fail(err, DN_INVALID, "isa %s is not available on this machine, which has %s", isa, known);
    return NULL;
}

enum { MOST_THREADS = 1024 };

/* What the process takes beside the arena: what is resident now, and what will still come: code, stacks of threads, the
 * photo on its way. Measured: tests/script/test_memory.py. Code that only starting needed, of which the system maps more
 * or less, is forgotten first; what a run needs of it comes back. What is resident differs by some pages from start to
 * start; rounded, the same plan is nearly always made. */
enum {
    CODE = 1056 << 10,           /* of the program; of a library, which has less that is never used, */
    CODE_SIXTEENTHS = 9,         /* so much of all that it has */
    UNCUT_CODE = 2144 << 10,     /* the same where it is not cut */
    UNCUT_SIXTEENTHS = 12,
    TEAM_CODE = 96 << 10,        /* more of it, where several threads compute */
    LIBRARIES_TO_COME = 160 << 10,
    READING_CODE = 96 << 10,     /* of CODE */
    READER_TO_COME = 96 << 10,   /* where a thread of its own reads filters */
    STACK_PER_THREAD = 40 << 10,
    BYTES_PER_LAYER = 2 << 10,
    BYTES_PER_CLASS = 64,        /* its name, which programs read */
    MOST_CLASSES = 1024,         /* more are outputs without names */
    ROUNDING = 64 << 10,
    AHEAD = 128 << 10,
    PLANNING = 128 << 10, /* what planning leaves behind */
    PAGE_CACHE = 1 << 20, /* of the program and the weights, where it counts in a memory cgroup that has no more than the budget */
    COUNTING = 64 << 10   /* Linux adds up the pages that a core counted when they are 32: its peak is up to 0.25 MB off */
};

/* OpenMP ends the process where it cannot start its threads, so they are tried before; this one is there already. */
static enum dn_status try_threads(int threads, struct dn_error *err)
{
    if (threads < 1 || threads > MOST_THREADS)
        return dn_fail(err, DN_INVALID, "%d threads are not possible; 1 to %d are, and 0 means one per core", threads, MOST_THREADS);
    if (!dn_process_can_start(threads - 1))
        return dn_fail(err, DN_INVALID, "%d threads cannot be started: the system has no memory or no place for so many; 1 is always possible",
                       threads);
    return DN_OK;
}

/* OpenMP has threads of its own for each thread that it is used from. */
static enum dn_status try_threads_here(struct dn_engine *engine, struct dn_error *err)
{
    if (!pthread_equal(engine->user, pthread_self()) && try_threads(engine->plan.threads, err))
        return err->status;
    engine->user = pthread_self();
    return DN_OK;
}

static void nothing(void *context, int item, int thread)
{
    (void)context, (void)item, (void)thread;
}

static size_t least_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Of so much code of the program or library, what will be resident at most. */
static size_t code_of(size_t all, bool cut, int threads)
{
    const size_t team = threads > 1 ? TEAM_CODE : 0;
    return cut ? least_of(all / 16 * CODE_SIXTEENTHS, CODE + team) : least_of(all / 16 * UNCUT_SIXTEENTHS, UNCUT_CODE + team);
}

/* Bytes of the process, with the code that will come, which is more where less of it is there already; what is missing
 * beside that in *unplanned. Its threads exist by then (the OpenMP of clang takes 0.8 MB when it starts), and the code in
 * which they wait has come back. Cutting code takes 1 to 2 ms until the process has ended, which only a budget pays for. */
static size_t begin_planning(int threads, size_t budget, size_t *unplanned)
{
    dn_parallel(threads, threads, nothing, NULL);
    const bool cut = budget && dn_process_cut_code();
    const size_t all = dn_process_forget_code(), planned = code_of(all, cut, threads);
    dn_parallel(threads, threads, nothing, NULL);
    const size_t missing = dn_process_missing_code(false);
    *unplanned = least_of(missing, all - planned);
    return dn_process_resident() + missing - *unplanned + least_of(dn_process_missing_code(true), LIBRARIES_TO_COME);
}

/* `start`: see begin_planning(). */
static void choose_budget(struct dn_engine *engine, const darknet_options *o, size_t start, struct dn_plan_options *plan)
{
    engine->photo = o->photo_bytes ? o->photo_bytes + dn_fitter_bytes(0, engine->graph.c, engine->graph.w) : 0;
    const size_t classes = least_of((size_t)network_classes(engine->net), MOST_CLASSES);
    size_t process = start + (size_t)engine->graph.n * BYTES_PER_LAYER + classes * BYTES_PER_CLASS + (size_t)plan->threads * STACK_PER_THREAD +
                     (plan->machine.spare ? READER_TO_COME : 0) + engine->photo + COUNTING;
    if (!engine->process) /* when it is planned again, some of that has come */
        engine->process = dn_align_up(process, ROUNDING);
    engine->budget = o->memory;
    engine->page_cache = o->memory && dn_process_room("") < o->memory + PAGE_CACHE ? PAGE_CACHE : 0;
    const size_t beside = engine->process + engine->page_cache;
    plan->process = beside + ROUNDING; /* the budget that a refusal names is enough in the next process, too */
    plan->asked = o->memory;
    plan->photo = engine->photo > 0;
    if (o->memory && o->memory <= beside)
        plan->budget = 1; /* nothing fits it */
    else if (o->memory)
        plan->budget = o->memory - beside;
}

size_t dn_engine_process(const struct dn_engine *engine)
{
    const size_t reading = READING_CODE + (engine->machine.spare ? READER_TO_COME : 0);
    return engine->process - (engine->plan.streamed_bytes <= 0 ? reading : 0);
}

/* Reading ahead gets what a budget has left over, or nothing. Its thread has a heap of its own; the only photo is open
 * nowhere else. */
static void choose_ahead(struct dn_engine *engine, const darknet_options *o)
{
    const bool only = o->once && o->photo && !o->plan_only;
    size_t bytes = dn_graph_inputs(&engine->graph) * sizeof(float) + (only ? 0 : engine->photo) + AHEAD;
    bool room = !o->memory || dn_engine_process(engine) + engine->plan.peak_bytes + engine->page_cache + bytes <= o->memory;
    engine->ahead.bytes = (o->read_ahead || only) && room ? bytes : 0;
    if (!only || !room)
        return;
    engine->ahead.next = strdup(o->photo);
    engine->ahead.next_fit = o->fit;
    dn_ahead_begin(engine);
}

/* The groups chosen by hand, if there are any; an observer wants them all to be single layers. */
static enum dn_status choose_fusion(struct dn_engine *engine, const darknet_options *o,
                                    struct dn_plan_options *plan, struct dn_error *err)
{
    bool automatic = !o->fusion || !*o->fusion || !strcmp(o->fusion, "auto");
    plan->paper = !automatic && !strcmp(o->fusion, "paper") && !o->observer;
    plan->band_rows = o->band_rows;
    bool file = !automatic && !plan->paper && strcmp(o->fusion, "none") != 0;
    if (o->observer || (!automatic && !file && !plan->paper))
        plan->fusion = &engine->fusion; /* empty: layer by layer */
    else if (file && (engine->fusion.path || !dn_fusion_read(o->fusion, engine->graph.n, &engine->fusion, err)))
        plan->fusion = &engine->fusion;
    else if (automatic && engine->graph.fusion.n)
        plan->fusion = &engine->graph.fusion;
    return err->status;
}

/* A budget that is too small for a thread per core may do for fewer, if the caller leaves their number open. */
static bool ask_for_less(const struct dn_engine *engine, const darknet_options *o, struct dn_plan_options *plan)
{
    if (o->threads || plan->threads == 1)
        return false;
    plan->threads /= 2;
    plan->machine = dn_machine_load(dn_kernels_name(engine->kernels), plan->threads);
    return true;
}

static enum dn_status make_plan(struct dn_engine *engine, const darknet_options *o, struct dn_error *err)
{
    struct dn_plan_options plan = {.once = o->once, .keeps = !dn_engine_gives_back(engine),
                                   .afterwards = dn_engine_afterwards(engine->net, dn_engine_most_detections(engine->net))};
    plan.threads = o->threads ? o->threads : dn_process_cores();
    while (!o->threads && !dn_process_can_start(plan.threads - 1))
        plan.threads /= 2;
    if (choose_fusion(engine, o, &plan, err) || (o->threads && try_threads(plan.threads, err)))
        return err->status;
    engine->user = pthread_self();
    plan.machine = dn_machine_load(dn_kernels_name(engine->kernels), plan.threads);
    size_t start = begin_planning(plan.threads, o->memory, &engine->unplanned);
    choose_budget(engine, o, start, &plan);
    if (!o->memory) /* beside planning; with a budget the plan tells whether there is room */
        choose_ahead(engine, o);
    struct dn_error refusal = {0}; /* that names the smallest budget */
    for (size_t least = SIZE_MAX; dn_plan_make(&engine->flow, &plan, &engine->plan, err) == DN_BUDGET;) {
        if (engine->plan.least_bytes + plan.process < least) {
            least = engine->plan.least_bytes + plan.process;
            refusal = *err;
        }
        *err = (struct dn_error){0};
        if (!ask_for_less(engine, o, &plan)) {
            *err = refusal;
            break;
        }
        dn_process_trim();
        start += PLANNING;
        engine->process = 0;
        choose_budget(engine, o, start, &plan);
    }
    if (err->status)
        return err->status;
    engine->machine = plan.machine;
    engine->options.threads = plan.threads; /* when it is planned again, too */
    dn_plan_check(&engine->flow, &engine->plan, err);
    if (o->memory)
        choose_ahead(engine, o);
    dn_process_trim();
    dn_process_forget_code();
    return err->status;
}

/* Plan and executor, from graph and weights. */
static enum dn_status make_executor(struct dn_engine *engine, struct dn_error *err)
{
    if (make_plan(engine, &engine->options, err))
        return err->status;
    engine->ready = !engine->options.plan_only &&
                    !dn_exec_create(&engine->exec, &engine->flow, &engine->plan, engine->kernels, &engine->weights, err);
    engine->has_run = false;
    return err->status;
}

static void drop_executor(struct dn_engine *engine)
{
    dn_exec_free(&engine->exec);
    dn_plan_free(&engine->plan);
    engine->ready = false;
}

/* Beside a budget the page cache may keep the weights for the next run, unless it has no room for them:
 * then it would push out the program's code, and it did get processes killed. */
enum { CACHE_MARGIN = 32 << 20 };

static enum dn_status build(struct dn_engine *engine, const char *cfg, const char *weights,
                            const darknet_options *o, struct dn_error *err)
{
    struct dn_graph_options graph = {o->dialect == DARKNET_ALEXEYAB ? DN_ALEXEYAB : DN_STOCK, o->exact};
    if (o->dialect != DARKNET_STOCK && o->dialect != DARKNET_ALEXEYAB)
        return dn_fail(err, DN_INVALID, "dialect %d is unknown; known are %d and %d", o->dialect, DARKNET_STOCK,
                       DARKNET_ALEXEYAB);
    engine->kernels = choose_kernels(o->isa, err);
    if (!engine->kernels || dn_graph_read(cfg, &graph, &engine->graph, err) ||
        dn_flow_init(&engine->flow, &engine->graph, err) ||
        (!o->plan_only && dn_weights_open(weights, &engine->graph, &engine->weights, err)))
        return err->status;
    if (o->memory && engine->weights.file.fd >= 0 &&
        dn_process_room("") < o->memory + (size_t)engine->weights.file.size + CACHE_MARGIN)
        dn_input_spare_page_cache(&engine->weights.file);
    if (make_executor(engine, err))
        return err->status;
    if (!describe(engine, err))
        *engine->net->seen = (size_t)engine->weights.seen;
    return err->status;
}

network *darknet_load(const char *cfgfile, const char *weightfile, const darknet_options *options)
{
    struct dn_error *err = dn_error_begin();
    network *net = calloc(1, sizeof *net);
    struct dn_engine *engine = calloc(1, sizeof *engine);
    darknet_options o = {0};
    if (options)
        memcpy(&o, options, options->size < sizeof o ? options->size : sizeof o);
    if (!net || !engine) {
        free(net);
        free(engine);
        dn_fail(err, DN_NO_MEMORY, "no memory for a network");
        return NULL;
    }
    net->engine = engine;
    engine->net = net;
    engine->weights.file.fd = -1;
    engine->options = o;
    engine->weights_path = strdup(weightfile ? weightfile : "");
    engine->fusion_path = strdup(o.fusion ? o.fusion : "auto");
    engine->options.fusion = engine->fusion_path;
    if (!engine->weights_path || !engine->fusion_path)
        dn_fail(err, DN_NO_MEMORY, "no memory for a network");
    if (err->status || build(engine, cfgfile, engine->weights_path, &o, err)) {
        free_network(net);
        return NULL;
    }
    engine->options.photo = NULL; /* the caller's text need not live on, and this photo is not begun with again */
    return net;
}

network *load_network(char *cfgfile, char *weightfile, int clear)
{
    darknet_options options = {.size = sizeof options};
    network *net = darknet_load(cfgfile, weightfile, &options);
    if (net && clear)
        *net->seen = 0;
    return net;
}

network *load_network_fused(char *cfgfile, char *weightfile, size_t budget_bytes)
{
    darknet_options options = {.size = sizeof options, .memory = budget_bytes, .photo_bytes = DARKNET_LARGE_PHOTO};
    return darknet_load(cfgfile, weightfile, &options);
}

void free_network(network *net)
{
    if (!net)
        return;
    struct dn_engine *engine = net->engine;
    dn_output_abandon(&engine->trace);
    dn_ahead_close(engine);
    drop_executor(engine);
    dn_fusion_free(&engine->fusion);
    dn_weights_close(&engine->weights);
    dn_flow_free(&engine->flow);
    dn_graph_free(&engine->graph);
    free(engine->table);
    free(engine->weights_path);
    free(engine->fusion_path);
    free(engine);
    free(net->layers);
    free(net->seen);
    free(net);
}

int network_keep(network *net, int index)
{
    struct dn_error *err = dn_error_begin(), again = {0};
    struct dn_engine *engine = dn_engine_of(net);
    if (index < 0 || index >= net->n) {
        dn_fail(err, DN_INVALID, "there is no layer %d; %s has layers 0 to %d", index, engine->graph.path, net->n - 1);
        return 0;
    }
    if (engine->flow.kept[index])
        return 1;
    dn_ahead_close(engine);
    drop_executor(engine);
    dn_flow_keep(&engine->flow, index, true);
    if (make_executor(engine, err)) {
        drop_executor(engine);
        dn_flow_keep(&engine->flow, index, false);
        make_executor(engine, &again);
    }
    show_outputs(engine);
    return !err->status;
}

/* ---- prediction ----------------------------------------------------------------------------- */

struct observation {
    struct dn_engine *engine;
    float *planar;
};

static void observe(void *context, int index, const struct dn_view *v)
{
    struct observation *o = context;
    const struct dn_layer *l = &o->engine->graph.layers[index];
    struct dn_view planar = {.data = o->planar, .row = v->w, .block = (ptrdiff_t)v->w * v->h, .c = l->out_c,
                             .h = v->h, .w = v->w, .rows = v->h, .layout = DN_PLANAR};
    dn_copy(v, &planar, dn_rect_whole(&planar), 1);
    o->engine->options.observer(o->engine->options.observer_context, o->engine->net, index, o->planar);
}

static enum dn_status run_observed(struct dn_engine *engine, const struct dn_rows *rows, struct dn_error *err)
{
    struct observation o = {.engine = engine};
    struct dn_observer observer = {observe, &o};
    size_t most = 0;
    for (int i = 0; i < engine->graph.n; i++)
        if (dn_layer_outputs(&engine->graph.layers[i]) > most)
            most = dn_layer_outputs(&engine->graph.layers[i]);
    o.planar = malloc(most * sizeof(float));
    if (!o.planar)
        return dn_fail(err, DN_NO_MEMORY, "%s: no memory for the output of a layer", engine->graph.path);
    enum dn_status status = dn_exec_run(&engine->exec, rows, &observer, err);
    free(o.planar);
    return status;
}

enum dn_status dn_engine_check(const struct dn_engine *engine, struct dn_error *err)
{
    const char *path = engine->graph.path;
    if (engine->ready)
        return DN_OK;
    if (engine->options.plan_only)
        return dn_fail(err, DN_INVALID, "%s: was loaded for its plan only and cannot predict", path);
    return dn_fail(err, DN_INVALID, "%s: cannot predict any more: network_keep() failed, and memory or weights were not "
                   "to be had again", path);
}

enum dn_status dn_engine_run(struct dn_engine *engine, const struct dn_rows *rows, struct dn_error *err)
{
    if (dn_engine_check(engine, err) || try_threads_here(engine, err))
        return err->status;
    /* Behind the last run, in the maps' place, there may have been more code: what finds and draws boxes. And before the
     * first, what reads, packs and prints. */
    if (engine->budget && (!engine->has_run || dn_process_missing_code(false) < engine->unplanned))
        dn_process_forget_code();
    engine->has_run = true;
    dn_exec_trace(&engine->exec, engine->spans ? &engine->tracer : NULL);
    if (engine->options.observer)
        return run_observed(engine, rows, err);
    return dn_exec_run(&engine->exec, rows, NULL, err);
}

float *network_predict(network *net, float *input)
{
    struct dn_rows rows = {.planes = input};
    struct dn_error *err = dn_error_begin();
    if (!input)
        dn_fail(err, DN_INVALID, "network_predict: there is no input");
    return err->status || dn_engine_run(dn_engine_of(net), &rows, err) ? NULL : net->output;
}

struct called_rows {
    darknet_rows rows;
    void *context;
};

static enum dn_status read_called(void *context, int y, float *row, ptrdiff_t plane, struct dn_error *err)
{
    const struct called_rows *in = context;
    return in->rows(in->context, y, row, (size_t)plane)
               ? DN_OK
               : dn_fail(err, DN_INVALID, "the prediction was given up at row %d of its input", y);
}

float *network_predict_rows(network *net, darknet_rows callback, void *context)
{
    struct called_rows in = {callback, context};
    struct dn_rows rows = {.read = read_called, .context = &in};
    return dn_engine_run(dn_engine_of(net), &rows, dn_error_begin()) ? NULL : net->output;
}

int network_write_outputs(const network *net, const char *path)
{
    struct dn_error *err = dn_error_begin();
    const struct dn_graph *g = &dn_engine_of(net)->graph;
    struct dn_output out;
    int heads = 0;
    if (dn_engine_check(dn_engine_of(net), err) || dn_output_open(&out, path, err))
        return 0;
    for (int i = 0; i < g->n; i++)
        if (dn_layer_is_head(&g->layers[i]) && ++heads)
            fwrite(net->layers[i].output, sizeof(float), dn_layer_outputs(&g->layers[i]), out.file);
    if (!heads)
        fwrite(net->output, sizeof(float), (size_t)net->outputs, out.file);
    return dn_output_commit(&out, err) == DN_OK;
}

/* ---- the machine ---------------------------------------------------------------------------- */

char *darknet_calibrate(const char *isa, int threads)
{
    struct dn_error *err = dn_error_begin();
    const struct dn_kernels *k = choose_kernels(isa, err);
    struct dn_machine m;
    struct dn_print p;
    threads = threads ? threads : dn_process_cores();
    if (!k || try_threads(threads, err) || dn_machine_calibrate(k, threads, &m, err) || dn_print_begin(&p, err))
        return NULL;
    char *path = dn_machine_path(dn_kernels_name(k), threads);
    fprintf(p.out,
            "%s, %d threads: %.1f GFLOP/s, memory %.1f GB/s, cache %.1f GB/s, weights %.2f GB/s, "
            "%.2f us a step\nstored in %s\n",
            dn_kernels_name(k), threads, m.flops / 1e9, m.memory / 1e9, m.cache / 1e9, m.file / 1e9, 1e6 * m.step,
            path ? path : "?");
    free(path);
    return dn_print_end(&p, err);
}

double darknet_fma_peak(const char *isa, double seconds)
{
    const struct dn_kernels *k = choose_kernels(isa, dn_error_begin());
    return k ? dn_fma_peak(k, seconds) : 0;
}
