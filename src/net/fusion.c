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

/* A number, `between`, a number; a single one stands for itself and `other`. *end is set behind. */
static bool parse_pair(const char *text, char between, const int *other, int pair[2], const char **end)
{
    if (*text < '0' || *text > '9' || !dn_parse_int(text, &pair[0], end))
        return false;
    pair[1] = other ? *other : pair[0];
    text = *end + 1;
    return **end != between || (*text >= '0' && *text <= '9' && dn_parse_int(text, &pair[1], end));
}

static enum dn_status parse_layers(const struct parser *p, int layers, struct dn_fusion_group *g)
{
    struct dn_key *key = dn_section_find(p->section, "layers");
    if (!key)
        return dn_fail(p->err, DN_INVALID, "%s:%d: [fusion] does not say which layers; write layers=FIRST-LAST",
                       p->path, p->section->line);
    const char *end = key->value - 1;
    size_t most = 1;
    for (const char *s = key->value; *s; s++)
        most += *s == ',';
    g->ranges = calloc(most, sizeof *g->ranges);
    if (!g->ranges)
        return dn_fail(p->err, DN_NO_MEMORY, "%s:%d: no memory for the %zu ranges of a [fusion] section", p->path, key->line, most);
    do {
        int pair[2];
        if (!parse_pair(end + 1, '-', NULL, pair, &end) || (*end && *end != ','))
            return fail(p, key, "write layers=FIRST-LAST, or several such ranges with commas");
        if (pair[0] > pair[1] || pair[1] >= layers)
            return dn_fail(p->err, DN_INVALID, "%s:%d: [fusion] layers=%d-%d is not a range of the layers 0-%d",
                           p->path, key->line, pair[0], pair[1], layers - 1);
        g->ranges[g->n++] = (struct dn_range){pair[0], pair[1]};
    } while (*end);
    return DN_OK;
}

static enum dn_status parse_tiles(const struct parser *p, struct dn_fusion_group *g)
{
    struct dn_key *key = dn_section_find(p->section, "tiles");
    static const int one = 1;
    int pair[2] = {1, 1};
    const char *end = "";
    if (key && (!parse_pair(key->value, 'x', &one, pair, &end) || *end || pair[0] < 1 || pair[1] < 1 ||
                pair[0] > MOST_TILES || pair[1] > MOST_TILES))
        return fail(p, key, "write tiles=ROWSxCOLUMNS with numbers from 1 to 32768");
    g->tiles = pair[0];
    g->columns = pair[1];
    return DN_OK;
}

/* A number of at least `least`; `value` stays when the key is absent. */
static bool parse_number(const struct parser *p, const char *name, int least, int *value)
{
    struct dn_key *key = dn_section_find(p->section, name);
    const char *end;
    int n;
    if (!key)
        return false;
    if (!dn_parse_int(key->value, &n, &end) || *end || n < least) {
        fail(p, key, least ? "write a number from 1 on" : "write a number from 0 on");
        return false;
    }
    *value = n;
    return true;
}

static enum dn_status parse_order(const struct parser *p, struct dn_fusion *fusion)
{
    struct dn_key *key = dn_section_find(p->section, "order");
    const bool early = key && strcmp(key->value, "early") == 0;
    int concat = fusion->concat;
    if (key && !early && strcmp(key->value, "file") != 0)
        return fail(p, key, "allowed are file and early");
    if (key && fusion->order_given && early != fusion->early)
        return fail(p, key, "another section has another order, and it holds for all");
    if (parse_number(p, "concat", 0, &concat) && fusion->concat_given && concat != fusion->concat)
        return fail(p, dn_section_find(p->section, "concat"), "another section has another number, and it holds for all");
    fusion->early |= early;
    fusion->order_given |= key != NULL;
    fusion->concat_given |= dn_section_find(p->section, "concat") != NULL;
    fusion->concat = concat;
    return p->err->status;
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

/* Known keys only, each once and with a value: so a section has few. */
static enum dn_status check_keys(const struct parser *p)
{
    const struct dn_key *keys = p->section->keys;
    for (int i = 0; i < p->section->n; i++) {
        if (!keys[i].used)
            return dn_fail(p->err, DN_INVALID, "%s:%d: [fusion] has no key %s; known are layers, tiles, overlap, stripes, weights, slice, thrift, order and concat",
                           p->path, keys[i].line, keys[i].name);
        if (!keys[i].value)
            return dn_fail(p->err, DN_INVALID, "%s:%d: [fusion] %s has no value; write %s=VALUE", p->path, keys[i].line,
                           keys[i].name, keys[i].name);
        for (int k = 0; k < i; k++)
            if (strcmp(keys[i].name, keys[k].name) == 0)
                return dn_fail(p->err, DN_INVALID, "%s:%d: [fusion] has the key %s twice; line %d has it, too", p->path,
                               keys[i].line, keys[i].name, keys[k].line);
    }
    return DN_OK;
}

static enum dn_status parse_group(struct parser *p, int layers, struct dn_fusion *fusion)
{
    struct dn_fusion_group *g = &fusion->groups[fusion->n];
    g->line = p->section->line;
    if (strcmp(p->section->name, "fusion") != 0)
        return dn_fail(p->err, DN_INVALID, "%s:%d: [%s] stands among [fusion] sections, which come last and after which there is nothing else",
                       p->path, g->line, p->section->name);
    if (parse_layers(p, layers, g) || parse_tiles(p, g) || parse_words(p, g) || parse_order(p, fusion))
        return p->err->status;
    g->stripes = 1;
    parse_number(p, "slice", 1, &g->slice);
    if (parse_number(p, "stripes", 1, &g->stripes) && (g->stripes > g->tiles || (g->stripes > 1 && (g->columns > 1 || g->recompute))))
        return fail(p, dn_section_find(p->section, "stripes"), "allowed are at most as many as there are tiles, of one column, with overlap=reuse");
    if (parse_number(p, "thrift", 0, &g->thrift) && g->thrift >= DN_THRIFT_LEVELS)
        return fail(p, dn_section_find(p->section, "thrift"), "allowed are 0 to 4");
    return p->err->status ? p->err->status : check_keys(p);
}

/* No layer may be in two sections. */
static enum dn_status check_overlaps(const struct dn_fusion *f, int layers, struct dn_error *err)
{
    int *owner = calloc((size_t)layers, sizeof *owner);
    if (!owner)
        return dn_fail(err, DN_NO_MEMORY, "%s: no memory for its %d [fusion] sections", f->path, f->n);
    for (int i = 0; i < f->n; i++)
        for (int r = 0; r < f->groups[i].n; r++)
            for (int l = f->groups[i].ranges[r].first; l <= f->groups[i].ranges[r].last && !err->status; l++) {
                if (owner[l])
                    dn_fail(err, DN_INVALID, "%s:%d: [fusion] has layer %d, which the section of line %d has already",
                            f->path, f->groups[i].line, l, owner[l]);
                owner[l] = f->groups[i].line;
            }
    free(owner);
    return err->status;
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
        parse_group(&p, layers, fusion);
    }
    if (!err->status)
        check_overlaps(fusion, layers, err);
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
    for (int i = 0; i < fusion->n; i++)
        free(fusion->groups[i].ranges);
    free(fusion->path);
    free(fusion->groups);
    memset(fusion, 0, sizeof *fusion);
}
