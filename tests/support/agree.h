/* The engine against the plain model (model.h): one cfg, computed by both with the same weights.
 *
 * Every layer is compared given the same inputs, those that the engine computed, so that rounding
 * errors do not add up: a value may differ by 1e-5 of the sum of the absolute values of its terms
 * (Winograd layers: of the largest such sum of the map). */
#ifndef DN_TESTS_AGREE_H
#define DN_TESTS_AGREE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

struct agree_options {
    const char *isa; /* NULL: the best */
    bool alexeyab, exact;
    int threads; /* 0: one */
    uint64_t seed;
};

enum agreement { AGREE_YES, AGREE_NO, AGREE_REFUSED };

/* AGREE_NO: `why` says where. AGREE_REFUSED: the engine does not take the cfg, `why` is its sentence. */
enum agreement engine_agrees(const char *cfg, const struct agree_options *options, struct dn_error *why);

/* How far the engine's last layer is from the model's when no layer is corrected in between: root mean
 * square and largest distance, 0 each when the engine does not take the cfg. */
struct engine_error {
    double rms, most;
};

struct engine_error engine_error(const char *cfg, const struct agree_options *options);

#endif
