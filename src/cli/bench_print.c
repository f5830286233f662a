/* The figures of `darknet bench` as text and as one JSON object. */
#include "bench.h"

#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* The processor's name, from /proc/cpuinfo where it has one, else the architecture. */
static void processor(char *name, size_t size)
{
    char line[512];
    FILE *file = fopen("/proc/cpuinfo", "r");
    name[0] = '\0';
    while (file && !name[0] && fgets(line, sizeof line, file)) {
        char *colon = strchr(line, ':');
        if (colon && !strncmp(line, "model name", 10)) {
            colon[1 + strcspn(colon + 1, "\n")] = '\0';
            snprintf(name, size, "%s", colon + 1 + strspn(colon + 1, " \t"));
        }
    }
    if (file)
        fclose(file);
    struct utsname system;
    if (!name[0])
        snprintf(name, size, "%s", uname(&system) ? "unknown processor" : system.machine);
}

static double gflops(const struct dn_bench *b)
{
    return b->seconds_median > 0 ? b->flops / b->seconds_median * 1e-9 : 0;
}

static double ratio(const struct dn_bench *b)
{
    return b->peak_flops > 0 ? gflops(b) / (b->peak_flops * 1e-9) : 0;
}

void dn_bench_print(const struct dn_bench *b, const struct dn_profile *profile, FILE *out)
{
    char name[256];
    if (profile)
        dn_profile_print(profile, b, out);
    processor(name, sizeof name);
    fprintf(out, "network      %s, %d x %d, %.3f GFLOP\n", b->cfg, b->width, b->height,
            b->flops * 1e-9);
    fprintf(out, "machine      %s, %ld cores\n", name, sysconf(_SC_NPROCESSORS_ONLN));
    fprintf(out, "isa          %s, %d thread%s\n", b->isa, b->threads, b->threads > 1 ? "s" : "");
    fprintf(out, "checked      %s\n", b->checked);
    fprintf(out, "seconds      %.6f median, %.6f minimum of %d runs\n", b->seconds_median,
            b->seconds_min, b->runs);
    fprintf(out, "speed        %.2f GFLOP/s of %.2f FMA peak: %.3f\n", gflops(b),
            b->peak_flops * 1e-9, ratio(b));
    fprintf(out, "peak memory  %.2f MB measured, %.2f MB predicted\n",
            (double)b->measured_peak / 1048576.0, (double)b->predicted_peak / 1048576.0);
}

/* A JSON string; bytes beyond ASCII pass as they are, UTF-8 in sane file names. */
static void print_string(const char *text, FILE *out)
{
    fputc('"', out);
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p == '"' || *p == '\\')
            fprintf(out, "\\%c", *p);
        else if (*p < 0x20)
            fprintf(out, "\\u%04x", *p);
        else
            fputc(*p, out);
    }
    fputc('"', out);
}

void dn_bench_print_json(const struct dn_bench *b, const struct dn_profile *profile, FILE *out)
{
    fputs("{\"network\": ", out);
    print_string(b->cfg, out);
    fprintf(out, ", \"threads\": %d, \"isa\": ", b->threads);
    print_string(b->isa, out);
    fprintf(out, ", \"seconds_median\": %.9f, \"seconds_min\": %.9f", b->seconds_median,
            b->seconds_min);
    fprintf(out, ", \"gflops\": %.4f, \"fma_peak_gflops\": %.4f, \"peak_ratio\": %.5f", gflops(b),
            b->peak_flops * 1e-9, ratio(b));
    fprintf(out, ", \"predicted_peak_bytes\": %zu, \"measured_peak_bytes\": %zu",
            b->predicted_peak, b->measured_peak);
    if (profile)
        dn_profile_print_json(profile, b, out);
    fputs("}\n", out);
}
