/* The best classes of a classifier's output. Format sections 6.5 and 6.6. */
#ifndef DN_DETECT_TOP_H
#define DN_DETECT_TOP_H

#include "base/status.h"
#include "layer/layer.h"

/* Indices of the k largest of n values, the largest first, of equal ones the lower index first; -1
 * where there are fewer. NaN is never chosen before a number. */
void dn_top(const float *values, int n, int k, int *index);

struct dn_top_report {
    const float *values; /* [n]; in a hierarchy conditional probabilities */
    int n;
    char *const *names; /* [names_n] */
    int names_n;
    int top;                    /* lines wanted; at most n are made */
    const struct dn_tree *tree; /* class hierarchy with n classes, or NULL */
    enum dn_dialect dialect;
};

/* One line per class as the dialect prints it; the caller frees it. Only stock leaves out the inner
 * classes of a hierarchy. NULL on failure. */
char *dn_top_text(const struct dn_top_report *r, struct dn_error *err);

#endif
