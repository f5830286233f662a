/* The darknet program: what its files share.
 *
 *     argv -> args.c -> main.c -> detector.c | classifier.c | forward.c | bench.c | plan.c
 *
 * The program sees only darknet.h. A command returns its exit status, 0 or 1; it explains a failure
 * in one sentence on standard error through dn_complain(). Results go to standard output in stock's
 * words, everything else (layer table, remarks, progress) to standard error. */
#ifndef DN_CLI_CLI_H
#define DN_CLI_CLI_H

#include <darknet.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Commands that take flags: bits, so that a flag can name all that it belongs to. */
enum dn_command {
    DN_CMD_DETECT = 1,
    DN_CMD_CLASSIFY = 2,
    DN_CMD_YOLO = 4,
    DN_CMD_FORWARD = 8,
    DN_CMD_BENCH = 16,
    DN_CMD_PLAN = 64,
    DN_CMD_REFUSED = 32, /* stock's other verbs: any flag is accepted, none is used */
    DN_CMD_FIND = DN_CMD_DETECT | DN_CMD_YOLO, /* boxes */
    DN_CMD_PHOTOS = DN_CMD_FIND | DN_CMD_CLASSIFY,
    DN_CMD_ANY = DN_CMD_PHOTOS | DN_CMD_FORWARD | DN_CMD_BENCH | DN_CMD_PLAN
};

/* The command line, taken apart. Texts point into argv. */
struct dn_args {
    char **words; /* [word_count] what is not a flag, the command first; owned */
    int word_count;

    float thresh; /* negative when not given, like hier */
    float hier;
    int top; /* 0 when not given, like threads and runs */
    int threads;
    int runs;
    int dialect; /* enum darknet_dialect */
    bool exact, json, ext_output, save_labels, letter_box, sweep, calibrate, measure, profile;
    const char *isa, *out, *input, *heads, *layers, *fusion, *svg, *csv, *method, *trace; /* NULL when not given */
    unsigned long long memory;                      /* bytes; 0 when not given */
};

/* Splits argv into words and flags. `command_of` tells the command from the words (0: unknown, the
 * caller reports it). Explains what it refuses: unknown flags, missing and malformed values, flags
 * of other commands. Free with dn_args_free(), also after a failure. */
bool dn_args_parse(struct dn_args *args, int argc, char **argv,
                   unsigned (*command_of)(char **words, int n));
void dn_args_free(struct dn_args *args);

/* Bytes from "16M", "900K", "1.5G" or "4096"; K, M and G are powers of 1024, in either case. False
 * for anything else, zero and sizes of 2^63 bytes or more. */
bool dn_parse_size(const char *text, unsigned long long *bytes);

/* Prints one sentence to standard error; returns 1, the exit status of failure. */
int dn_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What the flags say about loading a network. */
darknet_options dn_cli_options(const struct dn_args *args);

enum { DN_NO_PHOTOS = -1 };

/* Loads a network so; NULL after complaining. words: CFG [WEIGHTS [PHOTO...]]. fit: of photos, enum darknet_fit; they
 * come from standard input when none is named, so that a budget has room for them. DN_NO_PHOTOS: none will be read.
 * `picture` is the file that they will be drawn into, NULL: they are not. An empty or missing weights
 * file means seeded synthetic weights. */
network *dn_cli_load(const struct dn_args *args, char **words, int count, int fit, const char *picture);

/* After a run with -memory: one line on standard error about what was foreseen and what was used. */
void dn_cli_account(const struct dn_args *args, const network *net);

/* Completes the file of network_trace(), unless it is NULL; an exit status. */
int dn_cli_trace_end(network *net, const char *path);

/* Prints layer table, remarks, planned memory and "Loading weights" to standard error. */
void dn_cli_introduce(const network *net, const char *weights);

/* Seconds of a clock that never goes back. */
double dn_cli_seconds(void);

/* The photos of a run: those named on the command line, else lines of standard input, each asked
 * for with stock's prompt. Start with the two first members set, the others zero. */
struct dn_photos {
    char **paths; /* [count] */
    int count;
    int next;
    char *line, *later; /* lines of standard input: the current one, and one that was looked at; owned */
    size_t line_size, later_size;
    bool have, ended; /* `later` has been read; it was the end */
};

/* The next path, or NULL at the end; valid until the next call, which frees everything at the end.
 */
const char *dn_photos_next(struct dn_photos *photos);

/* The path that dn_photos_next() will return, as far as that can be known without waiting for it; NULL
 * otherwise. Valid until the next call of that. */
const char *dn_photos_after(struct dn_photos *photos);

/* Digits of a layer type in the numbering of the dialect. */
int dn_type_number(LAYER_TYPE type, int dialect);

/* Whether the layer decodes into boxes. */
bool dn_is_head(const layer *l);

/* The network input that comparisons use, reproducible noise in [0, 1), as the rows of
 * network_predict_rows(); context is the network. */
int dn_seeded_row(void *context, int y, float *row, size_t plane);

/* Commands; words[0] is the command itself. */
int dn_detector_test(const struct dn_args *args);
int dn_detect(const struct dn_args *args);
int dn_yolo_test(const struct dn_args *args);
int dn_classifier_predict(const struct dn_args *args);
int dn_classify(const struct dn_args *args);
int dn_forward(const struct dn_args *args);
int dn_bench(const struct dn_args *args);
int dn_plan(const struct dn_args *args);

/* Text for `darknet help`, and the line for no arguments at all. */
void dn_help(FILE *out);
void dn_usage(FILE *out, const char *program);

#endif
