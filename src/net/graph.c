/* See graph.h. Sections become layers one to one; each type parses itself. */
#include "net/graph.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/print.h"
#include "base/size.h"
#include "net/cfg.h"

/* Batch and subdivisions only size stock's buffers, but values that make no sense are refused. */
static void parse_batch(struct dn_build *b)
{
    int batch = dn_key_int(b, "batch", 1, 1, 1 << 20);
    int subdivisions = dn_key_int(b, "subdivisions", 1, 1, 1 << 20);
    dn_key_int(b, "time_steps", 1, 1, 1 << 20);
    if (!b->err->status && subdivisions > batch)
        dn_build_fail(b, "subdivisions", "subdivisions=%d is larger than batch=%d", subdivisions, batch);
}

static enum dn_status parse_net(struct dn_build *b, struct dn_graph *g)
{
    const char *name = b->section->name;
    if (strcmp(name, "net") != 0 && strcmp(name, "network") != 0)
        return dn_build_fail(b, NULL, "is the first section; it must be [net]");
    parse_batch(b);
    g->w = dn_key_int(b, "width", 0, 0, 1 << 15);
    g->h = dn_key_int(b, "height", 0, 0, 1 << 15);
    g->c = dn_key_int(b, "channels", 0, 0, 1 << 15);
    g->letter_box = dn_key_flag(b, "letter_box", false);
    int inputs = dn_key_int(b, "inputs", 0, 0, 1 << 30);
    if (b->err->status)
        return b->err->status;
    if (!g->w || !g->h || !g->c) {
        if (!inputs)
            return dn_build_fail(b, NULL, "needs width, height and channels above 0, or inputs");
        g->c = inputs;
        g->h = g->w = 1;
    }
    if (dn_graph_inputs(g) > INT_MAX / 4)
        return dn_build_fail(b, NULL, "asks for an input of %dx%dx%d values: more than 2^29", g->w,
                             g->h, g->c);
    return DN_OK;
}

static void note_unused(const struct dn_section *s, FILE *notices)
{
    for (int i = 0; i < s->n; i++)
        if (!s->keys[i].used && s->keys[i].value)
            fprintf(notices, "Unused field: '%s = %s'\n", s->keys[i].name, s->keys[i].value);
}

/* Keys that every section may carry, format section 1.5. */
static enum dn_status parse_common(struct dn_build *b, struct dn_layer *l)
{
    static const char *const ignored[] = {
        "truth", "onlyforward", "stopbackward", "dontsave", "numload", "learning_rate", "smooth",
        "clip", "dont_update", "burnin_update", "train_only_bn", "dontloadscales", "stream", "wait_stream", NULL};
    l->dontload = dn_key_flag(b, "dontload", false);
    if (dn_key_present(b, "numload") && dn_key_int(b, "numload", 0, INT_MIN, INT_MAX))
        return dn_build_fail(b, "numload", "numload loads a part of a layer; it is for training only");
    dn_key_ignore(b, ignored);
    return b->err->status;
}

static enum dn_status build_layer(struct dn_build *b, struct dn_graph *g, struct dn_layer *l)
{
    const struct dn_layer_ops *ops = dn_layer_type(b->section->name);
    if (!ops)
        return dn_build_fail(b, NULL, "is not a layer type that this program computes");
    *l = (struct dn_layer){.ops = ops, .index = b->index, .line = b->section->line,
                           .dialect = b->dialect, .shares = -1, .c = b->c, .h = b->h, .w = b->w};
    if (parse_common(b, l) || ops->parse(b, l))
        return b->err->status;
    if (l->shares >= 0 || l->dontload)
        return DN_OK;
    g->weights += l->file_head + l->file_filters + l->file_tail;
    return DN_OK;
}

/* Sections between [net] and the first [fusion]. */
static int count_layers(const struct dn_cfg *cfg)
{
    int n = 0;
    while (n + 1 < cfg->n && strcmp(cfg->sections[n + 1].name, "fusion") != 0)
        n++;
    return n;
}

/* The layers of sections 1 to n. */
static enum dn_status build_layers(struct dn_build *b, const struct dn_cfg *cfg, int n, bool exact, struct dn_graph *g,
                                   FILE *notices)
{
    for (b->index = 0; b->index < n; b->index++) {
        struct dn_layer *l = &g->layers[b->index];
        b->section = &cfg->sections[b->index + 1];
        size_t before = g->weights;
        g->n++;
        if (build_layer(b, g, l))
            return b->err->status;
        note_unused(b->section, notices);
        l->file_offset = before;
        if (l->ops->type == DN_CONVOLUTIONAL) {
            l->u.convolutional.conv.exact |= exact || l->shares >= 0;
            if (l->shares >= 0) /* packed filters are of one kind */
                g->layers[l->shares].u.convolutional.conv.exact = true;
        }
        b->c = l->out_c;
        b->h = l->out_h;
        b->w = l->out_w;
    }
    return DN_OK;
}

static enum dn_status build(struct dn_cfg *cfg, const struct dn_graph_options *options,
                            struct dn_graph *g, struct dn_error *err)
{
    struct dn_build b = {.path = cfg->path, .section = &cfg->sections[0], .dialect = options->dialect, .err = err};
    struct dn_print notices;
    g->dialect = options->dialect;
    if (parse_net(&b, g))
        return err->status;
    int n = count_layers(cfg);
    if (n == 0)
        return dn_build_fail(&b, NULL, "is not followed by any layer");
    g->layers = calloc((size_t)n, sizeof *g->layers);
    g->path = strdup(cfg->path);
    if (!g->layers || !g->path)
        return dn_fail(err, DN_NO_MEMORY, "%s: no memory for %d layers", cfg->path, n);
    b.net_c = b.c = g->c;
    b.net_h = b.h = g->h;
    b.net_w = b.w = g->w;
    b.layers = g->layers;
    if (dn_print_begin(&notices, err))
        return err->status;
    build_layers(&b, cfg, n, options->exact, g, notices.out);
    g->notices = dn_print_end(&notices, err);
    if (err->status)
        return err->status;
    for (g->output = g->n - 1; g->output > 0 && g->layers[g->output].ops->type == DN_COST;)
        g->output--;
    g->input_layout = dn_input_is_planar(&g->layers[0], g->c) ? DN_PLANAR : DN_BLOCKED;
    if (cfg->n > n + 1)
        return dn_fusion_parse(cfg->path, cfg->sections + n + 1, cfg->n - n - 1, n, &g->fusion, err);
    return DN_OK;
}

enum dn_status dn_graph_read(const char *path, const struct dn_graph_options *options,
                             struct dn_graph *graph, struct dn_error *err)
{
    struct dn_cfg cfg;
    memset(graph, 0, sizeof *graph);
    enum dn_status status = dn_cfg_read(path, &cfg, err);
    if (status)
        return status;
    status = build(&cfg, options, graph, err);
    dn_cfg_free(&cfg);
    if (status)
        dn_graph_free(graph);
    return status;
}

void dn_graph_free(struct dn_graph *graph)
{
    for (int i = 0; i < graph->n; i++)
        dn_layer_free(&graph->layers[i]);
    free(graph->layers);
    free(graph->path);
    free(graph->notices);
    dn_fusion_free(&graph->fusion);
    memset(graph, 0, sizeof *graph);
}

int dn_graph_root(const struct dn_graph *graph, int map, int *channel)
{
    *channel = 0;
    while (map > 0 && graph->layers[map - 1].alias) {
        *channel += graph->layers[map - 1].alias_channel;
        map = graph->layers[map - 1].in[0] + 1;
    }
    return map;
}

double dn_graph_flops(const struct dn_graph *graph)
{
    double flops = 0;
    for (int i = 0; i < graph->n; i++)
        flops += graph->layers[i].flops;
    return flops;
}
