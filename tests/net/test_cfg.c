/* cfg files: lines to sections (format section 1.1), and what [net] and all sections may say. */
#include "support/scarce.h"
#include "support/suite.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/cfg.h"
#include "net/graph.h"
#include "support/net_case.h"

static void print_text(FILE *out, const void *text)
{
    fputs(text, out);
}

static enum dn_status read_cfg(const char *text, char path[32], struct dn_cfg *cfg, struct dn_error *err)
{
    temporary_text(path, print_text, text);
    dn_cfg_read(path, cfg, err);
    unlink(path);
    return err->status;
}

static void assert_sections(const char *text, const char *expected)
{
    struct dn_cfg cfg;
    struct dn_error err = {0};
    char path[32], *found;
    size_t size;
    ck_assert_msg(!read_cfg(text, path, &cfg, &err), "%s", err.text);
    FILE *f = open_memstream(&found, &size);
    for (int i = 0; i < cfg.n; i++) {
        fprintf(f, "%d[%s]", cfg.sections[i].line, cfg.sections[i].name);
        for (int k = 0; k < cfg.sections[i].n; k++)
            fprintf(f, " %d:%s=%s", cfg.sections[i].keys[k].line, cfg.sections[i].keys[k].name,
                    cfg.sections[i].keys[k].value ? cfg.sections[i].keys[k].value : "(none)");
        fprintf(f, "\n");
    }
    fclose(f);
    ck_assert_str_eq(found, expected);
    free(found);
    dn_cfg_free(&cfg);
}

START_TEST(lines_become_sections)
{
    static const char *const cases[][2] = {
        {"[net]\nwidth=3\n[yolo]\nmask=1\n", "1[net] 2:width=3\n3[yolo] 4:mask=1\n"},
        {"[net]\r\nwidth=3\r\n\r\n[yolo]\r\n", "1[net] 2:width=3\n4[yolo]\n"},
        {"[net]\nwidth = 3 , 4\t5\n  [yo lo] ", "1[net] 2:width=3,45\n3[yolo]\n"},
        {"# width=1\n;x\n\n  \t\n[net]\n #y\na=b=c", "5[net] 7:a=b=c\n"},
        {"[net]\na=1\na=2\nbare\n=5\nfilters=40#32\n", "1[net] 2:a=1 3:a=2 4:bare=(none) 5:=5 6:filters=40#32\n"},
        {"[network]", "1[network]\n"},
    };
    assert_sections(cases[_i][0], cases[_i][1]);
}
END_TEST

START_TEST(long_lines_are_lines)
{
    char *text = malloc(200000), path[32];
    struct dn_cfg cfg;
    struct dn_error err = {0};
    strcpy(text, "[net]\nanchors=");
    for (int i = 0; i < 60000; i++)
        strcpy(text + 14 + 3 * i, "10,");
    ck_assert_msg(!read_cfg(text, path, &cfg, &err), "%s", err.text);
    ck_assert_uint_eq(strlen(cfg.sections[0].keys[0].value), 180000);
    dn_cfg_free(&cfg);
    free(text);
}
END_TEST

/* ---- refusals ------------------------------------------------------------------------------- */

static void assert_refused(const char *text, const char *expected)
{
    struct dn_graph_options options = {DN_STOCK, false};
    struct dn_graph g;
    struct dn_error err = {0};
    char path[32], whole[400];
    temporary_text(path, print_text, text);
    dn_graph_read(path, &options, &g, &err);
    unlink(path);
    ck_assert_int_eq(err.status, DN_INVALID);
    snprintf(whole, sizeof whole, "%s%s", path, expected);
    ck_assert_str_eq(err.text, whole);
}

#define SIZE "width=4\nheight=4\nchannels=3\n"

START_TEST(what_is_no_network_is_refused_with_its_line)
{
    static const char *const cases[][2] = {
        {"", ": has no section; a cfg begins with [net]"},
        {"# only a comment\n", ": has no section; a cfg begins with [net]"},
        {"\nwidth=3\n[net]\n", ":2: 'width=3' stands in front of the first section; a cfg begins with [net]"},
        {"[net\n", ":1: '[net' is not a section; a section is written [name]"},
        {"[net]\n[]\n", ":2: '[]' is not a section; a section is written [name]"},
        {"[net]\nwidth=\n", ":2: the key width has no value"},
        {"[yolo]\n", ":1: [yolo] is the first section; it must be [net]"},
        {"[net]\n" SIZE, ":1: [net] is not followed by any layer"},
        {"[net]\nwidth=4\nheight=4\n[avgpool]\n", ":1: [net] needs width, height and channels above 0, or inputs"},
        {"[net]\nwidth=-4\n[avgpool]\n", ":2: [net] width=-4 is not allowed; it must be from 0 to 32768"},
        {"[net]\nwidth=30000\nheight=30000\nchannels=30\n[avgpool]\n",
         ":1: [net] asks for an input of 30000x30000x30 values: more than 2^29"},
        {"[net]\nsubdivisions=0\n[avgpool]\n", ":2: [net] subdivisions=0 is not allowed; it must be from 1 to 1048576"},
        {"[net]\nbatch=2\nsubdivisions=4\n" SIZE "[avgpool]\n", ":3: [net] subdivisions=4 is larger than batch=2"},
        {"[net]\n" SIZE "[mystery]\n", ":5: [mystery] is not a layer type that this program computes"},
        {"[net]\n" SIZE "[avgpool]\nnumload=3\n", ":6: [avgpool] numload loads a part of a layer; it is for training only"},
        {"[net]\n" SIZE "[fusion]\nlayers=0\n", ":1: [net] is not followed by any layer"},
    };
    assert_refused(cases[_i][0], cases[_i][1]);
}
END_TEST

/* ---- what a graph tells --------------------------------------------------------------------- */

static void open_graph(const char *text, struct dn_graph *g)
{
    struct dn_graph_options options = {DN_STOCK, false};
    struct dn_error err = {0};
    char path[32];
    temporary_text(path, print_text, text);
    ck_assert_msg(!dn_graph_read(path, &options, g, &err), "%s", err.text);
    unlink(path);
}

START_TEST(keys_that_nobody_asks_for_are_noticed)
{
    struct dn_graph g;
    open_graph("[net]\n" SIZE "odd=1\n[convolutional]\nfilters=2\nsize=1\nstopbackward=1\nsway=1\ncolour=red\nbare\n"
               "[avgpool]\nsize=3\n", &g);
    ck_assert_str_eq(g.notices, "Unused field: 'colour = red'\nUnused field: 'size = 3'\n");
    dn_graph_free(&g);
}
END_TEST

START_TEST(a_net_of_inputs_is_one_pixel)
{
    struct dn_graph g;
    open_graph("[net]\ninputs=256\nbatch=64\nsubdivisions=8\n[connected]\noutput=5\nactivation=linear\n[softmax]\n[cost]\n", &g);
    ck_assert(g.c == 256 && g.h == 1 && g.w == 1);
    ck_assert_int_eq(g.output, 1);
    ck_assert_uint_eq(g.weights, 5 * 257);
    dn_graph_free(&g);
}
END_TEST

START_TEST(the_table_is_that_of_stock)
{
    struct dn_graph g;
    open_graph("[net]\nwidth=16\nheight=8\nchannels=3\n"
               "[convolutional]\nfilters=18\nsize=3\nstride=2\npad=1\nactivation=leaky\n[maxpool]\nsize=2\nstride=1\n"
               "[route]\nlayers=-1,0\n[shortcut]\nfrom=-1\n[upsample]\nstride=2\n[route]\nlayers=0\n"
               "[yolo]\nclasses=1\nnum=3\n", &g);
    char *table = dn_graph_table(&g);
    ck_assert_str_eq(table,
                     "layer     filters    size              input                output\n"
                     "    0 conv     18  3 x 3 / 2    16 x   8 x   3   ->     8 x   4 x  18  0.000 BFLOPs\n"
                     "    1 max          2 x 2 / 1     8 x   4 x  18   ->     8 x   4 x  18\n"
                     "    2 route  1 0\n"
                     "    3 res    2                   8 x   4 x  36   ->     8 x   4 x  36\n"
                     "    4 upsample            2x     8 x   4 x  36   ->    16 x   8 x  36\n"
                     "    5 route  0\n"
                     "    6 yolo\n");
    free(table);
    dn_graph_free(&g);
}
END_TEST

START_TEST(reading_may_lack_memory)
{
    struct dn_graph_options options = {DN_STOCK, false};
    char path[32];
    temporary_text(path, print_text, "[net]\n" SIZE "[convolutional]\nfilters=18\nodd=1\n[yolo]\nclasses=1\nnum=3\nmask=2,0,1\n"
                                     "anchors=1,2\n[route]\nlayers=0,0\n[shortcut]\nfrom=0,0\n[fusion]\nlayers=0-1\n");
    for (int nth = 0, failed = 1; failed; nth++) {
        struct dn_graph g;
        struct dn_error err = {0};
        scarce_begin(nth);
        if (!dn_graph_read(path, &options, &g, &err))
            dn_graph_free(&g);
        failed = scarce_end();
        long left = scarce_blocks();
        ck_assert_int_eq(left, 0);
        /* the C library does without some */
        ck_assert_msg(!err.status || (failed && err.status == DN_NO_MEMORY), "allocation %d: %s", nth, err.text);
    }
    unlink(path);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("net/cfg");
    TCase *t = tcase_create("cfg");
    tcase_add_loop_test(t, lines_become_sections, 0, 6);
    tcase_add_test(t, long_lines_are_lines);
    tcase_add_loop_test(t, what_is_no_network_is_refused_with_its_line, 0, 16);
    tcase_add_test(t, keys_that_nobody_asks_for_are_noticed);
    tcase_add_test(t, a_net_of_inputs_is_one_pixel);
    tcase_add_test(t, the_table_is_that_of_stock);
    tcase_add_test(t, reading_may_lack_memory);
    suite_add_tcase(s, t);
    return s;
}
