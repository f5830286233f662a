/* Watching a prediction: spans for the caller, and as a file that chrome://tracing and other viewers of
 * its "trace event" format show. Events go to the file as they happen: a trace of many predictions takes
 * no more memory than a trace of one. */
#include "darknet.h"

#include "base/clock.h"
#include "compat/engine.h"
#include "compat/error.h"

static void pass_on(void *context, const struct dn_trace_span *s)
{
    const struct dn_engine *engine = context;
    int channels = s->layer < 0 ? engine->graph.c : engine->graph.layers[s->layer].out_c;
    int end = s->block1 * DN_BLOCK;
    darknet_span span = {.kind = (enum darknet_span_kind)s->kind, .layer = s->layer, .x0 = s->rect.x0,
                         .y0 = s->rect.y0, .x1 = s->rect.x1, .y1 = s->rect.y1,
                         .channel0 = s->block0 * DN_BLOCK, .channel1 = s->layer < 0 || end > channels ? channels : end,
                         .thread = s->thread, .start = s->start, .seconds = s->seconds};
    engine->spans(engine->spans_context, &span);
}

void network_spans(network *net, darknet_spans spans, void *context)
{
    struct dn_engine *engine = dn_engine_of(net);
    engine->spans = spans;
    engine->spans_context = context;
    engine->tracer = (struct dn_tracer){pass_on, engine};
}

darknet_work network_work(const network *net, int index)
{
    darknet_work work = {0};
    const struct dn_graph *g = &dn_engine_of(net)->graph;
    if (index < 0 || index >= g->n)
        return work;
    const struct dn_layer *l = &g->layers[index];
    double floats = (double)(l->file_head + l->file_filters + l->file_tail) + (double)dn_layer_outputs(l);
    for (int k = 0; k < l->n_in; k++)
        floats += l->in[k] < 0 ? (double)dn_graph_inputs(g) : (double)dn_layer_outputs(&g->layers[l->in[k]]);
    work.kernel = dn_layer_kernel(l);
    work.flops = l->flops;
    work.bytes = work.kernel ? floats * sizeof(float) : 0;
    return work;
}

/* Microseconds as 12.345, whatever the locale's point. */
static void print_time(FILE *out, const char *key, double seconds)
{
    long long ns = (long long)(seconds * 1e9);
    fprintf(out, ",\"%s\":%lld.%03lld", key, ns / 1000, ns % 1000);
}

/* One event. The file's lock keeps those of several threads apart. */
static void write_event(void *context, const darknet_span *s)
{
    static const char *const kinds[] = {"step", "input", "read weights", "wait for weights", "part"};
    struct dn_engine *engine = context;
    FILE *out = engine->trace.file;
    flockfile(out);
    if (s->kind == DARKNET_SPAN_INPUT)
        fputs(",\n{\"name\":\"input\"", out);
    else if (s->kind == DARKNET_SPAN_STEP || s->kind == DARKNET_SPAN_PART)
        fprintf(out, ",\n{\"name\":\"%d %s\"", s->layer, network_work(engine->net, s->layer).kernel);
    else
        fprintf(out, ",\n{\"name\":\"%d %s\"", s->layer, kinds[s->kind]);
    fprintf(out, ",\"cat\":\"%s\",\"ph\":\"X\",\"pid\":1,\"tid\":%d", kinds[s->kind], s->thread);
    print_time(out, "ts", s->start - engine->trace_start);
    print_time(out, "dur", s->seconds);
    fprintf(out, ",\"args\":{\"layer\":%d,\"channels\":[%d,%d]", s->layer, s->channel0, s->channel1);
    if (s->kind != DARKNET_SPAN_FETCH && s->kind != DARKNET_SPAN_WAIT)
        fprintf(out, ",\"rows\":[%d,%d],\"columns\":[%d,%d]", s->y0, s->y1, s->x0, s->x1);
    fputs("}}", out);
    funlockfile(out);
}

int network_trace(network *net, const char *path)
{
    struct dn_error *err = dn_error_begin();
    struct dn_engine *engine = dn_engine_of(net);
    if (engine->trace.file) {
        network_spans(net, NULL, NULL);
        fputs("\n]\n", engine->trace.file);
        dn_output_commit(&engine->trace, err);
    }
    if (path && !err->status && !dn_output_open(&engine->trace, path, err)) {
        fputs("[\n{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":1,\"tid\":0,\"args\":{\"name\":\"computes\"}},\n"
              "{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":1,\"tid\":1,\"args\":{\"name\":\"reads weights\"}}",
              engine->trace.file);
        for (int i = 0; i < engine->plan.threads && engine->plan.threads > 1; i++)
            fprintf(engine->trace.file,
                    ",\n{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":1,\"tid\":%d,"
                    "\"args\":{\"name\":\"thread %d\"}}",
                    2 + i, i);
        engine->trace_start = dn_clock();
        network_spans(net, write_event, engine);
    }
    return err->status == DN_OK;
}
