/* Convolution: every instruction set computes the bytes of the scalar kernels, those are right, and
 * the bytes depend neither on the rectangle nor on the slice nor on the threads. Fixed seeds. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "support/conv_case.h"
#include "support/suite.h"

enum { CASES = 400 };

static struct conv_case c;
static float *expected;

static void open_random(unsigned seed)
{
    conv_case_random(&c, seed);
    expected = malloc(c.out_bytes);
    ck_assert_ptr_nonnull(expected);
}

static void close_case(void)
{
    free(expected);
    conv_case_close(&c);
}

/* Computes the whole map with scalar kernels into `expected`. */
static void expect_scalar(void)
{
    conv_case_run(&c, dn_kernels("scalar"), dn_rect_whole(&c.out), 0, dn_blocks(c.conv.n), 1);
    memcpy(expected, c.out_floats, c.out_bytes);
    conv_case_wipe(&c);
}

static void assert_expected(const char *what, unsigned seed)
{
    size_t n = c.out_bytes / sizeof(float), i = 0;
    while (i < n && !memcmp(&c.out_floats[i], &expected[i], sizeof(float)))
        i++;
    if (i == n)
        return;
    size_t pixel = i / DN_BLOCK, w = (size_t)c.out.w + 2, blocks = (size_t)dn_blocks(c.conv.n);
    ck_abort_msg("seed %u, %s: %s: %g instead of %g at channel %zu, row %zu, column %d", seed, what,
                 conv_case_text(&c), (double)c.out_floats[i], (double)expected[i],
                 pixel / w % blocks * DN_BLOCK + i % DN_BLOCK, pixel / w / blocks,
                 (int)(pixel % w) - 1);
}

START_TEST(the_scalar_kernels_agree_with_double_precision)
{
    unsigned seed = (unsigned)_i;
    open_random(seed);
    expect_scalar();
    memcpy(c.out_floats, expected, c.out_bytes);
    double terms = (double)(c.conv.c / c.conv.groups * c.conv.kh * c.conv.kw);
    for (int n = 0; n < c.conv.n; n++)
        for (int y = 0; y < c.out.h; y++)
            for (int x = 0; x < c.out.w; x++) {
                double spread, model = conv_case_model(&c, n, y, x, &spread);
                double got = (double)*dn_view_element(&c.out, n, y, x);
                ck_assert_msg(fabs(got - model) <= (terms + 4) * 0x1p-24 * spread + 1e-37,
                              "seed %u, %s: %g instead of %g at channel %d, row %d, column %d",
                              seed, conv_case_text(&c), got, model, n, y, x);
            }
    close_case();
}
END_TEST

START_TEST(every_instruction_set_gives_the_scalar_bytes_and_writes_nothing_else)
{
    const char *names[DN_KERNEL_SETS];
    int sets = dn_kernels_available(names);
    open_random((unsigned)_i);
    expect_scalar();
    for (int i = 0; i < sets; i++) {
        conv_case_run(&c, dn_kernels(names[i]), dn_rect_whole(&c.out), 0, dn_blocks(c.conv.n), 1);
        assert_expected(names[i], (unsigned)_i);
        conv_case_wipe(&c);
    }
    close_case();
}
END_TEST

/* Splits [0, end) at a place that depends on the seed. */
static int cut(unsigned seed, int end)
{
    return end > 1 ? 1 + (int)(seed % (unsigned)(end - 1)) : end;
}

START_TEST(rectangles_slices_and_threads_do_not_change_the_bytes)
{
    const char *names[DN_KERNEL_SETS];
    int sets = dn_kernels_available(names);
    unsigned seed = (unsigned)_i;
    open_random(seed);
    expect_scalar();
    int blocks = dn_blocks(c.conv.n);
    int ys[] = {0, cut(seed, c.out.h), c.out.h}, xs[] = {0, cut(seed / 3, c.out.w), c.out.w};
    int bs[] = {0, cut(seed / 7, blocks), blocks};
    for (int i = 0; i < sets; i++) {
        for (int part = 0; part < 8; part++) {
            int y = part & 1, x = part >> 1 & 1, b = part >> 2;
            struct dn_rect rect = {ys[y], ys[y + 1], xs[x], xs[x + 1]};
            conv_case_run(&c, dn_kernels(names[i]), rect, bs[b], bs[b + 1], 1 + (int)seed % 3);
        }
        assert_expected(names[i], seed);
        conv_case_wipe(&c);
    }
    close_case();
}
END_TEST

/* Wide bands are cut into columns. Direct with all three layouts of filters, and Winograd. */
START_TEST(threads_do_not_change_the_bytes_of_a_wide_band)
{
    static const struct dn_conv shapes[] = {
        {.c = 3, .n = 20, .groups = 1, .kh = 3, .kw = 3, .stride_y = 1, .stride_x = 1, .dilation = 1, .pad_y = 1,
         .pad_x = 1, .in_layout = DN_PLANAR, .activation = DN_LEAKY},
        {.c = 20, .n = 40, .groups = 1, .kh = 3, .kw = 3, .stride_y = 2, .stride_x = 2, .dilation = 1, .pad_y = 1,
         .pad_x = 1, .in_layout = DN_BLOCKED},
        {.c = 40, .n = 40, .groups = 40, .kh = 5, .kw = 5, .stride_y = 1, .stride_x = 1, .dilation = 1, .pad_y = 2,
         .pad_x = 2, .in_layout = DN_BLOCKED},
        {.c = 40, .n = 70, .groups = 1, .kh = 3, .kw = 3, .stride_y = 1, .stride_x = 1, .dilation = 1, .pad_y = 1,
         .pad_x = 1, .in_layout = DN_BLOCKED, .activation = DN_MISH},
    };
    conv_case_open(&c, &shapes[_i], 13, _i == 1 ? 433 : 217, 1);
    expected = malloc(c.out_bytes);
    ck_assert_ptr_nonnull(expected);
    expect_scalar();
    for (int threads = 2; threads <= 5; threads++) {
        conv_case_run(&c, dn_kernels(NULL), dn_rect_whole(&c.out), 0, dn_blocks(c.conv.n), threads);
        assert_expected("the best kernels", (unsigned)threads);
        conv_case_wipe(&c);
    }
    close_case();
}
END_TEST

/* Input and output in rings that hold only the rows a single output row needs. */
START_TEST(rings_of_rows_do_not_change_the_bytes)
{
    const char *names[DN_KERNEL_SETS];
    int sets = dn_kernels_available(names);
    open_random((unsigned)_i);
    expect_scalar();
    struct dn_view in = c.in, out = c.out;
    const struct dn_conv *v = &c.conv;
    int window = dn_min((v->kh - 1) * v->dilation + 1, in.h);
    size_t row = sizeof(float) * (size_t)(in.layout == DN_PLANAR ? in.w : in.row);
    int planes = in.layout == DN_PLANAR ? in.c : 1;
    float *ring = malloc(row * (size_t)(window * planes));
    ck_assert_ptr_nonnull(ring);
    ptrdiff_t pad = in.pad * DN_BLOCK;
    for (int i = 0; i < sets; i++) {
        for (int y = 0; y < out.h; y++) {
            struct dn_view r = in;
            r.rows = window;
            r.data = ring + pad;
            if (in.layout == DN_PLANAR)
                r.block = r.row * window;
            for (int ky = 0; ky < v->kh; ky++) {
                int from = y * v->stride_y - v->pad_y + ky * v->dilation;
                for (int p = 0; p < planes && from >= 0 && from < in.h; p++)
                    memcpy(dn_view_at(&r, p, from, 0) - pad, dn_view_at(&in, p, from, 0) - pad,
                           row);
            }
            c.in = r;
            conv_case_run(&c, dn_kernels(names[i]), (struct dn_rect){y, y + 1, 0, out.w}, 0,
                          dn_blocks(v->n), 1);
        }
        c.in = in;
        assert_expected(names[i], (unsigned)_i);
        conv_case_wipe(&c);
    }
    free(ring);
    close_case();
}
END_TEST

START_TEST(filters_of_a_range_pack_to_those_of_its_parts_with_every_instruction_set)
{
    const char *names[DN_KERNEL_SETS];
    int sets = dn_kernels_available(names);
    conv_case_random(&c, (unsigned)_i);
    const struct dn_conv *v = &c.conv;
    int blocks = dn_blocks(v->n);
    size_t floats = dn_conv_packed_floats(v, 0, blocks),
           fan_in = (size_t)(v->c / v->groups * v->kh * v->kw);
    float *whole = aligned_alloc(64, floats * sizeof *whole), *parts = aligned_alloc(64, floats * sizeof *parts);
    ck_assert(whole && parts);
    memset(parts, 0, floats * sizeof *parts);
    dn_conv_pack(dn_kernels("scalar"), v, 0, blocks, c.raw, whole, 1);
    for (int i = 0; i < sets; i++) {
        float *at = parts;
        for (int b = 0; b < blocks; b++) {
            dn_conv_pack(dn_kernels(names[i]), v, b, b + 1, c.raw + fan_in * DN_BLOCK * (size_t)b,
                         at, 2);
            at += dn_conv_packed_floats(v, b, b + 1);
        }
        ck_assert_uint_eq(floats, (size_t)(at - parts));
        ck_assert_msg(!memcmp(whole, parts, floats * sizeof *parts), "%s: %s", names[i],
                      conv_case_text(&c));
    }
    free(whole);
    free(parts);
    conv_case_close(&c);
}
END_TEST

/* In two slices: kinds that work across channels wait for the last one. */
START_TEST(every_activation_is_the_one_of_dn_activate)
{
    const char *names[DN_KERNEL_SETS];
    int sets = dn_kernels_available(names);
    unsigned seed = (unsigned)_i;
    open_random(seed);
    int blocks = dn_blocks(c.conv.n), middle = cut(seed, blocks);
    struct dn_rect whole = dn_rect_whole(&c.out);
    for (int i = 0; i < sets; i++)
        for (int a = 0; a < DN_ACTIVATIONS; a++) {
            const struct dn_kernels *k = dn_kernels(names[i]);
            c.conv.activation = DN_LINEAR;
            conv_case_run(&c, k, whole, 0, blocks, 1);
            struct dn_view out = c.out;
            if (a < DN_NORMALIZE_CHANNELS)
                out.c = blocks * DN_BLOCK;
            dn_activate(k, (enum dn_activation)a, &out, whole, 1);
            memcpy(expected, c.out_floats, c.out_bytes);
            conv_case_wipe(&c);
            c.conv.activation = (enum dn_activation)a;
            conv_case_run(&c, k, whole, 0, middle, 2);
            conv_case_run(&c, k, whole, middle, blocks, 1);
            assert_expected(names[i], seed);
            conv_case_wipe(&c);
        }
    close_case();
}
END_TEST

START_TEST(an_empty_rectangle_or_slice_writes_nothing)
{
    open_random(1);
    memcpy(expected, c.out_floats, c.out_bytes);
    conv_case_run(&c, dn_kernels(NULL), (struct dn_rect){1, 1, 0, c.out.w}, 0, 1, 2);
    assert_expected("empty", 1);
    close_case();
}
END_TEST

START_TEST(the_peak_is_a_plausible_number)
{
    const char *names[DN_KERNEL_SETS];
    int sets = dn_kernels_available(names);
    for (int i = 0; i < sets; i++) {
        double peak = dn_fma_peak(dn_kernels(names[i]), 0.01);
        ck_assert_msg(peak > 0.01 && peak < 1e4, "%s: %g GFLOP/s", names[i], peak);
    }
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("convolution kernels");
    TCase *t = tcase_create("laws");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, the_scalar_kernels_agree_with_double_precision, 0, CASES);
    tcase_add_loop_test(t, every_instruction_set_gives_the_scalar_bytes_and_writes_nothing_else, 0,
                        CASES);
    tcase_add_loop_test(t, rectangles_slices_and_threads_do_not_change_the_bytes, 0, CASES);
    tcase_add_loop_test(t, threads_do_not_change_the_bytes_of_a_wide_band, 0, 4);
    tcase_add_loop_test(t, rings_of_rows_do_not_change_the_bytes, 0, CASES / 4);
    tcase_add_loop_test(t, filters_of_a_range_pack_to_those_of_its_parts_with_every_instruction_set,
                        0, CASES);
    tcase_add_loop_test(t, every_activation_is_the_one_of_dn_activate, 0, CASES / 10);
    tcase_add_test(t, an_empty_rectangle_or_slice_writes_nothing);
    tcase_add_test(t, the_peak_is_a_plausible_number);
    suite_add_tcase(s, t);
    return s;
}
