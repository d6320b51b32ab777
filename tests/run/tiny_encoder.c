/* SPDX-License-Identifier: Apache-2.0 */
#include "tiny_encoder.h"
#include "tensor/half.h"

const tiny_shape tiny_default = {
    .width = 24, .heads = 3, .hidden = 52, .layers = 2, .vocab = 50, .positions = 64};

uint64_t tiny_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

float tiny_uniform(uint64_t *state)
{
    return (float)(tiny_random(state) >> 40) / 8388608.0f - 1.0f;
}

size_t tiny_weight_count(const tiny_shape *s)
{
    const int64_t w = s->width;
    return (size_t)((s->vocab + s->positions + 2) * w +
                    s->layers * (4 * w * (w + 1) + 2 * s->hidden * w + s->hidden + w + 4 * w));
}

typedef struct builder {
    vireo_graph *g;
    float *next;
    uint64_t random;
} builder;

static vireo_value constant(builder *b, int64_t rows, int64_t n, float scale, float shift)
{
    const size_t count = (size_t)((rows ? rows : 1) * n);
    vireo_tensor t = {.dtype = VIREO_F32,
                      .rank = rows ? 2 : 1,
                      .shape = {rows ? rows : n, n},
                      .data = b->next,
                      .bytes = count * sizeof(float)};
    for (size_t i = 0; i < count; i++)
        b->next[i] = tiny_uniform(&b->random) * scale + shift;
    b->next += count;
    return vireo_graph_constant(b->g, "w", &t);
}

static vireo_value half_table(builder *b, int64_t rows, int64_t n)
{
    const size_t count = (size_t)(rows * n);
    uint16_t *halves = (uint16_t *)b->next;
    vireo_tensor t = {.dtype = VIREO_F16,
                      .rank = 2,
                      .shape = {rows, n},
                      .data = halves,
                      .bytes = count * sizeof *halves};
    for (size_t i = 0; i < count; i++)
        halves[i] = vr_float_to_half(tiny_uniform(&b->random));
    b->next += count;
    return vireo_graph_constant(b->g, "w", &t);
}

static vireo_value dense(builder *b, vireo_value x, int64_t n_out, int64_t n_in,
                         vireo_unary activation, vireo_value residual)
{
    vireo_value w = constant(b, n_out, n_in, 0.3f, 0.0f);
    return vireo_matmul(b->g, x, w,
                        &(vireo_matmul_args){.transpose_b = true,
                                             .bias = constant(b, 0, n_out, 0.1f, 0.0f),
                                             .activation = activation,
                                             .residual = residual});
}

static vireo_value norm(builder *b, vireo_value x, int64_t width)
{
    vireo_value w = constant(b, 0, width, 0.1f, 1.0f);
    return vireo_layer_norm(b->g, x, w, constant(b, 0, width, 0.1f, 0.0f), 1e-12f);
}

void tiny_build(vireo_graph *g, const tiny_shape *s, float *weights)
{
    builder b = {g, weights, 42};
    const int64_t w = s->width, no_shape[1] = {0};
    vireo_symbol tokens = vireo_graph_symbol(g, "tokens", 4096);
    vireo_symbol ends = vireo_graph_symbol(g, "sequences + 1", 4097);
    vireo_value ids = vireo_graph_input(g, "ids", VIREO_I32, 1, no_shape, tokens);
    vireo_value places = vireo_graph_input(g, "positions", VIREO_I32, 1, no_shape, tokens);
    vireo_value offsets = vireo_graph_input(g, "offsets", VIREO_I32, 1, no_shape, ends);
    vireo_value table =
        s->table == VIREO_F16 ? half_table(&b, s->vocab, w) : constant(&b, s->vocab, w, 1.0f, 0.0f);
    vireo_value x =
        vireo_binary_op(g, VIREO_ADD, vireo_embedding(g, table, ids),
                        vireo_embedding(g, constant(&b, s->positions, w, 1.0f, 0.0f), places));
    x = norm(&b, x, w);
    for (int64_t i = 0; i < s->layers; i++) {
        vireo_value q = dense(&b, x, w, w, VIREO_IDENTITY, VIREO_NONE);
        vireo_value k = dense(&b, x, w, w, VIREO_IDENTITY, VIREO_NONE);
        vireo_value v = dense(&b, x, w, w, VIREO_IDENTITY, VIREO_NONE);
        vireo_value a = vireo_attention(g, q, k, v, offsets, (uint32_t)s->heads, 0.0f);
        x = norm(&b, dense(&b, a, w, w, VIREO_IDENTITY, x), w);
        vireo_value m = dense(&b, x, s->hidden, w, VIREO_GELU, VIREO_NONE);
        x = norm(&b, dense(&b, m, w, s->hidden, VIREO_IDENTITY, x), w);
    }
    x = vireo_pool(g, VIREO_POOL_MEAN, x, offsets);
    vireo_graph_output(g, "embedding", vireo_l2_normalize(g, x, 1e-12f));
}

vireo_model *tiny_model(vireo_device *d, const tiny_shape *s)
{
    float *weights = calloc(tiny_weight_count(s), sizeof *weights);
    vireo_graph *g = NULL;
    vireo_model *m = NULL;
    vireo_error err = {0};
    assert_non_null(weights);
    assert_int_equal(vireo_graph_create(NULL, &g, &err), VIREO_OK);
    tiny_build(g, s, weights);
    if (vireo_model_create(d, &g, NULL, &m, &err))
        fail_msg("%s", err.message);
    assert_null(g);
    free(weights);
    return m;
}

vireo_session *tiny_session(vireo_model *m, const char *force)
{
    vireo_session_options o = VIREO_OPTIONS(vireo_session_options);
    vireo_session *s = NULL;
    vireo_error err = {0};
    o.force_kernel = force;
    if (vireo_session_create(m, &o, &s, &err))
        fail_msg("%s", err.message);
    return s;
}

tiny_inputs tiny_inputs_make(const tiny_shape *s, const tiny_text *texts, size_t n)
{
    tiny_inputs r = {.tokens = 0};
    for (size_t i = 0; i < n; i++)
        r.tokens += texts[i].length;
    int32_t *ids = calloc(r.tokens + 1, 4), *places = calloc(r.tokens + 1, 4);
    int32_t *offsets = calloc(n + 1, 4);
    if (!ids || !places || !offsets)
        abort();
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t random = texts[i].seed;
        for (size_t j = 0; j < texts[i].length; j++, at++) {
            ids[at] = (int32_t)(tiny_random(&random) % (uint64_t)s->vocab);
            places[at] = (int32_t)((int64_t)j % s->positions);
        }
        offsets[i + 1] = (int32_t)at;
    }
    const int64_t tokens = (int64_t)r.tokens, ends = (int64_t)n + 1;
    r.in[0] = (vireo_tensor){VIREO_I32, 1, {tokens}, ids, r.tokens * 4};
    r.in[1] = (vireo_tensor){VIREO_I32, 1, {tokens}, places, r.tokens * 4};
    r.in[2] = (vireo_tensor){VIREO_I32, 1, {ends}, offsets, (n + 1) * 4};
    return r;
}

void tiny_inputs_free(tiny_inputs *r)
{
    for (int i = 0; i < 3; i++)
        free(r->in[i].data);
}

void tiny_run(vireo_session *session, const tiny_shape *s, const tiny_text *texts, size_t n,
              float *out)
{
    tiny_inputs in = tiny_inputs_make(s, texts, n);
    vireo_tensor result = {.data = out, .bytes = n * (size_t)s->width * sizeof *out};
    vireo_error err = {0};
    if (vireo_session_run(session, in.in, 3, &result, 1, &err))
        fail_msg("%s", err.message);
    assert_int_equal(result.dtype, VIREO_F32);
    assert_int_equal(result.rank, 2);
    assert_int_equal(result.shape[0], n);
    assert_int_equal(result.shape[1], s->width);
    tiny_inputs_free(&in);
}
