#include "support/layer_case.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/size.h"
#include "net/weights.h"
#include "support/agree.h"
#include "support/net_case.h"

/* ---- formulas ------------------------------------------------------------------------------- */

void layer_agrees(const char *cfg)
{
    const char *names[DN_KERNEL_SETS];
    int n = dn_kernels_available(names);
    for (int i = 0; i < 4 * n; i++) {
        struct agree_options o = {.isa = names[i / 4], .alexeyab = i & 1, .exact = i & 2, .threads = 1 + i % 3, .seed = 7};
        struct dn_error why = {0};
        ck_assert_msg(engine_agrees(cfg, &o, &why) == AGREE_YES, "%s, %s%s: %s\n%s", o.isa, o.alexeyab ? "alexeyab" : "stock",
                      o.exact ? ", exact" : "", why.text, cfg);
    }
}

/* ---- sentences ------------------------------------------------------------------------------ */

static void print_text(FILE *out, const void *text)
{
    fputs(text, out);
}

static enum dn_status read_graph(const char *cfg, bool alexeyab, char path[32], struct dn_graph *g, struct dn_error *err)
{
    struct dn_graph_options options = {alexeyab ? DN_ALEXEYAB : DN_STOCK, false};
    temporary_text(path, print_text, cfg);
    dn_graph_read(path, &options, g, err);
    unlink(path);
    return err->status;
}

void layer_is_refused(const char *cfg, bool alexeyab, const char *text)
{
    struct dn_error err = {0};
    struct dn_graph g;
    char path[32], expected[600];
    bool refused = read_graph(cfg, alexeyab, path, &g, &err);
    if (!refused)
        dn_graph_free(&g);
    ck_assert_msg(refused, "accepted:\n%s", cfg);
    snprintf(expected, sizeof expected, "%s:%s", path, text);
    ck_assert_str_eq(err.text, expected);
}

/* ---- spans ---------------------------------------------------------------------------------- */

enum { INPUTS = 8 };

/* The last layer of a cfg with memory of its own. */
struct single {
    struct dn_graph graph;
    const struct dn_layer *l;
    const struct dn_kernels *kernels;
    struct dn_view in[INPUTS], out;
    float *whole; /* the whole output */
    float *params, *filters;
    struct dice dice;
};

static float *floats(size_t n)
{
    float *p = aligned_alloc(64, dn_align_up((n + 1) * sizeof *p, 64));
    ck_assert_ptr_nonnull(p);
    return p;
}

static size_t view_floats(const struct dn_view *v)
{
    size_t columns = (size_t)v->w + 2 * (size_t)v->pad;
    return v->layout == DN_PLANAR ? (size_t)v->c * (size_t)v->h * columns
                                  : (size_t)dn_blocks(v->c) * DN_BLOCK * (size_t)v->h * columns;
}

static float *view_begin(const struct dn_view *v)
{
    return v->data - (ptrdiff_t)v->pad * DN_BLOCK;
}

static struct dn_view view_new(int c, int h, int w, int pad, enum dn_layout layout)
{
    struct dn_view v = {.c = c, .h = h, .w = w, .rows = h, .pad = layout == DN_PLANAR ? 0 : pad, .layout = layout};
    v.block = layout == DN_PLANAR ? (ptrdiff_t)w * h : (ptrdiff_t)(w + 2 * v.pad) * DN_BLOCK;
    v.row = layout == DN_PLANAR ? w : v.block * dn_blocks(c);
    v.data = floats(view_floats(&v)) + (ptrdiff_t)v.pad * DN_BLOCK;
    for (size_t i = 0; i < view_floats(&v); i++)
        view_begin(&v)[i] = 0;
    return v;
}

static void shape_of(const struct dn_graph *g, int map, struct dn_view *v, int pad)
{
    const struct dn_layer *l = map >= 0 ? &g->layers[map] : NULL;
    *v = l ? view_new(l->out_c, l->out_h, l->out_w, pad, l->out_layout) : view_new(g->c, g->h, g->w, pad, g->input_layout);
}

/* Random values; `above` in the channels above the last. */
static void fill(struct dice *d, const struct dn_view *v, float above)
{
    int channels = v->layout == DN_PLANAR ? v->c : dn_blocks(v->c) * DN_BLOCK;
    for (int c = 0; c < channels; c++)
        for (int y = 0; y < v->h; y++)
            for (int x = 0; x < v->w; x++)
                *dn_view_element(v, c, y, x) = c < v->c ? (float)between(d, -1000, 1000) / 500 : above;
}

static void load_weights(struct single *s)
{
    struct dn_error err = {0};
    struct dn_weights w;
    const struct dn_layer *l = s->l;
    int blocks = dn_blocks(l->out_c);
    ck_assert_int_eq(dn_weights_open(NULL, &s->graph, &w, &err), DN_OK);
    float *scratch = floats(dn_weights_params_scratch(l)), *raw = floats(dn_weights_raw_floats(&w, l, 0, blocks));
    s->params = floats(l->params);
    dn_weights_params(&w, l, scratch, s->params, &err);
    if (l->file_filters)
        dn_weights_filters(&w, l, 0, blocks, raw, &err);
    ck_assert_int_eq(err.status, DN_OK);
    s->filters = l->ops->packed ? floats(l->ops->packed(l, 0, blocks)) : raw;
    if (l->ops->packed) {
        l->ops->pack(l, s->kernels, 0, blocks, raw, s->filters, 1);
        free(raw);
    }
    free(scratch);
    dn_weights_close(&w);
}

static void run_layer(const struct single *s, const struct dn_view *in, struct dn_rect rect, int threads)
{
    const struct dn_layer *l = s->l;
    int thrift = rect.y0 % DN_THRIFT_LEVELS;
    size_t bytes = l->ops->workspace ? l->ops->workspace(l, rect, threads, thrift) : 0;
    float *workspace = floats(bytes / sizeof(float) + 1);
    memset(workspace, 0xff, bytes);
    struct dn_run run = {.kernels = s->kernels, .layer = l, .in = in, .out = s->out, .rect = rect,
                         .block1 = dn_blocks(l->out_c), .params = s->params, .filters = s->filters,
                         .workspace = workspace, .threads = threads, .thrift = thrift};
    l->ops->run(&run);
    free(workspace);
}

static void single_open(struct single *s, const char *cfg)
{
    struct dn_error err = {0};
    char path[32];
    *s = (struct single){.kernels = dn_kernels(NULL), .dice = {5}};
    ck_assert_msg(!read_graph(cfg, true, path, &s->graph, &err), "%s", err.text);
    s->l = &s->graph.layers[s->graph.n - 1];
    ck_assert_msg(s->l->ops->span && !s->l->whole && s->l->ops->run, "not tiled");
    for (int k = 0; k < s->l->n_in; k++) {
        shape_of(&s->graph, s->l->in[k], &s->in[k], s->l->pad);
        fill(&s->dice, &s->in[k], 3);
    }
    shape_of(&s->graph, s->graph.n - 1, &s->out, 1);
    load_weights(s);
    run_layer(s, s->in, dn_rect_whole(&s->out), 1);
    s->whole = floats(view_floats(&s->out));
    memcpy(s->whole, view_begin(&s->out), view_floats(&s->out) * sizeof(float));
}

static void single_close(struct single *s)
{
    for (int k = 0; k < s->l->n_in; k++)
        free(view_begin(&s->in[k]));
    free(view_begin(&s->out));
    free(s->whole);
    free(s->params);
    free(s->filters);
    dn_graph_free(&s->graph);
}

/* A copy of input k with NaN outside of rows and columns. */
static struct dn_view visible(const struct single *s, int k, struct dn_span rows, struct dn_span columns)
{
    const struct dn_view *in = &s->in[k];
    struct dn_view v = view_new(in->c, in->h, in->w, in->pad, in->layout);
    int channels = v.layout == DN_PLANAR ? v.c : dn_blocks(v.c) * DN_BLOCK;
    for (int c = 0; c < channels; c++)
        for (int y = 0; y < v.h; y++)
            for (int x = 0; x < v.w; x++) {
                bool seen = y >= rows.lo && y < rows.hi && x >= columns.lo && x < columns.hi;
                *dn_view_element(&v, c, y, x) = !seen ? NAN : c < v.c ? *dn_view_element(in, c, y, x) : -5;
            }
    return v;
}

/* Whether the rectangle differs from that of the whole map. */
static bool differs(const struct single *s, struct dn_rect r)
{
    struct dn_view whole = s->out;
    whole.data = s->whole + (s->out.data - view_begin(&s->out));
    for (int c = 0; c < s->out.c; c++)
        for (int y = r.y0; y < r.y1; y++)
            for (int x = r.x0; x < r.x1; x++)
                if (memcmp(dn_view_element(&whole, c, y, x), dn_view_element(&s->out, c, y, x), sizeof(float)) != 0)
                    return true;
    return false;
}

static bool untouched_outside(const struct single *s, struct dn_rect r)
{
    int channels = s->out.layout == DN_PLANAR ? s->out.c : dn_blocks(s->out.c) * DN_BLOCK;
    for (int c = 0; c < channels; c++)
        for (int y = 0; y < s->out.h; y++)
            for (int x = 0; x < s->out.w; x++) {
                bool inside = y >= r.y0 && y < r.y1 && x >= r.x0 && x < r.x1;
                float v = *dn_view_element(&s->out, c, y, x);
                if (inside ? !isfinite(v) : v != 99)
                    return false;
            }
    return true;
}

static void mark_output(const struct single *s)
{
    for (size_t i = 0; i < view_floats(&s->out); i++)
        view_begin(&s->out)[i] = 99;
}

/* Does row (axis 0) or column `at` of input k count for the rectangle? Some value must. */
static bool counts(const struct single *s, int k, int axis, int at, struct dn_rect r)
{
    struct dn_view in[INPUTS];
    memcpy(in, s->in, sizeof in);
    in[k] = visible(s, k, (struct dn_span){0, in[k].h}, (struct dn_span){0, in[k].w});
    for (int c = 0; c < in[k].c; c++)
        for (int y = axis ? 0 : at; y < (axis ? in[k].h : at + 1); y++)
            for (int x = axis ? at : 0; x < (axis ? at + 1 : in[k].w); x++)
                *dn_view_element(&in[k], c, y, x) += 1000;
    run_layer(s, in, r, 1);
    free(view_begin(&in[k]));
    return differs(s, r);
}

static void check_tight(const struct single *s, int k, int axis, struct dn_span span, struct dn_rect r)
{
    int ends[2] = {span.lo, span.hi - 1};
    for (int i = 0; i < 2 && span.hi > span.lo; i++)
        ck_assert_msg(counts(s, k, axis, ends[i], r),
                      "%s %d of input %d is said to count for rows %d to %d, columns %d to %d, and does not",
                      axis ? "column" : "row", ends[i], k, r.y0, r.y1, r.x0, r.x1);
}

static void check_rect(struct single *s, struct dn_rect r, bool tight)
{
    struct dn_view in[INPUTS];
    struct dn_span rows[INPUTS], columns[INPUTS];
    for (int k = 0; k < s->l->n_in; k++) {
        rows[k] = s->l->ops->span(s->l, k, 0, (struct dn_span){r.y0, r.y1});
        columns[k] = s->l->ops->span(s->l, k, 1, (struct dn_span){r.x0, r.x1});
        ck_assert(rows[k].lo >= 0 && rows[k].lo <= rows[k].hi && rows[k].hi <= s->in[k].h);
        ck_assert(columns[k].lo >= 0 && columns[k].lo <= columns[k].hi && columns[k].hi <= s->in[k].w);
        in[k] = visible(s, k, rows[k], columns[k]);
    }
    mark_output(s);
    run_layer(s, in, r, between(&s->dice, 1, 3));
    ck_assert_msg(!differs(s, r), "rows %d to %d, columns %d to %d depend on more than they say", r.y0, r.y1, r.x0, r.x1);
    ck_assert_msg(untouched_outside(s, r), "rows %d to %d, columns %d to %d: written outside, or not finite", r.y0, r.y1,
                  r.x0, r.x1);
    for (int k = 0; k < s->l->n_in; k++) {
        free(view_begin(&in[k]));
        if (tight) {
            check_tight(s, k, 0, rows[k], r);
            check_tight(s, k, 1, columns[k], r);
        }
    }
}

void layer_spans_are_right(const char *cfg, bool tight)
{
    struct single s;
    single_open(&s, cfg);
    for (int i = 0; i < 20; i++) {
        struct dn_rect r;
        r.y0 = roll(&s.dice, s.out.h);
        r.y1 = between(&s.dice, r.y0 + 1, s.out.h);
        r.x0 = roll(&s.dice, s.out.w);
        r.x1 = between(&s.dice, r.x0 + 1, s.out.w);
        check_rect(&s, r, tight);
    }
    single_close(&s);
}

/* ---- programs ------------------------------------------------------------------------------- */

static const struct layer_tests *all;

START_TEST(it_computes_its_formula)
{
    layer_agrees(all->nets[_i]);
}
END_TEST

START_TEST(it_reads_what_it_says)
{
    layer_spans_are_right(all->tiled[_i].cfg, all->tiled[_i].tight);
}
END_TEST

START_TEST(what_it_cannot_compute_is_refused)
{
    layer_is_refused(all->refusals[_i].cfg, all->refusals[_i].alexeyab, all->refusals[_i].text);
}
END_TEST

Suite *layer_suite(const struct layer_tests *tests)
{
    int nets = 0, tiled = 0, refusals = 0;
    for (all = tests; tests->nets[nets];)
        nets++;
    while (tests->tiled && tests->tiled[tiled].cfg)
        tiled++;
    while (tests->refusals && tests->refusals[refusals].cfg)
        refusals++;
    Suite *s = suite_create(tests->name);
    TCase *t = tcase_create(tests->name);
    tcase_add_loop_test(t, it_computes_its_formula, 0, nets);
    tcase_add_loop_test(t, it_reads_what_it_says, 0, tiled);
    tcase_add_loop_test(t, what_it_cannot_compute_is_refused, 0, refusals);
    suite_add_tcase(s, t);
    return s;
}
