/* A plan as text: table, JSON, [fusion] sections, picture. Each prints to `out`. */
#ifndef DN_PLAN_PRINT_H
#define DN_PLAN_PRINT_H

#include <stdio.h>

#include "plan/plan.h"

/* What to know beside the plan itself; sizes in bytes. */
struct dn_plan_facts {
    const struct dn_flow *flow;
    const struct dn_plan *plan;
    const struct dn_machine *machine;
    size_t process; /* beside the arena */
    size_t photo;   /* of it, for reading the photo */
    size_t budget;  /* 0: none */
    size_t afterwards; /* of what is made of the outputs, boxes above all, at the most */
};

/* Bytes in use while a group runs, by kind. */
struct dn_plan_use {
    size_t resident;   /* parameters and filters that stay */
    size_t maps;       /* activations that live */
    size_t workspace;  /* of the kernels */
    size_t streamed;   /* filters on their way from the file */
};
struct dn_plan_use dn_plan_use(const struct dn_plan *plan, int group);

/* Predicted seconds of a group. */
double dn_plan_group_seconds(const struct dn_plan_facts *f, int group);

/* Layers of a group as ranges: "0-7" or "12-17,25-27". */
void dn_plan_ranges(FILE *out, const struct dn_flow *flow, const struct dn_group *g);

void dn_plan_table(FILE *out, const struct dn_plan_facts *f);
void dn_plan_json(FILE *out, const struct dn_plan_facts *f);
void dn_plan_fusion(FILE *out, const struct dn_plan_facts *f);
void dn_plan_picture(FILE *out, const struct dn_plan_facts *f); /* picture.c */

#endif
