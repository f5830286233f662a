/* See pieces.h. For every last position and band height the group is extended backwards one layer
 * at a time, so that its rows, rings and weights only have to be added up.
 *
 * How many rows of a map exist when band k is complete follows from the rows wanted of the maps that
 * leave the group, so rings are found by looking at a few bands: the first, and so many in the middle
 * that a layer which computes rows four at a time, at half the resolution of the last one, is seen
 * doing it. The exact number comes from walking the schedule (storage.c). */
#include "plan/pieces.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "kernel/parallel.h"
#include "plan/storage.h"

enum { SAMPLES = 10, SLICES = 6, EDGES = DN_MOST_STRIPES - 1 };

/* Rows of a map at the edges between stripes: where one ends, and where the next one begins. */
struct edges {
    int end[EDGES], start[EDGES];
};

/* When a storage is first written and last read, as positions: n is behind the end. */
struct life {
    int first, last;
    size_t whole; /* bytes of all its rows */
    int next_first, next_last; /* the next storage whose life begins, or ends, at the same position; -1 */
};

/* What a group takes with one or with several stripes. */
struct sums {
    int stripes;
    size_t ring, workspace[DN_THRIFT_LEVELS];
    double seconds[DN_THRIFT_LEVELS];
};

struct maker {
    const struct dn_tables *tables;
    const struct dn_flow *flow;
    const struct dn_plan_options *options;
    const struct dn_plan *plan;
    struct life *lives;
    double *copies;     /* [n] seconds of concatenations */
    int *begins, *ends; /* [n + 2] by position + 1: the first storage whose life does there; -1 */
    int *chain;         /* [n] the last piece from each position to the current one; -1 */
    int *need;  /* [maps][SAMPLES] rows that exist after the sampled bands */
    struct edges *edges; /* [maps] */
    size_t most;
    struct dn_pieces *out;
    struct dn_error *err;
    /* of the group that is being extended */
    int last, height, tiles, samples; /* height: its index */
    int band[SAMPLES];
    int ways; /* of computing it: 2 when it may be in stripes, too */
    struct sums sums[2];
    size_t live, held, raw;
    double hold_seconds;
};

static const struct dn_layer *layer_at(const struct maker *m, int position)
{
    return &m->flow->graph->layers[m->flow->order[position]];
}

static void find_lives(struct maker *m)
{
    const struct dn_flow *f = m->flow;
    for (int i = 0; i < m->plan->n_storages; i++) {
        const struct dn_storage *s = &m->plan->storages[i];
        struct life *life = &m->lives[i];
        *life = (struct life){.first = INT_MAX, .last = -1, .whole = dn_storage_bytes(s, s->h, s->w)};
        for (int map = s->map; map >= 0; map = m->plan->places[map].next) {
            int made = map ? f->position[map - 1] : -1;
            life->first = dn_min(life->first, made);
            life->last = dn_max(life->last, f->output[map] ? m->out->n : made);
            for (int r = f->first_reader[map]; r < f->first_reader[map + 1]; r++)
                life->last = dn_max(life->last, f->position[f->readers[r]]);
        }
    }
    for (int i = 0; i < f->graph->n; i++) { /* an alias reads its root, see storage.c */
        struct life *life = &m->lives[m->plan->places[f->root[i + 1]].storage];
        life->last = dn_max(life->last, f->position[i]);
    }
    for (int i = 0; i < m->plan->n_storages; i++) {
        struct life *life = &m->lives[i];
        life->next_first = m->begins[life->first + 1];
        m->begins[life->first + 1] = i;
        life->next_last = m->ends[life->last + 1];
        m->ends[life->last + 1] = i;
    }
}

/* Another piece over the same layers that is neither larger nor slower in any respect. */
static bool is_dominated(const struct maker *m, const struct dn_piece *piece)
{
    const struct dn_piece *p;
    for (int i = m->chain[piece->first]; i >= 0; i = p->previous) {
        p = &m->out->list[i];
        if (p->bytes[0] <= piece->bytes[0] && p->bytes[1] <= piece->bytes[1] &&
            p->seconds[0] <= piece->seconds[0] && p->seconds[1] <= piece->seconds[1])
            return true;
    }
    return false;
}

/* A piece that is not dominated. */
static enum dn_status add(struct maker *m, struct dn_piece piece)
{
    struct dn_pieces *out = m->out;
    int n = out->begin[m->last + 1];
    if (n == out->room) {
        int room = out->room ? 2 * out->room : 1024;
        struct dn_piece *list = realloc(out->list, (size_t)room * sizeof *list);
        if (!list)
            return dn_fail(m->err, DN_NO_MEMORY, "%s: no memory to plan", m->flow->graph->path);
        out->list = list;
        out->room = room;
    }
    piece.previous = m->chain[piece.first];
    m->chain[piece.first] = n;
    out->list[n] = piece;
    out->begin[m->last + 1]++;
    return DN_OK;
}

/* Thrift that costs time has to save workspace. */
static bool saves_bytes(const size_t *workspaces, int thrift)
{
    return thrift == 0 || workspaces[thrift] < workspaces[thrift - 1];
}

/* ---- one layer over its whole map ----------------------------------------------------------- */

/* All sizes of slices. */
static enum dn_status add_slices(struct maker *m, int thrift, size_t maps, double whole)
{
    const struct dn_layer *l = layer_at(m, m->last);
    const struct dn_machine *machine = &m->options->machine;
    int slices[SLICES] = {1, 2, 4, 8, 16, dn_plan_slice(l, DN_PLAN_STAGING)}, blocks = dn_blocks(l->out_c);
    for (int k = 0; k < SLICES; k++) {
        if (k && (!dn_has_filters(l) || slices[k] <= slices[k - 1] || slices[k] > blocks || l->shares >= 0))
            continue;
        struct dn_piece p = {.first = m->last, .tiles = 1, .stripes = 1, .slice = slices[k], .thrift = thrift};
        p.bytes[0] = maps + dn_stream_bytes(l, 0, slices[k]);
        p.bytes[1] = maps;
        p.seconds[0] = (float)(whole + dn_cost_stream(machine, l, 0, slices[k], thrift));
        p.seconds[1] = (float)(whole + dn_cost_layer(machine, l, 1, thrift));
        if (!is_dominated(m, &p) && add(m, p))
            return m->err->status;
    }
    return DN_OK;
}

static enum dn_status add_layer(struct maker *m)
{
    const struct dn_layer *l = layer_at(m, m->last);
    size_t maps = 0;
    double whole = m->copies[l->index];
    for (int i = 0; i < m->plan->n_storages; i++) {
        const struct life *life = &m->lives[i];
        maps += life->first <= m->last && life->last >= m->last ? life->whole : 0;
        if (life->first == m->last || (m->last == 0 && life->first < 0))
            whole += dn_cost_map(&m->options->machine, life->whole, life->whole);
    }
    size_t bytes[DN_THRIFT_LEVELS];
    for (int thrift = 0; thrift < DN_THRIFT_LEVELS; thrift++)
        bytes[thrift] = dn_tables_workspace(m->tables, l, l->out_h, 1, thrift);
    for (int thrift = DN_THRIFT_LEVELS - 1; thrift >= 0; thrift--) {
        if (saves_bytes(bytes, thrift) && add_slices(m, thrift, maps + bytes[thrift], whole))
            return m->err->status;
    }
    return DN_OK;
}

/* ---- bands ---------------------------------------------------------------------------------- */

static void begin_bands(struct maker *m, int height, int tiles)
{
    int stripes = m->tables->stripes;
    m->height = height;
    m->tiles = tiles;
    m->ways = stripes > 1 && stripes <= tiles ? 2 : 1;
    memset(m->sums, 0, sizeof m->sums);
    m->sums[0].stripes = 1;
    m->sums[1].stripes = stripes;
    m->samples = dn_min(tiles, SAMPLES);
    for (int i = 0; i < m->samples; i++)
        m->band[i] = i + (tiles - m->samples) / 2;
    m->band[0] = 0;
    memset(m->need, 0, (size_t)(m->flow->graph->n + 1) * SAMPLES * sizeof *m->need);
    for (int map = 0; map <= m->flow->graph->n; map++)
        for (int e = 0; e < m->sums[m->ways - 1].stripes - 1; e++) {
            m->edges[map].end[e] = 0;
            m->edges[map].start[e] = INT_MAX;
        }
    m->live = m->held = m->raw = 0;
    m->hold_seconds = 0;
    for (int i = 0; i < m->plan->n_storages; i++)
        if (m->lives[i].first <= m->last && m->lives[i].last > m->last)
            m->live += m->lives[i].whole;
}

/* The last row of a map that leaves the group when a band is complete. */
static int target_of(const struct maker *m, const struct dn_layer *l, int band)
{
    return (int)(((int64_t)l->out_h * (band + 1) + m->tiles - 1) / m->tiles);
}

/* As want_rows, and the other way round for where stripes begin (see schedule.c). Returns the rows of the
 * layer that are computed twice. */
static int want_edges(struct maker *m, const struct dn_layer *l, bool leaves)
{
    const struct dn_layer_table *t = &m->tables->layers[l->index];
    struct edges *own = &m->edges[l->index + 1];
    const int stripes = m->sums[m->ways - 1].stripes;
    int twice = 0;
    for (int e = 0; e < stripes - 1; e++) {
        int target = leaves ? target_of(m, l, dn_share(m->tiles, e + 1, stripes) - 1) : 0;
        own->end[e] = dn_layer_round(l, dn_max(own->end[e], target), l->out_h);
        if (leaves)
            own->start[e] = dn_layer_round(l, target, l->out_h);
        else
            own->start[e] = own->start[e] < l->out_h ? own->start[e] - own->start[e] % t->grain : l->out_h;
        twice += dn_max(0, own->end[e] - own->start[e]);
        for (int k = 0; k < l->n_in && !l->alias; k++) {
            const struct dn_span *rows = t->rows + (ptrdiff_t)k * l->out_h;
            struct edges *in = &m->edges[m->flow->root[l->in[k] + 1]];
            if (own->end[e] > 0)
                in->end[e] = dn_max(in->end[e], rows[own->end[e] - 1].hi);
            if (own->start[e] < l->out_h)
                in->start[e] = dn_min(in->start[e], rows[own->start[e]].lo);
        }
    }
    return twice;
}

/* Returns the rows of the layer that are computed twice. */
static int want_rows(struct maker *m, const struct dn_layer *l)
{
    const struct dn_layer_table *t = &m->tables->layers[l->index];
    int *need = m->need + (size_t)(l->index + 1) * SAMPLES;
    bool root = m->flow->root[l->index + 1] == l->index + 1;
    bool leaves = m->flow->position[l->index] == m->last;
    for (int r = m->flow->first_reader[l->index + 1]; root && r < m->flow->first_reader[l->index + 2]; r++)
        leaves |= m->flow->position[m->flow->readers[r]] > m->last;
    leaves = root && (leaves || m->flow->output[l->index + 1]);
    if (leaves)
        for (int s = 0; s < m->samples; s++) {
            need[s] = dn_max(need[s], target_of(m, l, m->band[s]));
        }
    for (int s = 0; s < m->samples && t->grain > 1; s++)
        need[s] = dn_layer_round(l, need[s], l->out_h);
    for (int k = 0; k < l->n_in && !l->alias; k++) {
        const struct dn_span *rows = t->rows + (ptrdiff_t)k * l->out_h - 1;
        int *in = m->need + (size_t)m->flow->root[l->in[k] + 1] * SAMPLES;
        for (int s = 0; s < m->samples; s++)
            if (need[s] > 0)
                in[s] = dn_max(in[s], rows[need[s]].hi);
    }
    return want_edges(m, l, leaves);
}

/* The layer that alone reads a map, which has its storage for itself; NULL. */
static const struct dn_layer *only_reader(const struct maker *m, int map)
{
    const struct dn_flow *f = m->flow;
    if (f->first_reader[map + 1] != f->first_reader[map] + 1 || m->plan->places[map].next >= 0)
        return NULL;
    const struct dn_layer *l = &f->graph->layers[f->readers[f->first_reader[map]]];
    return l->n_in == 1 ? l : NULL;
}

/* Rows by which a map goes on. */
static int stride_of(const struct maker *m, int map)
{
    const struct dn_graph *g = m->flow->graph;
    int h = map ? g->layers[map - 1].out_h : g->h, rows = dn_ceil_div(h, m->tiles);
    return map ? dn_layer_round(&g->layers[map - 1], rows, h) : rows;
}

/* Rows of such a map during sampled band i: it goes on when its reader, which does so too, has not enough. */
static int window_rows(const struct maker *m, int map, const struct dn_layer *reader, int i)
{
    const int *need = m->need + (size_t)map * SAMPLES + i, *wanted = m->need + (size_t)(reader->index + 1) * SAMPLES + i;
    const struct dn_span *in = m->tables->layers[reader->index].rows;
    int rows = 0, top = need[-1], stride = stride_of(m, map), step = stride_of(m, reader->index + 1);
    for (int y = wanted[-1]; y < wanted[0]; y += step) {
        int end = in[dn_min(y + step, wanted[0]) - 1].hi;
        if (end > top)
            top = dn_min(need[0], top + dn_ceil_div(end - top, stride) * stride);
        rows = dn_max(rows, top - in[y].lo);
    }
    return rows;
}

/* The lowest row of a map that its readers have still to see when the rows `done` of them exist. */
static int oldest_row(const struct maker *m, int map, const int *done)
{
    int oldest = INT_MAX;
    for (int r = m->flow->first_reader[map]; r < m->flow->first_reader[map + 1]; r++) {
        const struct dn_layer *l = &m->flow->graph->layers[m->flow->readers[r]];
        const struct dn_span *rows = m->tables->layers[l->index].rows + done[(size_t)(l->index + 1) * SAMPLES];
        for (int k = 0; k < l->n_in && done[(size_t)(l->index + 1) * SAMPLES] < l->out_h; k++, rows += l->out_h)
            if (m->flow->root[l->in[k] + 1] == map)
                oldest = dn_min(oldest, rows->lo);
    }
    return oldest;
}

/* Rows by which a map goes on for the next rows of any of its readers in the group. */
static int advance_of(const struct maker *m, int map)
{
    const struct dn_flow *f = m->flow;
    int stride = stride_of(m, map), rows = stride;
    for (int r = f->first_reader[map]; r < f->first_reader[map + 1]; r++) {
        const struct dn_layer *l = &f->graph->layers[f->readers[r]];
        int step = stride_of(m, l->index + 1), h = map ? f->graph->layers[map - 1].out_h : f->graph->h;
        if (l->ops->span && f->position[l->index] <= m->last)
            rows = dn_max(rows, dn_ceil_div(step * h, l->out_h));
    }
    return dn_ceil_div(rows, stride) * stride;
}

/* Rows of a storage during sampled band i: those that its maps have when the band is complete, and what
 * readers that are ahead ask for until the others have come as far. */
static int shared_rows(const struct maker *m, const struct dn_storage *s, int i, bool known)
{
    int top = 0, oldest = INT_MAX, ahead = 0;
    for (int map = s->map; map >= 0; map = m->plan->places[map].next) {
        const int *need = m->need + (size_t)map * SAMPLES + i;
        top = dn_max(top, need[0]);
        oldest = dn_min(oldest, known ? oldest_row(m, map, m->need + i) : 0);
        oldest = dn_min(oldest, known ? need[0] : 0);
        ahead = dn_max(ahead, advance_of(m, map));
    }
    return oldest < INT_MAX ? top - oldest + ahead : 0;
}

/* Rows of a storage that is written and read inside the group only. */
static int ring_rows(const struct maker *m, const struct dn_storage *s)
{
    const struct dn_layer *reader = only_reader(m, s->map);
    int rows = 0;
    for (int i = 0; i < m->samples; i++) {
        bool known = i > 0 && m->band[i - 1] == m->band[i] - 1;
        if (!known && m->samples > 1) /* the first band comes in parts */
            continue;
        rows = dn_max(rows, known && reader ? window_rows(m, s->map, reader, i) : shared_rows(m, s, i, known));
    }
    return dn_max(1, dn_min(rows, s->h));
}

static void add_seconds(struct maker *m, double seconds)
{
    for (int way = 0; way < m->ways; way++)
        for (int thrift = 0; thrift < DN_THRIFT_LEVELS; thrift++)
            m->sums[way].seconds[thrift] += seconds;
}

/* A storage that lives in the group only: a ring, or one for each stripe; the input of stripes is whole. */
static void join_ring(struct maker *m, int i, bool input)
{
    const struct life *life = &m->lives[i];
    const struct dn_storage *s = &m->plan->storages[i];
    size_t ring = dn_storage_bytes(s, ring_rows(m, s), s->w);
    for (int way = 0; way < m->ways; way++) {
        struct sums *sums = &m->sums[way];
        bool whole = input && sums->stripes > 1; /* see dn_group_has_whole_input */
        double seconds = dn_cost_map(&m->options->machine, whole ? life->whole : ring, life->whole);
        sums->ring += whole ? life->whole : ring * (size_t)sums->stripes;
        for (int thrift = 0; thrift < DN_THRIFT_LEVELS; thrift++)
            sums->seconds[thrift] += seconds;
    }
}

/* Storages whose life begins or ends with the position that joins the group. */
static void join_storages(struct maker *m, int position)
{
    for (int i = m->ends[position + 1]; i >= 0 && position >= 0; i = m->lives[i].next_last)
        m->live += m->lives[i].whole;
    for (int i = m->begins[position + 1]; i >= 0; i = m->lives[i].next_first) {
        const struct life *life = &m->lives[i];
        if (life->last <= m->last) {
            m->live -= life->last >= 0 ? life->whole : 0;
            join_ring(m, i, position < 0);
        } else {
            add_seconds(m, dn_cost_map(&m->options->machine, life->whole, life->whole));
        }
    }
}

/* Is what a layer makes both read in the group and needed behind it? Then no group from here on has stripes. */
static bool is_shared(const struct maker *m, int map)
{
    bool read = false;
    for (int r = m->flow->first_reader[map]; r < m->flow->first_reader[map + 1]; r++)
        read |= m->flow->position[m->flow->readers[r]] <= m->last;
    return read && m->lives[m->plan->places[map].storage].last > m->last;
}

static void join_layer(struct maker *m, int position)
{
    const struct dn_layer *l = layer_at(m, position);
    const struct dn_layer_table *t = &m->tables->layers[l->index];
    if (m->ways > 1 && is_shared(m, l->index + 1))
        m->ways = 1;
    double repeats = 1 + (double)want_rows(m, l) / l->out_h;
    add_seconds(m, m->copies[l->index]);
    for (int way = 0; way < m->ways; way++) {
        struct sums *sums = &m->sums[way];
        const struct dn_banded *banded = dn_tables_banded(m->tables, l->index, m->height, m->tiles, sums->stripes);
        for (int thrift = 0; thrift < DN_THRIFT_LEVELS; thrift++) {
            size_t bytes = banded->workspace[thrift];
            sums->workspace[thrift] = bytes > sums->workspace[thrift] ? bytes : sums->workspace[thrift];
            sums->seconds[thrift] += (way ? repeats : 1) * banded->seconds[thrift];
        }
    }
    m->hold_seconds += t->hold;
    m->held += t->held;
    m->raw = t->raw > m->raw ? t->raw : m->raw;
    join_storages(m, position);
    if (position == 0)
        join_storages(m, -1);
}

/* The group from a position on, with workspaces of all sizes. */
static enum dn_status add_group(struct maker *m, int first, const struct sums *sums)
{
    struct dn_group group = {.first = first, .last = m->last};
    bool possible = sums->stripes == 1;
    for (int thrift = DN_THRIFT_LEVELS - 1; thrift >= 0; thrift--) {
        struct dn_piece piece = {.first = first, .tiles = m->tiles, .stripes = sums->stripes, .slice = 1, .thrift = thrift};
        piece.bytes[1] = m->live + sums->ring + sums->workspace[thrift];
        piece.bytes[0] = piece.bytes[1] + m->held + m->raw;
        piece.seconds[1] = (float)sums->seconds[thrift];
        piece.seconds[0] = (float)(sums->seconds[thrift] + m->hold_seconds);
        if (!saves_bytes(sums->workspace, thrift) || piece.bytes[1] > m->most || is_dominated(m, &piece))
            continue;
        possible = possible || dn_plan_has_stripes(m->flow, m->plan, &group);
        if (!possible)
            return DN_OK;
        if (add(m, piece))
            return m->err->status;
    }
    return DN_OK;
}

static enum dn_status add_bands(struct maker *m, int height, int tiles)
{
    begin_bands(m, height, tiles);
    for (int p = m->last; p >= 0 && dn_layer_is_tiled(layer_at(m, p)); p--) {
        join_layer(m, p);
        if (m->sums[0].ring + m->sums[0].workspace[DN_THRIFT_LEVELS - 1] > m->most)
            break;
        for (int way = 0; way < m->ways && (p < m->last || p == 0); way++)
            if (add_group(m, p, &m->sums[way]))
                return m->err->status;
    }
    return DN_OK;
}

/* ---- all ------------------------------------------------------------------------------------ */

static enum dn_status end_at(struct maker *m, int position)
{
    static const int heights[DN_BAND_HEIGHTS] = {1, 2, 4, 8, 16};
    const struct dn_layer *l = layer_at(m, position);
    m->last = position;
    m->out->begin[position + 1] = m->out->begin[position];
    memset(m->chain, -1, (size_t)m->out->n * sizeof *m->chain);
    if (add_layer(m))
        return m->err->status;
    for (int i = 0; i < DN_BAND_HEIGHTS && dn_layer_is_tiled(l) && !l->alias; i++) {
        int tiles = dn_ceil_div(l->out_h, heights[i]);
        if (tiles > 1 && (!m->options->band_rows || m->options->band_rows == heights[i]) && add_bands(m, i, tiles))
            return m->err->status;
    }
    return DN_OK;
}

enum dn_status dn_pieces_make(const struct dn_tables *tables, const struct dn_plan *plan, size_t most,
                              struct dn_pieces *pieces, struct dn_error *err)
{
    const struct dn_flow *flow = tables->flow;
    const struct dn_plan_options *options = tables->options;
    size_t maps = (size_t)flow->graph->n + 1;
    struct maker m = {.tables = tables, .flow = flow, .options = options, .plan = plan, .most = most, .out = pieces, .err = err};
    *pieces = (struct dn_pieces){.n = flow->graph->n};
    pieces->begin = calloc(maps, sizeof *pieces->begin);
    m.lives = calloc(maps, sizeof *m.lives);
    m.need = calloc(maps * SAMPLES, sizeof *m.need);
    m.copies = calloc(maps, sizeof *m.copies);
    m.edges = calloc(maps, sizeof *m.edges);
    m.begins = malloc(3 * (maps + 1) * sizeof *m.begins);
    if (!pieces->begin || !m.lives || !m.need || !m.copies || !m.edges || !m.begins) {
        dn_fail(err, DN_NO_MEMORY, "%s: no memory to plan %zu layers", flow->graph->path, maps - 1);
    } else {
        memset(m.begins, -1, 3 * (maps + 1) * sizeof *m.begins);
        m.ends = m.begins + maps + 1;
        m.chain = m.ends + maps + 1;
        find_lives(&m);
        for (int i = 0; i < pieces->n; i++)
            m.copies[i] = dn_cost_copies(&options->machine, flow, plan, &flow->graph->layers[i]);
    }
    for (int p = 0; p < pieces->n && !err->status; p++)
        end_at(&m, p);
    free(m.lives);
    free(m.need);
    free(m.copies);
    free(m.edges);
    free(m.begins);
    if (err->status)
        dn_pieces_free(pieces);
    return err->status;
}

void dn_pieces_free(struct dn_pieces *pieces)
{
    free(pieces->begin);
    free(pieces->list);
    memset(pieces, 0, sizeof *pieces);
}
