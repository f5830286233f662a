/* Photos, not there yet: these say so, and go when src/image lands. */
#include "compat/engine.h"
#include "compat/error.h"

float *network_predict_file(network *net, const char *path, int fit, int *w, int *h)
{
    (void)net, (void)fit, (void)w, (void)h;
    dn_fail(dn_error_begin(), DN_UNSUPPORTED, "%s: photos cannot be read yet", path);
    return NULL;
}

int darknet_annotate(const darknet_report *report, const char *in, const char *out, int dialect)
{
    (void)report, (void)in, (void)dialect;
    dn_fail(dn_error_begin(), DN_UNSUPPORTED, "%s: photos cannot be drawn yet", out);
    return 0;
}
