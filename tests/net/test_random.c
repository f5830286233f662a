/* The law of the layers: random small networks compute what their formulas say. */
#include "support/suite.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/kernel.h"
#include "support/agree.h"
#include "support/net_case.h"
#include "support/net_run.h"

/* The case's isa chooses the dialect and exactness, too. */
static enum agreement try(const struct net_case *c, struct dn_error *why)
{
    const char *names[DN_KERNEL_SETS];
    int n = dn_kernels_available(names);
    struct agree_options options = {.isa = names[c->isa % n], .alexeyab = c->isa & 8, .exact = (c->isa & 48) == 48,
                                    .threads = c->threads, .seed = c->seed};
    char *cfg = NULL;
    size_t bytes;
    FILE *f = open_memstream(&cfg, &bytes);
    net_case_cfg(f, c);
    fclose(f);
    enum agreement result = engine_agrees(cfg, &options, why);
    free(cfg);
    return result;
}

static bool disagrees(const struct net_case *c, void *context)
{
    struct dn_error why = {0};
    (void)context;
    return try(c, &why) == AGREE_NO;
}

START_TEST(random_networks_compute_what_the_formulas_say)
{
    int cases = (int)env_number("DN_CASES", 200);
    uint64_t seed = (uint64_t)env_number("DN_SEED", 1) + (uint64_t)(_i * cases);
    static struct net_case c;
    for (int i = 0; i < cases; i++) {
        struct dn_error why = {0};
        net_case_make(&c, seed + (uint64_t)i);
        if (try(&c, &why) != AGREE_NO)
            continue;
        net_case_shrink(&c, disagrees, NULL);
        struct dn_error small = {0};
        try(&c, &small);
        net_case_print(stdout, &c);
        ck_abort_msg("seed %llu: %s\nmade small: %s", (unsigned long long)(seed + (uint64_t)i), why.text, small.text);
    }
}
END_TEST

Suite *suite(void)
{
    net_run_patiently();
    Suite *s = suite_create("net/random");
    TCase *t = tcase_create("random networks");
    tcase_set_timeout(t, 600);
    tcase_add_loop_test(t, random_networks_compute_what_the_formulas_say, 0, 2);
    suite_add_tcase(s, t);
    return s;
}
