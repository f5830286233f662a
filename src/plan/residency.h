/* Residency: which filters stay in memory between runs. */
#ifndef DN_PLAN_RESIDENCY_H
#define DN_PLAN_RESIDENCY_H

#include "plan/plan.h"

/* Keeps all filters, or only those that have to stay. */
void dn_plan_keep(const struct dn_flow *flow, bool all, struct dn_plan *plan);

/* The filters that would stay if so many bytes were left for them; nothing is laid out. */
enum dn_status dn_plan_suppose(const struct dn_flow *flow, const struct dn_plan_options *options, size_t bytes,
                               struct dn_plan *plan, struct dn_error *err);

/* Lays the plan's groups out, whose rows are known (dn_plan_rows), with all filters resident (`all`), or with as many as the budget has
 * room for, those first that save most time per byte. Wishes of plan->weights[].wish come first.
 * *least gets the plan's bytes with as few resident as allowed. plan->peak_bytes may be above the
 * budget in the end: then these groups do not fit it, or take longer than `seconds`. */
enum dn_status dn_plan_reside(const struct dn_flow *flow, const struct dn_plan_options *options, bool all, double seconds,
                              struct dn_plan *plan, size_t *least, struct dn_error *err);

/* The sentence for a budget below the least possible arena. */
enum dn_status dn_plan_refuse(const struct dn_flow *flow, const struct dn_plan_options *options,
                              size_t least, struct dn_error *err);

#endif
