/* Class hierarchies (WordTree) of the softmax and region layers.
 *
 * A tree file has one line per class, `name parent`, -1 for a root; consecutive classes with the
 * same parent form one softmax group. */
#ifndef DN_LAYER_TREE_H
#define DN_LAYER_TREE_H

#include "base/status.h"

struct dn_tree {
    int n;             /* classes */
    char **name;       /* [n] */
    int *parent;       /* [n] class index, -1: root. Parents stand before their children. */
    int *child;        /* [n] group of its children, -1: leaf */
    int *group;        /* [n] group the class belongs to */
    int groups;
    int *group_size;   /* [groups] */
    int *group_offset; /* [groups] first class */
};

enum dn_status dn_tree_read(const char *path, struct dn_tree **tree, struct dn_error *err);
void dn_tree_free(struct dn_tree *tree);

/* One integer per line (the region layer's `map` file); the caller owns *values. */
enum dn_status dn_map_read(const char *path, int **values, int *n, struct dn_error *err);

/* Turns per-group conditional probabilities into absolute ones, in place: p[i] *= p[parent[i]];
 * with only_leaves, inner classes then become 0. `stride` is the distance of classes in p. */
void dn_tree_predictions(const struct dn_tree *tree, float *p, int stride, int only_leaves);

/* Walks down from the root: at each group the most likely class, as long as the running product
 * stays above thresh. Returns the class where it stops. Stock's rule, format section 3.31. */
int dn_tree_top(const struct dn_tree *tree, const float *p, int stride, float thresh);

#endif
