/* The planner: its plans fit, more budget never makes them slower, the same question has the same
 * answer, quickly; and on small networks no cut is faster by its own cost model. */
#include "support/suite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/size.h"
#include "plan/check.h"
#include "plan/print.h"
#include "plan/residency.h"
#include "plan/storage.h"
#include "support/net_case.h"
#include "support/sanitizers.h"

static struct dn_plan_options options_of(size_t budget, int threads)
{
    return (struct dn_plan_options){.threads = threads, .budget = budget,
                                    .machine = dn_machine_default("avx2", threads)};
}

static struct dn_plan_options options(size_t budget)
{
    return options_of(budget, 1);
}

static void read_graph(const char *path, struct net_graph *g)
{
    struct dn_graph_options o = {DN_ALEXEYAB, false};
    struct dn_error err = {0};
    ck_assert_msg(!dn_graph_read(path, &o, &g->graph, &err), "%s", err.text);
    ck_assert(!dn_flow_init(&g->flow, &g->graph, &err));
}

static char *fusion_text(const struct dn_flow *flow, const struct dn_plan *plan, const struct dn_machine *machine)
{
    struct dn_plan_facts facts = {.flow = flow, .plan = plan, .machine = machine};
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    dn_plan_fusion(out, &facts);
    fclose(out);
    return text;
}

/* Seconds of processor time that this process has had: planning is done by one thread, and how long it waits for
 * its turn beside the programs of others is no property of the planner. */
static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- every cfg, many budgets ---------------------------------------------------------------- */

/* A plan within the budget that holds all laws, or none; its seconds, or infinity. */
static double plan_and_check(struct net_graph *g, size_t budget, int threads, bool team, double *planning)
{
    struct dn_plan_options o = options_of(budget, threads);
    o.machine.spare = !team;
    struct dn_plan plan;
    struct dn_error err = {0};
    double begin = now();
    enum dn_status status = dn_plan_make(&g->flow, &o, &plan, &err);
    *planning = now() - begin;
    if (status) {
        ck_assert_msg(status == DN_BUDGET && strstr(err.text, "needs at least"), "%s", err.text);
        return INFINITY;
    }
    ck_assert_msg(!dn_plan_check(&g->flow, &plan, &err), "%s, budget %zu: %s", g->graph.path, budget, err.text);
    ck_assert(plan.arena_bytes <= budget);
    ck_assert(plan.work <= (threads == 1 ? 1.0001 : 1.1)); /* at the edges between stripes */
    double seconds = plan.seconds;
    dn_plan_free(&plan);
    return seconds;
}

static const char *const cfgs[] = {"darknet19", "darknet53", "tinyface", "yolov2", "yolov2-tiny", "yolov3",
                                   "yolov3-spp", "yolov3-tiny", "yolov4", "yolov4-tiny"};
enum { CFGS = sizeof cfgs / sizeof *cfgs };

/* Seconds that planning may take; with checks at every access it takes many times as long. */
#ifdef ADDRESS_SANITIZER
static const double planning_seconds = 60;
enum { FINENESS = 1 };
#else
static const double planning_seconds = .3;
enum { FINENESS = 5 }; /* the part of a budget by which the next one is larger */
#endif

enum { TRIES = 10 };

/* Which filters stay is chosen greedily, so a larger budget may choose others that together save up
 * to a thousandth less. Planning takes 0.3 seconds at the most; in one of TRIES, since other programs also take
 * the caches and half of a core. */
START_TEST(test_more_budget_is_never_slower_and_planning_is_quick)
{
    char path[64];
    struct net_graph g;
    double before = INFINITY, longest = 0;
    const int threads = _i < CFGS ? 1 : 2;
    const bool team = _i >= 2 * CFGS; /* the two read filters together */
    snprintf(path, sizeof path, "cfg/%s.cfg", cfgs[_i % CFGS]);
    read_graph(path, &g);
    for (size_t budget = 1 << 20; budget < (size_t)1 << 30; budget += budget / FINENESS) {
        double planning, again, seconds = plan_and_check(&g, budget, threads, team, &planning);
        for (int k = 1; k < TRIES && planning >= planning_seconds; k++) {
            plan_and_check(&g, budget, threads, team, &again);
            planning = again < planning ? again : planning;
        }
        longest = planning > longest ? planning : longest;
        ck_assert_msg(seconds <= before * 1.001, "%s: %.6f s with %zu bytes, %.6f s with less", path, seconds, budget, before);
        before = seconds < before ? seconds : before;
    }
    ck_assert_msg(longest < planning_seconds, "%s: planning took %.2f s", path, longest);
    if (getenv("DN_VERBOSE"))
        fprintf(stderr, "%s: planned for %d threads%s in %.3f s at the most\n", path, threads, team ? ", a team," : "", longest);
    net_graph_free(&g);
}
END_TEST

START_TEST(test_the_same_question_has_the_same_answer)
{
    char path[64];
    struct net_graph g;
    struct dn_error err = {0};
    snprintf(path, sizeof path, "cfg/%s.cfg", cfgs[_i]);
    read_graph(path, &g);
    struct dn_plan_options o = options((size_t)20 << 20);
    struct dn_plan first, second;
    if (!dn_plan_make(&g.flow, &o, &first, &err)) {
        char *text = fusion_text(&g.flow, &first, &o.machine);
        dn_flow_order(&g.flow, DN_ORDER_FILE);
        ck_assert(!dn_plan_make(&g.flow, &o, &second, &err));
        char *again = fusion_text(&g.flow, &second, &o.machine);
        ck_assert_str_eq(text, again);
        ck_assert_uint_eq(first.arena_bytes, second.arena_bytes);
        free(text);
        free(again);
        dn_plan_free(&first);
        dn_plan_free(&second);
    }
    net_graph_free(&g);
}
END_TEST

/* The refusal names a budget that is enough, and not one byte more. */
START_TEST(test_the_least_budget_is_enough)
{
    char path[64];
    struct net_graph g;
    struct dn_error err = {0}, refused = {0};
    struct dn_plan plan;
    snprintf(path, sizeof path, "cfg/%s.cfg", cfgs[_i]);
    read_graph(path, &g);
    struct dn_plan_options o = options((size_t)1 << 30);
    ck_assert(!dn_plan_make(&g.flow, &o, &plan, &err));
    o.budget = plan.least_bytes;
    dn_plan_free(&plan);
    ck_assert_msg(!dn_plan_make(&g.flow, &o, &plan, &err), "%s", err.text);
    dn_plan_free(&plan);
    o.budget--;
    ck_assert_int_eq(dn_plan_make(&g.flow, &o, &plan, &refused), DN_BUDGET);
    net_graph_free(&g);
}
END_TEST

static void print_wide(FILE *out, const void *unused)
{
    (void)unused;
    fputs("[net]\nwidth=4000\nheight=2000\nchannels=3\n", out);
    for (int i = 0; i < 2; i++)
        fputs("[convolutional]\nfilters=64\nsize=3\npad=1\nactivation=leaky\n[maxpool]\nsize=2\nstride=2\n", out);
}

/* So it is where every group of bands is large: the first map takes 2 GB, the last one 128 MB. */
START_TEST(test_the_least_budget_of_large_maps_is_enough)
{
    struct dn_graph_options dialect = {DN_STOCK, false};
    struct net_graph g;
    struct dn_error err = {0}, refused = {0};
    struct dn_plan plan;
    char path[32];
    temporary_text(path, print_wide, NULL);
    ck_assert_msg(!dn_graph_read(path, &dialect, &g.graph, &err), "%s", err.text);
    unlink(path);
    ck_assert(!dn_flow_init(&g.flow, &g.graph, &err));
    struct dn_plan_options o = options((size_t)1 << 30);
    ck_assert_msg(!dn_plan_make(&g.flow, &o, &plan, &err), "%s", err.text);
    size_t least = plan.least_bytes;
    dn_plan_free(&plan);
    o.budget = 1 << 20;
    ck_assert_int_eq(dn_plan_make(&g.flow, &o, &plan, &refused), DN_BUDGET);
    const char *number = strstr(refused.text, "at least ");
    ck_assert_ptr_nonnull(number);
    ck_assert_double_eq_tol(strtod(number + 9, NULL), (double)least / (1 << 20), .11);
    net_graph_free(&g);
}
END_TEST

/* Thrift costs time, so a step over a whole map has no more of it than its workspace needs. */
START_TEST(test_thrift_always_saves_workspace)
{
    char path[64];
    struct net_graph g;
    struct dn_error err = {0};
    struct dn_plan plan;
    snprintf(path, sizeof path, "cfg/%s.cfg", cfgs[_i]);
    read_graph(path, &g);
    for (size_t budget = (size_t)8 << 20; budget <= (size_t)64 << 20; budget *= 2) {
        struct dn_plan_options o = options(budget);
        err.status = DN_OK;
        if (dn_plan_make(&g.flow, &o, &plan, &err))
            continue;
        for (int i = 0; i < plan.n_groups; i++) {
            const struct dn_group *group = &plan.groups[i];
            const struct dn_layer *l = &g.graph.layers[g.flow.order[group->last]];
            struct dn_rect whole = {0, l->out_h, 0, l->out_w};
            if (!dn_group_is_whole(group) || !group->thrift || !l->ops->workspace)
                continue;
            for (int less = 0; less < group->thrift; less++)
                ck_assert_uint_gt(l->ops->workspace(l, whole, o.threads, less), l->ops->workspace(l, whole, o.threads, group->thrift));
        }
        dn_plan_free(&plan);
    }
    net_graph_free(&g);
}
END_TEST

/* ---- against all cuts ----------------------------------------------------------------------- */

struct all {
    struct net_graph *g;
    struct dn_plan_options o;
    struct dn_plan plan; /* the one that is being made */
    double best;
    size_t least;        /* bytes of any */
    char *text;          /* of the best one, as [fusion] sections */
    long tried;
};

static void try_plan(struct all *a)
{
    size_t least;
    struct dn_error err = {0};
    ck_assert(!dn_plan_rows(&a->g->flow, &a->o, &a->plan, &err));
    for (int all = 0; all < 2; all++) {
        ck_assert(!dn_plan_reside(&a->g->flow, &a->o, all, INFINITY, &a->plan, &least, &err));
        a->tried++;
        a->least = least < a->least ? least : a->least;
        if (a->plan.peak_bytes > a->o.budget || a->plan.seconds >= a->best)
            continue;
        a->best = a->plan.seconds;
        free(a->text);
        a->text = fusion_text(&a->g->flow, &a->plan, &a->o.machine);
    }
}

/* All ways to group the layers from a position on. */
static void cut(struct all *a, int position)
{
    const struct dn_flow *f = &a->g->flow;
    if (position == a->g->graph.n) {
        try_plan(a);
        return;
    }
    struct dn_group *group = &a->plan.groups[a->plan.n_groups++];
    const struct dn_layer *l = &a->g->graph.layers[f->order[position]];
    for (int slice = 1, count = dn_blocks(l->out_c); slice <= dn_min(4, count); slice *= 2) {
        *group = (struct dn_group){.first = position, .last = position, .tiles = 1, .columns = 1, .stripes = 1};
        a->plan.weights[l->index].slice = slice;
        cut(a, position + 1);
        if (!dn_has_filters(l))
            break;
    }
    a->plan.weights[l->index].slice = 1;
    for (int last = position; last < a->g->graph.n && dn_layer_is_tiled(&a->g->graph.layers[f->order[last]]); last++) {
        const struct dn_layer *end = &a->g->graph.layers[f->order[last]];
        for (int rows = 1; rows <= 16 && rows < end->out_h && !end->alias && (last > position || position == 0); rows *= 2) {
            *group = (struct dn_group){.first = position, .last = last, .tiles = dn_ceil_div(end->out_h, rows), .columns = 1, .stripes = 1};
            cut(a, last + 1);
            if (a->o.threads < 2 || group->tiles < a->o.threads || !dn_plan_has_stripes(f, &a->plan, group))
                continue;
            group->stripes = a->o.threads;
            cut(a, last + 1);
        }
    }
    a->plan.n_groups--;
}

/* Bands do not compute what nobody reads. Other cuts are many times as slow then, and near the least budget the gaps
 * between buffers decide which ones there are. */
static bool all_is_read(const struct net_graph *g)
{
    for (int map = 1; map < g->graph.n; map++)
        if (g->flow.root[map] == map && g->flow.first_reader[map] == g->flow.first_reader[map + 1] && !g->flow.output[map])
            return false;
    return true;
}

static double best_of_all(struct net_graph *g, struct dn_plan_options o, long *tried, size_t *least, char **text)
{
    static const int distances[] = {1 << 20, 12, 0};
    struct all a = {g, o, .best = INFINITY, .least = SIZE_MAX};
    struct dn_error err = {0};
    ck_assert(!dn_plan_new(&g->flow, &o, &a.plan, &err));
    for (int i = 0; i < 6; i += i == 1 ? 3 : 1) { /* 12 is as far as any in a small network */
        a.plan.concat_distance = distances[i / 2];
        dn_flow_order(&g->flow, i % 2 ? DN_ORDER_EARLY : DN_ORDER_FILE);
        dn_plan_places(&g->flow, &a.plan);
        cut(&a, 0);
    }
    dn_plan_free(&a.plan);
    *tried += a.tried;
    *text = a.text;
    *least = a.least;
    return a.best;
}

/* All groups that could be faster are laid out, where they are as few as here. What pieces are passed over for others does not
 * know the gaps between buffers, so one in seven hundred plans, near its least budget, has a better one (seeds 1, 1000, 2000 ...
 * 17000). */
START_TEST(test_no_cut_of_a_small_network_is_faster)
{
    uint64_t seed = (uint64_t)env_number("DN_SEED", 1);
    long tried = 0;
    int compared = 0, worse = 0;
    double sum = 0;
    for (int i = 0; compared < 40; i++) {
        static struct net_case c;
        struct net_graph g;
        struct dn_error err = {0};
        struct dn_plan plan;
        net_case_make(&c, seed + (uint64_t)i);
        c.n = dn_min(c.n, 5);
        memset(c.keep, 0, sizeof c.keep);
        if (!net_graph_read(&g, &c))
            continue;
        if (!all_is_read(&g)) {
            net_graph_free(&g);
            continue;
        }
        struct dn_plan_options o = options_of((size_t)1 << 30, 1 + i % 3);
        o.machine.spare = i / 3 % 2; /* else the threads are a team */
        ck_assert(!dn_plan_make(&g.flow, &o, &plan, &err));
        size_t least = plan.least_bytes, most = plan.arena_bytes, possible;
        dn_plan_free(&plan);
        for (size_t part = 0; part <= 4 && most > least; part += 2, compared++) {
            o.budget = least + (most - least) * part / 4;
            ck_assert_msg(!dn_plan_make(&g.flow, &o, &plan, &err), "%s", err.text);
            char *text = fusion_text(&g.flow, &plan, &o.machine), *best_text;
            double found = plan.seconds, best = best_of_all(&g, o, &tried, &possible, &best_text);
            dn_plan_free(&plan);
            worse += found > best * 1.000001;
            if (getenv("DN_VERBOSE") && found > best * 1.000001) {
                net_case_print(stderr, &c);
                fprintf(stderr, "%d threads, budget %zu (least %zu): %.9f\n%s\nbest %.9f\n%s\n", o.threads, o.budget, least, found, text,
                        best, best_text);
            }
            ck_assert_msg(possible >= least, "%d threads: %zu bytes are needed at least, %zu are possible", o.threads, least, possible);
            ck_assert_msg(found < 1.01 * best, "%d threads, budget %zu: %.9f s, %.9f s is possible", o.threads, o.budget, found, best);
            sum += found > best ? found / best : 1; /* thrift, which is not tried here, may be faster */
            free(text);
            free(best_text);
        }
        net_graph_free(&g);
    }
    if (getenv("DN_VERBOSE"))
        fprintf(stderr, "%ld plans tried; %d of %d not the best, on average %.4f times as slow\n", tried, worse, compared, sum / compared);
    ck_assert_msg(sum <= 1.0005 * compared, "%.4f times as slow as the best on average", sum / compared);
    ck_assert_msg(worse <= 1, "%d of %d plans are not the best", worse, compared);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("plan/search");
    TCase *t = tcase_create("laws");
    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, test_more_budget_is_never_slower_and_planning_is_quick, 0, 3 * CFGS);
    tcase_add_loop_test(t, test_the_same_question_has_the_same_answer, 0, CFGS);
    tcase_add_loop_test(t, test_the_least_budget_is_enough, 0, CFGS);
    tcase_add_test(t, test_the_least_budget_of_large_maps_is_enough);
    tcase_add_loop_test(t, test_thrift_always_saves_workspace, 0, CFGS);
    tcase_add_test(t, test_no_cut_of_a_small_network_is_faster);
    suite_add_tcase(s, t);
    return s;
}
