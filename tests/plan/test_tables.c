/* Tables say what asking the layers themselves would, on random networks. */
#include "support/suite.h"

#include <string.h>

#include "base/size.h"
#include "plan/tables.h"
#include "support/net_case.h"

enum { CASES = 120 };

static struct net_case c;
static struct net_graph g;
static struct dn_plan_options options;
static struct dn_tables tables;

static bool open_case(uint64_t seed)
{
    struct dn_error err = {0};
    net_case_make(&c, seed);
    options = (struct dn_plan_options){.threads = 1 + (int)(seed % 3),
                                       .machine = dn_machine_default("avx2", 1 + (int)(seed % 3))};
    if (!net_graph_read(&g, &c))
        return false;
    ck_assert_msg(!dn_tables_init(&tables, &g.flow, &options, &err), "%s", err.text);
    return true;
}

static void close_case(void)
{
    dn_tables_free(&tables);
    net_graph_free(&g);
}

static bool has_rows(const struct dn_layer *l)
{
    return l->ops->span && !l->whole && !l->alias;
}

/* Rows [from, to) of a layer read rows of an input from the first one's lowest to the last one's highest. */
static void check_rows(const struct dn_layer *l, int k, const struct dn_span *rows)
{
    for (int from = 0; from < l->out_h; from++)
        for (int to = from + 1; to <= l->out_h; to++) {
            struct dn_span asked = l->ops->span(l, k, 0, (struct dn_span){from, to});
            ck_assert_msg(rows[from].lo == asked.lo && rows[to - 1].hi == asked.hi,
                          "seed %llu, layer %d: rows %d to %d read %d to %d, not %d to %d", (unsigned long long)c.seed,
                          l->index, from, to, asked.lo, asked.hi, rows[from].lo, rows[to - 1].hi);
        }
}

START_TEST(the_first_and_the_last_row_of_a_piece_tell_what_it_reads)
{
    int checked = 0;
    for (uint64_t seed = 0; seed < CASES; seed++) {
        if (!open_case(seed))
            continue;
        for (int i = 0; i < g.graph.n; i++) {
            const struct dn_layer *l = &g.graph.layers[i];
            for (int k = 0; k < l->n_in && has_rows(l); k++, checked++)
                check_rows(l, k, tables.layers[i].rows + (ptrdiff_t)k * l->out_h);
        }
        close_case();
    }
    ck_assert_int_gt(checked, 3 * CASES);
}
END_TEST

/* What bands really need is found by walking the schedule; the tables say it for so many rows. */
START_TEST(workspace_is_what_the_layer_asks_for_and_aligned)
{
    for (uint64_t seed = 0; seed < CASES; seed++) {
        if (!open_case(seed))
            continue;
        for (int i = 0; i < g.graph.n; i++) {
            const struct dn_layer *l = &g.graph.layers[i];
            for (int k = 0; k < l->out_h * DN_THRIFT_LEVELS; k++) {
                int rows = 1 + k / DN_THRIFT_LEVELS, thrift = k % DN_THRIFT_LEVELS, stripes = 1 + k % 3;
                struct dn_rect rect = {0, rows, 0, l->out_w};
                size_t bytes = dn_tables_workspace(&tables, l, rows, stripes, thrift), asked = 0;
                size_t each = bytes / (size_t)stripes;
                if (l->ops->workspace)
                    asked = l->ops->workspace(l, rect, stripes > 1 ? 1 : options.threads, thrift);
                ck_assert(each >= asked && each < asked + DN_ALIGN && bytes % ((size_t)stripes * DN_ALIGN) == 0);
            }
        }
        close_case();
    }
}
END_TEST

/* Several numbers of bands with one index follow each other, as those of layers of different heights do. */
START_TEST(a_table_of_bands_is_that_of_the_number_asked_for)
{
    for (uint64_t seed = 0; seed < CASES; seed++) {
        if (!open_case(seed))
            continue;
        for (int i = 0; i < g.graph.n; i++) {
            const struct dn_layer *l = &g.graph.layers[i];
            for (int k = 0; k < 12 && has_rows(l); k++) {
                int tiles = 1 + k * 7 % l->out_h, thrift = k % DN_THRIFT_LEVELS;
                int stripes = k % 4 < 2 || tiles < tables.stripes ? 1 : tables.stripes;
                struct dn_machine machine = options.machine;
                if (stripes > 1)
                    machine = dn_machine_striped(&machine, tiles, stripes);
                struct dn_banded b = *dn_tables_banded(&tables, i, k % 2, tiles, stripes);
                ck_assert_int_eq(b.tiles, tiles);
                ck_assert_double_eq(b.seconds[thrift], dn_cost_layer(&machine, l, tiles, thrift));
                ck_assert(!memcmp(&b, dn_tables_banded(&tables, i, k % 2, tiles, stripes), sizeof b));
            }
        }
        close_case();
    }
}
END_TEST

START_TEST(filters_take_what_holding_all_of_them_takes)
{
    for (uint64_t seed = 0; seed < CASES; seed++) {
        if (!open_case(seed))
            continue;
        for (int i = 0; i < g.graph.n; i++) {
            const struct dn_layer *l = &g.graph.layers[i];
            const struct dn_layer_table *t = &tables.layers[i];
            bool filters = dn_has_filters(l);
            const struct dn_holding *none = &t->holding[DN_NONE_STAY], *all = &t->holding[DN_ALL_STAY];
            ck_assert_uint_eq(none->held + none->raw, filters ? dn_stream_bytes(l, 0, dn_plan_team(&options)) : 0);
            ck_assert(filters ? none->seconds > 0 : none->seconds == 0);
            ck_assert(all->held + all->raw == 0 && all->seconds == 0);
            ck_assert_int_ge(t->grain, 1);
        }
        close_case();
    }
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("plan/tables");
    TCase *t = tcase_create("laws");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, the_first_and_the_last_row_of_a_piece_tell_what_it_reads);
    tcase_add_test(t, workspace_is_what_the_layer_asks_for_and_aligned);
    tcase_add_test(t, a_table_of_bands_is_that_of_the_number_asked_for);
    tcase_add_test(t, filters_take_what_holding_all_of_them_takes);
    suite_add_tcase(s, t);
    return s;
}
