/* [connected]: a convolution whose filter covers the whole input, so that it shares the kernels.
 *
 * The weights [output][input] of the file, input in planar order, are exactly the filters
 * [n][c][h][w] of that convolution. Files written before 2016 hold them transposed. */
#include "layer/layer.h"

#include <limits.h>

#include "base/size.h"
#include "layer/normalize.h"
#include "layer/types.h"

static enum dn_status parse(struct dn_build *b, struct dn_layer *l)
{
    struct dn_conv *v = &l->u.convolutional.conv;
    int n = dn_key_int(b, "output", 1, 1, 1 << 24);
    l->activation = dn_key_activation(b, "logistic");
    l->u.convolutional.batch_normalize = dn_key_flag(b, "batch_normalize", false);
    l->u.convolutional.scales_missing = dn_key_flag(b, "dontloadscales", false);
    if (dn_build_inputs(b, l, NULL, 0) || dn_build_shape(b, l, n, 1, 1))
        return b->err->status;
    *v = (struct dn_conv){.c = b->c, .n = n, .groups = 1, .kh = b->h, .kw = b->w, .stride_x = 1,
                          .stride_y = 1, .dilation = 1, .activation = l->activation,
                          .in_layout = dn_build_input_layout(b, l->in[0])};
    l->fan_in = (size_t)b->c * (size_t)b->h * (size_t)b->w;
    l->file_head = (size_t)n;
    if (!dn_mul((size_t)n, l->fan_in, &l->file_filters) || l->file_filters > INT_MAX)
        return dn_build_fail(b, "output", "has more than 2^31 weights");
    if (l->u.convolutional.batch_normalize && !l->u.convolutional.scales_missing)
        l->file_tail = 3 * (size_t)n;
    l->params = dn_normalize_floats(n);
    l->flops = 2.0 * (double)l->file_filters;
    return b->err->status;
}

static void load_params(const struct dn_layer *l, const float *head, const float *tail, float *params)
{
    struct dn_normalize n = {.biases = head, .n = l->out_c, .dialect = l->dialect};
    n.batch_normalize = l->u.convolutional.batch_normalize;
    if (l->file_tail) {
        n.scales = tail;
        n.mean = tail + l->out_c;
        n.variance = tail + 2 * l->out_c;
    }
    dn_normalize_params(&n, params);
}

static size_t packed(const struct dn_layer *l, int block0, int block1)
{
    return dn_conv_packed_floats(&l->u.convolutional.conv, block0, block1);
}

static void pack(const struct dn_layer *l, const struct dn_kernels *k, int block0, int block1,
                 float *raw, float *out, int threads)
{
    dn_conv_pack(k, &l->u.convolutional.conv, block0, block1, raw, out, threads);
}

static size_t workspace(const struct dn_layer *l, struct dn_rect rect, int threads, int thrift)
{
    return dn_conv_workspace(&l->u.convolutional.conv, rect, threads, thrift);
}

static void run(const struct dn_run *r)
{
    struct dn_conv_job job = {.conv = &r->layer->u.convolutional.conv, .in = r->in[0],
                              .out = r->out, .rect = r->rect, .block0 = r->block0,
                              .block1 = r->block1, .filters = r->filters, .vectors = r->params,
                              .workspace = r->workspace, .threads = r->threads, .thrift = r->thrift};
    dn_conv_run(r->kernels, &job);
}

const struct dn_layer_ops dn_ops_connected = {
    .type = DN_CONNECTED,
    .names = {"connected", "conn"},
    .parse = parse,
    .run = run,
    .workspace = workspace,
    .load_params = load_params,
    .packed = packed,
    .pack = pack,
};
