/* See cost.h. The constants were measured on one AVX-512 core; `darknet plan -calibrate` measures
 * those of another machine. */
#include "plan/cost.h"

#include <string.h>

#include "base/size.h"
#include "plan/plan.h"
#include "plan/storage.h"

enum { CACHED = 1 << 20 }; /* bytes: maps up to this size stay in a second-level cache */
#define TRANSFORM .7        /* of all inputs, in the time of one block of output channels */
#define TRANSFORM_2 1       /* the same at stride 2 */
#define ALONE 1.5e-6        /* seconds that a step costs a thread which shares it with no others */
#define SHARED 1.3          /* loss of threads that share the rows of bands: they write what others have read */
#define UNPACKED .7         /* of the time of reading and packing filters, where they are not packed */
#define CALL 1.2e4          /* bytes that are read in the time of one call to read more */
#define BEFORE 4.0          /* multiplications with a tile that cost what the transform of a filter does; at stride 2 half */

struct dn_machine dn_machine_default(const char *isa, int threads)
{
    struct dn_machine m = {.threads = threads, .spare = true, .memory = 12e9, .cache = 90e9};
    double gflops = !strcmp(isa, "avx512") ? 200 : !strcmp(isa, "avx2") ? 100 : !strcmp(isa, "neon") ? 12 : 2;
    m.file = gflops < 50 ? 4.5e9 : 8e9;
    m.flops = gflops * 1e9 * threads;
    m.memory *= dn_min(threads, 4); /* the channels of a small machine */
    m.cache *= threads;
    m.step = threads > 1 ? 8e-6 : ALONE; /* waiting for each other */
    const bool wide = !strcmp(isa, "avx512"); /* the others compute one block at a time anyway */
    m.ahead = dn_machine_ahead(wide ? 2 << 20 : 512 << 10);
    m.narrow = wide ? 1.08 : 1;
    return m;
}

/* Measured, with one number and the other in the file of `plan -calibrate`: 2 MB (Emerald Rapids), 1 MB (Zen 5: YOLOv2 takes
 * 11 to 19 % longer than without), 512 KB (Zen 3: layers take 7 to 14 % longer). */
double dn_machine_ahead(size_t second_cache)
{
    return second_cache < (2 << 20) ? 6 : 2;
}

double dn_machine_ahead_of(double ratio, int tiles)
{
    return tiles * (ratio * (1 + BEFORE / tiles) - 1);
}

struct dn_machine dn_machine_striped(const struct dn_machine *m, int tiles, int stripes)
{
    struct dn_machine s = *m;
    int turns = dn_ceil_div(stripes, m->threads);
    double busy = (double)tiles / ((double)turns * m->threads * dn_ceil_div(tiles, stripes));
    s.threads = 1;
    s.flops *= busy;
    s.cache *= busy;
    s.step = ALONE / stripes * turns;
    return s;
}

static struct dn_conv_sharing sharing(const struct dn_machine *m, const struct dn_layer *l, int steps, int thrift)
{
    const struct dn_conv *v = &l->u.convolutional.conv;
    return dn_conv_sharing(v, (struct dn_rect){0, dn_ceil_div(v->h, steps), 0, v->w}, m->threads, thrift);
}

/* Winograd does a quarter of the multiplications, at stride 2 nine sixteenths. The outputs it computes
 * beside the map, the transforms of inputs and outputs (few channels) and of filters (few tiles) cost
 * what they cost; that of a filter what so many multiplications do, at stride 2 half as many. */
static double winograd_gain(const struct dn_layer *l, int tiles, double filter)
{
    double whole = (double)dn_ceil_div(l->out_w, DN_CONV_TILE) * dn_ceil_div(l->out_h, DN_CONV_TILE) *
                   DN_CONV_TILE * DN_CONV_TILE, inside = (double)l->out_w * l->out_h / whole;
    if (l->u.convolutional.conv.stride_y == 2)
        return 1.6 * inside / (1 + 5.0 / l->c) / (1 + filter / 2 / tiles);
    return 3.2 * inside / (1 + 18.0 / l->c) / (1 + filter / tiles);
}

/* The share of the machine's best rate that a convolution reaches. */
static double efficiency(const struct dn_machine *m, const struct dn_layer *l, int steps, int thrift)
{
    const struct dn_conv *v = &l->u.convolutional.conv;
    if (l->ops->type != DN_CONVOLUTIONAL)
        return l->ops->type == DN_CONNECTED ? .1 : .05;
    if (v->groups > 1)
        return v->c / v->groups < DN_BLOCK ? .2 : .7;
    if (dn_conv_is_winograd(v)) {
        struct dn_conv_sharing s = sharing(m, l, steps, thrift);
        double loss = s.again ? 1 + (v->stride_y == 1 ? TRANSFORM : TRANSFORM_2) / 2.0 : 1;
        return winograd_gain(l, s.tiles, s.ahead ? m->ahead : BEFORE) / loss / (s.each == 1 ? m->narrow : 1);
    }
    return v->in_layout == DN_PLANAR ? .5 : v->kh == 1 ? .8 : 1;
}

double dn_cost_layer(const struct dn_machine *m, const struct dn_layer *l, int steps, int thrift)
{
    if (l->alias)
        return 0;
    double bytes = (double)dn_layer_outputs(l) * sizeof(float), seconds = m->step * steps;
    if (l->flops > 0)
        seconds += l->flops / (m->flops * efficiency(m, l, steps, thrift));
    else if (!l->concat)
        seconds += 3 * bytes / m->cache;
    if (l->activation > DN_LEAKY)
        seconds += 2 * bytes / m->cache;
    if (steps > 1 && m->threads > 1)
        seconds *= SHARED;
    return seconds + steps * (double)l->file_filters * sizeof(float) / m->cache;
}

double dn_cost_copies(const struct dn_machine *m, const struct dn_flow *flow, const struct dn_plan *plan,
                      const struct dn_layer *l)
{
    double bytes = 0;
    int storage = plan->places[flow->root[l->index + 1]].storage;
    for (int k = 0; k < l->n_in && l->concat; k++)
        if (plan->places[flow->root[l->in[k] + 1]].storage != storage)
            bytes += (double)dn_layer_outputs(&flow->graph->layers[l->in[k]]) * sizeof(float);
    return bytes > CACHED / 2 ? 3 * bytes / m->memory : 3 * bytes / m->cache;
}

double dn_cost_map(const struct dn_machine *m, size_t kept, size_t whole)
{
    return kept > CACHED ? 2 * (double)whole / m->memory : 0;
}

double dn_cost_moves(const struct dn_machine *m, const struct dn_storage *s)
{
    return 2 * s->moved / (s->buffer.bytes > CACHED ? m->memory : m->cache);
}

static double missing_bytes(const struct dn_layer *l, int resident)
{
    int blocks = dn_blocks(l->out_c);
    return (double)(blocks - resident) / blocks * (double)l->file_filters * sizeof(float);
}

/* Threads take output blocks or pairs of them: the time of the busiest one over their average. */
static double idling(int pairs, int threads)
{
    return (double)dn_ceil_div(pairs, threads) * threads / pairs;
}

/* The time of reading pieces of a part that does not lie in the file as a whole over that of one that does. */
static double scattering(const struct dn_layer *l, struct dn_filter_part part)
{
    double piece = (double)l->fan_in * sizeof(float) * part.channels / l->c;
    return part.channels == l->c ? 1 : 1 + CALL / piece;
}

double dn_cost_stream(const struct dn_machine *m, const struct dn_layer *l, int resident, int slice, int thrift)
{
    double compute = dn_cost_layer(m, l, 1, thrift), missing = missing_bytes(l, resident);
    if (missing <= 0)
        return compute;
    const int team = m->spare ? 0 : m->threads;
    double first = (double)l->fan_in * slice * DN_BLOCK * sizeof(float) / m->file;
    const bool raw = dn_stays_raw(l, team, true);
    double read = missing / m->file * (raw ? UNPACKED : 1);
    const struct dn_filter_part part = dn_part_to_read(l, team, slice, thrift);
    if (part.channels > 0) {
        compute *= idling(dn_ceil_div(dn_blocks(l->out_c), part.blocks), team);
        return compute + read / team * scattering(l, part);
    }
    const bool winograd = dn_layer_grain(l) > 1;
    const struct dn_conv_sharing s = winograd ? sharing(m, l, 1, thrift) : (struct dn_conv_sharing){.each = 2};
    if (slice < s.each)
        compute *= m->narrow;
    if (winograd) {
        if (s.blocks && s.again && dn_ceil_div(slice, 2) < m->threads) /* they take groups of tiles instead */
            compute *= winograd_gain(l, s.tiles, BEFORE) / winograd_gain(l, dn_ceil_div(s.tiles, m->threads), BEFORE);
        else
            compute *= s.blocks ? idling(dn_ceil_div(slice, s.each), m->threads) : s.inputs ? 1 : 1 + TRANSFORM / slice;
    }
    compute += m->step * (dn_blocks(l->out_c) - resident) / slice;
    if (!m->spare)
        return compute + m->step * (dn_blocks(l->out_c) - resident) / slice + read / m->threads;
    compute += raw ? missing / m->file * (1 - UNPACKED) / m->threads : 0;
    return (compute > read ? compute : read) + (first < read ? first : read);
}

double dn_cost_hold(const struct dn_machine *m, const struct dn_layer *l, int resident)
{
    return missing_bytes(l, resident) / m->file;
}

static double layers_of_group(const struct dn_flow *flow, const struct dn_plan *plan, const struct dn_machine *m,
                              const struct dn_group *g)
{
    double seconds = 0;
    const struct dn_machine striped = dn_machine_striped(m, g->tiles, g->stripes);
    for (int p = g->first; p <= g->last; p++) {
        const struct dn_layer *l = &flow->graph->layers[flow->order[p]];
        const struct dn_weight_place *w = &plan->weights[l->index];
        seconds += dn_cost_copies(m, flow, plan, l);
        if (dn_group_is_whole(g))
            seconds += dn_cost_stream(m, l, w->resident, w->slice, g->thrift);
        else
            seconds += (double)plan->repeats[l->index] *
                           dn_cost_layer(g->stripes > 1 ? &striped : m, l, g->tiles * g->columns, g->thrift) +
                       dn_cost_hold(m, l, w->resident);
    }
    return seconds;
}

/* In the group in which its life begins. */
static double storage_of_group(const struct dn_plan *plan, const struct dn_machine *m, const struct dn_storage *s)
{
    return s->tile && plan->groups[s->buffer.first].recompute
               ? 0
               : dn_cost_map(m, dn_copy_bytes(s), dn_storage_bytes(s, s->h, s->w)) + dn_cost_moves(m, s);
}

double dn_cost_group(const struct dn_flow *flow, const struct dn_plan *plan, const struct dn_machine *m,
                     const struct dn_group *g)
{
    double seconds = layers_of_group(flow, plan, m, g);
    for (int i = 0; i < plan->n_storages; i++)
        if (&plan->groups[plan->storages[i].buffer.first] == g)
            seconds += storage_of_group(plan, m, &plan->storages[i]);
    return seconds;
}

double dn_cost_plan(const struct dn_flow *flow, const struct dn_plan *plan, const struct dn_machine *m)
{
    double seconds = 0;
    for (int i = 0; i < plan->n_groups; i++)
        seconds += layers_of_group(flow, plan, m, &plan->groups[i]);
    for (int i = 0; i < plan->n_storages; i++)
        seconds += storage_of_group(plan, m, &plan->storages[i]);
    return seconds;
}
