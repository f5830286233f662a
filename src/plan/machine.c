/* See machine.h. Each rate is the best of several short repetitions: what the machine can do when
 * nothing disturbs it, since only ratios matter. */
#include "plan/machine.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/file.h"
#include "base/print.h"
#include "base/process.h"
#include "base/size.h"
#include "base/text.h"
#include "kernel/parallel.h"

enum {
    CHANNELS = 128, /* of the direct convolution, */
    SIDE = 38,      /* and rows and columns of its map */
    DEEP = 256,     /* the same of the one by Winograd */
    SMALL = 19,
    REPETITIONS = 12,
    TURNS = 40,
    STREAM_BYTES = 24 << 20,
    FILE_BYTES = 8 << 20,
    COPY_PARTS = 96
};

static const char *const names[] = {"flops", "memory", "cache", "file", "step", "ahead", "narrow"};

enum { FIELDS = sizeof names / sizeof *names };

static double *field(struct dn_machine *m, int i)
{
    double *const fields[FIELDS] = {&m->flops, &m->memory, &m->cache, &m->file, &m->step, &m->ahead, &m->narrow};
    return fields[i];
}

/* ---- the file ------------------------------------------------------------------------------- */

char *dn_machine_path(const char *isa, int threads)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char *path = NULL;
    if (cache && *cache == '/') {
        if (asprintf(&path, "%s/darknet/%s-%d", cache, isa, threads) < 0)
            return NULL;
    } else if (home && *home && asprintf(&path, "%s/.cache/darknet/%s-%d", home, isa, threads) < 0) {
        return NULL;
    }
    return path;
}

static bool parse(const char *text, struct dn_machine *m)
{
    for (int i = 0; i < FIELDS; i++) {
        const char *line = strstr(text, names[i]);
        float value;
        if (!line || !dn_parse_float(line + strlen(names[i]) + 1, &value, NULL) || !(value > 0))
            return false;
        *field(m, i) = (double)value;
    }
    return true;
}

/* The defaults, and what needs no measuring. */
static struct dn_machine unmeasured(const char *isa, int threads)
{
    struct dn_machine m = dn_machine_default(isa, threads);
    m.spare = dn_process_has_spare_core(threads);
    if (dn_cpu_second_cache() > 0)
        m.ahead = dn_machine_ahead(dn_cpu_second_cache());
    return m;
}

struct dn_machine dn_machine_load(const char *isa, int threads)
{
    struct dn_machine m = unmeasured(isa, threads), measured = m;
    struct dn_error ignored = {0};
    char *path = dn_machine_path(isa, threads), *text = NULL;
    size_t size;
    bool found = path && !dn_read_text(path, 4096, &text, &size, &ignored) && parse(text, &measured);
    free(text);
    free(path);
    return found ? measured : m;
}

/* mkdir -p of the folder that the file is in. */
static void make_folder(char *path)
{
    for (char *slash = path + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = 0;
        mkdir(path, 0755); /* a failure shows when the file is opened */
        *slash = '/';
    }
}

static enum dn_status save(const char *path, struct dn_machine *m, struct dn_error *err)
{
    struct dn_output out;
    struct dn_print p;
    if (dn_print_begin(&p, err))
        return err->status;
    for (int i = 0; i < FIELDS; i++)
        fprintf(p.out, "%s %.6g\n", names[i], *field(m, i));
    char *text = dn_print_end(&p, err);
    if (text && !dn_output_open(&out, path, err)) {
        fputs(text, out.file);
        dn_output_commit(&out, err);
    }
    free(text);
    return err->status;
}

/* ---- measuring ------------------------------------------------------------------------------ */

struct bench {
    const struct dn_kernels *k;
    int threads;
    char *memory; /* [2 * STREAM_BYTES] */
    const char *scratch_path;
    struct dn_error *err;
};

/* 3x3 of as many outputs as inputs. */
static struct dn_conv conv_of(int channels, int side, bool exact)
{
    struct dn_conv v = {.c = channels, .n = channels, .groups = 1, .kh = 3, .kw = 3, .stride_y = 1, .stride_x = 1,
                        .dilation = 1, .pad_y = 1, .pad_x = 1, .exact = exact, .h = side, .w = side};
    return v;
}

static struct dn_view map_of(char *memory, int c, int h, int w)
{
    struct dn_view v = {.c = c, .h = h, .w = w, .rows = h, .pad = 1, .layout = DN_BLOCKED};
    v.data = (float *)memory + DN_BLOCK;
    v.block = (w + 2) * DN_BLOCK;
    v.row = v.block * dn_blocks(c);
    return v;
}

/* Seconds of a 3x3 convolution over `rows` rows of its map. */
static double time_once(const struct bench *b, const struct dn_conv *conv, int rows, int threads, int thrift)
{
    struct dn_conv_job job = {.conv = conv, .in = map_of(b->memory, conv->c, conv->h, conv->w),
                              .out = map_of(b->memory + (4 << 20), conv->n, conv->h, conv->w),
                              .rect = {0, rows, 0, conv->w}, .block1 = dn_blocks(conv->n),
                              .filters = (float *)(b->memory + (8 << 20)), .vectors = (float *)(b->memory + (16 << 20)),
                              .workspace = b->memory + (20 << 20), .threads = threads, .thrift = thrift};
    double start = dn_clock();
    dn_conv_run(b->k, &job);
    return dn_clock() - start;
}

static double time_direct(const struct bench *b, int rows)
{
    const struct dn_conv conv = conv_of(CHANNELS, SIDE, true);
    double best = 1e9;
    for (int i = 0; i < REPETITIONS; i++)
        best = fmin(best, time_once(b, &conv, rows, b->threads, 0));
    return best;
}

static double measure_flops(const struct bench *b)
{
    return 2.0 * CHANNELS * CHANNELS * 9 * SIDE * SIDE / time_direct(b, SIDE);
}

/* What a step costs beyond its arithmetic: a row's time over its share of the whole map's. */
static double measure_step(const struct bench *b)
{
    double extra = time_direct(b, 1) - time_direct(b, SIDE) / SIDE;
    return extra > 1e-7 ? extra : 1e-7;
}

/* Of Winograd, by one thread: with filters transformed ahead, not ahead, and one block of outputs at a time. These are
 * compared, so they take turns, for half a second at most where there is time for two of each. */
static void measure_thrift(const struct bench *b, struct dn_machine *m)
{
    const struct dn_conv conv = conv_of(DEEP, SMALL, false);
    const int side = dn_ceil_div(SMALL, DN_CONV_TILE);
    const double start = dn_clock();
    double seconds[3] = {1e9, 1e9, 1e9};
    for (int i = 0; i < 3 * TURNS && (i < 6 || dn_clock() - start < .5); i++)
        seconds[i % 3] = fmin(seconds[i % 3], time_once(b, &conv, SMALL, 1, i % 3));
    m->ahead = fmax(.1, dn_machine_ahead_of(seconds[0] / seconds[1], side * side));
    m->narrow = seconds[2] / seconds[1];
}

static void copy_part(void *context, int item, int thread)
{
    const struct bench *b = context;
    const size_t part = (size_t)STREAM_BYTES / COPY_PARTS, from = (size_t)item * part;
    (void)thread;
    memcpy(b->memory + STREAM_BYTES + from, b->memory + from, part);
}

static double measure_memory(struct bench *b)
{
    double best = 0;
    for (int i = 0; i < REPETITIONS; i++) {
        double start = dn_clock();
        dn_parallel(COPY_PARTS, b->threads, copy_part, b);
        double rate = 2.0 * STREAM_BYTES / (dn_clock() - start);
        best = rate > best ? rate : best;
    }
    return best;
}

static double measure_cache(const struct bench *b)
{
    struct dn_view v = map_of(b->memory, CHANNELS, 4, SIDE);
    double best = 0, bytes = 3.0 * CHANNELS * SIDE * 4 * sizeof(float);
    for (int i = 0; i < REPETITIONS; i++) {
        double start = dn_clock();
        for (int k = 0; k < 16; k++)
            dn_add(b->k, &v, 1, &v, 1, &v, dn_rect_whole(&v), b->threads);
        double rate = 16 * bytes / (dn_clock() - start);
        best = rate > best ? rate : best;
    }
    return best;
}

/* Reading from the page cache and packing, as the prefetching thread does it. */
static double measure_file(const struct bench *b)
{
    struct dn_conv conv = conv_of(CHANNELS, SIDE, true);
    struct dn_input in;
    struct dn_output out;
    size_t slice = (size_t)CHANNELS * CHANNELS * 9 * sizeof(float);
    double best = 1e9;
    if (dn_output_open(&out, b->scratch_path, b->err))
        return 0;
    fwrite(b->memory, 1, FILE_BYTES, out.file);
    if (dn_output_commit(&out, b->err) || dn_input_open(&in, b->scratch_path, b->err))
        return 0;
    for (int i = 0; i < REPETITIONS && !b->err->status; i++) {
        double start = dn_clock();
        dn_input_read(&in, (int64_t)slice * i, b->memory, slice, b->err);
        dn_conv_pack(b->k, &conv, 0, dn_blocks(CHANNELS), (float *)b->memory, (float *)(b->memory + (4 << 20)), 1);
        best = dn_clock() - start < best ? dn_clock() - start : best;
    }
    dn_input_close(&in);
    remove(b->scratch_path);
    return (double)slice / best;
}

enum dn_status dn_machine_calibrate(const struct dn_kernels *k, int threads, struct dn_machine *m,
                                    struct dn_error *err)
{
    struct bench b = {.k = k, .threads = threads, .err = err};
    char *path = dn_machine_path(dn_kernels_name(k), threads), *scratch = NULL;
    if (!path)
        return dn_fail(err, DN_IO, "there is no folder for the measurements: neither XDG_CACHE_HOME nor HOME is set");
    b.memory = aligned_alloc(DN_ALIGN, 2 * STREAM_BYTES);
    if (!b.memory || asprintf(&scratch, "%s.data", path) < 0) {
        dn_fail(err, DN_NO_MEMORY, "no memory for measuring: %d bytes", 2 * STREAM_BYTES);
    } else {
        memset(b.memory, 0, 2 * STREAM_BYTES);
        b.scratch_path = scratch;
        make_folder(path);
        *m = unmeasured(dn_kernels_name(k), threads);
        m->flops = measure_flops(&b);
        m->memory = measure_memory(&b);
        m->cache = measure_cache(&b);
        m->file = measure_file(&b);
        m->step = measure_step(&b);
        measure_thrift(&b, m);
        if (!err->status)
            save(path, m, err);
    }
    free(b.memory);
    free(scratch);
    free(path);
    return err->status;
}
