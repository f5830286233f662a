/* Compares the NEON kernels with the scalar ones. A plain program, built statically for aarch64 and
 * run under qemu by `make test-neon`, where the test framework does not exist. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/conv_case.h"

enum { CASES = 400, WINOGRAD_CASES = 16 };

/* Does the case give the bytes of plain C? */
static int check(struct conv_case *c, unsigned seed)
{
    int blocks = dn_blocks(c->conv.n), right;
    struct dn_rect rect = dn_rect_whole(&c->out);
    conv_case_run(c, dn_kernels("scalar"), rect, 0, blocks, 1);
    float *expected = malloc(c->out_bytes);
    if (!expected)
        return 0;
    memcpy(expected, c->out_floats, c->out_bytes);
    conv_case_wipe(c);
    conv_case_run(c, dn_kernels("neon"), rect, 0, blocks, 1);
    right = !memcmp(expected, c->out_floats, c->out_bytes);
    if (!right)
        printf("seed %u differs: %s\n", seed, conv_case_text(c));
    free(expected);
    conv_case_close(c);
    return right;
}

int main(void)
{
    int right = 0, winograd = 0;
    struct conv_case c;
    if (!dn_kernels("neon")) {
        fputs("neon_conv: these kernels are not for this machine\n", stderr);
        return 1;
    }
    for (unsigned seed = 0; seed < CASES; seed++) {
        conv_case_random(&c, seed);
        right += check(&c, seed);
    }
    for (unsigned seed = 0; seed < WINOGRAD_CASES; seed++) {
        conv_case_random_winograd(&c, seed);
        c.thrift = (int)seed % DN_THRIFT_LEVELS;
        winograd += check(&c, seed);
    }
    printf("neon convolution: %d of %d cases give the scalar bytes\n", right, CASES);
    printf("neon Winograd convolution: %d of %d cases give the scalar bytes\n", winograd, WINOGRAD_CASES);
    return right < CASES || winograd < WINOGRAD_CASES;
}
