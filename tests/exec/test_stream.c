/* Weights that fail to come while the network runs: the prediction fails with a sentence, the
 * process lives, and the next prediction with a healthy file has the right bits.
 *
 * The program is linked with --wrap=pread: this file stands between the engine and its file. */
#include "support/suite.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/process.h"
#include "darknet.h"
#include "exec/stream.h"
#include "support/net_run.h"
#include "support/sanitizers.h"

enum fault { NONE, SHORT_READS, INTERRUPTED, SLOW, BROKEN, ENDED };

static struct {
    _Atomic int kind;
    _Atomic int countdown; /* reads until the fault */
    _Atomic int reads;
} fault;

ssize_t __wrap_pread(int fd, void *buffer, size_t bytes, off_t offset);

ssize_t __wrap_pread(int fd, void *buffer, size_t bytes, off_t offset)
{
    int kind = fault.kind, n = fault.reads++;
    bool due = fault.countdown-- <= 0;
    if (kind == SHORT_READS && bytes > 1)
        bytes = 1 + bytes * (size_t)(n % 7) / 8;
    if (kind == SLOW)
        usleep(n % 50 ? 20 : 2000);
    if (kind == INTERRUPTED && n % 3) {
        errno = EINTR;
        return -1;
    }
    if (kind == BROKEN && due) {
        errno = EIO;
        return -1;
    }
    if (kind == ENDED && due)
        return 0;
    return syscall(SYS_pread64, fd, buffer, bytes, offset);
}

static char cfg[32], weights[32], fusion[32];

enum { CONVOLUTIONS = 6, POOL = 4 }; /* before so many of them there is a pool */

static const int filters[CONVOLUTIONS] = {72, 73, 74, 75, 130, 131};

/* The threads of a team read the filters behind the pool for themselves, since there are more pairs of output
 * blocks, five, than tiles, and, unless the machine has more cores, no fewer than threads. A thread that reads for others
 * does not pack them. */
static void print_cfg(FILE *out, const void *unused)
{
    (void)unused;
    fprintf(out, "[net]\nwidth=20\nheight=20\nchannels=3\n");
    for (int i = 0; i < CONVOLUTIONS; i++) {
        if (i == POOL)
            fprintf(out, "[maxpool]\nsize=3\nstride=3\n");
        fprintf(out, "[convolutional]\nbatch_normalize=1\nfilters=%d\nsize=3\nstride=1\npad=1\nactivation=leaky\n", filters[i]);
    }
    fprintf(out, "[connected]\noutput=50\nactivation=linear\n");
}

static void print_weights(FILE *out, const void *context)
{
    const int32_t header[5] = {0, 2, 0, 0, 0};
    struct dice d = {7};
    fwrite(header, sizeof *header, 5, out);
    for (size_t i = 0; i < *(const size_t *)context; i++) {
        float v = .02f + .1f * (float)roll(&d, 1000) / 1000;
        fwrite(&v, sizeof v, 1, out);
    }
}

static void print_fusion(FILE *out, const void *unused)
{
    (void)unused;
    fprintf(out, "[fusion]\nlayers=0-2\ntiles=5x1\nweights=stream\n"); /* held while bands run */
    for (int i = 3; i < 8; i++)                                        /* through slots, or all and a part of the channels */
        if (i != POOL)
            fprintf(out, "[fusion]\nlayers=%d-%d\nweights=stream\nslice=%d\n", i, i, i == 5 ? 5 : i == 6 ? 2 : 1);
}

static float input[3 * 20 * 20], right[50];
static int threads; /* 1: another thread reads; as many as cores: they read together */

static network *load(void)
{
    darknet_options options = {.size = sizeof options, .threads = threads, .fusion = fusion};
    network *net = darknet_load(cfg, weights, &options);
    ck_assert_msg(net != NULL, "%s", darknet_last_error());
    ck_assert(network_memory(net).streamed > 0);
    return net;
}

static void set_fault(enum fault kind, int countdown)
{
    fault.countdown = countdown;
    fault.kind = kind;
}

static void make_files(void)
{
    size_t floats = 0, channels = 3;
    for (int i = 0; i < CONVOLUTIONS; i++) {
        floats += (size_t)filters[i] * (4 + channels * 9);
        channels = (size_t)filters[i];
    }
    floats += 50 + channels * 7 * 7 * 50;
    temporary_text(cfg, print_cfg, NULL);
    temporary_text(weights, print_weights, &floats);
    temporary_text(fusion, print_fusion, NULL);
    for (size_t i = 0; i < sizeof input / sizeof *input; i++)
        input[i] = (float)(i % 101) / 101;
    network *net = load();
    memcpy(right, network_predict(net, input), sizeof right);
    free_network(net);
}

static void remove_files(void)
{
    set_fault(NONE, 0);
    unlink(cfg);
    unlink(weights);
    unlink(fusion);
}

static void check_right(network *net)
{
    const float *output = network_predict(net, input);
    ck_assert_msg(output != NULL, "%s", darknet_last_error());
    ck_assert(memcmp(output, right, sizeof right) == 0);
}

/* ---- laws ----------------------------------------------------------------------------------- */

START_TEST(test_slow_and_short_and_interrupted_reads_change_nothing)
{
    network *net = load();
    for (int kind = SHORT_READS; kind <= SLOW; kind++) {
        set_fault((enum fault)kind, 0);
        check_right(net);
    }
    free_network(net);
    for (int kind = SHORT_READS; kind <= SLOW; kind++) {
        set_fault((enum fault)kind, 0);
        net = load();
        check_right(net);
        free_network(net);
    }
}
END_TEST

/* Fails the nth read of a prediction, for every n. */
START_TEST(test_every_read_may_fail)
{
    network *net = load();
    bool failed = true;
    int n = 0;
    for (; failed; n++) {
        set_fault(_i ? BROKEN : ENDED, n);
        const float *output = network_predict(net, input);
        failed = fault.countdown < 0;
        ck_assert((output == NULL) == failed);
        if (failed) {
            ck_assert_msg(strstr(darknet_last_error(), weights) != NULL, "%s", darknet_last_error());
            ck_assert_msg(strstr(darknet_last_error(), _i ? "cannot read" : "shorter") != NULL, "%s", darknet_last_error());
        }
        set_fault(NONE, 0);
        check_right(net);
    }
    ck_assert_int_gt(n, 20);
    free_network(net);
}
END_TEST

START_TEST(test_every_read_of_loading_may_fail)
{
    darknet_options options = {.size = sizeof options, .threads = threads, .fusion = fusion};
    network *net = NULL;
    for (int n = 0; !net; n++) {
        set_fault(BROKEN, n);
        net = darknet_load(cfg, weights, &options);
        bool failed = fault.countdown < 0;
        set_fault(NONE, 0);
        ck_assert((net == NULL) == failed);
        ck_assert(net || strlen(darknet_last_error()) > 0);
    }
    check_right(net);
    free_network(net);
}
END_TEST

START_TEST(test_a_file_cut_in_mid_run_fails_and_heals)
{
    struct stat st;
    network *net = load();
    char *copy;
    ck_assert(!stat(weights, &st) && (copy = malloc((size_t)st.st_size)) != NULL);
    FILE *f = fopen(weights, "r+");
    ck_assert(f && fread(copy, 1, (size_t)st.st_size, f) == (size_t)st.st_size);
    for (int part = 0; part < 4; part++) {
        ck_assert(!truncate(weights, st.st_size * part / 4));
        ck_assert_ptr_null(network_predict(net, input));
        ck_assert_msg(strstr(darknet_last_error(), "became shorter") != NULL, "%s", darknet_last_error());
        rewind(f);
        ck_assert(fwrite(copy, 1, (size_t)st.st_size, f) == (size_t)st.st_size && !fflush(f));
        check_right(net);
    }
    fclose(f);
    free(copy);
    free_network(net);
}
END_TEST

/* The engine goes on with the file that it has opened. */
START_TEST(test_a_replaced_file_changes_nothing)
{
    network *net = load();
    ck_assert(!unlink(weights));
    FILE *f = fopen(weights, "w");
    fputs("something else", f);
    fclose(f);
    check_right(net);
    free_network(net);
}
END_TEST

START_TEST(test_a_network_is_freed_after_a_failure)
{
    network *net = load();
    set_fault(BROKEN, 5);
    ck_assert_ptr_null(network_predict(net, input));
    free_network(net);
}
END_TEST

#if defined(__x86_64__) && !defined(THREAD_SANITIZER) /* which delays signals */
enum { TRAP_FLAG = 0x100, INSTRUCTIONS = 300 /* more than from there to waiting for the next one */ };

static struct {
    struct dn_stream s;
    int rest_at; /* instruction since the last request was complete */
    int instruction;
    _Atomic bool stepping, resting;
} walk;

static void step(int signal, siginfo_t *info, void *context)
{
    greg_t *flags = &((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL];
    (void)info;
    *flags |= TRAP_FLAG;
    walk.stepping = true;
    if (signal != SIGTRAP || walk.s.done < 2 || walk.instruction++ < walk.rest_at)
        return;
    *flags &= ~TRAP_FLAG;
    walk.resting = true;
    usleep(1000);
}

/* What wakes the reading thread for its end was once taken for a request, when it came just between two instructions. */
START_TEST(test_a_stream_may_be_closed_between_any_two_instructions_of_its_thread)
{
    const struct dn_weights made_up = {.file = {.fd = -1}};
    const struct dn_layer_ops ops = {0};
    const struct dn_layer empty = {.ops = &ops};
    const struct dn_fetch nothing = {.layer = &empty};
    const struct sigaction action = {.sa_sigaction = step, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGTRAP, &action, NULL);
    for (int i = 0; i < INSTRUCTIONS; i++) {
        struct dn_error err = {0};
        memset(&walk, 0, sizeof walk);
        walk.rest_at = i;
        ck_assert_msg(!dn_stream_open(&walk.s, &made_up, NULL, 0, &err), "%s", err.text);
        dn_stream_begin(&walk.s, &nothing);
        while (walk.s.done < 1)
            sched_yield();
        pthread_kill(walk.s.thread, SIGUSR1);
        while (!walk.stepping)
            sched_yield();
        dn_stream_begin(&walk.s, &nothing);
        while (!walk.resting)
            sched_yield();
        dn_stream_close(&walk.s);
    }
}
END_TEST
#endif

static void read_alone(void)
{
    threads = 1;
    make_files();
}

static void read_together(void)
{
    threads = dn_process_cores();
    make_files();
}

static TCase *faults(const char *name, void (*setup)(void))
{
    TCase *t = tcase_create(name);
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, setup, remove_files);
    tcase_add_test(t, test_slow_and_short_and_interrupted_reads_change_nothing);
    tcase_add_loop_test(t, test_every_read_may_fail, 0, 2);
    tcase_add_test(t, test_every_read_of_loading_may_fail);
    tcase_add_test(t, test_a_file_cut_in_mid_run_fails_and_heals);
    tcase_add_test(t, test_a_replaced_file_changes_nothing);
    tcase_add_test(t, test_a_network_is_freed_after_a_failure);
    return t;
}

Suite *suite(void)
{
    net_run_patiently();
    Suite *s = suite_create("exec/stream");
    suite_add_tcase(s, faults("read by a thread of their own", read_alone));
    suite_add_tcase(s, faults("read by the computing threads", read_together));
#if defined(__x86_64__) && !defined(THREAD_SANITIZER)
    TCase *t = tcase_create("closing");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, test_a_stream_may_be_closed_between_any_two_instructions_of_its_thread);
    suite_add_tcase(s, t);
#endif
    return s;
}
