/* See process.h. Reads /proc/self/status without stdio, so that asking costs no memory. */
#include "base/process.h"

#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static size_t status_field(const char *name)
{
    char text[4096];
    int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0)
        return 0;
    text[n] = 0;
    const char *field = strstr(text, name);
    return field ? (size_t)strtoull(field + strlen(name), NULL, 10) * 1024 : 0;
}

size_t dn_process_resident(void)
{
    return status_field("VmRSS:");
}

size_t dn_process_peak(void)
{
    return status_field("VmHWM:");
}

void dn_process_trim(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

int dn_process_cores(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    int n = CPU_COUNT(&set);
    return n > 0 ? n : 1;
}

bool dn_process_has_spare_core(int threads)
{
    return threads == 1 || threads < dn_process_cores();
}
