/* Storages: which maps share memory, how many rows they keep, and how long they live. */
#ifndef DN_PLAN_STORAGE_H
#define DN_PLAN_STORAGE_H

#include "plan/walks.h"

/* Before groups are known: fills places and the shapes of the storages. Parts of a concatenation
 * that are made at most plan->concat_distance positions before it lie in place. */
void dn_plan_places(const struct dn_flow *flow, struct dn_plan *plan);

/* For the groups: rows, lifetimes and bytes of the storages, and the bytes of the groups' workspaces. */
enum dn_status dn_plan_rows(const struct dn_flow *flow, const struct dn_plan_options *options,
                            struct dn_plan *plan, struct dn_error *err);

/* The same for bands and whole layers, which are not walked again when `walks` knows them. */
enum dn_status dn_plan_rows_known(const struct dn_flow *flow, const struct dn_plan_options *options,
                                  struct dn_walks *walks, struct dn_plan *plan, struct dn_error *err);

/* Bytes of `rows` rows of `width` columns of a storage. */
size_t dn_storage_bytes(const struct dn_storage *s, int rows, int width);

/* Bytes of the strip behind the tile. */
size_t dn_strip_bytes(const struct dn_storage *s);

#endif
