/* What the processor can do, asked once per call: cheap enough not to be kept. */
#ifndef DN_BASE_CPU_H
#define DN_BASE_CPU_H

#include <stdbool.h>
#include <stddef.h>

/* The processor has the instructions and the operating system saves their registers. */
bool dn_cpu_avx2(void);   /* AVX2 and FMA */
bool dn_cpu_avx512(void); /* AVX-512 F, BW, DQ, VL */

size_t dn_cpu_second_cache(void); /* bytes of a core's; 0 when the C library does not know */

#endif
