/* See normalize.h. Used by convolutional, connected, deconvolutional and batchnorm. */
#include "layer/normalize.h"

#include <math.h>
#include <string.h>

size_t dn_normalize_floats(int n)
{
    return (size_t)dn_blocks(n) * 3 * DN_BLOCK;
}

static float scale_of(const struct dn_normalize *norm, int i)
{
    if (!norm->batch_normalize)
        return 1;
    float scale = norm->scales ? norm->scales[i] : 1;
    float variance = norm->variance ? norm->variance[i] : 0;
    return norm->dialect == DN_ALEXEYAB ? (float)(scale / sqrt((double)variance + 1e-5))
                                        : (float)(scale / (sqrt((double)variance) + 1e-6));
}

void dn_normalize_params(const struct dn_normalize *norm, float *params)
{
    memset(params, 0, dn_normalize_floats(norm->n) * sizeof *params);
    for (int i = 0; i < norm->n; i++) {
        float *block = params + (size_t)(i / DN_BLOCK) * 3 * DN_BLOCK + i % DN_BLOCK;
        block[0] = norm->batch_normalize && norm->mean ? norm->mean[i] : 0;
        block[DN_BLOCK] = scale_of(norm, i);
        block[2 * DN_BLOCK] = norm->biases ? norm->biases[i] : 0;
    }
}
