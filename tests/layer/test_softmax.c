/* [softmax], and class hierarchies (tree.c) wherever they are used: format sections 3.14 and 3.31. */
#include "support/layer_case.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "layer/tree.h"
#include "support/net_case.h"

static const char *const nets[] = {
    NET(5, 4, 3) "[softmax]\n",
    NET(1, 1, 40) "[softmax]\ngroups=4\ntemperature=.5\n",
    NET(2, 1, 9) "[softmax]\ntemperature=-2\nspatial=1\nnoloss=1\n",
    NET(3, 3, 18) "[yolo]\nclasses=1\nnum=3\n[softmax]\n",
    NULL,
};

static const struct refusal refusals[] = {
    {NET(1, 1, 10) "[softmax]\ngroups=3\n", "6: [softmax] groups=3 does not divide the 10 values evenly", false},
    {NET(1, 1, 10) "[softmax]\ntemperature=0\n", "6: [softmax] temperature=0 is not allowed; it must not be 0", false},
    {NET(1, 1, 10) "[softmax]\ntree=/nowhere\n", "6: [softmax] /nowhere: cannot open the file: No such file or directory", false},
    {0},
};

/* ---- hierarchies ---------------------------------------------------------------------------- */

/* thing -> (animal -> (cat, dog), plant), place -> (town) */
static const char hierarchy[] = "thing -1\nplace -1\nanimal 0\nplant 0\ncat 2\ndog 2\ntown 1\n";

static void print_text(FILE *out, const void *text)
{
    fputs(text, out);
}

static char path[32];
static struct dn_tree *tree;

static void write_tree(void)
{
    struct dn_error err = {0};
    temporary_text(path, print_text, hierarchy);
    ck_assert_msg(!dn_tree_read(path, &tree, &err), "%s", err.text);
}

static void remove_tree(void)
{
    dn_tree_free(tree);
    unlink(path);
}

START_TEST(layers_use_softmax_within_the_groups_of_a_hierarchy)
{
    static const char *const forms[] = {NET(7, 1, 1) "[softmax]\ntemperature=.7\ntree=%s\n",
                                        NET(5, 4, 24) "[region]\nclasses=7\nnum=2\ntree=%s\n"};
    char cfg[300];
    snprintf(cfg, sizeof cfg, forms[_i], path);
    layer_agrees(cfg);
}
END_TEST

START_TEST(the_number_of_classes_must_be_that_of_the_hierarchy)
{
    char cfg[300], text[300];
    snprintf(cfg, sizeof cfg, NET(8, 1, 1) "[softmax]\ntree=%s\n", path);
    snprintf(text, sizeof text, "6: [softmax] tree=%s has 7 classes; there are 8 values for them", path);
    layer_is_refused(cfg, false, text);
}
END_TEST

START_TEST(classes_with_one_parent_are_one_group)
{
    static const int group[7] = {0, 0, 1, 1, 2, 2, 3}, child[7] = {1, 3, 2, -1, -1, -1, -1};
    ck_assert_int_eq(tree->n, 7);
    ck_assert_int_eq(tree->groups, 4);
    for (int i = 0; i < 7; i++) {
        ck_assert_int_eq(tree->group[i], group[i]);
        ck_assert_int_eq(tree->child[i], child[i]);
    }
    ck_assert_str_eq(tree->name[5], "dog");
}
END_TEST

START_TEST(probabilities_multiply_down_the_hierarchy)
{
    float p[7] = {.5f, .5f, .25f, .75f, .5f, .5f, 1};
    dn_tree_predictions(tree, p, 1, 0);
    static const float all[7] = {.5f, .5f, .125f, .375f, .0625f, .0625f, .5f};
    ck_assert_mem_eq(p, all, sizeof all);
    float q[7] = {.5f, .5f, .25f, .75f, .5f, .5f, 1};
    dn_tree_predictions(tree, q, 1, 1);
    static const float leaves[7] = {0, 0, 0, .375f, .0625f, .0625f, .5f};
    ck_assert_mem_eq(q, leaves, sizeof leaves);
}
END_TEST

/* Down to the dog when that is likely enough, else to where it stops to be. */
START_TEST(the_walk_down_stops_where_it_becomes_unlikely)
{
    static const float p[7] = {.9f, .1f, .8f, .2f, .4f, .6f, 1};
    ck_assert_int_eq(dn_tree_top(tree, p, 1, .3f), 5);
    ck_assert_int_eq(dn_tree_top(tree, p, 1, .5f), 2);
    ck_assert_int_eq(dn_tree_top(tree, p, 1, .8f), 0);
    ck_assert_int_eq(dn_tree_top(tree, p, 1, .95f), 0);
}
END_TEST

START_TEST(bad_hierarchies_are_refused_with_their_line)
{
    static const char *const bad[][2] = {
        {"thing -1\nanimal\n", "2: 'animal' is not a class name and its parent's number"},
        {"thing -1\nanimal 1\n", "2: parent 1 is not an earlier class; allowed are -1 to 0"},
        {"thing -2\n", "1: parent -2 is not an earlier class; allowed are -1 to -1"},
        {"\n\n", " has no classes"},
    };
    struct dn_error err = {0};
    struct dn_tree *t;
    char name[32], expected[200];
    temporary_text(name, print_text, bad[_i][0]);
    dn_tree_read(name, &t, &err);
    unlink(name);
    ck_assert_ptr_null(t);
    snprintf(expected, sizeof expected, "%s:%s", name, bad[_i][1]);
    ck_assert_str_eq(err.text, expected);
}
END_TEST

START_TEST(a_map_is_one_number_a_line)
{
    struct dn_error err = {0};
    char name[32], expected[100];
    int *values, n;
    temporary_text(name, print_text, "3\n\n 17\r\n5");
    ck_assert_int_eq(dn_map_read(name, &values, &n, &err), DN_OK);
    ck_assert_int_eq(n, 3);
    ck_assert(values[0] == 3 && values[1] == 17 && values[2] == 5);
    free(values);
    unlink(name);
    temporary_text(name, print_text, "3\nfour\n");
    ck_assert_int_eq(dn_map_read(name, &values, &n, &err), DN_INVALID);
    unlink(name);
    snprintf(expected, sizeof expected, "%s:2: 'four' is not a number", name);
    ck_assert_str_eq(err.text, expected);
    ck_assert(values == NULL && n == 0);
}
END_TEST

static const struct layer_tests tests = {"layer/softmax", nets, NULL, refusals};

Suite *suite(void)
{
    Suite *s = layer_suite(&tests);
    TCase *t = tcase_create("hierarchies");
    tcase_add_checked_fixture(t, write_tree, remove_tree);
    tcase_add_loop_test(t, layers_use_softmax_within_the_groups_of_a_hierarchy, 0, 2);
    tcase_add_test(t, the_number_of_classes_must_be_that_of_the_hierarchy);
    tcase_add_test(t, classes_with_one_parent_are_one_group);
    tcase_add_test(t, probabilities_multiply_down_the_hierarchy);
    tcase_add_test(t, the_walk_down_stops_where_it_becomes_unlikely);
    tcase_add_loop_test(t, bad_hierarchies_are_refused_with_their_line, 0, 4);
    tcase_add_test(t, a_map_is_one_number_a_line);
    suite_add_tcase(s, t);
    return s;
}
