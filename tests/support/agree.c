#include "support/agree.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/model.h"
#include "support/net_run.h"

struct both {
    struct model model;
    struct dn_graph graph;
    struct dn_flow flow;
    struct dn_weights weights;
    float **map; /* [n] what the engine computed, planar */
    struct engine_error error;
    char cfg_path[32], weights_path[40];
};

static void print_text(FILE *out, const void *text)
{
    fputs(text, out);
}

static enum dn_status read_row(void *context, int y, float *row, ptrdiff_t plane, struct dn_error *err)
{
    const struct model_map *input = context;
    (void)err;
    for (int c = 0; c < input->c; c++)
        for (int x = 0; x < input->w; x++)
            row[c * plane + x] = (float)*model_at(input, c, y, x);
    return DN_OK;
}

static void keep_map(void *context, int layer, const struct dn_view *output)
{
    struct both *b = context;
    b->map[layer] = planar_copy(output);
}

static enum dn_status run_engine(struct both *b, const struct agree_options *o, struct dn_error *err)
{
    struct dn_fusion none = {0};
    const struct dn_kernels *k = dn_kernels(o->isa);
    struct dn_plan_options options = {.threads = o->threads ? o->threads : 1, .fusion = &none,
                                      .machine = dn_machine_default("avx2", 1)};
    struct dn_rows rows = {.read = read_row, .context = &b->model.input};
    struct dn_observer observer = {keep_map, b};
    struct dn_plan plan;
    struct dn_exec exec;
    if (dn_weights_open(b->weights_path, &b->graph, &b->weights, err))
        return err->status;
    if (!dn_plan_make(&b->flow, &options, &plan, err)) {
        if (!dn_exec_create(&exec, &b->flow, &plan, k, &b->weights, err)) {
            dn_exec_run(&exec, &rows, &observer, err);
            dn_exec_free(&exec);
        }
        dn_plan_free(&plan);
    }
    dn_weights_close(&b->weights);
    return err->status;
}

/* ---- comparing ------------------------------------------------------------------------------ */

static bool is_winograd(const struct dn_layer *l)
{
    return l->ops->type == DN_CONVOLUTIONAL && dn_conv_is_winograd(&l->u.convolutional.conv);
}

static bool is_near(double engine, double model, double size)
{
    return (isnan(engine) && isnan(model)) || size == INFINITY || fabs(engine - model) <= 1e-5 * size + 1e-37;
}

static bool compare_shape(const struct dn_layer *l, const struct model_map *m, struct dn_error *why)
{
    if (l->out_c == m->c && l->out_h == m->h && l->out_w == m->w)
        return true;
    dn_fail(why, DN_INVALID, "layer %d [%s] has the shape %dx%dx%d (width, height, channels), the model's %dx%dx%d",
            l->index, l->ops->names[0], l->out_w, l->out_h, l->out_c, m->w, m->h, m->c);
    return false;
}

/* Compares layer i, and gives the model the engine's values to go on with. What kernels make of
 * values that are not finite is not defined, so *finite ends the comparison. */
static bool compare_layer(struct both *b, int i, bool *finite, struct dn_error *why)
{
    const struct dn_layer *l = &b->graph.layers[i];
    model_layer(&b->model, i);
    const struct model_map *m = &b->model.maps[i];
    double most = 0;
    for (size_t k = 0; k < model_values(m); k++)
        most = fmax(most, fmax(m->size[k], fabs(m->v[k])));
    for (size_t k = 0; k < model_values(m); k++) {
        double engine = (double)b->map[i][k], size = fmax(m->size[k], fabs(m->v[k]));
        int pixels = m->h * m->w;
        if (!is_near(engine, m->v[k], is_winograd(l) ? most : size)) {
            dn_fail(why, DN_INVALID, "layer %d [%s] of %dx%dx%d: channel %d, row %d, column %d is %.9g, the model's %.9g",
                    i, l->ops->names[0], m->w, m->h, m->c, (int)k / pixels, (int)k % pixels / m->w, (int)k % m->w, engine, m->v[k]);
            return false;
        }
        m->v[k] = engine;
        *finite = *finite && isfinite(engine);
    }
    return true;
}

static enum agreement compare(struct both *b, const struct agree_options *o, struct dn_error *why)
{
    for (int i = 0; i < b->graph.n; i++) {
        model_layer(&b->model, i);
        if (!compare_shape(&b->graph.layers[i], &b->model.maps[i], why))
            return AGREE_NO;
    }
    if (b->graph.n != b->model.n || b->graph.weights != b->model.n_weights) {
        dn_fail(why, DN_INVALID, "%d layers with %zu weights; the model has %d with %zu", b->graph.n, b->graph.weights,
                b->model.n, b->model.n_weights);
        return AGREE_NO;
    }
    model_write_weights(&b->model, b->weights_path);
    if (run_engine(b, o, why))
        return AGREE_NO;
    bool finite = true;
    for (int i = 0; i < b->graph.n && finite; i++)
        if (!compare_layer(b, i, &finite, why))
            return AGREE_NO;
    return AGREE_YES;
}

/* Reads the cfg, makes the weights, and calls `work`. AGREE_REFUSED when the engine does not take it. */
static enum agreement open_both(struct both *b, const char *cfg, const struct agree_options *options,
                                enum agreement (*work)(struct both *, const struct agree_options *, struct dn_error *),
                                struct dn_error *why)
{
    struct dn_graph_options graph = {options->alexeyab ? DN_ALEXEYAB : DN_STOCK, options->exact};
    temporary_text(b->cfg_path, print_text, cfg);
    snprintf(b->weights_path, sizeof b->weights_path, "%s.w", b->cfg_path);
    enum agreement result = AGREE_REFUSED;
    if (!dn_graph_read(b->cfg_path, &graph, &b->graph, why)) {
        model_open(&b->model, b->cfg_path, options->alexeyab, options->seed);
        b->map = calloc((size_t)b->graph.n, sizeof *b->map);
        if (!b->map || dn_flow_init(&b->flow, &b->graph, why))
            abort();
        result = work(b, options, why);
        for (int i = 0; i < b->graph.n; i++)
            free(b->map[i]);
        free(b->map);
        model_close(&b->model);
        dn_flow_free(&b->flow);
        dn_graph_free(&b->graph);
    }
    unlink(b->cfg_path);
    unlink(b->weights_path);
    return result;
}

enum agreement engine_agrees(const char *cfg, const struct agree_options *options, struct dn_error *why)
{
    struct both b = {0};
    return open_both(&b, cfg, options, compare, why);
}

static enum agreement measure(struct both *b, const struct agree_options *o, struct dn_error *why)
{
    int last = b->graph.n - 1;
    for (int i = 0; i <= last; i++)
        model_layer(&b->model, i);
    model_write_weights(&b->model, b->weights_path);
    if (run_engine(b, o, why))
        return AGREE_NO;
    const struct model_map *m = &b->model.maps[last];
    for (size_t k = 0; k < model_values(m); k++) {
        double d = fabs((double)b->map[last][k] - m->v[k]);
        b->error.rms += d * d;
        b->error.most = fmax(b->error.most, d);
    }
    b->error.rms = sqrt(b->error.rms / (double)model_values(m));
    return AGREE_YES;
}

struct engine_error engine_error(const char *cfg, const struct agree_options *options)
{
    struct both b = {0};
    struct dn_error why = {0};
    open_both(&b, cfg, options, measure, &why);
    return b.error;
}
