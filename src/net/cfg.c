/* See cfg.h. Works in place on the text: two passes over the lines, the first counts. */
#include "net/cfg.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"

enum { LIMIT = 16 << 20 }; /* bytes of a cfg; the largest in use have 40 kB */

/* Cuts the next line off *rest, removes blanks, returns it; NULL at the end of the text. */
static char *next_line(char **rest)
{
    char *line = *rest;
    if (!*line)
        return NULL;
    char *end = strchr(line, '\n');
    *rest = end ? end + 1 : line + strlen(line);
    if (end)
        *end = 0;
    char *to = line;
    for (const char *s = line; *s; s++)
        if (*s != ' ' && *s != '\t' && *s != '\r')
            *to++ = *s;
    *to = 0;
    return line;
}

static bool is_skipped(const char *line)
{
    return !*line || *line == '#' || *line == ';';
}

/* Counts sections and the longest possible key list without changing the text. */
static void count(const char *text, size_t *sections, size_t *keys)
{
    *sections = *keys = 0;
    for (const char *s = text; *s;) {
        s += strspn(s, " \t\r");
        *sections += *s == '[';
        *keys += *s && *s != '[' && *s != '\n';
        s += strcspn(s, "\n");
        s += *s == '\n';
    }
}

static enum dn_status add_section(struct dn_cfg *cfg, char *line, int number, struct dn_error *err)
{
    size_t n = strlen(line);
    if (line[n - 1] != ']' || n < 3)
        return dn_fail(err, DN_INVALID, "%s:%d: '%s' is not a section; a section is written [name]",
                       cfg->path, number, line);
    line[n - 1] = 0;
    cfg->sections[cfg->n++] = (struct dn_section){.name = line + 1, .line = number};
    return DN_OK;
}

static enum dn_status add_key(struct dn_cfg *cfg, struct dn_key *key, char *line, int number,
                              struct dn_error *err)
{
    if (cfg->n == 0)
        return dn_fail(err, DN_INVALID, "%s:%d: '%s' stands in front of the first section; a cfg begins with [net]",
                       cfg->path, number, line);
    struct dn_section *s = &cfg->sections[cfg->n - 1];
    char *value = strchr(line, '=');
    if (value) {
        *value++ = 0;
        if (!*value)
            return dn_fail(err, DN_INVALID, "%s:%d: the key %s has no value", cfg->path, number, line);
    }
    if (!s->keys)
        s->keys = key;
    *key = (struct dn_key){.name = line, .value = value, .line = number};
    s->n++;
    return DN_OK;
}

/* All keys of the file lie in one array behind the sections, in file order. */
static enum dn_status split(struct dn_cfg *cfg, struct dn_error *err)
{
    size_t sections, keys;
    count(cfg->text, &sections, &keys);
    cfg->sections = calloc(1, sections * sizeof(struct dn_section) + keys * sizeof(struct dn_key) + 1);
    if (!cfg->sections)
        return dn_fail(err, DN_NO_MEMORY, "%s: no memory for its %zu sections", cfg->path, sections);
    struct dn_key *key = (struct dn_key *)(cfg->sections + sections);
    char *rest = cfg->text, *line;
    for (int number = 1; (line = next_line(&rest)); number++) {
        enum dn_status status = DN_OK;
        if (is_skipped(line))
            continue;
        if (*line == '[')
            status = add_section(cfg, line, number, err);
        else
            status = add_key(cfg, key++, line, number, err);
        if (status)
            return status;
    }
    if (cfg->n == 0)
        return dn_fail(err, DN_INVALID, "%s: has no section; a cfg begins with [net]", cfg->path);
    return DN_OK;
}

enum dn_status dn_cfg_read(const char *path, struct dn_cfg *cfg, struct dn_error *err)
{
    size_t size;
    memset(cfg, 0, sizeof *cfg);
    enum dn_status status = dn_read_text(path, LIMIT, &cfg->text, &size, err);
    if (!status && !(cfg->path = strdup(path)))
        status = dn_fail(err, DN_NO_MEMORY, "%s: no memory for the file name", path);
    if (!status)
        status = split(cfg, err);
    if (status)
        dn_cfg_free(cfg);
    return status;
}

void dn_cfg_free(struct dn_cfg *cfg)
{
    free(cfg->sections);
    free(cfg->text);
    free(cfg->path);
    memset(cfg, 0, sizeof *cfg);
}
