/* SPDX-License-Identifier: Apache-2.0
 * Vectors of all-MiniLM-L6-v2 against transformers in double precision (tests/golden/minilm.json):
 * 64 texts in one batch and alone, and with every kernel forced in turn. The model is fetched by
 * models/fetch.sh minilm; without it: skipped. */
#include "tests/device_test.h"
#include <math.h>
#include "base/file.h"
#include "io/json.h"
#include "vireo/inspect.h"
#include "vireo/text.h"

enum { TEXTS = 64, WIDTH = 384, TOKENS = TEXTS * 256 };

static char folder[1024];
static vireo_device *device;
static vireo_source *source;
static vireo_model *model;
static cJSON *golden;
static const char *texts[TEXTS];
static int32_t ids[TOKENS];
static size_t first[TEXTS + 1]; /* of each text in ids */
static float expected[TEXTS][WIDTH], out[TEXTS][WIDTH];

static bool tier_is(const char *name)
{
    const char *tier = getenv("VIREO_TIER");
    return tier && strcmp(tier, name) == 0;
}

static void read_golden(void)
{
    const cJSON *c, *x;
    size_t n = 0;
    vireo_error err = {0};
    if (vr_json_read(NULL, VIREO_SOURCE_DIR "/tests/golden/minilm.json", NULL, &golden, &err))
        fail_msg("%s", err.message);
    cJSON_ArrayForEach(c, vr_json_get(golden, "cases"))
    {
        size_t i = 0, at = first[n];
        assert_true(n < TEXTS);
        texts[n] = vr_json_get(c, "text")->valuestring;
        cJSON_ArrayForEach(x, vr_json_get(c, "ids")) ids[at++] = x->valueint;
        cJSON_ArrayForEach(x, vr_json_get(c, "embedding")) expected[n][i++] = (float)x->valuedouble;
        assert_int_equal(i, WIDTH);
        first[++n] = at;
    }
    assert_int_equal(n, TEXTS);
}

static int setup(void **state)
{
    (void)state;
    vireo_error err = {0};
    device = test_device_create();
    read_golden();
    if (vireo_source_open(folder, NULL, &source, &err) ||
        vireo_model_load_source(device, source, NULL, &model, &err))
        fail_msg("%s", err.message);
    return 0;
}

/* Last: a message of the validation layer in any test before fails here. */
static void no_validation_messages(void **state)
{
    (void)state;
    vireo_model_destroy(&model);
    vireo_source_close(&source);
    cJSON_Delete(golden);
    test_device_destroy(&device);
}

/* Vectors from..from + n - 1 stand in out. */
static double check(const char *what, size_t from, size_t n)
{
    double most = 0, least = 1;
    for (size_t i = from; i < from + n; i++) {
        double dot = 0, a = 0, b = 0;
        for (size_t j = 0; j < WIDTH; j++) {
            const double x = (double)out[i][j], y = (double)expected[i][j];
            if (!(fabs(x - y) <= 1e-4))
                fail_msg("%s: text %zu [%zu] is %.9g, expected %.9g", what, i, j, x, y);
            most = fmax(most, fabs(x - y));
            dot += x * y;
            a += x * x;
            b += y * y;
        }
        least = fmin(least, dot / sqrt(a * b));
    }
    if (!(least >= 0.99999))
        fail_msg("%s: the least cosine is %.7f", what, least);
    return most;
}

static vireo_embedder *make_embedder(uint32_t batch_tokens)
{
    vireo_embedder *e = NULL;
    vireo_error err = {0};
    vireo_embedder_options o = VIREO_OPTIONS(vireo_embedder_options);
    o.batch = TEXTS;
    o.batch_tokens = batch_tokens;
    if (vireo_embedder_create(model, source, &o, &e, &err))
        fail_msg("%s", err.message);
    assert_int_equal(vireo_embedder_width(e), WIDTH);
    assert_int_equal(vireo_embedder_max_tokens(e), 256); /* not tokenizer.json's 128 */
    return e;
}

static void one_batch(void **state)
{
    (void)state;
    uint32_t tokens[TEXTS];
    size_t cut = 0, want_cut = 0;
    vireo_counters before, after;
    vireo_error err = {0};
    vireo_embedder *e = make_embedder(TOKENS);
    vireo_device_get_counters(device, &before);
    if (vireo_embed(e, texts, TEXTS, &out[0][0], tokens, &cut, &err))
        fail_msg("%s", err.message);
    vireo_device_get_counters(device, &after);
    assert_int_equal(after.submits - before.submits, 1);
    const double most = check("batch", 0, TEXTS);
    print_message("64 texts, %zu tokens in one batch: max |Δ| %.2g, %zu cut\n", first[TEXTS], most,
                  cut);
    for (size_t i = 0; i < TEXTS; i++) {
        assert_int_equal(tokens[i], first[i + 1] - first[i]);
        want_cut += tokens[i] == 256;
    }
    assert_int_equal(want_cut, 2); /* "word " · 300 and "x " · 600 */
    assert_int_equal(cut, want_cut);
    vireo_embedder_destroy(&e);
}

/* The same bits as in a batch: no text sees another. In batches of the default size, 512 tokens: larger
 * ones take other kernels where views are small (SwiftShader), and so may have other bits. */
static void each_alone(void **state)
{
    (void)state;
    static float batch[TEXTS][WIDTH];
    const size_t n = tier_is("full") ? TEXTS : tier_is("fast") ? 2 : 16;
    vireo_error err = {0};
    vireo_embedder *e = make_embedder(0);
    if (vireo_embed(e, texts, n, &batch[0][0], NULL, NULL, &err))
        fail_msg("%s", err.message);
    for (size_t i = 0; i < n; i++) {
        if (vireo_embed(e, &texts[i], 1, out[i], NULL, NULL, &err))
            fail_msg("%s", err.message);
        if (memcmp(out[i], batch[i], sizeof batch[i]) != 0)
            fail_msg("text %zu alone differs from itself in a batch", i);
    }
    print_message("%zu texts alone: max |Δ| %.2g\n", n, check("alone", 0, n));
    vireo_embedder_destroy(&e);
}

/* Texts [0, n) with a forced kernel; false: it does not fit this model on this device. */
static bool run_forced(const char *force, size_t n)
{
    static int32_t positions[TOKENS], offsets[TEXTS + 1];
    for (size_t i = 0; i < n; i++) {
        offsets[i + 1] = (int32_t)first[i + 1];
        for (size_t j = first[i]; j < first[i + 1]; j++)
            positions[j] = (int32_t)(j - first[i]);
    }
    const int64_t tokens = (int64_t)first[n];
    const vireo_tensor in[3] = {{VIREO_I32, 1, {tokens}, ids, sizeof ids},
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
    if (tier_is("fast"))
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
            print_message("%s: max |Δ| %.2g\n", force, check(force, 0, n));
            runs++;
        }
    assert_true(runs >= 10);
}

int main(void)
{
    const char *models = getenv("VIREO_MODELS"), *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    if (models && *models)
        snprintf(folder, sizeof folder, "%s/minilm", models);
    else if (cache && *cache)
        snprintf(folder, sizeof folder, "%s/vireo/models/minilm", cache);
    else
        snprintf(folder, sizeof folder, "%s/.cache/vireo/models/minilm", home ? home : "");
    if (!vr_is_folder(folder)) {
        printf("SKIPPED: %s is missing, run models/fetch.sh minilm\n", folder);
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_batch),
        cmocka_unit_test(each_alone),
        cmocka_unit_test(forced_kernels),
        cmocka_unit_test(no_validation_messages),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
