/* bench: speed and memory of a network, believed only after its results have been checked.
 *
 *     load -> one warm-up run -> (FMA peak, run) x N -> free -> reference run -> figures
 *
 * Machines are noisy and change their clock, so a short measurement of the FMA peak stands before
 * each run and the medians of both are compared: what slows one slows the other. Every run must
 * give the bits of the first. Then, with the memory figures safe, the network is loaded again and
 * must give them with one thread, too; a small one is also computed by the scalar kernels, the
 * specification of all others, and must agree up to rounding. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

static const double peak_seconds = 0.02; /* per measurement; there is one before each run */
static const double small_flops = 0.2e9; /* up to here the scalar reference takes well under 1 s */
static const double tolerance = 1e-3;    /* of the heads' rms: reordered float32 sums */

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts the values. */
static double median(double *values, int n)
{
    qsort(values, (size_t)n, sizeof *values, compare_doubles);
    return n % 2 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

/* The input in memory, as programs have it, unless a budget has no room for it. */
static float *seeded_input(const network *net)
{
    size_t w = (size_t)net->w, plane = w * (size_t)net->h;
    float *input = malloc((size_t)net->inputs * sizeof *input);
    for (int y = 0; input && y < net->h; y++)
        dn_seeded_row((void *)net, y, input + (size_t)y * w, plane);
    return input;
}

/* One prediction of these values, NULL: of the same row by row. Its duration, or a negative number after
 * complaining. */
static double predict(network *net, float *input, struct dn_digest *digest)
{
    double start = dn_cli_seconds();
    const float *output = input ? network_predict(net, input) : network_predict_rows(net, dn_seeded_row, net);
    double seconds = dn_cli_seconds() - start;
    if (!output) {
        dn_complain("%s", darknet_last_error());
        return -1;
    }
    dn_digest_take(digest, net, output);
    return seconds;
}

/* times: [2 * bench->runs] scratch. input: for predict(). profile: NULL, or gets what the times went to. */
static int time_runs(struct dn_bench *bench, network *net, float *input, struct dn_digest *first, double *times,
                     struct dn_profile *profile)
{
    struct dn_digest digest;
    double *peaks = times + bench->runs;
    if (predict(net, input, first) < 0)
        return 1;
    if (!first->finite)
        return dn_complain("%s: the outputs are not finite numbers", bench->cfg);
    network_spans(net, profile ? dn_profile_add : NULL, profile);
    for (int i = 0; i < bench->runs; i++) {
        peaks[i] = darknet_fma_peak(network_isa(net), peak_seconds) * 1e9;
        times[i] = predict(net, input, &digest);
        if (times[i] < 0)
            return 1;
        if (digest.hash != first->hash)
            return dn_complain("%s: run %d gave other bits than the first one", bench->cfg, i + 1);
        if (profile)
            profile->seconds += times[i];
    }
    network_spans(net, NULL, NULL);
    bench->seconds_median = median(times, bench->runs);
    bench->seconds_min = times[0];
    bench->peak_flops = median(peaks, bench->runs) * network_threads(net);
    return 0;
}

/* What the network tells without running. */
static void describe(struct dn_bench *bench, const network *net)
{
    bench->width = net->w;
    bench->height = net->h;
    bench->threads = network_threads(net);
    bench->flops = network_flops(net);
    bench->predicted_peak = network_memory(net).predicted_peak;
    snprintf(bench->isa, sizeof bench->isa, "%s", network_isa(net));
}

/* One more run, which nobody times. */
static int trace_run(network *net, float *input, const char *path)
{
    struct dn_digest digest;
    if (!network_trace(net, path))
        return dn_complain("%s", darknet_last_error());
    return predict(net, input, &digest) < 0 || dn_cli_trace_end(net, path);
}

static int measure(const struct dn_args *args, struct dn_bench *bench, struct dn_profile *profile,
                   struct dn_digest *first)
{
    network *net = dn_cli_load(args, args->words + 1, args->word_count - 1, DN_NO_PHOTOS, NULL);
    if (!net)
        return 1;
    describe(bench, net);
    double *times = malloc(2 * (size_t)bench->runs * sizeof *times);
    float *input = args->memory ? NULL : seeded_input(net);
    bench->predicted_peak += input ? (size_t)net->inputs * sizeof *input : 0;
    int status = 1;
    if (!times)
        dn_complain("there is no memory for %d times", bench->runs);
    else if (!args->profile || dn_profile_open(profile, net))
        status = time_runs(bench, net, input, first, times, args->profile ? profile : NULL);
    bench->measured_peak = network_memory(net).measured_peak;
    if (!status && args->trace)
        status = trace_run(net, input, args->trace);
    free(input);
    free(times);
    free_network(net);
    return status;
}

/* The digest of one run as `args` says. */
static int run_once(const struct dn_args *args, struct dn_digest *digest)
{
    network *net = dn_cli_load(args, args->words + 1, args->word_count - 1, DN_NO_PHOTOS, NULL);
    if (!net)
        return 1;
    int status = predict(net, NULL, digest) < 0;
    free_network(net);
    return status;
}

static int check(const struct dn_args *args, struct dn_bench *bench, const struct dn_digest *first)
{
    struct dn_args one = *args;
    struct dn_digest digest;
    one.threads = 1;
    one.fusion = one.method = NULL; /* groups by hand may fit the budget only for the threads that they are for */
    bench->checked = "every run gave the same bits";
    if (bench->threads > 1) {
        if (run_once(&one, &digest))
            return 1;
        if (digest.hash != first->hash)
            return dn_complain("%s: one thread gives other bits than %d", bench->cfg,
                               bench->threads);
        bench->checked = "every run gave the same bits, one thread as well";
    }
    if (bench->flops > small_flops || !strcmp(bench->isa, "scalar"))
        return 0;
    one.isa = "scalar";
    if (run_once(&one, &digest))
        return 1;
    double difference = dn_digest_difference(first, &digest);
    if (!(difference <= tolerance))
        return dn_complain("%s: %s differs from the scalar kernels by %.2g of the rms, more than "
                           "%.0g",
                           bench->cfg, bench->isa, difference, tolerance);
    bench->checked = "every run gave the same bits, and they agree with the scalar kernels";
    return 0;
}

int dn_bench(const struct dn_args *args)
{
    if (args->word_count < 2 || args->word_count > 3)
        return dn_complain("bench takes a cfg and a weights file: bench CFG [WEIGHTS]");
    struct dn_bench bench = {.cfg = args->words[1], .runs = args->runs ? args->runs : 10};
    struct dn_profile profile = {0};
    struct dn_digest first;
    int status = measure(args, &bench, &profile, &first) || check(args, &bench, &first);
    if (!status)
        (args->json ? dn_bench_print_json : dn_bench_print)(&bench, args->profile ? &profile : NULL, stdout);
    dn_profile_close(&profile);
    return status;
}
