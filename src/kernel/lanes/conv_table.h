/* The table of convolution kernels of an instruction set; TABLE names it. */
#include "kernel/lanes/conv_dense.h"
#include "kernel/lanes/conv_depthwise.h"
#include "kernel/lanes/conv_pack.h"
#include "kernel/lanes/conv_planar.h"
#include "kernel/peak.h"
#include "kernel/table.h"

static void piece(const struct dn_conv_job *job, const struct dn_row_kernels *rows, int block0, int block1,
                  struct dn_rect rect)
{
    struct strip s = {.job = job, .activate = dn_conv_activates(job->conv) ? rows->activate : NULL};
    if (dn_conv_depthwise(job->conv))
        depthwise(s, block0, block1, rect);
    else if (job->in.layout == DN_PLANAR)
        planar(s, block0, block1, rect);
    else
        dense(s, block0, block1, rect);
}

enum { PEAK_ROUNDS = 1 << 14, PEAK_CHAINS = 12 };

/* Enough independent chains to hide the latency of a multiply-add. */
static void peak_work(void)
{
    static const volatile float seed = 0.5f;
    vec factor = vec_splat(seed), acc[PEAK_CHAINS];
    for (int i = 0; i < PEAK_CHAINS; i++)
        acc[i] = vec_splat(seed);
    for (int round = 0; round < PEAK_ROUNDS; round++)
        UNROLL(16)
        for (int i = 0; i < PEAK_CHAINS; i++)
            acc[i] = vec_fma(acc[i], factor, factor);
    for (int i = 1; i < PEAK_CHAINS; i++)
        acc[0] = acc[0] + acc[i];
    float sum[LANES];
    vec_store(sum, acc[0]);
    volatile float keep = sum[0];
    (void)keep;
}

static double peak(double seconds)
{
    return dn_peak_of(peak_work, 2.0 * PEAK_ROUNDS * PEAK_CHAINS * LANES, seconds);
}

const struct dn_conv_kernels TABLE = {piece, pack, peak};
