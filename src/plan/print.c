/* See print.h. */
#include "plan/print.h"

#include <stdlib.h>

#include "base/size.h"

static const double MB = 1 << 20;

struct dn_plan_use dn_plan_use(const struct dn_plan *plan, int group)
{
    const struct dn_group *g = &plan->groups[group];
    struct dn_plan_use use = {.resident = plan->weights_bytes, .workspace = g->workspace.bytes};
    for (int i = 0; i < plan->n_groups; i++) {
        const struct dn_buffer *b = &plan->groups[i].stream;
        use.streamed += b->first <= group && b->last >= group ? b->bytes : 0;
    }
    for (int i = 0; i < plan->n_storages; i++) {
        const struct dn_buffer *b = &plan->storages[i].buffer;
        use.maps += b->first <= group && b->last >= group ? b->bytes : 0;
    }
    return use;
}

static size_t total(struct dn_plan_use use)
{
    return use.resident + use.maps + use.workspace + use.streamed;
}

double dn_plan_group_seconds(const struct dn_plan_facts *f, int group)
{
    return dn_cost_group(f->flow, f->plan, f->machine, &f->plan->groups[group]);
}

void dn_plan_ranges(FILE *out, const struct dn_flow *flow, const struct dn_group *g)
{
    const char *comma = "";
    for (int l = 0; l < flow->graph->n; l++) {
        int end = l;
        while (end < flow->graph->n && flow->position[end] >= g->first && flow->position[end] <= g->last)
            end++;
        if (end == l)
            continue;
        fprintf(out, "%s%d-%d", comma, l, end - 1);
        comma = ",";
        l = end;
    }
}

static const char *mode(const struct dn_group *g)
{
    if (dn_group_is_whole(g))
        return "layer";
    if (g->recompute)
        return "grid, recompute";
    return g->columns > 1 ? "grid, reuse" : "bands";
}

static int peak_group(const struct dn_plan *plan)
{
    int peak = 0;
    for (int g = 1; g < plan->n_groups; g++)
        if (total(dn_plan_use(plan, g)) > total(dn_plan_use(plan, peak)))
            peak = g;
    return peak;
}

static double repeats(const struct dn_plan_facts *f, const struct dn_group *g)
{
    double done = 0, all = 0;
    for (int p = g->first; p <= g->last; p++) {
        const struct dn_layer *l = &f->flow->graph->layers[f->flow->order[p]];
        done += l->flops * (double)f->plan->repeats[l->index];
        all += l->flops;
    }
    return all > 0 ? done / all : 1;
}

void dn_plan_table(FILE *out, const struct dn_plan_facts *f)
{
    const struct dn_plan *plan = f->plan;
    int peak = peak_group(plan);
    fprintf(out, "%-16s %-15s %-8s %5s %9s %9s %9s %9s %8s\n", "layers", "mode", "tiles", "work", "maps MB",
            "weights", "workspace", "peak MB", "time ms");
    for (int i = 0; i < plan->n_groups; i++) {
        const struct dn_group *g = &plan->groups[i];
        struct dn_plan_use use = dn_plan_use(plan, i);
        char *layers = NULL, tiles[32], stripes[32] = "";
        size_t size;
        FILE *text = open_memstream(&layers, &size);
        if (text) {
            dn_plan_ranges(text, f->flow, g);
            fclose(text);
        }
        snprintf(tiles, sizeof tiles, "%dx%d", g->tiles, g->columns);
        if (g->stripes > 1)
            snprintf(stripes, sizeof stripes, "bands %d stripes", g->stripes);
        fprintf(out, "%-16s %-15s %-8s %5.2f %9.2f %9.2f %9.2f %9.2f %8.2f%s\n", layers ? layers : "?", g->stripes > 1 ? stripes : mode(g), tiles,
                repeats(f, g), (double)use.maps / MB, (double)(use.resident + use.streamed) / MB,
                (double)use.workspace / MB, (double)(total(use) + f->process) / MB,
                1e3 * dn_plan_group_seconds(f, i), i == peak ? "  <- peak" : "");
        free(layers);
    }
    fprintf(out, "process %.2f MB + weights %.2f MB + maps and scratch %.2f MB + edges %.2f MB = %.2f MB",
            (double)f->process / MB, (double)plan->weights_bytes / MB, (double)plan->maps_bytes / MB,
            (double)(plan->arena_bytes - plan->weights_bytes - plan->maps_bytes) / MB,
            (double)(f->process + plan->arena_bytes) / MB);
    if (plan->peak_bytes > plan->arena_bytes)
        fprintf(out, ", with boxes %.2f MB", (double)(f->process + plan->peak_bytes) / MB);
    if (f->budget)
        fprintf(out, " of %.2f MB", (double)f->budget / MB);
    if (f->afterwards && plan->outputs_bytes == plan->arena_bytes)
        fprintf(out, "\nafter the run: all of it + boxes at most %.2f MB", (double)f->afterwards / MB);
    else if (f->afterwards)
        fprintf(out, "\nafter the run, where maps were: outputs %.2f MB + boxes at most %.2f MB", (double)plan->outputs_bytes / MB,
                (double)f->afterwards / MB);
    fprintf(out, "\n%d groups, work %.2f, %.1f MB of weights read in every run, predicted %.1f ms\n",
            plan->n_groups, plan->work, plan->streamed_bytes / MB, 1e3 * plan->seconds);
}

void dn_plan_json(FILE *out, const struct dn_plan_facts *f)
{
    const struct dn_plan *plan = f->plan;
    fprintf(out, "{\n  \"predicted_peak_bytes\": %zu,\n  \"arena_bytes\": %zu,\n  \"process_bytes\": %zu,\n"
                 "  \"weights_bytes\": %zu,\n  \"maps_bytes\": %zu,\n  \"budget_bytes\": %zu,\n"
                 "  \"outputs_bytes\": %zu,\n  \"boxes_bytes\": %zu,\n"
                 "  \"streamed_bytes\": %.0f,\n  \"work\": %.4f,\n  \"seconds\": %.6f,\n  \"peak_group\": %d,\n"
                 "  \"groups\": [\n",
            f->process + plan->peak_bytes, plan->arena_bytes, f->process, plan->weights_bytes,
            plan->maps_bytes, f->budget, plan->outputs_bytes, f->afterwards, plan->streamed_bytes, plan->work, plan->seconds, peak_group(plan));
    for (int i = 0; i < plan->n_groups; i++) {
        const struct dn_group *g = &plan->groups[i];
        struct dn_plan_use use = dn_plan_use(plan, i);
        fprintf(out, "    {\"layers\": \"");
        dn_plan_ranges(out, f->flow, g);
        fprintf(out, "\", \"mode\": \"%s\", \"tiles\": [%d, %d], \"stripes\": %d, \"work\": %.4f, \"maps_bytes\": %zu, "
                     "\"streamed_bytes\": %zu, \"workspace_bytes\": %zu, \"seconds\": %.6f}%s\n",
                mode(g), g->tiles, g->columns, g->stripes, repeats(f, g), use.maps, use.streamed, use.workspace,
                dn_plan_group_seconds(f, i), i + 1 < plan->n_groups ? "," : "");
    }
    fprintf(out, "  ]\n}\n");
}

static bool is_early(const struct dn_flow *flow)
{
    for (int i = 0; i < flow->graph->n; i++)
        if (flow->order[i] != i)
            return true;
    return false;
}

/* Slices are printed of resident layers, too: how many can be resident depends on all. */
static int largest_slice(const struct dn_plan_facts *f, const struct dn_group *g)
{
    int slice = 0;
    for (int p = g->first; p <= g->last && dn_group_is_whole(g); p++) {
        const struct dn_layer *l = &f->flow->graph->layers[f->flow->order[p]];
        if (dn_has_filters(l))
            slice = dn_max(slice, f->plan->weights[l->index].slice);
    }
    return slice;
}

void dn_plan_fusion(FILE *out, const struct dn_plan_facts *f)
{
    const struct dn_plan *plan = f->plan;
    for (int i = 0; i < plan->n_groups; i++) {
        const struct dn_group *g = &plan->groups[i];
        int slice = largest_slice(f, g);
        fprintf(out, "%s[fusion]\nlayers=", i ? "\n" : "");
        dn_plan_ranges(out, f->flow, g);
        fprintf(out, "\ntiles=%dx%d\noverlap=%s\n", g->tiles, g->columns, g->recompute ? "recompute" : "reuse");
        if (i == 0)
            fprintf(out, "order=%s\nconcat=%d\n", is_early(f->flow) ? "early" : "file",
                    plan->concat_distance);
        if (g->stripes > 1)
            fprintf(out, "stripes=%d\n", g->stripes);
        if (slice)
            fprintf(out, "slice=%d\n", slice);
        if (g->thrift)
            fprintf(out, "thrift=%d\n", g->thrift);
    }
}
