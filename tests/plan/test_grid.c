/* Grids with reuse of overlaps: how much the maps of a group take, and that nothing is computed twice. */
#include "support/suite.h"

#include <string.h>
#include <unistd.h>

#include "plan/check.h"
#include "support/net_case.h"

/* YOLOv2's first eight layers, on which the published method was shown. */
static void print_sections(FILE *out, const void *tiles)
{
    fprintf(out, "[fusion]\nlayers=0-7\n%s\n", (const char *)tiles);
}

/* Bytes of the maps while the first group runs. */
static size_t maps_of(const char *tiles)
{
    struct dn_graph_options dialect = {DN_ALEXEYAB, false};
    struct dn_fusion fusion = {0};
    struct dn_error err = {0};
    struct net_graph g;
    struct dn_plan plan;
    char path[32];
    ck_assert_msg(!dn_graph_read("cfg/yolov2.cfg", &dialect, &g.graph, &err), "%s", err.text);
    ck_assert(!dn_flow_init(&g.flow, &g.graph, &err));
    temporary_text(path, print_sections, tiles);
    ck_assert_msg(!dn_fusion_read(path, g.graph.n, &fusion, &err), "%s", err.text);
    unlink(path);
    struct dn_plan_options o = {.threads = 1, .fusion = &fusion,
                                .machine = dn_machine_default("avx2", 1)};
    ck_assert_msg(!dn_plan_make(&g.flow, &o, &plan, &err), "%s", err.text);
    ck_assert_msg(!dn_plan_check(&g.flow, &plan, &err), "%s", err.text);
    size_t bytes = 0;
    for (int i = 0; i < plan.n_storages; i++)
        bytes += plan.storages[i].buffer.first == 0 ? plan.storages[i].buffer.bytes : 0;
    if (!strstr(tiles, "recompute"))
        ck_assert_double_eq_tol(plan.work, 1, 1e-6);
    dn_plan_free(&plan);
    dn_fusion_free(&fusion);
    net_graph_free(&g);
    return bytes;
}

enum { MB = 1 << 20 };

/* Bands of the same height take 28.4 MB. */
START_TEST(test_a_grid_keeps_tiles_and_not_rows_of_full_width)
{
    size_t grid = maps_of("tiles=5x5\noverlap=reuse");
    ck_assert_uint_lt(grid, 12 * MB);
    ck_assert_uint_lt(2 * grid, maps_of("tiles=5x1\noverlap=reuse"));
    ck_assert_uint_lt(grid, maps_of("tiles=5x5\noverlap=recompute"));
}
END_TEST

/* Where it would take more than rows, it is rows. */
START_TEST(test_more_columns_take_less_and_never_more_than_none)
{
    static const char *const grids[] = {"tiles=5x1", "tiles=5x2", "tiles=5x3", "tiles=5x5", "tiles=5x9"};
    for (int i = 1; i < 5; i++)
        ck_assert_msg(maps_of(grids[i]) < maps_of(grids[i - 1]), "%s", grids[i]);
    ck_assert_uint_le(maps_of("tiles=5x76"), maps_of("tiles=5x1"));
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("plan/grid");
    TCase *t = tcase_create("yolov2");
    tcase_add_test(t, test_a_grid_keeps_tiles_and_not_rows_of_full_width);
    tcase_add_test(t, test_more_columns_take_less_and_never_more_than_none);
    suite_add_tcase(s, t);
    return s;
}
