/* The table of kernels: for each instruction set one table of convolution kernels and one of
 * row kernels (pooling, activations, elementwise work), chosen at run time in dispatch.c. */
#ifndef DN_KERNEL_TABLE_H
#define DN_KERNEL_TABLE_H

#include "kernel/kernel.h"

struct dn_conv_kernels; /* conv.h */
struct dn_winograd_kernels; /* winograd.h */
struct dn_row_kernels;  /* rows.h */

struct dn_kernels {
    const char *name;
    bool (*usable)(void); /* can this machine run them? */
    const struct dn_conv_kernels *conv;
    const struct dn_winograd_kernels *winograd;
    const struct dn_row_kernels *rows;
};

/* One each per translation unit that is compiled for its instruction set. */
extern const struct dn_conv_kernels dn_conv_scalar, dn_conv_avx2, dn_conv_avx512, dn_conv_neon;
extern const struct dn_winograd_kernels dn_winograd_scalar, dn_winograd_avx2, dn_winograd_avx512,
    dn_winograd_neon;
extern const struct dn_row_kernels dn_rows_scalar, dn_rows_avx2, dn_rows_avx512, dn_rows_neon;

#endif
