/* Loading a network for a command, and what the program tells about it.
 *
 * Everything that can be wrong with the files is found before anything is printed, so a failure is
 * one sentence and not the last line of a table. */
#include "cli.h"

#include <link.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static const double MB = 1 << 20;

darknet_options dn_cli_options(const struct dn_args *args)
{
    darknet_options options = {
        .size = sizeof options,
        .dialect = args->dialect,
        .isa = args->isa,
        .threads = args->threads,
        .exact = args->exact,
        .memory = args->memory,
        .fusion = args->method ? args->method : args->fusion,
    };
    return options;
}

/* What the photos that are named take, or a large photo where they come from standard input. */
static size_t photo_bytes(char **photos, int count, const char *picture)
{
    size_t most = count > 0 ? 0 : DARKNET_LARGE_PHOTO;
    for (int i = 0; i < count; i++) {
        size_t bytes = darknet_photo_bytes(photos[i], picture); /* 0: will be reported in its turn */
        most = bytes > most ? bytes : most;
    }
    return most;
}

/* Code that is not in memory yet comes page by page. By default the kernel reads what lies around a
 * missing page, too, megabytes on some machines; inside a memory cgroup of the budget these push each
 * other out, and the process was killed. */
static int read_code_by_pages(struct dl_phdr_info *object, size_t size, void *context)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    (void)size, (void)context;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        uintptr_t start = (object->dlpi_addr + part->p_vaddr) & ~(page - 1);
        if (part->p_type == PT_LOAD && !(part->p_flags & PF_W))
            madvise((void *)start, object->dlpi_addr + part->p_vaddr + part->p_memsz - start, MADV_RANDOM);
    }
    return 0;
}

network *dn_cli_load(const struct dn_args *args, char **words, int count, int fit, const char *picture)
{
    darknet_options options = dn_cli_options(args);
    const bool photos = fit != DN_NO_PHOTOS;
    if (args->memory)
        dl_iterate_phdr(read_code_by_pages, NULL);
    options.once = photos && count == 3;
    options.read_ahead = photos && !options.once;
    options.photo = options.once ? words[2] : NULL;
    options.fit = fit;
    if (photos && args->memory)
        options.photo_bytes = photo_bytes(words + 2, count - 2, picture);
    network *net = darknet_load(words[0], count > 1 ? words[1] : "", &options);
    if (!net)
        dn_complain("%s", darknet_last_error());
    return net;
}

void dn_cli_account(const struct dn_args *args, const network *net)
{
    darknet_memory m = network_memory(net);
    if (args->memory)
        fprintf(stderr, "Memory: %.2f MB predicted, %.2f MB measured, %.2f MB allowed; %d groups, %.1f %% of the "
                        "work done twice, %.1f MB of weights read for each photo\n",
                (double)m.predicted_peak / MB, (double)m.measured_peak / MB, (double)m.budget / MB, m.groups,
                m.work > 1 ? 100 * (m.work - 1) : 0, m.streamed / MB);
}

int dn_cli_trace_end(network *net, const char *path)
{
    return path && !network_trace(net, NULL) ? dn_complain("%s", darknet_last_error()) : 0;
}

void dn_cli_introduce(const network *net, const char *weights)
{
    darknet_memory memory = network_memory(net);
    fputs(network_table(net), stderr);
    fputs(network_notices(net), stderr);
    if (weights && *weights)
        fprintf(stderr, "Loading weights from %s...Done!\n", weights);
    else
        fputs("No weights given: using seeded synthetic ones\n", stderr);
    fprintf(stderr, "Memory: %.1f MB planned for the network, %.1f MB for the whole process\n",
            (double)memory.arena / MB, (double)memory.predicted_peak / MB);
}

double dn_cli_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}
