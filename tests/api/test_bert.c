/* SPDX-License-Identifier: Apache-2.0
 * Small random BERT encoders against bert.json, a forward pass in double precision: activations,
 * poolings, normalisation, prefixes, shards. */
#include "bert_folder.h"
#include "vireo/inspect.h"
#include <math.h>

static vireo_device *device;

static int setup(void **state)
{
    (void)state;
    device = test_device_create();
    return 0;
}

static void no_validation_messages(void **state)
{
    (void)state;
    test_device_destroy(&device);
}

#define ST "sentence_transformers.models."
#define PLAIN                                                                                      \
    "{\"type\":\"" ST "Transformer\",\"path\":\"\"},{\"type\":\"" ST                               \
    "Pooling\",\"path\":\"1_Pooling\"}"
static const char with_normalize[] = "[" PLAIN ",{\"type\":\"" ST "Normalize\",\"path\":\"2_N\"}]";
static const char without_normalize[] = "[" PLAIN "]";

#define POOLING(cls, mean, max)                                                                    \
    "{\"word_embedding_dimension\":20,\"pooling_mode_cls_token\":" #cls                            \
    ",\"pooling_mode_mean_tokens\":" #mean ",\"pooling_mode_max_tokens\":" #max                    \
    ",\"pooling_mode_mean_sqrt_len_tokens\":false,\"pooling_mode_lasttoken\":false}"

enum { MOST_TEXTS = 8, MOST_TOKENS = 64 };

/* Returns how many nodes ran. */
static size_t embed(const char *path, const cJSON *texts, bool no_fuse, float *out, size_t width)
{
    static int32_t ids[MOST_TOKENS], positions[MOST_TOKENS], offsets[MOST_TEXTS + 1];
    int64_t n = 0, tokens = 0;
    const cJSON *text, *id;
    cJSON_ArrayForEach(text, texts)
    {
        int32_t position = 0;
        cJSON_ArrayForEach(id, text)
        {
            ids[tokens] = id->valueint;
            positions[tokens++] = position++;
        }
        offsets[++n] = (int32_t)tokens;
    }
    const vireo_tensor in[3] = {{VIREO_I32, 1, {tokens}, ids, sizeof ids},
                                {VIREO_I32, 1, {tokens}, positions, sizeof positions},
                                {VIREO_I32, 1, {n + 1}, offsets, sizeof offsets}};
    vireo_tensor result = {.data = out, .bytes = (size_t)n * width * sizeof *out};
    vireo_model *m = NULL;
    vireo_session *s = NULL;
    vireo_error err = {0};
    vireo_plan_info plan = {0};
    vireo_model_options options = VIREO_OPTIONS(vireo_model_options);
    options.no_fuse = no_fuse;
    vireo_status st = vireo_model_load(device, path, &options, &m, &err);
    if (!st)
        st = vireo_session_create(m, NULL, &s, &err);
    if (!st)
        st = vireo_session_run(s, in, 3, &result, 1, &err);
    if (!st)
        st = vireo_session_get_plan(s, &plan, &err);
    if (st)
        fail_msg("%s: %s", vireo_status_text(st), err.message);
    assert_int_equal(result.shape[0], n);
    assert_int_equal(result.shape[1], width);
    vireo_session_destroy(&s);
    vireo_model_destroy(&m);
    return plan.nodes;
}

/* Builds the folder, runs all texts in one batch, compares. Returns how many nodes ran. */
static size_t check(const cJSON *encoder, const bert_options *o, bool no_fuse, const char *pooling, bool normalize)
{
    static float out[MOST_TEXTS * 64];
    const cJSON *config = vr_json_get(encoder, "config"), *v, *x;
    const size_t width = (size_t)vr_json_get(config, "hidden_size")->valueint;
    bert_folder f = bert_folder_make(encoder, o);
    const size_t nodes = embed(f.path, vr_json_get(encoder, "texts"), no_fuse, out, width);
    bert_folder_remove(&f);
    size_t at = 0;
    cJSON_ArrayForEach(v, vr_json_get(vr_json_get(encoder, "pooled"), pooling))
    {
        double norm = 0;
        cJSON_ArrayForEach(x, v) norm += x->valuedouble * x->valuedouble;
        cJSON_ArrayForEach(x, v)
        {
            const double want = normalize ? x->valuedouble / sqrt(norm) : x->valuedouble;
            if (!(fabs((double)out[at] - want) <= 1e-5))
                fail_msg("%s, %s: text %zu [%zu] is %.9g, expected %.9g",
                         vr_json_get(config, "hidden_act")->valuestring, pooling, at / width,
                         at % width, (double)out[at], want);
            at++;
        }
    }
    assert_int_equal(at, 4 * width);
    return nodes;
}

/* Each encoder has another activation, number of heads and width. Its products take their biases, activations
 * and residuals along, or not. */
static void activations_and_sizes(void **state)
{
    (void)state;
    cJSON *golden = bert_golden();
    const cJSON *encoder;
    enum { BIASES = 6, ACTIVATIONS = 1, RESIDUALS = 2 }; /* of a layer */
    int n = 0;
    cJSON_ArrayForEach(encoder, vr_json_get(golden, "encoders"))
    {
        const cJSON *layers = vr_json_get(vr_json_get(encoder, "config"), "num_hidden_layers");
        const size_t fused = check(encoder, &(bert_options){0}, false, "mean", true);
        const size_t plain = check(encoder, &(bert_options){0}, true, "mean", true);
        assert_int_equal(plain - fused, layers->valueint * (BIASES + ACTIVATIONS + RESIDUALS));
        n++;
    }
    assert_int_equal(n, 4);
    cJSON_Delete(golden);
}

static void folders(void **state)
{
    (void)state;
    static const struct {
        bert_options o;
        const char *pooling;
        bool normalize;
    } rows[] = {
        {{.pooling = POOLING(false, true, false)}, "mean", true},
        {{.pooling = POOLING(true, false, false)}, "cls", true},
        {{.pooling = POOLING(false, false, true)}, "max", true},
        {{.pooling = POOLING(false, true, false), .modules = without_normalize}, "mean", false},
        {{.pooling = POOLING(true, false, false), .modules = without_normalize}, "cls", false},
        {{.pooling = POOLING(false, false, true), .modules = without_normalize}, "max", false},
        {{.pooling = POOLING(false, false, true), .modules = with_normalize}, "max", true},
        {{.modules = "[{\"type\":\"" ST "Transformer\",\"path\":\"\"}]"}, "mean", false},
        {{.prefix = "bert."}, "mean", true},
        {{.sharded = true}, "mean", true},
        {{.sharded = true, .prefix = "bert.", .pooling = POOLING(true, false, false)}, "cls", true},
        {{.key = "hidden_act"}, "mean", true},      /* absent: gelu */
        {{.key = "layer_norm_eps"}, "mean", true},  /* absent: 1e-12 */
        {{.key = "type_vocab_size"}, "mean", true}, /* absent: 2 */
        {{.key = "position_embedding_type", .value = "\"absolute\""}, "mean", true},
    };
    cJSON *golden = bert_golden();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check(vr_json_get(golden, "encoders")->child, &rows[i].o, false, rows[i].pooling,
              rows[i].normalize);
    cJSON_Delete(golden);
}

/* BF16 tensors give what the same numbers as F32 give. */
static void bf16_weights(void **state)
{
    (void)state;
    cJSON *golden = bert_golden();
    const cJSON *encoder = vr_json_get(golden, "encoders")->child;
    const size_t width = (size_t)vr_json_get(vr_json_get(encoder, "config"), "hidden_size")->valueint;
    float out[2][MOST_TEXTS * 64] = {{0}};
    for (int i = 0; i < 2; i++) {
        bert_folder f =
            bert_folder_make(encoder, &(bert_options){.rounded = true, .bf16 = i == 1});
        embed(f.path, vr_json_get(encoder, "texts"), false, out[i], width);
        bert_folder_remove(&f);
    }
    for (size_t i = 0; i < 4 * width; i++)
        assert_true(out[0][i] != 0 && fabsf(out[0][i] - out[1][i]) <= 1e-5f);
    cJSON_Delete(golden);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(activations_and_sizes),
        cmocka_unit_test(folders),
        cmocka_unit_test(bf16_weights),
        cmocka_unit_test(no_validation_messages),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
