/* What a convolution does to a finished sum before it stores it: scale, bias and the cheap
 * activations, in the order that kernel.h gives. For any `vec`. */
#ifndef DN_KERNEL_CONV_STORE_H
#define DN_KERNEL_CONV_STORE_H

#include "kernel/conv.h"

#define INLINE inline __attribute__((always_inline))

enum { BLOCK_VECS = DN_BLOCK / LANES };

/* `vectors` points at the mean of these lanes. */
static INLINE vec finish(vec sum, const float *vectors, enum dn_activation a)
{
    vec x = (sum - vec_load(vectors)) * vec_load(vectors + DN_BLOCK) +
            vec_load(vectors + 2 * DN_BLOCK);
    if (a == DN_LEAKY)
        return vec_max(x * vec_splat(0.1f), x);
    if (a == DN_RELU)
        return vec_max(x, vec_splat(0));
    return x;
}

#endif
