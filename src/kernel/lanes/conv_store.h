/* What a convolution does to a finished sum before it stores it: scale, bias and the cheap
 * activations, in the order that kernel.h gives. For any `vec`. */
#ifndef DN_KERNEL_CONV_STORE_H
#define DN_KERNEL_CONV_STORE_H

#include "kernel/conv.h"
#include "kernel/lanes/transpose.h"

typedef int bits __attribute__((vector_size(LANES * sizeof(int))));

/* The fused activations as max(x * slope, x & mask), with the second where the first is not a
 * number: linear 1, all; leaky 0.1, all; relu 1, none. */
struct fused {
    vec slope;
    bits mask;
};

static INLINE struct fused fused(enum dn_activation a)
{
    struct fused f = {vec_splat(a == DN_LEAKY ? 0.1f : 1), {0}};
    if (a != DN_RELU)
        f.mask = ~f.mask;
    return f;
}

/* Mean, scale and bias of LANES channels; `vectors` points at their means. */
struct norm {
    vec mean, scale, bias;
};

static INLINE struct norm norm(const float *vectors)
{
    struct norm n = {vec_load(vectors), vec_load(vectors + DN_BLOCK),
                     vec_load(vectors + 2 * DN_BLOCK)};
    return n;
}

static INLINE vec activated(vec x, struct fused f)
{
    return vec_max(x * f.slope, (vec)((bits)x & f.mask));
}

static INLINE vec finish(vec sum, struct norm n, struct fused f)
{
    return activated((sum - n.mean) * n.scale + n.bias, f);
}

#endif
