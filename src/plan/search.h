/* The search: the plan of least predicted time within a budget. */
#ifndef DN_PLAN_SEARCH_H
#define DN_PLAN_SEARCH_H

#include "plan/plan.h"

/* Fills a new plan. DN_BUDGET when no plan fits; the least budget is then in plan->least_bytes. */
enum dn_status dn_search(struct dn_flow *flow, const struct dn_plan_options *options,
                         struct dn_plan *plan, struct dn_error *err);

#endif
