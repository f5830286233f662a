/* Compares the NEON row kernels with the scalar ones; see neon_conv.c. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/row_case.h"

enum { SEEDS = 300 };

static bool same(enum row_kind kind, unsigned seed)
{
    struct row_case c;
    row_case_random(&c, kind, seed);
    row_case_run(&c, dn_kernels("scalar"), c.rect, 1);
    float *expected = malloc(c.out.bytes);
    if (!expected)
        return false;
    memcpy(expected, c.out.floats, c.out.bytes);
    row_case_reset(&c);
    row_case_run(&c, dn_kernels("neon"), c.rect, 1);
    bool equal = !memcmp(expected, c.out.floats, c.out.bytes);
    if (!equal)
        printf("seed %u differs: %s\n", seed, row_case_text(&c));
    free(expected);
    row_case_close(&c);
    return equal;
}

/* Every 65537th float. */
static bool same_functions(enum dn_activation a)
{
    enum { FLOATS = 1 << 16 };
    static float expected[FLOATS], got[FLOATS];
    for (uint32_t i = 0; i < FLOATS; i++) {
        uint32_t bits = i * 65537;
        memcpy(&expected[i], &bits, sizeof bits);
    }
    memcpy(got, expected, sizeof got);
    dn_activate_array(dn_kernels("scalar"), a, expected, FLOATS);
    dn_activate_array(dn_kernels("neon"), a, got, FLOATS);
    for (int i = 0; i < FLOATS; i++)
        if (memcmp(&expected[i], &got[i], sizeof got[i]) && !(isnan(expected[i]) && isnan(got[i]))) {
            printf("activation %d differs: %a instead of %a\n", (int)a, (double)got[i], (double)expected[i]);
            return false;
        }
    return true;
}

int main(void)
{
    int wrong = 0;
    if (!dn_kernels("neon")) {
        fputs("neon_rows: these kernels are not for this machine\n", stderr);
        return 1;
    }
    for (int kind = 0; kind < ROW_KINDS; kind++)
        for (unsigned seed = 0; seed < SEEDS; seed++)
            wrong += !same((enum row_kind)kind, seed);
    for (int a = 0; a < DN_NORMALIZE_CHANNELS; a++)
        wrong += !same_functions((enum dn_activation)a);
    printf("neon rows: %d of %d cases give the scalar bytes\n", SEEDS * ROW_KINDS - wrong,
           SEEDS * ROW_KINDS);
    return wrong > 0;
}
