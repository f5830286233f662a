/* See rings.h. */
#include "plan/rings.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "kernel/parallel.h"

enum { SAMPLES = DN_RING_SAMPLES, EDGES = DN_MOST_STRIPES - 1 };

/* Rows of a map at the edges between stripes: where one ends, and where the next one begins; and behind the last
 * one, where what nobody reads begins. */
struct dn_ring_edges {
    int end[EDGES], start[EDGES], rows;
};

enum dn_status dn_rings_init(struct dn_rings *r, const struct dn_tables *tables, struct dn_error *err)
{
    const struct dn_graph *g = tables->flow->graph;
    size_t maps = (size_t)g->n + 1;
    *r = (struct dn_rings){.tables = tables, .flow = tables->flow};
    r->need = malloc(maps * SAMPLES * sizeof *r->need);
    r->stride = malloc(maps * sizeof *r->stride);
    r->edges = malloc(maps * sizeof *r->edges);
    r->group = calloc(maps, sizeof *r->group);
    return r->need && r->stride && r->edges && r->group ? DN_OK
                                            : dn_fail(err, DN_NO_MEMORY, "%s: no memory to plan %d layers", g->path, g->n);
}

void dn_rings_free(struct dn_rings *r)
{
    free(r->need);
    free(r->stride);
    free(r->edges);
    free(r->group);
}

/* As dn_layer_round, in rows. */
static int round_rows(const struct dn_layer_table *t, const struct dn_layer *l, int end)
{
    return t->grain > 1 ? dn_min(l->out_h, (end + t->grain - 1) / t->grain * t->grain) : dn_min(l->out_h, end);
}

void dn_rings_begin(struct dn_rings *r, int last, int tiles, int stripes)
{
    r->last = last;
    r->tiles = tiles;
    r->stripes = stripes;
    r->samples = dn_min(tiles, SAMPLES);
    for (int i = 0; i < r->samples; i++)
        r->band[i] = i + (tiles - r->samples) / 2;
    r->band[0] = 0;
    r->from = r->band[1] == 1 ? 1 : 2;
    r->stride[0] = dn_ceil_div(r->flow->graph->h, tiles);
    r->groups++;
}

/* Nothing is wanted of a map before its first reader joins. */
static void meet(struct dn_rings *r, int map)
{
    if (r->group[map] == r->groups)
        return;
    r->group[map] = r->groups;
    memset(r->need + (size_t)map * SAMPLES, 0, SAMPLES * sizeof *r->need);
    r->edges[map].rows = 0;
    for (int e = 0; e < r->stripes - 1; e++) {
        r->edges[map].end[e] = 0;
        r->edges[map].start[e] = INT_MAX;
    }
}

/* As want_rows, and the other way round for where stripes begin (see schedule.c). */
static struct dn_ring_work want_edges(struct dn_rings *r, const struct dn_layer *l, bool leaves)
{
    const struct dn_layer_table *t = &r->tables->layers[l->index];
    struct dn_ring_edges *own = &r->edges[l->index + 1];
    int twice = 0;
    own->rows = leaves ? l->out_h : round_rows(t, l, own->rows);
    for (int k = 0; k < l->n_in && !l->alias && own->rows > 0; k++) {
        int *in = &r->edges[r->flow->root[l->in[k] + 1]].rows;
        *in = dn_max(*in, t->rows[(ptrdiff_t)k * l->out_h + own->rows - 1].hi);
    }
    for (int e = 0; e < r->stripes - 1; e++) {
        int target = leaves ? dn_tile_edge(l->out_h, dn_share(r->tiles, e + 1, r->stripes) - 1, r->tiles) : 0;
        own->end[e] = round_rows(t, l, dn_max(own->end[e], target));
        if (leaves)
            own->start[e] = round_rows(t, l, target);
        else
            own->start[e] = own->start[e] < l->out_h ? own->start[e] - own->start[e] % t->grain : l->out_h;
        twice += dn_max(0, own->end[e] - own->start[e]);
        for (int k = 0; k < l->n_in && !l->alias; k++) {
            const struct dn_span *rows = t->rows + (ptrdiff_t)k * l->out_h;
            struct dn_ring_edges *in = &r->edges[r->flow->root[l->in[k] + 1]];
            if (own->end[e] > 0)
                in->end[e] = dn_max(in->end[e], rows[own->end[e] - 1].hi);
            if (own->start[e] < l->out_h)
                in->start[e] = dn_min(in->start[e], rows[own->start[e]].lo);
        }
    }
    return (struct dn_ring_work){own->rows, own->rows + twice};
}

struct dn_ring_work dn_rings_join(struct dn_rings *r, const struct dn_layer *l)
{
    const struct dn_layer_table *t = &r->tables->layers[l->index];
    int *need = r->need + (size_t)(l->index + 1) * SAMPLES;
    const struct dn_group group = {.last = r->last}; /* wherever it begins: who reads a map comes behind it */
    const bool leaves = dn_group_leaves(r->flow, &group, r->flow->position[l->index]);
    meet(r, l->index + 1);
    r->stride[l->index + 1] = round_rows(t, l, dn_ceil_div(l->out_h, r->tiles));
    for (int s = 0; s < r->samples && leaves; s++)
        need[s] = dn_max(need[s], dn_tile_edge(l->out_h, r->band[s], r->tiles));
    for (int s = 0; s < r->samples && t->grain > 1; s++)
        need[s] = round_rows(t, l, need[s]);
    for (int k = 0; k < l->n_in && !l->alias; k++) {
        const struct dn_span *rows = t->rows + (ptrdiff_t)k * l->out_h - 1;
        meet(r, r->flow->root[l->in[k] + 1]);
        int *in = r->need + (size_t)r->flow->root[l->in[k] + 1] * SAMPLES;
        for (int s = 0; s < r->samples; s++)
            if (need[s] > 0)
                in[s] = dn_max(in[s], rows[need[s]].hi);
    }
    return want_edges(r, l, leaves);
}

/* The layer that alone reads a map, which has its storage for itself; NULL. */
static const struct dn_layer *only_reader(const struct dn_rings *r, const struct dn_plan *plan, int map)
{
    const struct dn_flow *f = r->flow;
    if (f->first_reader[map + 1] != f->first_reader[map] + 1 || plan->places[map].next >= 0)
        return NULL;
    const struct dn_layer *l = &f->graph->layers[f->readers[f->first_reader[map]]];
    return l->n_in == 1 ? l : NULL;
}

/* Rows of such a map during the sampled bands: it goes on when its reader, which does so too, has not enough. */
static int window_rows(const struct dn_rings *r, int map, const struct dn_layer *reader)
{
    const int *need = r->need + (size_t)map * SAMPLES, *wanted = r->need + (size_t)(reader->index + 1) * SAMPLES;
    const struct dn_span *in = r->tables->layers[reader->index].rows;
    const int stride = r->stride[map], step = r->stride[reader->index + 1];
    int rows = 0;
    for (int s = 0; s < r->samples; s += s ? 1 : r->from) {
        int top = s ? need[s - 1] : 0;
        for (int y = s ? wanted[s - 1] : 0; y < wanted[s]; y += step) {
            int end = in[dn_min(y + step, wanted[s]) - 1].hi;
            if (end > top)
                top = dn_min(need[s], top + dn_ceil_div(end - top, stride) * stride);
            rows = dn_max(rows, top - in[y].lo);
        }
    }
    return rows;
}

/* Rows by which a map goes on for the next rows of any of its readers in the group. */
static int advance_of(const struct dn_rings *r, int map)
{
    const struct dn_flow *f = r->flow;
    const int stride = r->stride[map], h = dn_map_shape(f->graph, map).h;
    int rows = stride;
    for (int i = f->first_reader[map]; i < f->first_reader[map + 1]; i++) {
        const struct dn_layer *l = &f->graph->layers[f->readers[i]];
        if (l->ops->span && f->position[l->index] <= r->last)
            rows = dn_max(rows, (int)(((int64_t)r->stride[l->index + 1] * h + l->out_h - 1) / l->out_h));
    }
    return dn_ceil_div(rows, stride) * stride;
}

/* oldest[]: the lowest rows of a map that its readers have still to see when the sampled bands are complete. */
static void find_oldest(const struct dn_rings *r, int map, int *oldest)
{
    const struct dn_flow *f = r->flow;
    for (int i = f->first_reader[map]; i < f->first_reader[map + 1]; i++) {
        const struct dn_layer *l = &f->graph->layers[f->readers[i]];
        const int *next = r->need + (size_t)(l->index + 1) * SAMPLES;
        const struct dn_span *rows = r->tables->layers[l->index].rows;
        for (int k = 0; k < l->n_in; k++, rows += l->out_h)
            for (int s = r->from; s < r->samples && f->root[l->in[k] + 1] == map; s++)
                if (next[s] < l->out_h)
                    oldest[s] = dn_min(oldest[s], rows[next[s]].lo);
    }
}

/* Rows of a storage during the sampled bands: those that its maps have when the band is complete, without what all
 * readers have seen; and readers that are ahead ask for more until the others have come as far. */
static int shared_rows(const struct dn_rings *r, const struct dn_plan *plan, const struct dn_storage *storage)
{
    int top[SAMPLES] = {0}, oldest[SAMPLES], ahead = 0, rows = 0;
    for (int s = r->from; s < r->samples; s++)
        oldest[s] = INT_MAX;
    for (int map = storage->map; map >= 0; map = plan->places[map].next) {
        const int *need = r->need + (size_t)map * SAMPLES;
        for (int s = r->from; s < r->samples; s++) {
            top[s] = dn_max(top[s], need[s]);
            oldest[s] = dn_min(oldest[s], need[s]);
        }
        find_oldest(r, map, oldest);
        ahead = dn_max(ahead, advance_of(r, map));
    }
    for (int s = r->from; s < r->samples; s++)
        rows = dn_max(rows, top[s] - oldest[s] + ahead);
    return rows;
}

int dn_ring_rows(const struct dn_rings *r, const struct dn_plan *plan, const struct dn_storage *s)
{
    const struct dn_layer *reader = only_reader(r, plan, s->map);
    int rows = reader ? window_rows(r, s->map, reader) : shared_rows(r, plan, s);
    return dn_max(1, dn_min(rows, s->h));
}
