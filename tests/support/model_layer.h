/* Inside the model (model.h): what the formulas of layers are written with. */
#ifndef DN_TESTS_MODEL_LAYER_H
#define DN_TESTS_MODEL_LAYER_H

#include "support/model.h"

struct layer {
    struct model *m;
    const struct dn_section *s;
    int index;
    const struct model_map *in; /* the map before it */
    struct model_map *out;
};

/* Values of keys: the first of that name counts. */
bool key_word(const struct layer *l, const char *name, const char *word);
int key_int(const struct layer *l, const char *name, int fallback);
double key_float(const struct layer *l, const char *name, double fallback);
const char *key_text(const struct layer *l, const char *name);

/* Earlier layers named by a list; the number of them. */
enum { MODEL_LIST = 16 };
int key_maps(const struct layer *l, const char *name, const struct model_map *list[MODEL_LIST]);
int key_layer(const struct layer *l, const char *name);

/* Gives the output its shape, all zero. */
void shape(struct layer *l, int c, int h, int w);
void same_shape(struct layer *l, const struct model_map *as);

/* A value of a map, or what lies outside. */
double value_at(const struct model_map *map, int c, int y, int x, double outside);
bool is_inside(const struct model_map *map, int y, int x);

/* Sets an output value; `size` 0: its own magnitude. */
void put(struct layer *l, int c, int y, int x, double value, double size);

/* The next n weights of the file. */
enum weight { BIASES, SCALES, MEANS, VARIANCES, FILTERS };
const float *take(struct layer *l, size_t n, enum weight kind, size_t fan_in);

/* The key `activation` (or what it is when absent) on the whole output. */
void activate(struct layer *l, const char *absent);
double logistic(double x);

/* The blur that antialiasing ends with, in place of the stride, on the whole output. */
void blur(struct layer *l, int mode, int stride);

/* The formulas of a section, or NULL. */
typedef void formula(struct layer *l);
formula *model_convolutions(const char *name); /* model_conv.c */
formula *model_maps(const char *name);         /* model_maps.c: values moved, pooled, combined */
formula *model_values_of(const char *name);    /* model_values.c: values changed, and heads */

#endif
