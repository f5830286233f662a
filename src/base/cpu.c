/* See cpu.h. The compiler's own check covers the operating system's part (XGETBV). */
#include "base/cpu.h"

#include <unistd.h>

#if defined(__x86_64__) || defined(__i386__)

bool dn_cpu_avx2(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

bool dn_cpu_avx512(void)
{
    __builtin_cpu_init();
    return dn_cpu_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

#else

bool dn_cpu_avx2(void)
{
    return false;
}

bool dn_cpu_avx512(void)
{
    return false;
}

#endif

size_t dn_cpu_second_cache(void)
{
#ifdef _SC_LEVEL2_CACHE_SIZE
    long bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);
    return bytes > 0 ? (size_t)bytes : 0;
#else
    return 0;
#endif
}
