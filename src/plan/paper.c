/* The published method, for comparison: one or two groups over the leading convolution and pooling
 * layers, each cut into a square grid of 1x1 to 6x6 tiles with reuse of the overlaps, everything
 * behind them layer by layer, and a greedy choice: the first configuration that fits, tried from few
 * tiles to many and, for each, from no cut to cuts behind every pooling layer. (Fused, independently
 * tiled groups of convolutional layers for memory-limited devices.) */
#include <stdint.h>

#include "plan/plan.h"
#include "plan/residency.h"

enum { MOST = 6 };

/* Convolution and max-pooling layers from the first one on, up to the last pooling: behind it maps
 * are small and filters large. */
static int leading_layers(const struct dn_graph *g)
{
    int n = 0, end = 0;
    for (; n < g->n && dn_layer_is_tiled(&g->layers[n]); n++) {
        if (g->layers[n].ops->type == DN_MAXPOOL)
            end = n;
        else if (g->layers[n].ops->type != DN_CONVOLUTIONAL)
            break;
    }
    return end;
}

/* A group of the layers of a range. */
static struct dn_fusion_group square(struct dn_range *layers, int tiles)
{
    return (struct dn_fusion_group){.n = 1, .ranges = layers, .tiles = tiles, .columns = tiles, .stripes = 1};
}

static bool has_tiles(const struct dn_layer *l, int tiles)
{
    return tiles <= l->out_h && tiles <= l->out_w;
}

/* DN_BUDGET: it does not fit. */
static enum dn_status try(struct dn_flow *flow, const struct dn_plan_options *options,
                          const struct dn_fusion *fusion, struct dn_plan *plan, struct dn_error *err)
{
    struct dn_plan_options o = *options;
    o.fusion = fusion;
    dn_plan_free(plan);
    return dn_plan_new(flow, options, plan, err) ? err->status : dn_plan_by_hand(flow, &o, plan, err);
}

enum dn_status dn_plan_paper(struct dn_flow *flow, const struct dn_plan_options *options,
                             struct dn_plan *plan, struct dn_error *err)
{
    const struct dn_graph *g = flow->graph;
    struct dn_fusion_group groups[2];
    struct dn_range layers[2];
    struct dn_fusion fusion = {.path = g->path, .groups = groups};
    int n = leading_layers(g);
    size_t least = SIZE_MAX;
    for (int tiles = 1; tiles <= MOST; tiles++)
        for (int cut = n - 1; cut > 0; cut--) {
            if (cut < n - 1 && g->layers[cut].ops->type != DN_MAXPOOL)
                continue;
            layers[0] = (struct dn_range){0, cut};
            layers[1] = (struct dn_range){cut + 1, n - 1};
            for (int second = 1; second <= (cut < n - 1 ? tiles : 1); second++) {
                if (!has_tiles(&g->layers[cut], tiles) || !has_tiles(&g->layers[n - 1], second))
                    continue;
                groups[0] = square(&layers[0], tiles);
                groups[1] = square(&layers[1], second);
                fusion.n = cut < n - 1 ? 2 : 1;
                struct dn_error why = {0};
                if (try(flow, options, &fusion, plan, &why) == DN_OK)
                    return DN_OK;
                if (why.status != DN_BUDGET)
                    return dn_fail(err, why.status, "%s", why.text);
                least = plan->least_bytes < least ? plan->least_bytes : least;
            }
        }
    if (least < SIZE_MAX)
        return dn_plan_refuse(flow, options, least, err);
    return dn_fail(err, DN_UNSUPPORTED, "%s does not begin with two or more layers of convolution and pooling, which the published method needs",
                   g->path);
}
