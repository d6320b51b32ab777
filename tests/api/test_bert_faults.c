/* SPDX-License-Identifier: Apache-2.0
 * What a BERT folder can lack: the same exact message from building the graph (where it is held
 * against the limits of time and memory too), from loading and from vireo_source_check.
 * And weights that are cut or not finite, which only loading sees. */
#define _XOPEN_SOURCE 700
#include "bert_folder.h"
#include "api/architecture.h"
#include "io/safetensors.h"
#include "tests/io/bad_model.h"
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

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

typedef struct row {
    bert_options o;
    vireo_status status;
    vr_safetensors_reason reason;
    const char *message; /* behind the folder's path */
} row;

#define WEIGHTS_FILE "/model.safetensors: tensor "
#define POOLING_FILE "/1_Pooling/config.json: "
#define POOLING(rest) "{\"word_embedding_dimension\":20," rest "}"
static const row rows[] = {
    {{.key = "model_type", .value = "\"gpt9\""},
     VIREO_ERROR_UNSUPPORTED,
     VR_SAFETENSORS_ARCH,
     "/config.json: model_type \"gpt9\" is not supported, allowed: bert (ARCH)"},
    {{.key = "model_type"},
     VIREO_ERROR_UNSUPPORTED,
     VR_SAFETENSORS_ARCH,
     "/config.json: model_type \"\" is not supported, allowed: bert (ARCH)"},
    {{.key = "hidden_size"},
     VIREO_ERROR_FORMAT,
     VR_SAFETENSORS_NONE,
     "/config.json: hidden_size is missing"},
    {{.key = "hidden_size", .value = "\"768\""},
     VIREO_ERROR_FORMAT,
     VR_SAFETENSORS_TYPE,
     "/config.json: hidden_size is \"768\", an integer from 1 to 65536 is needed (TYPE)"},
    {{.key = "num_attention_heads", .value = "3"},
     VIREO_ERROR_FORMAT,
     VR_SAFETENSORS_HPARAM,
     "/config.json: hidden_size is 20, a multiple of num_attention_heads (3) is needed (HPARAM)"},
    {{.key = "num_hidden_layers", .value = "1000000000"},
     VIREO_ERROR_LIMIT,
     VR_SAFETENSORS_LIMIT,
     "/config.json: num_hidden_layers is 1000000000, an integer from 1 to 1024 is needed (LIMIT)"},
    {{.key = "num_hidden_layers", .value = "3"},
     VIREO_ERROR_NOT_FOUND,
     VR_SAFETENSORS_NONE,
     ": tensor encoder.layer.2.attention.self.query.weight is missing"},
    {{.key = "intermediate_size", .value = "44"},
     VIREO_ERROR_FORMAT,
     VR_SAFETENSORS_SHAPE,
     WEIGHTS_FILE "encoder.layer.0.intermediate.dense.weight is [36, 20], config.json wants "
                  "[44, 20] (SHAPE)"},
    {{.key = "vocab_size", .value = "41"},
     VIREO_ERROR_FORMAT,
     VR_SAFETENSORS_VOCAB,
     WEIGHTS_FILE "embeddings.word_embeddings.weight is [40, 20], config.json wants [41, 20] "
                  "(VOCAB)"},
    {{.key = "vocab_size", .value = "39", .sharded = true},
     VIREO_ERROR_FORMAT,
     VR_SAFETENSORS_VOCAB,
     "/model-1.safetensors: tensor embeddings.word_embeddings.weight is [40, 20], config.json "
     "wants [39, 20] (VOCAB)"},
    {{.key = "max_position_embeddings", .value = "15"},
     VIREO_ERROR_FORMAT,
     VR_SAFETENSORS_SHAPE,
     WEIGHTS_FILE "embeddings.position_embeddings.weight is [16, 20], config.json wants [15, 20] "
                  "(SHAPE)"},
    {{.key = "type_vocab_size", .value = "3"},
     VIREO_ERROR_FORMAT,
     VR_SAFETENSORS_SHAPE,
     WEIGHTS_FILE "embeddings.token_type_embeddings.weight is [2, 20], config.json wants [3, 20] "
                  "(SHAPE)"},
    {{.key = "hidden_act", .value = "\"swish2\""},
     VIREO_ERROR_UNSUPPORTED,
     VR_SAFETENSORS_NONE,
     "/config.json: hidden_act \"swish2\", allowed: gelu, gelu_new, gelu_pytorch_tanh, relu, silu"},
    {{.key = "position_embedding_type", .value = "\"relative_key\""},
     VIREO_ERROR_UNSUPPORTED,
     VR_SAFETENSORS_NONE,
     "/config.json: position_embedding_type \"relative_key\", allowed: \"absolute\""},
    {{.drop = "embeddings.LayerNorm.bias"},
     VIREO_ERROR_NOT_FOUND,
     VR_SAFETENSORS_NONE,
     ": tensor embeddings.LayerNorm.bias is missing"},
    {{.drop = "encoder.layer.1.output.dense.weight", .prefix = "bert."},
     VIREO_ERROR_NOT_FOUND,
     VR_SAFETENSORS_NONE,
     ": tensor bert.encoder.layer.1.output.dense.weight is missing"},
    {{.drop = "encoder.layer.1.output.dense.bias", .sharded = true},
     VIREO_ERROR_NOT_FOUND,
     VR_SAFETENSORS_NONE,
     ": tensor encoder.layer.1.output.dense.bias is missing"},
    {{.retype = "encoder.layer.0.output.dense.bias", .type = "I16"},
     VIREO_ERROR_UNSUPPORTED,
     VR_SAFETENSORS_NONE,
     ": tensor encoder.layer.0.output.dense.bias is I16, allowed: F32, F16, BF16, I32"},
    {{.pooling = POOLING("\"pooling_mode_cls_token\":true,\"pooling_mode_mean_tokens\":true")},
     VIREO_ERROR_UNSUPPORTED,
     VR_SAFETENSORS_NONE,
     POOLING_FILE "several poolings at once, allowed: one"},
    {{.pooling = POOLING("\"pooling_mode_mean_tokens\":false")},
     VIREO_ERROR_UNSUPPORTED,
     VR_SAFETENSORS_NONE,
     POOLING_FILE "allowed poolings: mean, cls, max"},
    {{.pooling = POOLING("\"pooling_mode_mean_tokens\":true,\"pooling_mode_lasttoken\":true")},
     VIREO_ERROR_UNSUPPORTED,
     VR_SAFETENSORS_NONE,
     POOLING_FILE "allowed poolings: mean, cls, max"},
    {{.modules = "[{\"type\":\"a.Transformer\",\"path\":\"\"},{\"type\":\"a.Dense\","
                 "\"path\":\"2_Dense\"}]"},
     VIREO_ERROR_UNSUPPORTED,
     VR_SAFETENSORS_NONE,
     "/modules.json: step Dense, allowed: Transformer, Pooling, Normalize"},
};

static vireo_status build_only(const char *folder, vireo_error *err)
{
    vireo_source *s = NULL;
    vireo_graph *g = NULL;
    vireo_status st = vireo_source_open(folder, NULL, &s, err);
    if (!st)
        st = vr_build_graph(s, NULL, &g, err);
    vireo_graph_destroy(&g);
    vireo_source_close(&s);
    return st;
}

static void faults(void **state)
{
    (void)state;
    cJSON *golden = bert_golden();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char want[1024], missing[1024];
        vireo_error err = {0};
        vireo_model *m = NULL;
        vireo_source *s = NULL;
        bert_folder f = bert_folder_make(vr_json_get(golden, "encoders")->child, &rows[i].o);
        snprintf(want, sizeof want, "%s%s", f.path, rows[i].message);
        bad_model_read(f.path, rows[i].message, build_only, rows[i].status, rows[i].reason, 0,
                       rows[i].message);
        assert_int_equal(vireo_model_load(device, f.path, NULL, &m, &err), rows[i].status);
        assert_null(m);
        assert_string_equal(err.message, want);
        assert_int_equal(err.status, rows[i].status);
        assert_int_equal(err.reason, rows[i].reason);
        assert_int_equal(vireo_source_open(f.path, NULL, &s, NULL), VIREO_OK);
        vireo_source_check(s, missing, sizeof missing);
        assert_string_equal(missing, want);
        vireo_source_check(s, missing, 10); /* cut */
        assert_int_equal(strlen(missing), 9);
        vireo_source_check(s, missing, 0);
        vireo_source_close(&s);
        bert_folder_remove(&f);
    }
    cJSON_Delete(golden);
}

static void good_folder(void **state)
{
    (void)state;
    char missing[64] = "x";
    vireo_source *s = NULL;
    vireo_model *m = NULL;
    vireo_error err = {0};
    cJSON *golden = bert_golden();
    bert_folder f = bert_folder_make(vr_json_get(golden, "encoders")->child, &(bert_options){0});
    assert_int_equal(vireo_source_open(f.path, NULL, &s, NULL), VIREO_OK);
    vireo_source_check(s, missing, sizeof missing);
    assert_string_equal(missing, "");
    assert_int_equal(vireo_model_load_source(device, s, NULL, &m, &err), VIREO_OK);
    vireo_source_close(&s); /* no longer needed */
    vireo_model_destroy(&m);
    bert_folder_remove(&f);
    cJSON_Delete(golden);
    assert_string_equal(vireo_architecture_name(0), "bert");
    assert_null(vireo_architecture_name(1));
}

/* The last tensor of the last file ends the file. */
typedef struct spoilt {
    bert_folder folder;
    vireo_source *source;
    char path[128]; /* the last file */
    vireo_source_tensor last;
    size_t bytes; /* of that file */
} spoilt;

static spoilt spoilt_make(bool sharded)
{
    spoilt s = {0};
    struct stat info;
    cJSON *golden = bert_golden();
    s.folder = bert_folder_make(vr_json_get(golden, "encoders")->child,
                                &(bert_options){.sharded = sharded});
    snprintf(s.path, sizeof s.path, "%s/model%s.safetensors", s.folder.path, sharded ? "-2" : "");
    assert_int_equal(stat(s.path, &info), 0);
    s.bytes = (size_t)info.st_size;
    assert_int_equal(vireo_source_open(s.folder.path, NULL, &s.source, NULL), VIREO_OK);
    assert_int_equal(
        vireo_source_tensor_at(s.source, vireo_source_tensor_count(s.source) - 1, &s.last),
        VIREO_OK);
    cJSON_Delete(golden);
    return s;
}

/* Between opening and loading. */
static void cut_weights(void **state)
{
    (void)state;
    for (int sharded = 0; sharded < 2; sharded++) {
        spoilt s = spoilt_make(sharded);
        char want[512];
        const char *hash = NULL;
        vireo_model *m = NULL;
        vireo_error err = {0};
        assert_int_equal(truncate(s.path, (off_t)s.bytes - 5), 0);
        snprintf(
            want, sizeof want,
            "%s: tensor %s: byte %zu is not there: the file has %zu bytes, it had %zu when it was "
            "opened",
            s.path, s.last.name, s.bytes - 5, s.bytes - 5, s.bytes);
        assert_int_equal(vireo_model_load_source(device, s.source, NULL, &m, &err), VIREO_ERROR_IO);
        assert_string_equal(err.message, want);
        assert_int_equal(err.offset, s.bytes - 5);
        assert_null(m);
        assert_int_equal(vireo_source_hash(s.source, &hash, &err), VIREO_ERROR_IO);
        assert_null(hash);
        vireo_source_close(&s.source);
        bert_folder_remove(&s.folder);
    }
}

static void weights_that_are_not_finite(void **state)
{
    (void)state;
    static const float values[] = {NAN, INFINITY, -INFINITY};
    static const char *const texts[] = {"NaN", "Infinity", "-Infinity"};
    for (size_t i = 0; i < 3; i++) {
        spoilt s = spoilt_make(i == 1);
        char want[512];
        vireo_model *m = NULL;
        vireo_error err = {0};
        vireo_model_options allow = VIREO_OPTIONS(vireo_model_options);
        FILE *f = fopen(s.path, "r+b");
        assert_non_null(f);
        assert_int_equal(fseek(f, -8, SEEK_END), 0);
        assert_int_equal(fwrite(&values[i], sizeof values[i], 1, f), 1);
        assert_int_equal(fclose(f), 0);
        snprintf(want, sizeof want,
                 "%s: tensor %s: element %zu (byte %zu) is %s; weights must be finite unless "
                 "allow_nonfinite is set",
                 s.path, s.last.name, s.last.bytes / 4 - 2, s.bytes - 8, texts[i]);
        assert_int_equal(vireo_model_load(device, s.folder.path, NULL, &m, &err),
                         VIREO_ERROR_FORMAT);
        assert_string_equal(err.message, want);
        assert_int_equal(err.offset, s.bytes - 8);
        assert_null(m);
        allow.allow_nonfinite = true;
        assert_int_equal(vireo_model_load(device, s.folder.path, &allow, &m, &err), VIREO_OK);
        vireo_model_destroy(&m);
        vireo_source_close(&s.source);
        bert_folder_remove(&s.folder);
    }
}

static void arguments(void **state)
{
    (void)state;
    vireo_model *m = NULL;
    vireo_error err = {0};
    const char *load = "vireo_model_load: device, path and out are needed";
    const char *from = "vireo_model_load_source: device, source and out are needed";
    assert_int_equal(vireo_model_load(NULL, "x", NULL, &m, &err), VIREO_ERROR_INVALID_ARGUMENT);
    assert_string_equal(err.message, load);
    assert_int_equal(vireo_model_load(device, NULL, NULL, &m, &err), VIREO_ERROR_INVALID_ARGUMENT);
    assert_string_equal(err.message, load);
    assert_int_equal(vireo_model_load(device, "x", NULL, NULL, &err), VIREO_ERROR_INVALID_ARGUMENT);
    assert_string_equal(err.message, load);
    assert_int_equal(vireo_model_load_source(device, NULL, NULL, &m, &err),
                     VIREO_ERROR_INVALID_ARGUMENT);
    assert_string_equal(err.message, from);
    assert_true(vireo_model_load(device, "/nonexistent/folder", NULL, &m, &err) != VIREO_OK);
    assert_non_null(strstr(err.message, "/nonexistent/folder"));
    assert_null(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults),      cmocka_unit_test(good_folder),
        cmocka_unit_test(cut_weights), cmocka_unit_test(weights_that_are_not_finite),
        cmocka_unit_test(arguments),   cmocka_unit_test(no_validation_messages),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
