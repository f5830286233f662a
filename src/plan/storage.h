/* Second part of making a plan: from groups to storages. See storage.c. */
#ifndef DN_PLAN_STORAGE_H
#define DN_PLAN_STORAGE_H

#include "plan/plan.h"

/* Fills places, storages (without offsets) and the groups' workspace_bytes. The
 * arrays must have room for n_layers + 1 entries. */
enum dn_status dn_plan_storages(const struct dn_flow *flow, const struct dn_plan_options *options,
                                struct dn_plan *plan, struct dn_error *err);

#endif
