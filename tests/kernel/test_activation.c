/* The functions of activations over all floats, and arrays of them. */
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "kernel/kernel.h"
#include "support/guard.h"
#include "support/row_case.h"
#include "support/suite.h"

enum { ELEMENTWISE = DN_NORMALIZE_CHANNELS, CHUNK = 4096, AROUND = 64 };

static float of_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static bool same(float a, float b)
{
    return (isnan(a) && isnan(b)) || !memcmp(&a, &b, sizeof a);
}

/* The next CHUNK floats to try: bit patterns in steps, from all of the range. */
static void fill(float *x, uint32_t *bits)
{
    for (int i = 0; i < CHUNK; i++, *bits += 8209)
        x[i] = of_bits(*bits);
}

/* Calls try(a, floats) with floats of all sizes, and with the neighbours of every threshold. */
static void try_all(enum dn_activation a, void (*try)(enum dn_activation a, const float *x))
{
    static const float thresholds[] = {0,      1,      2,     4,       6,       9.01f, 16.6f,
                                       17.3f,  20,     44,    88.7f,   103.9f,  104,   708,
                                       709.4f, 709.8f, 1e30f, FLT_MAX, FLT_MIN, 1e-45f};
    float x[CHUNK];
    uint32_t bits = 0;
    for (int i = 0; i < (1 << 19) / CHUNK; i++) {
        fill(x, &bits);
        try(a, x);
    }
    int n = 0;
    for (size_t t = 0; t < sizeof thresholds / sizeof *thresholds; t++) {
        uint32_t at;
        memcpy(&at, &thresholds[t], sizeof at);
        for (int i = -AROUND; i < AROUND && n < CHUNK; i++, n++)
            x[n] = of_bits((at + (uint32_t)i) | (i & 1 ? 0x80000000u : 0));
    }
    for (; n < CHUNK; n++)
        x[n] = (float)(n - CHUNK / 2) / 16;
    try(a, x);
}

/* Units in the last place, of the float nearest to `exact`, that x is off. */
static double units_off(float x, double exact)
{
    float nearest = fabsf((float)exact);
    double unit = nearest < FLT_MAX ? (double)nextafterf(nearest, INFINITY) - (double)nearest
                                    : (double)FLT_MAX * FLT_EPSILON / 2;
    return fabs((double)x - exact) / unit;
}

/* Evaluated in doubles, and rounded once. */
static bool in_doubles(enum dn_activation a)
{
    return a == DN_LOGGY || a == DN_ELU || a == DN_SELU || a == DN_TANH || a == DN_GELU;
}

/* Formulas that lose digits in floats by themselves. */
static bool cancels(enum dn_activation a, float x)
{
    return (a == DN_HARD_MISH && x > -2 && x < -1) || (a == DN_STAIR && x > -1 && x < 0);
}

static void expect_model(enum dn_activation a, const float *x)
{
    double bound = in_doubles(a) ? 0.51 : 2;
    for (int i = 0; i < CHUNK; i++) {
        if (!isfinite(x[i]) || cancels(a, x[i]))
            continue;
        double exact = row_activation_model(a, (double)x[i]);
        float got = dn_activate_one(a, x[i]);
        bool too_large = fabs(exact) > (double)FLT_MAX && isinf(got);
        if (!too_large && !(units_off(got, exact) <= bound))
            ck_abort_msg("activation %d of %a is %a instead of %a, %.3g units off", (int)a,
                         (double)x[i], (double)got, exact, units_off(got, exact));
    }
}

START_TEST(every_function_is_within_two_units_of_its_formula)
{
    try_all((enum dn_activation)_i, expect_model);
}
END_TEST

static void expect_same_everywhere(enum dn_activation a, const float *x)
{
    const char *names[DN_KERNEL_SETS];
    int sets = dn_kernels_available(names);
    float scalar[CHUNK], other[CHUNK];
    memcpy(scalar, x, sizeof scalar);
    dn_activate_array(dn_kernels("scalar"), a, scalar, CHUNK);
    for (int k = 0; k < sets; k++) {
        memcpy(other, x, sizeof other);
        dn_activate_array(dn_kernels(names[k]), a, other, CHUNK);
        for (int i = 0; i < CHUNK; i++)
            if (!same(scalar[i], other[i]))
                ck_abort_msg("%s: activation %d of %a is %a instead of %a", names[k], (int)a,
                             (double)x[i], (double)other[i], (double)scalar[i]);
    }
}

START_TEST(every_instruction_set_gives_the_scalar_bits_for_floats_of_all_kinds)
{
    try_all((enum dn_activation)_i, expect_same_everywhere);
}
END_TEST

static void expect_exponentials(enum dn_activation a, const float *x)
{
    const char *names[DN_KERNEL_SETS];
    int sets = dn_kernels_available(names);
    float got[CHUNK];
    (void)a;
    for (int k = 0; k < sets; k++) {
        memcpy(got, x, sizeof got);
        dn_exp_array(dn_kernels(names[k]), got, CHUNK);
        for (int i = 0; i < CHUNK; i++) {
            double exact = exp((double)x[i]);
            bool right = isnan(x[i])                        ? isnan(got[i])
                         : exact >= (double)FLT_MAX * 1.001 ? isinf(got[i])
                                                            : units_off(got[i], exact) <= 0.51;
            if (!right)
                ck_abort_msg("%s: e^%a is %a instead of %a", names[k], (double)x[i], (double)got[i],
                             exact);
        }
    }
}

START_TEST(exponentials_are_rounded_once)
{
    try_all(DN_LINEAR, expect_exponentials);
}
END_TEST

START_TEST(arrays_of_any_length_are_their_elements)
{
    const char *names[DN_KERNEL_SETS];
    int sets = dn_kernels_available(names);
    for (int k = 0; k < sets; k++)
        for (size_t n = 0; n < 70; n++) {
            float *x = guard_alloc((n + 1) * sizeof *x);
            for (size_t i = 0; i <= n; i++)
                x[i] = (float)i / 4 - 8;
            dn_activate_array(dn_kernels(names[k]), (enum dn_activation)_i, x + 1, n);
            ck_assert_float_eq(x[0], -8);
            for (size_t i = 1; i <= n; i++)
                if (!same(x[i], dn_activate_one((enum dn_activation)_i, (float)i / 4 - 8)))
                    ck_abort_msg("%s: element %zu of %zu", names[k], i, n);
            guard_free(x, (n + 1) * sizeof *x);
        }
}
END_TEST

START_TEST(infinite_values_give_the_limits)
{
    static const struct {
        enum dn_activation a;
        float low, high;
    } limits[] = {
        {DN_LINEAR, -INFINITY, INFINITY},
        {DN_LOGISTIC, 0, 1},
        {DN_LOGGY, -1, 1},
        {DN_RELU, 0, INFINITY},
        {DN_RELU6, 0, 6},
        {DN_ELU, -1, INFINITY},
        {DN_RELIE, -INFINITY, INFINITY},
        {DN_RAMP, -INFINITY, INFINITY},
        {DN_LEAKY, -INFINITY, INFINITY},
        {DN_TANH, -1, 1},
        {DN_PLSE, -INFINITY, INFINITY},
        {DN_HARDTAN, -1, 1},
        {DN_LHTAN, -INFINITY, INFINITY},
        {DN_HARD_MISH, 0, INFINITY},
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        ck_assert_float_eq(dn_activate_one(limits[i].a, -INFINITY), limits[i].low);
        ck_assert_float_eq(dn_activate_one(limits[i].a, INFINITY), limits[i].high);
    }
    ck_assert_float_infinite(dn_activate_one(DN_SWISH, INFINITY));
    ck_assert_float_infinite(dn_activate_one(DN_MISH, INFINITY));
    ck_assert_float_infinite(dn_activate_one(DN_GELU, INFINITY));
    ck_assert_float_infinite(dn_activate_one(DN_SELU, INFINITY));
    ck_assert_float_nan(dn_activate_one(DN_SWISH, -INFINITY)); /* infinity times zero */
    ck_assert_float_nan(dn_activate_one(DN_MISH, -INFINITY));
}
END_TEST

START_TEST(what_is_not_a_number_stays_so_unless_it_fails_a_comparison)
{
    float got = dn_activate_one((enum dn_activation)_i, NAN);
    if (_i == DN_RELU || _i == DN_RELU6)
        ck_assert_float_eq(got, 0);
    else
        ck_assert_float_nan(got);
}
END_TEST

START_TEST(normalized_channels_add_up_to_one)
{
    float data[40];
    struct dn_view v = {.data = data,
                        .row = 40,
                        .block = 1,
                        .c = 40,
                        .h = 1,
                        .w = 1,
                        .rows = 1,
                        .layout = DN_PLANAR};
    for (int a = DN_NORMALIZE_CHANNELS; a < DN_ACTIVATIONS; a++) {
        float sum = 0;
        for (int i = 0; i < 40; i++)
            data[i] = (float)(i % 7) - 2;
        dn_activate(dn_kernels(NULL), (enum dn_activation)a, &v, dn_rect_whole(&v), 1);
        for (int i = 0; i < 40; i++)
            sum += data[i];
        ck_assert_float_eq_tol(sum, 1, 1e-4f);
    }
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("activations");
    TCase *t = tcase_create("laws");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, every_function_is_within_two_units_of_its_formula, 0,
                        ELEMENTWISE);
    tcase_add_loop_test(t, every_instruction_set_gives_the_scalar_bits_for_floats_of_all_kinds, 0,
                        ELEMENTWISE);
    tcase_add_test(t, exponentials_are_rounded_once);
    tcase_add_loop_test(t, arrays_of_any_length_are_their_elements, 0, ELEMENTWISE);
    tcase_add_test(t, infinite_values_give_the_limits);
    tcase_add_loop_test(t, what_is_not_a_number_stays_so_unless_it_fails_a_comparison, 0,
                        ELEMENTWISE);
    tcase_add_test(t, normalized_channels_add_up_to_one);
    suite_add_tcase(s, t);
    return s;
}
