/* What `darknet bench` measures and prints. */
#ifndef DN_CLI_BENCH_H
#define DN_CLI_BENCH_H

#include "cli.h"

/* Figures of one network on one machine. */
struct dn_bench {
    const char *cfg;
    char isa[32];
    int width, height;
    int threads;
    int runs;
    double flops; /* of one prediction */
    double seconds_median, seconds_min;
    double peak_flops; /* of all threads, median of short measurements between the runs */
    size_t predicted_peak, measured_peak;
    const char *checked; /* what the results were compared with, in words */
};

/* Seconds of all timed runs, by what they went to. */
struct dn_profile {
    int layers;
    int threads;
    double *steps;      /* [layers]; owned */
    darknet_work *work; /* [layers]; owned */
    double input, weights, seconds;
};

/* False after complaining. */
bool dn_profile_open(struct dn_profile *profile, const network *net);
void dn_profile_add(void *profile, const darknet_span *span); /* for network_spans() */
void dn_profile_close(struct dn_profile *profile);
void dn_profile_print(const struct dn_profile *profile, const struct dn_bench *bench, FILE *out);

/* Members of a JSON object, after a comma. */
void dn_profile_print_json(const struct dn_profile *profile, const struct dn_bench *bench, FILE *out);

/* profile: NULL, or printed with the figures. */
void dn_bench_print(const struct dn_bench *bench, const struct dn_profile *profile, FILE *out);
void dn_bench_print_json(const struct dn_bench *bench, const struct dn_profile *profile, FILE *out);

/* What is left of a prediction for comparing it with another, without keeping its megabytes: a hash
 * of all bits of all heads (of the last layer when there are none), and evenly spaced values. */
enum { DN_DIGEST_SAMPLES = 1024 };
struct dn_digest {
    uint64_t hash;
    bool finite;
    double rms;
    int samples;
    float sample[DN_DIGEST_SAMPLES];
};

/* Of the network's last prediction, whose result was `output`. */
void dn_digest_take(struct dn_digest *digest, const network *net, const float *output);

/* The largest difference of two samples, as a fraction of the rms. */
double dn_digest_difference(const struct dn_digest *a, const struct dn_digest *b);

#endif
