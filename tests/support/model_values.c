/* The model's layers that change values where they are: [activation] and the like, [softmax], and
 * the heads. Format sections 3.14, 3.18, 3.20, 3.31 to 3.34. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/model_layer.h"

static void copy(struct layer *l)
{
    same_shape(l, l->in);
    for (size_t i = 0; i < model_values(l->in); i++) {
        l->out->v[i] = l->in->v[i];
        l->out->size[i] = fabs(l->in->v[i]);
    }
}

static void activation(struct layer *l)
{
    copy(l);
    activate(l, "linear");
}

static void logistic_layer(struct layer *l)
{
    copy(l);
    activate(l, "logistic");
}

static void l2norm(struct layer *l)
{
    copy(l);
    for (int y = 0; y < l->in->h; y++)
        for (int x = 0; x < l->in->w; x++) {
            double sum = 0;
            for (int c = 0; c < l->in->c; c++)
                sum += pow(*model_at(l->in, c, y, x), 2);
            for (int c = 0; c < l->in->c; c++)
                put(l, c, y, x, *model_at(l->in, c, y, x) / sqrt(sum), 1);
        }
}

/* The running sum of channel c, and the sum of the absolute values that went into it. */
struct energy {
    double sum, size;
};

static void add_energy(struct layer *l, struct energy *e, double factor, const int at[3])
{
    double term = factor * pow(*model_at(l->in, at[0], at[1], at[2]), 2);
    e->sum += term;
    e->size += fabs(term);
}

/* Where the sum nearly cancels, rounding decides about everything. */
static void normalization(struct layer *l)
{
    double alpha = key_float(l, "alpha", 1e-4), beta = key_float(l, "beta", .75);
    int size = key_int(l, "size", 5);
    copy(l);
    for (int y = 0; y < l->in->h; y++)
        for (int x = 0; x < l->in->w; x++) {
            struct energy e = {key_float(l, "kappa", 1), fabs(key_float(l, "kappa", 1))};
            for (int c = 0; c < size / 2; c++)
                add_energy(l, &e, alpha, (const int[]){c, y, x});
            for (int c = 0; c < l->in->c; c++) {
                int leaves = c - (size - 1) / 2 - 1, enters = c + size / 2;
                if (c > 0 && leaves >= 0)
                    add_energy(l, &e, -alpha, (const int[]){leaves, y, x});
                if (c > 0 && enters < l->in->c)
                    add_energy(l, &e, alpha, (const int[]){enters, y, x});
                double v = *model_at(l->in, c, y, x) * pow(e.sum, -beta);
                put(l, c, y, x, v, fabs(e.sum) < 1e-4 * e.size ? INFINITY : fabs(v) * (1 + beta * e.size / fabs(e.sum)));
            }
        }
}

/* ---- softmax -------------------------------------------------------------------------------- */

/* n values that are `step` apart, in place. A long sum in single precision loses small terms. */
static void softmax_of(struct layer *l, size_t first, int n, size_t step, double temperature)
{
    double max = -INFINITY, sum = 0;
    double *v = l->out->v + first, *size = l->out->size + first;
    for (int i = 0; i < n; i++)
        max = fmax(max, v[(size_t)i * step] / temperature);
    for (int i = 0; i < n; i++) {
        size[(size_t)i * step] = fmax(1, n / 100.) + fabs(v[(size_t)i * step] / temperature);
        sum += v[(size_t)i * step] = exp(v[(size_t)i * step] / temperature - max);
    }
    for (int i = 0; i < n; i++)
        v[(size_t)i * step] /= sum;
}

/* Softmax within the groups of a tree file: consecutive classes with one parent. */
static void softmax_tree(struct layer *l, const char *path, size_t first, size_t step, double temperature)
{
    char name[64];
    int parent, last = -2, begin = 0, n = 0;
    FILE *f = fopen(path, "r");
    if (!f)
        abort();
    while (fscanf(f, "%63s %d", name, &parent) == 2) {
        if (n && parent != last) {
            softmax_of(l, first + (size_t)begin * step, n - begin, step, temperature);
            begin = n;
        }
        last = parent;
        n++;
    }
    softmax_of(l, first + (size_t)begin * step, n - begin, step, temperature);
    fclose(f);
}

static void softmax(struct layer *l)
{
    int groups = key_int(l, "groups", 1), n = (int)model_values(l->in) / groups;
    double temperature = key_float(l, "temperature", 1);
    shape(l, (int)model_values(l->in), 1, 1);
    memcpy(l->out->v, l->in->v, model_values(l->in) * sizeof(double));
    if (key_text(l, "tree"))
        softmax_tree(l, key_text(l, "tree"), 0, 1, temperature);
    for (int g = 0; g < groups && !key_text(l, "tree"); g++)
        softmax_of(l, (size_t)(g * n), n, 1, temperature);
}

/* ---- heads ---------------------------------------------------------------------------------- */

static void squash(struct layer *l, int first, int n)
{
    size_t plane = (size_t)(l->out->h * l->out->w);
    for (size_t i = (size_t)first * plane; i < (size_t)(first + n) * plane; i++)
        l->out->v[i] = logistic(l->out->v[i]);
}

static void stretch(struct layer *l, int channel)
{
    double s = key_float(l, "scale_x_y", 1);
    for (int y = 0; y < l->out->h; y++)
        for (int x = 0; x < l->out->w; x++) {
            double v = s * *model_at(l->out, channel, y, x);
            put(l, channel, y, x, v - .5 * (s - 1), fabs(v) + fabs(.5 * (s - 1)));
        }
}

static void yolo(struct layer *l)
{
    int entries = key_int(l, "classes", 20) + 5;
    copy(l);
    for (int a = 0; a < l->in->c; a += entries) {
        if (!key_int(l, "new_coords", 0)) {
            squash(l, a, 2);
            squash(l, a + 4, entries - 4);
        }
        stretch(l, a);
        stretch(l, a + 1);
    }
}

static void gaussian_yolo(struct layer *l)
{
    int entries = key_int(l, "classes", 20) + 9;
    copy(l);
    for (int a = 0; a < l->in->c; a += entries) {
        squash(l, a, 4);
        squash(l, a + 5, 1);
        squash(l, a + 7, entries - 7);
        stretch(l, a);
        stretch(l, a + 2);
    }
}

static void region(struct layer *l)
{
    int classes = key_int(l, "classes", 20), coords = key_int(l, "coords", 4), entries = coords + 1 + classes;
    bool background = !l->m->alexeyab && key_int(l, "background", 0);
    size_t plane = (size_t)(l->in->h * l->in->w);
    const char *tree = key_text(l, "tree");
    copy(l);
    for (int a = 0; a < l->in->c; a += entries) {
        int first = a + coords + !background;
        squash(l, a, 2);
        if (!background)
            squash(l, a + coords, 1);
        if (!tree && !key_int(l, "softmax", 0) && !l->m->alexeyab)
            squash(l, first, classes);
        for (size_t i = 0; i < plane; i++)
            if (tree)
                softmax_tree(l, tree, (size_t)(a + coords + 1) * plane + i, plane, 1);
            else if (key_int(l, "softmax", 0))
                softmax_of(l, (size_t)first * plane + i, classes + background, plane, 1);
    }
}

static void detection(struct layer *l)
{
    int classes = key_int(l, "classes", 1), side = key_int(l, "side", 7);
    shape(l, (int)model_values(l->in), 1, 1);
    memcpy(l->out->v, l->in->v, model_values(l->in) * sizeof(double));
    for (int cell = 0; cell < side * side && key_int(l, "softmax", 0); cell++)
        softmax_of(l, (size_t)(cell * classes), classes, 1, 1);
}

formula *model_values_of(const char *name)
{
    static const struct {
        const char *name;
        formula *f;
    } table[] = {
        {"activation", activation}, {"logistic", logistic_layer}, {"l2norm", l2norm}, {"normalization", normalization},
        {"softmax", softmax}, {"yolo", yolo}, {"Gaussian_yolo", gaussian_yolo}, {"region", region},
        {"detection", detection},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].name, name) == 0)
            return table[i].f;
    return NULL;
}
