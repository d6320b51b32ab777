/* SPDX-License-Identifier: Apache-2.0
 * BERT encoders (Devlin et al. 2019) with the pooling of sentence-transformers (Reimers and
 * Gurevych 2019): see bert.md. Inputs: ids, positions (tokens), offsets (sequences + 1), all i32;
 * output: embedding (sequences, hidden_size) f32. */
#include "vireo/graph.h"
#include <stdio.h>
#include <string.h>

extern const vireo_architecture vireo_architecture_bert;

enum { MAX_TOKENS = 1 << 20 };

typedef struct config {
    int64_t hidden_size, intermediate_size, n_layers, n_heads, vocab_size, max_positions, n_types;
    float epsilon;
    vireo_unary activation;
    vireo_pooling pooling;
    bool normalize;
    const char *prefix; /* of tensor names: "" or "bert." */
} config;

static const struct {
    const char *name;
    vireo_unary op;
} activations[] = {
    {"gelu", VIREO_GELU}, {"gelu_new", VIREO_GELU_TANH}, {"gelu_pytorch_tanh", VIREO_GELU_TANH},
    {"relu", VIREO_RELU}, {"silu", VIREO_SILU},
};

static const struct {
    const char *key;
    vireo_pooling op;
} poolings[] = {
    {"1_Pooling.pooling_mode_mean_tokens", VIREO_POOL_MEAN},
    {"1_Pooling.pooling_mode_cls_token", VIREO_POOL_FIRST},
    {"1_Pooling.pooling_mode_max_tokens", VIREO_POOL_MAX},
};

static const char *const unknown_poolings[] = {
    "1_Pooling.pooling_mode_mean_sqrt_len_tokens",
    "1_Pooling.pooling_mode_weightedmean_tokens",
    "1_Pooling.pooling_mode_lasttoken",
};

/* Ranges are the library's business, checked before. */
static int64_t size_of(vireo_graph *g, const vireo_source *s, const char *key)
{
    int64_t n = 1;
    if (!vireo_source_int(s, key, &n))
        vireo_graph_fail(g, VIREO_ERROR_FORMAT, "%s/config.json: %s is missing",
                         vireo_source_path(s), key);
    return n;
}

/* modules.json lists the steps, by Python class: Transformer, Pooling, Normalize or not. Without
 * the file the vectors are normalised too: they are compared by cosine. */
static bool normalizes(vireo_graph *g, const vireo_source *s)
{
    const char *type;
    char key[32];
    bool found = false;
    for (int i = 0;; i++) {
        snprintf(key, sizeof key, "modules.%d.type", i);
        if (!vireo_source_string(s, key, &type))
            return found || i == 0;
        const char *point = strrchr(type, '.'), *name = point ? point + 1 : type;
        found = found || !strcmp(name, "Normalize");
        if (strcmp(name, "Normalize") != 0 && strcmp(name, "Transformer") != 0 &&
            strcmp(name, "Pooling") != 0)
            vireo_graph_fail(g, VIREO_ERROR_UNSUPPORTED,
                             "%s/modules.json: step %s, allowed: Transformer, Pooling, Normalize",
                             vireo_source_path(s), name);
    }
}

static void read_pooling(vireo_graph *g, const vireo_source *s, config *c)
{
    bool any = false, on = false;
    c->pooling = VIREO_POOL_MEAN;
    for (size_t i = 0; i < sizeof poolings / sizeof *poolings; i++)
        if (vireo_source_bool(s, poolings[i].key, &on) && on) {
            if (any)
                vireo_graph_fail(g, VIREO_ERROR_UNSUPPORTED,
                                 "%s/1_Pooling/config.json: several poolings at once, allowed: one",
                                 vireo_source_path(s));
            c->pooling = poolings[i].op;
            any = true;
        }
    bool unknown = !any && vireo_source_has(s, "1_Pooling.word_embedding_dimension");
    for (size_t i = 0; i < sizeof unknown_poolings / sizeof *unknown_poolings; i++)
        unknown = unknown || (vireo_source_bool(s, unknown_poolings[i], &on) && on);
    if (unknown)
        vireo_graph_fail(g, VIREO_ERROR_UNSUPPORTED,
                         "%s/1_Pooling/config.json: allowed poolings: mean, cls, max",
                         vireo_source_path(s));
    c->normalize = normalizes(g, s);
}

static void read_config(vireo_graph *g, const vireo_source *s, config *c)
{
    const char *text;
    double epsilon = 1e-12;
    vireo_source_tensor tensor;
    memset(c, 0, sizeof *c);
    c->hidden_size = size_of(g, s, "hidden_size");
    c->intermediate_size = size_of(g, s, "intermediate_size");
    c->n_layers = size_of(g, s, "num_hidden_layers");
    c->n_heads = size_of(g, s, "num_attention_heads");
    c->vocab_size = size_of(g, s, "vocab_size");
    c->max_positions = size_of(g, s, "max_position_embeddings");
    c->n_types = vireo_source_has(s, "type_vocab_size") ? size_of(g, s, "type_vocab_size") : 2;
    vireo_source_float(s, "layer_norm_eps", &epsilon);
    c->epsilon = (float)epsilon;
    if (vireo_source_string(s, "position_embedding_type", &text) && strcmp(text, "absolute") != 0)
        vireo_graph_fail(g, VIREO_ERROR_UNSUPPORTED,
                         "%s/config.json: position_embedding_type \"%s\", allowed: \"absolute\"",
                         vireo_source_path(s), text);
    c->activation = VIREO_GELU;
    if (vireo_source_string(s, "hidden_act", &text)) {
        size_t i = 0, n = sizeof activations / sizeof *activations;
        while (i < n && strcmp(activations[i].name, text) != 0)
            i++;
        if (i < n)
            c->activation = activations[i].op;
        else
            vireo_graph_fail(g, VIREO_ERROR_UNSUPPORTED,
                             "%s/config.json: hidden_act \"%s\", allowed: gelu, gelu_new, "
                             "gelu_pytorch_tanh, relu, silu",
                             vireo_source_path(s), text);
    }
    c->prefix =
        vireo_source_find(s, "bert.embeddings.word_embeddings.weight", &tensor) ? "bert." : "";
    read_pooling(g, s, c);
}

/* Tensor <prefix><part>.<suffix>; rows 0: a vector of n. */
static vireo_value weight(vireo_graph *g, const vireo_source *s, const config *c, const char *part,
                          const char *suffix, int64_t rows, int64_t n)
{
    char name[256];
    snprintf(name, sizeof name, "%s%s.%s", c->prefix, part, suffix);
    const int64_t shape[] = {rows ? rows : n, n};
    return vireo_graph_weight(g, s, name, rows ? 2 : 1, shape);
}

/* x · weightᵀ + bias for the layer's part `name`. */
static vireo_value dense(vireo_graph *g, const vireo_source *s, const config *c, int64_t layer,
                         const char *name, vireo_value x, int64_t n_out, int64_t n_in)
{
    char part[128];
    snprintf(part, sizeof part, "encoder.layer.%lld.%s", (long long)layer, name);
    vireo_value w = weight(g, s, c, part, "weight", n_out, n_in);
    vireo_value bias = weight(g, s, c, part, "bias", 0, n_out);
    vireo_value y = vireo_matmul(g, x, w, &(vireo_matmul_args){.transpose_b = true});
    return vireo_binary_op(g, VIREO_ADD, y, bias);
}

static vireo_value norm(vireo_graph *g, const vireo_source *s, const config *c, const char *part,
                        vireo_value x)
{
    vireo_value w = weight(g, s, c, part, "weight", 0, c->hidden_size);
    vireo_value bias = weight(g, s, c, part, "bias", 0, c->hidden_size);
    return vireo_layer_norm(g, x, w, bias, c->epsilon);
}

/* Post-norm layer: x = norm(x + attention(x)); x = norm(x + feed_forward(x)). */
static vireo_value layer(vireo_graph *g, const vireo_source *s, const config *c, int64_t i,
                         vireo_value x, vireo_value offsets)
{
    const int64_t h = c->hidden_size, f = c->intermediate_size;
    char part[128];
    vireo_value q = dense(g, s, c, i, "attention.self.query", x, h, h);
    vireo_value k = dense(g, s, c, i, "attention.self.key", x, h, h);
    vireo_value v = dense(g, s, c, i, "attention.self.value", x, h, h);
    vireo_value a = vireo_attention(g, q, k, v, offsets, (uint32_t)c->n_heads, 0.0f);
    x = vireo_binary_op(g, VIREO_ADD, dense(g, s, c, i, "attention.output.dense", a, h, h), x);
    snprintf(part, sizeof part, "encoder.layer.%lld.attention.output.LayerNorm", (long long)i);
    x = norm(g, s, c, part, x);
    vireo_value m = vireo_unary_op(g, c->activation, dense(g, s, c, i, "intermediate.dense", x, f, h));
    x = vireo_binary_op(g, VIREO_ADD, dense(g, s, c, i, "output.dense", m, h, f), x);
    snprintf(part, sizeof part, "encoder.layer.%lld.output.LayerNorm", (long long)i);
    return norm(g, s, c, part, x);
}

static void build(vireo_graph *g, const vireo_source *s)
{
    config c;
    read_config(g, s, &c);
    if (vireo_graph_check(g, NULL))
        return;
    const int64_t none[1] = {0}, h = c.hidden_size;
    vireo_symbol tokens = vireo_graph_symbol(g, "tokens", MAX_TOKENS);
    vireo_symbol ends = vireo_graph_symbol(g, "sequences + 1", MAX_TOKENS + 1);
    vireo_value ids = vireo_graph_input(g, "ids", VIREO_I32, 1, none, tokens);
    vireo_value positions = vireo_graph_input(g, "positions", VIREO_I32, 1, none, tokens);
    vireo_value offsets = vireo_graph_input(g, "offsets", VIREO_I32, 1, none, ends);
    vireo_value words = weight(g, s, &c, "embeddings.word_embeddings", "weight", c.vocab_size, h);
    vireo_value places =
        weight(g, s, &c, "embeddings.position_embeddings", "weight", c.max_positions, h);
    vireo_value types =
        weight(g, s, &c, "embeddings.token_type_embeddings", "weight", c.n_types, h);
    vireo_value first = vireo_graph_first_row(g, types); /* all tokens are of type 0 */
    vireo_value x = vireo_binary_op(g, VIREO_ADD, vireo_embedding(g, words, ids),
                                    vireo_embedding(g, places, positions));
    x = norm(g, s, &c, "embeddings.LayerNorm", vireo_binary_op(g, VIREO_ADD, x, first));
    for (int64_t i = 0; i < c.n_layers; i++)
        x = layer(g, s, &c, i, x, offsets);
    x = vireo_pool(g, c.pooling, x, offsets);
    vireo_graph_output(g, "embedding", c.normalize ? vireo_l2_normalize(g, x, 1e-12f) : x);
}

const vireo_architecture vireo_architecture_bert = {.name = "bert", .build = build};
