/* The model's layers that move, pool and combine values. Format sections 3.5 to 3.13, 3.17, 3.21 to
 * 3.24. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/model_layer.h"

static void pass(struct layer *l)
{
    same_shape(l, l->in);
    for (size_t i = 0; i < model_values(l->in); i++)
        l->out->v[i] = l->in->v[i];
}

static void zeros(struct layer *l)
{
    shape(l, (int)model_values(l->in), 1, 1);
}

/* ---- pools ---------------------------------------------------------------------------------- */

struct pool {
    int size, stride_y, stride_x, offset;
    bool average;
};

static void pool_at(struct layer *l, const struct pool *p, const int at[3])
{
    double max = -(double)FLT_MAX, sum = 0, most = 0;
    int n = 0;
    for (int k = 0; k < p->size * p->size; k++) {
        int y = at[1] * p->stride_y - p->offset + k / p->size, x = at[2] * p->stride_x - p->offset + k % p->size;
        if (!is_inside(l->in, y, x))
            continue;
        double v = *model_at(l->in, at[0], y, x);
        max = fmax(max, v);
        sum += v;
        most += fabs(v);
        n++;
    }
    put(l, at[0], at[1], at[2], p->average ? sum / n : max, p->average ? most : 0);
}

static void pool(struct layer *l, bool average)
{
    int stride = key_int(l, "stride", 1), size = key_int(l, "size", stride);
    int padding = key_int(l, "padding", size - 1), mode = key_int(l, "antialiasing", 0);
    struct pool p = {size, key_int(l, "stride_y", stride), key_int(l, "stride_x", stride), padding / 2, average};
    if (mode)
        p.stride_y = p.stride_x = 1;
    shape(l, l->in->c, (l->in->h + padding - size) / p.stride_y + 1, (l->in->w + padding - size) / p.stride_x + 1);
    for (int c = 0; c < l->out->c; c++)
        for (int y = 0; y < l->out->h; y++)
            for (int x = 0; x < l->out->w; x++)
                pool_at(l, &p, (const int[]){c, y, x});
    if (mode)
        blur(l, mode, stride);
}

static void local_avgpool(struct layer *l)
{
    pool(l, true);
}

static void maxpool(struct layer *l)
{
    if (!key_int(l, "maxpool_depth", 0)) {
        pool(l, false);
        return;
    }
    int n = key_int(l, "out_channels", 1);
    shape(l, n, l->in->h, l->in->w);
    for (int g = 0; g < n; g++)
        for (int y = 0; y < l->in->h; y++)
            for (int x = 0; x < l->in->w; x++) {
                double max = *model_at(l->in, g, y, x);
                for (int k = g; k < l->in->c; k += n)
                    max = fmax(max, *model_at(l->in, k, y, x));
                put(l, g, y, x, max, 0);
            }
}

static void avgpool(struct layer *l)
{
    int area = l->in->h * l->in->w;
    shape(l, l->in->c, 1, 1);
    for (int c = 0; c < l->in->c; c++) {
        double sum = 0, size = 0;
        for (int i = 0; i < area; i++) {
            sum += l->in->v[c * area + i];
            size += fabs(l->in->v[c * area + i]);
        }
        put(l, c, 0, 0, sum / area, size / area * fmax(1, area / 100.)); /* one long sum of equals */
    }
}

/* ---- several maps --------------------------------------------------------------------------- */

static void route(struct layer *l)
{
    const struct model_map *list[MODEL_LIST];
    int n = key_maps(l, "layers", list), groups = key_int(l, "groups", 1), id = key_int(l, "group_id", 0);
    bool same = true;
    size_t values = 0;
    int channels = 0;
    for (int k = 0; k < n; k++) {
        same = same && list[k]->h == list[0]->h && list[k]->w == list[0]->w;
        channels += list[k]->c / groups;
        values += model_values(list[k]) / (size_t)groups;
    }
    if (same)
        shape(l, channels, list[0]->h, list[0]->w);
    else
        shape(l, (int)values, 1, 1);
    size_t to = 0;
    for (int k = 0; k < n; k++) {
        size_t taken = model_values(list[k]) / (size_t)groups;
        for (size_t i = 0; i < taken; i++)
            l->out->v[to++] = list[k]->v[taken * (size_t)id + i];
    }
}

static void add_map(struct layer *l, const struct model_map *from, double alpha, double beta)
{
    const struct model_map *o = l->out;
    int stride = from->w / o->w > 1 ? from->w / o->w : 1, sample = o->w / from->w > 1 ? o->w / from->w : 1;
    for (int c = 0; c < o->c && c < from->c; c++)
        for (int y = 0; y < o->h && y < from->h; y++)
            for (int x = 0; x < o->w && x < from->w; x++) {
                double old = alpha * *model_at(o, c, y * sample, x * sample);
                double more = beta * *model_at(from, c, y * stride, x * stride);
                put(l, c, y * sample, x * sample, old + more, fabs(old) + fabs(more));
            }
}

/* Normalised coefficient of map k for channel c; a set of `sets` for every map. */
static double coefficient(struct layer *l, const float *w, int n, int sets, int k, int c)
{
    bool softmax = key_word(l, "weights_normalization", "softmax");
    double max = -INFINITY, sum = 1e-4, least = l->m->alexeyab ? .001 : 0, mine = 0;
    for (int i = 0; i < n; i++)
        max = fmax(max, (double)w[i * sets + c % sets]);
    for (int i = 0; i < n; i++) {
        double v = (double)w[i * sets + c % sets];
        v = softmax ? exp(v - max) : fmax(v, least);
        sum += v;
        mine = i == k ? v : mine;
    }
    return mine / sum;
}

static void add_weighted(struct layer *l, const struct model_map **list, int n, int sets)
{
    const float *w = take(l, (size_t)(n * sets), BIASES, 0);
    for (int c = 0; c < l->out->c; c++)
        for (int y = 0; y < l->out->h; y++)
            for (int x = 0; x < l->out->w; x++) {
                double sum = 0, size = 0;
                for (int k = 0; k < n; k++) {
                    double v = c < list[k]->c ? *model_at(list[k], c, y, x) * coefficient(l, w, n, sets, k, c) : 0;
                    sum += v;
                    size += fabs(v);
                }
                put(l, c, y, x, sum, size);
            }
}

static void shortcut(struct layer *l)
{
    const struct model_map *list[MODEL_LIST + 1] = {l->in};
    int n = key_maps(l, "from", list + 1);
    const char *type = key_text(l, "weights_type");
    double alpha = l->m->alexeyab ? 1 : key_float(l, "alpha", 1), beta = l->m->alexeyab ? 1 : key_float(l, "beta", 1);
    pass(l);
    if (type && strcmp(type, "none"))
        add_weighted(l, list, n + 1, strcmp(type, "per_channel") ? 1 : l->in->c);
    else
        for (int k = 1; k <= n; k++)
            add_map(l, list[k], alpha, beta);
    activate(l, "linear");
}

static void sam(struct layer *l)
{
    const struct model_map *from = &l->m->maps[key_layer(l, "from")];
    same_shape(l, from);
    for (size_t i = 0; i < model_values(from); i++)
        l->out->v[i] = l->out->size[i] = l->in->v[i] * from->v[i];
    activate(l, "linear");
}

static void scale_channels(struct layer *l)
{
    const struct model_map *from = &l->m->maps[key_layer(l, "from")];
    bool spatial = key_int(l, "scale_wh", 0);
    same_shape(l, from);
    for (int c = 0; c < from->c; c++)
        for (int y = 0; y < from->h; y++)
            for (int x = 0; x < from->w; x++)
                put(l, c, y, x, *model_at(from, c, y, x) * (spatial ? *model_at(l->in, 0, y, x) : l->in->v[c]), 0);
    activate(l, "linear");
}

/* ---- moved values --------------------------------------------------------------------------- */

static void upsample(struct layer *l)
{
    int s = key_int(l, "stride", 2);
    double scale = key_float(l, "scale", 1);
    if (s > 0)
        shape(l, l->in->c, l->in->h * s, l->in->w * s);
    else
        shape(l, l->in->c, l->in->h / -s, l->in->w / -s);
    for (int c = 0; c < l->out->c; c++)
        for (int y = 0; y < l->out->h; y++)
            for (int x = 0; x < l->out->w; x++) {
                double sum = 0, size = 0;
                for (int k = 0; k < (s > 0 ? 1 : s * s); k++) {
                    double v = s > 0 ? *model_at(l->in, c, y / s, x / s)
                                     : *model_at(l->in, c, y * -s + k / -s, x * -s + k % -s);
                    sum += scale * v;
                    size += fabs(scale * v);
                }
                put(l, c, y, x, sum, size);
            }
}

/* Planar order to pixel order, or back, in a map of another shape. */
static void flatten(struct layer *l, bool reverse)
{
    int pixels = l->in->h * l->in->w, channels = l->in->c;
    for (int c = 0; c < channels; c++)
        for (int p = 0; p < pixels; p++) {
            int planar = c * pixels + p, interleaved = p * channels + c;
            l->out->v[reverse ? planar : interleaved] = l->in->v[reverse ? interleaved : planar];
        }
}

static void reorg(struct layer *l)
{
    int s = key_int(l, "stride", 1), w = l->in->w, h = l->in->h, c = l->in->c, extra = key_int(l, "extra", 0);
    bool reverse = key_int(l, "reverse", 0);
    if (extra) {
        shape(l, c * h * w + extra, 1, 1);
        memcpy(l->out->v, l->in->v, model_values(l->in) * sizeof(double));
        return;
    }
    if (reverse)
        shape(l, c / (s * s), h * s, w * s);
    else
        shape(l, c * s * s, h / s, w / s);
    if (key_int(l, "flatten", 0)) {
        flatten(l, reverse);
        return;
    }
    int oc = c / (s * s);
    for (int k = 0; k < c; k++)
        for (int j = 0; j < h; j++)
            for (int i = 0; i < w; i++) {
                int o = k / oc, a = i + w * (j + h * k);
                int b = i * s + o % s + w * s * (j * s + o / s + h * s * (k % oc));
                l->out->v[reverse ? b : a] = l->in->v[reverse ? a : b];
            }
}

static void reorg3d(struct layer *l)
{
    int s = key_int(l, "stride", 1);
    shape(l, l->in->c * s * s, l->in->h / s, l->in->w / s);
    for (int c = 0; c < l->out->c; c++)
        for (int y = 0; y < l->out->h; y++)
            for (int x = 0; x < l->out->w; x++) {
                int o = c / l->in->c;
                put(l, c, y, x, *model_at(l->in, c % l->in->c, y * s + o / s, x * s + o % s), 0);
            }
}

static void crop(struct layer *l)
{
    bool adjust = !key_int(l, "noadjust", 0);
    shape(l, l->in->c, key_int(l, "crop_height", 1), key_int(l, "crop_width", 1));
    int dy = (l->in->h - l->out->h) / 2, dx = (l->in->w - l->out->w) / 2;
    for (int c = 0; c < l->out->c; c++)
        for (int y = 0; y < l->out->h; y++)
            for (int x = 0; x < l->out->w; x++) {
                double v = *model_at(l->in, c, y + dy, x + dx);
                put(l, c, y, x, adjust ? 2 * v - 1 : v, 2 * fabs(v) + 1);
            }
}

static void implicit(struct layer *l)
{
    shape(l, key_int(l, "filters", 128), key_int(l, "atoms", 1), 1);
    const float *w = take(l, model_values(l->out), BIASES, 0);
    for (size_t i = 0; i < model_values(l->out); i++)
        l->out->v[i] = (double)w[i];
}

formula *model_maps(const char *name)
{
    static const struct {
        const char *name;
        formula *f;
    } table[] = {
        {"dropout", pass}, {"empty", pass}, {"cost", zeros}, {"maxpool", maxpool}, {"local_avgpool", local_avgpool},
        {"avgpool", avgpool}, {"route", route}, {"shortcut", shortcut}, {"sam", sam},
        {"scale_channels", scale_channels}, {"upsample", upsample}, {"reorg", reorg}, {"reorg3d", reorg3d},
        {"crop", crop}, {"implicit", implicit},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].name, name) == 0)
            return table[i].f;
    return NULL;
}
