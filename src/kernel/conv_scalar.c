/* Convolution, scalar. */
#include "kernel/lanes/conv_plain.h"

#include "kernel/peak.h"
#include "kernel/table.h"

enum { ROUNDS = 1 << 14, CHAINS = 8 };

static void peak_work(void)
{
    static const volatile float factor = 0.5f;
    float acc[CHAINS] = {0}, f = factor;
    for (int i = 0; i < ROUNDS; i++)
        for (int j = 0; j < CHAINS; j++)
            acc[j] = fmaf(acc[j], f, f);
    volatile float keep = 0;
    for (int j = 0; j < CHAINS; j++)
        keep = keep + acc[j];
}

static double peak(double seconds)
{
    return dn_peak_of(peak_work, 2.0 * ROUNDS * CHAINS, seconds);
}

const struct dn_conv_kernels dn_conv_scalar = {plain_piece, plain_pack, peak};
