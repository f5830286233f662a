/* The table of layers as stock prints it while it reads a cfg (format section 3.36). */
#include "net/graph.h"

#include <stdio.h>

#include "base/print.h"

static void print_shape(FILE *f, const struct dn_layer *l)
{
    fprintf(f, "%4d x%4d x%4d   ->  %4d x%4d x%4d", l->w, l->h, l->c, l->out_w, l->out_h, l->out_c);
}

static void print_window(FILE *f, const char *name, const struct dn_layer *l)
{
    const struct dn_pool *p = &l->u.pool.pool;
    fprintf(f, "%-4s         %d x %d / %d  ", name, p->size_y, p->size_x, p->stride_x);
    print_shape(f, l);
}

static void print_layer(FILE *f, const struct dn_layer *l)
{
    const struct dn_conv *v = &l->u.convolutional.conv;
    switch (l->ops->type) {
    case DN_CONVOLUTIONAL:
        fprintf(f, "conv  %5d %2d x%2d /%2d  ", v->n, v->kw, v->kh,
                l->u.convolutional.antialiasing ? l->u.convolutional.blur_stride : v->stride_x);
        print_shape(f, l);
        fprintf(f, "  %5.3f BFLOPs", l->flops / 1e9);
        break;
    case DN_MAXPOOL:
        print_window(f, "max", l);
        break;
    case DN_LOCAL_AVGPOOL:
        print_window(f, "avg", l);
        break;
    case DN_ROUTE:
        fprintf(f, "route ");
        for (int i = 0; i < l->n_in; i++)
            fprintf(f, " %d", l->in[i]);
        break;
    case DN_SHORTCUT:
        fprintf(f, "res  %3d                ", l->in[1]);
        print_shape(f, l);
        break;
    case DN_UPSAMPLE:
        fprintf(f, "upsample           %2dx  ", l->u.upsample.stride);
        print_shape(f, l);
        break;
    case DN_REGION:
    case DN_YOLO:
    case DN_GAUSSIAN_YOLO:
    case DN_DETECTION:
        fprintf(f, "%s", l->ops->type == DN_REGION      ? "detection"
                         : l->ops->type == DN_DETECTION ? "Detection Layer"
                                                        : l->ops->names[0]);
        break;
    default:
        fprintf(f, "%-22.22s  ", l->ops->names[0]);
        print_shape(f, l);
    }
    fputc('\n', f);
}

char *dn_graph_table(const struct dn_graph *graph)
{
    struct dn_error err = {0};
    struct dn_print print;
    if (dn_print_begin(&print, &err))
        return NULL;
    FILE *f = print.out;
    fprintf(f, "layer     filters    size              input                output\n");
    for (int i = 0; i < graph->n; i++) {
        fprintf(f, "%5d ", i);
        print_layer(f, &graph->layers[i]);
    }
    return dn_print_end(&print, &err);
}
