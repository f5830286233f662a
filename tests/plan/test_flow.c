/* Who reads what in which order, on random networks; and the order of work inside a group. */
#include "support/suite.h"

#include <stdlib.h>

#include "base/size.h"
#include "plan/schedule.h"
#include "support/net_case.h"

enum { CASES = 150 };

static struct net_case c;
static struct net_graph g;

static bool open_case(uint64_t seed)
{
    net_case_make(&c, seed);
    return net_graph_read(&g, &c);
}

static int root_of(int map)
{
    const struct dn_layer *l = map ? &g.graph.layers[map - 1] : NULL;
    return l && l->alias ? root_of(l->in[0] + 1) : map;
}

static void check_readers(void)
{
    const struct dn_flow *f = &g.flow;
    int edges = 0;
    for (int i = 0; i < g.graph.n; i++)
        for (int k = 0; k < g.graph.layers[i].n_in && !g.graph.layers[i].alias; k++) {
            int map = root_of(g.graph.layers[i].in[k] + 1), found = 0;
            for (int r = f->first_reader[map]; r < f->first_reader[map + 1]; r++)
                found += f->readers[r] == i;
            ck_assert_int_gt(found, 0);
            edges++;
        }
    ck_assert_int_eq(f->first_reader[g.graph.n + 1], edges);
}

START_TEST(every_edge_is_a_reader_of_a_root)
{
    for (uint64_t seed = 0; seed < CASES; seed++) {
        if (!open_case(seed))
            continue;
        for (int map = 0; map <= g.graph.n; map++)
            ck_assert_int_eq(g.flow.root[map], root_of(map));
        check_readers();
        net_graph_free(&g);
    }
}
END_TEST

START_TEST(orders_are_topological)
{
    for (uint64_t seed = 0; seed < CASES; seed++) {
        if (!open_case(seed))
            continue;
        for (int kind = DN_ORDER_FILE; kind <= DN_ORDER_EARLY; kind++) {
            dn_flow_order(&g.flow, (enum dn_order)kind);
            for (int i = 0; i < g.graph.n; i++) {
                ck_assert_int_eq(g.flow.order[g.flow.position[i]], i);
                ck_assert(kind == DN_ORDER_EARLY || g.flow.order[i] == i);
                for (int k = 0; k < g.graph.layers[i].n_in; k++)
                    ck_assert(g.graph.layers[i].in[k] < 0 ||
                              g.flow.position[g.graph.layers[i].in[k]] < g.flow.position[i]);
            }
        }
        net_graph_free(&g);
    }
}
END_TEST

START_TEST(heads_the_output_and_what_was_asked_for_are_kept)
{
    for (uint64_t seed = 0; seed < CASES; seed++) {
        if (!open_case(seed))
            continue;
        for (int i = 0; i < g.graph.n; i++) {
            ck_assert_int_eq(g.flow.kept[i], dn_layer_is_head(&g.graph.layers[i]) || i == g.graph.output || c.keep[i]);
            ck_assert(!g.flow.kept[i] || g.flow.output[g.flow.root[i + 1]]);
        }
        net_graph_free(&g);
    }
}
END_TEST

/* ---- schedules ------------------------------------------------------------------------------ */

/* Could the layer at a position have gone on when the step was chosen? */
static bool could_go_on(const struct dn_schedule *s, const struct dn_step *step, int position)
{
    const struct dn_layer *l = &g.graph.layers[g.flow.order[position]];
    int done = s->done[0][l->index + 1], need = s->need[0][l->index + 1];
    int end = dn_layer_round(l, done + dn_ceil_div(l->out_h, s->group.tiles), l->out_h);
    if (done >= need)
        return false;
    for (int k = 0; k < l->n_in; k++) {
        int map = g.flow.root[l->in[k] + 1];
        int rows = map == step->layer + 1 ? step->rect.y0 : s->done[0][map];
        bool here = map ? g.flow.position[map - 1] >= s->group.first
                        : s->group.first == 0 && !dn_group_has_whole_input(&s->group);
        if (here && l->ops->span(l, k, 0, (struct dn_span){done, dn_min(end, need)}).hi > rows)
            return false;
    }
    return true;
}

/* Counts the elements of each layer that the steps of a stripe compute. In bands the last layer that can goes on. */
static void walk(struct dn_group group, int stripe, long *computed)
{
    int *scratch = calloc(DN_SCHEDULE_INTS * ((size_t)g.graph.n + 1), sizeof *scratch);
    struct dn_schedule s;
    struct dn_step step;
    dn_schedule_begin(&s, &g.flow, group, stripe, scratch);
    while (dn_schedule_next(&s, &step)) {
        const struct dn_rect *r = &step.rect;
        int h = step.layer < 0 ? g.graph.h : g.graph.layers[step.layer].out_h;
        int w = step.layer < 0 ? g.graph.w : g.graph.layers[step.layer].out_w;
        bool rows = r->y0 < r->y1 || (r->y0 == r->y1 && dn_group_has_windows(&group));
        ck_assert(0 <= r->y0 && rows && r->y1 <= h && 0 <= r->x0 && r->x0 < r->x1 && r->x1 <= w);
        for (int q = step.layer < 0 ? 0 : g.flow.position[step.layer] + 1;
             q <= group.last && group.columns == 1 && group.tiles > 1 && !group.recompute; q++)
            ck_assert(q < group.first || !could_go_on(&s, &step, q));
        if (step.layer >= 0)
            computed[step.layer] += (long)(r->y1 - r->y0) * (r->x1 - r->x0);
    }
    free(scratch);
}

START_TEST(a_schedule_computes_what_leaves_its_group_and_nothing_twice)
{
    for (uint64_t seed = 0; seed < CASES; seed++) {
        if (!open_case(seed))
            continue;
        dn_flow_order(&g.flow, c.early ? DN_ORDER_EARLY : DN_ORDER_FILE);
        for (int p = 0; p < c.n; p += c.group[p].length) {
            long computed[NET_LAYERS] = {0};
            struct dn_group group = {.first = p, .last = p + c.group[p].length - 1, .tiles = c.group[p].tiles,
                                     .columns = c.group[p].columns, .stripes = dn_max(1, c.group[p].stripes),
                                     .recompute = c.group[p].recompute};
            for (int stripe = 0; stripe < group.stripes; stripe++)
                walk(group, stripe, computed);
            for (int q = group.first; q <= group.last; q++) {
                const struct dn_layer *l = &g.graph.layers[g.flow.order[q]];
                long area = (long)l->out_h * l->out_w;
                bool root = g.flow.root[l->index + 1] == l->index + 1;
                bool leaves = root && (q == group.last || dn_group_exports(&g.flow, &group, l->index + 1));
                ck_assert_msg(root || !computed[l->index], "seed %d: alias %d", (int)seed, l->index);
                ck_assert_msg(!leaves || computed[l->index] >= area, "seed %d: layer %d: %ld of %ld", (int)seed, l->index,
                              computed[l->index], area);
                bool once = !group.recompute && (group.stripes == 1 || leaves); /* stripes overlap inside the group */
                ck_assert_msg(!once || computed[l->index] <= area, "seed %d: layer %d: %ld of %ld", (int)seed,
                              l->index, computed[l->index], area);
            }
        }
        net_graph_free(&g);
    }
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("plan/flow");
    TCase *t = tcase_create("flow");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, every_edge_is_a_reader_of_a_root);
    tcase_add_test(t, orders_are_topological);
    tcase_add_test(t, heads_the_output_and_what_was_asked_for_are_kept);
    tcase_add_test(t, a_schedule_computes_what_leaves_its_group_and_nothing_twice);
    suite_add_tcase(s, t);
    return s;
}
