/* The multiply-add peak that all efficiencies are quoted against. */
#include "kernel/peak.h"

#include "base/clock.h"
#include "kernel/conv.h"
#include "kernel/table.h"

double dn_peak_of(void (*work)(void), double flops, double seconds)
{
    double best = 0, start = dn_clock();
    for (double before = start, after = start; after - start < seconds; before = after) {
        work();
        after = dn_clock();
        if (flops > best * (after - before))
            best = flops / (after - before);
    }
    return best * 1e-9;
}

double dn_fma_peak(const struct dn_kernels *k, double seconds)
{
    return k->conv->peak(seconds);
}
