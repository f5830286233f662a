#include "support/net_run.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

void *__wrap_mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t offset);
int __wrap_munmap(void *p, size_t bytes);

static const size_t page = 4096;

static size_t room(size_t bytes)
{
    return (bytes + page - 1) / page * page + page;
}

/* The arena ends at an unmapped page; what lies in front of it is checked when it goes. */
void *__wrap_mmap(void *at, size_t bytes, int protection, int flags, int fd, off_t offset)
{
    if (fd >= 0 || at)
        return (void *)syscall(SYS_mmap, at, bytes, protection, flags, fd, offset);
    char *p = (char *)syscall(SYS_mmap, NULL, room(bytes), protection, flags, -1, 0);
    if (p == MAP_FAILED)
        return p;
    memset(p, 0xff, room(bytes) - page);
    if (mprotect(p + room(bytes) - page, page, PROT_NONE))
        abort();
    return p + room(bytes) - page - bytes;
}

int __wrap_munmap(void *p, size_t bytes)
{
    char *base = (char *)p + bytes + page - room(bytes);
    for (char *c = base; c < (char *)p; c++)
        if (*c != (char)0xff)
            abort();
    return (int)syscall(SYS_munmap, base, room(bytes));
}

void net_run_patiently(void)
{
    char *const arguments[] = {"test", NULL};
    if (getenv("OMP_WAIT_POLICY"))
        return;
    setenv("OMP_WAIT_POLICY", "passive", 1);
    execv("/proc/self/exe", arguments);
}

/* ---- running -------------------------------------------------------------------------------- */

static enum dn_status read_row(void *context, int y, float *row, ptrdiff_t plane, struct dn_error *err)
{
    const struct dn_graph *g = context;
    struct dice d = {(uint64_t)y};
    (void)err;
    for (int c = 0; c < g->c; c++)
        for (int x = 0; x < g->w; x++)
            row[c * plane + x] = (float)roll(&d, 1 << 20) / (1 << 20);
    return DN_OK;
}

float *planar_copy(const struct dn_view *v)
{
    float *copy = malloc((size_t)v->c * (size_t)v->h * (size_t)v->w * sizeof *copy);
    struct dn_view to = {.data = copy, .row = v->w, .block = (ptrdiff_t)v->w * v->h, .c = v->c, .h = v->h,
                         .w = v->w, .rows = v->h, .layout = DN_PLANAR};
    if (!copy)
        abort();
    dn_copy(v, &to, dn_rect_whole(v), 1);
    return copy;
}

/* The same input in memory. */
static float *planes_of(const struct dn_graph *g)
{
    struct dn_error err = {0};
    float *planes = malloc(dn_graph_inputs(g) * sizeof *planes);
    if (!planes)
        abort();
    for (int y = 0; y < g->h; y++)
        read_row((void *)g, y, planes + (ptrdiff_t)y * g->w, (ptrdiff_t)g->w * g->h, &err);
    return planes;
}

static void keep_map(void *context, int layer, const struct dn_view *output)
{
    struct net_run *run = context;
    run->map[layer] = planar_copy(output);
}

bool net_run_open(struct net_run *run, const struct net_case *c)
{
    struct dn_fusion none = {0};
    struct dn_error err = {0};
    struct dn_plan plan;
    struct dn_exec exec;
    const char *names[DN_KERNEL_SETS];
    int n = dn_kernels_available(names);
    memset(run, 0, sizeof *run);
    if (!net_graph_read(&run->g, c))
        return false;
    run->kernels = dn_kernels(names[c->isa % n]);
    run->options = (struct dn_plan_options){.threads = 1, .fusion = &none,
                                            .machine = dn_machine_default("avx2", 1)};
    struct dn_rows rows = {.read = read_row, .context = &run->g.graph};
    struct dn_observer observer = {keep_map, run};
    if (dn_weights_open(NULL, &run->g.graph, &run->weights, &err) ||
        dn_plan_make(&run->g.flow, &run->options, &plan, &err) ||
        dn_exec_create(&exec, &run->g.flow, &plan, run->kernels, &run->weights, &err) ||
        dn_exec_run(&exec, &rows, &observer, &err)) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
    dn_exec_free(&exec);
    dn_plan_free(&plan);
    run->planes = planes_of(&run->g.graph);
    return true;
}

void net_run_close(struct net_run *run)
{
    free(run->planes);
    for (int i = 0; i < NET_LAYERS; i++)
        free(run->map[i]);
    dn_weights_close(&run->weights);
    net_graph_free(&run->g);
}

struct text {
    const struct net_case *c;
    struct dn_flow *flow;
};

static void print_fusion(FILE *out, const void *context)
{
    const struct text *t = context;
    net_case_fusion(out, t->c, t->flow);
}

/* The least and the most useful arena: without any filters resident, and with all. */
static enum dn_status choose_budget(struct net_run *run, const struct net_case *c, struct dn_error *err)
{
    struct dn_plan plan;
    struct dn_error refused = {0};
    if (dn_plan_make(&run->g.flow, &run->options, &plan, err))
        return err->status;
    size_t most = plan.arena_bytes;
    dn_plan_free(&plan);
    run->options.budget = most;
    if (dn_plan_make(&run->g.flow, &run->options, &plan, &refused))
        return run->options.budget = 2 * most, DN_OK;
    size_t least = plan.least_bytes < most ? plan.least_bytes : most;
    dn_plan_free(&plan);
    run->options.budget = least + (most - least) * (size_t)c->budget / 1000;
    return DN_OK;
}

enum dn_status net_run_plan(struct net_run *run, const struct net_case *c, struct dn_plan *plan, struct dn_error *err)
{
    struct dn_fusion fusion = {0};
    struct text text = {c, &run->g.flow};
    char path[32];
    run->options.threads = c->threads;
    run->options.machine.spare = c->threads == 1 || c->seed % 2; /* else threads read filters together */
    run->options.budget = 0;
    run->options.fusion = c->automatic ? NULL : &fusion;
    bool sections = false;
    for (int p = 0; p < c->n && !c->automatic; p++)
        sections |= c->group[p].length > 0;
    if (sections) {
        temporary_text(path, print_fusion, &text);
        dn_fusion_read(path, run->g.graph.n, &fusion, err);
        unlink(path);
    }
    if (!err->status && (!c->budget || !choose_budget(run, c, err)))
        dn_plan_make(&run->g.flow, &run->options, plan, err);
    dn_fusion_free(&fusion);
    run->options.fusion = NULL;
    if (!err->status && run->options.budget && plan->arena_bytes > run->options.budget) {
        dn_fail(err, DN_BUDGET, "the plan takes %zu bytes, the budget is %zu", plan->arena_bytes, run->options.budget);
        dn_plan_free(plan);
    }
    return err->status;
}

/* ---- comparing ------------------------------------------------------------------------------ */

struct comparison {
    struct net_run *run;
    const struct dn_plan *plan;
    struct dn_exec *exec;
    int group;
    struct dn_error *why;
};

static void compare(const struct comparison *c, int layer, const struct dn_view *v, const char *when)
{
    const struct dn_layer *l = &c->run->g.graph.layers[layer];
    float *seen = planar_copy(v);
    const float *right = c->run->map[layer];
    for (size_t i = 0; i < dn_layer_outputs(l) && !c->why->status; i++)
        if (memcmp(&seen[i], &right[i], sizeof *seen) != 0)
            dn_fail(c->why, DN_INVALID, "%s: layer %d [%s] of %dx%dx%d: channel %zu, row %zu, column %zu is %.9g, not %.9g",
                    when, layer, l->ops->names[0], l->out_w, l->out_h, l->out_c, i / (size_t)(l->out_h * l->out_w),
                    i / (size_t)l->out_w % (size_t)l->out_h, i % (size_t)l->out_w, (double)seen[i], (double)right[i]);
    free(seen);
}

/* All layers of the group that has ended whose maps are their own, and whole. Rows and columns that
 * nobody reads are not computed. */
static void compare_group(void *context, int layer, const struct dn_view *output)
{
    struct comparison *c = context;
    const struct dn_flow *flow = &c->run->g.flow;
    const struct dn_group *g = &c->plan->groups[c->group++];
    (void)layer, (void)output;
    for (int p = g->first; p <= g->last; p++) {
        int map = flow->order[p] + 1;
        const struct dn_storage *s = &c->plan->storages[c->plan->places[flow->root[map]].storage];
        if (flow->root[map] != map || c->plan->repeats[map - 1] < .9999f || s->rows < s->h || s->tile || s->copies > 1)
            continue;
        struct dn_view v = dn_plan_view(c->plan, flow, c->exec->arena, map);
        compare(c, map - 1, &v, "after its group");
    }
}

static void compare_outputs(const struct comparison *c, const char *when)
{
    for (int i = 0; i < c->run->g.graph.n && !c->why->status; i++) {
        const struct dn_layer *l = &c->run->g.graph.layers[i];
        if (!c->run->g.flow.kept[i])
            continue;
        struct dn_view v = {.data = dn_exec_output(c->exec, i), .row = l->out_w, .c = l->out_c, .h = l->out_h,
                            .block = (ptrdiff_t)l->out_w * l->out_h, .w = l->out_w, .rows = l->out_h,
                            .layout = DN_PLANAR};
        compare(c, i, &v, when);
    }
}

/* Everything but the outputs is given back; the next run takes it again. */
static void release(const struct comparison *c)
{
    size_t most = c->plan->arena_bytes - c->plan->outputs_bytes;
    size_t given = dn_exec_release(c->exec, c->plan->arena_bytes);
    if (given < most)
        dn_fail(c->why, DN_INVALID, "%zu bytes were given back, not %zu", given, most);
}

bool net_run_equal(struct net_run *run, const struct dn_plan *plan, int times, struct dn_error *why)
{
    struct dn_exec exec;
    struct dn_rows rows = {.read = read_row, .context = &run->g.graph};
    struct comparison c = {run, plan, &exec, 0, why};
    struct dn_observer observer = {compare_group, &c};
    if (dn_exec_create(&exec, &run->g.flow, plan, run->kernels, &run->weights, why))
        return false;
    for (int k = 0; k < times && !why->status; k++) {
        c.group = 0;
        rows.planes = k % 2 ? run->planes : NULL;
        if (dn_exec_run(&exec, &rows, &observer, why))
            break;
        compare_outputs(&c, "after the run");
        release(&c);
        compare_outputs(&c, "after the rest of the arena was given back");
    }
    dn_exec_free(&exec);
    return !why->status;
}
