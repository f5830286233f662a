/* Layers: what the planner and the executor know about one section of a cfg.
 *
 * A struct dn_layer is immutable once its section has been parsed: shapes, edges, weight counts and
 * the parameters of its type. Each layer type is one file that fills one struct dn_layer_ops; the
 * table of types is in types.c. A layer owns no buffers: dn_layer_ops.run computes any rectangle of
 * its output from views that the executor hands it.
 *
 * All maps inside the executor are blocked (kernel/view.h), except the network's input (planar when
 * a convolution with few channels reads it) and the outputs of heads (planar). */
#ifndef DN_LAYER_LAYER_H
#define DN_LAYER_LAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "kernel/kernel.h"
#include "layer/section.h"
#include "layer/tree.h"

/* Stock Darknet numbers them otherwise; `compat` maps to its numbers. */
enum dn_type {
    DN_CONVOLUTIONAL,
    DN_DECONVOLUTIONAL,
    DN_CONNECTED,
    DN_MAXPOOL,
    DN_LOCAL_AVGPOOL,
    DN_AVGPOOL,
    DN_SOFTMAX,
    DN_DETECTION,
    DN_DROPOUT,
    DN_CROP,
    DN_ROUTE,
    DN_COST,
    DN_NORMALIZATION,
    DN_LOCAL,
    DN_SHORTCUT,
    DN_SCALE_CHANNELS,
    DN_SAM,
    DN_ACTIVATION,
    DN_BATCHNORM,
    DN_REGION,
    DN_YOLO,
    DN_GAUSSIAN_YOLO,
    DN_REORG,
    DN_REORG3D,
    DN_UPSAMPLE,
    DN_LOGISTIC_LAYER,
    DN_L2NORM,
    DN_IMPLICIT,
    DN_EMPTY,
    DN_TYPES
};

/* Whose behaviour counts where the two common dialects compute different things from one file. */
enum dn_dialect { DN_STOCK, DN_ALEXEYAB };

enum dn_nms { DN_NMS_DEFAULT, DN_NMS_GREEDY, DN_NMS_DIOU, DN_NMS_CORNERS };

struct dn_layer;
struct dn_build;

/* A half-open range of rows or columns. */
struct dn_span {
    int lo, hi;
};

/* Everything a layer needs to compute a piece of its output. */
struct dn_run {
    const struct dn_kernels *kernels;
    const struct dn_layer *layer;
    const struct dn_view *in; /* [layer->n_in], in the order of layer->in */
    struct dn_view out;
    struct dn_rect rect;    /* of the output; the whole map unless layer->ops->span exists */
    int block0, block1;     /* output channel blocks; all of them unless the filters are sliced */
    const float *params;    /* layer->params floats, 64-byte aligned; NULL when 0 */
    const float *filters;   /* of blocks [block0, block1), packed unless `raw`; NULL when it has none */
    void *workspace;        /* ops->workspace() bytes, 64-byte aligned */
    int threads;
    int thrift;             /* of the workspace, see dn_conv_workspace() */
    bool again;             /* the last run in this workspace had other blocks of the same rectangle */
    bool raw;               /* filters are in the order of the file, see struct dn_conv_job */
    const struct dn_filter_reader *reader; /* of those that are not there, see dn_conv_sharing(); NULL: all are */
};

struct dn_layer_ops {
    enum dn_type type;
    const char *names[3]; /* section names without brackets; unused entries are NULL */

    /* Reads the section's keys, checks them, fills the shape, the edges and the weight counts. */
    enum dn_status (*parse)(struct dn_build *b, struct dn_layer *l);

    /* Which rows (axis 0) or columns (axis 1) of input k are read to compute `out`: half-open and
     * clipped to the map. NULL: the layer needs its whole inputs and computes its whole output. */
    struct dn_span (*span)(const struct dn_layer *l, int k, int axis, struct dn_span out);

    /* Computes run->rect of run->out. Cannot fail and allocates nothing. NULL for layers whose
     * output is another map under another name (layer->alias). */
    void (*run)(const struct dn_run *run);

    /* Bytes of workspace for a rectangle, with so much thrift; NULL: none. */
    size_t (*workspace)(const struct dn_layer *l, struct dn_rect rect, int threads, int thrift);

    /* Turns the floats around the filters in the file (layer->file_head before them and
     * layer->file_tail behind them) into layer->params resident floats. `dialect` decides epsilons.
     * NULL when params is 0. */
    void (*load_params)(const struct dn_layer *l, const float *head, const float *tail,
                        float *params);

    /* Floats of the packed filters of output blocks [block0, block1). NULL: the filters are used as
     * they are in the file (layer->file_filters floats, not sliceable). */
    size_t (*packed)(const struct dn_layer *l, int block0, int block1);

    /* Packs filters of output channels [16*block0, 16*block1), each of layer->fan_in floats; may
     * overwrite `raw`. NULL exactly when `packed` is. */
    void (*pack)(const struct dn_layer *l, const struct dn_kernels *k, int block0, int block1,
                 float *raw, float *packed, int threads);

};

/* Parameters of the head types: detection, region, yolo, Gaussian_yolo. */
struct dn_head {
    int classes, coords;
    int n, total;           /* anchors used here and anchors listed */
    int *mask;              /* [n] indices into the anchors; 0..n-1 when the type has no mask */
    float *anchors;         /* [2 * total]: region in cells, yolo in input pixels; NULL: detection */
    bool softmax, background, square_root, new_coords;
    float scale_x_y;
    int classfix;           /* -1: alexeyab's zeroing of objectness below 0.5 */
    int yolo_point;         /* Gaussian: 0 center, 1 left_top, 2 right_bottom */
    enum dn_nms nms;
    float beta_nms;
    int side;               /* detection: cells per side */
    struct dn_tree *tree;   /* region: class hierarchy, or NULL */
    int *map;               /* region: [map_n] ids from the map file, or NULL */
    int map_n;
};

struct dn_layer {
    const struct dn_layer_ops *ops;
    int index, line;          /* position in the net, line of the section in the cfg */
    enum dn_dialect dialect;
    int n_in;
    int *in;                  /* [n_in] layer indices; -1 is the network's input. Owned. */
    int c, h, w;              /* shape of the previous layer's output, as the cfg sees it */
    int out_c, out_h, out_w;
    int flat;                 /* stock reports out_w = out_h = out_c = 0 for this layer; the map is
                                 then kept as 1x1 with all values in the channels */
    enum dn_layout out_layout;
    int pad;                  /* zero columns it wants beside the rows of its inputs */
    enum dn_activation activation;
    bool alias;               /* output is in[0]'s map, from channel alias_channel on */
    int alias_channel;
    bool concat;              /* output is its inputs' channels one after the other, unchanged */
    bool whole;               /* cannot be tiled although its type can: ops->span does not count */

    bool dontload;            /* the weights file has nothing for it */
    size_t file_offset;       /* floats of earlier layers in the weights file */
    int shares;               /* index of the layer whose weights it uses, or -1 */
    size_t file_head, file_filters, file_tail; /* floats in the weights file, in this order */
    bool transposed;          /* the file holds its filters as [fan_in][out_c] */
    size_t fan_in;            /* filter floats per output channel, when sliceable */
    size_t params;            /* resident floats made by load_params */
    double flops;             /* 2 x multiply-adds, for reports */

    union {
        struct {
            struct dn_conv conv;
            bool batch_normalize, scales_missing, xnor;
            int antialiasing;     /* 0, or the blur mode 1 or 2 */
            int blur_stride;
        } convolutional;          /* also connected */
        struct {
            struct dn_pool pool;
            int depth;            /* > 0: maximum over channels k with k mod depth == c */
            int antialiasing, blur_stride;
            int pooled_h, pooled_w; /* before the blur */
        } pool;
        struct {
            int groups, group_id;
        } route;
        struct {
            float alpha, beta;
            int weights;          /* coefficients per input: 0 none, 1 per layer, c per channel */
            bool softmax;         /* how weights are normalised: relu or softmax */
            int stride, sample;   /* out[y * sample] += from[y * stride], columns likewise */
            int from_h, from_w;   /* rows and columns of the other inputs, as far as used */
        } shortcut;
        struct {
            int stride;           /* negative: sum over blocks of |stride| x |stride| */
            float scale;
        } upsample;
        struct {
            int stride;
            bool reverse, flatten;
            int extra;
        } reorg;
        struct {
            int groups;
            float temperature;
            struct dn_tree *tree;
        } softmax;
        struct {
            int dy, dx;
            bool adjust;          /* v -> 2v - 1 */
        } crop;
        struct {
            int size, stride, pad;
            bool batch_normalize, scales_missing;
        } window;                 /* local, deconvolutional */
        struct {
            float alpha, beta, kappa;
            int size;
        } lrn;
        struct {
            bool spatial;         /* scale_wh: one factor per pixel instead of per channel */
        } scale;
        struct dn_head head;
    } u;
};

static inline size_t dn_layer_outputs(const struct dn_layer *l)
{
    return (size_t)l->out_c * (size_t)l->out_h * (size_t)l->out_w;
}

/* Rows, and columns, of its output that a layer computes at a time, from row 0 on: parts of them cost
 * as much as all. */
static inline int dn_layer_grain(const struct dn_layer *l)
{
    return l->ops->type == DN_CONVOLUTIONAL && dn_conv_is_winograd(&l->u.convolutional.conv)
               ? DN_CONV_TILE
               : 1;
}

/* `end` rows or columns of `extent`, rounded up to whole grains. */
static inline int dn_layer_round(const struct dn_layer *l, int end, int extent)
{
    int grain = dn_layer_grain(l), rounded = (end + grain - 1) / grain * grain;
    return rounded < extent ? rounded : extent;
}

static inline bool dn_layer_is_head(const struct dn_layer *l)
{
    enum dn_type t = l->ops->type;
    return t == DN_DETECTION || t == DN_REGION || t == DN_YOLO || t == DN_GAUSSIAN_YOLO;
}

/* What computes the layer, in a word: a convolution kernel, "copy" ([route]), else its type; NULL
 * when there is nothing to compute. */
const char *dn_layer_kernel(const struct dn_layer *l);

/* Frees what parse allocated. */
void dn_layer_free(struct dn_layer *l);

/* The ops of a section name, or NULL. */
const struct dn_layer_ops *dn_layer_type(const char *name);

/* ---- for the parse functions ---------------------------------------------------------------- */

/* The context of one section while it is parsed. Errors stick in `err`: getters return their
 * fallback after the first, and parse ends with `return b->err->status`. */
struct dn_build {
    const char *path;              /* of the cfg, for messages */
    struct dn_section *section;
    const struct dn_layer *layers; /* [index] earlier layers */
    int index;
    int c, h, w;                   /* shape of the previous layer's output, or of the input */
    int net_c, net_h, net_w;       /* the network's input */
    enum dn_dialect dialect;
    struct dn_error *err;
};

/* Fails with "path:line: [section] " in front; line is that of `key`, or the section's when key is
 * NULL or absent. Returns the status. */
enum dn_status dn_build_fail(struct dn_build *b, const char *key, const char *format, ...)
    DN_PRINTF(3, 4);

bool dn_key_present(struct dn_build *b, const char *key);

/* Integer prefix of the value as atoi reads it; a value without digits, or outside [min, max], is
 * an error that names the key. */
int dn_key_int(struct dn_build *b, const char *key, int fallback, int min, int max);
bool dn_key_flag(struct dn_build *b, const char *key, bool fallback); /* any nonzero integer */
float dn_key_float(struct dn_build *b, const char *key, float fallback);
const char *dn_key_text(struct dn_build *b, const char *key, const char *fallback);

/* Comma separated lists; *n is 0 and the result NULL when the key is absent or on error. The
 * caller owns the list. */
int *dn_key_ints(struct dn_build *b, const char *key, int *n);
float *dn_key_floats(struct dn_build *b, const char *key, int *n);

enum dn_activation dn_key_activation(struct dn_build *b, const char *fallback);

/* Layer reference: negative counts back from this layer. An index that is not an earlier layer is
 * an error; -2 is then returned. dn_build_layer does the same for a number already read. */
int dn_key_layer(struct dn_build *b, const char *key);
int dn_build_layer(struct dn_build *b, const char *key, int reference);

/* Marks keys as known although they do not matter for inference: NULL-terminated list. */
void dn_key_ignore(struct dn_build *b, const char *const *keys);

/* Makes `l` read `n` earlier layers. With n == 0 the single input is the previous layer. */
enum dn_status dn_build_inputs(struct dn_build *b, struct dn_layer *l, const int *inputs, int n);

/* Sets the output shape after checking that it is positive and that its element count, padding
 * included, fits an int. */
enum dn_status dn_build_shape(struct dn_build *b, struct dn_layer *l, int64_t c, int64_t h,
                              int64_t w);

/* The layout of an earlier layer's output. The network's input (-1) stays planar where a convolution
 * with few channels reads it; all other readers get it blocked. */
enum dn_layout dn_build_input_layout(const struct dn_build *b, int layer);
bool dn_input_is_planar(const struct dn_layer *first, int channels);

/* The output shape of an earlier layer, or of the input for -1. */
void dn_build_shape_of(const struct dn_build *b, int layer, int *c, int *h, int *w);

/* ---- region arithmetic shared by the types --------------------------------------------------- */

/* Same rows and columns as the output. */
struct dn_span dn_span_same(const struct dn_layer *l, int k, int axis, struct dn_span out);

/* Window of `size` taps at distance `dilation`, clipped to [0, extent): input range of `out`. */
struct dn_span dn_span_window(struct dn_span out, int stride, int offset, int size, int dilation,
                              int extent);

#endif
