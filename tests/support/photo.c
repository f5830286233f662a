#include "support/photo.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jpeglib.h>
#include <png.h>

void photo_pixel(int x, int y, unsigned char rgb[3])
{
    rgb[0] = (unsigned char)(40 + (3 * x + y) % 200);
    rgb[1] = (unsigned char)(30 + (x + 2 * y) % 180);
    rgb[2] = (unsigned char)(20 + (2 * x + 5 * y) % 190);
}

static char folder[] = "/dev/shm/dn-photo-XXXXXX"; /* thousands of files: not on a disk */
static pid_t owner;

/* Check runs each test in a process of its own. */
static void remove_folder(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    if (owner == getpid() && system(command))
        fprintf(stderr, "%s is left behind\n", folder);
}

const char *photo_path(const char *name)
{
    static char paths[4][128];
    static int at;
    if (!owner) {
        if (!mkdtemp(folder)) {
            strcpy(folder, "/tmp/dn-photo-XXXXXX");
            ck_assert_ptr_nonnull(mkdtemp(folder));
        }
        owner = getpid();
        atexit(remove_folder);
    }
    char *path = paths[at++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void append_orientation(struct jpeg_compress_struct *jpeg, int orientation)
{
    unsigned char exif[] = {'E',  'x', 'i', 'f', 0, 0, 'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0,
                            0x12, 1,   3,   0,   1, 0, 0,   0,   0,  0, 0, 0, 0, 0, 0, 0};
    exif[24] = (unsigned char)orientation;
    jpeg_write_marker(jpeg, JPEG_APP0 + 1, exif, sizeof exif);
}

void photo_write_jpeg(const char *path, const struct photo_jpeg *p)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_stdio_dest(&jpeg, f);
    jpeg.image_width = (JDIMENSION)p->w;
    jpeg.image_height = (JDIMENSION)p->h;
    jpeg.input_components = (int)p->colours;
    jpeg.in_color_space = p->colours == PHOTO_GRAY  ? JCS_GRAYSCALE
                          : p->colours == PHOTO_RGB ? JCS_RGB
                                                    : JCS_CMYK;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, 98, TRUE);
    if (p->across) {
        jpeg.comp_info[0].h_samp_factor = p->across;
        jpeg.comp_info[0].v_samp_factor = p->down;
    }
    if (p->progressive)
        jpeg_simple_progression(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    if (p->orientation)
        append_orientation(&jpeg, p->orientation);
    unsigned char *row = calloc((size_t)p->w, 4), rgb[3];
    for (int y = 0; y < p->h; y++) {
        for (int x = 0; x < p->w; x++) {
            photo_pixel(x, y, rgb);
            memcpy(row + (int)p->colours * x, rgb, p->colours == PHOTO_GRAY ? 1 : 3);
            if (p->colours == PHOTO_CMYK)
                row[4 * x + 3] = 255; /* no black, the way Adobe writes it */
        }
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    free(row);
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    fclose(f);
}

/* One row as PNG stores it: samples are the picture's, alpha and low bytes are junk. */
static void png_row(const struct photo_png *p, int y, unsigned char *row)
{
    bool gray = !(p->colour_type & PNG_COLOR_MASK_COLOR);
    int samples = (gray ? 1 : 3) + (p->colour_type & PNG_COLOR_MASK_ALPHA ? 1 : 0);
    int bytes = p->depth / 8;
    unsigned char rgb[3];
    for (int x = 0; x < p->w; x++) {
        photo_pixel(x, y, rgb);
        if (p->colour_type == PNG_COLOR_TYPE_PALETTE) {
            row[x] = rgb[0];
            continue;
        }
        for (int s = 0; s < samples; s++) {
            unsigned char *at = row + (x * samples + s) * bytes;
            memset(at, 77 * x + s, (size_t)bytes);
            if (s < (gray ? 1 : 3))
                *at = rgb[s];
        }
    }
}

void photo_write_png(const char *path, const struct photo_png *p)
{
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_init_io(png, f);
    png_set_IHDR(png, info, (png_uint_32)p->w, (png_uint_32)p->h, p->depth, p->colour_type,
                 p->interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_color palette[256];
    for (int i = 0; i < 256; i++)
        palette[i] = (png_color){(png_byte)i, (png_byte)(255 - i), (png_byte)(i ^ 85)};
    if (p->colour_type == PNG_COLOR_TYPE_PALETTE)
        png_set_PLTE(png, info, palette, 256);
    png_write_info(png, info);
    unsigned char *row = malloc((size_t)p->w * 8);
    int passes = png_set_interlace_handling(png);
    for (int pass = 0; pass < passes; pass++)
        for (int y = 0; y < p->h; y++) {
            png_row(p, y, row);
            png_write_row(png, row);
        }
    free(row);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    fclose(f);
}

unsigned char *photo_read(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    ck_assert_ptr_nonnull(f);
    fseek(f, 0, SEEK_END);
    *size = (size_t)ftell(f);
    rewind(f);
    unsigned char *bytes = malloc(*size + 1);
    ck_assert_uint_eq(fread(bytes, 1, *size, f), *size);
    fclose(f);
    return bytes;
}

void photo_write(const char *path, const void *bytes, size_t size)
{
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(bytes, 1, size, f), size);
    fclose(f);
}
