/* SPDX-License-Identifier: Apache-2.0
 * Bits of a sequence's attention do not depend on what else is in the batch, whatever the kernel: a
 * batch of all, each sequence alone, and a batch in another order give the same, in one dispatch or
 * many. Nor do a head's depend on another's that stands in the same quads. */
#include "device_test.h"
#include "op_rand.h"
#include "vireo/inspect.h"
#include <math.h>
#include <string.h>

enum { WIDTH = 36, HEADS = 3, RAGGED_HEADS = 4, /* the latter, of 9 elements, share quads */
       SEQUENCES = 5, BIAS = 9, QUERIES = 64, MOST = 512 };

/* Lengths of queries and keys, some of which are several splits. */
static const int64_t queries[SEQUENCES] = {7, 1, 13, 0, 10}, keys[SEQUENCES] = {9, 140, 13, 3, 300};

typedef struct variant {
    const char *kernel;
    vireo_attention_args args;
} variant;
#define VARIANTS(kernel)                                                                           \
    {kernel, {.n_heads = HEADS}},                                                                  \
    {kernel, {.n_heads = HEADS, .causal = true, .window = 6}},                                     \
    {kernel, {.n_heads = RAGGED_HEADS}},                                                           \
    {kernel, {.n_heads = HEADS, .soft_cap = 3}},                                                   \
    {kernel, {.n_heads = HEADS, .causal = true, .pointwise = 11}}
static const variant variants[] = {VARIANTS("attention/split"), VARIANTS("attention/split_storage"),
                                   VARIANTS("attention/shared"), VARIANTS("attention/texel"),
                                   VARIANTS("attention/plain"), VARIANTS("attention/long")};

/* A sequence's own rows, wherever it stands. */
static void fill_rows(float *to, size_t sequence, uint64_t part, int64_t rows)
{
    uint64_t state = 1 + 10 * sequence + part;
    for (int64_t i = 0; i < rows * WIDTH; i++)
        to[i] = (float)(op_below(&state, 4001) - 2000) / 500.0f;
}

typedef struct batch {
    float q[QUERIES * WIDTH], k[MOST * WIDTH], v[MOST * WIDTH], out[QUERIES * WIDTH];
    int32_t offsets[SEQUENCES + 1], key_offsets[SEQUENCES + 1];
    size_t n;
} batch;

static void add(batch *b, size_t sequence)
{
    const int32_t at = b->offsets[b->n], key_at = b->key_offsets[b->n];
    fill_rows(b->q + at * WIDTH, sequence, 0, queries[sequence]);
    fill_rows(b->k + key_at * WIDTH, sequence, 1, keys[sequence]);
    fill_rows(b->v + key_at * WIDTH, sequence, 2, keys[sequence]);
    b->n++;
    b->offsets[b->n] = at + (int32_t)queries[sequence];
    b->key_offsets[b->n] = key_at + (int32_t)keys[sequence];
}

static void run(vireo_session *s, batch *b)
{
    const int64_t tokens = b->offsets[b->n], n_keys = b->key_offsets[b->n];
    const size_t bytes = WIDTH * sizeof(float), ends = b->n + 1;
    const vireo_tensor in[] = {
        {VIREO_F32, 2, {tokens, WIDTH}, b->q, (size_t)tokens * bytes},
        {VIREO_F32, 2, {n_keys, WIDTH}, b->k, (size_t)n_keys * bytes},
        {VIREO_F32, 2, {n_keys, WIDTH}, b->v, (size_t)n_keys * bytes},
        {VIREO_I32, 1, {(int64_t)ends}, b->offsets, ends * sizeof(int32_t)},
        {VIREO_I32, 1, {(int64_t)ends}, b->key_offsets, ends * sizeof(int32_t)}};
    vireo_tensor out = {.data = b->out, .bytes = sizeof b->out};
    vireo_error err = {0};
    if (vireo_session_run(s, in, sizeof in / sizeof *in, &out, 1, &err))
        fail_msg("%s", err.message);
}

static vireo_model *make_model(vireo_device *device, const variant *t)
{
    static float distances[HEADS * BIAS];
    vireo_graph *g = NULL;
    vireo_model *model = NULL;
    vireo_error err = {0};
    assert_int_equal(vireo_graph_create(NULL, &g, &err), VIREO_OK);
    const vireo_symbol tokens = vireo_graph_symbol(g, "tokens", QUERIES);
    const vireo_symbol rows = vireo_graph_symbol(g, "keys", MOST);
    const vireo_symbol ends = vireo_graph_symbol(g, "ends", SEQUENCES + 1);
    const int64_t shape[] = {0, WIDTH};
    vireo_attention_args args = t->args;
    vireo_value q = vireo_graph_input(g, "q", VIREO_F32, 2, shape, tokens);
    vireo_value k = vireo_graph_input(g, "k", VIREO_F32, 2, shape, rows);
    vireo_value v = vireo_graph_input(g, "v", VIREO_F32, 2, shape, rows);
    vireo_value offsets = vireo_graph_input(g, "offsets", VIREO_I32, 1, shape, ends);
    args.key_offsets = vireo_graph_input(g, "key offsets", VIREO_I32, 1, shape, ends);
    if (args.pointwise > 0) {
        for (int i = 0; i < HEADS * BIAS; i++)
            distances[i] = (float)(i % 7 - 3) / 4.0f;
        const vireo_tensor bias = {VIREO_F32, 2, {HEADS, BIAS}, distances, sizeof distances};
        args.bias = vireo_graph_constant(g, "bias", &bias);
    }
    vireo_graph_output(g, "y", vireo_attention_with(g, q, k, v, offsets, &args));
    if (vireo_model_create(device, &g, NULL, &model, &err))
        fail_msg("%s", err.message);
    return model;
}

static void check_variant(vireo_device *device, const variant *t, batch *whole)
{
    static batch other, alone;
    vireo_session_options options = VIREO_OPTIONS(vireo_session_options);
    vireo_model *model = make_model(device, t);
    vireo_session *s = NULL;
    vireo_error err = {0};
    options.force_kernel = t->kernel;
    assert_int_equal(vireo_session_create(model, &options, &s, &err), VIREO_OK);
    whole->n = other.n = 0;
    for (size_t i = 0; i < SEQUENCES; i++) {
        add(whole, i);
        add(&other, SEQUENCES - 1 - i);
    }
    run(s, whole);
    run(s, &other);
    for (size_t i = 0; i < SEQUENCES; i++) {
        const size_t bytes = (size_t)queries[i] * WIDTH * sizeof(float);
        const float *expected = whole->out + whole->offsets[i] * WIDTH;
        alone.n = 0;
        add(&alone, i);
        run(s, &alone);
        assert_memory_equal(alone.out, expected, bytes);
        assert_memory_equal(other.out + other.offsets[SEQUENCES - 1 - i] * WIDTH, expected, bytes);
    }
    vireo_session_destroy(&s);
    vireo_model_destroy(&model);
}

/* Whether the device runs it; else that is printed. */
static bool has_kernel(const vireo_device *device, const char *name)
{
    const vr_op *op = vr_ops[VR_OP_ATTENTION];
    for (size_t i = 0; i < op->n_kernels; i++) {
        char full[64];
        snprintf(full, sizeof full, "attention/%s", op->kernels[i].name);
        if (strcmp(full, name) != 0)
            continue;
        const char *lacks = vr_kernel_lacks(&op->kernels[i], vireo_device_get_info(device));
        if (lacks)
            printf("left out: %s %s\n", name, lacks);
        return !lacks;
    }
    fail_msg("there is no %s", name);
    return false;
}

static void test_alone(void **state)
{
    (void)state;
    static batch whole, parts;
    const vireo_device_options options = test_device_options();
    const vr_device_override short_dispatches = {.dispatch_us = 1};
    vireo_device *device = test_device_create();
    vireo_device *cutting = test_device_create_with(&options, &short_dispatches);
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
        if (!has_kernel(device, variants[i].kernel))
            continue;
        check_variant(device, &variants[i], &whole);
        check_variant(cutting, &variants[i], &parts);
        assert_memory_equal(parts.out, whole.out, (size_t)whole.offsets[SEQUENCES] * WIDTH * sizeof(float));
    }
    test_device_destroy(&cutting);
    test_device_destroy(&device);
}

/* What is not finite in a head's keys and values stays in that head. */
static void check_heads_apart(vireo_device *device, const char *kernel)
{
    enum { DIM = WIDTH / RAGGED_HEADS, BROKEN = 1, SEQUENCE = 4 };
    static batch sound, broken;
    const variant t = {kernel, {.n_heads = RAGGED_HEADS}};
    vireo_session_options options = VIREO_OPTIONS(vireo_session_options);
    vireo_model *model = make_model(device, &t);
    vireo_session *s = NULL;
    vireo_error err = {0};
    options.force_kernel = kernel;
    assert_int_equal(vireo_session_create(model, &options, &s, &err), VIREO_OK);
    sound.n = broken.n = 0;
    add(&sound, SEQUENCE);
    add(&broken, SEQUENCE);
    for (int64_t i = 0; i < keys[SEQUENCE]; i++)
        for (int64_t j = i * WIDTH + BROKEN * DIM; j < i * WIDTH + (BROKEN + 1) * DIM; j++) {
            broken.k[j] = INFINITY;
            broken.v[j] = NAN;
        }
    run(s, &sound);
    run(s, &broken);
    for (int64_t i = 0; i < queries[SEQUENCE] * RAGGED_HEADS; i++) {
        if (i % RAGGED_HEADS == BROKEN)
            assert_true(isnan(broken.out[i * DIM]));
        else
            assert_memory_equal(broken.out + i * DIM, sound.out + i * DIM, DIM * sizeof(float));
    }
    vireo_session_destroy(&s);
    vireo_model_destroy(&model);
}

static void test_heads_apart(void **state)
{
    (void)state;
    vireo_device *device = test_device_create();
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++)
        if ((i == 0 || strcmp(variants[i].kernel, variants[i - 1].kernel) != 0) &&
            has_kernel(device, variants[i].kernel))
            check_heads_apart(device, variants[i].kernel);
    test_device_destroy(&device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_alone), cmocka_unit_test(test_heads_apart)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
