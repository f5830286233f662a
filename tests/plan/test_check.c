/* The verifier: a plan that was damaged anywhere is refused, or still gives the right bits. */
#include "support/suite.h"

#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "plan/check.h"
#include "support/net_run.h"

/* ---- damage --------------------------------------------------------------------------------- */

/* By one, to nothing, or by far. */
static void hurt_int(struct dice *d, int *v)
{
    *v = chance(d, 60) ? *v + (chance(d, 50) ? 1 : -1) : chance(d, 50) ? 0 : *v + between(d, -20, 20);
}

static void hurt_size(struct dice *d, size_t *v)
{
    size_t step = (size_t)DN_ALIGN * (size_t)between(d, 1, chance(d, 50) ? 1 : 200);
    *v = chance(d, 5) ? *v + 4 : chance(d, 50) ? *v + step : *v > step ? *v - step : 0;
}

static void hurt_storage(struct dice *d, struct dn_plan *p)
{
    struct dn_storage *s = &p->storages[roll(d, p->n_storages)];
    struct dn_storage *o = &p->storages[roll(d, p->n_storages)];
    int *numbers[] = {&s->c, &s->h, &s->w, &s->rows, &s->columns, &s->pad, &s->map, &s->buffer.first, &s->buffer.last, &s->strip, &s->copies};
    int kind = roll(d, 16);
    if (kind < 11)
        hurt_int(d, numbers[kind]);
    else if (kind == 11)
        hurt_size(d, &s->buffer.bytes);
    else if (kind == 12)
        hurt_size(d, &s->buffer.offset);
    else if (kind == 13)
        s->buffer.bytes *= (size_t)(s->copies = p->groups[roll(d, p->n_groups)].stripes);
    else if (kind == 14)
        s->buffer.offset = o->buffer.offset;
    else
        s->tile = !s->tile;
}

static void hurt_group(struct dice *d, struct dn_plan *p)
{
    struct dn_group *g = &p->groups[roll(d, p->n_groups)];
    int *numbers[] = {&g->first, &g->last, &g->tiles, &g->columns, &g->stripes, &g->ahead, &g->readers, &g->stream.first, &g->thrift};
    size_t *sizes[] = {&g->workspace.bytes, &g->workspace.offset, &g->stream.bytes, &g->stream.offset, &g->raw, &g->raw_bytes};
    int kind = roll(d, 18);
    if (kind < 9)
        hurt_int(d, numbers[kind]);
    else if (kind == 9)
        p->n_groups--;
    else if (kind < 16)
        hurt_size(d, sizes[kind - 10]);
    else if (kind == 16)
        g->recompute = !g->recompute;
    else
        g->tiles = g->columns = 1;
}

static void hurt_weights(struct dice *d, struct dn_plan *p)
{
    struct dn_weight_place *w = &p->weights[roll(d, p->n_layers)];
    size_t *sizes[] = {&w->params, &w->filters, &w->bytes, &w->packed, &w->slot_bytes};
    int *numbers[] = {&w->resident, &w->slice, &w->slots};
    int kind = roll(d, 9);
    if (kind < 5)
        hurt_size(d, sizes[kind]);
    else if (kind < 8)
        hurt_int(d, numbers[kind - 5]);
    else
        w->pairs = !w->pairs;
}

static void hurt_rest(struct dice *d, struct dn_plan *p)
{
    struct dn_place *place = &p->places[roll(d, p->n_layers + 1)];
    int *numbers[] = {&place->storage, &place->channel, &place->next, &p->team};
    size_t *sizes[] = {&p->staging, &p->staging_bytes, &p->staging_read, &p->input_row, &p->input_row_bytes,
                       &p->weights_bytes, &p->arena_bytes, &p->outputs_bytes, &p->peak_bytes, &p->results[roll(d, p->n_layers)]};
    int kind = roll(d, 14);
    if (kind < 4)
        hurt_int(d, numbers[kind]);
    else
        hurt_size(d, sizes[kind - 4]);
}

static void hurt(struct dice *d, struct dn_plan *p)
{
    static void (*const kinds[])(struct dice *, struct dn_plan *) = {hurt_storage, hurt_group, hurt_weights, hurt_rest};
    kinds[roll(d, 4)](d, p);
}

/* What differs, for the message. */
static const char *difference(const struct dn_plan *a, const struct dn_plan *b)
{
    static char text[512];
    *text = 0;
    for (int i = 0; i < a->n_storages; i++)
        if (memcmp(&a->storages[i], &b->storages[i], sizeof *a->storages) != 0)
            snprintf(text, sizeof text,
                     "storage %d: %dx%dx%d to %dx%dx%d, rows %d to %d, columns %d to %d, tile %d to %d, strip %d to %d, map %d to %d, "
                     "pad %d to %d, life %d-%d to %d-%d, bytes %zu to %zu, at %zu to %zu",
                     i, a->storages[i].c, a->storages[i].h, a->storages[i].w, b->storages[i].c, b->storages[i].h, b->storages[i].w,
                     a->storages[i].rows, b->storages[i].rows, a->storages[i].columns, b->storages[i].columns, a->storages[i].tile,
                     b->storages[i].tile, a->storages[i].strip, b->storages[i].strip, a->storages[i].map, b->storages[i].map,
                     a->storages[i].pad, b->storages[i].pad,
                     a->storages[i].buffer.first, a->storages[i].buffer.last, b->storages[i].buffer.first,
                     b->storages[i].buffer.last, a->storages[i].buffer.bytes, b->storages[i].buffer.bytes,
                     a->storages[i].buffer.offset, b->storages[i].buffer.offset);
    for (int i = 0; i < a->n_groups; i++)
        if (memcmp(&a->groups[i], &b->groups[i], sizeof *a->groups) != 0)
            snprintf(text, sizeof text, "group %d: %d-%d %dx%d to %d-%d %dx%d, recompute %d to %d, stripes %d to %d", i, a->groups[i].first,
                     a->groups[i].last, a->groups[i].tiles, a->groups[i].columns, b->groups[i].first, b->groups[i].last,
                     b->groups[i].tiles, b->groups[i].columns, a->groups[i].recompute, b->groups[i].recompute,
                     a->groups[i].stripes, b->groups[i].stripes);
    for (int i = 0; i < a->n_layers; i++)
        if (memcmp(&a->weights[i], &b->weights[i], sizeof *a->weights) != 0)
            snprintf(text, sizeof text, "weights %d: resident %d to %d, slice %d to %d", i, a->weights[i].resident,
                     b->weights[i].resident, a->weights[i].slice, b->weights[i].slice);
    for (int i = 0; i <= a->n_layers; i++)
        if (memcmp(&a->places[i], &b->places[i], sizeof *a->places) != 0)
            snprintf(text, sizeof text, "place of map %d: storage %d to %d, channel %d to %d, next %d to %d", i, a->places[i].storage,
                     b->places[i].storage, a->places[i].channel, b->places[i].channel, a->places[i].next, b->places[i].next);
    return text;
}

/* ---- the law -------------------------------------------------------------------------------- */

static void damage_often(struct net_run *run, const struct net_case *c, const struct dn_plan *plan, int counts[2])
{
    struct dice d = {c->seed};
    struct dn_plan hurt_plan;
    struct dn_error err = {0};
    ck_assert(!dn_plan_new(&run->g.flow, &run->options, &hurt_plan, &err));
    for (int i = 0; i < 40; i++) {
        struct dn_error refused = {0}, why = {0};
        dn_plan_copy(&hurt_plan, plan);
        hurt(&d, &hurt_plan);
        bool accepted = !dn_plan_check(&run->g.flow, &hurt_plan, &refused);
        counts[accepted]++;
        if (getenv("DN_VERBOSE") && accepted)
            fprintf(stderr, "seed %llu, damage %d: %s\n", (unsigned long long)c->seed, i, difference(plan, &hurt_plan));
        if (!accepted || hurt_plan.arena_bytes > plan->arena_bytes + (64 << 20))
            continue;
        if (!net_run_equal(run, &hurt_plan, 2, &why)) {
            net_case_print(stdout, c);
            ck_abort_msg("damage %d was accepted: %s\n%s", i, difference(plan, &hurt_plan), why.text);
        }
    }
    dn_plan_free(&hurt_plan);
}

START_TEST(test_a_damaged_plan_is_refused_or_right)
{
    uint64_t seed = (uint64_t)env_number("DN_SEED", 1) + (uint64_t)_i * 1000;
    int counts[2] = {0, 0};
    for (int i = 0; i < env_number("DN_PLANS", 30); i++) {
        static struct net_case c;
        struct net_run run;
        struct dn_plan plan;
        struct dn_error err = {0};
        net_case_make(&c, seed + (uint64_t)i);
        if (i % 3 == 0)
            net_case_grids(&c);
        if (!net_run_open(&run, &c))
            continue;
        if (!net_run_plan(&run, &c, &plan, &err)) {
            ck_assert_msg(!dn_plan_check(&run.g.flow, &plan, &err), "%s", err.text);
            damage_often(&run, &c, &plan, counts);
            dn_plan_free(&plan);
        }
        net_run_close(&run);
    }
    ck_assert_int_gt(counts[0], 2 * counts[1] / 3);
}
END_TEST

Suite *suite(void)
{
    net_run_patiently();
    Suite *s = suite_create("plan/check");
    TCase *t = tcase_create("damage");
    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, test_a_damaged_plan_is_refused_or_right, 0, 4);
    suite_add_tcase(s, t);
    return s;
}
