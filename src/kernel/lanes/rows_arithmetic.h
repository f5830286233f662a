/* Sums and products of rows, for any `vec`. */
#ifndef DN_KERNEL_ROWS_ARITHMETIC_H
#define DN_KERNEL_ROWS_ARITHMETIC_H

#include "kernel/rows.h"

static void add(const float *a, float alpha, const float *b, float beta, float *out, size_t n)
{
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        vec_store(out + i, vec_load(a + i) * vec_splat(alpha) + vec_load(b + i) * vec_splat(beta));
    for (; i < n; i++)
        out[i] = a[i] * alpha + b[i] * beta;
}

static void multiply(const float *a, const float *b, float *out, size_t n)
{
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        vec_store(out + i, vec_load(a + i) * vec_load(b + i));
    for (; i < n; i++)
        out[i] = a[i] * b[i];
}

static void scale(const float *in, const float *factors, float *out, size_t n)
{
    for (size_t i = 0; i < n; i += DN_BLOCK)
        for (int j = 0; j < DN_BLOCK; j += LANES)
            vec_store(out + i + j, vec_load(in + i + j) * vec_load(factors + j));
}

#endif
