/* The verifier: proves a plan before it runs, knowing nothing of how its groups and places were chosen. What filters and
 * their way from the file take it asks for as the planner does (plan.h).
 *
 * It walks the steps as the executor will (check_steps.c) and follows every row: each row of a map is written, once
 * unless the group recomputes; every row that a step reads has been written and has not been overwritten in its
 * ring; maps that leave their group are complete when it ends; memory of storages, weights and
 * what else groups need that live at the same time does not overlap, and all of it lies inside the arena. */
#ifndef DN_PLAN_CHECK_H
#define DN_PLAN_CHECK_H

#include "plan/plan.h"

/* DN_OK, or DN_INVALID with the first thing that is wrong. */
enum dn_status dn_plan_check(const struct dn_flow *flow, const struct dn_plan *plan, struct dn_error *err);

#endif
