/* Look-ahead: what the chosen plan leaves of memory holds filters on their way from the file. */
#ifndef DN_PLAN_LOOK_AHEAD_H
#define DN_PLAN_LOOK_AHEAD_H

#include "plan/plan.h"

/* Lets stream buffers live since the group before that streams, and gives layers more slots, where that needs
 * no more memory than the plan has at its peak, or than the budget leaves. */
enum dn_status dn_plan_look_ahead(const struct dn_flow *flow, const struct dn_plan_options *options,
                                  struct dn_plan *plan, struct dn_error *err);

#endif
