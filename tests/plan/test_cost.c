/* The cost of Winograd with more or less workspace, on machines of different kinds. */
#include "support/suite.h"

#include "plan/plan.h"
#include "support/net_case.h"

enum { LAYER = 23, TILES = 25 }; /* of YOLOv2: 1024 filters over 19x19 */

static struct net_graph g;

static void open_yolov2(void)
{
    struct dn_graph_options dialect = {DN_STOCK, false};
    struct dn_error err = {0};
    ck_assert_msg(!dn_graph_read("cfg/yolov2.cfg", &dialect, &g.graph, &err), "%s", err.text);
    ck_assert(!dn_flow_init(&g.flow, &g.graph, &err));
}

static void close_yolov2(void)
{
    net_graph_free(&g);
}

static double seconds_of(const struct dn_machine *m, int thrift)
{
    return dn_cost_layer(m, &g.graph.layers[LAYER], 1, thrift) - m->step;
}

START_TEST(test_a_layer_is_predicted_to_take_what_it_was_measured_to_take)
{
    const double ratios[] = {.9, 1, 1.1};
    struct dn_machine m = dn_machine_default("avx2", 1);
    m.cache = 1e30;
    m.ahead = dn_machine_ahead_of(ratios[_i], TILES);
    ck_assert_double_eq_tol(seconds_of(&m, 0) / seconds_of(&m, 1), ratios[_i], 1e-9);
    m.narrow = ratios[_i];
    ck_assert_double_eq_tol(seconds_of(&m, 2) / seconds_of(&m, 1), ratios[_i], 1e-9);
}
END_TEST

/* Without a budget: filters are transformed ahead where the second cache has room for them, and only there. */
START_TEST(test_filters_are_transformed_ahead_where_the_cache_has_room)
{
    struct dn_error err = {0};
    int checked = 0;
    for (int mb = 0; mb < 4; mb++) {
        struct dn_plan_options o = {.threads = 1, .machine = dn_machine_default("avx2", 1)};
        struct dn_plan plan;
        o.machine.ahead = dn_machine_ahead(mb ? (size_t)mb << 20 : 512 << 10);
        ck_assert_msg(!dn_plan_make(&g.flow, &o, &plan, &err), "%s", err.text);
        for (int i = 0; i < plan.n_groups; i++)
            if (g.flow.order[plan.groups[i].first] == LAYER) {
                ck_assert_int_eq(plan.groups[i].thrift == 0, mb > 1);
                checked++;
            }
        dn_plan_free(&plan);
    }
    ck_assert_int_eq(checked, 4);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("plan/cost");
    TCase *t = tcase_create("cost");
    tcase_add_checked_fixture(t, open_yolov2, close_yolov2);
    tcase_add_loop_test(t, test_a_layer_is_predicted_to_take_what_it_was_measured_to_take, 0, 3);
    tcase_add_test(t, test_filters_are_transformed_ahead_where_the_cache_has_room);
    suite_add_tcase(s, t);
    return s;
}
