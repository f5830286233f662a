/* A plain model of networks: every layer straight from its formula in the format reference, planar,
 * in double precision, one value at a time.
 *
 * With the engine it shares only the reader of sections. Weights are made as the formulas ask for
 * them, which is the order of a weights file. Networks must be legal: the model checks nothing. */
#ifndef DN_TESTS_MODEL_H
#define DN_TESTS_MODEL_H

#include "net/cfg.h"
#include "support/net_case.h"

struct model_map {
    int c, h, w;
    double *v;    /* [c][h][w] */
    double *size; /* [c][h][w] the sum of the absolute values of all terms of v: what rounding
                     errors are measured by */
};

struct model {
    struct dn_cfg cfg;
    bool alexeyab;          /* the dialect */
    int n;                  /* layers */
    struct model_map input; /* values in [0, 1) */
    struct model_map *maps; /* [n] */
    float *weights;         /* those made so far */
    size_t n_weights;
    size_t next;            /* the first weight of the layer that comes next */
    size_t *first;          /* [n] the first weight of each layer */
    struct dice dice;
};

void model_open(struct model *m, const char *path, bool alexeyab, uint64_t seed);
void model_close(struct model *m);

/* Computes map i from those before it, which may have been changed since they were computed. The
 * first time, layers must come in order. */
void model_layer(struct model *m, int i);

/* A weights file with everything that was made. */
void model_write_weights(const struct model *m, const char *path);

static inline double *model_at(const struct model_map *map, int c, int y, int x)
{
    return &map->v[((size_t)c * (size_t)map->h + (size_t)y) * (size_t)map->w + (size_t)x];
}

static inline size_t model_values(const struct model_map *map)
{
    return (size_t)map->c * (size_t)map->h * (size_t)map->w;
}

#endif
