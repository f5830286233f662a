/* Prints, for every instruction set of this machine and every layer shape in a list, the share of
 * the multiply-add peak that dn_conv_run reaches; for depthwise layers also how long it takes to read
 * the same input and write the same output without multiplying.
 *
 *   bench_conv [ISA [THREADS [PART OF A NAME]]] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernel/kernel.h"

enum { PASSES = 20 /* of short layers, per reading of the clock */ };

struct shape {
    const char *name;
    int times; /* in the network */
    int c, n, groups, k, stride, h, w;
    int rows; /* per call; 0: whole map */
    enum dn_layout layout;
};

#define YOLO "yolov2-608"
static const struct shape shapes[] = {
    {YOLO " 0", 1, 3, 32, 1, 3, 1, 608, 608, 0, DN_PLANAR},
    {YOLO " 2", 1, 32, 64, 1, 3, 1, 304, 304, 0, DN_BLOCKED},
    {YOLO " 4,6", 2, 64, 128, 1, 3, 1, 152, 152, 0, DN_BLOCKED},
    {YOLO " 5", 1, 128, 64, 1, 1, 1, 152, 152, 0, DN_BLOCKED},
    {YOLO " 8,10", 2, 128, 256, 1, 3, 1, 76, 76, 0, DN_BLOCKED},
    {YOLO " 9", 1, 256, 128, 1, 1, 1, 76, 76, 0, DN_BLOCKED},
    {YOLO " 12,14,16", 3, 256, 512, 1, 3, 1, 38, 38, 0, DN_BLOCKED},
    {YOLO " 13,15", 2, 512, 256, 1, 1, 1, 38, 38, 0, DN_BLOCKED},
    {YOLO " 18,20,22", 3, 512, 1024, 1, 3, 1, 19, 19, 0, DN_BLOCKED},
    {YOLO " 19,21", 2, 1024, 512, 1, 1, 1, 19, 19, 0, DN_BLOCKED},
    {YOLO " 23,24", 2, 1024, 1024, 1, 3, 1, 19, 19, 0, DN_BLOCKED},
    {YOLO " 26", 1, 512, 64, 1, 1, 1, 38, 38, 0, DN_BLOCKED},
    {YOLO " 29", 1, 1280, 1024, 1, 3, 1, 19, 19, 0, DN_BLOCKED},
    {YOLO " 30", 1, 1024, 425, 1, 1, 1, 19, 19, 0, DN_BLOCKED},
    {"first layer, 4 rows", 1, 3, 32, 1, 3, 1, 608, 608, 4, DN_PLANAR},
    {"first layer, 16 filters, stride 2, 4 rows", 1, 3, 16, 1, 3, 2, 416, 416, 4, DN_PLANAR},
    {"first layer 7x7 stride 2, 4 rows", 1, 3, 64, 1, 7, 2, 448, 448, 4, DN_PLANAR},
    {"first layer 11x11 stride 4, 4 rows", 1, 3, 96, 1, 11, 4, 227, 227, 4, DN_PLANAR},
    {"304x304 32->64, 2 rows", 1, 32, 64, 1, 3, 1, 304, 304, 2, DN_BLOCKED},
    {"76x76 128->256, 4 rows", 1, 128, 256, 1, 3, 1, 76, 76, 4, DN_BLOCKED},
    {"38x38 256->512, 8 rows", 1, 256, 512, 1, 3, 1, 38, 38, 8, DN_BLOCKED},
    {"1x1 208x208 64->32", 1, 64, 32, 1, 1, 1, 208, 208, 0, DN_BLOCKED},
    {"1x1 208x208 64->32, 4 rows", 1, 64, 32, 1, 1, 1, 208, 208, 4, DN_BLOCKED},
    {"1x1 104x104 128->64", 1, 128, 64, 1, 1, 1, 104, 104, 0, DN_BLOCKED},
    {"1x1 104x104 128->64, 4 rows", 1, 128, 64, 1, 1, 1, 104, 104, 4, DN_BLOCKED},
    {"1x1 160x160 16->96, 4 rows", 1, 16, 96, 1, 1, 1, 160, 160, 4, DN_BLOCKED},
    {"stride 2 208x208 32->64", 1, 32, 64, 1, 3, 2, 208, 208, 0, DN_BLOCKED},
    {"stride 2 52x52 256->512", 1, 256, 512, 1, 3, 2, 52, 52, 0, DN_BLOCKED},
    {"stride 2 608x608 32->64", 1, 32, 64, 1, 3, 2, 608, 608, 0, DN_BLOCKED},
    {"stride 2 608x608 32->64, 4 rows", 1, 32, 64, 1, 3, 2, 608, 608, 4, DN_BLOCKED},
    {"stride 2 304x304 64->128", 1, 64, 128, 1, 3, 2, 304, 304, 0, DN_BLOCKED},
    {"stride 2 304x304 64->128, 4 rows", 1, 64, 128, 1, 3, 2, 304, 304, 4, DN_BLOCKED},
    {"stride 2 152x152 128->256", 1, 128, 256, 1, 3, 2, 152, 152, 0, DN_BLOCKED},
    {"stride 2 76x76 256->512", 1, 256, 512, 1, 3, 2, 76, 76, 0, DN_BLOCKED},
    {"stride 2 38x38 512->1024", 1, 512, 1024, 1, 3, 2, 38, 38, 0, DN_BLOCKED},
    {"5x5 27x27 96->256", 1, 96, 256, 1, 5, 1, 27, 27, 0, DN_BLOCKED},
    {"5x5 27x27 96->256 2 groups", 1, 96, 256, 2, 5, 1, 27, 27, 0, DN_BLOCKED},
    {"7x7 28x28 64->64", 1, 64, 64, 1, 7, 1, 28, 28, 0, DN_BLOCKED},
    {"13x13 512->1024", 1, 512, 1024, 1, 3, 1, 13, 13, 0, DN_BLOCKED},
    {"1x1 13x13 1024->255", 1, 1024, 255, 1, 1, 1, 13, 13, 0, DN_BLOCKED},
    {"7x7 map 3x3 512->512", 1, 512, 512, 1, 3, 1, 7, 7, 0, DN_BLOCKED},
    {"304x304 16->16", 1, 16, 16, 1, 3, 1, 304, 304, 0, DN_BLOCKED},
    {"depthwise 160x160x8", 1, 8, 8, 8, 3, 1, 160, 160, 0, DN_BLOCKED},
    {"depthwise 160x160x24 stride 2", 1, 24, 24, 24, 3, 2, 160, 160, 0, DN_BLOCKED},
    {"depthwise 80x80x32", 1, 32, 32, 32, 3, 1, 80, 80, 0, DN_BLOCKED},
    {"depthwise 40x40x96", 1, 96, 96, 96, 3, 1, 40, 40, 0, DN_BLOCKED},
    {"depthwise 40x40x96 stride 2", 1, 96, 96, 96, 3, 2, 40, 40, 0, DN_BLOCKED},
    {"depthwise 20x20x136", 1, 136, 136, 136, 3, 1, 20, 20, 0, DN_BLOCKED},
    {"depthwise 10x10x224", 1, 224, 224, 224, 3, 1, 10, 10, 0, DN_BLOCKED},
    {"depthwise 160x160x32, 4 rows", 1, 32, 32, 32, 3, 1, 160, 160, 4, DN_BLOCKED},
    {"depthwise 80x80x96, 4 rows", 1, 96, 96, 96, 3, 1, 80, 80, 4, DN_BLOCKED},
    {"depthwise 160x160x32 stride 2, 4 rows", 1, 32, 32, 32, 3, 2, 160, 160, 4, DN_BLOCKED},
    {"depthwise 20x20x384", 1, 384, 384, 384, 3, 1, 20, 20, 0, DN_BLOCKED},
    {"depthwise 5x5 20x20x384", 1, 384, 384, 384, 5, 1, 20, 20, 0, DN_BLOCKED},
    {"connected 4096->1024", 1, 4096, 1024, 1, 1, 1, 1, 1, 0, DN_BLOCKED},
};

/* Of this thread alone when there is but one, so that other programs disturb less. */
static clockid_t watch = CLOCK_THREAD_CPUTIME_ID;

static double now(void)
{
    struct timespec t;
    clock_gettime(watch, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static float *floats(size_t n)
{
    float *p = aligned_alloc(64, (n * sizeof *p + 63) / 64 * 64);
    if (!p) {
        fputs("bench_conv: not enough memory\n", stderr);
        exit(1);
    }
    for (size_t i = 0; i < n; i++)
        p[i] = (float)(i * 7919 % 1009) / 1009.0f - 0.5f;
    return p;
}

static struct dn_view map(int c, int h, int w, int pad, enum dn_layout layout)
{
    struct dn_view v = {.c = c, .h = h, .w = w, .rows = h, .pad = pad, .layout = layout};
    size_t size;
    if (layout == DN_PLANAR) {
        v.row = w;
        v.block = (ptrdiff_t)w * h;
        size = (size_t)v.block * (size_t)c;
    } else {
        v.block = (ptrdiff_t)(w + 2 * pad) * DN_BLOCK;
        v.row = v.block * dn_blocks(c);
        size = (size_t)v.row * (size_t)h;
    }
    v.data = floats(size) + (layout == DN_PLANAR ? 0 : pad * DN_BLOCK);
    return v;
}

static void unmap(struct dn_view v)
{
    free(v.data - (v.layout == DN_PLANAR ? 0 : v.pad * DN_BLOCK));
}

/* Best seconds of reading each input and writing each output once: a copy or, with a stride, the maximum
 * of 2x2. */
static double touch(const struct dn_kernels *k, const struct dn_view *in, const struct dn_view *out, int stride,
                    int threads)
{
    const struct dn_pool p = {stride, stride, stride, stride, 0, 0, false};
    double best = 1e9;
    for (int i = 0; i < 100; i++) {
        double t = now();
        for (int pass = 0; pass < PASSES; pass++)
            if (stride == 1)
                dn_copy(in, out, dn_rect_whole(out), threads);
            else
                dn_pool_run(k, &p, in, out, dn_rect_whole(out), threads);
        t = (now() - t) / PASSES;
        best = t < best ? t : best;
    }
    return best;
}

/* One pass over the map, in bands where the shape has rows. */
static void pass(const struct dn_kernels *k, struct dn_conv_job job, int rows, bool bands)
{
    int oh = job.rect.y1;
    for (int y = 0; y < oh; y += rows) {
        job.rect.y0 = y;
        job.rect.y1 = y + rows < oh ? y + rows : oh;
        dn_conv_run(k, &job);
        if (bands) /* the next rows go where these are */
            job.out.data -= rows * job.out.row;
    }
}

/* Best seconds of one pass over the map; *pack gets those of packing, *alone those of touch() where the
 * layer is depthwise. */
static double seconds(const struct dn_kernels *k, const struct shape *s, int threads, double *pack, double *alone)
{
    int pad = s->k / 2, oh = (s->h + 2 * pad - s->k) / s->stride + 1;
    int ow = (s->w + 2 * pad - s->k) / s->stride + 1, blocks = dn_blocks(s->n);
    struct dn_conv v = {s->c, s->n, s->groups, s->k, s->k, s->stride, s->stride, 1,
                        pad, pad, s->layout, DN_LEAKY, !getenv("WINOGRAD"), oh, ow};
    struct dn_view in = map(s->c, s->h, s->w, s->layout == DN_PLANAR ? 0 : pad, s->layout);
    struct dn_view out = map(s->n, oh, ow, 1, DN_BLOCKED);
    int rows = s->rows ? s->rows : oh;
    if (s->rows) /* as in a plan of bands: the rows that are read have just been written */
        in.rows = s->rows * s->stride + s->k + 8;
    float *raw = floats((size_t)s->n * (size_t)(s->c / s->groups * s->k * s->k));
    float *packed = floats(dn_conv_packed_floats(&v, 0, blocks));
    float *vectors = floats((size_t)blocks * 48);
    struct dn_conv_job job = {.conv = &v, .in = in, .out = out, .rect = {0, oh, 0, ow}, .block1 = blocks,
                              .filters = packed, .vectors = vectors, .threads = threads};
    size_t workspace = dn_conv_workspace(&v, (struct dn_rect){0, rows, 0, ow}, threads, 0);
    job.workspace = workspace ? floats(workspace / sizeof(float)) : NULL;
    double best = 1e9, start = now();
    *pack = 1e9;
    for (int i = 0; i < 3; i++) {
        double t = now();
        dn_conv_pack(k, &v, 0, blocks, raw, packed, threads);
        t = now() - t;
        *pack = t < *pack ? t : *pack;
    }
    int passes = s->groups == s->c ? PASSES : 1;
    for (int i = 0; i < 3 || (now() - start < 0.15 && i < 1000); i++) {
        double t = now();
        for (int n = 0; n < passes; n++)
            pass(k, job, rows, s->rows > 0);
        t = (now() - t) / passes;
        best = t < best ? t : best;
    }
    *alone = s->groups == s->c && !s->rows && s->stride <= 2 ? touch(k, &in, &out, s->stride, threads) : 0;
    unmap(in), unmap(out);
    free(raw), free(packed), free(vectors), free(job.workspace);
    return best;
}

static void bench(const struct dn_kernels *k, int threads, const char *part)
{
    double peak = dn_fma_peak(k, 0.2) * threads;
    double network = 0, ideal = 0, packing = 0;
    printf("%s, %d thread%s, peak %.1f GFLOP/s\n", dn_kernels_name(k), threads,
           threads > 1 ? "s" : "", peak);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const struct shape *s = &shapes[i];
        if (!strstr(s->name, part))
            continue;
        int o = (s->h + s->k / 2 * 2 - s->k) / s->stride + 1,
            o2 = (s->w + s->k / 2 * 2 - s->k) / s->stride + 1;
        double flops = 2.0 * s->c / s->groups * s->n * s->k * s->k * o * o2, pack, alone;
        double t = seconds(k, s, threads, &pack, &alone);
        printf("  %-44s %8.3f ms %7.1f GFLOP/s  %3.0f%% of peak   pack %7.3f ms", s->name,
               t * 1e3, flops / t * 1e-9, flops / t * 1e-7 / peak, pack * 1e3);
        if (alone > 0)
            printf("   reading and writing %7.3f ms", alone * 1e3);
        putchar('\n');
        fflush(stdout);
        if (!strncmp(s->name, YOLO, strlen(YOLO))) {
            network += s->times * t;
            ideal += s->times * flops / (peak * 1e9);
            packing += s->times * pack;
        }
    }
    if (strstr(YOLO, part))
        printf("  %s, all convolutions: %.3f s, %.1f%% of peak; packing %.1f%%\n", YOLO, network,
               100 * ideal / network, 100 * packing / network);
}

int main(int argc, char **argv)
{
    const char *names[DN_KERNEL_SETS];
    int n = dn_kernels_available(names), threads = argc > 2 ? atoi(argv[2]) : 1;
    if (threads > 1)
        watch = CLOCK_MONOTONIC;
    for (int i = 0; i < n; i++)
        if (argc > 1 ? !strcmp(names[i], argv[1]) : strcmp(names[i], "scalar") != 0)
            bench(dn_kernels(names[i]), threads, argc > 3 ? argv[3] : "");
    return 0;
}
