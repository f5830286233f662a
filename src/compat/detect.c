/* Detections of a network through the public API: which heads there are, what they found, what is
 * suppressed; and stock's small helpers. The work is done in src/detect. */
#include "darknet.h"

#include <limits.h>
#include <stdlib.h>

#include "base/process.h"
#include "compat/engine.h"
#include "compat/error.h"
#include "detect/decode.h"
#include "detect/nms.h"
#include "detect/top.h"

/* ---- heads ---------------------------------------------------------------------------------- */

static const struct dn_layer *head_at(const network *net, int i)
{
    const struct dn_layer *l = &dn_engine_of(net)->graph.layers[i];
    return dn_layer_is_head(l) ? l : NULL;
}

/* Classes for which a detection needs room: the most of any head; 0 without heads. */
static int head_classes(const network *net)
{
    int most = 0;
    for (int i = 0; i < dn_engine_of(net)->graph.n; i++)
        if (head_at(net, i) && head_at(net, i)->u.head.classes > most)
            most = head_at(net, i)->u.head.classes;
    return most;
}

/* Values of a detection's mask: what region heads have beyond the four of a box. */
static int head_masks(const network *net)
{
    int most = 0;
    for (int i = 0; i < dn_engine_of(net)->graph.n; i++)
        if (head_at(net, i) && head_at(net, i)->u.head.coords - 4 > most)
            most = head_at(net, i)->u.head.coords - 4;
    return most;
}

int network_classes(const network *net)
{
    int classes = head_classes(net);
    return classes ? classes : net->outputs;
}

/* ---- detections ----------------------------------------------------------------------------- */

size_t dn_engine_most_detections(const network *net)
{
    size_t most = 0;
    for (int i = 0; i < dn_engine_of(net)->graph.n; i++)
        if (head_at(net, i))
            most += (size_t)dn_decode_most(head_at(net, i));
    return most;
}

/* Measured: decoding, suppression, drawing and the JPEG encoder of the program, linked statically. */
enum { CODE_AND_BUFFERS = 256 << 10 };

size_t dn_engine_afterwards(const network *net, size_t detections)
{
    return CODE_AND_BUFFERS + detections * dn_detection_bytes(head_classes(net), head_masks(net));
}

static detection *make_detections(const network *net, float thresh, int *num, struct dn_error *err)
{
    long long total = 0;
    *num = 0;
    if (dn_engine_check(dn_engine_of(net), err))
        return NULL;
    for (int i = 0; i < net->n; i++)
        if (head_at(net, i))
            total += dn_decode_count(head_at(net, i), net->layers[i].output, thresh);
    if (total > INT_MAX) {
        dn_fail(err, DN_NO_MEMORY, "%lld candidates are more than an int counts", total);
        return NULL;
    }
    if (total == 0)
        return NULL;
    if (dn_engine_gives_back(dn_engine_of(net)))
        dn_exec_release(&dn_engine_of(net)->exec, dn_engine_afterwards(net, (size_t)total));
    detection *dets = dn_detections_new((int)total, head_classes(net), head_masks(net), err);
    if (dets)
        *num = (int)total;
    return dets;
}

static detection *find(const network *net, const struct dn_decode *how, int *num,
                       struct dn_error *err)
{
    int unused;
    num = num ? num : &unused;
    *num = 0;
    if (how->fit.w < 1 || how->fit.h < 1) {
        dn_fail(err, DN_INVALID, "a photo of %d x %d pixels has no boxes; both must be at least 1",
                how->fit.w, how->fit.h);
        return NULL;
    }
    float *scratch = malloc((size_t)head_classes(net) * sizeof *scratch + 1);
    if (!scratch) {
        dn_fail(err, DN_NO_MEMORY, "no memory for the probabilities of %d classes",
                head_classes(net));
        return NULL;
    }
    detection *dets = make_detections(net, how->thresh, num, err);
    detection *next = dets;
    for (int i = 0; dets && i < net->n; i++) {
        if (!head_at(net, i))
            continue;
        dn_decode(head_at(net, i), net->layers[i].output, how, next, scratch);
        next += dn_decode_count(head_at(net, i), net->layers[i].output, how->thresh);
    }
    free(scratch);
    return dets;
}

detection *make_network_boxes(network *net, float thresh, int *num)
{
    int n;
    return make_detections(net, thresh, num ? num : &n, dn_error_begin());
}

detection *get_network_boxes(network *net, int w, int h, float thresh, float hier, int *map,
                             int relative, int *num)
{
    const struct dn_graph *g = &dn_engine_of(net)->graph;
    struct dn_decode how = {{w, h, g->w, g->h, true, relative != 0}, thresh, hier, map, true};
    return find(net, &how, num, dn_error_begin());
}

detection *network_boxes(network *net, int w, int h, float thresh, float hier, int relative,
                         int letter, int *num)
{
    const struct dn_graph *g = &dn_engine_of(net)->graph;
    struct dn_decode how = {
        {w, h, g->w, g->h, letter != 0, relative != 0}, thresh, hier, NULL, false};
    return find(net, &how, num, dn_error_begin());
}

void free_detections(detection *dets, int n)
{
    const int many = 100;
    free(dets);
    if (n > many) /* the next prediction needs their memory */
        dn_process_trim();
}

/* ---- suppression ---------------------------------------------------------------------------- */

void do_nms_sort(detection *dets, int total, int classes, float thresh)
{
    dn_nms_sort(dets, total, classes, (struct dn_nms_rule){DN_NMS_DEFAULT, thresh, 0});
}

void do_nms_obj(detection *dets, int total, int classes, float thresh)
{
    dn_nms_objectness(dets, total, classes, thresh);
}

void network_nms(const network *net, detection *dets, int total, float thresh)
{
    struct dn_nms_rule rule = {DN_NMS_DEFAULT, thresh, 0};
    for (int i = 0; i < net->n; i++)
        if (head_at(net, i)) {
            rule.kind = head_at(net, i)->u.head.nms;
            rule.beta = head_at(net, i)->u.head.beta_nms;
        }
    dn_nms_sort(dets, total, head_classes(net), rule);
}

float box_iou(box a, box b)
{
    return dn_box_iou(a, b);
}

/* ---- stock's small helpers ------------------------------------------------------------------ */

void top_predictions(network *net, int k, int *index)
{
    dn_top(net->output, net->output ? net->outputs : 0, k, index);
}

void fill_cpu(int n, float alpha, float *x, int stride)
{
    for (int i = 0; i < n; i++)
        x[(ptrdiff_t)i * stride] = alpha;
}

void axpy_cpu(int n, float alpha, float *x, int stride_x, float *y, int stride_y)
{
    for (int i = 0; i < n; i++)
        y[(ptrdiff_t)i * stride_y] += alpha * x[(ptrdiff_t)i * stride_x];
}

void free_ptrs(void **ptrs, int n)
{
    for (int i = 0; ptrs && i < n; i++)
        free(ptrs[i]);
    free(ptrs);
}

/* Recurrent layers are not part of this program, and neither are GPUs. */
void reset_rnn(network *net)
{
    (void)net;
}

void cuda_set_device(int n)
{
    (void)n;
}
