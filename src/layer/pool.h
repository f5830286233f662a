/* Windows sliding over a map: shared by maxpool and local_avgpool, which differ in one flag. */
#ifndef DN_LAYER_POOL_H
#define DN_LAYER_POOL_H

#include "layer/layer.h"

/* Reads stride, stride_x, stride_y, size and padding into l->u.pool and the pooled size; format
 * section 3.5: the window of output j starts at j*stride - padding/2. */
enum dn_status dn_pool_parse(struct dn_build *b, struct dn_layer *l, bool average);

struct dn_span dn_pool_span(const struct dn_layer *l, int k, int axis, struct dn_span out);

#endif
