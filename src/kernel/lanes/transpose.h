/* From filters one behind the other, as in a weights file, to vectors of the same value of several filters:
 * squares of LANES filters x LANES values, for any `vec`. */
#ifndef DN_KERNEL_TRANSPOSE_H
#define DN_KERNEL_TRANSPOSE_H

#include "kernel/conv.h"
#include "kernel/lanes/inline.h"

enum {
    BLOCK_VECS = DN_BLOCK / LANES,
    RAW_AHEAD = 96 /* floats of each filter that are asked for ahead */
};

/* One value of all filters, 0 for those that are missing. */
static INLINE void gather_value(const struct dn_raw_filters *f, size_t value, float *out)
{
    for (int i = 0; i < DN_BLOCK; i++)
        out[i] = i < f->lanes ? f->first[(size_t)i * f->fan_in + value] : 0;
}

#ifndef VEC_TRANSPOSE
/* a[i] gets element i of LANES rows. */
static INLINE void vec_transpose(const float *const *rows, vec *a)
{
    vec b[LANES];
    UNROLL(16)
    for (int i = 0; i < LANES; i++)
        a[i] = vec_load(rows[i]);
    UNROLL(4)
    for (int width = 1; width < LANES; width *= 2) {
        UNROLL(16)
        for (int i = 0; i < LANES / 2; i++) {
            b[2 * i] = vec_zip_low(a[i], a[i + LANES / 2]);
            b[2 * i + 1] = vec_zip_high(a[i], a[i + LANES / 2]);
        }
        UNROLL(16)
        for (int i = 0; i < LANES; i++)
            a[i] = b[i];
    }
}
#endif

/* a[i] gets value i of LANES filters from `lane` on. */
static INLINE void transpose(const struct dn_raw_filters *f, int lane, size_t value, vec *a)
{
    static const float zeros[LANES];
    const float *rows[LANES];
    UNROLL(16)
    for (int i = 0; i < LANES; i++) {
        rows[i] = zeros;
        if (lane + i < f->lanes) {
            rows[i] = f->first + (size_t)(lane + i) * f->fan_in + value;
            __builtin_prefetch(rows[i] + RAW_AHEAD, 0, 0);
        }
    }
    vec_transpose(rows, a);
}

#endif
