/* The plans of the shipped cfgs, as tables, are those of tests/golden: a change of the planner shows
 * what it does to them, and is meant. A fixed machine and a fixed size of the process make them the same
 * everywhere. Written anew by scripts/golden-plans.sh. */
#include "support/suite.h"

#include <stdlib.h>
#include <string.h>

#include "plan/print.h"

enum { PROCESS = 2560 << 10, MB = 1 << 20 };

static const struct {
    const char *name;
    size_t budgets[2]; /* MB of the whole process */
} networks[] = {
    {"darknet19", {8, 32}},  {"darknet53", {12, 64}},   {"tinyface", {5, 8}},    {"yolov2", {16, 64}},
    {"yolov2-tiny", {8, 16}}, {"yolov3", {32, 64}},     {"yolov3-spp", {32, 64}}, {"yolov3-tiny", {8, 16}},
    {"yolov4", {32, 64}},    {"yolov4-tiny", {8, 16}},
};
enum { NETWORKS = sizeof networks / sizeof *networks };

static void print_plan(FILE *out, const char *cfg, size_t budget)
{
    struct dn_graph_options dialect = {DN_ALEXEYAB, false};
    struct dn_plan_options o = {.threads = 1, .process = PROCESS,
                                .budget = budget - PROCESS, .asked = budget,
                                .machine = dn_machine_default("avx512", 1)};
    struct dn_graph graph;
    struct dn_flow flow;
    struct dn_plan plan;
    struct dn_error err = {0};
    ck_assert_msg(!dn_graph_read(cfg, &dialect, &graph, &err), "%s", err.text);
    ck_assert(!dn_flow_init(&flow, &graph, &err));
    ck_assert_msg(!dn_plan_make(&flow, &o, &plan, &err), "%s", err.text);
    struct dn_plan_facts facts = {&flow, &plan, &o.machine, PROCESS, 0, budget, 0};
    fprintf(out, "%s within %zu MB\n\n", cfg, budget / MB);
    dn_plan_table(out, &facts);
    dn_plan_free(&plan);
    dn_flow_free(&flow);
    dn_graph_free(&graph);
}

static char *plans_text(int network)
{
    char cfg[64], *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    snprintf(cfg, sizeof cfg, "cfg/%s.cfg", networks[network].name);
    for (int i = 0; i < 2; i++) {
        fputs(i ? "\n" : "", out);
        print_plan(out, cfg, networks[network].budgets[i] * MB);
    }
    fclose(out);
    return text;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_msg(file && fputs(text, file) >= 0 && !fclose(file), "%s cannot be written", path);
}

/* The first line of `text` that the file has otherwise, and the file's; both empty when there is none. */
static void first_difference(const char *path, char *text, char *ours, char *theirs, size_t size)
{
    FILE *file = fopen(path, "r"), *made = fmemopen(text, strlen(text), "r");
    ck_assert_msg(file, "%s is missing; scripts/golden-plans.sh writes it", path);
    do {
        *ours = *theirs = 0;
        fgets(ours, (int)size, made);
        fgets(theirs, (int)size, file);
    } while (!strcmp(ours, theirs) && *ours);
    fclose(made);
    fclose(file);
}

START_TEST(test_plans_are_those_of_the_golden_files)
{
    char path[64], ours[512], theirs[512], *text = plans_text(_i);
    snprintf(path, sizeof path, "tests/golden/%s.txt", networks[_i].name);
    if (getenv("DN_WRITE_GOLDEN"))
        write_file(path, text);
    first_difference(path, text, ours, theirs, sizeof ours);
    ck_assert_msg(!*ours && !*theirs, "%s:\n  the plan    %s  the file    %sIf this is meant: scripts/golden-plans.sh",
                  path, ours, theirs);
    free(text);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("plan/golden");
    TCase *t = tcase_create("golden");
    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, test_plans_are_those_of_the_golden_files, 0, NETWORKS);
    suite_add_tcase(s, t);
    return s;
}
