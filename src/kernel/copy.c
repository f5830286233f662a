/* Copies between layouts, and the zeroing of pad columns.
 *
 * Moving floats gives the same bits with every instruction set, so these functions take no kernels:
 * squares of 4x4 floats are transposed with the 128-bit vectors that every machine of this program
 * has, and memory, not arithmetic, sets the pace. */
#include <string.h>

#include "base/size.h"
#include "kernel/rows.h"

typedef float four __attribute__((vector_size(16)));
typedef int mask __attribute__((vector_size(16)));

enum { FOUR = 4 };

#ifdef __clang__
#define PICK(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#else
#define PICK(a, b, i, j, k, l) __builtin_shuffle(a, b, (mask){i, j, k, l})
#endif

static inline four load(const float *p)
{
    four v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline void store(float *p, four v)
{
    memcpy(p, &v, sizeof v);
}

/* to[j * to_step + i] = from[i * from_step + j] for i, j < 4 */
static inline void transpose_square(const float *from, ptrdiff_t from_step, float *to,
                                    ptrdiff_t to_step)
{
    four a = load(from), b = load(from + from_step);
    four c = load(from + 2 * from_step), d = load(from + 3 * from_step);
    four ab = PICK(a, b, 0, 4, 1, 5), cd = PICK(c, d, 0, 4, 1, 5);
    store(to, PICK(ab, cd, 0, 1, 4, 5));
    store(to + to_step, PICK(ab, cd, 2, 3, 6, 7));
    ab = PICK(a, b, 2, 6, 3, 7), cd = PICK(c, d, 2, 6, 3, 7);
    store(to + 2 * to_step, PICK(ab, cd, 0, 1, 4, 5));
    store(to + 3 * to_step, PICK(ab, cd, 2, 3, 6, 7));
}

/* to[j * to_step + i] = from[i * from_step + j] for i < n, j < m */
static void transpose(const float *from, ptrdiff_t from_step, int n, float *to, ptrdiff_t to_step,
                      int m)
{
    int full_n = n / FOUR * FOUR, full_m = m / FOUR * FOUR;
    for (int j = 0; j < full_m; j += FOUR)
        for (int i = 0; i < full_n; i += FOUR)
            transpose_square(from + i * from_step + j, from_step, to + j * to_step + i, to_step);
    for (int i = 0; i < n; i++)
        for (int j = i < full_n ? full_m : 0; j < m; j++)
            to[j * to_step + i] = from[i * from_step + j];
}

struct job {
    const struct dn_view *in, *out;
};

/* Up to 16 channels of a row. */
static void copy_piece(const void *context, struct dn_piece p)
{
    const struct job *j = context;
    const struct dn_view *in = j->in, *out = j->out;
    int lanes = dn_min(DN_BLOCK, out->c - p.block * DN_BLOCK), n = p.x1 - p.x0;
    const float *from = dn_view_element(in, p.block * DN_BLOCK, p.y, p.x0);
    float *to = dn_view_element(out, p.block * DN_BLOCK, p.y, p.x0);
    size_t floats = (size_t)n * sizeof *to;
    if (in->layout == DN_PLANAR && out->layout == DN_PLANAR) {
        for (int c = 0; c < lanes; c++)
            memcpy(to + c * out->block, from + c * in->block, floats);
    } else if (in->layout == DN_PLANAR) {
        for (int x = 0; x < n; x += DN_BLOCK)
            transpose(from + x, in->block, lanes, to + x * DN_BLOCK, DN_BLOCK,
                      dn_min(DN_BLOCK, n - x));
    } else if (out->layout == DN_PLANAR) {
        for (int x = 0; x < n; x += DN_BLOCK)
            transpose(from + x * DN_BLOCK, DN_BLOCK, dn_min(DN_BLOCK, n - x), to + x, out->block,
                      lanes);
    } else if (lanes == DN_BLOCK) {
        memcpy(to, from, floats * DN_BLOCK);
    } else {
        for (int x = 0; x < n; x++)
            memcpy(to + x * DN_BLOCK, from + x * DN_BLOCK, (size_t)lanes * sizeof *to);
    }
}

void dn_copy(const struct dn_view *in, const struct dn_view *out, struct dn_rect rect, int threads)
{
    struct job j = {in, out};
    dn_row_pieces(dn_blocks(out->c), rect, threads, copy_piece, &j);
}

void dn_view_zero_pad(const struct dn_view *v)
{
    size_t bytes = (size_t)v->pad * DN_BLOCK * sizeof *v->data;
    for (int y = 0; y < v->rows; y++)
        for (int b = 0; b < dn_blocks(v->c); b++) {
            float *row = v->data + y * v->row + b * v->block;
            memset(row - (ptrdiff_t)v->pad * DN_BLOCK, 0, bytes);
            memset(row + (ptrdiff_t)v->w * DN_BLOCK, 0, bytes);
        }
}
