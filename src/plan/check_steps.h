/* The second part of the verifier: what is in memory, step by step. For check.c, which has proven that all
 * storages, places and scratch are where they should be. */
#ifndef DN_PLAN_CHECK_STEPS_H
#define DN_PLAN_CHECK_STEPS_H

#include "plan/plan.h"

enum dn_status dn_check_steps(const struct dn_flow *flow, const struct dn_plan *plan, struct dn_error *err);

#endif
