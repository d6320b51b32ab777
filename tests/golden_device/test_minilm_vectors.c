/* SPDX-License-Identifier: Apache-2.0
 * Vectors of all-MiniLM-L6-v2 against transformers in double precision: 64 texts in one batch and alone,
 * in any batch with the same bits, and with every kernel forced in turn. */
#include "minilm.h"
#include "vireo/inspect.h"

static vireo_device *device;
static vireo_model *model;
static float out[TEXTS][WIDTH];

static int setup(void **state)
{
    (void)state;
    device = test_device_create();
    minilm_open(device, &model);
    return 0;
}

/* Compiling is most of a first run's time. A model's layers are alike, and a program is made for a kernel
 * with its tiles and types, not for a node or a shape: 8 for 61 nodes on lavapipe, 10 on SwiftShader. */
enum { MOST_PIPELINES = 12 };

/* Last: a message of the validation layer in any test before fails here. */
static void no_validation_messages(void **state)
{
    (void)state;
    minilm_close(&model);
    test_device_destroy(&device);
}

static void one_batch(void **state)
{
    (void)state;
    uint32_t tokens[TEXTS];
    size_t cut = 0, want_cut = 0;
    vireo_counters before, after;
    vireo_error err = {0};
    vireo_embedder *e = minilm_embedder(model, TOKENS, false);
    vireo_device_get_counters(device, &before);
    if (vireo_embed(e, minilm.texts, TEXTS, &out[0][0], tokens, &cut, &err))
        fail_msg("%s", err.message);
    vireo_device_get_counters(device, &after);
    assert_int_equal(after.commands_recorded - before.commands_recorded, 1); /* a run */
    assert_in_range(after.pipelines_created, 1, MOST_PIPELINES); /* the device was new */
    const double most = minilm_check("batch", 0, TEXTS, out);
    print_message("64 texts, %zu tokens in one batch: max |Δ| %.2g, %zu cut\n",
                  minilm.first[TEXTS], most, cut);
    for (size_t i = 0; i < TEXTS; i++) {
        assert_int_equal(tokens[i], minilm.first[i + 1] - minilm.first[i]);
        want_cut += tokens[i] == 256;
    }
    assert_int_equal(want_cut, 2); /* "word " · 300 and "x " · 600 */
    assert_int_equal(cut, want_cut);
    vireo_embedder_destroy(&e);
}

/* No text sees another. A run's tokens are at most 512 here whatever is asked for. */
static void alone_and_in_batches(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {1, 40, 130, TOKENS};
    static float alone[TEXTS][WIDTH];
    const size_t n = minilm_tier("full") ? TEXTS : minilm_tier("fast") ? 2 : 12;
    vireo_error err = {0};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        vireo_embedder *e = minilm_embedder(model, sizes[i], true);
        if (vireo_embed(e, minilm.texts, n, i ? &out[0][0] : &alone[0][0], NULL, NULL, &err))
            fail_msg("%s", err.message);
        vireo_embedder_destroy(&e);
        for (size_t j = 0; i > 0 && j < n; j++)
            if (memcmp(out[j], alone[j], sizeof alone[j]) != 0)
                fail_msg("text %zu has other bits in runs of at most %u tokens than alone", j,
                         sizes[i]);
    }
    print_message("%zu texts alone: max |Δ| %.2g\n", n, minilm_check("alone", 0, n, alone));
}

/* A hundred in the full tier, by two sessions. */
static void many_runs(void **state)
{
    (void)state;
    static float want[TEXTS][WIDTH];
    const int times = minilm_tier("full") ? 100 : minilm_tier("fast") ? 2 : 10;
    vireo_error err = {0};
    vireo_embedder *e = minilm_embedder(model, 0, false);
    for (int i = 0; i < times; i++) {
        if (i == times / 2) {
            vireo_embedder_destroy(&e);
            e = minilm_embedder(model, 0, false);
        }
        if (vireo_embed(e, minilm.texts, 3, i ? &out[0][0] : &want[0][0], NULL, NULL, &err))
            fail_msg("%s", err.message);
        if (i > 0)
            assert_memory_equal(out, want, 3 * sizeof want[0]);
    }
    vireo_embedder_destroy(&e);
}

/* Texts [0, n) with a forced kernel; false: it does not fit this model on this device. */
static bool run_forced(const char *force, size_t n)
{
    static int32_t positions[TOKENS], offsets[TEXTS + 1];
    for (size_t i = 0; i < n; i++) {
        offsets[i + 1] = (int32_t)minilm.first[i + 1];
        for (size_t j = minilm.first[i]; j < minilm.first[i + 1]; j++)
            positions[j] = (int32_t)(j - minilm.first[i]);
    }
    const int64_t tokens = (int64_t)minilm.first[n];
    const vireo_tensor in[3] = {{VIREO_I32, 1, {tokens}, minilm.ids, sizeof minilm.ids},
                                {VIREO_I32, 1, {tokens}, positions, sizeof positions},
                                {VIREO_I32, 1, {(int64_t)n + 1}, offsets, sizeof offsets}};
    vireo_tensor result = {.data = out, .bytes = sizeof out};
    vireo_session_options o = VIREO_OPTIONS(vireo_session_options);
    vireo_session *s = NULL;
    vireo_error err = {0};
    o.force_kernel = force;
    vireo_status st = vireo_session_create(model, &o, &s, &err);
    if (!st)
        st = vireo_session_run(s, in, 3, &result, 1, &err);
    vireo_session_destroy(&s);
    if (st && (st != VIREO_ERROR_UNSUPPORTED || !strstr(err.message, "does not fit")))
        fail_msg("%s: %s", force, err.message);
    return !st;
}

static bool used_by_model(const char *op)
{
    static const char *const ops[] = {"matmul", "attention", "norm", "embedding",
                                      "binary", "pool"};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (!strcmp(ops[i], op))
            return true;
    return false;
}

static void forced_kernels(void **state)
{
    (void)state;
    const char *op, *kernel;
    int runs = 0;
    if (minilm_tier("fast"))
        skip();
    for (size_t i = 0; (op = vireo_op_name(i)); i++)
        for (size_t j = 0; used_by_model(op) && (kernel = vireo_kernel_name(i, j)); j++) {
            char force[128];
            snprintf(force, sizeof force, "%s/%s", op, kernel);
            const size_t n = strcmp(force, "matmul/plain") == 0 ? 1 : 3; /* it is slow */
            if (!run_forced(force, n)) {
                print_message("%s does not fit\n", force);
                continue;
            }
            print_message("%s: max |Δ| %.2g\n", force, minilm_check(force, 0, n, out));
            runs++;
        }
    assert_true(runs >= 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_batch),
        cmocka_unit_test(alone_and_in_batches),
        cmocka_unit_test(many_runs),
        cmocka_unit_test(forced_kernels),
        cmocka_unit_test(no_validation_messages),
    };
    minilm_need();
    return cmocka_run_group_tests(tests, setup, NULL);
}
