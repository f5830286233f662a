/* The law of the executor: whatever the plan, the budget, the number of threads: the same bits. */
#include "support/suite.h"

#include <stdlib.h>
#include <string.h>

#include "plan/check.h"
#include "support/net_run.h"

enum outcome { FINE, NOT_PLANNED, NOT_PROVEN, WRONG };

static int strips; /* that plans had */

/* Plans, checks and runs the case; `why` gets the sentence of what failed. */
static enum outcome try(const struct net_case *c, struct dn_error *why)
{
    struct net_run run;
    struct dn_plan plan;
    enum outcome outcome = FINE;
    if (!net_run_open(&run, c))
        return FINE;
    if (net_run_plan(&run, c, &plan, why)) {
        outcome = NOT_PLANNED;
    } else {
        outcome = dn_plan_check(&run.g.flow, &plan, why) ? NOT_PROVEN
                  : net_run_equal(&run, &plan, 2, why)   ? FINE
                                                         : WRONG;
        for (int i = 0; i < plan.n_storages; i++)
            strips += plan.storages[i].strip > 0;
        dn_plan_free(&plan);
    }
    net_run_close(&run);
    return outcome;
}

static bool fails_so(const struct net_case *c, void *context)
{
    struct dn_error why = {0};
    return try(c, &why) == *(enum outcome *)context;
}

static void check_cases(uint64_t seed, int cases, bool grids)
{
    static struct net_case c;
    for (int i = 0; i < cases; i++) {
        struct dn_error why = {0};
        net_case_make(&c, seed + (uint64_t)i);
        if (grids)
            net_case_grids(&c);
        if (getenv("DN_VERBOSE"))
            net_case_print(stderr, &c);
        enum outcome outcome = try(&c, &why);
        if (outcome == FINE)
            continue;
        net_case_shrink(&c, fails_so, &outcome);
        struct dn_error small = {0};
        try(&c, &small);
        net_case_print(stdout, &c);
        ck_abort_msg("seed %llu: %s\nmade small: %s", (unsigned long long)(seed + (uint64_t)i), why.text, small.text);
    }
}

START_TEST(test_no_plan_changes_a_bit)
{
    int cases = (int)env_number("DN_CASES", 350);
    uint64_t seed = (uint64_t)env_number("DN_SEED", 1);
    check_cases(seed + (uint64_t)(_i * cases), cases, false);
}
END_TEST

START_TEST(test_no_grid_with_reuse_changes_a_bit)
{
    int cases = (int)env_number("DN_CASES", 350);
    strips = 0;
    check_cases((uint64_t)env_number("DN_SEED", 1) + (uint64_t)(_i * cases), cases, true);
    ck_assert_msg(strips > cases / 8, "only %d maps kept a strip", strips);
}
END_TEST

Suite *suite(void)
{
    net_run_patiently();
    Suite *s = suite_create("exec/bits");
    TCase *t = tcase_create("random networks and plans");
    tcase_set_timeout(t, 600);
    tcase_add_loop_test(t, test_no_plan_changes_a_bit, 0, 4);
    tcase_add_loop_test(t, test_no_grid_with_reuse_changes_a_bit, 0, 2);
    suite_add_tcase(s, t);
    return s;
}
