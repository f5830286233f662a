/* Weights files: header, order, sizes, transposed filters (format section 4). */
#include "support/suite.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/weights.h"
#include "support/net_case.h"

static void print_text(FILE *out, const void *text)
{
    fputs(text, out);
}

/* ---- a network of three layers with weights ---------------------------------------------------- */

static const char cfg[] = "[net]\nwidth=2\nheight=1\nchannels=18\n"
                          "[convolutional]\nfilters=18\nsize=1\nbatch_normalize=1\nactivation=linear\n"
                          "[convolutional]\nfilters=18\nsize=1\nshare_index=0\nbatch_normalize=1\nactivation=linear\n"
                          "[convolutional]\nfilters=17\nsize=1\nflipped=1\nactivation=linear\n"
                          "[connected]\noutput=19\nbatch_normalize=1\nactivation=linear\n";
/* Where the weights of layers 2 and 3 begin, and how many there are. */
enum { TWO = 18 * 4 + 18 * 18, THREE = TWO + 17 + 17 * 18, FLOATS = THREE + 19 + 19 * 34 + 57 };

static struct dn_graph graph;
static struct dn_weights weights;
static struct dn_error err;
static char cfg_path[32], path[32];

static void begin(void)
{
    struct dn_graph_options options = {DN_STOCK, false};
    temporary_text(cfg_path, print_text, cfg);
    err = (struct dn_error){0};
    ck_assert_msg(!dn_graph_read(cfg_path, &options, &graph, &err), "%s", err.text);
    temporary_text(path, print_text, "");
}

static void end(void)
{
    dn_graph_free(&graph);
    unlink(cfg_path);
    unlink(path);
}

static void write_file(int major, int minor, int header, int floats)
{
    int32_t start[5] = {major, minor, 5, 77, 1};
    FILE *f = fopen(path, "wb");
    fwrite(start, 1, (size_t)header, f);
    for (int i = 0; i < floats; i++) {
        float v = (float)i;
        fwrite(&v, sizeof v, 1, f);
    }
    fclose(f);
}

static void open_weights(int major, int minor, int header)
{
    write_file(major, minor, header, FLOATS);
    ck_assert_msg(!dn_weights_open(path, &graph, &weights, &err), "%s", err.text);
}

/* ---- headers -------------------------------------------------------------------------------- */

START_TEST(the_version_tells_the_width_of_the_images_seen)
{
    static const struct {
        int major, minor, header;
        uint64_t seen;
        bool transposed;
    } cases[] = {
        {0, 1, 16, 77, false}, {0, 2, 20, 77 + (1ull << 32), false}, {1, 0, 20, 77 + (1ull << 32), false},
        {1001, 0, 16, 77, true}, {0, 1001, 16, 77, true}, {1000, 0, 16, 77, false}, {-1, 0, 16, 77, false},
        {2147483647, 2147483647, 16, 77, true},
    };
    open_weights(cases[_i].major, cases[_i].minor, cases[_i].header);
    ck_assert_int_eq(weights.header, cases[_i].header);
    ck_assert(weights.seen == cases[_i].seen);
    ck_assert_int_eq(weights.transposed, cases[_i].transposed);
    dn_weights_close(&weights);
}
END_TEST

START_TEST(a_file_of_another_size_is_refused)
{
    static const struct {
        int header, floats;
        const char *text;
    } cases[] = {
        {0, 0, "has 0 bytes; a weights file begins with a header of at least 16"},
        {15, 0, "has 15 bytes; a weights file begins with a header of at least 16"},
        {20, FLOATS + 1, "has %d bytes, but %s describes a network whose weights take %d: 4 bytes are left over after the last layer"},
        {20, FLOATS - 1, "has %d bytes, but %s describes a network whose weights take %d: the first layer that does not fit is layer 3 [connected]"},
        {20, TWO + 16, "has %d bytes, but %s describes a network whose weights take %d: the first layer that does not fit is layer 2 [convolutional]"},
        {20, 5, "has %d bytes, but %s describes a network whose weights take %d: the first layer that does not fit is layer 0 [convolutional]"},
        {16, 0, "has %d bytes, but %s describes a network whose weights take %d: the first layer that does not fit is layer 0 [convolutional]"},
    };
    char expected[500], form[400];
    write_file(0, 2, cases[_i].header, cases[_i].floats);
    ck_assert_int_eq(dn_weights_open(path, &graph, &weights, &err), DN_INVALID);
    snprintf(form, sizeof form, "%%s: %s", cases[_i].text);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(expected, sizeof expected, form, path, cases[_i].header + 4 * cases[_i].floats, cfg_path, 20 + 4 * FLOATS);
#pragma GCC diagnostic pop
    ck_assert_str_eq(err.text, expected);
}
END_TEST

START_TEST(a_missing_file_is_said)
{
    ck_assert_int_eq(dn_weights_open("/nowhere", &graph, &weights, &err), DN_IO);
    ck_assert_str_eq(err.text, "/nowhere: cannot open the file: No such file or directory");
}
END_TEST

/* ---- places --------------------------------------------------------------------------------- */

static float *filters_of(int layer, int block0, int block1)
{
    const struct dn_layer *l = &graph.layers[layer];
    float *raw = malloc(dn_weights_raw_floats(&weights, l, block0, block1) * sizeof *raw);
    ck_assert_msg(!dn_weights_filters(&weights, l, block0, block1, raw, &err), "%s", err.text);
    return raw;
}

/* The file counts up, so a weight tells where it was. */
START_TEST(a_slice_is_where_its_filters_are)
{
    open_weights(0, 2, 20);
    float *all = filters_of(0, 0, 2), *last = filters_of(0, 1, 2);
    for (int i = 0; i < 18 * 18; i++)
        ck_assert(all[i] == (float)(18 * 4 + i));
    ck_assert_mem_eq(last, all + 16 * 18, 2 * 18 * sizeof *last);
    free(all);
    free(last);
    dn_weights_close(&weights);
}
END_TEST

START_TEST(flipped_filters_are_turned)
{
    open_weights(0, 2, 20);
    float *all = filters_of(2, 0, 2), *last = filters_of(2, 1, 2);
    for (int f = 0; f < 17; f++)
        for (int k = 0; k < 18; k++)
            ck_assert(all[f * 18 + k] == (float)(TWO + 17 + k * 17 + f));
    ck_assert_mem_eq(last, all + 16 * 18, 18 * sizeof *last);
    free(all);
    free(last);
    dn_weights_close(&weights);
}
END_TEST

START_TEST(connected_layers_of_old_files_are_turned)
{
    int first = THREE + 19, inputs = 17 * 2;
    for (int old = 0; old < 2; old++) {
        open_weights(old ? 1001 : 0, 2, old ? 16 : 20);
        float *all = filters_of(3, 0, 2);
        for (int f = 0; f < 19; f++)
            for (int k = 0; k < inputs; k++)
                ck_assert(all[f * inputs + k] == (float)(first + (old ? k * 19 + f : f * inputs + k)));
        free(all);
        dn_weights_close(&weights);
    }
}
END_TEST

/* Batch normalisation stands in front of a convolution's filters and behind a connected layer's. */
START_TEST(parameters_are_around_the_filters)
{
    static float scratch[200], params[200];
    static const int layers[2] = {0, 3}, begins[2] = {0, THREE}, tails[2] = {18, 19 + 19 * 34};
    open_weights(0, 2, 20);
    for (int i = 0; i < 2; i++) {
        const struct dn_layer *l = &graph.layers[layers[i]];
        ck_assert_msg(!dn_weights_params(&weights, l, scratch, params, &err), "%s", err.text);
        for (int c = 0; c < l->out_c; c++) {
            const float *block = params + c / 16 * 48 + c % 16;
            ck_assert(block[0] == (float)(begins[i] + tails[i] + l->out_c + c)); /* mean */
            ck_assert(block[32] == (float)(begins[i] + c));                     /* bias */
        }
    }
    dn_weights_close(&weights);
}
END_TEST

START_TEST(a_layer_that_shares_takes_nothing_of_the_file)
{
    ck_assert_uint_eq(graph.weights, FLOATS);
    ck_assert_int_eq(graph.layers[1].shares, 0);
    ck_assert_uint_eq(graph.layers[2].file_offset, graph.layers[1].file_offset);
}
END_TEST

START_TEST(a_file_that_shrinks_is_an_error)
{
    open_weights(0, 2, 20);
    ck_assert_int_eq(truncate(path, 100), 0);
    float raw[18 * 18];
    ck_assert_int_eq(dn_weights_filters(&weights, &graph.layers[0], 0, 2, raw, &err), DN_IO);
    ck_assert_ptr_nonnull(strstr(err.text, "became shorter while it was in use"));
    dn_weights_close(&weights);
}
END_TEST

START_TEST(without_a_file_weights_are_made_the_same_in_every_slice)
{
    ck_assert_int_eq(dn_weights_open("", &graph, &weights, &err), DN_OK);
    float *all = filters_of(0, 0, 2), *last = filters_of(0, 1, 2);
    ck_assert_mem_eq(last, all + 16 * 18, 2 * 18 * sizeof *last);
    ck_assert(all[0] != all[1]);
    free(all);
    free(last);
    dn_weights_close(&weights);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("net/weights");
    TCase *t = tcase_create("weights");
    tcase_add_checked_fixture(t, begin, end);
    tcase_add_loop_test(t, the_version_tells_the_width_of_the_images_seen, 0, 8);
    tcase_add_loop_test(t, a_file_of_another_size_is_refused, 0, 7);
    tcase_add_test(t, a_missing_file_is_said);
    tcase_add_test(t, a_slice_is_where_its_filters_are);
    tcase_add_test(t, flipped_filters_are_turned);
    tcase_add_test(t, connected_layers_of_old_files_are_turned);
    tcase_add_test(t, parameters_are_around_the_filters);
    tcase_add_test(t, a_layer_that_shares_takes_nothing_of_the_file);
    tcase_add_test(t, a_file_that_shrinks_is_an_error);
    tcase_add_test(t, without_a_file_weights_are_made_the_same_in_every_slice);
    suite_add_tcase(s, t);
    return s;
}
