/* Packing of filters, for any `vec`: squares of LANES filters x LANES values are transposed, and
 * each value's vector of filters goes to its place in the order of conv.h. Filters are read once,
 * in sixteen streams; with streamed weights this runs once per image, so it must cost little.
 *
 * Packed filters are stored past the caches: with streamed weights another core computed with what
 * was in their place before, and taking every line back from that core's cache made packing four
 * times as slow (130 us instead of 32 for 590 KB on an EPYC). */
#ifndef DN_KERNEL_CONV_PACK_H
#define DN_KERNEL_CONV_PACK_H

#include "kernel/lanes/transpose.h"

/* Of filters, the first channels * taps values become [taps][channels][16]. */
struct packing {
    struct dn_raw_filters raw;
    int channels, taps;
};

/* out[i] gets value i of all filters, in whole cache lines: half a line stored past the caches takes as long as all of
 * it (AVX2, two threads, YOLOv2 within 16 MB: 270 ms instead of 235). */
static INLINE void pack_squares(const struct packing *p, size_t value, float **out)
{
    vec squares[BLOCK_VECS][LANES];
    UNROLL(4)
    for (int v = 0; v < BLOCK_VECS; v++)
        transpose(&p->raw, v * LANES, value, squares[v]);
    UNROLL(16)
    for (int i = 0; i < LANES; i++)
        UNROLL(4)
        for (int v = 0; v < BLOCK_VECS; v++)
            vec_stream(out[i] + v * LANES, squares[v][i]);
}

static void pack_channels(const struct packing *p, float *packed)
{
    size_t values = (size_t)p->channels * (size_t)p->taps, value = 0;
    ptrdiff_t step = (ptrdiff_t)p->channels * DN_BLOCK;
    float *at = packed;
    int tap = 0;
    while (value < values) {
        float *out[LANES];
        int n = values - value < LANES ? (int)(values - value) : LANES;
        for (int i = 0; i < n; i++, at += step) {
            if (tap++ == p->taps) {
                tap = 1;
                at += DN_BLOCK - p->taps * step;
            }
            out[i] = at;
        }
        if (n == LANES)
            pack_squares(p, value, out);
        else
            for (int i = 0; i < n; i++)
                gather_value(&p->raw, value + (size_t)i, out[i]);
        value += (size_t)n;
    }
}

/* A block whose channels belong to several groups. */
static void pack_mixed(const struct dn_conv *v, int block, const float *raw, float *packed)
{
    int c0, c1, taps = v->kh * v->kw, in = v->c / v->groups, out = v->n / v->groups;
    dn_conv_inputs(v, block, &c0, &c1);
    int wide = dn_conv_input_block(c1 - c0);
    for (int b = c0; b < c1; b += wide)
        for (int tap = 0; tap < taps; tap++)
            for (int c = b; c < dn_min(b + wide, c1); c++)
                for (int i = 0; i < DN_BLOCK; i++) {
                    int n = block * DN_BLOCK + i;
                    bool meet = n < v->n && c / in == n / out;
                    *packed++ = meet ? raw[(i * in + c % in) * taps + tap] : 0;
                }
}

static void pack(const struct dn_conv *v, int block, const float *raw, float *packed)
{
    int c0, c1, in = v->c / v->groups;
    dn_conv_inputs(v, block, &c0, &c1);
    struct packing p = {.raw = dn_raw_filters(v, block, raw), .taps = v->kh * v->kw};
    if (c1 - c0 > in && !dn_conv_depthwise(v)) {
        pack_mixed(v, block, raw, packed);
        return;
    }
    int wide = dn_conv_input_block(in);
    for (int c = 0; c < in; c += wide) {
        p.channels = dn_min(wide, in - c);
        pack_channels(&p, packed);
        p.raw.first += p.channels * p.taps;
        packed += (ptrdiff_t)p.channels * p.taps * DN_BLOCK;
    }
    stream_end();
}

#endif
