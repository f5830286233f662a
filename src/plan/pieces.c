/* See pieces.h. For every last position and band height the group is extended backwards one layer
 * at a time, so that its rows (rings.h) and weights only have to be added up, until no longer one can be of use
 * (bounds.h). */
#include "plan/pieces.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "plan/bounds.h"
#include "plan/rings.h"
#include "plan/storage.h"

enum { SLICES = 6 };

/* When a storage is first written and last read, as positions: n is behind the end. */
struct life {
    int first, last;
    size_t whole; /* bytes of all its rows */
    int next_first, next_last; /* the next storage whose life begins, or ends, at the same position; -1 */
};

/* What a group takes with one or with several stripes. */
struct sums {
    int stripes;
    bool ends; /* no longer group is of use */
    size_t ring, workspace[DN_THRIFT_LEVELS];
    double seconds[DN_THRIFT_LEVELS];
};

struct dn_piece_maker {
    const struct dn_tables *tables;
    const struct dn_flow *flow;
    const struct dn_plan_options *options;
    const struct dn_plan *plan;
    struct life *lives;
    double *copies;     /* [n] seconds of concatenations */
    int *begins, *ends; /* [n + 2] by position + 1: the first storage whose life does there; -1 */
    int *chain;         /* [n] the last piece from each position to the current one; -1 */
    struct dn_rings rings;
    struct dn_bounds bounds;
    size_t most;
    struct dn_pieces *out;
    struct dn_error *err;
    /* of the group that is being extended */
    int last, height, tiles; /* height: its index */
    int table;               /* for so many tiles: maps half as high take the one before it at every height */
    int ways; /* of computing it: 2 when it may be in stripes, too */
    struct sums sums[2];
    size_t live;
    size_t behind; /* of what is live: needed behind the group */
    struct dn_holding holding[DN_STAYS];
};

static double least_of(const double *seconds)
{
    double least = seconds[0];
    for (int thrift = 1; thrift < DN_THRIFT_LEVELS; thrift++)
        least = seconds[thrift] < least ? seconds[thrift] : least;
    return least;
}

static const struct dn_layer *layer_at(const struct dn_piece_maker *m, int position)
{
    return &m->flow->graph->layers[m->flow->order[position]];
}

static void find_lives(struct dn_piece_maker *m)
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

/* Another piece over the same layers is neither larger nor slower in any respect, or others before it are so fast
 * that it cannot be. */
static bool is_useless(const struct dn_piece_maker *m, const struct dn_piece *piece)
{
    const struct dn_piece *p;
    if (!dn_bounds_allow(&m->bounds, piece->first, piece->bytes, piece->seconds))
        return true;
    for (int i = m->chain[piece->first]; i >= 0; i = p->previous) {
        p = &m->out->list[i];
        bool useless = true;
        for (enum dn_stay stay = 0; stay < DN_STAYS; stay++)
            useless = useless && p->bytes[stay] <= piece->bytes[stay] && p->seconds[stay] <= piece->seconds[stay];
        if (useless)
            return true;
    }
    return false;
}

/* A piece that is of use. */
static enum dn_status add(struct dn_piece_maker *m, struct dn_piece piece)
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
    dn_bounds_take(&m->bounds, piece.first, piece.bytes, piece.seconds);
    out->list[n] = piece;
    out->begin[m->last + 1]++;
    return DN_OK;
}

/* The smallest workspace with less thrift than `end`. */
static size_t least_workspace(const size_t *workspaces, int end)
{
    size_t least = workspaces[0];
    for (int thrift = 1; thrift < end; thrift++)
        least = workspaces[thrift] < least ? workspaces[thrift] : least;
    return least;
}

/* Thrift that costs time has to save workspace. */
static bool saves_bytes(const size_t *workspaces, int thrift)
{
    return thrift == 0 || workspaces[thrift] < least_workspace(workspaces, thrift);
}

/* ---- one layer over its whole map ----------------------------------------------------------- */

/* All sizes of slices. */
static enum dn_status add_slices(struct dn_piece_maker *m, int thrift, size_t maps, double whole)
{
    const struct dn_layer *l = layer_at(m, m->last);
    int slices[SLICES] = {1, 2, 4, 8, 16, dn_plan_slice(l, DN_PLAN_STAGING)}, blocks = dn_blocks(l->out_c);
    for (int k = 0; k < SLICES; k++) {
        if (k && (!dn_has_filters(l) || slices[k] <= slices[k - 1] || slices[k] > blocks || l->shares >= 0))
            continue;
        struct dn_piece p = {.first = m->last, .tiles = 1, .stripes = 1, .slice = slices[k], .thrift = thrift};
        for (enum dn_stay stay = 0; stay < DN_STAYS; stay++) {
            struct dn_holding filters = dn_tables_slices(m->tables, l, slices[k], thrift, stay);
            p.bytes[stay] = maps + filters.held;
            p.seconds[stay] = (float)(whole + filters.seconds);
        }
        if (!is_useless(m, &p) && add(m, p))
            return m->err->status;
    }
    return DN_OK;
}

static enum dn_status add_layer(struct dn_piece_maker *m)
{
    const struct dn_layer *l = layer_at(m, m->last);
    size_t maps = 0;
    double whole = m->copies[l->index];
    m->behind = 0;
    for (int i = 0; i < m->plan->n_storages; i++) {
        const struct life *life = &m->lives[i];
        maps += life->first <= m->last && life->last >= m->last ? life->whole : 0;
        m->behind += life->first <= m->last && life->last > m->last ? life->whole : 0;
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

/* Tells the bounds what layers before the group take at least in such bands. */
static void learn_front(struct dn_piece_maker *m, int way)
{
    const int front = 2 * m->height + way;
    for (int p; (p = dn_bounds_next(&m->bounds, front, m->tiles)) >= 0;) {
        const struct dn_layer *l = layer_at(m, p);
        const struct dn_layer_table *t = &m->tables->layers[l->index];
        double seconds[DN_STAYS], bands = INFINITY;
        if (dn_layer_is_tiled(l))
            bands = m->copies[l->index] +
                    (double)t->read / l->out_h * least_of(dn_tables_banded(m->tables, l->index, m->table, m->tiles, m->sums[way].stripes)->seconds);
        for (enum dn_stay stay = 0; stay < DN_STAYS; stay++)
            seconds[stay] = bands + t->holding[stay].seconds;
        dn_bounds_layer(&m->bounds, front, seconds);
    }
}

static void begin_bands(struct dn_piece_maker *m, int height, int tiles)
{
    int stripes = m->tables->stripes;
    m->height = height;
    m->tiles = tiles;
    m->table = dn_min(32 - __builtin_clz((unsigned)(tiles - 1)), DN_BAND_TABLES) - 1;
    m->ways = stripes > 1 && stripes <= tiles ? 2 : 1;
    memset(m->sums, 0, sizeof m->sums);
    m->sums[0].stripes = 1;
    m->sums[1].stripes = stripes;
    dn_rings_begin(&m->rings, m->last, tiles, m->sums[m->ways - 1].stripes);
    m->live = m->behind;
    memset(m->holding, 0, sizeof m->holding);
    for (int way = 0; way < m->ways; way++)
        learn_front(m, way);
}

static void add_seconds(struct dn_piece_maker *m, double seconds)
{
    for (int way = 0; way < m->ways && seconds > 0; way++)
        for (int thrift = 0; thrift < DN_THRIFT_LEVELS; thrift++)
            m->sums[way].seconds[thrift] += seconds;
}

/* A storage that lives in the group only: a ring, or one for each stripe; the input of stripes is whole. */
static void join_ring(struct dn_piece_maker *m, int i, bool input)
{
    const struct life *life = &m->lives[i];
    const struct dn_storage *s = &m->plan->storages[i];
    size_t ring = dn_storage_bytes(s, dn_ring_rows(&m->rings, m->plan, s), s->w);
    for (int way = 0; way < m->ways; way++) {
        struct sums *sums = &m->sums[way];
        bool whole = input && sums->stripes > 1; /* see dn_group_has_whole_input */
        double seconds = dn_cost_map(&m->options->machine, whole ? life->whole : ring, life->whole);
        sums->ring += whole ? life->whole : ring * (size_t)sums->stripes;
        for (int thrift = 0; thrift < DN_THRIFT_LEVELS && seconds > 0; thrift++)
            sums->seconds[thrift] += seconds;
    }
}

/* Storages whose life begins or ends with the position that joins the group. */
static void join_storages(struct dn_piece_maker *m, int position)
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
static bool is_shared(const struct dn_piece_maker *m, int map)
{
    bool read = false;
    for (int r = m->flow->first_reader[map]; r < m->flow->first_reader[map + 1]; r++)
        read |= m->flow->position[m->flow->readers[r]] <= m->last;
    return read && m->lives[m->plan->places[map].storage].last > m->last;
}

static void join_layer(struct dn_piece_maker *m, int position)
{
    const struct dn_layer *l = layer_at(m, position);
    const struct dn_layer_table *t = &m->tables->layers[l->index];
    if (m->ways > 1 && is_shared(m, l->index + 1)) {
        m->ways = 1;
        dn_rings_join_stripes(&m->rings);
    }
    const struct dn_ring_work work = dn_rings_join(&m->rings, l);
    add_seconds(m, m->copies[l->index]);
    for (int way = 0; way < m->ways; way++) {
        struct sums *sums = &m->sums[way];
        const struct dn_banded *banded = dn_tables_banded(m->tables, l->index, m->table, m->tiles, sums->stripes);
        for (int thrift = 0; thrift < DN_THRIFT_LEVELS; thrift++) {
            size_t bytes = banded->workspace[thrift];
            sums->workspace[thrift] = bytes > sums->workspace[thrift] ? bytes : sums->workspace[thrift];
            sums->seconds[thrift] += (double)(way ? work.striped : work.rows) / l->out_h * banded->seconds[thrift];
        }
    }
    for (enum dn_stay stay = 0; stay < DN_STAYS; stay++) {
        struct dn_holding *sum = &m->holding[stay];
        sum->seconds += t->holding[stay].seconds;
        sum->held += t->holding[stay].held;
        sum->raw = t->holding[stay].raw > sum->raw ? t->holding[stay].raw : sum->raw;
    }
    join_storages(m, position);
    if (position == 0)
        join_storages(m, -1);
}

/* What a group takes that computes in so many bytes and seconds. */
static void add_filters(const struct dn_piece_maker *m, size_t maps, double computing, size_t bytes[DN_STAYS],
                        float seconds[DN_STAYS])
{
    for (enum dn_stay stay = 0; stay < DN_STAYS; stay++) {
        bytes[stay] = maps + m->holding[stay].held + m->holding[stay].raw;
        seconds[stay] = (float)(computing + m->holding[stay].seconds);
    }
}

/* What it takes at least, with so many bytes of maps that leave it or are not its own. */
static void find_least(const struct dn_piece_maker *m, const struct sums *sums, size_t maps, size_t bytes[DN_STAYS],
                       float seconds[DN_STAYS])
{
    add_filters(m, maps + sums->ring + least_workspace(sums->workspace, DN_THRIFT_LEVELS), least_of(sums->seconds), bytes, seconds);
}

/* The group from a position on, with workspaces of all sizes. */
static enum dn_status add_group(struct dn_piece_maker *m, int first, const struct sums *sums)
{
    struct dn_group group = {.first = first, .last = m->last};
    bool possible = sums->stripes == 1;
    size_t bytes[DN_STAYS];
    float seconds[DN_STAYS];
    find_least(m, sums, m->live, bytes, seconds);
    if (bytes[DN_ALL_STAY] > m->most || !dn_bounds_allow(&m->bounds, first, bytes, seconds))
        return DN_OK;
    for (int thrift = DN_THRIFT_LEVELS - 1; thrift >= 0; thrift--) {
        struct dn_piece piece = {.first = first, .tiles = m->tiles, .stripes = sums->stripes, .slice = 1, .thrift = thrift};
        add_filters(m, m->live + sums->ring + sums->workspace[thrift], sums->seconds[thrift], piece.bytes, piece.seconds);
        if (!saves_bytes(sums->workspace, thrift) || piece.bytes[DN_ALL_STAY] > m->most || is_useless(m, &piece))
            continue;
        possible = possible || dn_plan_has_stripes(m->flow, m->plan, &group);
        if (!possible)
            return DN_OK;
        if (add(m, piece))
            return m->err->status;
    }
    return DN_OK;
}

/* May a group that begins before a position be of use? It keeps the rings, filters and outputs of the layers from
 * there on. */
static bool may_go_on(const struct dn_piece_maker *m, int position, int way)
{
    size_t bytes[DN_STAYS];
    float seconds[DN_STAYS];
    find_least(m, &m->sums[way], m->behind, bytes, seconds);
    return bytes[DN_ALL_STAY] <= m->most && dn_bounds_go_on(&m->bounds, 2 * m->height + way, position, bytes, seconds);
}

static enum dn_status add_bands(struct dn_piece_maker *m, int height, int tiles)
{
    begin_bands(m, height, tiles);
    bool goes_on = true;
    for (int p = m->last; p >= 0 && goes_on && dn_layer_is_tiled(layer_at(m, p)); p--) {
        join_layer(m, p);
        goes_on = false;
        for (int way = 0; way < m->ways; way++) {
            struct sums *sums = &m->sums[way];
            if (!sums->ends && (p < m->last || p == 0) && add_group(m, p, sums))
                return m->err->status;
            sums->ends = sums->ends || !may_go_on(m, p, way);
            goes_on = goes_on || !sums->ends;
        }
    }
    return DN_OK;
}

/* ---- all ------------------------------------------------------------------------------------ */

static enum dn_status end_at(struct dn_piece_maker *m, int position)
{
    static const int heights[DN_BAND_HEIGHTS] = {1, 2, 4, 8, 16};
    const struct dn_layer *l = layer_at(m, position);
    m->last = position;
    m->out->begin[position + 1] = m->out->begin[position];
    dn_bounds_begin(&m->bounds, position);
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

enum dn_status dn_pieces_init(struct dn_pieces *pieces, const struct dn_tables *tables, struct dn_error *err)
{
    const struct dn_graph *g = tables->flow->graph;
    const size_t maps = (size_t)g->n + 1;
    struct dn_piece_maker *m = calloc(1, sizeof *m);
    *pieces = (struct dn_pieces){.n = g->n, .begin = calloc(maps, sizeof *pieces->begin), .maker = m};
    if (m) {
        *m = (struct dn_piece_maker){.tables = tables, .flow = tables->flow, .options = tables->options};
        m->lives = calloc(maps, sizeof *m->lives);
        m->copies = calloc(maps, sizeof *m->copies);
        m->begins = malloc(3 * (maps + 1) * sizeof *m->begins);
    }
    if (!m || !pieces->begin || !m->lives || !m->copies || !m->begins)
        return dn_fail(err, DN_NO_MEMORY, "%s: no memory to plan %d layers", g->path, g->n);
    m->ends = m->begins + maps + 1;
    m->chain = m->ends + maps + 1;
    return dn_rings_init(&m->rings, tables, err) ? err->status : dn_bounds_init(&m->bounds, g->n, err);
}

enum dn_status dn_pieces_make(struct dn_pieces *pieces, const struct dn_plan *plan, size_t most, size_t highest, struct dn_error *err)
{
    struct dn_piece_maker *m = pieces->maker;
    m->plan = plan;
    m->most = most;
    m->out = pieces;
    m->err = err;
    memset(m->begins, -1, 2 * ((size_t)pieces->n + 2) * sizeof *m->begins);
    find_lives(m);
    for (int i = 0; i < pieces->n; i++)
        m->copies[i] = dn_cost_copies(&m->options->machine, m->flow, plan, &m->flow->graph->layers[i]);
    dn_bounds_clear(&m->bounds, highest);
    for (int p = 0; p < pieces->n && !err->status; p++)
        end_at(m, p);
    return err->status;
}

void dn_pieces_free(struct dn_pieces *pieces)
{
    struct dn_piece_maker *m = pieces->maker;
    if (m) {
        free(m->lives);
        free(m->copies);
        free(m->begins);
        dn_rings_free(&m->rings);
        dn_bounds_free(&m->bounds);
    }
    free(m);
    free(pieces->begin);
    free(pieces->list);
}
