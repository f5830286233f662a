/* Suppression: its laws, and its order against a plain model of the format's section 6.3. */
#include "support/suite.h"

#include <stdlib.h>
#include <string.h>

#include "detect/box.h"
#include "detect/nms.h"

enum { MOST = 900, FEW = 60, CLASSES = 4 };

struct set {
    int n;
    detection dets[MOST];
    float prob[MOST][CLASSES];
};

static unsigned seed;

static float uniform(void)
{
    seed = seed * 1664525u + 1013904223u;
    return (float)(seed >> 8) / 16777216.f;
}

/* Few distinct values, so that ties are common. */
static float coarse(void)
{
    return (float)(int)(uniform() * 6) / 8;
}

/* Few large boxes; in some sets so many small ones that hundreds stay. */
static void make_set(struct set *s, unsigned which)
{
    const bool many = which % 16 == 3;
    const float size = many ? .05f : 1;
    seed = which;
    memset(s, 0, sizeof *s);
    s->n = many ? MOST : (int)(uniform() * FEW);
    for (int i = 0; i < s->n; i++) {
        detection *d = &s->dets[i];
        d->bbox = (box){uniform(), uniform(), size * (.1f + .4f * uniform()), size * (.1f + .4f * uniform())};
        d->prob = s->prob[i];
        d->classes = CLASSES;
        d->objectness = coarse();
        for (int c = 0; c < CLASSES; c++)
            d->prob[c] = coarse();
    }
}

/* Which of the original detections stands at place i. */
static int identity(const struct set *s, int i)
{
    return (int)(s->dets[i].prob - s->prob[0]) / CLASSES;
}

static void copy_set(struct set *to, const struct set *from)
{
    *to = *from;
    for (int i = 0; i < to->n; i++)
        to->dets[i].prob = to->prob[identity(from, i)];
}

/* ---- the model: lists of numbers, insertion sort -------------------------------------------- */

static int model_partition(struct set *s)
{
    int end = s->n - 1;
    for (int i = 0; i <= end; i++)
        if (s->dets[i].objectness == 0) {
            detection d = s->dets[i];
            s->dets[i] = s->dets[end];
            s->dets[end] = d;
            end--;
            i--;
        }
    return end + 1;
}

static float model_key(const detection *d, int class)
{
    return class < 0 ? d->objectness : d->prob[class];
}

static void model_sort(struct set *s, int n, int class)
{
    for (int i = 1; i < n; i++)
        for (int j = i; j > 0 && model_key(&s->dets[j], class) > model_key(&s->dets[j - 1], class);
             j--) {
            detection d = s->dets[j];
            s->dets[j] = s->dets[j - 1];
            s->dets[j - 1] = d;
        }
}

static void model_nms_sort(struct set *s, float thresh)
{
    int n = model_partition(s);
    for (int c = 0; c < CLASSES; c++) {
        model_sort(s, n, c);
        for (int i = 0; i < n; i++)
            for (int j = i + 1; j < n && s->dets[i].prob[c] != 0; j++)
                if (dn_box_iou(s->dets[i].bbox, s->dets[j].bbox) > thresh)
                    s->dets[j].prob[c] = 0;
    }
}

static void model_nms_objectness(struct set *s, float thresh)
{
    int n = model_partition(s);
    model_sort(s, n, -1);
    for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n && s->dets[i].objectness != 0; j++)
            if (dn_box_iou(s->dets[i].bbox, s->dets[j].bbox) > thresh) {
                s->dets[j].objectness = 0;
                memset(s->dets[j].prob, 0, CLASSES * sizeof(float));
            }
}

static void assert_same(const struct set *a, const struct set *b)
{
    for (int i = 0; i < a->n; i++) {
        ck_assert_int_eq(identity(a, i), identity(b, i));
        ck_assert_float_eq(a->dets[i].objectness, b->dets[i].objectness);
    }
    ck_assert_mem_eq(a->prob, b->prob, sizeof a->prob);
}

/* ---- tests ---------------------------------------------------------------------------------- */

static const struct dn_nms_rule plain = {DN_NMS_DEFAULT, .45f, 0};

START_TEST(test_by_class_leaves_values_and_order_of_the_model)
{
    static struct set s, model;
    make_set(&s, (unsigned)_i + 1);
    copy_set(&model, &s);
    dn_nms_sort(s.dets, s.n, CLASSES, plain);
    model_nms_sort(&model, plain.thresh);
    assert_same(&s, &model);
}
END_TEST

START_TEST(test_by_objectness_leaves_values_and_order_of_the_model)
{
    static struct set s, model;
    make_set(&s, (unsigned)_i + 1);
    copy_set(&model, &s);
    dn_nms_objectness(s.dets, s.n, CLASSES, .4f);
    model_nms_objectness(&model, .4f);
    assert_same(&s, &model);
}
END_TEST

static const enum dn_nms kinds[] = {DN_NMS_DEFAULT, DN_NMS_GREEDY, DN_NMS_DIOU, DN_NMS_CORNERS};

START_TEST(test_a_second_time_changes_no_value)
{
    static struct set s, once;
    for (unsigned which = 1; which < 40; which++) {
        make_set(&s, which);
        struct dn_nms_rule rule = {kinds[_i], .3f, .6f};
        dn_nms_sort(s.dets, s.n, CLASSES, rule);
        copy_set(&once, &s);
        dn_nms_sort(s.dets, s.n, CLASSES, rule);
        ck_assert_mem_eq(s.prob, once.prob, sizeof s.prob);
    }
}
END_TEST

START_TEST(test_survivors_of_a_class_are_apart)
{
    static struct set s;
    make_set(&s, (unsigned)_i + 1);
    dn_nms_sort(s.dets, s.n, CLASSES, plain);
    for (int i = 0; i < s.n; i++)
        for (int j = 0; j < i; j++)
            for (int c = 0; c < CLASSES; c++)
                if (s.dets[i].objectness != 0 && s.dets[j].objectness != 0 &&
                    s.dets[i].prob[c] != 0 && s.dets[j].prob[c] != 0)
                    ck_assert(dn_box_iou(s.dets[i].bbox, s.dets[j].bbox) <= plain.thresh);
}
END_TEST

START_TEST(test_the_best_of_a_class_survives)
{
    static struct set s, before;
    make_set(&s, (unsigned)_i + 1);
    copy_set(&before, &s);
    dn_nms_sort(s.dets, s.n, CLASSES, plain);
    for (int c = 0; c < CLASSES; c++) {
        float best = 0, left = 0;
        for (int i = 0; i < s.n; i++) {
            if (before.dets[i].objectness != 0 && before.dets[i].prob[c] > best)
                best = before.dets[i].prob[c];
            if (s.dets[i].objectness != 0 && s.dets[i].prob[c] > left)
                left = s.dets[i].prob[c];
        }
        ck_assert_float_eq(best, left);
    }
}
END_TEST

/* Two boxes of iou 0.6 whose centres are apart: by distance they do not count as one. */
START_TEST(test_distance_spares_boxes_that_overlap_beside_each_other)
{
    static const int spared[] = {0, 1, 1, 0}; /* in the order of kinds */
    float prob[2] = {.9f, .8f};
    detection dets[2] = {{.bbox = {.5f, .5f, .4f, .4f}, .prob = &prob[0], .objectness = 1},
                         {.bbox = {.6f, .5f, .4f, .4f}, .prob = &prob[1], .objectness = 1}};
    dn_nms_sort(dets, 2, 1, (struct dn_nms_rule){kinds[_i], .5f, .6f});
    ck_assert_int_eq(prob[1] != 0, spared[_i]);
    ck_assert_float_eq(prob[0], .9f);
}
END_TEST

START_TEST(test_nothing_and_one_are_fine)
{
    float prob = .5f;
    detection one = {.bbox = {0, 0, 1, 1}, .prob = &prob, .objectness = 1};
    dn_nms_sort(NULL, 0, 3, plain);
    dn_nms_objectness(NULL, 0, 3, .5f);
    dn_nms_sort(&one, 1, 1, plain);
    dn_nms_objectness(&one, 1, 1, .5f);
    ck_assert_float_eq(prob, .5f);
}
END_TEST

START_TEST(test_nan_ends)
{
    static struct set s;
    make_set(&s, 9);
    for (int i = 0; i < s.n; i += 3) {
        s.dets[i].prob[1] = 0.f / 0.f;
        s.dets[i].objectness = 0.f / 0.f;
        s.dets[i].bbox.w = 0.f / 0.f;
    }
    dn_nms_sort(s.dets, s.n, CLASSES, plain);
    dn_nms_objectness(s.dets, s.n, CLASSES, .5f);
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("detect/nms");
    TCase *t = tcase_create("nms");
    tcase_add_loop_test(t, test_by_class_leaves_values_and_order_of_the_model, 0, 300);
    tcase_add_loop_test(t, test_by_objectness_leaves_values_and_order_of_the_model, 0, 300);
    tcase_add_loop_test(t, test_a_second_time_changes_no_value, 0, 4);
    tcase_add_loop_test(t, test_survivors_of_a_class_are_apart, 0, 50);
    tcase_add_loop_test(t, test_the_best_of_a_class_survives, 0, 50);
    tcase_add_loop_test(t, test_distance_spares_boxes_that_overlap_beside_each_other, 0, 4);
    tcase_add_test(t, test_nothing_and_one_are_fine);
    tcase_add_test(t, test_nan_ends);
    suite_add_tcase(s, t);
    return s;
}
