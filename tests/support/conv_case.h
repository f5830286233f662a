/* A convolution with data to run it on, for tests of the kernels. Every buffer ends at an unmapped
 * page. Needs no test framework, so that it also serves on machines that have none. */
#ifndef DN_TESTS_CONV_CASE_H
#define DN_TESTS_CONV_CASE_H

#include "kernel/kernel.h"

struct conv_case {
    struct dn_conv conv;
    int h, w;               /* of the input */
    struct dn_view in, out; /* whole maps */
    float *raw, *vectors;
    float *out_floats; /* everything `out` lies in, pads included */
    size_t in_bytes, raw_bytes, vector_bytes, out_bytes;
    int thrift; /* with workspace; 0 at first */
    bool unpacked; /* filters are not packed; false at first */
};

/* The shape is taken as it is; fills it with values that depend on `seed` alone. */
void conv_case_open(struct conv_case *c, const struct dn_conv *conv, int h, int w, unsigned seed);
void conv_case_close(struct conv_case *c);

/* Any shape that a cfg may ask for, small enough for the scalar kernels. */
void conv_case_random(struct conv_case *c, unsigned seed);

/* A shape that Winograd computes, of stride 1 or 2: channels of all remainders, one or several blocks of
 * them; maps of all remainders of tiles. */
void conv_case_random_winograd(struct conv_case *c, unsigned seed);

/* Marks all output floats as not written. */
void conv_case_wipe(struct conv_case *c);

/* Packs the blocks with `k`, unless it is told not to, and computes them in the rectangle. */
void conv_case_run(struct conv_case *c, const struct dn_kernels *k, struct dn_rect rect, int block0,
                   int block1, int threads);

/* One element in double precision; *spread is what the sizes of its terms add up to. */
double conv_case_model(const struct conv_case *c, int n, int y, int x, double *spread);

/* The shape, for messages. */
const char *conv_case_text(const struct conv_case *c);

#endif
