/* See weights.h. */
#include "net/weights.h"

#include <math.h>
#include <string.h>

#include "base/size.h"

/* ---- the header ----------------------------------------------------------------------------- */

static enum dn_status read_header(struct dn_weights *w, struct dn_error *err)
{
    int32_t version[3], seen32;
    if (w->file.size < 16)
        return dn_fail(err, DN_INVALID, "%s: has %lld bytes; a weights file begins with a header of at least 16",
                       w->file.path, (long long)w->file.size);
    if (dn_input_read(&w->file, 0, version, sizeof version, err) ||
        dn_input_read(&w->file, 12, &seen32, sizeof seen32, err))
        return err->status;
    w->transposed = version[0] > 1000 || version[1] > 1000;
    w->seen = (uint64_t)(uint32_t)seen32;
    w->header = 16;
    if ((int64_t)version[0] * 10 + version[1] >= 2 && version[0] < 1000 && version[1] < 1000) {
        w->header = 20;
        if (w->file.size >= 20)
            return dn_input_read(&w->file, 12, &w->seen, sizeof w->seen, err);
    }
    return DN_OK;
}

static enum dn_status check_size(const struct dn_weights *w, struct dn_error *err)
{
    const struct dn_graph *g = w->graph;
    int64_t expected = w->header + (int64_t)(g->weights * sizeof(float));
    if (w->file.size == expected)
        return DN_OK;
    if (w->file.size > expected)
        return dn_fail(err, DN_INVALID,
                       "%s: has %lld bytes, but %s describes a network whose weights take %lld: "
                       "%lld bytes are left over after the last layer",
                       w->file.path, (long long)w->file.size, g->path, (long long)expected,
                       (long long)(w->file.size - expected));
    int i = 0;
    for (int k = 0; k < g->n; k++)
        if (w->header + (int64_t)(g->layers[k].file_offset * sizeof(float)) <= w->file.size)
            i = k;
    while (i > 0 && (g->layers[i].shares >= 0 || g->layers[i].dontload ||
                     g->layers[i].file_head + g->layers[i].file_filters + g->layers[i].file_tail == 0))
        i--;
    return dn_fail(err, DN_INVALID,
                   "%s: has %lld bytes, but %s describes a network whose weights take %lld: the "
                   "first layer that does not fit is layer %d [%s]",
                   w->file.path, (long long)w->file.size, g->path, (long long)expected, i,
                   g->layers[i].ops->names[0]);
}

enum dn_status dn_weights_open(const char *path, const struct dn_graph *graph, struct dn_weights *w,
                               struct dn_error *err)
{
    *w = (struct dn_weights){.graph = graph, .file = {.fd = -1}};
    if (!path || !*path)
        return DN_OK;
    if (dn_input_open(&w->file, path, err))
        return err->status;
    if (read_header(w, err) || check_size(w, err))
        dn_weights_close(w);
    return err->status;
}

void dn_weights_close(struct dn_weights *w)
{
    dn_input_close(&w->file);
}

/* ---- synthetic weights ---------------------------------------------------------------------- */

/* A uniform number in [-1, 1) from the position of a weight. */
static float noise(uint32_t layer, uint32_t position)
{
    uint32_t v = (layer * 2654435761u) ^ (position * 2246822519u + 374761393u);
    v ^= v >> 15;
    v *= 3266489917u;
    v ^= v >> 13;
    v *= 668265263u;
    v ^= v >> 16;
    return (float)(v >> 8) * (2.0f / 16777216.0f) - 1.0f;
}

/* In front of a [shortcut] the scales are small, so that residual sums do not grow. */
static bool feeds_shortcut(const struct dn_weights *w, const struct dn_layer *l)
{
    return l->index + 1 < w->graph->n && w->graph->layers[l->index + 1].ops->type == DN_SHORTCUT;
}

static void synthesize_params(const struct dn_weights *w, const struct dn_layer *l, float *out, size_t n)
{
    bool vectors = l->ops->type == DN_CONVOLUTIONAL || l->ops->type == DN_CONNECTED;
    size_t channels = (size_t)l->out_c;
    for (size_t i = 0; i < n; i++) {
        float v = noise((uint32_t)l->index * 2 + 1, (uint32_t)i);
        size_t part = vectors ? i / channels : 1;
        out[i] = part == 0   ? .1f * v                                    /* biases */
                 : part == 1 ? (feeds_shortcut(w, l) ? .3f : 1.f) + .05f * v /* scales */
                 : part == 2 ? .05f * v                                   /* means */
                             : 1.f + .1f * v;                             /* variances */
    }
}

/* Uniform with He's variance: activations keep their order of magnitude from layer to layer. */
static void synthesize_filters(const struct dn_layer *l, size_t first, size_t n, float *out)
{
    float range = sqrtf(6.0f / (float)(l->fan_in ? l->fan_in : 9));
    for (size_t i = 0; i < n; i++)
        out[i] = range * noise((uint32_t)l->index * 2, (uint32_t)(first + i));
}

/* ---- layers --------------------------------------------------------------------------------- */

static int64_t byte_offset(const struct dn_weights *w, const struct dn_layer *l, size_t floats)
{
    return w->header + (int64_t)((l->file_offset + floats) * sizeof(float));
}

size_t dn_weights_params_scratch(const struct dn_layer *l)
{
    return l->file_head + l->file_tail;
}

enum dn_status dn_weights_params(const struct dn_weights *w, const struct dn_layer *l,
                                 float *scratch, float *params, struct dn_error *err)
{
    float *tail = scratch + l->file_head;
    if (w->file.fd < 0 || l->dontload)
        synthesize_params(w, l, scratch, l->file_head + l->file_tail);
    else if (dn_input_read(&w->file, byte_offset(w, l, 0), scratch, l->file_head * sizeof(float), err) ||
             dn_input_read(&w->file, byte_offset(w, l, l->file_head + l->file_filters), tail,
                           l->file_tail * sizeof(float), err))
        return err->status;
    if (l->params)
        l->ops->load_params(l, scratch, tail, params);
    return DN_OK;
}

bool dn_weights_transposed(const struct dn_weights *w, const struct dn_layer *l)
{
    return l->transposed || (w->transposed && l->ops->type == DN_CONNECTED);
}

static size_t slice_floats(const struct dn_layer *l, int block0, int block1)
{
    int channels = dn_min(l->out_c, block1 * DN_BLOCK) - block0 * DN_BLOCK;
    return l->ops->packed ? (size_t)channels * l->fan_in : l->file_filters;
}

static size_t lines_per_read(const struct dn_layer *l)
{
    size_t lines = DN_WEIGHTS_LINES / (size_t)l->out_c;
    return lines < 1 ? 1 : lines > l->fan_in ? l->fan_in : lines;
}

size_t dn_weights_raw_floats(const struct dn_weights *w, const struct dn_layer *l, int block0, int block1)
{
    size_t lines = dn_weights_transposed(w, l) ? lines_per_read(l) * (size_t)l->out_c : 0;
    return slice_floats(l, block0, block1) + lines;
}

static enum dn_status read_transposed(const struct dn_weights *w, const struct dn_layer *l,
                                      int block0, int block1, float *raw, struct dn_error *err)
{
    size_t n = (size_t)l->out_c, first = (size_t)block0 * DN_BLOCK;
    size_t channels = slice_floats(l, block0, block1) / l->fan_in;
    float *lines = raw + channels * l->fan_in;
    for (size_t i = 0, count; i < l->fan_in; i += count) {
        count = lines_per_read(l);
        if (count > l->fan_in - i)
            count = l->fan_in - i;
        if (dn_input_read(&w->file, byte_offset(w, l, l->file_head + i * n), lines,
                          count * n * sizeof(float), err))
            return err->status;
        for (size_t f = 0; f < channels; f++)
            for (size_t k = 0; k < count; k++)
                raw[f * l->fan_in + i + k] = lines[k * n + first + f];
    }
    return DN_OK;
}

enum dn_status dn_weights_filters(const struct dn_weights *w, const struct dn_layer *l, int block0,
                                  int block1, float *raw, struct dn_error *err)
{
    size_t first = l->ops->packed ? (size_t)block0 * DN_BLOCK * l->fan_in : 0;
    size_t n = slice_floats(l, block0, block1);
    if (w->file.fd < 0 || l->dontload) {
        synthesize_filters(l, first, n, raw);
        return DN_OK;
    }
    if (dn_weights_transposed(w, l))
        return read_transposed(w, l, block0, block1, raw, err);
    return dn_input_read(&w->file, byte_offset(w, l, l->file_head + first), raw, n * sizeof(float), err);
}

enum dn_status dn_weights_part(const struct dn_weights *w, const struct dn_layer *l, int block0, int block1, int c0,
                               int c1, float *raw, struct dn_error *err)
{
    const struct dn_conv *v = &l->u.convolutional.conv;
    const size_t taps = l->fan_in / (size_t)v->c, n = (size_t)(c1 - c0) * taps;
    if (c1 - c0 == v->c)
        return dn_weights_filters(w, l, block0, block1, raw, err);
    for (int f = block0 * DN_BLOCK; f < dn_min(v->n, block1 * DN_BLOCK) && !err->status; f++, raw += n) {
        const size_t first = (size_t)f * l->fan_in + (size_t)c0 * taps;
        if (w->file.fd < 0 || l->dontload)
            synthesize_filters(l, first, n, raw);
        else
            dn_input_read(&w->file, byte_offset(w, l, l->file_head + first), raw, n * sizeof(float), err);
    }
    return err->status;
}
