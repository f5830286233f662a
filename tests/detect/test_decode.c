/* Heads: every decoder against a model written from the format's sections 3.31 to 3.34, on random
 * outputs, and what holds for all of them. */
#include "support/scarce.h"
#include "support/suite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "detect/decode.h"

enum { W = 5, H = 3, N = 2, CLASSES = 4, CELLS = W * H, MOST = 4000 };

static struct dn_layer_ops ops;
static struct dn_layer l;
static struct dn_decode how;
static float out[MOST], scratch[CLASSES], anchors[] = {1.5f, 2, .5f, 1, 3, 2.5f};
static int mask[] = {2, 0};
static int outputs;
static struct dn_error err;
static detection *dets;
static int n;

static float uniform(void)
{
    static unsigned seed = 1;
    seed = seed * 1664525u + 1013904223u;
    return (float)(seed >> 8) / 16777216.f;
}

/* A head with random outputs in [0, 1), on a stretched photo, asked for fractions. */
static void make_head(enum dn_type type, int planes)
{
    memset(&l, 0, sizeof l);
    ops.type = type;
    l.ops = &ops;
    l.out_c = N * planes;
    l.out_h = H;
    l.out_w = W;
    l.u.head = (struct dn_head){.classes = CLASSES,
                                .coords = 4,
                                .n = N,
                                .total = 3,
                                .mask = mask,
                                .anchors = anchors,
                                .scale_x_y = 1};
    outputs = N * planes * CELLS;
    ck_assert_int_le(outputs, MOST);
    for (int i = 0; i < outputs; i++)
        out[i] = uniform();
    how = (struct dn_decode){.fit = {40, 30, 80, 48, false, true}, .thresh = .3f, .hier = .5f};
}

static void decode(void)
{
    free(dets);
    memset(&err, 0, sizeof err);
    n = dn_decode_count(&l, out, how.thresh);
    dets = dn_detections_new(n, CLASSES, l.u.head.coords - 4, &err);
    ck_assert_ptr_nonnull(dets);
    dn_decode(&l, out, &how, dets, scratch);
}

static void drop(void)
{
    free(dets);
    dets = NULL;
    n = 0;
}

static double entry(int planes, int a, int e, int cell)
{
    return out[(a * planes + e) * CELLS + cell];
}

static double kept(double prob)
{
    return prob > (double)how.thresh ? prob : 0;
}

static void assert_near(double found, double expected)
{
    ck_assert_double_eq_tol(found, expected, 1e-5 * (1 + fabs(expected)));
}

static void assert_box(const detection *d, double x, double y, double w, double h)
{
    assert_near(d->bbox.x, x);
    assert_near(d->bbox.y, y);
    assert_near(d->bbox.w, w);
    assert_near(d->bbox.h, h);
}

/* ---- yolo ----------------------------------------------------------------------------------- */

START_TEST(test_yolo)
{
    int at = 0;
    make_head(DN_YOLO, 5 + CLASSES);
    l.u.head.new_coords = _i == 1;
    decode();
    for (int cell = 0; cell < CELLS; cell++)
        for (int a = 0; a < N; a++) {
            double v[5 + CLASSES];
            for (int e = 0; e < 5 + CLASSES; e++)
                v[e] = entry(5 + CLASSES, a, e, cell);
            if (!(v[4] > (double)how.thresh))
                continue;
            ck_assert_int_lt(at, n);
            const detection *d = &dets[at++];
            double w = _i ? 4 * v[2] * v[2] : exp(v[2]), h = _i ? 4 * v[3] * v[3] : exp(v[3]);
            assert_box(d, (cell % W + v[0]) / W, (cell / W + v[1]) / H,
                       w * anchors[2 * mask[a]] / 80, h * anchors[2 * mask[a] + 1] / 48);
            assert_near(d->objectness, v[4]);
            ck_assert_int_eq(d->classes, CLASSES);
            for (int c = 0; c < CLASSES; c++)
                assert_near(d->prob[c], kept(v[4] * v[5 + c]));
        }
    ck_assert_int_eq(at, n);
    ck_assert_int_gt(n, 0);
    ck_assert_int_lt(n, CELLS * N);
}
END_TEST

START_TEST(test_gaussian_yolo)
{
    int at = 0;
    make_head(DN_GAUSSIAN_YOLO, 9 + CLASSES);
    l.u.head.yolo_point = _i;
    how.thresh = .1f;
    decode();
    double towards = _i == 1 ? .5 : _i == 2 ? -.5 : 0;
    for (int cell = 0; cell < CELLS; cell++)
        for (int a = 0; a < N; a++) {
            double v[9 + CLASSES];
            for (int e = 0; e < 9 + CLASSES; e++)
                v[e] = entry(9 + CLASSES, a, e, cell);
            if (!(v[8] > (double)how.thresh))
                continue;
            ck_assert_int_lt(at, n);
            const detection *d = &dets[at++];
            double w = exp(v[4]) * anchors[2 * mask[a]] / 80;
            double h = exp(v[6]) * anchors[2 * mask[a] + 1] / 48;
            assert_box(d, (cell % W + v[0]) / W + towards * w, (cell / W + v[2]) / H + towards * h,
                       w, h);
            assert_near(d->objectness, v[8]);
            for (int c = 0; c < CLASSES; c++)
                assert_near(d->prob[c],
                            kept(v[8] * v[9 + c] * (1 - (v[1] + v[3] + v[5] + v[7]) / 4)));
        }
    ck_assert_int_eq(at, n);
}
END_TEST

START_TEST(test_a_higher_threshold_only_takes_away)
{
    make_head(_i ? DN_GAUSSIAN_YOLO : DN_YOLO, (_i ? 9 : 5) + CLASSES);
    int before = CELLS * N;
    for (int step = -1; step <= 10; step++) {
        int count = dn_decode_count(&l, out, (float)step / 10);
        ck_assert_int_le(count, before);
        before = count;
    }
    ck_assert_int_eq(dn_decode_count(&l, out, -1), CELLS * N);
    ck_assert_int_eq(before, 0);
}
END_TEST

START_TEST(test_nan_is_no_candidate)
{
    make_head(DN_YOLO, 5 + CLASSES);
    for (int i = 0; i < outputs; i++)
        out[i] = 0.f / 0.f;
    ck_assert_int_eq(dn_decode_count(&l, out, .5f), 0);
    ck_assert_int_eq(dn_decode_count(&l, out, -1), 0);
}
END_TEST

/* ---- region --------------------------------------------------------------------------------- */

enum { PLAIN, BACKGROUND, MASKS, VARIANTS };

START_TEST(test_region)
{
    int coords = _i == MASKS ? 7 : 4, planes = coords + 1 + CLASSES;
    make_head(DN_REGION, planes);
    l.u.head.coords = coords;
    l.u.head.background = _i == BACKGROUND;
    decode();
    ck_assert_int_eq(n, CELLS * N);
    for (int a = 0; a < N; a++)
        for (int cell = 0; cell < CELLS; cell++) {
            const detection *d = &dets[a * CELLS + cell];
            double object = _i == BACKGROUND ? 1 : entry(planes, a, coords, cell);
            assert_box(d, (cell % W + entry(planes, a, 0, cell)) / W,
                       (cell / W + entry(planes, a, 1, cell)) / H,
                       exp(entry(planes, a, 2, cell)) * anchors[2 * a] / W,
                       exp(entry(planes, a, 3, cell)) * anchors[2 * a + 1] / H);
            assert_near(d->objectness, kept(object));
            for (int c = 0; c < CLASSES; c++)
                assert_near(d->prob[c], kept(object * entry(planes, a, coords + 1 + c, cell)));
            for (int i = 0; i < coords - 4; i++)
                assert_near(d->mask[i], entry(planes, a, 4 + i, cell));
            ck_assert(coords > 4 || !d->mask);
        }
}
END_TEST

START_TEST(test_region_of_alexeyab_goes_cell_by_cell_and_keeps_all)
{
    int planes = 5 + CLASSES;
    make_head(DN_REGION, planes);
    l.dialect = DN_ALEXEYAB;
    l.u.head.classfix = _i ? -1 : 0;
    decode();
    for (int i = 0; i < n; i++) {
        int a = i % N, cell = i / N;
        double object = entry(planes, a, 4, cell);
        assert_near(dets[i].bbox.x, (cell % W + entry(planes, a, 0, cell)) / W);
        ck_assert_float_eq(dets[i].objectness, 1);
        for (int c = 0; c < CLASSES; c++)
            assert_near(dets[i].prob[c],
                        _i && object < .5 ? 0 : kept(object * entry(planes, a, 5 + c, cell)));
    }
}
END_TEST

/* animal 0 { dog 2, cat 3 }, thing 1 */
static int parent[] = {-1, -1, 0, 0}, child[] = {1, -1, -1, -1}, group[] = {0, 0, 1, 1};
static int group_size[] = {2, 2}, group_offset[] = {0, 2};
static struct dn_tree tree = {.n = CLASSES,
                              .parent = parent,
                              .child = child,
                              .group = group,
                              .groups = 2,
                              .group_size = group_size,
                              .group_offset = group_offset};

/* A hierarchy's head with the same values in every cell. */
static void make_tree_head(float object, float animal, float thing, float dog, float cat)
{
    const float values[] = {.5f, .5f, 0, 0, object, animal, thing, dog, cat};
    make_head(DN_REGION, 5 + CLASSES);
    l.u.head.tree = &tree;
    for (int i = 0; i < outputs; i++)
        out[i] = values[i / CELLS % (5 + CLASSES)];
}

static void assert_probs(double animal, double thing, double dog, double cat)
{
    const double expected[] = {animal, thing, dog, cat};
    decode();
    for (int i = 0; i < n; i++)
        for (int c = 0; c < CLASSES; c++)
            assert_near(dets[i].prob[c], expected[c]);
}

START_TEST(test_a_hierarchy_names_the_most_special_class_it_is_sure_of)
{
    make_tree_head(.6f, .9f, .1f, .95f, .05f);
    assert_probs(0, 0, .6, 0);
    make_tree_head(.6f, .9f, .1f, .5f, .5f);
    assert_probs(.6, 0, 0, 0);
    make_tree_head(.6f, .3f, .7f, .5f, .5f);
    assert_probs(0, .6, 0, 0);
    make_tree_head(.2f, .9f, .1f, .95f, .05f);
    assert_probs(0, 0, 0, 0);
}
END_TEST

START_TEST(test_a_map_picks_classes_of_the_hierarchy)
{
    int map[DN_MAP_IDS] = {3, 2, 99, -5};
    make_tree_head(.8f, .9f, .1f, .6f, .9f);
    how.map = map;
    assert_probs(.8 * .9 * .9, .8 * .9 * .6, 0, 0);
}
END_TEST

START_TEST(test_a_hierarchy_of_alexeyab_names_the_last_likely_class)
{
    make_tree_head(.6f, .9f, .1f, .7f, .3f);
    l.dialect = DN_ALEXEYAB;
    assert_probs(0, 0, .63, 0);
    make_tree_head(.6f, .9f, .1f, .5f, .5f);
    l.dialect = DN_ALEXEYAB;
    assert_probs(.9, 0, 0, 0);
}
END_TEST

/* ---- detection ------------------------------------------------------------------------------ */

START_TEST(test_detection)
{
    enum { SIDE = 3, S = SIDE * SIDE };
    make_head(DN_DETECTION, 20 * CLASSES);
    l.u.head.side = SIDE;
    l.u.head.square_root = _i;
    decode();
    ck_assert_int_eq(n, S * N);
    for (int i = 0; i < n; i++) {
        int cell = i / N;
        double confidence = out[S * CLASSES + i];
        const float *b = &out[S * CLASSES + S * N + 4 * i];
        assert_box(&dets[i], (b[0] + (double)(cell % SIDE)) / SIDE,
                   (b[1] + (double)(cell / SIDE)) / SIDE, pow(b[2], _i ? 2 : 1),
                   pow(b[3], _i ? 2 : 1));
        assert_near(dets[i].objectness, confidence);
        for (int c = 0; c < CLASSES; c++)
            assert_near(dets[i].prob[c], kept(confidence * out[cell * CLASSES + c]));
    }
}
END_TEST

START_TEST(test_detection_as_stock_stretches_whatever_is_asked)
{
    make_head(DN_DETECTION, 20 * CLASSES);
    l.u.head.side = 3;
    decode();
    box fractions = dets[7].bbox;
    how.fit.letter = true;
    how.stretch_first = true;
    decode();
    assert_box(&dets[7], fractions.x * 40., fractions.y * 30., fractions.w * 40.,
               fractions.h * 30.);
}
END_TEST

/* ---- all heads ------------------------------------------------------------------------------ */

static const struct {
    enum dn_type type;
    int planes;
} heads[] = {{DN_YOLO, 5 + CLASSES},
             {DN_GAUSSIAN_YOLO, 9 + CLASSES},
             {DN_REGION, 5 + CLASSES},
             {DN_DETECTION, 20 * CLASSES}};

START_TEST(test_boxes_lie_on_the_photo_as_it_was_fitted)
{
    make_head(heads[_i].type, heads[_i].planes);
    l.u.head.side = 3;
    decode();
    box plain = dets[2].bbox;
    how.fit.letter = true;
    how.fit.relative = false;
    box expected = dn_box_on_photo(plain, &how.fit);
    decode();
    assert_box(&dets[2], expected.x, expected.y, expected.w, expected.h);
}
END_TEST

START_TEST(test_decoding_only_reads)
{
    static float before[MOST];
    make_head(heads[_i].type, heads[_i].planes);
    l.u.head.side = 3;
    l.u.head.tree = _i == 2 ? &tree : NULL;
    memcpy(before, out, sizeof out);
    decode();
    ck_assert_mem_eq(before, out, sizeof out);
}
END_TEST

START_TEST(test_without_memory_there_are_no_detections_and_nothing_leaks)
{
    bool failed = true;
    for (int nth = 0; failed; nth++) {
        memset(&err, 0, sizeof err);
        scarce_begin(nth);
        detection *made = dn_detections_new(3, CLASSES, 2, &err);
        failed = scarce_end();
        bool without = made == NULL;
        free(made);
        ck_assert_int_eq(scarce_blocks(), 0);
        ck_assert_int_eq(without, failed);
        ck_assert_int_eq(err.status == DN_NO_MEMORY, failed);
    }
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("detect/decode");
    TCase *t = tcase_create("decode");
    tcase_add_checked_fixture(t, NULL, drop);
    tcase_add_loop_test(t, test_yolo, 0, 2);
    tcase_add_loop_test(t, test_gaussian_yolo, 0, 3);
    tcase_add_loop_test(t, test_a_higher_threshold_only_takes_away, 0, 2);
    tcase_add_test(t, test_nan_is_no_candidate);
    tcase_add_loop_test(t, test_region, 0, VARIANTS);
    tcase_add_loop_test(t, test_region_of_alexeyab_goes_cell_by_cell_and_keeps_all, 0, 2);
    tcase_add_test(t, test_a_hierarchy_names_the_most_special_class_it_is_sure_of);
    tcase_add_test(t, test_a_map_picks_classes_of_the_hierarchy);
    tcase_add_test(t, test_a_hierarchy_of_alexeyab_names_the_last_likely_class);
    tcase_add_loop_test(t, test_detection, 0, 2);
    tcase_add_test(t, test_detection_as_stock_stretches_whatever_is_asked);
    tcase_add_loop_test(t, test_boxes_lie_on_the_photo_as_it_was_fitted, 0, 4);
    tcase_add_loop_test(t, test_decoding_only_reads, 0, 4);
    tcase_add_test(t, test_without_memory_there_are_no_detections_and_nothing_leaks);
    suite_add_tcase(s, t);
    return s;
}
