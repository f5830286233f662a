/* JPEG by scanlines, through libjpeg. A progressive file makes the library keep all coefficients.
 */
#include <setjmp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "image/reader.h"

#include <jerror.h>
#include <jpeglib.h>

enum { EXIF_MARKER = JPEG_APP0 + 1, EXIF = 0x45786966, ORIENTATION = 0x0112, OVERHEAD = 36 << 10 };
enum { MOST_SCANS = 200 }; /* real progressive files have about ten */

struct decoder {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf back;
    char text[JMSG_LENGTH_MAX];
    unsigned char *cmyk; /* a row, when the file has four channels */
    int started, orientation;
};

static void fail_back(j_common_ptr jpeg)
{
    struct decoder *d = jpeg->client_data;
    jpeg->err->format_message(jpeg, d->text);
    longjmp(d->back, 1);
}

/* Warnings would go to standard error. Junk between markers is harmless; a missing end is an error
 * here, because half a photo gives wrong boxes. */
static void heed_warning(j_common_ptr jpeg, int level)
{
    if (level < 0 && jpeg->err->msg_code == JWRN_JPEG_EOF)
        fail_back(jpeg);
}

/* A scan of a few bytes costs as much time as the photo is large: a small file could take hours. */
static void limit_scans(j_common_ptr jpeg)
{
    struct decoder *d = jpeg->client_data;
    if (d->jpeg.input_scan_number <= MOST_SCANS)
        return;
    snprintf(d->text, sizeof d->text, "it has more than %d scans", MOST_SCANS);
    longjmp(d->back, 1);
}

/* Numbers of a marker segment, which is read from the file as they are asked for: of 65533 bytes, and there may be
 * any number of segments, nothing is kept. */
struct segment {
    j_decompress_ptr jpeg;
    size_t left; /* bytes */
    bool little; /* least significant byte first */
};

static unsigned next_byte(j_decompress_ptr jpeg)
{
    struct jpeg_source_mgr *source = jpeg->src;
    if (!source->bytes_in_buffer)
        source->fill_input_buffer(jpeg);
    source->bytes_in_buffer--;
    return *source->next_input_byte++;
}

/* Of n bytes; those beyond the end of the segment are 0. */
static unsigned read_number(struct segment *s, int n)
{
    unsigned v = 0;
    for (int i = 0; i < n && s->left; i++, s->left--)
        v |= next_byte(s->jpeg) << 8 * (s->little ? i : n - 1 - i);
    return v;
}

static void skip(struct segment *s, size_t n)
{
    n = n < s->left ? n : s->left;
    s->jpeg->src->skip_input_data(s->jpeg, (long)n);
    s->left -= n;
}

/* The orientation tag of the first image file directory; 1 when there is none or it is broken. */
static int find_orientation(struct segment *s)
{
    if (read_number(s, 4) != EXIF || read_number(s, 2))
        return 1;
    s->little = read_number(s, 1) == 'I';
    skip(s, 3);
    unsigned at = read_number(s, 4); /* counted from the byte order, which stands 8 bytes before */
    if (at < 8)
        return 1;
    skip(s, at - 8);
    for (unsigned entries = read_number(s, 2); entries && s->left >= 12; entries--) {
        unsigned tag = read_number(s, 2);
        skip(s, 6);
        unsigned value = read_number(s, 2);
        skip(s, 2);
        if (tag == ORIENTATION)
            return value >= 1 && value <= 8 ? (int)value : 1;
    }
    return 1;
}

static boolean read_segment(j_decompress_ptr jpeg)
{
    struct decoder *d = jpeg->client_data;
    struct segment s = {.jpeg = jpeg, .left = 2};
    unsigned length = read_number(&s, 2);
    s.left = length > 2 ? length - 2 : 0;
    if (d->orientation == 1)
        d->orientation = find_orientation(&s);
    skip(&s, s.left);
    return TRUE;
}

static void close_jpeg(struct dn_reader *r)
{
    struct decoder *d = r->decoder;
    if (!d)
        return;
    jpeg_destroy_decompress(&d->jpeg);
    free(d->cmyk);
    free(d);
}

static void from_cmyk(unsigned char *row, const unsigned char *cmyk, int w)
{
    for (int x = 0; x < w; x++)
        for (int c = 0; c < 3; c++) {
            int k = cmyk[4 * x + 3];
            row[3 * x + c] = (unsigned char)(k - ((255 - cmyk[4 * x + c]) * k >> 8));
        }
}

static enum dn_status fail(struct dn_reader *r, struct dn_error *err)
{
    const struct decoder *d = r->decoder;
    return dn_fail(err, DN_INVALID, "%s: is not a sound JPEG: %s", r->path, d->text);
}

static enum dn_status next(struct dn_reader *r, unsigned char *row, struct dn_error *err)
{
    struct decoder *d = r->decoder;
    if (setjmp(d->back))
        return fail(r, err);
    if (!d->started) {
        jpeg_start_decompress(&d->jpeg);
        d->started = 1;
    }
    JSAMPROW line = d->cmyk ? d->cmyk : row;
    jpeg_read_scanlines(&d->jpeg, &line, 1);
    if (d->cmyk)
        from_cmyk(row, d->cmyk, (int)d->jpeg.image_width);
    return DN_OK;
}

/* What libjpeg-turbo takes: of each component ten eighths of a row of blocks, or a row where there is only one, the rows that
 * it enlarges, and all coefficients of a file of several scans. */
static size_t decoder_bytes(j_decompress_ptr jpeg)
{
    size_t w = jpeg->image_width, h = jpeg->image_height, sum = OVERHEAD;
    size_t max_h = (size_t)jpeg->max_h_samp_factor, max_v = (size_t)jpeg->max_v_samp_factor;
    const size_t eighths = h <= 8 * max_v ? 8 : 10;
    for (int i = 0; i < jpeg->num_components; i++) {
        size_t h_factor = (size_t)jpeg->comp_info[i].h_samp_factor;
        size_t v_factor = (size_t)jpeg->comp_info[i].v_samp_factor;
        size_t across = (w * h_factor + 8 * max_h - 1) / max_h + 8 * h_factor;
        size_t down = (h * v_factor + 8 * max_v - 1) / max_v + 8 * v_factor;
        sum += across * v_factor * eighths;
        if (h_factor < max_h || v_factor < max_v)
            sum += w * max_v;
        if (jpeg_has_multiple_scans(jpeg))
            sum += across * down * sizeof(JCOEF);
    }
    return sum + (jpeg->num_components == 4 ? 4 * w : 0);
}

enum dn_status dn_jpeg_open(struct dn_reader *r, struct dn_error *err)
{
    struct decoder *d = calloc(1, sizeof *d);
    if (!d)
        return dn_fail(err, DN_NO_MEMORY, "%s: no memory for a JPEG decoder", r->path);
    r->decoder = d;
    r->close = close_jpeg;
    r->next = next;
    d->jpeg.err = jpeg_std_error(&d->errors);
    d->jpeg.client_data = d;
    d->errors.error_exit = fail_back;
    d->errors.emit_message = heed_warning;
    if (setjmp(d->back))
        return fail(r, err);
    jpeg_create_decompress(&d->jpeg);
    d->jpeg.client_data = d;
    d->progress.progress_monitor = limit_scans;
    d->jpeg.progress = &d->progress;
    jpeg_stdio_src(&d->jpeg, r->file);
    d->orientation = 1;
    jpeg_set_marker_processor(&d->jpeg, EXIF_MARKER, read_segment);
    jpeg_read_header(&d->jpeg, TRUE);
    if (dn_reader_check(r, d->jpeg.image_width, d->jpeg.image_height, err))
        return err->status;
    d->jpeg.out_color_space = d->jpeg.num_components == 4 ? JCS_CMYK : JCS_RGB;
    if (d->jpeg.num_components == 4) {
        d->cmyk = malloc((size_t)4 * d->jpeg.image_width);
        if (!d->cmyk)
            return dn_fail(err, DN_NO_MEMORY, "%s: no memory for a row", r->path);
    }
    r->w = (int)d->jpeg.image_width;
    r->h = (int)d->jpeg.image_height;
    r->bytes = decoder_bytes(&d->jpeg);
    r->orientation = d->orientation;
    return DN_OK;
}
