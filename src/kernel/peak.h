/* Times a chain of multiply-adds; included by every instruction set's convolution. */
#ifndef DN_KERNEL_PEAK_H
#define DN_KERNEL_PEAK_H

/* Best GFLOP/s of work(), which does `flops` operations, over about `seconds`. */
double dn_peak_of(void (*work)(void), double flops, double seconds);

#endif
