/* See walks.h. */
#include "plan/walks.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"

/* A group that was walked, and where its maps are: one for each position, and one for the input when it is made
 * in the group. */
struct dn_walk {
    int first, tiles, stripes, thrift;
    int maps;
    int before; /* another walk that ends at the same position, or -1 */
    size_t workspace_bytes;
};

struct dn_walked {
    int rows;      /* of the map's storage */
    float repeats; /* of the layer */
};

enum dn_status dn_walks_init(struct dn_walks *walks, const struct dn_flow *flow, struct dn_error *err)
{
    *walks = (struct dn_walks){.latest = malloc((size_t)flow->graph->n * sizeof *walks->latest)};
    if (!walks->latest)
        return dn_fail(err, DN_NO_MEMORY, "%s: no memory to plan %d layers", flow->graph->path, flow->graph->n);
    dn_walks_forget(walks, flow);
    return DN_OK;
}

void dn_walks_free(struct dn_walks *walks)
{
    free(walks->latest);
    free(walks->list);
    free(walks->maps);
}

void dn_walks_forget(struct dn_walks *walks, const struct dn_flow *flow)
{
    memset(walks->latest, -1, (size_t)flow->graph->n * sizeof *walks->latest);
    walks->n = walks->n_maps = 0;
}

/* The storage of the map that is made at a position (the input at -1), or NULL: an alias has none. */
static struct dn_storage *storage_at(const struct dn_flow *flow, const struct dn_plan *plan, int position)
{
    int map = position < 0 ? 0 : flow->order[position] + 1;
    return flow->root[map] == map ? &plan->storages[plan->places[map].storage] : NULL;
}

static int first_position(const struct dn_group *g)
{
    return g->first ? g->first : -1;
}

bool dn_walks_recall(const struct dn_walks *walks, const struct dn_flow *flow, struct dn_plan *plan,
                     struct dn_group *group)
{
    const struct dn_walk *w = NULL;
    bool found = false;
    for (int i = walks->latest[group->last]; i >= 0 && !found; i = w->before) {
        w = &walks->list[i];
        found = w->first == group->first && w->tiles == group->tiles && w->stripes == group->stripes &&
                w->thrift == group->thrift;
    }
    if (!found)
        return false;
    const struct dn_walked *m = walks->maps + w->maps;
    for (int p = first_position(group); p <= group->last; p++, m++) {
        struct dn_storage *s = storage_at(flow, plan, p);
        if (s)
            s->rows = m->rows;
        if (p >= 0)
            plan->repeats[flow->order[p]] = m->repeats;
    }
    group->workspace_bytes = w->workspace_bytes;
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
    if (!make_room(walks, group->last - first_position(group) + 1))
        return;
    int *latest = &walks->latest[group->last];
    walks->list[walks->n] = (struct dn_walk){group->first, group->tiles, group->stripes, group->thrift, walks->n_maps,
                                             *latest, group->workspace_bytes};
    *latest = walks->n++;
    for (int p = first_position(group); p <= group->last; p++) {
        const struct dn_storage *s = storage_at(flow, plan, p);
        walks->maps[walks->n_maps++] = (struct dn_walked){s ? s->rows : 0, p < 0 ? 0 : plan->repeats[flow->order[p]]};
    }
}
