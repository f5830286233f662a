/* bench -profile: where the time of a prediction goes, layer by layer.
 *
 * Each row is the mean over the timed runs, so that the rows add up to the mean of the runs; what threads
 * compute side by side, in stripes, counts with the mean of them. Reading streamed weights in the computing
 * thread, or asking and waiting for the thread that reads them, has its own row, and so has the input; "rest"
 * is what remains: preparing and copying maps, waiting for other stripes, and the bookkeeping. */
#include "bench.h"

#include <stdlib.h>

bool dn_profile_open(struct dn_profile *p, const network *net)
{
    *p = (struct dn_profile){.layers = net->n, .threads = network_threads(net),
                             .steps = calloc((size_t)net->n, sizeof *p->steps),
                             .work = calloc((size_t)net->n, sizeof *p->work)};
    if (!p->steps || !p->work)
        return dn_complain("there is no memory for a profile of %d layers", net->n), false;
    for (int i = 0; i < net->n; i++)
        p->work[i] = network_work(net, i);
    return true;
}

void dn_profile_close(struct dn_profile *p)
{
    free(p->steps);
    free(p->work);
}

/* Several threads add at once. */
static void add_shared(double *sum, double seconds)
{
#pragma omp atomic
    *sum += seconds;
}

void dn_profile_add(void *context, const darknet_span *span)
{
    struct dn_profile *p = context;
    if (span->kind == DARKNET_SPAN_STEP && span->thread)
        add_shared(&p->steps[span->layer], span->seconds / p->threads);
    else if (span->thread != 0)
        return; /* reads while the others compute */
    else if (span->kind == DARKNET_SPAN_STEP)
        p->steps[span->layer] += span->seconds;
    else if (span->kind == DARKNET_SPAN_INPUT)
        p->input += span->seconds;
    else
        p->weights += span->seconds;
}

static void print_other(FILE *out, const char *name, double seconds, double all)
{
    fprintf(out, "%5s %-16s %12.6f %6.1f\n", "", name, seconds, 100 * seconds / all);
}

void dn_profile_print(const struct dn_profile *p, const struct dn_bench *b, FILE *out)
{
    double all = p->seconds / b->runs, rest = p->seconds - p->input - p->weights;
    fprintf(out, "profile      mean of %d runs; peak: GFLOP/s over the FMA peak; MB: weights, inputs and outputs of the "
                 "layer, each once\n", b->runs);
    fprintf(out, "%5s %-16s %12s %6s %9s %6s %9s\n", "layer", "kernel", "seconds", "%", "GFLOP/s", "peak", "MB");
    for (int i = 0; i < p->layers; i++) {
        darknet_work work = p->work[i];
        double seconds = p->steps[i] / b->runs;
        rest -= p->steps[i];
        if (!work.kernel)
            continue;
        double speed = seconds > 0 ? work.flops / seconds : 0;
        fprintf(out, "%5d %-16s %12.6f %6.1f", i, work.kernel, seconds, 100 * seconds / all);
        if (work.flops > 0)
            fprintf(out, " %9.2f %6.3f", speed * 1e-9, speed / b->peak_flops);
        else
            fprintf(out, " %9s %6s", "-", "-");
        fprintf(out, " %9.3f\n", work.bytes / 1048576);
    }
    print_other(out, "input", p->input / b->runs, all);
    print_other(out, "streamed weights", p->weights / b->runs, all);
    print_other(out, "rest", rest / b->runs, all);
    print_other(out, "all", all, all);
}

void dn_profile_print_json(const struct dn_profile *p, const struct dn_bench *b, FILE *out)
{
    double rest = p->seconds - p->input - p->weights;
    const char *comma = "";
    fputs(", \"layers\": [", out);
    for (int i = 0; i < p->layers; i++) {
        double seconds = p->steps[i] / b->runs, speed = seconds > 0 ? p->work[i].flops / seconds : 0;
        rest -= p->steps[i];
        if (!p->work[i].kernel)
            continue;
        fprintf(out, "%s\n  {\"layer\": %d, \"kernel\": \"%s\", \"seconds\": %.9f, \"gflops\": %.4f, ", comma, i,
                p->work[i].kernel, seconds, speed * 1e-9);
        fprintf(out, "\"peak_ratio\": %.5f, \"bytes\": %.0f}", speed / b->peak_flops, p->work[i].bytes);
        comma = ",";
    }
    fprintf(out, "\n], \"input_seconds\": %.9f, \"weights_seconds\": %.9f, ", p->input / b->runs,
            p->weights / b->runs);
    fprintf(out, "\"rest_seconds\": %.9f, \"mean_seconds\": %.9f", rest / b->runs, p->seconds / b->runs);
}
