/* Reading photos: what the pixels are, what is held in memory, and files that are broken. */
#include "support/photo.h"
#include "support/scarce.h"
#include "support/suite.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <png.h>

#include "image/reader.h"

struct pixels {
    int w, h;
    unsigned char *rgb;
    size_t bytes; /* that the reader said it would take */
};

/* NULL pixels and a sentence in err when the file is refused. */
static struct pixels read_photo(const char *path, struct dn_error *err)
{
    struct dn_reader r;
    struct pixels p = {0};
    *err = (struct dn_error){0};
    if (dn_reader_open(&r, path, err))
        return p;
    p = (struct pixels){r.w, r.h, malloc(3 * (size_t)r.w * (size_t)r.h), r.bytes};
    for (int y = 0; y < p.h && !err->status; y++)
        dn_reader_row(&r, p.rgb + 3 * (size_t)p.w * (size_t)y, err);
    dn_reader_close(&r);
    if (err->status) {
        free(p.rgb);
        p.rgb = NULL;
    }
    return p;
}

static struct pixels read_sound(const char *path)
{
    struct dn_error err;
    struct pixels p = read_photo(path, &err);
    ck_assert_msg(p.rgb != NULL, "%s", err.text);
    return p;
}

static void is_refused(const char *path, const char *why)
{
    struct dn_error err;
    struct pixels p = read_photo(path, &err);
    ck_assert_msg(!p.rgb, "%s was read", path);
    ck_assert_msg(strstr(err.text, path) == err.text, "\"%s\" does not name the file", err.text);
    ck_assert_msg(strstr(err.text, why) != NULL, "\"%s\" does not say \"%s\"", err.text, why);
}

/* All values within `tolerance` of the picture's; gray: of its red channel. */
static void is_picture(const struct pixels *p, bool gray, int tolerance)
{
    for (int y = 0; y < p->h; y++)
        for (int x = 0; x < p->w; x++) {
            unsigned char rgb[3], *got = p->rgb + 3 * (y * p->w + x);
            photo_pixel(x, y, rgb);
            for (int c = 0; c < 3; c++)
                ck_assert_msg(abs(got[c] - rgb[gray ? 0 : c]) <= tolerance,
                              "(%d,%d) channel %d: %d, not %d", x, y, c, got[c], rgb[gray ? 0 : c]);
        }
}

static const int types[] = {PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA, PNG_COLOR_TYPE_GRAY,
                            PNG_COLOR_TYPE_GRAY_ALPHA};

/* _i: type, depth, interlaced */
START_TEST(test_png_of_any_kind_is_the_picture)
{
    struct photo_png png = {.w = 37,
                            .h = 23,
                            .colour_type = types[_i % 4],
                            .depth = _i / 4 % 2 ? 16 : 8,
                            .interlaced = _i / 8};
    const char *path = photo_path("a.png");
    photo_write_png(path, &png);
    struct pixels p = read_sound(path);
    ck_assert_int_eq(p.w, 37);
    ck_assert_int_eq(p.h, 23);
    is_picture(&p, !(png.colour_type & PNG_COLOR_MASK_COLOR), 0);
    free(p.rgb);
}
END_TEST

START_TEST(test_png_palette_is_looked_up)
{
    struct photo_png png = {.w = 9, .h = 5, .colour_type = PNG_COLOR_TYPE_PALETTE, .depth = 8};
    const char *path = photo_path("a.png");
    photo_write_png(path, &png);
    struct pixels p = read_sound(path);
    for (int i = 0; i < 45; i++) {
        unsigned char rgb[3];
        photo_pixel(i % 9, i / 9, rgb);
        ck_assert_int_eq(p.rgb[3 * i], rgb[0]);
        ck_assert_int_eq(p.rgb[3 * i + 1], 255 - rgb[0]);
        ck_assert_int_eq(p.rgb[3 * i + 2], rgb[0] ^ 85);
    }
    free(p.rgb);
}
END_TEST

START_TEST(test_progressive_jpeg_is_baseline_jpeg)
{
    struct photo_jpeg jpeg = {.w = 61, .h = 47, .colours = _i ? PHOTO_GRAY : PHOTO_RGB};
    const char *path = photo_path("a.jpg");
    photo_write_jpeg(path, &jpeg);
    struct pixels a = read_sound(path);
    jpeg.progressive = true;
    photo_write_jpeg(path, &jpeg);
    struct pixels b = read_sound(path);
    if (_i)
        is_picture(&a, true, 12);
    ck_assert_mem_eq(a.rgb, b.rgb, 3 * 61 * 47);
    ck_assert_uint_gt(b.bytes, a.bytes);
    free(a.rgb);
    free(b.rgb);
}
END_TEST

START_TEST(test_cmyk_without_black_is_its_colours)
{
    struct photo_jpeg jpeg = {.w = 40, .h = 24, .colours = PHOTO_CMYK};
    const char *path = photo_path("a.jpg");
    photo_write_jpeg(path, &jpeg);
    struct pixels p = read_sound(path);
    is_picture(&p, false, 12);
    free(p.rgb);
}
END_TEST

/* Where pixel (x, y) of the upright photo is stored, by the definition of the tag. */
static const unsigned char *stored_at(const struct pixels *p, int orientation, int x, int y)
{
    int sx = orientation > 4 ? y : x, sy = orientation > 4 ? x : y;
    bool flip_x[] = {0, 0, 1, 1, 0, 0, 0, 1, 1}, flip_y[] = {0, 0, 0, 1, 1, 0, 1, 1, 0};
    if (flip_x[orientation])
        sx = p->w - 1 - sx;
    if (flip_y[orientation])
        sy = p->h - 1 - sy;
    return p->rgb + 3 * (sy * p->w + sx);
}

START_TEST(test_orientation_turns_the_photo_upright)
{
    struct photo_jpeg jpeg = {.w = 19, .h = 11, .colours = PHOTO_RGB, .progressive = _i % 2};
    const char *path = photo_path("a.jpg");
    photo_write_jpeg(path, &jpeg);
    struct pixels stored = read_sound(path);
    jpeg.orientation = _i;
    photo_write_jpeg(path, &jpeg);
    struct pixels upright = read_sound(path);
    ck_assert_int_eq(upright.w, _i > 4 ? 11 : 19);
    ck_assert_int_eq(upright.h, _i > 4 ? 19 : 11);
    for (int y = 0; y < upright.h; y++)
        for (int x = 0; x < upright.w; x++)
            ck_assert_mem_eq(upright.rgb + 3 * (y * upright.w + x), stored_at(&stored, _i, x, y),
                             3);
    ck_assert_uint_eq(upright.bytes - stored.bytes, _i > 2 ? 3 * 19 * 11 : 0);
    free(stored.rgb);
    free(upright.rgb);
}
END_TEST

static size_t in_use(void)
{
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

/* A JPEG of 19x11 that begins with `times` segments of these bytes, opened. Its file stays open in *r. */
static void open_with_segments(struct dn_reader *r, const unsigned char *bytes, size_t n, int times)
{
    const char *path = photo_path("segments.jpg");
    struct dn_error err = {0};
    size_t size;
    photo_write_jpeg(path, &(struct photo_jpeg){.w = 19, .h = 11, .colours = PHOTO_RGB});
    unsigned char *plain = photo_read(path, &size);
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    fwrite(plain, 1, 2, f);
    for (int i = 0; i < times; i++) {
        const unsigned char head[4] = {0xff, 0xe1, (unsigned char)((n + 2) >> 8), (unsigned char)(n + 2)};
        fwrite(head, 1, 4, f);
        fwrite(bytes, 1, n, f);
    }
    fwrite(plain + 2, 1, size - 2, f);
    ck_assert_int_eq(fclose(f), 0);
    free(plain);
    ck_assert_msg(!dn_reader_open(r, path, &err), "%s", err.text);
}

static int orientation_in(const unsigned char *bytes, size_t n, int times)
{
    struct dn_reader r;
    open_with_segments(&r, bytes, n, times);
    int orientation = r.orientation;
    dn_reader_close(&r);
    return orientation;
}

START_TEST(test_the_orientation_is_where_the_exif_segment_says)
{
    static const unsigned char little[] = "Exif\0\0II*\0\x8\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0";
    static const unsigned char big[] = "Exif\0\0MM\0*\0\0\0\xa??\0\2\1\0\0\3\0\0\0\1\0\5\0\0"
                                       "\1\x12\0\3\0\0\0\1\0\6\0\0";
    unsigned char bytes[sizeof little + sizeof big];
    ck_assert_int_eq(orientation_in(little, sizeof little - 1, 1), 6);
    ck_assert_int_eq(orientation_in(big, sizeof big - 1, 1), 6);
    for (size_t n = 0; n < sizeof big - 1; n++) /* cut: there is none */
        ck_assert_int_eq(orientation_in(big, n, 2), 1);
    for (size_t i = 0; i < 14; i++) { /* of another kind, or in a directory that is elsewhere */
        memcpy(bytes, little, sizeof little);
        bytes[i] = i == 6 ? 'M' : 0xfe;
        ck_assert_int_eq(orientation_in(bytes, sizeof little - 1, 1), i == 7 || i == 8 || i == 9 ? 6 : 1);
    }
    memcpy(bytes, little, sizeof little);
    bytes[24] = 9; /* no orientation */
    ck_assert_int_eq(orientation_in(bytes, sizeof little - 1, 1), 1);
}
END_TEST

START_TEST(test_segments_take_no_memory)
{
    static const unsigned char bytes[65533] = "Exif\0\0MM\0*\0\0\0\x8\0\0";
    struct dn_reader r;
    size_t before = in_use();
    open_with_segments(&r, bytes, sizeof bytes, 100);
    ck_assert_uint_le(in_use() - before, r.bytes);
    ck_assert_uint_lt(r.bytes, 128 << 10);
    dn_reader_close(&r);
}
END_TEST

/* Programs that the process starts meanwhile do not get it. */
START_TEST(test_an_open_photo_is_nobody_elses)
{
    static const unsigned char none[1];
    struct dn_reader r;
    open_with_segments(&r, none, 0, 0);
    ck_assert_int_eq(fcntl(fileno(r.file), F_GETFD), FD_CLOEXEC);
    dn_reader_close(&r);
}
END_TEST

START_TEST(test_a_24_megapixel_jpeg_takes_less_than_a_megabyte)
{
    struct photo_jpeg jpeg = {.w = 6000, .h = 8, .colours = PHOTO_RGB};
    const char *path = photo_path("a.jpg");
    photo_write_jpeg(path, &jpeg);
    size_t size;
    unsigned char *bytes = photo_read(path, &size);
    for (size_t i = 0; i + 9 < size; i++) /* the height in the header of the frame */
        if (bytes[i] == 0xff && bytes[i + 1] == 0xc0) {
            bytes[i + 5] = 4000 >> 8;
            bytes[i + 6] = 4000 & 255;
            break;
        }
    photo_write(path, bytes, size);
    free(bytes);
    struct dn_reader r;
    struct dn_error err = {0};
    ck_assert_int_eq(dn_reader_open(&r, path, &err), DN_OK);
    ck_assert_int_eq(r.h, 4000);
    ck_assert_uint_lt(r.bytes, 1 << 20);
    dn_reader_close(&r);
}
END_TEST

/* The budget relies on it. */
START_TEST(test_reading_takes_no_more_than_the_reader_says)
{
    static const int sizes[3][2] = {{3000, 40}, {700, 500}, {64, 64}};
    int w = sizes[_i % 3][0], h = sizes[_i % 3][1];
    const char *path = photo_path("a");
    if (_i < 12)
        photo_write_jpeg(path, &(struct photo_jpeg){.w = w,
                                                    .h = h,
                                                    .colours = _i % 2 ? PHOTO_CMYK : PHOTO_RGB,
                                                    .progressive = _i / 3 % 2,
                                                    .orientation = _i < 6 ? 0 : 6,
                                                    .across = 1 + _i % 2,
                                                    .down = 1 + _i / 6 % 2});
    else
        photo_write_png(path, &(struct photo_png){.w = w,
                                                  .h = h,
                                                  .depth = _i % 2 ? 16 : 8,
                                                  .interlaced = _i >= 18,
                                                  .colour_type = PNG_COLOR_TYPE_RGB_ALPHA});
    if (scarce_sanitized())
        return; /* the allocator of a sanitizer does not tell */
    struct dn_reader r;
    struct dn_error err = {0};
    unsigned char *row = malloc(3 * 3000);
    size_t before = in_use(), most = 0;
    ck_assert(!dn_reader_open(&r, path, &err));
    for (int y = 0; y < r.h && !dn_reader_row(&r, row, &err); y++)
        if (in_use() - before > most)
            most = in_use() - before;
    ck_assert_uint_le(most, r.bytes);
    dn_reader_close(&r);
    free(row);
}
END_TEST

START_TEST(test_pnm_is_the_picture)
{
    bool gray = _i & 1, wide = _i & 2;
    unsigned char file[64 + 6 * 7 * 5] = {0};
    int n = sprintf((char *)file, "P%d # a comment\n7 5\n%d\n", gray ? 5 : 6, wide ? 65535 : 255);
    for (int i = 0; i < 35; i++) {
        unsigned char rgb[3];
        photo_pixel(i % 7, i / 7, rgb);
        for (int c = 0; c < (gray ? 1 : 3); c++, n += wide ? 2 : 1)
            file[n] = rgb[c];
    }
    const char *path = photo_path("a.ppm");
    photo_write(path, file, (size_t)n);
    struct pixels p = read_sound(path);
    is_picture(&p, gray, 0);
    free(p.rgb);
    photo_write(path, file, (size_t)n - 1);
    is_refused(path, "ends in row 5 of 5");
}
END_TEST

/* A BMP of 24 bits, stored from below. */
static size_t make_bmp(unsigned char *file, int w, int h)
{
    size_t line = ((size_t)w * 3 + 3) / 4 * 4, size = 54 + line * (size_t)h;
    memset(file, 0, size);
    memcpy(file, "BM", 2);
    file[2] = (unsigned char)size;
    file[3] = (unsigned char)(size >> 8);
    file[10] = 54;
    file[14] = 40;
    file[18] = (unsigned char)w;
    file[22] = (unsigned char)h;
    file[26] = 1;
    file[28] = 24;
    for (int i = 0; i < w * h; i++) {
        unsigned char rgb[3];
        photo_pixel(i % w, i / w, rgb);
        for (int c = 0; c < 3; c++)
            file[54 + line * (size_t)(h - 1 - i / w) + (size_t)(3 * (i % w) + c)] = rgb[2 - c];
    }
    return size;
}

START_TEST(test_bmp_is_the_picture_and_refused_at_every_shorter_length)
{
    unsigned char file[1024];
    size_t size = make_bmp(file, 11, 7);
    const char *path = photo_path("a.bmp");
    photo_write(path, file, size);
    struct pixels p = read_sound(path);
    is_picture(&p, false, 0);
    free(p.rgb);
    /* the last row ends with three bytes of padding */
    for (size_t n = 1; n + 3 < size; n++) {
        photo_write(path, file, n);
        is_refused(path, "");
    }
}
END_TEST

/* The end of a file may lack what pixels do not need; everything before is refused. */
static void refuse_all_cuts(const char *path, size_t spare)
{
    size_t size;
    unsigned char *bytes = photo_read(path, &size);
    const char *cut = photo_path("cut");
    for (size_t n = 0; n + spare < size; n += n < 700 ? 1 : 37) {
        photo_write(cut, bytes, n);
        is_refused(cut, "");
    }
    free(bytes);
}

START_TEST(test_cut_jpeg_is_refused)
{
    struct photo_jpeg jpeg = {.w = 64,
                              .h = 48,
                              .colours = PHOTO_RGB,
                              .progressive = _i & 1,
                              .orientation = _i & 2 ? 6 : 0};
    const char *path = photo_path("a.jpg");
    photo_write_jpeg(path, &jpeg);
    refuse_all_cuts(path, 2);
}
END_TEST

START_TEST(test_cut_png_is_refused)
{
    struct photo_png png = {
        .w = 40, .h = 30, .colour_type = PNG_COLOR_TYPE_RGB, .depth = 8, .interlaced = _i};
    const char *path = photo_path("a.png");
    photo_write_png(path, &png);
    refuse_all_cuts(path, 12 + 4 + 4 + 32); /* IEND, the checks, and the end of what is packed */
}
END_TEST

/* A byte changed anywhere gives a photo or a sentence; the sanitizers look for more. */
static void survive_all_flips(const char *path)
{
    size_t size;
    unsigned char *bytes = photo_read(path, &size);
    const char *flipped = photo_path("flipped");
    for (size_t i = 0; i < size; i += i < 800 ? 1 : 13)
        for (int flip = 0; flip < 3; flip++) {
            static const unsigned char masks[3] = {0xff, 0x01, 0x80};
            bytes[i] ^= masks[flip];
            photo_write(flipped, bytes, size);
            bytes[i] ^= masks[flip];
            struct dn_reader r;
            struct dn_error err = {0};
            if (dn_reader_open(&r, flipped, &err) || r.bytes > 64 << 20 || r.w > 10000) {
                ck_assert(err.status == DN_OK || err.text[0]);
                dn_reader_close(&r);
                continue;
            }
            unsigned char *row = malloc(3 * (size_t)r.w);
            for (int y = 0; y < r.h && !dn_reader_row(&r, row, &err); y++)
                ;
            ck_assert(err.status == DN_OK || err.text[0]);
            free(row);
            dn_reader_close(&r);
        }
    free(bytes);
}

START_TEST(test_broken_jpeg_and_png_do_no_harm)
{
    const char *path = photo_path("a");
    if (_i < 4)
        photo_write_jpeg(path, &(struct photo_jpeg){.w = 24,
                                                    .h = 20,
                                                    .colours = _i & 2 ? PHOTO_CMYK : PHOTO_RGB,
                                                    .progressive = _i & 1,
                                                    .orientation = 6});
    else
        photo_write_png(path, &(struct photo_png){.w = 12,
                                                  .h = 9,
                                                  .depth = 8,
                                                  .interlaced = _i & 1,
                                                  .colour_type = _i & 2 ? PNG_COLOR_TYPE_PALETTE
                                                                        : PNG_COLOR_TYPE_RGB});
    survive_all_flips(path);
}
END_TEST

START_TEST(test_broken_bmp_gif_tga_and_pnm_do_no_harm)
{
    static const unsigned char gif[] =
        "GIF89a\x02\0\x02\0\x80\0\0\xff\0\0\0\xff\0,\0\0\0\0\x02\0\x02\0\0\x02\x03\x44\x02\x05\0;";
    static const unsigned char tga[18 + 12] = {0, 0, 2, 0, 0, 0,  0, 0, 0, 0, 0,
                                               0, 2, 0, 2, 0, 24, 0, 1, 2, 3};
    static const char pnm[] = "P5 3 2 255\nabcdef";
    unsigned char bmp[512];
    size_t size = make_bmp(bmp, 5, 3);
    const char *path = photo_path("a");
    photo_write(path,
                _i == 0   ? (const void *)bmp
                : _i == 1 ? (const void *)gif
                : _i == 2 ? (const void *)tga
                          : pnm,
                _i == 0   ? size
                : _i == 1 ? sizeof gif - 1
                : _i == 2 ? sizeof tga
                          : sizeof pnm - 1);
    struct pixels p = read_sound(path);
    ck_assert_int_eq(p.h, _i == 0 ? 3 : 2);
    free(p.rgb);
    survive_all_flips(path);
}
END_TEST

START_TEST(test_what_is_no_photo_is_refused_in_one_sentence)
{
    const char *path = photo_path("a");
    photo_write(path, "", 0);
    is_refused(path, "is empty");
    photo_write(path, "hello, world, this is text", 26);
    is_refused(path, "not a photo in a known format");
    photo_write(path, "P6 0 5 255\n", 11);
    is_refused(path, "has no pixels");
    photo_write(path, "P6 70000 5 255\n", 15);
    is_refused(path, "at most 65536 a side");
    photo_write(path, "P6 60000 60000 255\n", 19);
    is_refused(path, "2^29 pixels");
    photo_write(path, "P6 99999999999999999999 60000 255\n", 34);
    is_refused(path, "header");
    is_refused("/tmp", "is a folder");
    is_refused("/no/such/photo.jpg", "No such file");
}
END_TEST

START_TEST(test_too_many_scans_are_refused)
{
    const char *path = photo_path("a.jpg");
    photo_write_jpeg(
        path, &(struct photo_jpeg){.w = 16, .h = 16, .colours = PHOTO_GRAY, .progressive = true});
    size_t size;
    unsigned char *bytes = photo_read(path, &size), *scan = NULL;
    for (size_t i = 0; i + 1 < size; i++)
        if (bytes[i] == 0xff && bytes[i + 1] == 0xda)
            scan = bytes + i; /* the last one refines nothing new however often it comes */
    size_t head = (size_t)(scan - bytes), body = size - 2 - head;
    unsigned char *many = malloc(size + 1000 * body);
    memcpy(many, bytes, head);
    for (size_t i = 0; i < 1000; i++)
        memcpy(many + head + i * body, scan, body);
    memcpy(many + head + 1000 * body, "\xff\xd9", 2);
    photo_write(path, many, head + 1000 * body + 2);
    is_refused(path, "scans");
    free(bytes);
    free(many);
}
END_TEST

START_TEST(test_lack_of_memory_is_a_sentence)
{
    const char *path = photo_path("a");
    if (_i < 3)
        photo_write_jpeg(path, &(struct photo_jpeg){.w = 24,
                                                    .h = 20,
                                                    .colours = _i == 1 ? PHOTO_CMYK : PHOTO_RGB,
                                                    .progressive = _i == 2,
                                                    .orientation = 6});
    else
        photo_write_png(path, &(struct photo_png){.w = 12,
                                                  .h = 9,
                                                  .depth = 8,
                                                  .interlaced = _i & 1,
                                                  .colour_type = PNG_COLOR_TYPE_RGB});
    unsigned char row[3 * 24];
    for (int nth = 0;; nth++) {
        struct dn_reader r;
        struct dn_error err = {0};
        scarce_begin(nth);
        if (!dn_reader_open(&r, path, &err)) {
            for (int y = 0; y < r.h && !dn_reader_row(&r, row, &err); y++)
                ;
            dn_reader_close(&r);
        }
        bool failed = scarce_end();
        long left = scarce_blocks();
        ck_assert_msg(!err.status || failed, "%s", err.text);
        ck_assert_int_eq(left, 0);
        if (!failed)
            break;
    }
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("image/reader");
    TCase *t = tcase_create("sound photos");
    tcase_add_loop_test(t, test_png_of_any_kind_is_the_picture, 0, 16);
    tcase_add_test(t, test_png_palette_is_looked_up);
    tcase_add_loop_test(t, test_progressive_jpeg_is_baseline_jpeg, 0, 2);
    tcase_add_test(t, test_cmyk_without_black_is_its_colours);
    tcase_add_loop_test(t, test_orientation_turns_the_photo_upright, 1, 9);
    tcase_add_test(t, test_the_orientation_is_where_the_exif_segment_says);
    tcase_add_test(t, test_segments_take_no_memory);
    tcase_add_test(t, test_an_open_photo_is_nobody_elses);
    tcase_add_test(t, test_a_24_megapixel_jpeg_takes_less_than_a_megabyte);
    tcase_add_loop_test(t, test_reading_takes_no_more_than_the_reader_says, 0, 24);
    tcase_add_loop_test(t, test_pnm_is_the_picture, 0, 4);
    tcase_add_test(t, test_bmp_is_the_picture_and_refused_at_every_shorter_length);
    suite_add_tcase(s, t);
    t = tcase_create("broken ones");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, test_cut_jpeg_is_refused, 0, 4);
    tcase_add_loop_test(t, test_cut_png_is_refused, 0, 2);
    tcase_add_loop_test(t, test_broken_jpeg_and_png_do_no_harm, 0, 8);
    tcase_add_loop_test(t, test_broken_bmp_gif_tga_and_pnm_do_no_harm, 0, 4);
    tcase_add_test(t, test_what_is_no_photo_is_refused_in_one_sentence);
    tcase_add_test(t, test_too_many_scans_are_refused);
    tcase_add_loop_test(t, test_lack_of_memory_is_a_sentence, 0, 5);
    suite_add_tcase(s, t);
    return s;
}
