/* [convolutional]: keys, shape, weights, and the three ways to compute it.
 *
 * Plain layers go straight to the convolution kernels. xnor layers convolve the signs of their
 * input, which are first written to workspace with an explicit border, because the two dialects
 * give the border different values. Antialiased layers convolve at stride 1 into workspace and blur
 * from there. Formats: cfg section 3.3, weights section 4.2 of the format reference. */
#include "layer/layer.h"

#include <limits.h>
#include <math.h>

#include "base/size.h"
#include "layer/blur.h"
#include "layer/normalize.h"
#include "layer/rows.h"
#include "layer/types.h"

static const char *const ignored[] = {
    "dot",      "sway",        "rotate",     "stretch",         "stretch_sway",
    "angle",    "grad_centr",  "reverse",    "coordconv",       "stream",
    "wait_stream", "assisted_excitation", "binary", "bin_output", "deform", NULL};

static enum dn_status check_groups(struct dn_build *b, const struct dn_conv *v)
{
    if (v->c % v->groups || v->n % v->groups)
        return dn_build_fail(b, "groups", "groups=%d does not divide both %d input and %d output channels",
                             v->groups, v->c, v->n);
    return DN_OK;
}

static enum dn_status parse_sharing(struct dn_build *b, struct dn_layer *l)
{
    const struct dn_conv *v = &l->u.convolutional.conv;
    if (!dn_key_present(b, "share_index"))
        return DN_OK;
    int from = dn_key_layer(b, "share_index");
    if (from < 0)
        return b->err->status;
    const struct dn_layer *s = &b->layers[from];
    const struct dn_conv *o = &s->u.convolutional.conv;
    if (s->ops->type != DN_CONVOLUTIONAL || o->kh != v->kh || o->c != v->c || o->n != v->n ||
        o->groups != v->groups || o->in_layout != v->in_layout ||
        s->u.convolutional.batch_normalize != l->u.convolutional.batch_normalize)
        return dn_build_fail(b, "share_index",
                             "shares the weights of layer %d, which is not a convolution of the "
                             "same size, filters, channels, groups and batch_normalize",
                             from);
    l->shares = s->shares >= 0 ? s->shares : from;
    return DN_OK;
}

/* The blur makes its own output shape from the unstrided map h x w. */
static enum dn_status shape_blurred(struct dn_build *b, struct dn_layer *l, int h, int w)
{
    int stride = l->u.convolutional.blur_stride;
    return dn_build_shape(b, l, l->u.convolutional.conv.n,
                          dn_blur_size(l->u.convolutional.antialiasing, stride, h),
                          dn_blur_size(l->u.convolutional.antialiasing, stride, w));
}

static enum dn_status parse_shape(struct dn_build *b, struct dn_layer *l, int padding)
{
    struct dn_conv *v = &l->u.convolutional.conv;
    int64_t h = (int64_t)b->h + 2LL * padding - v->kh, w = (int64_t)b->w + 2LL * padding - v->kw;
    if (h < 0 || w < 0)
        return dn_build_fail(b, "size", "size=%d is larger than its padded input of %lldx%lld", v->kh,
                             (long long)(w + v->kw), (long long)(h + v->kh));
    if (l->u.convolutional.antialiasing) {
        if (v->stride_x != v->stride_y)
            return dn_build_fail(b, "antialiasing", "antialiasing needs stride_x = stride_y");
        l->u.convolutional.blur_stride = v->stride_x;
        v->stride_x = v->stride_y = 1;
        v->h = (int)(h + 1);
        v->w = (int)(w + 1);
        l->whole = true;
        return shape_blurred(b, l, (int)(h + 1), (int)(w + 1));
    }
    if (dn_build_shape(b, l, v->n, h / v->stride_y + 1, w / v->stride_x + 1))
        return b->err->status;
    v->h = l->out_h;
    v->w = l->out_w;
    return DN_OK;
}

/* Columns that the filter reaches beyond the left or the right border of its input. */
static int overhang(const struct dn_conv *v, int w, int out_w)
{
    int right = (out_w - 1) * v->stride_x - v->pad_x + (v->kw - 1) * v->dilation - (w - 1);
    return dn_max(0, dn_max(v->pad_x, right));
}

static enum dn_status parse(struct dn_build *b, struct dn_layer *l)
{
    struct dn_conv *v = &l->u.convolutional.conv;
    int stride = dn_key_int(b, "stride", 1, 1, 1 << 15);
    int padding = dn_key_int(b, "padding", 0, 0, 1 << 15);
    v->c = b->c;
    v->n = dn_key_int(b, "filters", 1, 1, 1 << 24);
    v->kh = v->kw = dn_key_int(b, "size", 1, 1, 1 << 15);
    v->stride_x = dn_key_int(b, "stride_x", stride, 1, 1 << 15);
    v->stride_y = dn_key_int(b, "stride_y", stride, 1, 1 << 15);
    v->dilation = v->kh == 1 ? 1 : dn_key_int(b, "dilation", 1, 1, 1 << 12);
    v->activation = l->activation = dn_key_activation(b, "logistic");
    l->u.convolutional.xnor = dn_key_flag(b, "xnor", false);
    v->groups = l->u.convolutional.xnor && b->dialect == DN_ALEXEYAB
                    ? 1
                    : dn_key_int(b, "groups", 1, 1, 1 << 24);
    l->u.convolutional.antialiasing = dn_key_int(b, "antialiasing", 0, 0, 2);
    bool cbn = dn_key_flag(b, "cbn", false);
    l->u.convolutional.batch_normalize = dn_key_flag(b, "batch_normalize", false) || cbn;
    l->u.convolutional.scales_missing = dn_key_flag(b, "dontloadscales", false);
    l->transposed = dn_key_flag(b, "flipped", false);
    if (dn_key_flag(b, "pad", false))
        padding = v->kh / 2;
    dn_key_ignore(b, ignored);
    if (l->u.convolutional.xnor && dn_key_flag(b, "bin_output", false))
        v->activation = l->activation = DN_LINEAR;
    if (v->dilation > 1 && 2 * padding != v->kh - 1)
        return dn_build_fail(b, "dilation", "dilation=%d needs an odd size and pad=1", v->dilation);
    if (b->err->status || check_groups(b, v))
        return b->err->status;
    v->pad_y = v->pad_x = padding * v->dilation;
    if (dn_build_inputs(b, l, NULL, 0) || (v->groups > 1 && dn_build_blocked(b, l)) || parse_shape(b, l, padding))
        return b->err->status;
    v->in_layout = dn_build_input_layout(b, l->in[0]);
    if (l->u.convolutional.xnor) {
        v->in_layout = DN_BLOCKED;
        l->whole = true;
    } else if (v->in_layout == DN_BLOCKED) {
        l->pad = overhang(v, b->w, l->u.convolutional.antialiasing ? b->w : l->out_w);
    }

    size_t n = (size_t)v->n;
    l->fan_in = (size_t)(v->c / v->groups) * (size_t)v->kh * (size_t)v->kw;
    l->file_head = n + (l->u.convolutional.batch_normalize && !l->u.convolutional.scales_missing ? 3 * n : 0);
    if (!dn_mul(n, l->fan_in, &l->file_filters) || l->file_filters > INT_MAX)
        return dn_build_fail(b, "filters", "has more than 2^31 weights");
    v->exact = l->u.convolutional.xnor; /* sums of signs are exact */
    l->params = dn_normalize_floats(v->n);
    l->flops = 2.0 * (double)l->fan_in * (double)n *
               (l->u.convolutional.antialiasing ? (double)b->h * b->w
                                                : (double)l->out_h * (double)l->out_w);
    return parse_sharing(b, l);
}

/* Winograd layers read what all outputs of the tiles that `out` touches would read, those beside the map
 * as well: at stride 2 a last row may be there that no output reads. */
static struct dn_span span(const struct dn_layer *l, int k, int axis, struct dn_span out)
{
    const struct dn_conv *v = &l->u.convolutional.conv;
    (void)k;
    if (dn_conv_is_winograd(v)) {
        out.lo -= out.lo % DN_CONV_TILE;
        out.hi = dn_ceil_div(out.hi, DN_CONV_TILE) * DN_CONV_TILE;
    }
    return axis ? dn_span_window(out, v->stride_x, v->pad_x, v->kw, v->dilation, l->w)
                : dn_span_window(out, v->stride_y, v->pad_y, v->kh, v->dilation, l->h);
}

static void load_params(const struct dn_layer *l, const float *head, const float *tail, float *params)
{
    (void)tail;
    struct dn_normalize n = {.biases = head, .n = l->out_c, .dialect = l->dialect};
    n.batch_normalize = l->u.convolutional.batch_normalize;
    if (n.batch_normalize && !l->u.convolutional.scales_missing) {
        n.scales = head + l->out_c;
        n.mean = head + 2 * l->out_c;
        n.variance = head + 3 * l->out_c;
    }
    dn_normalize_params(&n, params);
}

static size_t packed(const struct dn_layer *l, int block0, int block1)
{
    return dn_conv_packed_floats(&l->u.convolutional.conv, block0, block1);
}

/* xnor: every weight becomes its sign times the mean magnitude of its filter. */
static void binarize_filter(float *filter, size_t n)
{
    float mean = 0;
    for (size_t i = 0; i < n; i++)
        mean += fabsf(filter[i]);
    mean /= (float)n;
    for (size_t i = 0; i < n; i++)
        filter[i] = filter[i] > 0 ? mean : -mean;
}

static void pack(const struct dn_layer *l, const struct dn_kernels *k, int block0, int block1,
                 float *raw, float *out, int threads)
{
    const struct dn_conv *v = &l->u.convolutional.conv;
    if (l->u.convolutional.xnor)
        for (int f = block0 * DN_BLOCK; f < dn_min(v->n, block1 * DN_BLOCK); f++)
            binarize_filter(raw + (size_t)(f - block0 * DN_BLOCK) * l->fan_in, l->fan_in);
    dn_conv_pack(k, v, block0, block1, raw, out, threads);
}

/* The signs of the input with an explicit border, as a blocked map in workspace. */
static struct dn_view sign_view(const struct dn_layer *l, void *workspace)
{
    const struct dn_conv *v = &l->u.convolutional.conv;
    struct dn_view s = {.data = workspace, .c = v->c, .h = l->h + 2 * v->pad_y,
                        .w = l->w + 2 * v->pad_x, .layout = DN_BLOCKED};
    s.rows = s.h;
    s.block = (ptrdiff_t)s.w * DN_BLOCK;
    s.row = s.block * dn_blocks(v->c);
    return s;
}

static size_t sign_floats(const struct dn_layer *l)
{
    struct dn_view s = sign_view(l, NULL);
    return (size_t)s.row * (size_t)s.h;
}

static struct dn_view write_signs(const struct dn_run *r, void *workspace)
{
    const struct dn_conv *v = &r->layer->u.convolutional.conv;
    struct dn_view s = sign_view(r->layer, workspace);
    const struct dn_view *in = &r->in[0];
    float border = r->layer->dialect == DN_ALEXEYAB ? -1.0f : 0.0f;
    for (size_t i = 0; i < (size_t)s.row * (size_t)s.h; i++)
        s.data[i] = border;
    for (int y = 0; y < in->h; y++)
        for (int c = 0; c < in->c; c++)
            for (int x = 0; x < in->w; x++)
                *dn_view_element(&s, c, y + v->pad_y, x + v->pad_x) =
                    *dn_view_element(in, c, y, x) > 0 ? 1.0f : -1.0f;
    return s;
}

/* The unstrided output of an antialiased layer in workspace. */
static struct dn_view unblurred_view(const struct dn_layer *l, void *workspace)
{
    const struct dn_conv *v = &l->u.convolutional.conv;
    struct dn_view s = {.data = workspace, .c = v->n, .layout = DN_BLOCKED};
    s.h = s.rows = l->h + 2 * v->pad_y / v->dilation - v->kh + 1;
    s.w = l->w + 2 * v->pad_x / v->dilation - v->kw + 1;
    s.block = (ptrdiff_t)s.w * DN_BLOCK;
    s.row = s.block * dn_blocks(v->n);
    return s;
}

static size_t unblurred_floats(const struct dn_layer *l)
{
    struct dn_view s = unblurred_view(l, NULL);
    return (size_t)s.row * (size_t)s.h;
}

/* Workspace: [signs of the input][unblurred output][convolution kernels', for all of that]. */
static size_t workspace(const struct dn_layer *l, struct dn_rect rect, int threads, int thrift)
{
    const struct dn_conv *v = &l->u.convolutional.conv;
    if (l->u.convolutional.antialiasing)
        rect = (struct dn_rect){0, v->h, 0, v->w};
    size_t floats = (l->u.convolutional.xnor ? sign_floats(l) : 0) +
                    (l->u.convolutional.antialiasing ? unblurred_floats(l) : 0);
    return floats * sizeof(float) + dn_conv_workspace(v, rect, threads, thrift);
}

static void run(const struct dn_run *r)
{
    const struct dn_layer *l = r->layer;
    float *scratch = r->workspace;
    struct dn_conv conv = l->u.convolutional.conv;
    struct dn_conv_job job = {.conv = &conv, .in = r->in[0], .out = r->out, .rect = r->rect,
                              .block0 = r->block0, .block1 = r->block1, .filters = r->filters,
                              .vectors = r->params, .threads = r->threads, .thrift = r->thrift,
                              .again = r->again, .raw = r->raw, .reader = r->reader};
    if (l->u.convolutional.xnor) {
        job.in = write_signs(r, scratch);
        conv.pad_x = conv.pad_y = 0;
        scratch += sign_floats(l);
    }
    if (l->u.convolutional.antialiasing) {
        job.out = unblurred_view(l, scratch);
        job.rect = dn_rect_whole(&job.out);
        scratch += unblurred_floats(l);
    }
    job.workspace = scratch;
    dn_conv_run(r->kernels, &job);
    if (l->u.convolutional.antialiasing) {
        struct dn_blur blur = {l->u.convolutional.antialiasing, l->u.convolutional.blur_stride,
                               r->block0, r->block1};
        dn_blur_run(&blur, &job.out, &r->out, r->threads);
    }
}

const struct dn_layer_ops dn_ops_convolutional = {
    .type = DN_CONVOLUTIONAL,
    .names = {"convolutional", "conv"},
    .parse = parse,
    .span = span,
    .run = run,
    .workspace = workspace,
    .load_params = load_params,
    .packed = packed,
    .pack = pack,
};
