/* plan: how a network would be executed, without reading any weights. */
#include "cli.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double MB = 1 << 20;

static network *load(const struct dn_args *args, size_t budget, int rows)
{
    darknet_options options = dn_cli_options(args);
    options.plan_only = 1;
    options.memory = budget;
    options.band_rows = rows;
    return darknet_load(args->words[1], "", &options);
}

/* path NULL: standard output, about whose failures main() complains. */
static int write_text(const char *path, const char *text)
{
    if (!text || (path && !darknet_write(path, text, strlen(text))))
        return dn_complain("%s", darknet_last_error());
    return !path && fputs(text, stdout) < 0;
}

/* path NULL: standard output. */
static int write_plan(const network *net, enum darknet_plan_format format, const char *path)
{
    char *text = network_plan(net, format);
    int status = write_text(path, text);
    free(text);
    return status;
}

static int show(const struct dn_args *args, int rows)
{
    network *net = load(args, args->memory, rows);
    if (!net)
        return dn_complain("%s", darknet_last_error());
    int status = write_plan(net, args->json ? DARKNET_PLAN_JSON : DARKNET_PLAN_TABLE, NULL);
    if (args->svg)
        status |= write_plan(net, DARKNET_PLAN_SVG, args->svg);
    if (args->out)
        status |= write_plan(net, DARKNET_PLAN_FUSION, args->out);
    free_network(net);
    return status;
}

/* ---- sweep ---------------------------------------------------------------------------------- */

struct point {
    double budget, peak, seconds, streamed; /* bytes and seconds; budget 0: none */
    int groups;
};

static bool plan_point(const struct dn_args *args, size_t budget, struct point *p)
{
    network *net = load(args, budget, 0);
    if (!net)
        return false;
    darknet_memory m = network_memory(net);
    *p = (struct point){(double)budget, (double)m.predicted_peak, m.seconds, m.streamed, m.groups};
    free_network(net);
    return true;
}

/* The smallest budget with a plan, by halving, to 1/64 MB. 0 after complaining. */
static size_t least_budget(const struct dn_args *args, size_t enough)
{
    size_t impossible = 0;
    struct point p;
    while (enough - impossible > (1 << 14)) {
        size_t middle = impossible + (enough - impossible) / 2;
        if (plan_point(args, middle, &p))
            enough = middle;
        else
            impossible = middle;
    }
    return enough;
}

/* Budgets stand in equal ratios: the small ones are of interest. */
static void print_curve(FILE *out, const struct point *points, int n)
{
    double top = 0, right = points[n - 1].peak, left = n > 1 ? points[0].budget : right;
    for (int i = 0; i < n; i++)
        top = points[i].seconds > top ? points[i].seconds : top;
    top *= 1.1;
    fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"760\" height=\"380\" font-family=\"sans-serif\" "
                 "font-size=\"12\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n"
                 "<text x=\"70\" y=\"24\">predicted ms of a prediction over the budget in MB</text>\n"
                 "<polyline fill=\"none\" stroke=\"#1a73e8\" stroke-width=\"2\" points=\"");
    double x[64], y[64];
    for (int i = 0; i < n; i++) {
        double budget = points[i].budget > 0 ? points[i].budget : right;
        x[i] = 70 + 660 * (right > left ? log(budget / left) / log(right / left) : 0);
        y[i] = 40 + 290 * (1 - points[i].seconds / top);
        fprintf(out, "%.1f,%.1f ", x[i], y[i]);
    }
    fprintf(out, "\"/>\n");
    for (int i = 0; i < n; i++)
        fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"#1a73e8\"/>\n", x[i], y[i]);
    for (int i = 0; i <= 5; i++)
        fprintf(out, "<text x=\"62\" y=\"%.1f\" text-anchor=\"end\">%.0f</text>\n", 334 - 290 * i / 5.0, 1e3 * top * i / 5);
    for (int i = 0; i <= (n > 1 ? 5 : 0); i++)
        fprintf(out, "<text x=\"%.1f\" y=\"350\" text-anchor=\"middle\">%.1f</text>\n", 70 + 660 * i / 5.0,
                left * pow(right / left, i / 5.0) / MB);
    fprintf(out, "</svg>\n");
}

static void print_table(FILE *out, const struct point *points, int n)
{
    fprintf(out, "%12s %12s %12s %12s %8s\n", "budget MB", "peak MB", "time ms", "read MB", "groups");
    for (int i = 0; i < n; i++) {
        char budget[32] = "none";
        if (points[i].budget > 0)
            snprintf(budget, sizeof budget, "%.2f", points[i].budget / MB);
        fprintf(out, "%12s %12.2f %12.2f %12.1f %8d\n", budget, points[i].peak / MB, 1e3 * points[i].seconds,
                points[i].streamed / MB, points[i].groups);
    }
}

static void print_csv(FILE *out, const struct point *points, int n)
{
    fputs("budget_bytes,predicted_peak_bytes,seconds,streamed_bytes,groups\n", out);
    for (int i = 0; i < n; i++)
        fprintf(out, "%.0f,%.0f,%.6f,%.0f,%d\n", points[i].budget, points[i].peak, points[i].seconds,
                points[i].streamed, points[i].groups);
}

static int write_points(const char *path, void (*print)(FILE *, const struct point *, int),
                        const struct point *points, int n)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    if (!out)
        return dn_complain("there is no memory for a table");
    print(out, points, n);
    int status = fclose(out) ? dn_complain("there is no memory for a table") : write_text(path, text);
    free(text);
    return status;
}

static int sweep(const struct dn_args *args)
{
    struct point points[40], all;
    int n = 0;
    if (!plan_point(args, 0, &all))
        return dn_complain("%s", darknet_last_error());
    size_t least = least_budget(args, (size_t)all.peak + (1 << 20));
    for (double budget = (double)least; budget < all.peak && n < 39; budget *= 1.15)
        if (plan_point(args, (size_t)budget, &points[n]))
            n++;
    points[n++] = all;
    int status = write_points(NULL, print_table, points, n);
    if (args->csv)
        status |= write_points(args->csv, print_csv, points, n);
    if (args->svg)
        status |= write_points(args->svg, print_curve, points, n);
    return status;
}

/* ---- measuring ------------------------------------------------------------------------------ */

enum { ROUNDS = 3 };

/* The best of a few predictions, in seconds; negative after complaining. */
static double time_plan(const struct dn_args *args, int rows)
{
    darknet_options options = dn_cli_options(args);
    options.band_rows = rows;
    network *net = darknet_load(args->words[1], args->word_count > 2 ? args->words[2] : "", &options);
    double best = -1;
    for (int i = 0; net && i <= ROUNDS; i++) {
        double start = dn_cli_seconds();
        if (!network_predict_rows(net, dn_seeded_row, net))
            break;
        double seconds = dn_cli_seconds() - start;
        if (i && (best < 0 || seconds < best)) /* the first one warms up */
            best = seconds;
    }
    if (best < 0)
        dn_complain("%s", darknet_last_error());
    free_network(net);
    return best;
}

/* Bands of any height first, then of one height each. */
static int measure(const struct dn_args *args)
{
    static const int heights[] = {0, 1, 2, 4, 8, 16};
    int fastest = -1;
    double least = 0;
    for (int i = 0; i < 6; i++) {
        darknet_options options = dn_cli_options(args);
        options.plan_only = 1;
        options.band_rows = heights[i];
        network *net = darknet_load(args->words[1], "", &options);
        if (!net && i == 0)
            return dn_complain("%s", darknet_last_error());
        if (!net)
            continue; /* does not fit the budget */
        darknet_memory m = network_memory(net);
        free_network(net);
        double seconds = time_plan(args, heights[i]);
        if (seconds < 0)
            return 1;
        fprintf(args->json ? stderr : stdout,
                "bands of %2d rows: %8.2f ms measured, %8.2f ms predicted, %8.2f MB peak predicted%s\n", heights[i],
                1e3 * seconds, 1e3 * m.seconds, (double)m.predicted_peak / MB, i ? "" : " (0: any)");
        if (fastest < 0 || seconds < least) {
            fastest = heights[i];
            least = seconds;
        }
    }
    return show(args, fastest);
}

static int calibrate(const struct dn_args *args)
{
    char *text = darknet_calibrate(args->isa, args->threads);
    int status = text ? 0 : dn_complain("%s", darknet_last_error());
    if (text)
        fputs(text, args->json ? stderr : stdout);
    free(text);
    return status;
}

/* ---- what plan was asked for ---------------------------------------------------------------- */

enum { SHOW = 1, SWEEP = 2, MEASURE = 4, CALIBRATE = 8 };

static unsigned mode_of(const struct dn_args *args)
{
    if (args->calibrate && args->word_count < 2)
        return CALIBRATE;
    return args->sweep ? SWEEP : args->measure ? MEASURE : SHOW;
}

/* False after complaining of a flag that would be ignored. */
static bool uses_all_flags(const struct dn_args *args)
{
    const struct {
        const char *flag;
        bool given;
        unsigned modes; /* that use it */
    } flags[] = {
        {"-json", args->json, SHOW | MEASURE},
        {"-out", args->out != NULL, SHOW | MEASURE},
        {"-svg", args->svg != NULL, SHOW | MEASURE | SWEEP},
        {"-csv", args->csv != NULL, SWEEP},
        {"-memory", args->memory > 0, SHOW | MEASURE},
        {"-fusion", args->fusion != NULL, SHOW | SWEEP},
        {"-method", args->method != NULL, SHOW | SWEEP},
        {"-measure", args->measure, MEASURE},
        {"-sweep", args->sweep, SWEEP},
        {"-exact", args->exact, SHOW | MEASURE | SWEEP},
        {"-dialect", args->dialect != DARKNET_STOCK, SHOW | MEASURE | SWEEP},
    };
    static const struct {
        unsigned mode;
        const char *name, *uses;
    } modes[] = {{SHOW, "plan without -sweep", "-memory, -json, -svg, -out, and -fusion or -method"},
                 {SWEEP, "plan -sweep", "-csv, -svg, and -fusion or -method"},
                 {MEASURE, "plan -measure", "-memory, -json, -svg and -out"},
                 {CALIBRATE, "plan -calibrate without a cfg", "-threads and -isa"}};
    const unsigned mode = mode_of(args);
    size_t m = 0;
    while (modes[m].mode != mode)
        m++;
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (flags[i].given && !(flags[i].modes & mode))
            return dn_complain("%s has no use for %s; it takes %s", modes[m].name, flags[i].flag, modes[m].uses), false;
    return true;
}

int dn_plan(const struct dn_args *args)
{
    unsigned mode = mode_of(args);
    if (args->word_count > 3 || (args->word_count < 2 && mode != CALIBRATE))
        return dn_complain("plan takes a cfg: plan CFG [WEIGHTS]");
    if (!uses_all_flags(args) || (args->calibrate && calibrate(args)))
        return 1;
    if (mode == MEASURE)
        return measure(args);
    return mode == SWEEP ? sweep(args) : mode == SHOW ? show(args, 0) : 0;
}
