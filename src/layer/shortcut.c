/* [shortcut]: the previous map plus one or more earlier ones.
 *
 * Stock adds one map, out = alpha * previous + beta * from, of any shape: of a larger one every
 * stride-th pixel is taken, a smaller one falls on every sample-th pixel, and only the channels both
 * have take part; the rest of the previous map passes unscaled. All resnets rely on that. The
 * alexeyab dialect adds several maps of equal rows and columns, without alpha and beta, but with
 * learnt coefficients when weights_type says so. Format section 3.9. */
#include "layer/layer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "layer/rows.h"
#include "layer/types.h"

static bool same_word(const char *text, const char *word)
{
    size_t length = strcspn(text, "#");
    return strlen(word) == length && memcmp(text, word, length) == 0;
}

/* Coefficients per input: none, one, or one per channel. */
static enum dn_status parse_weights(struct dn_build *b, struct dn_layer *l)
{
    const char *type = dn_key_text(b, "weights_type", "none");
    const char *norm = dn_key_text(b, "weights_normalization", "none");
    if (same_word(type, "none"))
        return b->err->status;
    if (same_word(type, "per_feature") || same_word(type, "per_layer"))
        l->u.shortcut.weights = 1;
    else if (same_word(type, "per_channel"))
        l->u.shortcut.weights = l->c;
    else
        return dn_build_fail(b, "weights_type",
                             "weights_type=%s is unknown; known are none, per_feature, per_layer "
                             "and per_channel",
                             type);
    l->u.shortcut.softmax = same_word(norm, "softmax");
    if (!l->u.shortcut.softmax && !same_word(norm, "relu") && !same_word(norm, "avg_relu"))
        return dn_build_fail(b, "weights_normalization",
                             "weights_normalization=%s cannot go with weights_type=%s; allowed are "
                             "relu, avg_relu and softmax",
                             norm, type);
    return b->err->status;
}

/* How the pixels of one other map fall on those of the previous one. */
static enum dn_status parse_ratio(struct dn_build *b, struct dn_layer *l)
{
    int c, h, w;
    dn_build_shape_of(b, l->in[1], &c, &h, &w);
    if (w / l->w != h / l->h || l->w / w != l->h / h)
        return dn_build_fail(b, "from",
                             "adds layer %d of %dx%d pixels to %dx%d: the ratios of widths and "
                             "heights must be the same",
                             l->in[1], w, h, l->w, l->h);
    l->u.shortcut.stride = dn_max(1, w / l->w);
    l->u.shortcut.sample = dn_max(1, l->w / w);
    l->u.shortcut.from_h = h;
    l->u.shortcut.from_w = w;
    return DN_OK;
}

static enum dn_status check_equal_pixels(struct dn_build *b, struct dn_layer *l)
{
    for (int k = 1; k < l->n_in; k++) {
        int c, h, w;
        dn_build_shape_of(b, l->in[k], &c, &h, &w);
        if (h != l->h || w != l->w)
            return dn_build_fail(b, "from",
                                 "adds layer %d of %dx%d pixels to %dx%d; with several layers, or "
                                 "weights, they must be the same",
                                 l->in[k], w, h, l->w, l->h);
    }
    return DN_OK;
}

static enum dn_status parse_inputs(struct dn_build *b, struct dn_layer *l)
{
    int n, *list = dn_key_ints(b, "from", &n);
    if (!list)
        return b->err->status ? b->err->status
                              : dn_build_fail(b, NULL, "needs the key from: an earlier layer");
    for (int i = 0; i < n; i++)
        list[i] = dn_build_layer(b, "from", list[i]);
    int *inputs = malloc(((size_t)n + 1) * sizeof *inputs);
    if (!inputs)
        dn_fail(b->err, DN_NO_MEMORY, "%s: no memory for a list of %d layers", b->path, n + 1);
    if (!b->err->status) {
        inputs[0] = b->index - 1;
        memcpy(inputs + 1, list, (size_t)n * sizeof *list);
        dn_build_inputs(b, l, inputs, n + 1);
    }
    free(inputs);
    free(list);
    return b->err->status ? b->err->status : dn_build_blocked(b, l);
}

static enum dn_status parse(struct dn_build *b, struct dn_layer *l)
{
    l->activation = dn_key_activation(b, "linear");
    l->u.shortcut.alpha = l->u.shortcut.beta = 1;
    if (b->dialect == DN_STOCK) {
        l->u.shortcut.alpha = dn_key_float(b, "alpha", 1);
        l->u.shortcut.beta = dn_key_float(b, "beta", 1);
    }
    if (parse_inputs(b, l) || parse_weights(b, l) || parse_ratio(b, l))
        return b->err->status;
    if ((l->n_in > 2 || l->u.shortcut.weights) && check_equal_pixels(b, l))
        return b->err->status;
    l->file_head = l->params = (size_t)l->n_in * (size_t)l->u.shortcut.weights;
    l->flat = dn_build_flat(b, b->index - 1);
    return dn_build_shape(b, l, l->c, l->h, l->w);
}

static struct dn_span span(const struct dn_layer *l, int k, int axis, struct dn_span out)
{
    int stride = l->u.shortcut.stride, sample = l->u.shortcut.sample;
    int extent = axis ? l->u.shortcut.from_w : l->u.shortcut.from_h;
    if (k == 0)
        return out;
    struct dn_span used = {dn_ceil_div(out.lo, sample), dn_ceil_div(out.hi, sample)};
    if (used.lo == used.hi) /* the piece lies between two samples */
        return (struct dn_span){dn_min(used.lo, extent), dn_min(used.lo, extent)};
    return dn_span_window(used, stride, 0, 1, 1, extent);
}

/* The file's coefficients, normalised across the inputs. Commands of the alexeyab dialect keep relu
 * weights above 0.001. */
static void load_params(const struct dn_layer *l, const float *head, const float *tail,
                        float *params)
{
    int n = l->n_in, sets = l->u.shortcut.weights;
    float least = l->dialect == DN_ALEXEYAB ? .001f : 0;
    (void)tail;
    for (int i = 0; i < sets; i++) {
        float max = -INFINITY, sum = 1e-4f;
        for (int k = 0; k < n; k++)
            max = fmaxf(max, head ? head[k * sets + i] : 1);
        for (int k = 0; k < n; k++) {
            float w = head ? head[k * sets + i] : 1;
            params[k * sets + i] = l->u.shortcut.softmax ? expf(w - max) : fmaxf(w, least);
            sum += params[k * sets + i];
        }
        for (int k = 0; k < n; k++)
            params[k * sets + i] /= sum;
    }
}

/* A map to add, from block `first` on. */
struct addition {
    const struct dn_run *run;
    const struct dn_view *from;
    int first, blocks;
};

/* out = alpha * out + beta * from on the pixels and lanes that both maps have, of a row of a block. */
static void add_row(void *context, int item, int thread)
{
    (void)thread;
    const struct addition *a = context;
    const struct dn_run *run = a->run;
    const struct dn_view *from = a->from;
    const struct dn_layer *l = run->layer;
    int block = a->first + item % a->blocks, y = run->rect.y0 + item / a->blocks;
    int stride = l->u.shortcut.stride, sample = l->u.shortcut.sample;
    int lanes = dn_lanes(dn_min(from->c, run->out.c), block);
    int x1 = dn_min(run->rect.x1, (dn_min(from->w, l->w) - 1) * sample + 1);
    if (y % sample || y / sample >= dn_min(from->h, l->h))
        return;
    for (int x = dn_ceil_div(run->rect.x0, sample) * sample; x < x1; x += sample) {
        const float *in = dn_view_at(from, block, y / sample * stride, x / sample * stride);
        float *out = dn_view_at(&run->out, block, y, x);
        for (int i = 0; i < lanes; i++)
            out[i] = l->u.shortcut.alpha * out[i] + l->u.shortcut.beta * in[i];
    }
}

/* Full blocks of equal pixels go through the kernel, what is left through add_row. */
static void add(const struct dn_run *run, const struct dn_view *from)
{
    const struct dn_layer *l = run->layer;
    int blocks = dn_blocks(dn_min(from->c, run->out.c)), first = 0;
    if (from->h == l->h && from->w == l->w) {
        first = from->c >= run->out.c ? blocks : from->c / DN_BLOCK;
        struct dn_view out = dn_view_channels(run->out, 0, dn_min(first * DN_BLOCK, run->out.c));
        if (first > 0)
            dn_add(run->kernels, &out, l->u.shortcut.alpha, from, l->u.shortcut.beta, &out,
                   run->rect, run->threads);
    }
    struct addition rest = {run, from, first, blocks - first};
    dn_parallel((run->rect.y1 - run->rect.y0) * rest.blocks, run->threads, add_row, &rest);
}

/* out = sum over inputs of coefficient * input. */
static void weighted_row(const struct dn_run *run, int block, int y)
{
    const struct dn_layer *l = run->layer;
    for (int k = 0; k < l->n_in; k++) {
        int sets = l->u.shortcut.weights, lanes = dn_lanes(dn_min(run->in[k].c, l->out_c), block);
        const float *weights = run->params + k * sets + (sets > 1 ? block * DN_BLOCK : 0);
        if (lanes <= 0)
            continue;
        const float *in = dn_view_at(&run->in[k], block, y, run->rect.x0);
        float *out = dn_view_at(&run->out, block, y, run->rect.x0);
        for (int x = run->rect.x0; x < run->rect.x1; x++, in += DN_BLOCK, out += DN_BLOCK)
            for (int i = 0; i < lanes; i++)
                out[i] = weights[sets > 1 ? i : 0] * in[i] + (k > 0 ? out[i] : 0);
    }
}

static void run(const struct dn_run *run)
{
    const struct dn_layer *l = run->layer;
    const struct dn_view *previous = &run->in[0], *from = &run->in[1];
    if (l->u.shortcut.weights) {
        dn_run_clear_lanes(run);
        dn_each_row(run, dn_blocks(l->out_c), weighted_row);
    } else if (l->n_in == 2 && from->c >= l->c && from->h == l->h && from->w == l->w) {
        dn_add(run->kernels, previous, l->u.shortcut.alpha, from, l->u.shortcut.beta, &run->out,
               run->rect, run->threads);
    } else {
        if (run->out.data != previous->data)
            dn_copy(previous, &run->out, run->rect, run->threads);
        for (int k = 1; k < l->n_in; k++)
            add(run, &run->in[k]);
    }
    dn_run_activation(run);
}

const struct dn_layer_ops dn_ops_shortcut = {
    .type = DN_SHORTCUT,
    .names = {"shortcut"},
    .parse = parse,
    .span = span,
    .run = run,
    .load_params = load_params,
};
