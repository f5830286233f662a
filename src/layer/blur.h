/* The fixed blur behind antialiased layers (alexeyab dialect, format section 3.3). */
#ifndef DN_LAYER_BLUR_H
#define DN_LAYER_BLUR_H

#include "kernel/view.h"

struct dn_blur {
    int mode;   /* 1: 3x3 binomial with padding 1; 2: 2x2 mean without padding */
    int stride; /* both directions */
    int block0, block1;
};

/* Rows (or columns) of the result for a map of `extent`; may be 0 or less. */
int dn_blur_size(int mode, int stride, int extent);

/* Whole blocked maps; blocks [block0, block1). */
void dn_blur_run(const struct dn_blur *blur, const struct dn_view *in, const struct dn_view *out,
                 int threads);

#endif
