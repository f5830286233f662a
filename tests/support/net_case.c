#include "support/net_case.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/size.h"
#include "plan/storage.h"

int roll(struct dice *d, int n)
{
    uint64_t z = d->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (int)((z ^ (z >> 31)) % (uint64_t)n);
}

int between(struct dice *d, int low, int high)
{
    return low + roll(d, high - low + 1);
}

bool chance(struct dice *d, int percent)
{
    return roll(d, 100) < percent;
}

long long env_number(const char *name, long long fallback)
{
    const char *text = getenv(name);
    return text && *text ? atoll(text) : fallback;
}

/* ---- files ---------------------------------------------------------------------------------- */

void temporary_text(char *path, void (*print)(FILE *, const void *), const void *context)
{
    strcpy(path, "/tmp/dn-case-XXXXXX");
    int fd = mkstemp(path);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
    if (!f)
        abort();
    print(f, context);
    fclose(f);
}

static void print_cfg(FILE *out, const void *context)
{
    net_case_cfg(out, context);
}

bool net_graph_read(struct net_graph *g, const struct net_case *c)
{
    struct dn_graph_options options = {DN_ALEXEYAB, false};
    struct dn_error err = {0};
    char path[32];
    temporary_text(path, print_cfg, c);
    bool ok = !dn_graph_read(path, &options, &g->graph, &err);
    unlink(path);
    if (ok && dn_flow_init(&g->flow, &g->graph, &err))
        abort();
    for (int i = 0; ok && i < g->graph.n; i++)
        if (c->keep[i])
            dn_flow_keep(&g->flow, i, true);
    return ok;
}

void net_graph_free(struct net_graph *g)
{
    dn_flow_free(&g->flow);
    dn_graph_free(&g->graph);
}

/* ---- sections ------------------------------------------------------------------------------- */

static const char *activation(struct dice *d)
{
    static const char *const names[] = {"leaky", "linear", "relu", "mish", "logistic", "swish", "leaky"};
    return names[roll(d, 7)];
}

static int channels(struct dice *d)
{
    return chance(d, 50) ? 16 * between(d, 1, 3) : between(d, 1, 40);
}

static void convolution(struct dice *d, char *s, int c)
{
    static const int sizes[] = {1, 3, 3, 3, 5, 2};
    int size = sizes[roll(d, 6)], groups = 1, filters = channels(d);
    if (c > 0 && chance(d, 12)) {
        groups = filters = c;
    } else if (c > 1 && c % 2 == 0 && chance(d, 15)) {
        groups = c % 4 == 0 && chance(d, 50) ? 4 : 2;
        filters = groups * between(d, 1, 16);
    }
    snprintf(s, NET_SECTION, "[convolutional]\nbatch_normalize=%d\nfilters=%d\nsize=%d\nstride=%d\npad=%d\n"
             "groups=%d\ndilation=%d\nactivation=%s\n", roll(d, 2), filters, size, chance(d, 25) ? 2 : 1,
             chance(d, 85), groups, chance(d, 10) ? 2 : 1, activation(d));
}

static void pool(struct dice *d, char *s)
{
    static const int windows[] = {5, 9, 13, 3};
    if (chance(d, 50))
        snprintf(s, NET_SECTION, "[maxpool]\nsize=%d\nstride=2\n", between(d, 2, 3));
    else
        snprintf(s, NET_SECTION, "[maxpool]\nsize=%d\nstride=1\n", chance(d, 30) ? 2 : windows[roll(d, 4)]);
}

static void route(struct dice *d, char *s, int n)
{
    int used = snprintf(s, NET_SECTION, "[route]\nlayers=%d", roll(d, n)), inputs = roll(d, 4);
    for (int i = 0; i < inputs; i++)
        used += snprintf(s + used, NET_SECTION - (size_t)used, ",%d", roll(d, n));
    if (inputs == 0 && chance(d, 60))
        used += snprintf(s + used, NET_SECTION - (size_t)used, "\ngroups=2\ngroup_id=%d", roll(d, 2));
    snprintf(s + used, NET_SECTION - (size_t)used, "\n");
}

/* Types without choices, and rare variants of others. */
static const char *const fixed[] = {
    "[avgpool]\n", "[reorg]\nstride=2\n", "[reorg]\nstride=2\nreverse=1\n", "[reorg]\nstride=1\nextra=5\n",
    "[reorg3d]\nstride=2\n", "[dropout]\nprobability=.5\n", "[empty]\n", "[cost]\ntype=sse\n",
    "[activation]\nactivation=mish\n", "[logistic]\n", "[softmax]\ngroups=1\n", "[l2norm]\n",
    "[normalization]\nalpha=.1\nbeta=.75\nsize=5\nkappa=1\n", "[batchnorm]\n", "[implicit]\nfilters=18\natoms=3\n",
    "[crop]\ncrop_height=4\ncrop_width=5\nnoadjust=1\n", "[crop]\ncrop_height=9\ncrop_width=3\n",
    "[connected]\noutput=20\nactivation=leaky\n", "[connected]\noutput=33\nbatch_normalize=1\nactivation=relu\n",
    "[local]\nfilters=5\nsize=3\nstride=1\npad=1\nactivation=leaky\n", "[local_avgpool]\nsize=2\nstride=2\n",
    "[deconvolutional]\nfilters=8\nsize=3\nstride=2\nactivation=leaky\n",
    "[deconvolutional]\nfilters=20\nsize=4\nstride=2\npadding=1\nbatch_normalize=1\nactivation=linear\n",
    "[upsample]\nstride=2\n", "[upsample]\nstride=2\n", "[upsample]\nstride=3\nscale=.5\n", "[upsample]\nstride=-2\n",
    "[maxpool]\nmaxpool_depth=1\nout_channels=8\nsize=1\nstride=1\n", "[maxpool]\nsize=3\nstride=2\npadding=0\n",
    "[maxpool]\nsize=2\nstride_x=2\nstride_y=1\n", "[maxpool]\nsize=3\nstride=2\nantialiasing=1\n",
    "[convolutional]\nfilters=20\nsize=3\nstride=2\npad=1\nantialiasing=1\nactivation=leaky\n",
    "[convolutional]\nfilters=20\nsize=3\nstride_x=2\nstride_y=1\npad=1\nactivation=leaky\n",
    "[convolutional]\nfilters=20\nsize=3\npadding=2\nflipped=1\nactivation=linear\n",
    "[convolutional]\nbatch_normalize=1\nfilters=20\nsize=3\npad=1\nxnor=1\nactivation=leaky\n",
    "[convolutional]\nfilters=20\nsize=1\nactivation=normalize_channels_softmax\n",
    "[region]\nclasses=2\nnum=2\nsoftmax=1\n", "[Gaussian_yolo]\nclasses=1\nnum=2\nscale_x_y=1.1\n",
    "[convolutional]\nfilters=14\nsize=1\nactivation=linear\n",
};

static void rare(struct dice *d, char *s, int n)
{
    int count = (int)(sizeof fixed / sizeof *fixed), kind = roll(d, count + 8);
    if (kind < count)
        snprintf(s, NET_SECTION, "%s", fixed[kind]);
    else if (kind < count + 2)
        snprintf(s, NET_SECTION, "[sam]\nfrom=%d\nactivation=linear\n", roll(d, n));
    else if (kind < count + 4)
        snprintf(s, NET_SECTION, "[scale_channels]\nfrom=%d\nactivation=leaky\nscale_wh=%d\n", roll(d, n), roll(d, 2));
    else if (kind < count + 6)
        snprintf(s, NET_SECTION, "[shortcut]\nfrom=%d,%d\nweights_type=%s\nweights_normalization=%s\nactivation=leaky\n", roll(d, n),
                 roll(d, n), chance(d, 50) ? "per_channel" : "per_feature", chance(d, 50) ? "softmax" : "relu");
    else if (kind < count + 7)
        snprintf(s, NET_SECTION, "[shortcut]\nfrom=%d\nalpha=.5\nbeta=2\nactivation=linear\n", roll(d, n));
    else
        snprintf(s, NET_SECTION, "[shortcut]\nfrom=%d,%d\nactivation=linear\n", roll(d, n), roll(d, n));
}

/* Something that may follow the n sections made so far; c: channels of the last one. */
static void section(struct dice *d, char *s, int n, int c)
{
    int kind = n ? roll(d, 100) : 0;
    if (kind < 42)
        convolution(d, s, c);
    else if (kind < 52)
        pool(d, s);
    else if (kind < 68)
        route(d, s, n);
    else if (kind < 80)
        snprintf(s, NET_SECTION, "[shortcut]\nfrom=%d\nactivation=%s\n", roll(d, n), activation(d));
    else if (kind < 96 || c % 6)
        rare(d, s, n);
    else
        snprintf(s, NET_SECTION, "[yolo]\nmask=%s\nanchors=1,2,3,4,5,6\nclasses=1\nnum=3\n",
                 c == 18 ? "0,1,2" : c == 12 ? "0,1" : "2");
}

/* An attention block: what is needed of it besides a random layer. */
static int squeeze(struct dice *d, struct net_case *c, int channels_now)
{
    int n = c->n;
    if (n + 3 > NET_LAYERS || n == 0)
        return 0;
    snprintf(c->section[n], NET_SECTION, "[avgpool]\n");
    snprintf(c->section[n + 1], NET_SECTION, "[convolutional]\nfilters=%d\nsize=1\nstride=1\nactivation=logistic\n", channels_now);
    snprintf(c->section[n + 2], NET_SECTION, "[scale_channels]\nfrom=%d\nactivation=%s\n", n - 1, activation(d));
    return 3;
}

static void make_sections(struct dice *d, struct net_case *c, int layers)
{
    int channels_now = c->c;
    for (int tries = 0; c->n < layers && tries < 10 * layers; tries++) {
        struct net_graph g;
        int added = chance(d, 4) ? squeeze(d, c, channels_now) : 0;
        if (!added) {
            section(d, c->section[c->n], c->n, channels_now);
            added = 1;
        }
        c->n += added;
        if (net_graph_read(&g, c)) {
            const struct dn_layer *l = &g.graph.layers[c->n - 1];
            channels_now = l->out_c;
            bool large = dn_layer_outputs(l) > 40000 || g.graph.weights > 400000;
            net_graph_free(&g);
            added = large ? added : 0;
        }
        c->n -= added;
    }
}

/* ---- groups --------------------------------------------------------------------------------- */

static void make_group(struct dice *d, const struct dn_flow *flow, int p, struct net_group *g)
{
    const struct dn_graph *graph = flow->graph;
    int most = between(d, 1, graph->n), n = 1;
    if (dn_layer_is_tiled(&graph->layers[flow->order[p]]))
        while (n < most && p + n < graph->n && dn_layer_is_tiled(&graph->layers[flow->order[p + n]]))
            n++;
    const struct dn_layer *last = &graph->layers[flow->order[p + n - 1]];
    *g = (struct net_group){.length = n, .tiles = 1, .columns = 1, .slice = chance(d, 50) ? between(d, 1, 4) : 0,
                            .weights = (enum dn_residency)roll(d, 3), .thrift = roll(d, DN_THRIFT_LEVELS)};
    if (!dn_layer_is_tiled(last))
        return;
    g->tiles = chance(d, 30) ? last->out_h : between(d, 1, last->out_h);
    g->columns = chance(d, 60) ? 1 : between(d, 1, dn_min(4, last->out_w));
    g->recompute = chance(d, 40);
}

static void make_groups(struct dice *d, struct net_case *c)
{
    struct net_graph g;
    if (!net_graph_read(&g, c))
        abort();
    c->early = chance(d, 40);
    c->concat = chance(d, 50) ? -1 : roll(d, c->n + 1);
    dn_flow_order(&g.flow, c->early ? DN_ORDER_EARLY : DN_ORDER_FILE);
    for (int p = 0; p < c->n;) {
        make_group(d, &g.flow, p, &c->group[p]);
        p += c->group[p].length;
    }
    net_graph_free(&g);
}

/* Half of the bands that can be are in stripes. */
static void make_stripes(struct dice *d, struct net_case *c)
{
    const struct dn_plan_options options = {.threads = 1, .machine.spare = true};
    struct net_graph g;
    struct dn_plan plan;
    struct dn_error err = {0};
    if (!net_graph_read(&g, c) || dn_plan_new(&g.flow, &options, &plan, &err))
        abort();
    dn_flow_order(&g.flow, c->early ? DN_ORDER_EARLY : DN_ORDER_FILE);
    if (c->concat >= 0)
        plan.concat_distance = c->concat;
    for (int p = 0; p < c->n; p++)
        if (c->group[p].recompute && c->group[p].tiles * c->group[p].columns > 1)
            plan.concat_distance = 0;
    dn_plan_places(&g.flow, &plan);
    for (int p = 0; p < c->n; p++) {
        struct net_group *n = &c->group[p];
        struct dn_group group = {.first = p, .last = p + n->length - 1};
        if (n->length && n->tiles > 1 && n->columns == 1 && !n->recompute && chance(d, 50) &&
            dn_plan_has_stripes(&g.flow, &plan, &group))
            n->stripes = between(d, 2, dn_min(n->tiles, 4));
    }
    dn_plan_free(&plan);
    net_graph_free(&g);
}

void net_case_make(struct net_case *c, uint64_t seed)
{
    struct dice d = {seed};
    *c = (struct net_case){.seed = seed, .w = between(&d, 4, 36), .h = between(&d, 4, 36),
                           .c = chance(&d, 50) ? 3 : between(&d, 1, 20)};
    make_sections(&d, c, between(&d, 2, NET_LAYERS - 3));
    for (int i = 0; i < c->n; i++)
        c->keep[i] = chance(&d, 10);
    make_groups(&d, c);
    c->isa = roll(&d, 64);
    c->threads = chance(&d, 60) ? 1 : between(&d, 2, 3);
    c->budget = chance(&d, 30) ? 0 : between(&d, 1, 1000);
    c->automatic = chance(&d, 25);
    make_stripes(&d, c);
}

void net_case_grids(struct net_case *c)
{
    struct dice d = {c->seed};
    struct net_graph g;
    if (!net_graph_read(&g, c))
        abort();
    c->automatic = false;
    c->concat = chance(&d, 70) ? 0 : c->concat;
    dn_flow_order(&g.flow, c->early ? DN_ORDER_EARLY : DN_ORDER_FILE);
    memset(c->group, 0, sizeof c->group);
    for (int p = 0, n; p < c->n; p += n) {
        for (n = 0; p + n < c->n && dn_layer_is_tiled(&g.graph.layers[g.flow.order[p + n]]);)
            n++;
        n = n > 1 && chance(&d, 30) ? between(&d, 1, n) : dn_max(n, 1);
        const struct dn_layer *last = &g.graph.layers[g.flow.order[p + n - 1]];
        c->group[p] = (struct net_group){.length = n, .tiles = 1, .columns = 1, .weights = (enum dn_residency)roll(&d, 3)};
        if (!dn_layer_is_tiled(last))
            continue;
        c->group[p].tiles = between(&d, 1, dn_min(8, last->out_h));
        c->group[p].columns = between(&d, dn_min(2, last->out_w), dn_min(6, last->out_w));
    }
    net_graph_free(&g);
}

/* ---- printing ------------------------------------------------------------------------------- */

void net_case_cfg(FILE *out, const struct net_case *c)
{
    fprintf(out, "[net]\nwidth=%d\nheight=%d\nchannels=%d\n", c->w, c->h, c->c);
    for (int i = 0; i < c->n; i++)
        fprintf(out, "\n# %d\n%s", i, c->section[i]);
}

void net_case_fusion(FILE *out, const struct net_case *c, struct dn_flow *flow)
{
    static const char *const weights[] = {"", "weights=resident\n", "weights=stream\n"};
    bool first = true;
    dn_flow_order(flow, c->early ? DN_ORDER_EARLY : DN_ORDER_FILE);
    for (int p = 0; p < c->n; p++) {
        const struct net_group *g = &c->group[p];
        if (!g->length)
            continue;
        fprintf(out, "[fusion]\nlayers=");
        for (int i = 0; i < g->length; i++) {
            int from = flow->order[p + i];
            while (i + 1 < g->length && flow->order[p + i + 1] == flow->order[p + i] + 1)
                i++;
            fprintf(out, "%d-%d%s", from, flow->order[p + i], i + 1 < g->length ? "," : "\n");
        }
        fprintf(out, "tiles=%dx%d\noverlap=%s\n%s", g->tiles, g->columns, g->recompute ? "recompute" : "reuse",
                weights[g->weights]);
        if (g->slice)
            fprintf(out, "slice=%d\n", g->slice);
        if (g->thrift)
            fprintf(out, "thrift=%d\n", g->thrift);
        if (g->stripes)
            fprintf(out, "stripes=%d\n", g->stripes);
        if (first)
            fprintf(out, "order=%s\n", c->early ? "early" : "file");
        if (first && c->concat >= 0)
            fprintf(out, "concat=%d\n", c->concat);
        first = false;
    }
}

void net_case_print(FILE *out, const struct net_case *c)
{
    struct net_graph g;
    net_case_cfg(out, c);
    if (net_graph_read(&g, c)) {
        fprintf(out, "\n");
        if (!c->automatic)
            net_case_fusion(out, c, &g.flow);
        net_graph_free(&g);
    }
    fprintf(out, "\n# seed %llu, isa %d, %d threads, budget %d, kept:", (unsigned long long)c->seed, c->isa,
            c->threads, c->budget);
    for (int i = 0; i < c->n; i++)
        if (c->keep[i])
            fprintf(out, " %d", i);
    fprintf(out, "\n");
    fflush(out);
}

/* ---- shrinking ------------------------------------------------------------------------------ */

struct shrinker {
    struct net_case *best;
    bool (*fails)(const struct net_case *, void *);
    void *context;
};

static bool attempt(struct shrinker *s, const struct net_case *c)
{
    if (!s->fails(c, s->context))
        return false;
    *s->best = *c;
    return true;
}

static bool shrink_net(struct shrinker *s)
{
    bool any = false;
    struct net_case c;
    for (c = *s->best; c.n > 1; c = *s->best) { /* the last layer goes, also from its group */
        c.n--;
        for (int p = 0; p <= c.n; p++) {
            struct net_group *g = &c.group[p];
            g->length = dn_min(g->length, c.n - p);
            if (g->length <= 0)
                *g = (struct net_group){0};
        }
        if (!attempt(s, &c))
            break;
        any = true;
    }
    int *sizes[] = {&c.w, &c.h, &c.c, &c.threads, &c.budget};
    for (int i = 0; i < 5; i++)
        for (c = *s->best; *sizes[i] > 1; c = *s->best) {
            *sizes[i] -= *sizes[i] > 40 ? *sizes[i] / 2 : 1;
            if (!attempt(s, &c))
                break;
            any = true;
        }
    for (int i = 0; i < s->best->n; i++) {
        c = *s->best;
        c.keep[i] = false;
        any |= s->best->keep[i] && attempt(s, &c);
    }
    return any;
}

/* A layer that becomes a plain 1x1 convolution makes the case easier to read. */
static bool shrink_sections(struct shrinker *s)
{
    bool any = false;
    for (int i = 0; i < s->best->n; i++) {
        static const char plain[] = "[convolutional]\nfilters=1\nsize=1\nstride=1\nactivation=linear\n";
        struct net_case c = *s->best;
        strcpy(c.section[i], plain);
        any |= strcmp(s->best->section[i], plain) != 0 && attempt(s, &c);
    }
    return any;
}

static bool shrink_groups(struct shrinker *s)
{
    bool any = false;
    for (int p = 0; p < s->best->n; p++) {
        for (int kind = 0; kind < 6 && s->best->group[p].length; kind++) {
            struct net_case c = *s->best;
            struct net_group *g = &c.group[p];
            if (kind == 0)
                *g = (struct net_group){0};
            else if (kind == 1)
                *g = (struct net_group){.length = g->length, .tiles = g->tiles, .columns = 1};
            else if (kind == 2)
                g->tiles -= g->tiles > 1;
            else if (kind == 3)
                g->columns -= g->columns > 1;
            else if (kind == 4)
                g->stripes = 0;
            else
                g->length -= g->length > 1;
            if (memcmp(g, &s->best->group[p], sizeof *g) != 0)
                any |= attempt(s, &c);
        }
    }
    return any;
}

void net_case_shrink(struct net_case *c, bool (*fails)(const struct net_case *, void *), void *context)
{
    struct shrinker s = {c, fails, context};
    bool any = true;
    for (int rounds = 0; any && rounds < 50; rounds++) {
        any = shrink_net(&s);
        any |= shrink_sections(&s);
        any |= shrink_groups(&s);
    }
}
