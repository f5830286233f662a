/* Different networks in different threads at the same time: each thread gets what it would get
 * alone, and its own error sentence. */
#include "support/suite.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "darknet.h"

enum { THREADS = 4, RUNS = 5, SIDE = 32, INPUTS = 3 * SIDE * SIDE };

static char path[] = "/tmp/dn-threads-XXXXXX";

static void make_cfg(void)
{
    int fd = mkstemp(path);
    FILE *f = fdopen(fd, "w");
    fprintf(f, "[net]\nwidth=%d\nheight=%d\nchannels=3\n", SIDE, SIDE);
    fputs("[convolutional]\nbatch_normalize=1\nfilters=16\nsize=3\nstride=1\npad=1\n"
          "activation=leaky\n[maxpool]\nsize=2\nstride=2\n"
          "[convolutional]\nfilters=21\nsize=1\nstride=1\nactivation=linear\n"
          "[yolo]\nclasses=2\nnum=3\nanchors=4,5,9,8,20,24\n",
          f);
    fclose(f);
}

static void remove_cfg(void)
{
    unlink(path);
}

/* One thread's work: boxes of its own input, predicted over and over. */
struct job {
    unsigned seed;
    int n;
    box boxes[3 * SIDE * SIDE];
    bool steady, explained, measured;
};

static void keep_boxes(struct job *job, network *net, float *input)
{
    int n;
    network_predict(net, input);
    detection *dets = get_network_boxes(net, SIDE, SIDE, .4f, .5f, NULL, 0, &n);
    do_nms_sort(dets, n, 2, .45f);
    job->steady = job->steady && (job->n < 0 || job->n == n);
    for (int i = 0; i < n; i++) {
        job->steady =
            job->steady && (job->n < 0 || !memcmp(&job->boxes[i], &dets[i].bbox, sizeof(box)));
        job->boxes[i] = dets[i].bbox;
    }
    job->n = n;
    free_detections(dets, n);
}

static void *work(void *context)
{
    struct job *job = context;
    float *input = malloc(INPUTS * sizeof *input);
    char missing[64];
    unsigned seed = job->seed;
    for (int i = 0; i < INPUTS; i++) {
        seed = seed * 1664525u + 1013904223u;
        input[i] = (float)(seed >> 8) / 16777216.f;
    }
    network *net = load_network(path, NULL, 0);
    job->n = -1;
    job->steady = net != NULL;
    for (int run = 0; net && run < RUNS; run++)
        keep_boxes(job, net, input);
    snprintf(missing, sizeof missing, "/missing/%u.names", job->seed);
    job->explained = !get_labels(missing) && strstr(darknet_last_error(), missing);
    job->measured = darknet_fma_peak(NULL, .01) > 0;
    free_network(net);
    free(input);
    return NULL;
}

START_TEST(test_networks_in_threads_do_not_disturb_one_another)
{
    static struct job alone[THREADS], together[THREADS];
    pthread_t threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        alone[i].seed = together[i].seed = i + 1;
        work(&alone[i]);
    }
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &together[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < THREADS; i++) {
        ck_assert(alone[i].steady && together[i].steady);
        ck_assert(alone[i].explained && together[i].explained);
        ck_assert(alone[i].measured && together[i].measured);
        ck_assert_int_gt(alone[i].n, 0);
        ck_assert_int_eq(alone[i].n, together[i].n);
        ck_assert_mem_eq(alone[i].boxes, together[i].boxes, (size_t)alone[i].n * sizeof(box));
    }
}
END_TEST

Suite *suite(void)
{
    Suite *s = suite_create("compat/threads");
    TCase *t = tcase_create("threads");
    tcase_add_checked_fixture(t, make_cfg, remove_cfg);
    tcase_add_test(t, test_networks_in_threads_do_not_disturb_one_another);
    suite_add_tcase(s, t);
    return s;
}
