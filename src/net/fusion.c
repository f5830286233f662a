/* See fusion.h. Whether the layers of a group can be tiled is for the planner to say. */
#include "net/fusion.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "net/cfg.h"

enum { MOST_TILES = 1 << 15 };

struct parser {
    const char *path;
    struct dn_section *section;
    struct dn_error *err;
};

static enum dn_status fail(const struct parser *p, const struct dn_key *key, const char *allowed)
{
    return dn_fail(p->err, DN_INVALID, "%s:%d: [fusion] %s=%s is not understood; %s", p->path, key->line,
                   key->name, key->value, allowed);
}

/* Two numbers with `between` in the middle; with `single`, one number stands for N and 1. */
static bool parse_pair(const char *text, char between, bool single, int *a, int *b)
{
    const char *end;
    *b = 1;
    if (*text < '0' || *text > '9' || !dn_parse_int(text, a, &end))
        return false;
    if (!*end)
        return single;
    text = end + 1;
    return *end == between && *text >= '0' && *text <= '9' && dn_parse_int(text, b, &end) && !*end;
}

static enum dn_status parse_layers(const struct parser *p, int layers, struct dn_fusion_group *g)
{
    struct dn_key *key = dn_section_find(p->section, "layers");
    if (!key)
        return dn_fail(p->err, DN_INVALID, "%s:%d: [fusion] does not say which layers; write layers=FIRST-LAST",
                       p->path, p->section->line);
    if (!parse_pair(key->value, '-', false, &g->first, &g->last))
        return fail(p, key, "write layers=FIRST-LAST");
    if (g->first > g->last || g->last >= layers)
        return dn_fail(p->err, DN_INVALID, "%s:%d: [fusion] layers=%d-%d is not a range of the layers 0-%d",
                       p->path, key->line, g->first, g->last, layers - 1);
    return DN_OK;
}

static enum dn_status parse_tiles(const struct parser *p, struct dn_fusion_group *g)
{
    struct dn_key *key = dn_section_find(p->section, "tiles");
    g->tiles = g->columns = 1;
    if (key && (!parse_pair(key->value, 'x', true, &g->tiles, &g->columns) || g->tiles < 1 ||
                g->columns < 1 || g->tiles > MOST_TILES || g->columns > MOST_TILES))
        return fail(p, key, "write tiles=ROWSxCOLUMNS with numbers from 1 on");
    return DN_OK;
}

static enum dn_status parse_words(const struct parser *p, struct dn_fusion_group *g)
{
    struct dn_key *overlap = dn_section_find(p->section, "overlap");
    struct dn_key *weights = dn_section_find(p->section, "weights");
    g->recompute = overlap && strcmp(overlap->value, "recompute") == 0;
    if (overlap && !g->recompute && strcmp(overlap->value, "reuse") != 0)
        return fail(p, overlap, "allowed are reuse and recompute");
    if (!weights)
        return DN_OK;
    g->weights = strcmp(weights->value, "resident") == 0 ? DN_RESIDENT : DN_STREAM;
    if (g->weights == DN_STREAM && strcmp(weights->value, "stream") != 0)
        return fail(p, weights, "allowed are resident and stream");
    return DN_OK;
}

static enum dn_status parse_group(struct parser *p, int layers, struct dn_fusion_group *g)
{
    g->line = p->section->line;
    if (strcmp(p->section->name, "fusion") != 0)
        return dn_fail(p->err, DN_INVALID, "%s:%d: [%s] stands behind a [fusion] section; those come last",
                       p->path, g->line, p->section->name);
    if (parse_layers(p, layers, g) || parse_tiles(p, g) || parse_words(p, g))
        return p->err->status;
    for (int i = 0; i < p->section->n; i++)
        if (!p->section->keys[i].used)
            return dn_fail(p->err, DN_INVALID, "%s:%d: [fusion] has no key %s; known are layers, tiles, overlap and weights",
                           p->path, p->section->keys[i].line, p->section->keys[i].name);
    return DN_OK;
}

static int by_layer(const void *a, const void *b)
{
    const struct dn_fusion_group *x = a, *y = b;
    return x->first != y->first ? x->first - y->first : x->line - y->line;
}

enum dn_status dn_fusion_parse(const char *path, struct dn_section *sections, int n, int layers,
                               struct dn_fusion *fusion, struct dn_error *err)
{
    struct parser p = {.path = path, .err = err};
    *fusion = (struct dn_fusion){.path = strdup(path), .groups = calloc((size_t)n + 1, sizeof *fusion->groups)};
    if (!fusion->path || !fusion->groups)
        dn_fail(err, DN_NO_MEMORY, "%s: no memory for its %d [fusion] sections", path, n);
    for (; !err->status && fusion->n < n; fusion->n++) {
        p.section = &sections[fusion->n];
        parse_group(&p, layers, &fusion->groups[fusion->n]);
    }
    if (!err->status)
        qsort(fusion->groups, (size_t)n, sizeof *fusion->groups, by_layer);
    for (int i = 1; i < n && !err->status; i++) {
        const struct dn_fusion_group *a = &fusion->groups[i - 1], *b = &fusion->groups[i];
        if (b->first <= a->last)
            dn_fail(err, DN_INVALID, "%s:%d: [fusion] layers=%d-%d overlaps layers=%d-%d of line %d", path,
                    b->line, b->first, b->last, a->first, a->last, a->line);
    }
    if (err->status)
        dn_fusion_free(fusion);
    return err->status;
}

enum dn_status dn_fusion_read(const char *path, int layers, struct dn_fusion *fusion, struct dn_error *err)
{
    struct dn_cfg cfg;
    if (dn_cfg_read(path, &cfg, err))
        return err->status;
    dn_fusion_parse(path, cfg.sections, cfg.n, layers, fusion, err);
    dn_cfg_free(&cfg);
    return err->status;
}

void dn_fusion_free(struct dn_fusion *fusion)
{
    free(fusion->path);
    free(fusion->groups);
    memset(fusion, 0, sizeof *fusion);
}
