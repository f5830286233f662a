/* What the processor can do, asked once per call: cheap enough not to be kept. */
#ifndef DN_BASE_CPU_H
#define DN_BASE_CPU_H

#include <stdbool.h>

/* The processor has the instructions and the operating system saves their registers. */
bool dn_cpu_avx2(void);   /* AVX2 and FMA */
bool dn_cpu_avx512(void); /* AVX-512 F, BW, DQ, VL */

#endif
