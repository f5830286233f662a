/* Drawing detections over a photo, by rows, into a new file. */
#include "support/photo.h"
#include "support/scarce.h"
#include "support/suite.h"

#include <dirent.h>
#include <malloc.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <png.h>

#include "detect/decode.h"
#include "image/annotate.h"
#include "image/reader.h"
#include "image/writer.h"

enum { W = 200, H = 150, CLASSES = 4 };

static char *names[CLASSES] = {"cat", "dog", "m\xc3\xbcll",
                               "a name that is far longer than the photo is wide, so it is cut"};

struct scene {
    detection dets[3];
    float prob[3][CLASSES];
    darknet_report report;
};

/* n boxes; the first is the middle half of the photo, class 1. */
static darknet_report *make_scene(struct scene *s, int n)
{
    static const box boxes[3] = {{.5f, .5f, .5f, .5f}, {0, 0, .4f, .4f}, {.9f, .95f, 3, .3f}};
    *s = (struct scene){.report = {.dets = s->dets,
                                   .n = n,
                                   .thresh = .5f,
                                   .names = names,
                                   .classes = CLASSES,
                                   .w = W,
                                   .h = H,
                                   .relative = 1}};
    for (int i = 0; i < n; i++) {
        s->dets[i] = (detection){.bbox = boxes[i], .classes = CLASSES, .prob = s->prob[i]};
        s->prob[i][1 + i] = .9f;
    }
    return &s->report;
}

static const char *write_source(void)
{
    const char *path = photo_path("in.png");
    photo_write_png(
        path, &(struct photo_png){.w = W, .h = H, .colour_type = PNG_COLOR_TYPE_RGB, .depth = 8});
    return path;
}

static unsigned char *read_all(const char *path)
{
    struct dn_reader r;
    struct dn_error err = {0};
    ck_assert_msg(!dn_reader_open(&r, path, &err), "%s", err.text);
    ck_assert_int_eq(r.w, W);
    ck_assert_int_eq(r.h, H);
    unsigned char *rgb = malloc(3 * W * H);
    for (int y = 0; y < H; y++)
        ck_assert_msg(!dn_reader_row(&r, rgb + 3 * W * y, &err), "%s", err.text);
    dn_reader_close(&r);
    return rgb;
}

static unsigned char *annotated(const darknet_report *report, int dialect)
{
    const char *in = write_source(), *out = photo_path("out.png");
    struct dn_error err = {0};
    ck_assert_msg(!dn_annotate_file(report, in, out, dialect, &err), "%s", err.text);
    return read_all(out);
}

static bool is_colour(const unsigned char *rgb, int x, int y, const unsigned char wanted[3])
{
    return !memcmp(rgb + 3 * (y * W + x), wanted, 3);
}

static bool is_photo(const unsigned char *rgb, int x, int y)
{
    unsigned char original[3];
    photo_pixel(x, y, original);
    return is_colour(rgb, x, y, original);
}

START_TEST(test_without_detections_the_photo_stays)
{
    struct scene s;
    unsigned char *rgb = annotated(make_scene(&s, 0), DARKNET_STOCK);
    for (int i = 0; i < W * H; i++)
        ck_assert(is_photo(rgb, i % W, i / W));
    free(rgb);
}
END_TEST

START_TEST(test_below_the_threshold_nothing_is_drawn)
{
    struct scene s;
    darknet_report *report = make_scene(&s, 3);
    report->thresh = .9f;
    unsigned char *rgb = annotated(report, DARKNET_STOCK);
    for (int i = 0; i < W * H; i++)
        ck_assert(is_photo(rgb, i % W, i / W));
    free(rgb);
}
END_TEST

START_TEST(test_a_box_has_its_edges_in_the_colour_of_its_class)
{
    struct scene s;
    unsigned char *rgb = annotated(make_scene(&s, 1), DARKNET_STOCK), colour[3];
    dn_class_colour(1, CLASSES, colour);
    int x0 = W / 4, y0 = H / 4, x1 = W * 3 / 4, y1 = H * 3 / 4;
    for (int x = x0; x < x1; x++)
        ck_assert(is_colour(rgb, x, y0, colour) && is_colour(rgb, x, y1 - 1, colour));
    for (int y = y0; y < y1; y++)
        ck_assert(is_colour(rgb, x0, y, colour) && is_colour(rgb, x1 - 1, y, colour));
    for (int y = y0 + 1; y < y1 - 1; y++)
        for (int x = x0 + 1; x < x1 - 1; x++)
            ck_assert_msg(is_photo(rgb, x, y), "(%d,%d) is inside", x, y);
    for (int y = 0; y < H; y++)
        ck_assert(is_photo(rgb, x0 - 1, y) && is_photo(rgb, x1, y));
    free(rgb);
}
END_TEST

START_TEST(test_a_label_stands_on_its_box_and_can_be_read)
{
    struct scene s;
    unsigned char *rgb = annotated(make_scene(&s, 1), DARKNET_STOCK), colour[3];
    static const unsigned char black[3] = {0, 0, 0}, white[3] = {255, 255, 255};
    int background = 0, letters = 0, y0 = H / 4;
    dn_class_colour(1, CLASSES, colour);
    for (int y = y0 - 12; y < y0; y++)
        for (int x = W / 4; x < W / 2; x++) {
            background += is_colour(rgb, x, y, colour);
            letters += is_colour(rgb, x, y, black) || is_colour(rgb, x, y, white);
        }
    ck_assert_int_gt(letters, 20);
    ck_assert_int_gt(background, 2 * letters);
    ck_assert(is_photo(rgb, W / 4, y0 - 13));
    free(rgb);
}
END_TEST

/* Boxes at and beyond the edges, long and foreign names. */
/* The sanitizer would tell of a number that is no int. */
START_TEST(test_probabilities_of_any_size_are_drawn)
{
    static const float values[] = {1e30f, INFINITY, -1e30f};
    struct scene s;
    darknet_report *report = make_scene(&s, 1);
    report->thresh = -INFINITY;
    s.prob[0][1] = 1000;
    unsigned char *most = annotated(report, DARKNET_ALEXEYAB);
    for (int i = 0; i < 3; i++) {
        for (int c = 0; c < CLASSES; c++)
            s.prob[0][c] = i == 2 ? values[i] : 0;
        s.prob[0][1] = values[i];
        unsigned char *rgb = annotated(report, DARKNET_ALEXEYAB);
        ck_assert_int_eq(!memcmp(most, rgb, 3 * W * H), i < 2);
        free(rgb);
    }
    free(most);
}
END_TEST

START_TEST(test_what_is_outside_is_cut_off)
{
    struct scene s;
    darknet_report *report = make_scene(&s, 3);
    static const float odd[] = {-1e30f, 1e30f, 0, -3, 7};
    for (int i = 0; i < 25; i++) {
        s.dets[0].bbox = (box){odd[i % 5], odd[i / 5], odd[(i + 1) % 5], odd[(i / 5 + 1) % 5]};
        free(annotated(report, i % 2 ? DARKNET_ALEXEYAB : DARKNET_STOCK));
    }
    s.dets[0].bbox.x = s.dets[0].bbox.w = 0.f / (float)(report->n - 3);
    free(annotated(report, DARKNET_STOCK));
}
END_TEST

START_TEST(test_pixels_and_fractions_draw_the_same)
{
    struct scene s;
    unsigned char *a = annotated(make_scene(&s, 1), DARKNET_STOCK);
    s.dets[0].bbox = (box){W * .5f, H * .5f, W * .5f, H * .5f};
    s.report.relative = 0;
    unsigned char *b = annotated(&s.report, DARKNET_STOCK);
    ck_assert_mem_eq(a, b, 3 * W * H);
    free(a);
    free(b);
}
END_TEST

START_TEST(test_an_image_in_memory_is_drawn_like_a_file)
{
    struct scene s;
    unsigned char *rgb = annotated(make_scene(&s, 3), DARKNET_STOCK);
    image im = load_image_color((char *)(uintptr_t)write_source(), 0, 0);
    ck_assert_ptr_nonnull(im.data);
    draw_detections(im, s.dets, 3, .5f, names, NULL, CLASSES);
    for (int i = 0; i < W * H; i++)
        for (int c = 0; c < 3; c++)
            ck_assert_int_eq((int)(im.data[c * W * H + i] * 255 + .5f), rgb[3 * i + c]);
    free_image(im);
    free(rgb);
}
END_TEST

START_TEST(test_a_jpeg_is_close_to_the_png)
{
    struct scene s;
    const char *in = write_source(), *out = photo_path("out.jpg");
    struct dn_error err = {0};
    unsigned char *a = annotated(make_scene(&s, 1), DARKNET_STOCK);
    ck_assert_msg(!dn_annotate_file(&s.report, in, out, DARKNET_STOCK, &err), "%s", err.text);
    unsigned char *b = read_all(out);
    long sum = 0;
    for (int i = 0; i < 3 * W * H; i++)
        sum += abs(a[i] - b[i]);
    ck_assert_int_lt(sum, 8L * 3 * W * H);
    free(a);
    free(b);
}
END_TEST

static int files_in(const char *path)
{
    char folder[256];
    strcpy(folder, path);
    *strrchr(folder, '/') = 0;
    DIR *d = opendir(folder);
    int n = 0;
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static void fails(const char *in, const char *out, const char *why)
{
    struct scene s;
    struct dn_error err = {0};
    ck_assert_int_ne(dn_annotate_file(make_scene(&s, 1), in, out, DARKNET_STOCK, &err), DN_OK);
    ck_assert_msg(strstr(err.text, why) != NULL, "\"%s\" does not say \"%s\"", err.text, why);
}

START_TEST(test_a_picture_that_cannot_be_written_is_a_sentence)
{
    const char *in = write_source();
    int before = files_in(in);
    fails(in, "/no/such/folder/out.jpg", "No such file or directory");
    fails(in, "/dev/full", "No space left on device");
    fails("/no/such/photo.png", photo_path("out.png"), "/no/such/photo.png");
    ck_assert_int_eq(files_in(in), before);
}
END_TEST

/* The photo breaks off in the middle, and a good picture of that name is there already. */
START_TEST(test_a_failure_leaves_the_old_picture_alone)
{
    const char *in = write_source(), *out = photo_path("out.png");
    photo_write(out, "old", 3);
    size_t size;
    unsigned char *bytes = photo_read(in, &size);
    photo_write(in, bytes, size / 2);
    free(bytes);
    int before = files_in(in);
    fails(in, out, "not a sound PNG");
    ck_assert_int_eq(files_in(in), before);
    bytes = photo_read(out, &size);
    ck_assert_mem_eq(bytes, "old", 3);
    free(bytes);
}
END_TEST

START_TEST(test_a_photo_can_be_drawn_over_in_place)
{
    struct scene s;
    const char *in = write_source();
    struct dn_error err = {0};
    unsigned char *a = annotated(make_scene(&s, 2), DARKNET_STOCK);
    ck_assert_msg(!dn_annotate_file(&s.report, in, in, DARKNET_STOCK, &err), "%s", err.text);
    unsigned char *b = read_all(in);
    ck_assert_mem_eq(a, b, 3 * W * H);
    free(a);
    free(b);
}
END_TEST

START_TEST(test_lack_of_memory_leaves_no_file)
{
    struct scene s;
    darknet_report *report = make_scene(&s, 1);
    const char *in = write_source(), *out = photo_path(_i ? "out.png" : "out.jpg");
    int before = files_in(in);
    for (int nth = 0;; nth++) {
        struct dn_error err = {0};
        scarce_begin(nth);
        dn_annotate_file(report, in, out, DARKNET_STOCK, &err);
        bool failed = scarce_end();
        long left = scarce_blocks();
        ck_assert_msg(!err.status || failed, "%s", err.text);
        ck_assert_int_eq(left, 0);
        if (err.status)
            ck_assert_int_eq(files_in(in), before);
        else
            unlink(out);
        if (!failed)
            break;
    }
}
END_TEST

static size_t in_use(void)
{
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

/* The budget relies on it. */
START_TEST(test_writing_takes_no_more_than_the_writer_says)
{
    static const int widths[] = {1, 100, 777, 6000};
    int w = widths[_i % 4];
    const char *path = photo_path(_i < 4 ? "out.jpg" : "out.png");
    if (scarce_sanitized())
        return; /* the allocator of a sanitizer does not tell */
    struct dn_writer writer;
    struct dn_error err = {0};
    unsigned char *row = malloc(3 * (size_t)w);
    size_t before = in_use(), most = 0;
    ck_assert(!dn_writer_open(&writer, path, w, 40, &err));
    for (int y = 0; y < 40; y++) {
        for (int x = 0; x < w; x++)
            photo_pixel(x * x, y * x, row + 3 * x);
        ck_assert(!dn_writer_row(&writer, row, &err));
        most = in_use() - before > most ? in_use() - before : most;
    }
    ck_assert(!dn_writer_commit(&writer, &err));
    dn_writer_abandon(&writer);
    free(row);
    ck_assert_uint_le(most, dn_writer_bytes(path, w));
}
END_TEST

/* The plan relies on it; the list is what a detection takes beside itself and its probabilities. */
START_TEST(test_a_list_of_boxes_takes_no_more_than_is_planned)
{
    enum { BOXES = 20000 };
    const size_t planned = dn_detection_bytes(1, 0) - sizeof(detection) - sizeof(float);
    detection *dets = calloc(BOXES, sizeof *dets);
    struct dn_drawing drawing;
    struct dn_error err = {0};
    float sure = 1;
    ck_assert_ptr_nonnull(dets);
    for (int i = 0; i < BOXES; i++)
        dets[i] = (detection){.classes = 1, .prob = &sure};
    darknet_report report = {.dets = dets, .n = BOXES, .names = names, .classes = 1};
    size_t before = in_use();
    ck_assert_int_eq(dn_drawing_open(&drawing, &report, DARKNET_STOCK, W, H, &err), DN_OK);
    ck_assert_int_eq(drawing.n, BOXES);
    if (!scarce_sanitized())
        ck_assert_uint_le(in_use() - before, BOXES * planned + (8 << 10));
    dn_drawing_close(&drawing);
    free(dets);
}
END_TEST

START_TEST(test_colours_of_neighbouring_classes_differ)
{
    for (int n = 2; n <= 80; n++)
        for (int c = 0; c + 1 < n; c++) {
            unsigned char a[3], b[3];
            dn_class_colour(c, n, a);
            dn_class_colour(c + 1, n, b);
            ck_assert_int_gt(abs(a[0] - b[0]) + abs(a[1] - b[1]) + abs(a[2] - b[2]), 0);
        }
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("image/annotate");
    TCase *t = tcase_create("drawing");
    tcase_add_test(t, test_without_detections_the_photo_stays);
    tcase_add_test(t, test_below_the_threshold_nothing_is_drawn);
    tcase_add_test(t, test_a_box_has_its_edges_in_the_colour_of_its_class);
    tcase_add_test(t, test_a_label_stands_on_its_box_and_can_be_read);
    tcase_add_test(t, test_probabilities_of_any_size_are_drawn);
    tcase_add_test(t, test_what_is_outside_is_cut_off);
    tcase_add_test(t, test_pixels_and_fractions_draw_the_same);
    tcase_add_test(t, test_an_image_in_memory_is_drawn_like_a_file);
    tcase_add_test(t, test_colours_of_neighbouring_classes_differ);
    suite_add_tcase(s, t);
    t = tcase_create("writing");
    tcase_add_test(t, test_a_list_of_boxes_takes_no_more_than_is_planned);
    tcase_add_loop_test(t, test_writing_takes_no_more_than_the_writer_says, 0, 8);
    tcase_add_test(t, test_a_jpeg_is_close_to_the_png);
    tcase_add_test(t, test_a_picture_that_cannot_be_written_is_a_sentence);
    tcase_add_test(t, test_a_failure_leaves_the_old_picture_alone);
    tcase_add_test(t, test_a_photo_can_be_drawn_over_in_place);
    tcase_add_loop_test(t, test_lack_of_memory_leaves_no_file, 0, 2);
    suite_add_tcase(s, t);
    return s;
}
