/* [reorg]: the buffer of the map before it read in another order.
 *
 * For every channel k, row j and column i of the INPUT shape (w, h, c), with n = c / stride^2,
 * o = k / n and plane k mod n, place A of one buffer and place B of the other belong together:
 *
 *     A = i + w*(j + h*k)
 *     B = (i*stride + o mod stride) + w*stride * ((j*stride + o/stride) + h*stride * (k mod n))
 *
 * out[A] = in[B], with reverse out[B] = in[A]. Both are places in planar buffers whatever the
 * shapes, so this is not space-to-depth (that is reorg3d); models are trained with it as it is.
 * Variants: flatten=1 transposes channels and pixels, extra=N appends zeros. Format section 3.11. */
#include "layer/keys.h"
#include "layer/rows.h"
#include "layer/types.h"

static enum dn_status parse_extra(struct dn_build *b, struct dn_layer *l)
{
    l->flat = 1;
    return dn_build_shape(b, l, (int64_t)l->c * l->h * l->w + l->u.reorg.extra, 1, 1);
}

static enum dn_status parse(struct dn_build *b, struct dn_layer *l)
{
    int s = l->u.reorg.stride = dn_key_int(b, "stride", 1, 1, DN_KEY_WINDOW_MAX);
    bool reverse = l->u.reorg.reverse = dn_key_flag(b, "reverse", false);
    l->u.reorg.flatten = dn_key_flag(b, "flatten", false);
    l->u.reorg.extra = dn_key_int(b, "extra", 0, 0, DN_KEY_CHANNELS_MAX);
    dn_build_inputs(b, l, NULL, 0);
    if (dn_build_blocked(b, l))
        return b->err->status;
    if (l->u.reorg.extra)
        return parse_extra(b, l);
    if (l->c % (s * s) && (reverse || !l->u.reorg.flatten))
        return dn_build_fail(b, "stride", "stride=%d needs a multiple of %d channels, not %d", s,
                             s * s, l->c);
    if (!reverse && (l->h % s || l->w % s))
        return dn_build_fail(b, "stride", "stride=%d does not divide its input of %dx%d pixels", s,
                             l->w, l->h);
    return reverse ? dn_build_shape(b, l, l->c / (s * s), (int64_t)l->h * s, (int64_t)l->w * s)
                   : dn_build_shape(b, l, (int64_t)l->c * s * s, l->h / s, l->w / s);
}

/* A place in the planar order of a map, kept as coordinates so that steps need no divisions. */
struct place {
    const struct dn_view *v;
    int c, y, x;
};

static struct place place_at(const struct dn_view *v, size_t index)
{
    size_t w = (size_t)v->w, plane = w * (size_t)v->h;
    struct place p = {v, (int)(index / plane), (int)(index % plane / w), (int)(index % w)};
    return p;
}

/* The value so many channels behind the place. */
static float *place_value(const struct place *p, int channels)
{
    return dn_view_element(p->v, p->c + channels, p->y, p->x);
}

static void place_step(struct place *p, int by)
{
    for (p->x += by; p->x >= p->v->w; p->x -= p->v->w)
        if (++p->y == p->v->h) {
            p->y = 0;
            p->c++;
        }
}

/* Moves the values of input row j of all channels with the same o: their places differ by whole planes only, so that what
 * lies together in blocks of channels is moved together. */
static void reorg_row(const struct dn_run *run, int o, int j)
{
    const struct dn_layer *l = run->layer;
    const bool reverse = l->u.reorg.reverse;
    const int s = l->u.reorg.stride, n = l->c / (s * s), planes = reverse ? 1 : s * s;
    const size_t w = (size_t)l->w, h = (size_t)l->h, step = (size_t)s;
    struct place dense = place_at(reverse ? &run->in[0] : &run->out, w * ((size_t)j + h * (size_t)(o * n)));
    struct place strided = place_at(reverse ? &run->out : &run->in[0],
                                    (size_t)(o % s) + w * step * ((size_t)j * step + (size_t)(o / s)));
    for (int i = 0; i < l->w; i++, place_step(&dense, 1), place_step(&strided, s))
        for (int c = 0; c < n * planes; c += planes) {
            float *a = place_value(&dense, c), *b = place_value(&strided, c);
            *(reverse ? b : a) = *(reverse ? a : b);
        }
}

/* Planar order to pixel order of the input shape, or with reverse back. */
static void flatten_row(const struct dn_run *run, int k, int j)
{
    const struct dn_layer *l = run->layer;
    size_t planar = (size_t)l->w * ((size_t)j + (size_t)l->h * (size_t)k);
    size_t pixels = (size_t)j * (size_t)l->w * (size_t)l->c + (size_t)k;
    for (int i = 0; i < l->w; i++, planar++, pixels += (size_t)l->c) {
        struct place from = place_at(&run->in[0], l->u.reorg.reverse ? pixels : planar);
        struct place to = place_at(&run->out, l->u.reorg.reverse ? planar : pixels);
        *place_value(&to, 0) = *place_value(&from, 0);
    }
}

static void copy_row(const struct dn_run *run, int k, int j)
{
    const struct dn_layer *l = run->layer;
    struct place to = place_at(&run->out, (size_t)l->w * ((size_t)j + (size_t)l->h * (size_t)k));
    for (int i = 0; i < l->w; i++) {
        *place_value(&to, 0) = *dn_view_element(&run->in[0], k, j, i);
        place_step(&to, 1);
    }
}

static void run_row(void *context, int item, int thread)
{
    (void)thread;
    const struct dn_run *const *run = context;
    const struct dn_layer *l = (*run)->layer;
    const int k = item / l->h, j = item % l->h;
    if (l->u.reorg.flatten)
        flatten_row(*run, k, j);
    else if (l->u.reorg.extra)
        copy_row(*run, k, j);
    else
        reorg_row(*run, k, j);
}

static void run(const struct dn_run *run)
{
    const struct dn_layer *l = run->layer;
    const bool by_channel = l->u.reorg.flatten || l->u.reorg.extra;
    dn_run_clear_lanes(run);
    dn_parallel((by_channel ? l->c : l->u.reorg.stride * l->u.reorg.stride) * l->h, run->threads, run_row, &run);
    for (int i = l->out_c - l->u.reorg.extra; i < l->out_c; i++)
        *dn_view_element(&run->out, i, 0, 0) = 0;
}

const struct dn_layer_ops dn_ops_reorg = {
    .type = DN_REORG,
    .names = {"reorg"},
    .parse = parse,
    .run = run,
};
