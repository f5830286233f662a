/* Under AddressSanitizer a layer that touches what it has not named is caught, and no other. */
#include "support/suite.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exec/poison.h"
#include "support/net_case.h"

static void print_cfg(FILE *out, const void *context)
{
    (void)context;
    fputs("[net]\nwidth=8\nheight=8\nchannels=16\n", out);
    for (int i = 0; i < 3; i++)
        fputs("[convolutional]\nfilters=16\nsize=3\npad=1\nactivation=leaky\n", out);
    fputs("[maxpool]\nsize=2\nstride=1\n[fusion]\nlayers=0-3\ntiles=8x1\n", out);
}

/* What the last layer does instead of its work. */
static void do_nothing(const struct dn_run *run)
{
    (void)run;
}

#ifdef DN_POISON

static void read_row_above(const struct dn_run *run)
{
    static volatile float sink;
    if (run->rect.y0 >= 2)
        sink = *dn_view_at(&run->in[0], 0, run->rect.y0 - 1, 0);
    (void)sink;
}

static void write_row_below(const struct dn_run *run)
{
    if (run->rect.y1 < run->out.h)
        *dn_view_at(&run->out, 0, run->rect.y1, 0) = 0;
}

static void write_beside(const struct dn_run *run)
{
    dn_view_at(&run->out, 0, run->rect.y0, 0)[run->out.row] = 0;
}
#endif

static enum dn_status read_row(void *context, int y, float *row, ptrdiff_t plane, struct dn_error *err)
{
    (void)context, (void)y, (void)err;
    for (int c = 0; c < 16; c++)
        memset(row + c * plane, 0, 8 * sizeof *row);
    return DN_OK;
}

static void run_with(void (*also)(const struct dn_run *run))
{
    struct dn_graph_options options = {DN_STOCK, false};
    struct dn_error err = {0};
    struct dn_graph graph;
    struct dn_flow flow;
    struct dn_weights weights;
    struct dn_plan plan;
    struct dn_exec exec;
    char path[32];
    temporary_text(path, print_cfg, NULL);
    dn_graph_read(path, &options, &graph, &err);
    unlink(path);
    ck_assert_msg(!err.status, "%s", err.text);
    struct dn_layer_ops ops = *graph.layers[3].ops;
    ops.run = also;
    graph.layers[3].ops = &ops;
    struct dn_plan_options how = {.threads = 1, .fusion = &graph.fusion,
                                  .machine = dn_machine_default("avx2", 1)};
    struct dn_rows rows = {.read = read_row};
    if (!dn_flow_init(&flow, &graph, &err) && !dn_weights_open(NULL, &graph, &weights, &err) &&
        !dn_plan_make(&flow, &how, &plan, &err) && !dn_exec_create(&exec, &flow, &plan, dn_kernels("scalar"), &weights, &err) &&
        !dn_exec_run(&exec, &rows, NULL, &err)) {
        dn_exec_free(&exec);
        dn_plan_free(&plan);
        dn_weights_close(&weights);
        dn_flow_free(&flow);
    }
    dn_graph_free(&graph);
    ck_assert_msg(!err.status, "%s", err.text);
}

START_TEST(a_layer_that_keeps_to_its_places_runs)
{
    run_with(do_nothing);
}
END_TEST

#ifdef DN_POISON
START_TEST(a_layer_that_strays_is_stopped)
{
    static void (*const strays[])(const struct dn_run *) = {read_row_above, write_row_below, write_beside};
    fclose(stderr);
    run_with(strays[_i]);
}
END_TEST
#endif

Suite *suite(void)
{
    Suite *s = suite_create("exec/poison");
    TCase *t = tcase_create("poison");
    tcase_add_test(t, a_layer_that_keeps_to_its_places_runs);
#ifdef DN_POISON
    tcase_add_loop_exit_test(t, a_layer_that_strays_is_stopped, 1, 0, 3);
#endif
    suite_add_tcase(s, t);
    return s;
}
