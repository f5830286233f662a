/* Runs one convolution once with the kernels of one instruction set, so that its instructions can be
 * counted from outside; tests/script/test_instructions.py says what they may be.
 *
 *   count_conv ISA CHANNELS FILTERS GROUPS SIZE STRIDE SIDE KIND
 *
 * KIND: planar (input), exact, or any. Prints the multiply-adds of the convolution. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/kernel.h"

static float *floats(size_t n)
{
    float *p = aligned_alloc(64, (n * sizeof *p + 63) / 64 * 64);
    for (size_t i = 0; p && i < n; i++)
        p[i] = (float)(i * 7919 % 1009) / 1009.0f - 0.5f;
    return p ? p : (fputs("count_conv: not enough memory\n", stderr), exit(1), NULL);
}

static struct dn_view map(int c, int side, int pad, enum dn_layout layout)
{
    struct dn_view v = {.c = c, .h = side, .w = side, .rows = side, .pad = pad, .layout = layout};
    bool planar = layout == DN_PLANAR;
    v.block = planar ? (ptrdiff_t)side * side : (ptrdiff_t)(side + 2 * pad) * DN_BLOCK;
    v.row = planar ? side : v.block * dn_blocks(c);
    size_t size = planar ? (size_t)v.block * (size_t)c : (size_t)v.row * (size_t)side;
    v.data = floats(size) + (planar ? 0 : pad * DN_BLOCK);
    return v;
}

static void run(const struct dn_kernels *k, const struct dn_conv *v, int side)
{
    int blocks = dn_blocks(v->n);
    struct dn_rect whole = {0, v->h, 0, v->w};
    float *raw = floats((size_t)v->n * (size_t)(v->c / v->groups * v->kh * v->kw));
    struct dn_conv_job job = {.conv = v, .in = map(v->c, side, v->in_layout == DN_PLANAR ? 0 : v->pad_x, v->in_layout),
                              .out = map(v->n, v->h, 1, DN_BLOCKED), .rect = whole, .block1 = blocks, .threads = 1};
    float *packed = floats(dn_conv_packed_floats(v, 0, blocks));
    dn_conv_pack(k, v, 0, blocks, raw, packed, 1);
    job.filters = packed;
    job.vectors = floats((size_t)blocks * 48);
    job.workspace = floats(dn_conv_workspace(v, whole, 1, 0) / sizeof(float) + 1);
    dn_conv_run(k, &job);
}

int main(int argc, char **argv)
{
    const struct dn_kernels *k = argc == 9 ? dn_kernels(argv[1]) : NULL;
    if (!k)
        return fputs("count_conv: eight arguments, the first an instruction set of this machine\n", stderr), 1;
    int number[6];
    for (int i = 0; i < 6; i++)
        number[i] = atoi(argv[2 + i]);
    int c = number[0], n = number[1], groups = number[2], size = number[3], stride = number[4], side = number[5];
    int pad = size / 2, out = (side + 2 * pad - size) / stride + 1;
    struct dn_conv v = {.c = c, .n = n, .groups = groups, .kh = size, .kw = size, .stride_y = stride,
                        .stride_x = stride, .dilation = 1, .pad_y = pad, .pad_x = pad, .activation = DN_LEAKY,
                        .exact = !strcmp(argv[8], "exact"), .h = out, .w = out,
                        .in_layout = strcmp(argv[8], "planar") ? DN_BLOCKED : DN_PLANAR};
    run(k, &v, side);
    printf("%s %.0f\n", dn_conv_name(&v), (double)c / groups * n * size * size * out * out);
    return 0;
}
