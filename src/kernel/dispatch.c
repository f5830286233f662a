/* Chooses the kernels of an instruction set at run time, never by how the program was compiled. */
#include <string.h>

#include "base/cpu.h"
#include "kernel/table.h"

static bool always(void)
{
    return true;
}

/* Best first. */
static const struct dn_kernels all[] = {
#if defined(__x86_64__)
    {"avx512", dn_cpu_avx512, &dn_conv_avx512, &dn_winograd_avx512, &dn_rows_avx512},
    {"avx2", dn_cpu_avx2, &dn_conv_avx2, &dn_winograd_avx2, &dn_rows_avx2},
#elif defined(__aarch64__)
    {"neon", always, &dn_conv_neon, &dn_winograd_neon, &dn_rows_neon},
#endif
    {"scalar", always, &dn_conv_scalar, &dn_winograd_scalar, &dn_rows_scalar},
};

enum { COUNT = sizeof all / sizeof *all };

const struct dn_kernels *dn_kernels(const char *name)
{
    for (int i = 0; i < COUNT; i++)
        if ((!name || !strcmp(name, all[i].name)) && all[i].usable())
            return &all[i];
    return NULL;
}

const char *dn_kernels_name(const struct dn_kernels *k)
{
    return k->name;
}

int dn_kernels_available(const char *names[DN_KERNEL_SETS])
{
    int n = 0;
    for (int i = 0; i < COUNT; i++)
        if (all[i].usable())
            names[n++] = all[i].name;
    return n;
}
