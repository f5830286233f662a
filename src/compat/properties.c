/* What a loaded network tells of itself: sizes, memory, its plan. */
#include "darknet.h"

#include "base/print.h"
#include "base/process.h"
#include "compat/engine.h"
#include "compat/error.h"
#include "plan/print.h"

void set_batch_network(network *net, int batch)
{
    (void)net, (void)batch;
}

int network_width(network *net)
{
    return net->w;
}

int network_height(network *net)
{
    return net->h;
}

int network_letter_box(const network *net)
{
    return dn_engine_of(net)->graph.letter_box;
}

const char *network_notices(const network *net)
{
    return dn_engine_of(net)->graph.notices;
}

const char *network_table(const network *net)
{
    return dn_engine_of(net)->table;
}

darknet_memory network_memory(const network *net)
{
    const struct dn_engine *engine = dn_engine_of(net);
    const struct dn_plan *p = &engine->plan;
    darknet_memory m = {.arena = p->arena_bytes, .weights = p->weights_bytes, .maps = p->maps_bytes,
                        .workspace = p->arena_bytes - p->weights_bytes - p->maps_bytes};
    m.predicted_peak = dn_engine_process(engine) + p->peak_bytes + engine->ahead.bytes;
    m.measured_peak = dn_process_peak();
    m.budget = engine->budget;
    m.least = engine->budget && p->least_bytes < p->peak_bytes ? p->least_bytes + engine->process + engine->page_cache : 0;
    m.streamed = p->streamed_bytes;
    m.work = p->work;
    m.seconds = p->seconds;
    m.groups = p->n_groups;
    return m;
}

char *network_plan(const network *net, enum darknet_plan_format format)
{
    static void (*const print[])(FILE *, const struct dn_plan_facts *) = {
        [DARKNET_PLAN_TABLE] = dn_plan_table,
        [DARKNET_PLAN_JSON] = dn_plan_json,
        [DARKNET_PLAN_SVG] = dn_plan_picture,
        [DARKNET_PLAN_FUSION] = dn_plan_fusion,
    };
    struct dn_error *err = dn_error_begin();
    const struct dn_engine *e = dn_engine_of(net);
    struct dn_plan_facts facts = {&e->flow, &e->plan, &e->machine, dn_engine_process(e), e->photo, e->budget,
                                  dn_engine_afterwards(net, dn_engine_most_detections(net))};
    struct dn_print p;
    if ((unsigned)format > DARKNET_PLAN_FUSION)
        dn_fail(err, DN_INVALID, "plan format %d is unknown; known are %d to %d", (int)format, DARKNET_PLAN_TABLE,
                DARKNET_PLAN_FUSION);
    if (err->status || dn_print_begin(&p, err))
        return NULL;
    print[format](p.out, &facts);
    return dn_print_end(&p, err);
}

double network_flops(const network *net)
{
    return dn_graph_flops(&dn_engine_of(net)->graph);
}

const char *network_isa(const network *net)
{
    return dn_kernels_name(dn_engine_of(net)->kernels);
}

int network_threads(const network *net)
{
    return dn_engine_of(net)->plan.threads;
}
