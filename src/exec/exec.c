/* See exec.h. */
#include "exec/exec.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/size.h"
#include "exec/feed.h"
#include "exec/load.h"
#include "exec/poison.h"
#include "exec/tile.h"
#include "kernel/parallel.h"

#ifdef MADV_POPULATE_WRITE
enum { LARGE_PAGE = 2 << 20 };

struct range {
    char *begin;
    size_t bytes;
};

static void populate(void *context, int item, int thread)
{
    const struct range *r = context;
    size_t first = (size_t)item * LARGE_PAGE, left = r->bytes - first;
    (void)thread;
    madvise(r->begin + first, left < LARGE_PAGE ? left : LARGE_PAGE, MADV_POPULATE_WRITE);
}
#endif

/* Memory becomes resident at once: page by page at the first touch, the 200 MB of YOLOv2 took 0.7 s instead
 * of 15 ms in large pages. */
static void make_resident(char *memory, size_t bytes, int threads)
{
    madvise(memory, bytes, MADV_HUGEPAGE);
#ifdef MADV_POPULATE_WRITE
    struct range range = {memory, bytes};
    dn_parallel((int)((bytes + LARGE_PAGE - 1) / LARGE_PAGE), threads, populate, &range);
#else
    (void)threads;
#endif
}

/* Memory of an arena, NULL when there is none. Where memory is scarce it becomes resident only as it is used:
 * with all of it resident before the program's own code was read, a memory cgroup of the budget killed every
 * third cold run. */
static char *claim(size_t bytes, int threads, bool scarce)
{
    char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    if (!scarce)
        make_resident(memory, bytes, threads);
    return memory;
}

static int most_stripes(const struct dn_plan *plan)
{
    int most = 1;
    for (int g = 0; g < plan->n_groups; g++)
        most = dn_max(most, plan->groups[g].stripes);
    return most;
}

/* In one allocation; NULL when there is no memory. */
static struct dn_walker *make_walkers(const struct dn_graph *g, int n)
{
    size_t inputs = 1, ints = DN_SCHEDULE_INTS * ((size_t)g->n + 1);
    for (int i = 0; i < g->n; i++)
        inputs = (size_t)dn_max((int)inputs, g->layers[i].n_in);
    struct dn_walker *walkers = malloc((size_t)n * (sizeof *walkers + inputs * sizeof *walkers->inputs + ints * sizeof(int)));
    if (!walkers)
        return NULL;
    struct dn_view *views = (struct dn_view *)(walkers + n);
    int *scratch = (int *)(views + (size_t)n * inputs);
    for (int i = 0; i < n; i++)
        walkers[i] = (struct dn_walker){.scratch = scratch + (size_t)i * ints, .inputs = views + (size_t)i * inputs};
    return walkers;
}

enum dn_status dn_exec_create(struct dn_exec *exec, const struct dn_flow *flow,
                              const struct dn_plan *plan, const struct dn_kernels *kernels,
                              const struct dn_weights *weights, struct dn_error *err)
{
    const struct dn_graph *g = flow->graph;
    *exec = (struct dn_exec){.flow = flow, .plan = plan, .kernels = kernels, .weights = weights};
    exec->walkers = make_walkers(g, most_stripes(plan));
    exec->arena = claim(plan->arena_bytes, plan->threads, weights->file.sparing);
    if (!exec->walkers || !exec->arena)
        dn_fail(err, DN_NO_MEMORY, "%s: needs %zu bytes of memory, which the system does not give",
                g->path, plan->arena_bytes);
    else
        dn_load_weights(exec, weights, err);
    if (!err->status && plan->streamed_bytes > 0)
        dn_stream_open(&exec->stream, weights, kernels, plan->team, err);
    if (err->status)
        dn_exec_free(exec);
    return err->status;
}

void dn_exec_free(struct dn_exec *exec)
{
    dn_stream_close(&exec->stream);
    free(exec->walkers);
    if (exec->arena)
        munmap(exec->arena, exec->plan->arena_bytes);
    memset(exec, 0, sizeof *exec);
}

static struct dn_view view_of(const struct dn_exec *exec, int map)
{
    return dn_plan_view(exec->plan, exec->flow, exec->arena, map);
}

/* Whether what lies in the last block of a storage is the output of convolutions, which write all of its
 * channels. Of other layers not all do. */
static bool is_filled(const struct dn_exec *exec, const struct dn_storage *s)
{
    const struct dn_place *places = exec->plan->places;
    for (int map = s->map; map >= 0; map = places[map].next) {
        const struct dn_layer *l = map > 0 ? &exec->flow->graph->layers[map - 1] : NULL;
        bool last = !l || places[map].channel + l->out_c > s->c / DN_BLOCK * DN_BLOCK;
        if (last && (!l || !l->ops->packed))
            return false;
    }
    return true;
}

static void prepare_rows(const struct dn_exec *exec, const struct dn_storage *s, int copy)
{
    struct dn_view v = dn_storage_view(s, exec->arena + dn_copy_bytes(s) * (size_t)copy);
    if (s->c % DN_BLOCK && !is_filled(exec, s)) {
        float *last = v.data + (dn_blocks(s->c) - 1) * v.block - (ptrdiff_t)v.pad * DN_BLOCK;
        for (int y = 0; y < v.rows; y++)
            memset(last + y * v.row, 0, (size_t)v.block * sizeof *last);
    }
    if (v.pad)
        dn_view_zero_pad(&v);
}

/* A storage is born: its pad columns become zero, and so do the channels above the last one where nobody
 * writes them: readers multiply them by zero weights, and therefore they must be finite. */
static void prepare_storages(const struct dn_exec *exec, int group)
{
    const struct dn_plan *plan = exec->plan;
    for (int i = 0; i < plan->n_storages; i++) {
        const struct dn_storage *s = &plan->storages[i];
        if (s->buffer.first != group || s->layout == DN_PLANAR)
            continue;
        if (s->tile) {
            memset(exec->arena + s->buffer.offset, 0, s->buffer.bytes);
            continue;
        }
        for (int copy = 0; copy < s->copies; copy++)
            prepare_rows(exec, s, copy);
    }
}

static enum dn_status read_rows(const struct dn_exec *exec, const struct dn_step *step,
                                const struct dn_rows *rows, struct dn_error *err)
{
    struct dn_view v = view_of(exec, 0);
    for (int y = step->rect.y0; y < step->rect.y1; y++) {
        if (v.layout == DN_PLANAR) {
            if (rows->read(rows->context, y, dn_view_at(&v, 0, y, 0), v.block, err))
                return err->status;
            continue;
        }
        struct dn_view row = {.data = (float *)(exec->arena + exec->plan->input_row), .row = 0,
                              .block = v.w, .c = v.c, .h = v.h, .w = v.w, .rows = 1,
                              .layout = DN_PLANAR};
        struct dn_rect rect = {y, y + 1, 0, v.w};
        if (rows->read(rows->context, y, row.data, row.block, err))
            return err->status;
        dn_copy(&row, &v, rect, 1);
    }
    return DN_OK;
}

/* Planes of the caller are copied only where layers want blocks. */
static enum dn_status read_input(const struct dn_exec *exec, const struct dn_step *step,
                                 const struct dn_rows *rows, struct dn_error *err)
{
    double start = dn_span_begin(exec->tracer);
    if (!rows->planes) {
        read_rows(exec, step, rows, err);
    } else if (exec->flow->graph->input_layout == DN_BLOCKED) {
        struct dn_view planes = dn_planes_view(exec), v = view_of(exec, 0);
        dn_copy(&planes, &v, step->rect, exec->plan->threads);
    }
    DN_SPAN_END(exec->tracer, start, .kind = DN_SPAN_INPUT, .layer = -1, .rect = step->rect);
    return err->status;
}

struct watched_step {
    const struct dn_tracer *tracer;
    const struct dn_run *run;
};

static void report_part(void *context, int thread, double start)
{
    const struct watched_step *s = context;
    DN_SPAN_END(s->tracer, start, .kind = DN_SPAN_PART, .layer = s->run->layer->index, .rect = s->run->rect,
                .block0 = s->run->block0, .block1 = s->run->block1, .thread = 2 + thread);
}

static void run_step(const struct dn_exec *exec, const struct dn_run *run, int thread)
{
    struct watched_step step = {exec->tracer, run};
    const struct dn_watch watch = {dn_clock, report_part, &step};
    double start = dn_span_begin(exec->tracer);
    dn_watched = exec->tracer ? &watch : NULL;
    run->layer->ops->run(run);
    dn_watched = NULL;
    DN_SPAN_END(exec->tracer, start, .kind = DN_SPAN_STEP, .layer = run->layer->index, .rect = run->rect,
                .block0 = run->block0, .block1 = run->block1, .thread = thread);
}

/* A layer whose threads read the filters that are not resident themselves. */
static enum dn_status run_reading(struct dn_exec *exec, const struct dn_group *group, struct dn_run *run,
                                  struct dn_error *err)
{
    const struct dn_weight_place *w = &exec->plan->weights[run->layer->index];
    struct dn_reading reading = dn_reading(exec->weights, run->layer);
    const struct dn_filter_reader reader = {.read = dn_read_part, .context = &reading, .block0 = w->resident,
                                            .part = dn_part_to_read(run->layer, exec->plan->team, w->slice, group->thrift),
                                            .buffers = (float *)(exec->arena + group->stream.offset + w->packed)};
    run->reader = &reader;
    run_step(exec, run, 0);
    run->reader = NULL;
    return reading.err.status ? dn_fail(err, reading.err.status, "%s", reading.err.text) : DN_OK;
}

/* A layer whose filters come in slices: while one computes, the next are read and packed. */
static enum dn_status run_streamed(struct dn_exec *exec, const struct dn_group *group, struct dn_run *run,
                                   struct dn_error *err)
{
    const struct dn_weight_place *w = &exec->plan->weights[run->layer->index];
    int blocks = run->block1;
    if (dn_plan_reads_itself(exec->plan, run->layer, group))
        return run_reading(exec, group, run, err);
    run->block1 = w->resident;
    if (w->resident)
        run_step(exec, run, 0);
    run->raw = dn_stays_raw(run->layer, exec->plan->team, true);
    while (run->block1 < blocks) {
        run->again = run->block1 > 0;
        run->block0 = run->block1;
        run->block1 = dn_min(run->block0 + dn_plan_blocks(run->layer, w), blocks);
        run->filters = dn_feed_filters(exec, group, run->layer, run->block0);
        dn_feed_ask(exec, group->stream.last);
        if (dn_feed_wait(exec, run->layer, run->block0, run->block1, err))
            return err->status;
        run_step(exec, run, 0);
        dn_feed_release(exec, run->layer);
    }
    return DN_OK;
}

static enum dn_status run_layer(struct dn_exec *exec, const struct dn_schedule *schedule, const struct dn_step *step,
                                const struct dn_walker *walker, struct dn_error *err)
{
    const struct dn_group *group = &schedule->group;
    const struct dn_layer *l = &exec->flow->graph->layers[step->layer];
    const struct dn_weight_place *w = &exec->plan->weights[step->layer];
    const size_t part = group->workspace.bytes / (size_t)group->stripes;
    for (int k = 0; k < l->n_in; k++)
        walker->inputs[k] = dn_tile_view(exec, schedule, l->in[k] + 1);
    struct dn_run run = {.kernels = exec->kernels, .layer = l, .in = walker->inputs,
                         .out = dn_tile_view(exec, schedule, step->layer + 1), .rect = step->rect,
                         .block1 = dn_blocks(l->out_c),
                         .workspace = exec->arena + group->workspace.offset + part * (size_t)schedule->stripe,
                         .threads = dn_group_threads(group, exec->plan->threads), .thrift = group->thrift};
    if (l->params)
        run.params = (float *)(exec->arena + w->params);
    if (l->file_filters)
        run.filters = (float *)(exec->arena + w->filters);
    bool streamed = dn_plan_streams(exec->plan, l);
    if (streamed && !dn_group_is_whole(group))
        run.filters = dn_feed_filters(exec, group, l, 0);
    dn_poison_begin(exec, group, &run);
    if (streamed && dn_group_is_whole(group))
        run_streamed(exec, group, &run, err);
    else
        run_step(exec, &run, walker->thread);
    dn_poison_end(exec);
    return err->status;
}

static enum dn_status run_tile(struct dn_exec *exec, const struct dn_schedule *schedule, const struct dn_step *step,
                               const struct dn_walker *walker, struct dn_error *err)
{
    dn_tile_begin(exec, schedule, step);
    if (step->rect.y1 > step->rect.y0 && run_layer(exec, schedule, step, walker, err))
        return err->status;
    dn_tile_end(exec, schedule, step);
    return DN_OK;
}

/* A group whose schedule goes through all of it. */
static enum dn_status run_group(struct dn_exec *exec, const struct dn_group *group, const struct dn_rows *rows,
                                struct dn_error *err)
{
    struct dn_schedule schedule;
    struct dn_step step;
    exec->walkers->thread = 0;
    dn_schedule_begin(&schedule, exec->flow, *group, 0, exec->walkers->scratch);
    while (dn_schedule_next(&schedule, &step))
        if (step.layer < 0 ? read_input(exec, &step, rows, err) : run_tile(exec, &schedule, &step, exec->walkers, err))
            return err->status;
    return DN_OK;
}

struct stripes {
    struct dn_exec *exec;
    const struct dn_group *group;
};

/* Nothing is read from files meanwhile, so nothing can fail. */
static void run_stripe(void *context, int stripe, int thread)
{
    const struct stripes *s = context;
    struct dn_walker *walker = &s->exec->walkers[stripe];
    struct dn_error none = {0};
    struct dn_schedule schedule;
    struct dn_step step;
    walker->thread = 2 + thread;
    dn_schedule_begin(&schedule, s->exec->flow, *s->group, stripe, walker->scratch);
    while (dn_schedule_next(&schedule, &step))
        run_tile(s->exec, &schedule, &step, walker, &none);
}

/* What is poisoned for one thread is so for all. */
static enum dn_status run_stripes(struct dn_exec *exec, const struct dn_group *group, const struct dn_rows *rows,
                                  struct dn_error *err)
{
    const struct dn_graph *g = exec->flow->graph;
    struct stripes s = {exec, group};
    struct dn_step input = {.layer = -1, .rect = {0, g->h, 0, g->w}};
    if (dn_group_has_whole_input(group) && read_input(exec, &input, rows, err))
        return err->status;
    dn_parallel(group->stripes, dn_poisons() ? 1 : exec->plan->threads, run_stripe, &s);
    return DN_OK;
}

static enum dn_status run_one(struct dn_exec *exec, int index, const struct dn_rows *rows, struct dn_error *err)
{
    const struct dn_group *group = &exec->plan->groups[index];
    prepare_storages(exec, index);
    if (!dn_group_is_whole(group) && dn_feed_hold(exec, index, err))
        return err->status;
    dn_feed_ask(exec, index);
    return group->stripes > 1 ? run_stripes(exec, group, rows, err) : run_group(exec, group, rows, err);
}

/* Kept layers that lie in blocks are handed out as planar copies. */
static void write_results(const struct dn_exec *exec)
{
    for (int i = 0; i < exec->plan->n_layers; i++) {
        const struct dn_layer *l = &exec->flow->graph->layers[i];
        if (exec->plan->results[i] == DN_NO_RESULT)
            continue;
        struct dn_view v = view_of(exec, i + 1);
        struct dn_view planar = {.data = (float *)(exec->arena + exec->plan->results[i]), .row = l->out_w,
                                 .block = (ptrdiff_t)l->out_w * l->out_h, .c = l->out_c, .h = l->out_h,
                                 .w = l->out_w, .rows = l->out_h, .layout = DN_PLANAR};
        dn_copy(&v, &planar, dn_rect_whole(&v), exec->plan->threads);
    }
}

/* What was given back behind the last run. */
static enum dn_status take_again(struct dn_exec *exec, struct dn_error *err)
{
    if (exec->given)
        make_resident(exec->arena, exec->plan->arena_bytes, exec->plan->threads);
    exec->given = false;
    if (exec->unloaded && dn_load_weights(exec, exec->weights, err))
        return err->status;
    exec->unloaded = false;
    return DN_OK;
}

enum dn_status dn_exec_run(struct dn_exec *exec, const struct dn_rows *rows,
                           const struct dn_observer *observer, struct dn_error *err)
{
    const struct dn_plan *plan = exec->plan;
    exec->planes = rows->planes;
    if (take_again(exec, err))
        return err->status;
    dn_feed_begin(exec);
    for (int g = 0; g < plan->n_groups; g++) {
        if (run_one(exec, g, rows, err)) {
            dn_stream_drop(&exec->stream);
            return err->status;
        }
        if (observer) {
            int layer = exec->flow->order[plan->groups[g].last];
            struct dn_view v = view_of(exec, layer + 1);
            observer->layer(observer->context, layer, &v);
        }
    }
    write_results(exec);
    return DN_OK;
}

void dn_exec_trace(struct dn_exec *exec, const struct dn_tracer *tracer)
{
    exec->tracer = tracer;
}

/* The first part of the arena behind `offset` that outlives a run: outputs in the maps' place, then the
 * results and the input row behind them. Its end in *end; where there is none, both are the arena's. */
static size_t next_output(const struct dn_plan *plan, size_t offset, size_t *end)
{
    size_t first = plan->weights_bytes + plan->maps_bytes;
    *end = plan->input_row + plan->input_row_bytes;
    if (offset >= *end)
        return *end = plan->arena_bytes;
    for (int i = 0; i < plan->n_storages; i++) {
        const struct dn_buffer *b = &plan->storages[i].buffer;
        if (b->last >= plan->n_groups && b->offset >= offset && b->offset < first) {
            first = b->offset;
            *end = b->offset + b->bytes;
        }
    }
    return first;
}

/* Gives back whole pages of the arena in [begin, end), at most `bytes`; how many they were. The system must
 * not fill the holes again to make large pages of what is left, as it did within seconds. */
static size_t give_back(const struct dn_exec *exec, size_t begin, size_t end, size_t bytes)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uintptr_t base = (uintptr_t)exec->arena;
    uintptr_t from = dn_align_up(base + begin, page), to = (base + end) / page * page;
    if (to <= from)
        return 0;
    if (to - from > bytes)
        to = from + dn_align_up(bytes, page);
    madvise((void *)from, to - from, MADV_NOHUGEPAGE);
    madvise((void *)from, to - from, MADV_DONTNEED);
    return to - from;
}

size_t dn_exec_release(struct dn_exec *exec, size_t bytes)
{
    const struct dn_plan *plan = exec->plan;
    size_t given = 0, end;
    exec->given = true;
    for (size_t offset = plan->weights_bytes; offset < plan->arena_bytes && given < bytes; offset = end)
        given += give_back(exec, offset, next_output(plan, offset, &end), bytes - given);
    if (given >= bytes)
        return given;
    exec->unloaded = true;
    return given + give_back(exec, 0, plan->weights_bytes, bytes - given);
}

float *dn_exec_output(const struct dn_exec *exec, int layer)
{
    if (!exec->flow->kept[layer])
        return NULL;
    if (exec->plan->results[layer] != DN_NO_RESULT)
        return (float *)(exec->arena + exec->plan->results[layer]);
    return view_of(exec, layer + 1).data;
}
