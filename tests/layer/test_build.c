/* What all layer types share: the table of types, keys of sections, region arithmetic. */
#include "support/layer_case.h"
#include "support/suite.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "layer/layer.h"

/* ---- the table ------------------------------------------------------------------------------ */

START_TEST(every_section_name_of_the_reference_is_known)
{
    static const struct {
        const char *name;
        enum dn_type type;
    } names[] = {
        {"conv", DN_CONVOLUTIONAL}, {"convolutional", DN_CONVOLUTIONAL}, {"deconv", DN_DECONVOLUTIONAL},
        {"deconvolutional", DN_DECONVOLUTIONAL}, {"conn", DN_CONNECTED}, {"connected", DN_CONNECTED},
        {"max", DN_MAXPOOL}, {"maxpool", DN_MAXPOOL}, {"local_avg", DN_LOCAL_AVGPOOL},
        {"local_avgpool", DN_LOCAL_AVGPOOL}, {"avg", DN_AVGPOOL}, {"avgpool", DN_AVGPOOL}, {"lrn", DN_NORMALIZATION},
        {"normalization", DN_NORMALIZATION}, {"soft", DN_SOFTMAX}, {"softmax", DN_SOFTMAX}, {"batchnorm", DN_BATCHNORM},
        {"activation", DN_ACTIVATION}, {"dropout", DN_DROPOUT}, {"crop", DN_CROP}, {"cost", DN_COST},
        {"route", DN_ROUTE}, {"shortcut", DN_SHORTCUT}, {"upsample", DN_UPSAMPLE}, {"local", DN_LOCAL},
        {"detection", DN_DETECTION}, {"region", DN_REGION}, {"yolo", DN_YOLO}, {"Gaussian_yolo", DN_GAUSSIAN_YOLO},
        {"reorg", DN_REORG}, {"reorg3d", DN_REORG3D}, {"l2norm", DN_L2NORM}, {"logistic", DN_LOGISTIC_LAYER},
        {"sam", DN_SAM}, {"scale_channels", DN_SCALE_CHANNELS}, {"implicit", DN_IMPLICIT}, {"empty", DN_EMPTY},
        {"silence", DN_EMPTY},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct dn_layer_ops *ops = dn_layer_type(names[i].name);
        ck_assert_msg(ops && ops->type == names[i].type, "%s", names[i].name);
    }
}
END_TEST

START_TEST(other_names_are_not)
{
    static const char *const names[] = {"", "Convolutional", "gaussian_yolo", "rnn", "lstm", "convolution", "net"};
    ck_assert_ptr_null(dn_layer_type(names[_i]));
}
END_TEST

/* ---- keys ----------------------------------------------------------------------------------- */

static struct dn_key keys[] = {
    {"size", "3", 11, false}, {"size", "5", 12, false}, {"inline", "40#32", 13, false}, {"exponent", "1e3", 14, false},
    {"half", "0.5", 15, false}, {"minus", "-7", 16, false}, {"word", "many", 17, false}, {"bare", NULL, 18, false},
    {"list", "1,-2,30#4,5", 19, false}, {"floats", "1.5,2,", 20, false}, {"bad", "1,x", 21, false},
    {"huge", "2147483648", 22, false}, {"activation", "mish#was leaky", 23, false},
};
static struct dn_section section = {"thing", 10, sizeof keys / sizeof *keys, keys};
static struct dn_error err;
static struct dn_layer layers[4];
static struct dn_build build;

static void begin(void)
{
    err = (struct dn_error){0};
    build = (struct dn_build){.path = "a.cfg", .section = &section, .layers = layers, .index = 3, .err = &err};
}

START_TEST(numbers_are_read_as_prefixes_and_the_first_key_counts)
{
    ck_assert_int_eq(dn_key_int(&build, "size", 1, 0, 9), 3);
    ck_assert_int_eq(dn_key_int(&build, "inline", 1, 0, 99), 40);
    ck_assert_int_eq(dn_key_int(&build, "exponent", 9, 0, 99), 1);
    ck_assert_int_eq(dn_key_int(&build, "half", 9, 0, 99), 0);
    ck_assert_int_eq(dn_key_int(&build, "minus", 9, INT_MIN, 0), -7);
    ck_assert_int_eq(dn_key_int(&build, "absent", 8, 0, 9), 8);
    ck_assert_int_eq(dn_key_int(&build, "bare", 8, 0, 9), 8);
    ck_assert(dn_key_float(&build, "exponent", 0) == 1000 && dn_key_float(&build, "half", 0) == .5f);
    ck_assert(dn_key_flag(&build, "minus", false) && !dn_key_flag(&build, "half", true));
    ck_assert_int_eq(dn_key_activation(&build, "leaky"), DN_MISH);
    ck_assert_msg(!err.status, "%s", err.text);
    ck_assert(keys[0].used && keys[1].used);
}
END_TEST

START_TEST(lists_end_at_a_comment)
{
    int n;
    int *list = dn_key_ints(&build, "list", &n);
    ck_assert_int_eq(n, 3);
    ck_assert(list[0] == 1 && list[1] == -2 && list[2] == 30);
    free(list);
    float *floats = dn_key_floats(&build, "floats", &n);
    ck_assert_int_eq(n, 2);
    ck_assert(floats[0] == 1.5f && floats[1] == 2);
    free(floats);
    ck_assert_ptr_null(dn_key_ints(&build, "absent", &n));
    ck_assert_int_eq(n, 0);
    ck_assert_msg(!err.status, "%s", err.text);
}
END_TEST

static void ask(int question)
{
    int n;
    if (question == 0)
        dn_key_int(&build, "size", 1, 5, 9);
    else if (question == 1)
        dn_key_int(&build, "size", 1, 5, INT_MAX);
    else if (question == 2)
        dn_key_int(&build, "word", 1, 0, 9);
    else if (question == 3)
        dn_key_float(&build, "word", 1);
    else if (question == 4)
        ck_assert_ptr_null(dn_key_ints(&build, "bad", &n));
    else if (question == 5)
        ck_assert_int_eq(dn_key_layer(&build, "minus"), -2);
    else if (question == 6)
        ck_assert_int_eq(dn_key_layer(&build, "size"), -2);
    else if (question == 7)
        ck_assert_int_eq(dn_key_layer(&build, "absent"), -2);
    else
        dn_key_int(&build, "huge", 1, 0, INT_MAX);
}

START_TEST(what_is_wrong_is_said_with_its_line)
{
    static const char *const texts[] = {
        "a.cfg:11: [thing] size=3 is not allowed; it must be from 5 to 9",
        "a.cfg:11: [thing] size=3 is not allowed; it must be at least 5",
        "a.cfg:17: [thing] word=many is not a number that fits 32 bits",
        "a.cfg:17: [thing] word=many is not a number",
        "a.cfg:21: [thing] element 2 of bad=1,x is not a number",
        "a.cfg:16: [thing] minus=-7 points before the first layer (this is layer 3)",
        "a.cfg:11: [thing] size=3 is not an earlier layer (this is layer 3)",
        "a.cfg:10: [thing] needs the key absent: the number of an earlier layer",
        "a.cfg:22: [thing] huge=2147483648 is not a number that fits 32 bits",
    };
    ask(_i);
    ck_assert_str_eq(err.text, texts[_i]);
    ask((_i + 1) % 9);
    ck_assert_str_eq(err.text, texts[_i]);
}
END_TEST

START_TEST(shapes_must_be_positive_and_fit_an_int)
{
    static const int64_t bad[][3] = {{0, 1, 1}, {1, -1, 1}, {1, 1, INT_MIN}, {1 << 20, 1 << 10, 1 << 10}, {1, INT64_MAX, 1}};
    struct dn_layer l = {0};
    ck_assert_int_eq(dn_build_shape(&build, &l, 3, 4, 5), DN_OK);
    ck_assert(l.out_c == 3 && l.out_h == 4 && l.out_w == 5);
    ck_assert_int_eq(dn_build_shape(&build, &l, bad[_i][0], bad[_i][1], bad[_i][2]), DN_INVALID);
}
END_TEST

/* ---- regions -------------------------------------------------------------------------------- */

static int clip(int at, int extent)
{
    return at < 0 ? 0 : at > extent ? extent : at;
}

static void check_window(int stride, int offset, int size, int dilation)
{
    const int extent = 9;
    for (int lo = 0; lo < 7; lo++)
        for (int hi = lo + 1; hi <= 7; hi++) {
            struct dn_span s = dn_span_window((struct dn_span){lo, hi}, stride, offset, size, dilation, extent);
            int first = INT_MAX, last = INT_MIN;
            for (int tap = 0; tap < (hi - lo) * size; tap++) {
                int in = (lo + tap / size) * stride - offset + tap % size * dilation;
                first = in < first ? in : first;
                last = in > last ? in : last;
            }
            ck_assert_msg(s.lo == clip(first, extent) && s.hi == clip(last + 1, extent),
                          "size %d, stride %d, dilation %d, offset %d, rows %d to %d: %d to %d, taps are in %d to %d", size,
                          stride, dilation, offset, lo, hi, s.lo, s.hi, first, last + 1);
        }
}

START_TEST(a_window_is_the_hull_of_its_taps_clipped_to_the_map)
{
    for (int stride = 1; stride <= 3; stride++)
        for (int offset = 0; offset < 5; offset++)
            for (int size = 1; size <= 4; size++)
                for (int dilation = 1; dilation <= 2; dilation++)
                    check_window(stride, offset, size, dilation);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("layer/build");
    TCase *table = tcase_create("types"), *t = tcase_create("keys"), *regions = tcase_create("regions");
    tcase_add_test(table, every_section_name_of_the_reference_is_known);
    tcase_add_loop_test(table, other_names_are_not, 0, 7);
    tcase_add_checked_fixture(t, begin, NULL);
    tcase_add_test(t, numbers_are_read_as_prefixes_and_the_first_key_counts);
    tcase_add_test(t, lists_end_at_a_comment);
    tcase_add_loop_test(t, what_is_wrong_is_said_with_its_line, 0, 9);
    tcase_add_loop_test(t, shapes_must_be_positive_and_fit_an_int, 0, 5);
    tcase_add_test(regions, a_window_is_the_hull_of_its_taps_clipped_to_the_map);
    suite_add_tcase(s, table);
    suite_add_tcase(s, t);
    suite_add_tcase(s, regions);
    return s;
}
