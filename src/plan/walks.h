/* Walks: what the schedules of groups have told (see storage.c), kept for other candidates of the search that
 * have the same groups. Most of a candidate's are among those of the ones before it.
 *
 * It follows from the group's layers in their order, from how it is computed, and from which of their maps share
 * their storage with which; for layers computed whole, too. So it holds in other orders of the other layers. */
#ifndef DN_PLAN_WALKS_H
#define DN_PLAN_WALKS_H

#include "plan/plan.h"

struct dn_walk;
struct dn_walked;

struct dn_walks {
    int *latest;             /* [n] the last walk of a group that ends with a layer, or -1 */
    struct dn_walk *list;
    struct dn_walked *maps;  /* of all walks, one behind the other */
    int n, room, n_maps, maps_room;
};

enum dn_status dn_walks_init(struct dn_walks *walks, const struct dn_flow *flow, struct dn_error *err);
void dn_walks_free(struct dn_walks *walks);

/* Fills in the group's workspace.bytes, the rows of storages that live in it only, and its layers' repeats;
 * false when the group is not known. */
bool dn_walks_recall(const struct dn_walks *walks, const struct dn_flow *flow, struct dn_plan *plan,
                     struct dn_group *group);

/* Keeps them, unless there is no memory for it. */
void dn_walks_keep(struct dn_walks *walks, const struct dn_flow *flow, const struct dn_plan *plan,
                   const struct dn_group *group);

#endif
