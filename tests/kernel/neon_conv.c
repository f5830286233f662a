/* Compares the NEON kernels with the scalar ones. A plain program, built statically for aarch64 and
 * run under qemu by `make test-neon`, where the test framework does not exist. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/conv_case.h"

enum { CASES = 400 };

int main(void)
{
    const struct dn_kernels *neon = dn_kernels("neon"), *scalar = dn_kernels("scalar");
    int wrong = 0;
    if (!neon) {
        fputs("neon_conv: these kernels are not for this machine\n", stderr);
        return 1;
    }
    for (unsigned seed = 0; seed < CASES; seed++) {
        struct conv_case c;
        conv_case_random(&c, seed);
        int blocks = dn_blocks(c.conv.n);
        struct dn_rect rect = dn_rect_whole(&c.out);
        conv_case_run(&c, scalar, rect, 0, blocks, 1);
        float *expected = malloc(c.out_bytes);
        if (!expected)
            return 1;
        memcpy(expected, c.out_floats, c.out_bytes);
        conv_case_wipe(&c);
        conv_case_run(&c, neon, rect, 0, blocks, 1);
        if (memcmp(expected, c.out_floats, c.out_bytes)) {
            printf("seed %u differs: %s\n", seed, conv_case_text(&c));
            wrong++;
        }
        free(expected);
        conv_case_close(&c);
    }
    printf("neon convolution: %d of %d cases give the scalar bytes\n", CASES - wrong, CASES);
    return wrong > 0;
}
