/* Row kernels inside src/kernel: what rows.c, pool.c and activation.c ask of an instruction set, and
 * how they and convolutions cut a rectangle into pieces for threads. Every function works on one
 * piece: a row of one channel block, which is contiguous memory. */
#ifndef DN_KERNEL_ROWS_H
#define DN_KERNEL_ROWS_H

#include "kernel/kernel.h"

/* One row of one block of a pool's output: columns [x0, x1). */
struct dn_pool_row {
    const struct dn_pool *pool;
    const struct dn_view *in;
    float *out; /* column x0 */
    int block, y, x0, x1;
};

struct dn_row_kernels {
    /* n floats in place; not the NORMALIZE kinds. Convolutions may call this on pieces of rows that
     * they have just computed. */
    void (*activate)(enum dn_activation a, float *x, size_t n);
    /* x[i] = e^x[i] */
    void (*exp)(float *x, size_t n);
    void (*pool)(const struct dn_pool_row *row);
    /* out[i] = a[i] * alpha + b[i] * beta; out may be a. */
    void (*add)(const float *a, float alpha, const float *b, float beta, float *out, size_t n);
    void (*multiply)(const float *a, const float *b, float *out, size_t n);
    /* out[i] = in[i] * scale[i % 16]; n is a multiple of 16. */
    void (*scale)(const float *in, const float *scale, float *out, size_t n);
};

/* Columns [x0, x1) of a row of a channel block. */
struct dn_piece {
    int block, y, x0, x1;
};

/* Calls work(context, piece) for blocks [0, blocks) and the rows of rect, on up to `threads` threads,
 * several pieces at a time where they are small. */
void dn_row_pieces(int blocks, struct dn_rect rect, int threads,
                   void (*work)(const void *context, struct dn_piece piece), const void *context);

/* Into how many parts, side by side, a rectangle is cut for threads. Bands are: all layers of a group
 * then give a thread the same columns of every band, and it reads what it has written itself. With rows
 * for each thread, the first layers of YOLOv2 were no faster on two cores than on one. */
int dn_row_parts(struct dn_rect rect, int threads);

#endif
