/* Flags of the command line.
 *
 * As in stock, flags may stand anywhere and `-flag value` pairs are taken out before the words that
 * remain are counted. Unlike stock, a flag that nobody knows, a malformed value, and a flag that
 * the command would not use are errors: each would otherwise change the result silently. Flags that
 * only matter to stock's windows, cameras and GPUs are accepted and do nothing. Of a flag given
 * twice the first counts, as in stock. */
#include "cli.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum kind { SWITCH, NUMBER, COUNT, TEXT, SIZE, DIALECT, METHOD, IDLE_SWITCH, IDLE_VALUE };

struct flag {
    const char *name;
    enum kind kind;
    unsigned commands; /* where it is allowed */
    size_t offset;     /* of the value in struct dn_args */
    double min, max;   /* of numbers and counts */
};

#define AT(member) offsetof(struct dn_args, member)

static const struct flag flags[] = {
    {"-thresh", NUMBER, DN_CMD_FIND, AT(thresh), 0, 1},
    {"-hier", NUMBER, DN_CMD_FIND, AT(hier), 0, 1},
    {"-t", COUNT, DN_CMD_CLASSIFY, AT(top), 1, 1000000},
    {"-out", TEXT, DN_CMD_FIND | DN_CMD_PLAN, AT(out), 0, 0},
    {"-ext_output", SWITCH, DN_CMD_FIND, AT(ext_output), 0, 0},
    {"-save_labels", SWITCH, DN_CMD_FIND, AT(save_labels), 0, 0},
    {"-letter_box", SWITCH, DN_CMD_DETECT, AT(letter_box), 0, 0},
    {"-dialect", DIALECT, DN_CMD_ANY, AT(dialect), 0, 0},
    {"-threads", COUNT, DN_CMD_ANY, AT(threads), 1, 1024},
    {"-isa", TEXT, DN_CMD_ANY, AT(isa), 0, 0},
    {"-exact", SWITCH, DN_CMD_ANY, AT(exact), 0, 0},
    {"-input", TEXT, DN_CMD_FORWARD, AT(input), 0, 0},
    {"-heads", TEXT, DN_CMD_FORWARD, AT(heads), 0, 0},
    {"-layers", TEXT, DN_CMD_FORWARD, AT(layers), 0, 0},
    {"-runs", COUNT, DN_CMD_BENCH, AT(runs), 1, 1000000},
    {"-profile", SWITCH, DN_CMD_BENCH, AT(profile), 0, 0},
    {"-trace", TEXT, DN_CMD_PHOTOS | DN_CMD_FORWARD | DN_CMD_BENCH, AT(trace), 0, 0},
    {"-json", SWITCH, DN_CMD_BENCH | DN_CMD_PLAN, AT(json), 0, 0},
    {"-memory", SIZE, DN_CMD_ANY, AT(memory), 0, 0},
    {"-fusion", TEXT, DN_CMD_ANY, AT(fusion), 0, 0},
    {"-svg", TEXT, DN_CMD_PLAN, AT(svg), 0, 0},
    {"-csv", TEXT, DN_CMD_PLAN, AT(csv), 0, 0},
    {"-sweep", SWITCH, DN_CMD_PLAN, AT(sweep), 0, 0},
    {"-measure", SWITCH, DN_CMD_PLAN, AT(measure), 0, 0},
    {"-method", METHOD, DN_CMD_PLAN | DN_CMD_BENCH, AT(method), 0, 0},
    {"-calibrate", SWITCH, DN_CMD_PLAN, AT(calibrate), 0, 0},
    {"-nogpu", IDLE_SWITCH, DN_CMD_ANY, 0, 0, 0},
    {"-clear", IDLE_SWITCH, DN_CMD_PHOTOS, 0, 0, 0},
    {"-fullscreen", IDLE_SWITCH, DN_CMD_PHOTOS, 0, 0, 0},
    {"-dont_show", IDLE_SWITCH, DN_CMD_PHOTOS, 0, 0, 0},
    {"-i", IDLE_VALUE, DN_CMD_ANY, 0, 0, 0},
    {"-gpus", IDLE_VALUE, DN_CMD_PHOTOS, 0, 0, 0},
    {"-prefix", IDLE_VALUE, DN_CMD_PHOTOS, 0, 0, 0},
    {"-c", IDLE_VALUE, DN_CMD_PHOTOS, 0, 0, 0},
    {"-s", IDLE_VALUE, DN_CMD_PHOTOS, 0, 0, 0},
    {"-avg", IDLE_VALUE, DN_CMD_PHOTOS, 0, 0, 0},
    {"-w", IDLE_VALUE, DN_CMD_PHOTOS, 0, 0, 0},
    {"-h", IDLE_VALUE, DN_CMD_PHOTOS, 0, 0, 0},
    {"-fps", IDLE_VALUE, DN_CMD_PHOTOS, 0, 0, 0},
};

enum { FLAG_COUNT = sizeof flags / sizeof flags[0] };

static const struct flag *find_flag(const char *name)
{
    for (int i = 0; i < FLAG_COUNT; i++)
        if (!strcmp(flags[i].name, name))
            return &flags[i];
    return NULL;
}

static bool has_value(const struct flag *flag)
{
    return flag->kind != SWITCH && flag->kind != IDLE_SWITCH;
}

/* A number of the flag's range; whole numbers only for counts. */
static bool read_number(const struct flag *flag, const char *text, double *value)
{
    char *end;
    *value = strtod(text, &end);
    bool whole = flag->kind == COUNT;
    if (end == text || *end || !isfinite(*value) || (whole && *value != floor(*value))) {
        dn_complain("%s %s: the value must be a %s", flag->name, text,
                    whole ? "whole number" : "number");
        return false;
    }
    if (*value < flag->min || *value > flag->max) {
        dn_complain("%s %s: the value must be from %.0f to %.0f", flag->name, text, flag->min,
                    flag->max);
        return false;
    }
    return true;
}

static bool read_dialect(const char *text, int *dialect)
{
    if (!strcmp(text, "stock"))
        *dialect = DARKNET_STOCK;
    else if (!strcmp(text, "alexeyab"))
        *dialect = DARKNET_ALEXEYAB;
    else
        return dn_complain("-dialect %s: the dialects are stock and alexeyab", text), false;
    return true;
}

/* text: the word after the flag, or NULL for switches. */
static bool set_flag(struct dn_args *args, const struct flag *flag, char *text)
{
    void *member = (char *)args + flag->offset;
    double number;
    switch (flag->kind) {
    case SWITCH:
        *(bool *)member = true;
        return true;
    case NUMBER:
        if (!read_number(flag, text, &number))
            return false;
        *(float *)member = (float)number;
        return true;
    case COUNT:
        if (!read_number(flag, text, &number))
            return false;
        *(int *)member = (int)number;
        return true;
    case TEXT:
        *(const char **)member = text;
        return *text || (dn_complain("%s: the value is empty", flag->name), false);
    case SIZE:
        return dn_parse_size(text, member) ||
               (dn_complain("%s %s: a size is a number of bytes, or one with K, M or G, as in 16M",
                            flag->name, text),
                false);
    case DIALECT:
        return read_dialect(text, member);
    case METHOD:
        *(const char **)member = text;
        return !strcmp(text, "auto") || !strcmp(text, "paper") ||
               (dn_complain("-method %s: the methods are auto and paper", text), false);
    case IDLE_SWITCH:
    case IDLE_VALUE:
        break;
    }
    return true;
}

static bool looks_like_flag(const char *word)
{
    return word[0] == '-' && word[1] != '\0';
}

/* The words that are no flags and no values of flags, in args->words. */
static void collect_words(struct dn_args *args, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (!looks_like_flag(argv[i])) {
            args->words[args->word_count++] = argv[i];
            continue;
        }
        const struct flag *flag = find_flag(argv[i]);
        if (flag && has_value(flag))
            i++;
    }
}

static bool take_flag(struct dn_args *args, const struct flag *flag, char *value, unsigned command,
                      bool seen)
{
    if (!(flag->commands & command)) {
        dn_complain("%s is not a flag of '%s'", flag->name, args->words[0]);
        return false;
    }
    if (has_value(flag) && !value) {
        dn_complain("%s needs a value after it", flag->name);
        return false;
    }
    return seen || set_flag(args, flag, value);
}

bool dn_args_parse(struct dn_args *args, int argc, char **argv,
                   unsigned (*command_of)(char **words, int n))
{
    *args = (struct dn_args){.thresh = -1.f, .hier = -1.f, .dialect = DARKNET_STOCK};
    args->words = calloc((size_t)argc + 1, sizeof *args->words);
    if (!args->words)
        return dn_complain("there is no memory for %d arguments", argc), false;
    collect_words(args, argc, argv);
    unsigned command = command_of(args->words, args->word_count);
    if (!command || command == DN_CMD_REFUSED)
        return true;

    bool seen[FLAG_COUNT] = {false};
    for (int i = 1; i < argc; i++) {
        if (!looks_like_flag(argv[i]))
            continue;
        const struct flag *flag = find_flag(argv[i]);
        if (!flag)
            return dn_complain("%s is an unknown flag ('darknet help' lists them)", argv[i]), false;
        char *value = has_value(flag) ? argv[++i] : NULL;
        if (!take_flag(args, flag, value, command, seen[flag - flags]))
            return false;
        seen[flag - flags] = true;
    }
    if (args->fusion && args->method)
        return dn_complain("-fusion and -method both say how layers are grouped: give one of them"), false;
    return true;
}

void dn_args_free(struct dn_args *args)
{
    free(args->words);
}
