/* Activations of maps, arrays and single values, and the kinds that work across the channels of a
 * pixel. The functions themselves are in lanes/rows_activation.h. */
#include "base/size.h"
#include "kernel/rows.h"
#include "kernel/table.h"

void dn_activate_array(const struct dn_kernels *k, enum dn_activation a, float *x, size_t n)
{
    k->rows->activate(a, x, n);
}

void dn_exp_array(const struct dn_kernels *k, float *x, size_t n)
{
    k->rows->exp(x, n);
}

float dn_activate_one(enum dn_activation a, float x)
{
    dn_rows_scalar.activate(a, &x, 1);
    return x;
}

struct job {
    const struct dn_row_kernels *kernels;
    enum dn_activation activation;
    const struct dn_view *v;
};

static void activate_piece(const void *context, struct dn_piece p)
{
    const struct job *j = context;
    size_t lanes = j->v->layout == DN_BLOCKED ? DN_BLOCK : 1;
    j->kernels->activate(j->activation, dn_view_at(j->v, p.block, p.y, p.x0), (size_t)(p.x1 - p.x0) * lanes);
}

/* Channels [c, c + n) of a pixel, at most 16. */
static int gather(const struct dn_view *v, int c, int y, int x, float *values)
{
    int n = dn_min(DN_BLOCK, v->c - c);
    for (int i = 0; i < n; i++)
        values[i] = *dn_view_element(v, c + i, y, x);
    return n;
}

/* What the values of these channels are before their division by the sum. */
static void weigh(const struct job *j, float max, float *values, int n)
{
    if (j->activation == DN_NORMALIZE_CHANNELS) {
        j->kernels->activate(DN_RELU, values, (size_t)n);
        return;
    }
    for (int i = 0; i < n; i++)
        values[i] -= max;
    j->kernels->exp(values, (size_t)n);
}

/* Sums run over all channels, in order. */
static void normalize_pixel(const struct job *j, int y, int x)
{
    const struct dn_view *v = j->v;
    float values[DN_BLOCK], max = 0, sum = 1e-4f;
    if (j->activation == DN_NORMALIZE_CHANNELS_SOFTMAX_MAXVAL) {
        max = *dn_view_element(v, 0, y, x);
        for (int c = 1; c < v->c; c++) {
            float value = *dn_view_element(v, c, y, x);
            max = value > max ? value : max;
        }
    }
    for (int c = 0; c < v->c; c += DN_BLOCK) {
        int n = gather(v, c, y, x, values);
        weigh(j, max, values, n);
        for (int i = 0; i < n; i++)
            sum += values[i];
    }
    for (int c = 0; c < v->c; c += DN_BLOCK) {
        int n = gather(v, c, y, x, values);
        weigh(j, max, values, n);
        for (int i = 0; i < n; i++)
            *dn_view_element(v, c + i, y, x) = values[i] / sum;
    }
}

static void normalize_piece(const void *context, struct dn_piece p)
{
    for (int x = p.x0; x < p.x1; x++)
        normalize_pixel(context, p.y, x);
}

/* Rows of planes that follow each other as one, of which less is left over behind whole vectors. */
static struct dn_rect join_rows(const struct dn_view *v, struct dn_rect rect)
{
    int wide = rect.x1 - rect.x0, rows = rect.y1 - rect.y0;
    if (v->layout != DN_PLANAR || wide != v->row || v->rows < v->h || rows < 1)
        return rect;
    return (struct dn_rect){rect.y0, rect.y0 + 1, rect.x0, rect.x0 + rows * wide};
}

void dn_activate(const struct dn_kernels *k, enum dn_activation a, const struct dn_view *v,
                 struct dn_rect rect, int threads)
{
    bool blocked = v->layout == DN_BLOCKED;
    struct job j = {k->rows, a, v};
    if (a < DN_NORMALIZE_CHANNELS)
        rect = join_rows(v, rect);
    if (a >= DN_NORMALIZE_CHANNELS)
        dn_row_pieces(1, rect, threads, normalize_piece, &j);
    else if (a != DN_LINEAR)
        dn_row_pieces(blocked ? dn_blocks(v->c) : v->c, rect, threads, activate_piece, &j);
}
