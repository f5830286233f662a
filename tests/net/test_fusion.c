/* [fusion] sections: what is printed is read back as the same plan; nonsense is refused with its
 * place. */
#include "support/suite.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plan/print.h"
#include "support/net_case.h"

/* ---- parse, print, parse -------------------------------------------------------------------- */

static void print_text(FILE *out, const void *text)
{
    fputs(text, out);
}

static char *fusion_text(const struct dn_flow *flow, const struct dn_plan *plan)
{
    struct dn_machine machine = dn_machine_default("avx2", 1);
    struct dn_plan_facts facts = {.flow = flow, .plan = plan, .machine = &machine};
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    dn_plan_fusion(out, &facts);
    fclose(out);
    return text;
}

static struct dn_plan_options options(int threads)
{
    return (struct dn_plan_options){.threads = threads,
                                    .machine = dn_machine_default("avx2", threads)};
}

/* The plan of the sections in `text`. */
static enum dn_status plan_text(struct net_graph *g, const char *text, struct dn_plan_options o, struct dn_plan *plan,
                                struct dn_error *err)
{
    struct dn_fusion fusion;
    char path[32];
    temporary_text(path, print_text, text);
    if (!dn_fusion_read(path, g->graph.n, &fusion, err)) {
        o.fusion = &fusion;
        dn_plan_make(&g->flow, &o, plan, err);
        dn_fusion_free(&fusion);
    }
    unlink(path);
    return err->status;
}

static void check_fixpoint(struct net_graph *g, size_t budget, int threads)
{
    struct dn_plan_options o = options(threads);
    struct dn_plan first, second;
    struct dn_error err = {0};
    o.budget = budget;
    if (dn_plan_make(&g->flow, &o, &first, &err)) {
        ck_assert_int_eq(err.status, DN_BUDGET);
        return;
    }
    char *text = fusion_text(&g->flow, &first);
    ck_assert_msg(!plan_text(g, text, o, &second, &err), "%s\n%s", err.text, text);
    char *again = fusion_text(&g->flow, &second);
    ck_assert_str_eq(text, again);
    ck_assert_msg(first.arena_bytes == second.arena_bytes, "%zu and %zu bytes with a budget of %zu\n%s",
                  first.arena_bytes, second.arena_bytes, budget, text);
    ck_assert_double_eq(first.seconds, second.seconds);
    free(text);
    free(again);
    dn_plan_free(&first);
    dn_plan_free(&second);
}

START_TEST(test_a_printed_plan_is_read_back)
{
    uint64_t seed = (uint64_t)env_number("DN_SEED", 1);
    for (int i = 0; i < 200; i++) {
        static struct net_case c;
        struct net_graph g;
        struct dn_plan plan;
        struct dn_error err = {0};
        const int threads = 1 + i % 3;
        struct dn_plan_options o = options(threads);
        net_case_make(&c, seed + (uint64_t)i);
        if (!net_graph_read(&g, &c))
            continue;
        ck_assert(!dn_plan_make(&g.flow, &o, &plan, &err));
        check_fixpoint(&g, 0, threads);
        for (int part = 1; part <= 4; part++)
            check_fixpoint(&g, plan.arena_bytes * (size_t)part / 4, threads);
        dn_plan_free(&plan);
        net_graph_free(&g);
    }
}
END_TEST

/* ---- hostile sections ----------------------------------------------------------------------- */

static const char four_layers[] = "[convolutional]\nfilters=4\nsize=3\nstride=1\npad=1\nactivation=leaky\n";

static const struct {
    const char *text, *line, *word;
} refused[] = {
    {"[fusion]\ntiles=2x1\n", ":1:", "which layers"},
    {"[fusion]\nlayers=\n", "", ""},
    {"[fusion]\nlayers=2-1\n", ":2:", "range"},
    {"[fusion]\nlayers=0-4\n", ":2:", "range"},
    {"[fusion]\nlayers=-1-2\n", ":2:", "layers"},
    {"[fusion]\nlayers=0-1x\n", ":2:", "layers"},
    {"[fusion]\nlayers=99999999999999999999\n", ":2:", "layers"},
    {"[fusion]\nlayers=0,1,,3\n", ":2:", "several such ranges"},
    {"[fusion]\nlayers=0-1\ntiles=40000\n", ":3:", "32768"},
    {"[fusion]\nlayers=0-1\ntiles\n", ":3:", "no value"},
    {"[fusion]\nlayers=0-1\ntiles=2\ntiles=4\n", ":4:", "twice"},
    {"[fusion]\nlayers=0-1\norder=early\n[fusion]\nlayers=2\norder=file\n", ":6:", "another order"},
    {"[fusion]\nlayers=0-1\nconcat=2\n[fusion]\nlayers=2\nconcat=5\n", ":6:", "another number"},
    {"[fusion]\nlayers=0-1\nthrift=-1\n", ":3:", "from 0 on"},
    {"[fusion]\nlayers=0-1\nthrift=5\n", ":3:", "allowed are 0 to 4"},
    {"[fusion]\nlayers=0-1\n[fusion]\nlayers=1-2\n", ":3:", "already"},
    {"[fusion]\nlayers=0-1,1\n", ":1:", "already"},
    {"[fusion]\nlayers=0-1\ntiles=0x1\n", ":3:", "tiles"},
    {"[fusion]\nlayers=0-1\ntiles=-2\n", ":3:", "tiles"},
    {"[fusion]\nlayers=0-1\ntiles=2x\n", ":3:", "tiles"},
    {"[fusion]\nlayers=0-1\ntiles=2x2x2\n", ":3:", "tiles"},
    {"[fusion]\nlayers=0-1\ntiles=4294967297x1\n", ":3:", "tiles"},
    {"[fusion]\nlayers=0-1\ntiles=9x1\n", ":1:", "8 rows"},
    {"[fusion]\nlayers=0-1\ntiles=1x9\n", ":1:", "8 columns"},
    {"[fusion]\nlayers=0-1\noverlap=maybe\n", ":3:", "reuse"},
    {"[fusion]\nlayers=0-1\ntiles=4x1\nstripes=0\n", ":4:", "stripes"},
    {"[fusion]\nlayers=0-1\ntiles=4x1\nstripes=5\n", ":4:", "at most as many"},
    {"[fusion]\nlayers=0-1\ntiles=4x2\nstripes=2\n", ":4:", "one column"},
    {"[fusion]\nlayers=0-1\ntiles=4x1\noverlap=recompute\nstripes=2\n", ":5:", "overlap=reuse"},
    {"[fusion]\nlayers=0-1\nstripes=2\n", ":3:", "at most as many"},
    {"[fusion]\nlayers=0-1\nweights=gone\n", ":3:", "resident"},
    {"[fusion]\nlayers=0-1\nslice=0\n", ":3:", "slice"},
    {"[fusion]\nlayers=0-1\nslice=two\n", ":3:", "slice"},
    {"[fusion]\nlayers=0-1\norder=late\n", ":3:", "early"},
    {"[fusion]\nlayers=0-1\nconcat=-1\n", ":3:", "concat"},
    {"[fusion]\nlayers=0-1\ncolour=red\n", ":3:", "colour"},
    {"[fusion]\nlayers=2-3\ntiles=2x1\n", ":1:", "cannot be tiled"},
    {"[fusion]\nlayers=0,2\n", ":1:", "runs between"},
    {"[fusion]\nlayers=0-1\n[convolutional]\nfilters=1\n", ":3:", "fusion"},
};

static void open_four(struct net_graph *g, const char *fourth)
{
    static struct net_case c = {.w = 8, .h = 8, .c = 3, .n = 4, .concat = -1};
    for (int i = 0; i < 3; i++)
        strcpy(c.section[i], four_layers);
    strcpy(c.section[3], fourth);
    ck_assert(net_graph_read(g, &c));
}

/* Layer 0 is read in its group, by layer 1 and over several rows, and behind it by the shortcut. */
START_TEST(test_stripes_do_not_read_what_others_need)
{
    struct net_graph g;
    struct dn_plan plan;
    struct dn_error err = {0};
    open_four(&g, "[shortcut]\nfrom=0\nactivation=linear\n");
    ck_assert_int_eq(plan_text(&g, "[fusion]\nlayers=0-1\ntiles=4x1\nstripes=2\n", options(2), &plan, &err), DN_INVALID);
    ck_assert_msg(strstr(err.text, ":1:") && strstr(err.text, "stripes"), "%s", err.text);
    err = (struct dn_error){0};
    ck_assert_msg(!plan_text(&g, "[fusion]\nlayers=1-3\ntiles=4x1\nstripes=2\n", options(2), &plan, &err), "%s", err.text);
    ck_assert_int_eq(plan.groups[1].stripes, 2);
    dn_plan_free(&plan);
    net_graph_free(&g);
}
END_TEST

START_TEST(test_nonsense_is_refused_with_its_place)
{
    struct net_graph g;
    struct dn_plan plan;
    struct dn_error err = {0};
    open_four(&g, "[reorg]\nstride=2\n");
    enum dn_status status = plan_text(&g, refused[_i].text, options(1), &plan, &err);
    ck_assert_msg(status == DN_INVALID, "accepted: %s", refused[_i].text);
    ck_assert_msg(strstr(err.text, refused[_i].line) && strstr(err.text, refused[_i].word), "%s of\n%s", err.text,
                  refused[_i].text);
    net_graph_free(&g);
}
END_TEST

/* As many as a printed plan may have. */
START_TEST(test_a_section_has_any_number_of_ranges)
{
    enum { LAYERS = 100 };
    char text[LAYERS * 4 + 32] = "[fusion]\nlayers=0";
    struct dn_fusion fusion;
    struct dn_error err = {0};
    char path[] = "/tmp/dn-ranges-XXXXXX";
    for (int i = 2; i < LAYERS; i += 2)
        sprintf(text + strlen(text), ",%d", i);
    FILE *file = fdopen(mkstemp(path), "w");
    ck_assert_ptr_nonnull(file);
    fprintf(file, "%s\n", text);
    fclose(file);
    ck_assert_msg(!dn_fusion_read(path, LAYERS, &fusion, &err), "%s", err.text);
    ck_assert_int_eq(fusion.groups[0].n, LAYERS / 2);
    ck_assert_int_eq(fusion.groups[0].ranges[LAYERS / 2 - 1].last, LAYERS - 2);
    dn_fusion_free(&fusion);
    remove(path);
}
END_TEST

/* Any bytes: read or refused, no crash; what is read makes a plan or a sentence. */
START_TEST(test_damaged_sections_do_no_harm)
{
    static const char sound[] = "[fusion]\nlayers=0-1\ntiles=4x1\noverlap=reuse\nstripes=2\nweights=stream\nslice=1\n"
                                "order=early\nconcat=3\n\n[fusion]\nlayers=2-2\ntiles=2x1\noverlap=recompute\n";
    static const char letters[] = "0123456789-,x=[]#\n layersti";
    struct dice d = {(uint64_t)env_number("DN_SEED", 1)};
    struct net_graph g;
    open_four(&g, "[reorg]\nstride=2\n");
    for (int i = 0; i < 4000; i++) {
        char text[sizeof sound];
        struct dn_plan plan;
        struct dn_error err = {0};
        memcpy(text, sound, sizeof text);
        for (int k = between(&d, 1, 4); k > 0; k--)
            text[roll(&d, sizeof text - 1)] = letters[roll(&d, sizeof letters - 1)];
        if (chance(&d, 10))
            text[roll(&d, sizeof text - 1)] = 0;
        if (!plan_text(&g, text, options(1), &plan, &err))
            dn_plan_free(&plan);
        else
            ck_assert_msg(strlen(err.text) > 10, "no sentence for\n%s", text);
    }
    net_graph_free(&g);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("net/fusion");
    TCase *t = tcase_create("sections");
    tcase_set_timeout(t, 300);
    tcase_add_test(t, test_a_printed_plan_is_read_back);
    tcase_add_test(t, test_stripes_do_not_read_what_others_need);
    tcase_add_loop_test(t, test_nonsense_is_refused_with_its_place, 0, (int)(sizeof refused / sizeof *refused));
    tcase_add_test(t, test_a_section_has_any_number_of_ranges);
    tcase_add_test(t, test_damaged_sections_do_no_harm);
    suite_add_tcase(s, t);
    return s;
}
