/* Getters for the parse functions of the layers: values of keys, references to other layers, and
 * the checks that every layer needs. Errors stick: see struct dn_build. */
#include "layer/layer.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "base/text.h"

struct dn_key *dn_section_find(struct dn_section *s, const char *name)
{
    struct dn_key *found = NULL;
    for (int i = 0; i < s->n; i++)
        if (strcmp(s->keys[i].name, name) == 0) {
            s->keys[i].used = true;
            if (!found)
                found = &s->keys[i];
        }
    return found && found->value ? found : NULL;
}

enum dn_status dn_build_fail(struct dn_build *b, const char *key, const char *format, ...)
{
    char text[sizeof b->err->text];
    const struct dn_key *k = key ? dn_section_find(b->section, key) : NULL;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return dn_fail(b->err, DN_INVALID, "%s:%d: [%s] %s", b->path, k ? k->line : b->section->line,
                   b->section->name, text);
}

bool dn_key_present(struct dn_build *b, const char *key)
{
    return dn_section_find(b->section, key) != NULL;
}

int dn_key_int(struct dn_build *b, const char *key, int fallback, int min, int max)
{
    struct dn_key *k = dn_section_find(b->section, key);
    int value;
    if (!k)
        return fallback;
    if (!dn_parse_int(k->value, &value, NULL)) {
        dn_build_fail(b, key, "%s=%s is not a number that fits 32 bits", key, k->value);
        return fallback;
    }
    if (value < min || value > max) {
        if (max == INT_MAX)
            dn_build_fail(b, key, "%s=%d is not allowed; it must be at least %d", key, value, min);
        else
            dn_build_fail(b, key, "%s=%d is not allowed; it must be from %d to %d", key, value, min,
                          max);
        return fallback;
    }
    return value;
}

bool dn_key_flag(struct dn_build *b, const char *key, bool fallback)
{
    return dn_key_int(b, key, fallback, INT_MIN, INT_MAX) != 0;
}

float dn_key_float(struct dn_build *b, const char *key, float fallback)
{
    struct dn_key *k = dn_section_find(b->section, key);
    float value;
    if (!k)
        return fallback;
    if (!dn_parse_float(k->value, &value, NULL)) {
        dn_build_fail(b, key, "%s=%s is not a number", key, k->value);
        return fallback;
    }
    return value;
}

const char *dn_key_text(struct dn_build *b, const char *key, const char *fallback)
{
    struct dn_key *k = dn_section_find(b->section, key);
    return k ? k->value : fallback;
}

/* Calls `parse` for every element of a comma separated list; elements behind a '#' do not count. */
static void *parse_list(struct dn_build *b, const char *key, int *n, size_t element,
                        bool (*parse)(const char *, void *))
{
    struct dn_key *k = dn_section_find(b->section, key);
    *n = 0;
    if (!k)
        return NULL;
    int count = 1;
    for (const char *s = k->value; *s && *s != '#'; s++)
        count += *s == ',' && s[1] && s[1] != '#';
    char *list = malloc((size_t)count * element);
    if (!list) {
        dn_fail(b->err, DN_NO_MEMORY, "%s: no memory for a list of %d numbers", b->path, count);
        return NULL;
    }
    const char *s = k->value;
    for (int i = 0; i < count; i++, s++) {
        if (!parse(s, list + (size_t)i * element)) {
            dn_build_fail(b, key, "element %d of %s=%s is not a number", i + 1, key, k->value);
            free(list);
            return NULL;
        }
        while (*s && *s != ',')
            s++;
    }
    *n = count;
    return list;
}

static bool parse_int_element(const char *s, void *value)
{
    return dn_parse_int(s, value, NULL);
}

static bool parse_float_element(const char *s, void *value)
{
    return dn_parse_float(s, value, NULL);
}

int *dn_key_ints(struct dn_build *b, const char *key, int *n)
{
    return parse_list(b, key, n, sizeof(int), parse_int_element);
}

float *dn_key_floats(struct dn_build *b, const char *key, int *n)
{
    return parse_list(b, key, n, sizeof(float), parse_float_element);
}

enum dn_activation dn_key_activation(struct dn_build *b, const char *fallback)
{
    static const char *const names[DN_ACTIVATIONS] = {
        [DN_LINEAR] = "linear",
        [DN_LOGISTIC] = "logistic",
        [DN_LOGGY] = "loggy",
        [DN_RELU] = "relu",
        [DN_RELU6] = "relu6",
        [DN_ELU] = "elu",
        [DN_SELU] = "selu",
        [DN_RELIE] = "relie",
        [DN_RAMP] = "ramp",
        [DN_LEAKY] = "leaky",
        [DN_REVLEAKY] = "revleaky",
        [DN_TANH] = "tanh",
        [DN_PLSE] = "plse",
        [DN_STAIR] = "stair",
        [DN_HARDTAN] = "hardtan",
        [DN_LHTAN] = "lhtan",
        [DN_GELU] = "gelu",
        [DN_SWISH] = "swish",
        [DN_MISH] = "mish",
        [DN_HARD_MISH] = "hard_mish",
        [DN_NORMALIZE_CHANNELS] = "normalize_channels",
        [DN_NORMALIZE_CHANNELS_SOFTMAX] = "normalize_channels_softmax",
        [DN_NORMALIZE_CHANNELS_SOFTMAX_MAXVAL] = "normalize_channels_softmax_maxval",
    };
    const char *name = dn_key_text(b, "activation", fallback);
    size_t length = strcspn(name, "#");
    for (int i = 0; i < DN_ACTIVATIONS; i++)
        if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0)
            return (enum dn_activation)i;
    dn_build_fail(b, "activation",
                  "activation=%s is unknown; known are linear, leaky, relu, relu6, logistic, mish, "
                  "swish, tanh and the others of the README",
                  name);
    return DN_LINEAR;
}

int dn_build_layer(struct dn_build *b, const char *key, int reference)
{
    int64_t index = reference < 0 ? (int64_t)b->index + reference : reference;
    if (index >= 0 && index < b->index)
        return (int)index;
    if (index < 0)
        dn_build_fail(b, key, "%s=%d points before the first layer (this is layer %d)", key,
                      reference, b->index);
    else
        dn_build_fail(b, key, "%s=%d is not an earlier layer (this is layer %d)", key, reference,
                      b->index);
    return -2;
}

int dn_key_layer(struct dn_build *b, const char *key)
{
    if (!dn_key_present(b, key)) {
        dn_build_fail(b, NULL, "needs the key %s: the number of an earlier layer", key);
        return -2;
    }
    return dn_build_layer(b, key, dn_key_int(b, key, 0, INT_MIN, INT_MAX));
}

void dn_key_ignore(struct dn_build *b, const char *const *keys)
{
    for (; *keys; keys++)
        dn_section_find(b->section, *keys);
}

enum dn_status dn_build_inputs(struct dn_build *b, struct dn_layer *l, const int *inputs, int n)
{
    int previous = b->index - 1;
    if (b->err->status)
        return b->err->status;
    if (n == 0) {
        inputs = &previous;
        n = 1;
    }
    l->in = malloc((size_t)n * sizeof *l->in);
    if (!l->in)
        return dn_fail(b->err, DN_NO_MEMORY, "%s: no memory for a list of %d layers", b->path, n);
    memcpy(l->in, inputs, (size_t)n * sizeof *l->in);
    l->n_in = n;
    return DN_OK;
}

enum dn_status dn_build_shape(struct dn_build *b, struct dn_layer *l, int64_t c, int64_t h, int64_t w)
{
    size_t elements;
    if (b->err->status)
        return b->err->status;
    if (c < 1 || h < 1 || w < 1)
        return dn_build_fail(b, NULL, "its output would be %lldx%lldx%lld (width, height, channels)",
                             (long long)w, (long long)h, (long long)c);
    if (c > INT_MAX - DN_BLOCK || h > INT_MAX || w > INT_MAX ||
        !dn_mul((size_t)(c + DN_BLOCK), (size_t)h, &elements) ||
        !dn_mul(elements, (size_t)w + 64, &elements) || elements > INT_MAX)
        return dn_build_fail(b, NULL,
                             "its output would be %lldx%lldx%lld (width, height, channels): more "
                             "than 2^31 values",
                             (long long)w, (long long)h, (long long)c);
    l->out_c = (int)c;
    l->out_h = (int)h;
    l->out_w = (int)w;
    return DN_OK;
}

bool dn_input_is_planar(const struct dn_layer *first, int channels)
{
    return first->ops->type == DN_CONVOLUTIONAL && channels < 8 && !first->u.convolutional.xnor &&
           first->u.convolutional.conv.groups == 1;
}

enum dn_layout dn_build_input_layout(const struct dn_build *b, int layer)
{
    if (layer >= 0)
        return b->layers[layer].out_layout;
    return dn_input_is_planar(&b->layers[b->index], b->net_c) ? DN_PLANAR : DN_BLOCKED;
}

void dn_build_shape_of(const struct dn_build *b, int layer, int *c, int *h, int *w)
{
    *c = layer < 0 ? b->net_c : b->layers[layer].out_c;
    *h = layer < 0 ? b->net_h : b->layers[layer].out_h;
    *w = layer < 0 ? b->net_w : b->layers[layer].out_w;
}

struct dn_span dn_span_same(const struct dn_layer *l, int k, int axis, struct dn_span out)
{
    (void)l, (void)k, (void)axis;
    return out;
}

struct dn_span dn_span_window(struct dn_span out, int stride, int offset, int size, int dilation,
                              int extent)
{
    int64_t lo = (int64_t)out.lo * stride - offset;
    int64_t hi = (int64_t)(out.hi - 1) * stride - offset + (int64_t)(size - 1) * dilation + 1;
    struct dn_span in = {(int)(lo < 0 ? 0 : lo > extent ? extent : lo),
                         (int)(hi < 0 ? 0 : hi > extent ? extent : hi)};
    if (in.hi < in.lo)
        in.hi = in.lo;
    return in;
}

void dn_layer_free(struct dn_layer *l)
{
    free(l->in);
    if (!l->ops)
        return;
    if (dn_layer_is_head(l)) {
        free(l->u.head.mask);
        free(l->u.head.anchors);
        free(l->u.head.map);
        dn_tree_free(l->u.head.tree);
    } else if (l->ops->type == DN_SOFTMAX) {
        dn_tree_free(l->u.softmax.tree);
    }
}
