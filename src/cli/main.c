/* The darknet program: finds the command and runs it.
 *
 * Every verb of stock is known. The ones that run a network on photos are here; the others answer
 * with a sentence that says where to go, because the files are interchangeable. Unlike stock, whose
 * status is 0 even when a file is missing, failure is always status 1. */
#include "cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct command {
    const char *verb;
    const char *action; /* second word, or NULL when the verb stands alone */
    unsigned flags;     /* enum dn_command */
    int (*run)(const struct dn_args *args);
};

static const struct command commands[] = {
    {"detector", "test", DN_CMD_DETECT, dn_detector_test},
    {"detect", NULL, DN_CMD_DETECT, dn_detect},
    {"yolo", "test", DN_CMD_YOLO, dn_yolo_test},
    {"classifier", "predict", DN_CMD_CLASSIFY, dn_classifier_predict},
    {"classify", NULL, DN_CMD_CLASSIFY, dn_classify},
    {"forward", NULL, DN_CMD_FORWARD, dn_forward},
    {"bench", NULL, DN_CMD_BENCH, dn_bench},
    {"plan", NULL, DN_CMD_PLAN, dn_plan},
};

struct refusal {
    const char *verb;
    const char *actions; /* each surrounded by spaces; NULL: any, also none */
    const char *why;
};

static const char trains[] =
    "training is not part of this program; stock Darknet trains, and its files work here unchanged";
static const char watches[] =
    "cameras and videos are not part of this program; give it pictures of the frames";
static const char measures[] =
    "scoring a data set is not part of this program; stock Darknet does it with the same files";
static const char converts[] =
    "rewriting weights is not part of this program; stock Darknet does it with the same files";
static const char plays[] = "this program only detects and classifies; stock Darknet does this";

static const struct refusal refusals[] = {
    {"detector", " train ", trains},
    {"detector", " demo ", watches},
    {"detector", " valid valid2 recall map calc_anchors draw ", measures},
    {"classifier", " train ", trains},
    {"classifier", " demo gun threat ", watches},
    {"classifier", " try test label valid validmulti valid10 validcrop validfull ", measures},
    {"yolo", " train ", trains},
    {"yolo", " demo ", watches},
    {"yolo", " valid recall ", measures},
    {"train", NULL, trains},
    {"valid", NULL, measures},
    {"recall", NULL, measures},
    {"demo", NULL, watches},
    {"average", NULL, converts},
    {"partial", NULL, converts},
    {"reset", NULL, converts},
    {"normalize", NULL, converts},
    {"denormalize", NULL, converts},
    {"rescale", NULL, converts},
    {"rgbgr", NULL, converts},
    {"statistics", NULL, converts},
    {"oneoff", NULL, converts},
    {"oneoff2", NULL, converts},
    {"ops", NULL, "the layer table and 'darknet bench' tell the operations of a network"},
    {"speed", NULL, "'darknet bench' measures speed"},
    {"coco", NULL, "the first YOLO with COCO names is not part of this program; see 'yolo test'"},
    {"super", NULL, plays},
    {"lsd", NULL, plays},
    {"cifar", NULL, plays},
    {"go", NULL, plays},
    {"rnn", NULL, "recurrent networks are not part of this program; stock Darknet runs them"},
    {"vid", NULL, "recurrent networks are not part of this program; stock Darknet runs them"},
    {"regressor", NULL, plays},
    {"segmenter", NULL, plays},
    {"isegmenter", NULL, plays},
    {"art", NULL, plays},
    {"tag", NULL, plays},
    {"captcha", NULL, plays},
    {"nightmare", NULL, plays},
    {"visualize", NULL, plays},
    {"print", NULL, plays},
    {"mkimg", NULL, plays},
    {"imtest", NULL, plays},
    {"3d", NULL, plays},
    {"test", NULL, plays},
};

int dn_complain(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fflush(stdout);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
    return 1;
}

static const struct command *find_command(char **words, int n)
{
    for (size_t i = 0; n > 0 && i < sizeof commands / sizeof commands[0]; i++) {
        const struct command *c = &commands[i];
        if (!strcmp(words[0], c->verb) && (!c->action || (n > 1 && !strcmp(words[1], c->action))))
            return c;
    }
    return NULL;
}

static unsigned command_of(char **words, int n)
{
    const struct command *command = find_command(words, n);
    return command ? command->flags : DN_CMD_REFUSED;
}

static bool lists(const char *actions, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = strstr(actions, word); length && at; at = strstr(at + 1, word))
        if (at[-1] == ' ' && at[length] == ' ')
            return true;
    return false;
}

/* What to say about words that are no command of ours. */
static int refuse(char **words, int n)
{
    const char *verb = words[0];
    const char *action = n > 1 ? words[1] : "";
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const struct refusal *r = &refusals[i];
        if (strcmp(verb, r->verb))
            continue;
        if (!r->actions)
            return dn_complain("%s: %s", verb, r->why);
        if (lists(r->actions, action))
            return dn_complain("%s %s: %s", verb, action, r->why);
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (!strcmp(verb, commands[i].verb) && *action)
            return dn_complain("Not an option: %s %s (%s knows '%s')", verb, action, verb,
                               commands[i].action);
        else if (!strcmp(verb, commands[i].verb))
            return dn_complain("%s needs a second word: '%s %s'", verb, verb, commands[i].action);
    return dn_complain("Not an option: %s ('darknet help' lists the commands)", verb);
}

static bool is_one_of(const char *word, const char *a, const char *b, const char *c)
{
    return !strcmp(word, a) || !strcmp(word, b) || !strcmp(word, c);
}

static int run(int argc, char **argv)
{
    if (argc < 2) {
        dn_usage(stderr, argv[0] ? argv[0] : "darknet");
        return 0;
    }
    if (is_one_of(argv[1], "help", "-help", "--help")) {
        dn_help(stdout);
        return 0;
    }
    if (is_one_of(argv[1], "version", "-version", "--version")) {
        printf("darknet %s\n", DN_VERSION);
        return 0;
    }
    struct dn_args args;
    int status = 1;
    if (dn_args_parse(&args, argc, argv, command_of)) {
        const struct command *command = find_command(args.words, args.word_count);
        if (command)
            status = command->run(&args);
        else if (args.word_count)
            status = refuse(args.words, args.word_count);
        else
            status = dn_complain("there is no command among the arguments ('darknet help' lists "
                                 "them)");
    }
    dn_args_free(&args);
    return status;
}

/* Threads that wait for others spin for some 0.1 ms, which waking them up would take, and then sleep.
 * By default they spin for some milliseconds, which makes a small network ten times as slow as soon as
 * another process wants a core. OpenMP reads its variables before main, hence the priority; it takes
 * effect where OpenMP is linked statically, as it is by default. */
__attribute__((constructor(101))) static void wait_shortly(void)
{
    setenv("GOMP_SPINCOUNT", "5000", 0);
}

int main(int argc, char **argv)
{
    int status = run(argc, argv);
    bool failed = ferror(stdout) != 0;
    if (fclose(stdout) || failed)
        return dn_complain("standard output could not be written completely");
    return status;
}
