/* Packing of filters, see conv.h for the order. */
#ifndef DN_KERNEL_CONV_PACK_H
#define DN_KERNEL_CONV_PACK_H

#include "kernel/conv.h"

/* One value of the packed form: of output channel n, input channel c; zero where they do not meet. */
static float pack_filter(const struct dn_conv *v, const float *raw, int lane, int block, int c,
                          int tap)
{
    int n = block * DN_BLOCK + lane, in = v->c / v->groups, taps = v->kh * v->kw;
    if (n >= v->n || c / in != n / (v->n / v->groups))
        return 0;
    return raw[((size_t)lane * (size_t)in + (size_t)(c % in)) * (size_t)taps + (size_t)tap];
}

static void pack(const struct dn_conv *v, int block, const float *raw, float *packed)
{
    int c0, c1, taps = v->kh * v->kw;
    dn_conv_inputs(v, block, &c0, &c1);
    if (dn_conv_depthwise(v)) {
        for (int tap = 0; tap < taps; tap++)
            for (int i = 0; i < DN_BLOCK; i++)
                *packed++ = pack_filter(v, raw, i, block, block * DN_BLOCK + i, tap);
        return;
    }
    int step = dn_conv_input_block(c1 - c0);
    for (int b = c0; b < c1; b += step)
        for (int tap = 0; tap < taps; tap++)
            for (int c = b; c < dn_min(b + step, c1); c++)
                for (int i = 0; i < DN_BLOCK; i++)
                    *packed++ = pack_filter(v, raw, i, block, c, tap);
}

#endif
