/* SPDX-License-Identifier: Apache-2.0
 * A small network by hand: one block of attention and a feed-forward part over sequences of any
 * number and length, packed one behind the other, and one number for each sequence.
 * usage: custom_graph */
#include "vireo/graph.h"
#include <stdio.h>

enum { WIDTH = 8, HEADS = 2, HIDDEN = 16, MAX_TOKENS = 64, MAX_SEQUENCES = 16, MAX_WEIGHTS = 1024 };

/* Weights that stand in for trained ones. They are borrowed until the model has been created. */
static float storage[MAX_WEIGHTS];
static size_t used;

static vireo_value weight(vireo_graph *g, const char *name, int64_t rows, int64_t columns)
{
    vireo_tensor t = {VIREO_F32, 2, {rows, columns}, storage + used, 0};
    const size_t count = (size_t)(rows * columns);
    for (size_t i = 0; i < count; i++, used++)
        storage[used] = (float)((used * 37 + 11) % 101) / 101.0f - 0.5f;
    t.bytes = count * sizeof *storage;
    return vireo_graph_constant(g, name, &t);
}

/* x: (tokens, WIDTH), offsets: (sequences + 1). Shapes are checked as the calls are made; the first
 * fault is reported by vireo_model_create. */
static vireo_value network(vireo_graph *g, vireo_value x, vireo_value offsets)
{
    vireo_value q = vireo_linear(g, x, weight(g, "q", WIDTH, WIDTH), VIREO_NONE);
    vireo_value k = vireo_linear(g, x, weight(g, "k", WIDTH, WIDTH), VIREO_NONE);
    vireo_value v = vireo_linear(g, x, weight(g, "v", WIDTH, WIDTH), VIREO_NONE);
    vireo_value a = vireo_attention(g, q, k, v, offsets, HEADS, 0);
    vireo_value h = vireo_matmul(g, a, weight(g, "o", WIDTH, WIDTH),
                                 &(vireo_matmul_args){.transpose_b = true, .residual = x});
    h = vireo_layer_norm(g, h, VIREO_NONE, VIREO_NONE, 1e-5f);
    vireo_value up =
        vireo_matmul(g, h, weight(g, "up", HIDDEN, WIDTH),
                     &(vireo_matmul_args){.transpose_b = true, .activation = VIREO_GELU});
    h = vireo_matmul(g, up, weight(g, "down", WIDTH, HIDDEN),
                     &(vireo_matmul_args){.transpose_b = true, .residual = h});
    vireo_value pooled = vireo_pool(g, VIREO_POOL_MEAN, h, offsets);
    vireo_value logit = vireo_linear(g, pooled, weight(g, "head", 1, WIDTH), VIREO_NONE);
    return vireo_unary_op(g, VIREO_SIGMOID, logit);
}

static vireo_status build(vireo_device *device, vireo_model **out, vireo_error *err)
{
    vireo_graph *g = NULL;
    vireo_status st = vireo_graph_create(NULL, &g, err);
    if (st)
        return st;
    /* Sizes that each run chooses anew. */
    vireo_symbol tokens = vireo_graph_symbol(g, "tokens", MAX_TOKENS);
    vireo_symbol ends = vireo_graph_symbol(g, "sequences + 1", MAX_SEQUENCES + 1);
    vireo_value x = vireo_graph_input(g, "x", VIREO_F32, 2, (int64_t[]){0, WIDTH}, tokens);
    vireo_value offsets = vireo_graph_input(g, "offsets", VIREO_I32, 1, (int64_t[]){0}, ends);
    vireo_graph_output(g, "y", network(g, x, offsets));
    return vireo_model_create(device, &g, NULL, out, err);
}

/* Runs n sequences of these lengths. */
static vireo_status run(vireo_session *session, const int32_t *lengths, size_t n, vireo_error *err)
{
    float x[MAX_TOKENS * WIDTH], y[MAX_SEQUENCES] = {0};
    int32_t offsets[MAX_SEQUENCES + 1] = {0};
    for (size_t i = 0; i < n; i++)
        offsets[i + 1] = offsets[i] + lengths[i];
    const int64_t tokens = offsets[n];
    for (size_t s = 0; s < n; s++) /* a sequence's content depends on its length alone */
        for (int32_t i = 0; i < lengths[s] * WIDTH; i++)
            x[offsets[s] * WIDTH + i] = (float)((i * 7 + lengths[s]) % 13) / 13.0f;
    const vireo_tensor in[] = {
        {VIREO_F32, 2, {tokens, WIDTH}, x, (size_t)tokens * WIDTH * sizeof *x},
        {VIREO_I32, 1, {(int64_t)n + 1}, offsets, (n + 1) * sizeof *offsets},
    };
    vireo_tensor out = {.data = y, .bytes = n * sizeof *y};
    vireo_status st = vireo_session_run(session, in, 2, &out, 1, err);
    for (size_t i = 0; i < n && !st; i++)
        printf("%slength %d: %.5f", i ? ", " : "", lengths[i], y[i]);
    if (!st)
        printf("\n");
    return st;
}

int main(void)
{
    vireo_error err = {0};
    vireo_device *device = NULL;
    vireo_model *model = NULL;
    vireo_session *session = NULL;
    vireo_status st = vireo_device_create(NULL, &device, &err);
    if (!st)
        st = build(device, &model, &err);
    if (!st)
        st = vireo_session_create(model, NULL, &session, &err);
    if (!st)
        st = run(session, (int32_t[]){3}, 1, &err);
    if (!st)
        st = run(session, (int32_t[]){5, 1, 3, 12}, 4, &err);
    if (st)
        fprintf(stderr, "custom_graph: %s: %s\n", vireo_status_text(st), err.message);
    vireo_session_destroy(&session);
    vireo_model_destroy(&model);
    vireo_device_destroy(&device);
    return st != VIREO_OK;
}
