/* Batch normalisation and biases, as three resident vectors that kernels apply at the store. */
#ifndef DN_LAYER_NORMALIZE_H
#define DN_LAYER_NORMALIZE_H

#include <stdbool.h>
#include <stddef.h>

#include "layer/layer.h"

struct dn_normalize {
    const float *biases;                   /* [n], or NULL: 0 */
    const float *scales, *mean, *variance; /* [n], or NULL: 1, 0, 0 */
    int n;
    bool batch_normalize;
    enum dn_dialect dialect; /* decides the epsilon, format section 3.2 */
};

/* Floats that dn_normalize_params writes: whole blocks of mean, scale and bias. */
size_t dn_normalize_floats(int n);

/* params[dn_blocks(n)][3][16]: y = (x - mean) * scale + bias, the subtraction kept separate as in
 * the formula so that channels with a tiny variance lose no more precision than there. */
void dn_normalize_params(const struct dn_normalize *norm, float *params);

#endif
