/* Prints what the row kernels of every instruction set of this machine reach, on rows that lie in
 * the caches, as in a plan of bands: elements of output per second, and bytes read and written.
 *
 *   bench_rows [ISA [THREADS]] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernel/kernel.h"

enum { CHANNELS = 64, ROWS = 16, COLUMNS = 64 }; /* 256 KB */

struct maps {
    struct dn_view a, b, out, planar;
    float scale[CHANNELS];
};

struct work {
    const char *name;
    int maps; /* read or written per element of output */
    void (*run)(const struct dn_kernels *k, const struct maps *m, int option, int threads);
    int option;
};

static void activate(const struct dn_kernels *k, const struct maps *m, int option, int threads)
{
    dn_activate(k, (enum dn_activation)option, &m->out, dn_rect_whole(&m->out), threads);
}

/* Options: size * 10 + stride. Stride 1 keeps the shape, stride 2 takes two maps one above the
 * other, and writes half of the columns. */
static void pool(const struct dn_kernels *k, const struct maps *m, int option, int threads)
{
    int size = option / 10, stride = option % 10;
    struct dn_pool p = {size, size, stride, stride, (size - 1) / 2, (size - 1) / 2, false};
    struct dn_rect rect = {0, ROWS / stride, 0, COLUMNS / stride};
    dn_pool_run(k, &p, &m->a, &m->out, rect, threads);
}

static void average(const struct dn_kernels *k, const struct maps *m, int option, int threads)
{
    struct dn_pool p = {ROWS, COLUMNS, 1, 1, 0, 0, true};
    (void)option;
    dn_pool_run(k, &p, &m->a, &m->out, (struct dn_rect){0, 1, 0, 1}, threads);
}

static void add(const struct dn_kernels *k, const struct maps *m, int option, int threads)
{
    (void)option;
    dn_add(k, &m->a, 1, &m->b, 1, &m->out, dn_rect_whole(&m->out), threads);
}

static void multiply(const struct dn_kernels *k, const struct maps *m, int option, int threads)
{
    (void)option;
    dn_multiply(k, &m->a, &m->b, &m->out, dn_rect_whole(&m->out), threads);
}

static void scale(const struct dn_kernels *k, const struct maps *m, int option, int threads)
{
    (void)option;
    dn_scale_channels(k, &m->a, m->scale, &m->out, dn_rect_whole(&m->out), threads);
}

static void copy(const struct dn_kernels *k, const struct maps *m, int option, int threads)
{
    (void)k;
    dn_copy(option & 1 ? &m->planar : &m->a, option & 2 ? &m->planar : &m->out,
            dn_rect_whole(&m->out), threads);
}

static const struct work works[] = {
    {"leaky", 2, activate, DN_LEAKY},
    {"relu", 2, activate, DN_RELU},
    {"relu6", 2, activate, DN_RELU6},
    {"hard mish", 2, activate, DN_HARD_MISH},
    {"logistic", 2, activate, DN_LOGISTIC},
    {"swish", 2, activate, DN_SWISH},
    {"mish", 2, activate, DN_MISH},
    {"tanh", 2, activate, DN_TANH},
    {"elu", 2, activate, DN_ELU},
    {"gelu", 2, activate, DN_GELU},
    {"normalize channels, softmax", 2, activate, DN_NORMALIZE_CHANNELS_SOFTMAX_MAXVAL},
    {"maximum of 2x2, stride 2", 5, pool, 22},
    {"maximum of 3x3, stride 2", 5, pool, 32},
    {"maximum of 2x2, stride 1", 2, pool, 21},
    {"maximum of 5x5, stride 1", 2, pool, 51},
    {"maximum of 9x9, stride 1", 2, pool, 91},
    {"maximum of 13x13, stride 1", 2, pool, 131},
    {"mean of a map (per element of it)", 1, average, 0},
    {"sum", 3, add, 0},
    {"product", 3, multiply, 0},
    {"channels times factors", 2, scale, 0},
    {"copy blocked to blocked", 2, copy, 0},
    {"copy planar to blocked", 2, copy, 1},
    {"copy blocked to planar", 2, copy, 2},
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static struct dn_view map(enum dn_layout layout)
{
    struct dn_view v = {.c = CHANNELS, .h = ROWS, .w = COLUMNS, .rows = ROWS, .layout = layout};
    size_t n = (size_t)CHANNELS * ROWS * COLUMNS;
    v.block = layout == DN_BLOCKED ? COLUMNS * DN_BLOCK : ROWS * COLUMNS;
    v.row = layout == DN_BLOCKED ? COLUMNS * CHANNELS : COLUMNS;
    v.data = aligned_alloc(64, n * sizeof *v.data);
    if (!v.data) {
        fputs("bench_rows: not enough memory\n", stderr);
        exit(1);
    }
    for (size_t i = 0; i < n; i++)
        v.data[i] = (float)(i * 7919 % 1009) / 200.0f - 2.5f;
    return v;
}

/* Elements of output per second. Activations are in place, and would make values ever smaller, below the normal numbers. */
static double rate(const struct work *w, const struct dn_kernels *k, const struct maps *m,
                   int threads)
{
    int stride = w->run == pool ? w->option % 10 : 1;
    double best = 1e9, start = now();
    for (int i = 0; i < 3 || (now() - start < 0.05 && i < 1000); i++) {
        memcpy(m->out.data, m->a.data, sizeof(float) * CHANNELS * ROWS * COLUMNS);
        double t = now();
        w->run(k, m, w->option, threads);
        t = now() - t;
        best = t < best ? t : best;
    }
    return (double)(CHANNELS * ROWS * COLUMNS) / (stride * stride) / best;
}

static void bench(const struct dn_kernels *k, int threads)
{
    struct maps m = {map(DN_BLOCKED), map(DN_BLOCKED), map(DN_BLOCKED), map(DN_PLANAR), {0}};
    for (int i = 0; i < CHANNELS; i++)
        m.scale[i] = 1 / (float)(i + 1);
    printf("%s, %d thread%s, rows in the cache\n", dn_kernels_name(k), threads,
           threads > 1 ? "s" : "");
    for (size_t i = 0; i < sizeof works / sizeof *works; i++) {
        double r = rate(&works[i], k, &m, threads);
        printf("  %-36s %8.3f G elements/s %8.1f GB/s\n", works[i].name, r * 1e-9,
               r * 1e-9 * works[i].maps * 4);
    }
    free(m.a.data), free(m.b.data), free(m.out.data), free(m.planar.data);
}

int main(int argc, char **argv)
{
    const char *names[DN_KERNEL_SETS];
    int n = dn_kernels_available(names);
    for (int i = 0; i < n; i++)
        if (argc > 1 ? !strcmp(names[i], argv[1]) : strcmp(names[i], "scalar") != 0)
            bench(dn_kernels(names[i]), argc > 2 ? atoi(argv[2]) : 1);
    return 0;
}
