/* Softmax over neighbouring values, shared by the softmax, detection and region layers. */
#ifndef DN_LAYER_SOFTMAX_H
#define DN_LAYER_SOFTMAX_H

#include "layer/layer.h"

struct dn_softmax {
    int first, n;
    float temperature;
};

/* In place, for every column of row y of run->out, over channels [first, first + n):
 * v[c] = e^(v[c]/temperature - max/temperature) / sum. The map is planar or one column wide. */
void dn_softmax_row(const struct dn_run *run, const struct dn_softmax *s, int y);

/* The same within every group of a class hierarchy whose class 0 is channel `first`. */
void dn_softmax_tree_row(const struct dn_run *run, const struct dn_tree *tree, int first,
                         float temperature, int y);

/* Reads the class hierarchy that the key `tree` names and checks that it has `classes` classes.
 * *tree stays NULL when the key is absent. */
enum dn_status dn_build_tree(struct dn_build *b, int classes, struct dn_tree **tree);

#endif
