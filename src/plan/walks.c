/* See walks.h. */
#include "plan/walks.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"

/* A group that was walked, and where its maps are: one for each layer, from the last one to the first, and one for
 * the input when it is made in the group. */
struct dn_walk {
    int n, tiles, stripes, thrift;
    int maps;
    int before; /* another walk that ends with the same layer, or -1 */
    size_t workspace_bytes;
};

struct dn_walked {
    int map;
    int first, next; /* maps of its storage: the first one, and the one behind it; -1: an alias has none */
    int rows;        /* of the storage */
    float repeats;   /* of the layer */
};

enum dn_status dn_walks_init(struct dn_walks *walks, const struct dn_flow *flow, struct dn_error *err)
{
    *walks = (struct dn_walks){.latest = malloc((size_t)flow->graph->n * sizeof *walks->latest)};
    if (!walks->latest)
        return dn_fail(err, DN_NO_MEMORY, "%s: no memory to plan %d layers", flow->graph->path, flow->graph->n);
    memset(walks->latest, -1, (size_t)flow->graph->n * sizeof *walks->latest);
    return DN_OK;
}

void dn_walks_free(struct dn_walks *walks)
{
    free(walks->latest);
    free(walks->list);
    free(walks->maps);
}

/* The map that is made at a position, the input at -1, as the plan has it. */
static struct dn_walked map_at(const struct dn_flow *flow, const struct dn_plan *plan, int position)
{
    struct dn_walked m = {.map = position < 0 ? 0 : flow->order[position] + 1, .first = -1, .next = -1};
    if (flow->root[m.map] == m.map) {
        const struct dn_storage *s = &plan->storages[plan->places[m.map].storage];
        m.first = s->map;
        m.next = plan->places[m.map].next;
        m.rows = s->rows;
    }
    m.repeats = position < 0 ? 0 : plan->repeats[m.map - 1];
    return m;
}

static int first_position(const struct dn_group *g)
{
    return g->first ? g->first : -1;
}

static bool is_same(const struct dn_walks *walks, const struct dn_walk *w, const struct dn_flow *flow,
                    const struct dn_plan *plan, const struct dn_group *g)
{
    const struct dn_walked *m = walks->maps + w->maps;
    bool same = w->n == g->last - first_position(g) + 1 && w->tiles == g->tiles && w->stripes == g->stripes &&
                w->thrift == g->thrift;
    for (int p = g->last; p >= first_position(g) && same; p--, m++) {
        struct dn_walked here = map_at(flow, plan, p);
        same = m->map == here.map && m->first == here.first && m->next == here.next;
    }
    return same;
}

bool dn_walks_recall(const struct dn_walks *walks, const struct dn_flow *flow, struct dn_plan *plan,
                     struct dn_group *group)
{
    int i = walks->latest[flow->order[group->last]];
    while (i >= 0 && !is_same(walks, &walks->list[i], flow, plan, group))
        i = walks->list[i].before;
    if (i < 0)
        return false;
    const struct dn_walked *m = walks->maps + walks->list[i].maps;
    for (int k = 0; k < walks->list[i].n; k++, m++) {
        if (m->first >= 0)
            plan->storages[plan->places[m->map].storage].rows = m->rows;
        if (m->map > 0)
            plan->repeats[m->map - 1] = m->repeats;
    }
    group->workspace.bytes = walks->list[i].workspace_bytes;
    return true;
}

/* Room for one more walk, over so many maps. */
static bool make_room(struct dn_walks *walks, int maps)
{
    if (walks->n == walks->room) {
        int room = 2 * walks->room + 64;
        struct dn_walk *list = realloc(walks->list, (size_t)room * sizeof *list);
        if (!list)
            return false;
        walks->list = list;
        walks->room = room;
    }
    if (walks->n_maps + maps > walks->maps_room) {
        int room = 2 * walks->maps_room + maps;
        struct dn_walked *list = realloc(walks->maps, (size_t)room * sizeof *list);
        if (!list)
            return false;
        walks->maps = list;
        walks->maps_room = room;
    }
    return true;
}

void dn_walks_keep(struct dn_walks *walks, const struct dn_flow *flow, const struct dn_plan *plan,
                   const struct dn_group *group)
{
    const int n = group->last - first_position(group) + 1;
    if (!make_room(walks, n))
        return;
    int *latest = &walks->latest[flow->order[group->last]];
    walks->list[walks->n] = (struct dn_walk){n, group->tiles, group->stripes, group->thrift, walks->n_maps, *latest,
                                             group->workspace.bytes};
    *latest = walks->n++;
    for (int p = group->last; p >= first_position(group); p--)
        walks->maps[walks->n_maps++] = map_at(flow, plan, p);
}
