#include "support/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/model_layer.h"

enum { WEIGHTS = 1 << 22 };

/* ---- keys ----------------------------------------------------------------------------------- */

const char *key_text(const struct layer *l, const char *name)
{
    for (int i = 0; i < l->s->n; i++)
        if (strcmp(l->s->keys[i].name, name) == 0)
            return l->s->keys[i].value;
    return NULL;
}

bool key_word(const struct layer *l, const char *name, const char *word)
{
    const char *text = key_text(l, name);
    return text && strcmp(text, word) == 0;
}

int key_int(const struct layer *l, const char *name, int fallback)
{
    const char *text = key_text(l, name);
    return text ? atoi(text) : fallback;
}

double key_float(const struct layer *l, const char *name, double fallback)
{
    const char *text = key_text(l, name);
    return text ? (double)(float)atof(text) : fallback;
}

static int earlier(const struct layer *l, int reference)
{
    return reference < 0 ? l->index + reference : reference;
}

int key_layer(const struct layer *l, const char *name)
{
    return earlier(l, key_int(l, name, 0));
}

int key_maps(const struct layer *l, const char *name, const struct model_map *list[MODEL_LIST])
{
    int n = 0;
    for (const char *s = key_text(l, name); s && n < MODEL_LIST; s = strchr(s, ',')) {
        s += *s == ',';
        list[n++] = &l->m->maps[earlier(l, atoi(s))];
    }
    return n;
}

/* ---- maps ----------------------------------------------------------------------------------- */

static void map_new(struct model_map *map, int c, int h, int w)
{
    free(map->v);
    free(map->size);
    *map = (struct model_map){.c = c, .h = h, .w = w};
    map->v = calloc(model_values(map), sizeof *map->v);
    map->size = calloc(model_values(map), sizeof *map->size);
    if (!map->v || !map->size)
        abort();
}

void shape(struct layer *l, int c, int h, int w)
{
    map_new(l->out, c, h, w);
}

void same_shape(struct layer *l, const struct model_map *as)
{
    map_new(l->out, as->c, as->h, as->w);
}

bool is_inside(const struct model_map *map, int y, int x)
{
    return y >= 0 && y < map->h && x >= 0 && x < map->w;
}

double value_at(const struct model_map *map, int c, int y, int x, double outside)
{
    return is_inside(map, y, x) ? *model_at(map, c, y, x) : outside;
}

void put(struct layer *l, int c, int y, int x, double value, double size)
{
    double *v = model_at(l->out, c, y, x);
    *v = value;
    l->out->size[v - l->out->v] = size > fabs(value) ? size : fabs(value);
}

/* ---- weights -------------------------------------------------------------------------------- */

static double uniform(struct dice *d, double low, double high)
{
    return low + (high - low) * roll(d, 1 << 24) / (1 << 24);
}

/* Some variances are so small that the two dialects' epsilons can be told apart. */
static float make(struct dice *d, enum weight kind, size_t fan_in)
{
    double range = sqrt(6. / (double)(fan_in ? fan_in : 1));
    switch (kind) {
    case BIASES:
    case MEANS:
        return (float)uniform(d, -.5, .5);
    case SCALES:
        return (float)uniform(d, .5, 1.5);
    case VARIANCES:
        return (float)(chance(d, 10) ? uniform(d, .002, .01) : uniform(d, .5, 1.5));
    case FILTERS:
        return (float)uniform(d, -range, range);
    }
    abort();
}

const float *take(struct layer *l, size_t n, enum weight kind, size_t fan_in)
{
    struct model *m = l->m;
    size_t first = m->next;
    m->next += n;
    if (m->next > WEIGHTS)
        abort();
    for (; m->n_weights < m->next; m->n_weights++)
        m->weights[m->n_weights] = make(&m->dice, kind, fan_in);
    return m->weights + first;
}

void model_write_weights(const struct model *m, const char *path)
{
    const int32_t header[5] = {0, 2, 0, 0, 0};
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(header, sizeof header, 1, f) != 1 ||
        fwrite(m->weights, sizeof *m->weights, m->n_weights, f) != m->n_weights || fclose(f))
        abort();
}

/* ---- activations ---------------------------------------------------------------------------- */

double logistic(double x)
{
    return 1 / (1 + exp(-x));
}

static double stair(double x)
{
    double n = floor(x);
    return fmod(n, 2) == 0 ? floor(x / 2) : x - n + floor(x / 2);
}

static double plse(double x)
{
    return x < -4 ? .01 * (x + 4) : x > 4 ? .01 * (x - 4) + 1 : .125 * x + .5;
}

static double lhtan(double x)
{
    return x < 0 ? .001 * x : x > 1 ? .001 * (x - 1) + 1 : x;
}

static double activated(const char *name, double x)
{
    return !strcmp(name, "linear")     ? x
           : !strcmp(name, "logistic") ? logistic(x)
           : !strcmp(name, "loggy")    ? 2 * logistic(x) - 1
           : !strcmp(name, "relu")     ? fmax(x, 0)
           : !strcmp(name, "relu6")    ? fmin(fmax(x, 0), 6)
           : !strcmp(name, "elu")      ? (x >= 0 ? x : expm1(x))
           : !strcmp(name, "selu")     ? 1.0507 * (x >= 0 ? x : 1.6732 * expm1(x))
           : !strcmp(name, "relie")    ? (x > 0 ? x : .01 * x)
           : !strcmp(name, "ramp")     ? fmax(x, 0) + .1 * x
           : !strcmp(name, "leaky")    ? (x > 0 ? x : .1 * x)
           : !strcmp(name, "revleaky") ? (x > 0 ? x : .1 * x)
           : !strcmp(name, "tanh")     ? tanh(x)
           : !strcmp(name, "plse")     ? plse(x)
           : !strcmp(name, "stair")    ? stair(x)
           : !strcmp(name, "hardtan")  ? fmin(fmax(x, -1), 1)
           : !strcmp(name, "lhtan")    ? lhtan(x)
           : !strcmp(name, "gelu")     ? .5 * x * (1 + tanh(.797885 * x + .035677 * x * x * x))
           : !strcmp(name, "swish")    ? x * logistic(x)
           : !strcmp(name, "mish")     ? x * tanh(x > 20 ? x : log1p(exp(x)))
           : !strcmp(name, "hard_mish") ? (x > 0 ? x : x > -2 ? x * x / 2 + x : 0)
                                        : (double)NAN;
}

static double weighed(const char *name, double x, double max)
{
    bool maxval = strstr(name, "maxval") != NULL;
    return strcmp(name, "normalize_channels") == 0 ? fmax(x, 0) : exp(maxval ? x - max : x);
}

/* The kinds that divide by a sum over the channels of a pixel. Exponents that overflow a float may
 * give anything. */
static void normalize_pixel(struct layer *l, const char *name, int y, int x)
{
    double max = -INFINITY, sum = 1e-4;
    for (int c = 0; c < l->out->c; c++)
        max = fmax(max, *model_at(l->out, c, y, x));
    for (int c = 0; c < l->out->c; c++)
        sum += weighed(name, *model_at(l->out, c, y, x), max);
    for (int c = 0; c < l->out->c; c++) {
        double *v = model_at(l->out, c, y, x);
        put(l, c, y, x, weighed(name, *v, max) / sum,
            max > 80 && strcmp(name, "normalize_channels_softmax") == 0 ? INFINITY : 1 + l->out->size[v - l->out->v]);
    }
}

void activate(struct layer *l, const char *absent)
{
    const char *name = key_text(l, "activation");
    name = name ? name : absent;
    for (int y = 0; y < l->out->h && !strncmp(name, "normalize", 9); y++)
        for (int x = 0; x < l->out->w; x++)
            normalize_pixel(l, name, y, x);
    for (size_t i = 0; i < model_values(l->out) && strncmp(name, "normalize", 9); i++) {
        l->out->v[i] = activated(name, l->out->v[i]);
        l->out->size[i] += strcmp(name, "linear") ? 1 : 0; /* there are constants in the formulas */
    }
}

/* ---- networks ------------------------------------------------------------------------------- */

void model_open(struct model *m, const char *path, bool alexeyab, uint64_t seed)
{
    struct dn_error err = {0};
    *m = (struct model){.alexeyab = alexeyab, .dice = {seed}};
    if (dn_cfg_read(path, &m->cfg, &err))
        abort();
    m->n = m->cfg.n - 1;
    m->maps = calloc((size_t)m->n, sizeof *m->maps);
    m->first = calloc((size_t)m->n, sizeof *m->first);
    m->weights = malloc(WEIGHTS * sizeof *m->weights);
    struct layer net = {.m = m, .s = &m->cfg.sections[0], .out = &m->input};
    if (key_int(&net, "inputs", 0))
        shape(&net, key_int(&net, "inputs", 0), 1, 1);
    else
        shape(&net, key_int(&net, "channels", 0), key_int(&net, "height", 0), key_int(&net, "width", 0));
    for (size_t i = 0; i < model_values(&m->input); i++)
        m->input.v[i] = roll(&m->dice, 1 << 20) / (double)(1 << 20);
}

void model_close(struct model *m)
{
    free(m->input.v);
    free(m->input.size);
    for (int i = 0; i < m->n; i++) {
        free(m->maps[i].v);
        free(m->maps[i].size);
    }
    free(m->maps);
    free(m->first);
    free(m->weights);
    dn_cfg_free(&m->cfg);
}

void model_layer(struct model *m, int i)
{
    struct layer l = {.m = m, .s = &m->cfg.sections[i + 1], .index = i, .out = &m->maps[i],
                      .in = i ? &m->maps[i - 1] : &m->input};
    formula *f = model_convolutions(l.s->name);
    if (!f)
        f = model_maps(l.s->name);
    if (!f)
        f = model_values_of(l.s->name);
    if (!f)
        abort();
    if (m->maps[i].v)
        m->next = m->first[i];
    m->first[i] = m->next;
    f(&l);
}
