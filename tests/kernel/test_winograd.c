/* Winograd convolution: its error is that of a plain float sum, every instruction set computes the
 * same bytes, and they depend neither on the rectangle, the slice and the threads nor on rows that
 * only other tiles read. Fixed seeds. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "kernel/winograd.h"
#include "support/conv_case.h"
#include "support/guard.h"
#include "support/suite.h"

enum { CASES = 30, CHANNELS = 12 };

static struct conv_case c;
static float *expected;

static int pick(unsigned *seed, int low, int high)
{
    *seed = *seed * 1664525u + 1013904223u;
    return low + (int)((*seed >> 8) % (unsigned)(high - low + 1));
}

static struct dn_conv plain_conv(int channels, int filters, int stride)
{
    struct dn_conv v = {.c = channels, .n = filters, .groups = 1, .kh = 3, .kw = 3, .stride_y = stride,
                        .stride_x = stride, .dilation = 1, .pad_y = 1, .pad_x = 1};
    return v;
}

static void open_random(unsigned seed)
{
    conv_case_random_winograd(&c, seed);
    ck_assert(dn_conv_is_winograd(&c.conv));
    expected = malloc(c.out_bytes);
    ck_assert_ptr_nonnull(expected);
}

static void close_case(void)
{
    free(expected);
    conv_case_close(&c);
}

static void run_whole(const char *isa)
{
    conv_case_run(&c, dn_kernels(isa), dn_rect_whole(&c.out), 0, dn_blocks(c.conv.n), 1);
}

static void expect_whole(const char *isa)
{
    run_whole(isa);
    memcpy(expected, c.out_floats, c.out_bytes);
    conv_case_wipe(&c);
}

static void assert_expected(const char *what, unsigned seed)
{
    ck_assert_msg(!memcmp(c.out_floats, expected, c.out_bytes), "seed %u, %s: %s", seed, what,
                  conv_case_text(&c));
    conv_case_wipe(&c);
}

/* Root mean square and largest distance of the outputs from the double-precision model. */
struct distance {
    double rms, max;
};

static struct distance error_of_outputs(void)
{
    struct distance d = {0};
    for (int n = 0; n < c.conv.n; n++)
        for (int y = 0; y < c.out.h; y++)
            for (int x = 0; x < c.out.w; x++) {
                double spread, e = *dn_view_element(&c.out, n, y, x) - conv_case_model(&c, n, y, x, &spread);
                d.rms += e * e;
                d.max = fmax(d.max, fabs(e));
            }
    d.rms = sqrt(d.rms / ((double)c.conv.n * c.out.h * c.out.w));
    return d;
}

/* The error of one plain float32 sum in the order of the filters, with a rounded product each. */
static struct distance error_of_plain_sums(void)
{
    const struct dn_conv *v = &c.conv;
    for (int n = 0; n < v->n; n++)
        for (int y = 0; y < c.out.h; y++)
            for (int x = 0; x < c.out.w; x++) {
                const float *w = c.raw + (ptrdiff_t)n * v->c * 9;
                float sum = 0;
                for (int i = 0; i < v->c * 9; i++) {
                    int iy = y * v->stride_y - v->pad_y + i % 9 / 3, ix = x * v->stride_x - v->pad_x + i % 3;
                    if (iy >= 0 && iy < c.h && ix >= 0 && ix < c.w)
                        sum += w[i] * *dn_view_element(&c.in, i / 9, iy, ix);
                }
                const float *mean = c.vectors + n / DN_BLOCK * 3 * DN_BLOCK + n % DN_BLOCK;
                *dn_view_element(&c.out, n, y, x) = (sum - mean[0]) * mean[DN_BLOCK] + mean[2 * DN_BLOCK];
            }
    return error_of_outputs();
}

/* With few channels a plain sum is at its best. There the largest error of few outputs is a matter of luck,
 * of either sum; such layers have large maps. */
START_TEST(mean_and_largest_error_are_at_most_one_and_a_half_times_those_of_a_plain_sum)
{
    static const int channels[CHANNELS] = {32, 33, 48, 63, 64, 65, 100, 127, 128, 250, 512, 1024};
    int stride = 1 + _i / CHANNELS;
    const int few = channels[_i % CHANNELS] < 64, size = few ? 52 : stride == 1 ? 13 : 20;
    struct dn_conv v = plain_conv(channels[_i % CHANNELS], few ? 64 : 32, stride);
    conv_case_open(&c, &v, size * stride - stride + 1, size * stride, (unsigned)_i);
    for (size_t i = 0; i < c.in_bytes / sizeof(float); i++) /* as leaky layers leave them */
        c.in.data[(ptrdiff_t)i - DN_BLOCK] *= c.in.data[(ptrdiff_t)i - DN_BLOCK] > 0 ? 1 : 0.1f;
    expected = NULL;
    struct distance plain = error_of_plain_sums();
    ck_assert(dn_conv_is_winograd(&c.conv));
    run_whole(NULL);
    struct distance winograd = error_of_outputs();
    ck_assert_msg(winograd.rms <= 1.5 * plain.rms && winograd.max <= 1.5 * plain.max,
                  "%s: rms %g and maximum %g times as large", conv_case_text(&c), winograd.rms / plain.rms,
                  winograd.max / plain.max);
    close_case();
}
END_TEST

START_TEST(every_instruction_set_gives_the_same_bytes)
{
    const char *names[DN_KERNEL_SETS];
    int sets = dn_kernels_available(names);
    open_random((unsigned)_i);
    expect_whole("scalar");
    for (int i = 0; i < sets; i++) {
        run_whole(names[i]);
        assert_expected(names[i], (unsigned)_i);
    }
    close_case();
}
END_TEST

/* Splits [0, end) at a place that depends on the seed. */
static int cut(unsigned *seed, int end)
{
    return end > 1 ? pick(seed, 1, end - 1) : end;
}

START_TEST(filters_that_are_not_packed_give_the_same_bytes)
{
    const char *names[DN_KERNEL_SETS];
    int sets = dn_kernels_available(names);
    open_random((unsigned)_i);
    expect_whole("scalar");
    c.unpacked = true;
    for (int i = 0; i < sets; i++) {
        run_whole(names[i]);
        assert_expected(names[i], (unsigned)_i);
    }
    close_case();
}
END_TEST

START_TEST(rectangles_slices_and_threads_do_not_change_the_bytes)
{
    const char *names[DN_KERNEL_SETS];
    int sets = dn_kernels_available(names);
    unsigned seed = (unsigned)_i;
    open_random(seed);
    expect_whole("scalar");
    int blocks = dn_blocks(c.conv.n);
    int ys[] = {0, cut(&seed, c.out.h), c.out.h}, xs[] = {0, cut(&seed, c.out.w), c.out.w};
    int bs[] = {0, cut(&seed, blocks), blocks};
    for (int i = 0; i < sets; i++) {
        for (int part = 0; part < 8; part++) {
            int y = part & 1, x = part >> 1 & 1, b = part >> 2;
            struct dn_rect rect = {ys[y], ys[y + 1], xs[x], xs[x + 1]};
            c.thrift = pick(&seed, 0, DN_THRIFT_LEVELS - 1);
            c.unpacked = pick(&seed, 0, 1);
            conv_case_run(&c, dn_kernels(names[i]), rect, bs[b], bs[b + 1], pick(&seed, 1, 4));
        }
        assert_expected(names[i], (unsigned)_i);
    }
    close_case();
}
END_TEST

/* Two slices of many output blocks, in one workspace whose inputs the second one finds there. */
static void run_slices(int cut, int threads)
{
    const struct dn_kernels *k = dn_kernels(NULL);
    const struct dn_conv *v = &c.conv;
    const struct dn_rect rect = dn_rect_whole(&c.out);
    const int blocks = dn_blocks(v->n);
    float *packed = aligned_alloc(64, sizeof(float) * dn_conv_packed_floats(v, 0, blocks));
    void *workspace = aligned_alloc(64, dn_align_up(dn_conv_workspace(v, rect, threads, 0), 64));
    ck_assert(packed && workspace);
    dn_conv_pack(k, v, 0, blocks, c.raw, packed, threads);
    struct dn_conv_job job = {v, c.in, c.out, rect, 0, cut, packed, c.vectors, workspace, threads, 0, false, false, NULL};
    dn_conv_run(k, &job);
    job.filters += dn_conv_packed_floats(v, 0, cut);
    job.block0 = cut;
    job.block1 = blocks;
    job.again = true;
    dn_conv_run(k, &job);
    free(packed);
    free(workspace);
}

START_TEST(threads_that_share_the_output_blocks_of_their_tiles_do_not_change_the_bytes)
{
    int stride = 1 + _i % 2;
    struct dn_conv v = plain_conv(70, 250, stride);
    v.activation = DN_LEAKY;
    conv_case_open(&c, &v, stride == 1 ? 19 : 43, stride == 1 ? 15 : 41, (unsigned)_i);
    struct dn_conv_sharing shared = dn_conv_sharing(&c.conv, dn_rect_whole(&c.out), 2, 0);
    ck_assert(shared.inputs && !shared.blocks);
    expected = malloc(c.out_bytes);
    ck_assert_ptr_nonnull(expected);
    expect_whole(NULL);
    for (int threads = 1; threads <= 40; threads += threads < 5 ? 1 : 35) {
        run_slices(2 + _i * 3, threads);
        assert_expected("slices", (unsigned)_i);
    }
    close_case();
}
END_TEST

static void read_raw(void *context, int block0, int block1, int c0, int c1, float *raw)
{
    (void)context;
    for (int f = block0 * DN_BLOCK; f < dn_min(c.conv.n, block1 * DN_BLOCK); f++, raw += (c1 - c0) * 9)
        memcpy(raw, c.raw + ((ptrdiff_t)f * c.conv.c + c0) * 9, sizeof(float) * (size_t)(c1 - c0) * 9);
}

/* With the first blocks in memory. */
static void run_reader(const char *isa, int first, int channels, int threads, int thrift)
{
    const struct dn_kernels *k = dn_kernels(isa);
    const struct dn_conv *v = &c.conv;
    const struct dn_rect rect = dn_rect_whole(&c.out);
    const struct dn_conv_sharing sharing = dn_conv_sharing(v, rect, threads, thrift);
    const struct dn_filter_part part = {sharing.each, channels};
    const size_t buffers = sizeof(float) * (size_t)threads * dn_filter_part_floats(part);
    const size_t packed = sizeof(float) * dn_conv_packed_floats(v, 0, first);
    const size_t workspace = dn_align_up(dn_conv_workspace(v, rect, threads, thrift), DN_ALIGN);
    const struct dn_filter_reader reader = {read_raw, NULL, first, part, guard_alloc(buffers)};
    struct dn_conv_job job = {.conv = v, .in = c.in, .out = c.out, .rect = rect, .block1 = dn_blocks(v->n), .filters = guard_alloc(packed),
                              .vectors = c.vectors, .workspace = guard_alloc(workspace), .threads = threads, .thrift = thrift};
    job.reader = &reader;
    dn_conv_pack(k, v, 0, first, c.raw, (float *)job.filters, 1);
    ck_assert(sharing.blocks);
    dn_conv_run(k, &job);
    guard_free(reader.buffers, buffers);
    guard_free((float *)job.filters, packed);
    guard_free(job.workspace, workspace);
}

START_TEST(filters_that_the_threads_read_give_the_same_bytes)
{
    const int stride = 1 + (_i % 4 == 3); /* maps of at least 25 tiles: many filters */
    unsigned seed = 70u + (unsigned)_i;
    const char *names[DN_KERNEL_SETS];
    int sets = dn_kernels_available(names);
    struct dn_conv v = stride == 1 ? plain_conv(pick(&seed, 33, 270), pick(&seed, 230, 260), 1)
                                   : plain_conv(pick(&seed, 33, 90), pick(&seed, 785, 800), 2);
    const int size = stride == 1 ? pick(&seed, 7, 8) : 37;
    conv_case_open(&c, &v, size, size, (unsigned)_i);
    expected = malloc(c.out_bytes);
    ck_assert_ptr_nonnull(expected);
    expect_whole("scalar");
    for (int i = 0; i < sets; i++)
        for (int threads = 1; threads <= 3; threads++) {
            const int channels = pick(&seed, 0, 1) ? v.c : dn_min(v.c, DN_CONV_CHANNELS * pick(&seed, 1, 3));
            const bool most = stride == 1 && threads > 1 && v.c > DN_CONV_CHANNELS && pick(&seed, 0, 1);
            run_reader(names[i], pick(&seed, 0, 1) * pick(&seed, 1, 14), channels, threads, most ? DN_THRIFT_LEVELS - 1 : pick(&seed, 0, 2));
            assert_expected(names[i], (unsigned)_i);
        }
    close_case();
}
END_TEST

/* Single output rows, from a ring that holds only the rows that their tiles read. */
START_TEST(rings_of_rows_do_not_change_the_bytes)
{
    open_random((unsigned)_i);
    expect_whole(NULL);
    struct dn_view in = c.in;
    size_t row = sizeof(float) * (size_t)in.row;
    const int stride = c.conv.stride_y, patch = (DN_CONV_TILE - 1) * stride + 3;
    float *ring = malloc((size_t)patch * row);
    ck_assert_ptr_nonnull(ring);
    ptrdiff_t pad = in.pad * DN_BLOCK;
    for (int y = 0; y < c.out.h; y++) {
        int top = y / DN_CONV_TILE * DN_CONV_TILE * stride - c.conv.pad_y;
        c.in = in;
        c.in.rows = patch;
        c.in.data = ring + pad;
        memset(ring, 0xff, (size_t)patch * row);
        for (int from = dn_max(top, 0); from < dn_min(top + patch, in.h); from++)
            memcpy(dn_view_at(&c.in, 0, from, 0) - pad, dn_view_at(&in, 0, from, 0) - pad, row);
        conv_case_run(&c, dn_kernels(NULL), (struct dn_rect){y, y + 1, 0, c.out.w}, 0, dn_blocks(c.conv.n), 1);
    }
    c.in = in;
    assert_expected("rings", (unsigned)_i);
    free(ring);
    close_case();
}
END_TEST

/* Whether outputs of the tile inside the rectangle depend on its products at (row, column). */
static bool needs(const struct dn_winograd *g, struct dn_rect outputs, int tile, int row, int column)
{
    int y, x, last = g->form.side - 1;
    dn_winograd_at(g, tile, &y, &x);
    bool whole_rows = y + DN_WINOGRAD_TILE <= outputs.y1, whole_columns = x + DN_WINOGRAD_TILE <= outputs.x1;
    return (row < last || whole_rows) && (column < last || whole_columns);
}

START_TEST(tiles_are_numbered_once_each_and_every_point_is_computed_where_it_counts)
{
    unsigned seed = 900u + (unsigned)_i;
    struct dn_rect tiles = {pick(&seed, 0, 2), 0, pick(&seed, 0, 2), 0}, r;
    tiles.y1 = tiles.y0 + pick(&seed, 1, 6);
    tiles.x1 = tiles.x0 + pick(&seed, 1, 6);
    r = (struct dn_rect){tiles.y0 * 4, tiles.y1 * 4 - pick(&seed, 0, 3), tiles.x0 * 4, tiles.x1 * 4 - pick(&seed, 0, 3)};
    struct dn_winograd g = {.form = dn_winograd_form(pick(&seed, 1, 2)), .order = dn_winograd_order(r, tiles, _i % 2)};
    bool seen[6][6] = {{false}};
    int all = (tiles.y1 - tiles.y0) * (tiles.x1 - tiles.x0);
    g.first = pick(&seed, 0, all - 1);
    for (int tile = -g.first; tile < all - g.first; tile++) {
        int y, x;
        dn_winograd_at(&g, tile, &y, &x);
        ck_assert(y >= r.y0 && y < r.y1 && x >= r.x0 && x < r.x1);
        bool *at = &seen[y / 4 - tiles.y0][x / 4 - tiles.x0];
        ck_assert(!*at);
        *at = true;
    }
    for (int point = 0; point < dn_winograd_points(g.form); point++) {
        int row = point / g.form.side, column = point % g.form.side;
        int from = 0, to = pick(&seed, 1, all - g.first), end = to, missed = 0;
        dn_winograd_need(&g, row, column, &from, &to);
        for (int tile = 0; tile < end; tile++) {
            bool computed = tile >= from && tile < to, needed = needs(&g, r, tile, row, column);
            ck_assert(computed || !needed);
            missed += computed && !needed;
        }
        ck_assert(missed == 0 || tiles.y1 - tiles.y0 == 1 || tiles.x1 - tiles.x0 == 1);
    }
}
END_TEST

START_TEST(layers_without_enough_channels_or_with_another_shape_compute_directly)
{
    struct dn_conv v = plain_conv(64, 64, 1), half = plain_conv(64, 64, 2);
    v.h = v.w = half.h = half.w = 20;
    ck_assert(dn_conv_is_winograd(&v));
    ck_assert(dn_conv_is_winograd(&half));
    struct dn_conv other[11];
    for (int i = 0; i < 11; i++)
        other[i] = v;
    other[0].c = 3;
    other[1].n = 8;
    other[2].kh = other[2].kw = 1;
    other[3].kw = 5;
    other[4].stride_x = 2;
    other[5].dilation = 2;
    other[6].groups = 2;
    other[7].in_layout = DN_PLANAR;
    other[8].exact = true;
    other[9].h = other[9].w = 1;
    other[10] = half;
    other[10].h = 13;
    for (int i = 0; i < 11; i++)
        ck_assert_msg(!dn_conv_is_winograd(&other[i]), "shape %d", i);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("Winograd convolution");
    TCase *t = tcase_create("laws");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, mean_and_largest_error_are_at_most_one_and_a_half_times_those_of_a_plain_sum, 0, 2 * CHANNELS);
    tcase_add_loop_test(t, every_instruction_set_gives_the_same_bytes, 0, CASES);
    tcase_add_loop_test(t, filters_that_are_not_packed_give_the_same_bytes, 0, CASES);
    tcase_add_loop_test(t, rectangles_slices_and_threads_do_not_change_the_bytes, 0, CASES);
    tcase_add_loop_test(t, threads_that_share_the_output_blocks_of_their_tiles_do_not_change_the_bytes, 0, 4);
    tcase_add_loop_test(t, filters_that_the_threads_read_give_the_same_bytes, 0, 12);
    tcase_add_loop_test(t, rings_of_rows_do_not_change_the_bytes, 0, CASES);
    tcase_add_loop_test(t, tiles_are_numbered_once_each_and_every_point_is_computed_where_it_counts, 0, 200);
    tcase_add_test(t, layers_without_enough_channels_or_with_another_shape_compute_directly);
    suite_add_tcase(s, t);
    return s;
}
