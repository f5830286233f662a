/* Digests of predictions: how bench compares runs without memory of its own, which would spoil the
 * peak that it measures. */
#include "bench.h"

#include <math.h>
#include <string.h>

/* FNV-1a over words of 32 bits: enough to notice any changed bit by accident. */
static void add_values(struct dn_digest *digest, const float *values, size_t n, double *squares)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        digest->hash = (digest->hash ^ bits) * 1099511628211u;
        *squares += (double)values[i] * (double)values[i];
    }
    const size_t steps = DN_DIGEST_SAMPLES / 8;
    for (size_t i = 0; n && i < steps && digest->samples < DN_DIGEST_SAMPLES; i++)
        digest->sample[digest->samples++] = values[i * n / steps];
}

void dn_digest_take(struct dn_digest *digest, const network *net, const float *output)
{
    double squares = 0;
    size_t total = 0;
    memset(digest, 0, sizeof *digest);
    digest->hash = 14695981039346656037u;
    for (int i = 0; i < net->n; i++) {
        const layer *l = &net->layers[i];
        if (!dn_is_head(l) || !l->output)
            continue;
        add_values(digest, l->output, (size_t)l->outputs, &squares);
        total += (size_t)l->outputs;
    }
    if (!total) {
        total = (size_t)net->outputs;
        add_values(digest, output, total, &squares);
    }
    digest->rms = sqrt(squares / (double)total);
    digest->finite = isfinite(digest->rms);
}

double dn_digest_difference(const struct dn_digest *a, const struct dn_digest *b)
{
    double most = 0;
    for (int i = 0; i < a->samples && i < b->samples; i++)
        most = fmax(most, fabs((double)a->sample[i] - (double)b->sample[i]));
    return b->rms > 0 ? most / b->rms : most;
}
