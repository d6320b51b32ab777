/* SPDX-License-Identifier: Apache-2.0
 * Hyper-parameters, indices and folders that must be refused: status, message, place, time, memory.
 * The number in front of a name is the case's; those without a number of their own are its
 * variants. */
#define _XOPEN_SOURCE 700
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "bad_model.h"
#include "io/json.h"
#include "io/safetensors.h"
#include "model_builder.h"

static const build_tensor first[] = {{"word", "F32", "[2,4]", 32}, {"half", "BF16", "[4]", 8}};
static const build_tensor second[] = {{"weight", "F16", "[2,2]", 8}, {"empty", "F32", "[0]", 0}};
#define SHARD1 "model-00001-of-00002.safetensors"
#define SHARD2 "model-00002-of-00002.safetensors"

static void put_model(const temp_folder *t)
{
    build_put_text(t, "config.json", "{}");
    build_put(t, "model.safetensors", build_good(first, 2));
}

/* ---- Texts: the same in every file ----------------------------------------------------------- */

static const struct {
    const char *name, *text;
    vr_json_reason reason;
    size_t offset;
    const char *what;
} texts[] = {
    {"1 empty", "", VR_JSON_EOF, 0, "the text ends, a value is needed"},
    {"2 cut in a number", "{\"hidden_size\":38", VR_JSON_EOF, 17,
     "the text ends, ',' or '}' is needed"},
    {"2 cut in a name", "{\"hidden_si", VR_JSON_EOF, 11, "the text ends inside a string"},
    {"3 trailing comma", "{\"a\":1,}", VR_JSON_SYNTAX, 7, "found '}', a key is needed"},
    {"4 NaN", "{\"a\":NaN}", VR_JSON_NUMBER, 5,
     "found 'N': NaN, Infinity, a leading + or a leading point are no JSON numbers"},
    {"5 1e999", "{\"a\":1e999}", VR_JSON_NUMBER, 5, "1e999 does not fit a double"},
    {"7 duplicate key", "{\"a\":1,\"a\":1}", VR_JSON_DUP_KEY, 7,
     "the key \"a\" stands in this object already"},
    {"7 duplicate key by \\u escape", "{\"a\":1,\"\\u0061\":1}", VR_JSON_DUP_KEY, 7,
     "the key \"\\u0061\" stands in this object already"},
    {"8 lone surrogate", "{\"a\":\"\\ud800\"}", VR_JSON_UTF8, 6,
     "\\uD800 is a high surrogate without a low one behind"},
    {"9 invalid UTF-8", "{\"a\":\"\xFF\"}", VR_JSON_UTF8, 6, "byte 0xFF is not valid UTF-8"},
};

static void deep(const temp_folder *t, const char *file)
{
    char *text = malloc(100001), message[256];
    assert_non_null(text);
    memset(text, '[', 100000);
    text[100000] = '\0';
    build_put_text(t, file, text);
    free(text);
    snprintf(message, sizeof message,
             "/%s: byte 64: nested deeper than 64, which is the limit (DEPTH)", file);
    bad_model_open(t, "6 depth 1e5", VIREO_ERROR_LIMIT, VR_JSON_DEPTH, 64, message);
}

/* Sparse: nothing of it is read. */
static void long_string(const temp_folder *t, const char *file, int limit)
{
    char message[256], *path = temp_path(t, file);
    build_put_text(t, file, "\"");
    assert_int_equal(truncate(path, 256 << 20), 0);
    free(path);
    snprintf(message, sizeof message, "/%s: 268435456 bytes, at most %d are allowed (LIMIT)", file,
             limit);
    bad_model_open(t, "10 string of 256 MiB", VIREO_ERROR_LIMIT, VR_JSON_LIMIT, 0, message);
}

static void every_text_in_every_file(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        int limit;
        bool array;
    } files[] = {{"config.json", 16 << 20, false},
                 {"sentence_bert_config.json", 16 << 20, false},
                 {"tokenizer_config.json", 16 << 20, false},
                 {"1_Pooling/config.json", 16 << 20, false},
                 {"modules.json", 16 << 20, true},
                 {"model.safetensors.index.json", 64 << 20, false}};
    for (size_t f = 0; f < sizeof files / sizeof files[0]; f++) {
        const char *file = files[f].file;
        char message[512];
        temp_folder t = temp_make();
        put_model(&t);
        if (files[f].limit == 64 << 20) { /* read only without the single file */
            char *path = temp_path(&t, "model.safetensors");
            assert_int_equal(unlink(path), 0);
            free(path);
        }
        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
            build_put_text(&t, file, texts[i].text);
            snprintf(message, sizeof message, "/%s: byte %zu: %s (%s)", file, texts[i].offset,
                     texts[i].what, vr_json_reason_name(texts[i].reason));
            bad_model_open(&t, texts[i].name, VIREO_ERROR_FORMAT, texts[i].reason, texts[i].offset,
                           message);
        }
        deep(&t, file);
        long_string(&t, file, files[f].limit);
        build_put_text(&t, file, files[f].array ? "{}" : "[]");
        if (files[f].limit == 64 << 20)
            snprintf(message, sizeof message, "/%s: no object weight_map (FIELD)", file);
        else
            snprintf(message, sizeof message, "/%s: byte 0: the file must hold one JSON %s (TYPE)",
                     file, files[f].array ? "array" : "object");
        bad_model_open(&t, "root", VIREO_ERROR_FORMAT,
                       files[f].limit == 64 << 20 ? VR_SAFETENSORS_FIELD : VR_SAFETENSORS_TYPE, 0,
                       message);
        temp_remove(&t);
    }
}

/* ---- Hyper-parameters --------------------------------------------------------------------------
 */

static const struct {
    const char *name, *config;
    vr_safetensors_reason reason;
    const char *what; /* behind "/config.json: " */
} hypers[] = {
    {"no hyper-parameters", "{}", VR_SAFETENSORS_NONE, ""},
    {"MiniLM",
     "{\"hidden_size\":384,\"intermediate_size\":1536,\"num_hidden_layers\":6,"
     "\"num_attention_heads\":12,\"vocab_size\":30522,\"type_vocab_size\":2,"
     "\"max_position_embeddings\":512,\"layer_norm_eps\":1e-12}",
     VR_SAFETENSORS_NONE, ""},
    {"grouped queries, rotary positions",
     "{\"hidden_size\":576,\"num_attention_heads\":9,\"num_key_value_heads\":3,"
     "\"rms_norm_eps\":1e-5,\"rope_theta\":100000}",
     VR_SAFETENSORS_NONE, ""},
    {"null is absent", "{\"hidden_size\":null,\"rope_theta\":null}", VR_SAFETENSORS_NONE, ""},
    {"heads of their own width", "{\"hidden_size\":1000,\"num_attention_heads\":3,\"head_dim\":64}",
     VR_SAFETENSORS_NONE, ""},
    {"11 hidden_size \"768\"", "{\"hidden_size\":\"768\"}", VR_SAFETENSORS_TYPE,
     "hidden_size is \"768\", an integer from 1 to 65536 is needed"},
    {"11 hidden_size 20.5", "{\"hidden_size\":20.5}", VR_SAFETENSORS_TYPE,
     "hidden_size is 20.5, an integer from 1 to 65536 is needed"},
    {"11 hidden_size true", "{\"hidden_size\":true}", VR_SAFETENSORS_TYPE,
     "hidden_size is true, an integer from 1 to 65536 is needed"},
    {"11 hidden_size false", "{\"hidden_size\":false}", VR_SAFETENSORS_TYPE,
     "hidden_size is false, an integer from 1 to 65536 is needed"},
    {"11 hidden_size [768]", "{\"hidden_size\":[768]}", VR_SAFETENSORS_TYPE,
     "hidden_size is an array, an integer from 1 to 65536 is needed"},
    {"11 hidden_size an object", "{\"hidden_size\":{}}", VR_SAFETENSORS_TYPE,
     "hidden_size is an object, an integer from 1 to 65536 is needed"},
    {"11 hidden_size beyond 2^53", "{\"hidden_size\":1e300}", VR_SAFETENSORS_TYPE,
     "hidden_size is 1e+300, an integer from 1 to 65536 is needed"},
    {"11 hidden_size a long string",
     "{\"hidden_size\":\"0123456789012345678901234567890123456789012345678901234567890123456789\"}",
     VR_SAFETENSORS_TYPE,
     "hidden_size is \"0123456789012345678901234567890123456789012345678901234567890123\", an "
     "integer from 1 to 65536 is needed"},
    {"11 layer_norm_eps \"1e-12\"", "{\"layer_norm_eps\":\"1e-12\"}", VR_SAFETENSORS_TYPE,
     "layer_norm_eps is \"1e-12\", a number from 1e-37 to 1 is needed"},
    {"12 hidden_size % heads", "{\"hidden_size\":20,\"num_attention_heads\":3}",
     VR_SAFETENSORS_HPARAM, "hidden_size is 20, a multiple of num_attention_heads (3) is needed"},
    {"12 hidden_size 0", "{\"hidden_size\":0}", VR_SAFETENSORS_HPARAM,
     "hidden_size is 0, an integer from 1 to 65536 is needed"},
    {"13 heads 0", "{\"num_attention_heads\":0}", VR_SAFETENSORS_HPARAM,
     "num_attention_heads is 0, an integer from 1 to 4096 is needed"},
    {"13 heads -2", "{\"num_attention_heads\":-2}", VR_SAFETENSORS_HPARAM,
     "num_attention_heads is -2, an integer from 1 to 4096 is needed"},
    {"14 heads % kv heads", "{\"num_attention_heads\":12,\"num_key_value_heads\":5}",
     VR_SAFETENSORS_HPARAM,
     "num_attention_heads is 12, a multiple of num_key_value_heads (5) is needed"},
    {"14 kv heads 0", "{\"num_attention_heads\":12,\"num_key_value_heads\":0}",
     VR_SAFETENSORS_HPARAM, "num_key_value_heads is 0, an integer from 1 to 4096 is needed"},
    {"14 kv heads more than heads", "{\"num_attention_heads\":4,\"num_key_value_heads\":8}",
     VR_SAFETENSORS_HPARAM,
     "num_attention_heads is 4, a multiple of num_key_value_heads (8) is needed"},
    {"15 layers 10^9", "{\"num_hidden_layers\":1000000000}", VR_SAFETENSORS_LIMIT,
     "num_hidden_layers is 1000000000, an integer from 1 to 1024 is needed"},
    {"15 hidden_size 65537", "{\"hidden_size\":65537}", VR_SAFETENSORS_LIMIT,
     "hidden_size is 65537, an integer from 1 to 65536 is needed"},
    {"15 vocab_size 10^9", "{\"vocab_size\":1000000000}", VR_SAFETENSORS_LIMIT,
     "vocab_size is 1000000000, an integer from 1 to 67108864 is needed"},
    {"15 positions 2^31", "{\"max_position_embeddings\":2147483648}", VR_SAFETENSORS_LIMIT,
     "max_position_embeddings is 2147483648, an integer from 1 to 16777216 is needed"},
    {"18 rope_theta 0", "{\"rope_theta\":0}", VR_SAFETENSORS_HPARAM,
     "rope_theta is 0, a number from 1 to 1e+12 is needed"},
    {"18 rope_theta -1", "{\"rope_theta\":-1}", VR_SAFETENSORS_HPARAM,
     "rope_theta is -1, a number from 1 to 1e+12 is needed"},
    {"18 rope_theta \"NaN\"", "{\"rope_theta\":\"NaN\"}", VR_SAFETENSORS_TYPE,
     "rope_theta is \"NaN\", a number from 1 to 1e+12 is needed"},
    {"18 layer_norm_eps 0", "{\"layer_norm_eps\":0}", VR_SAFETENSORS_HPARAM,
     "layer_norm_eps is 0, a number from 1e-37 to 1 is needed"},
    {"18 rms_norm_eps 1.5", "{\"rms_norm_eps\":1.5}", VR_SAFETENSORS_LIMIT,
     "rms_norm_eps is 1.5, a number from 1e-37 to 1 is needed"},
};

static void hyper_parameters(void **state)
{
    (void)state;
    temp_folder t = temp_make();
    put_model(&t);
    for (size_t i = 0; i < sizeof hypers / sizeof hypers[0]; i++) {
        const vr_safetensors_reason reason = hypers[i].reason;
        char message[512];
        build_put_text(&t, "config.json", hypers[i].config);
        snprintf(message, sizeof message, "/config.json: %s (%s)", hypers[i].what,
                 vr_safetensors_reason_name(reason));
        bad_model_hyper(&t, hypers[i].name,
                        reason == VR_SAFETENSORS_LIMIT ? VIREO_ERROR_LIMIT
                        : reason                       ? VIREO_ERROR_FORMAT
                                                       : VIREO_OK,
                        reason, message);
    }
    build_put_text(&t, "config.json", "{\"rope_theta\":NaN}");
    bad_model_open(
        &t, "18 rope_theta NaN", VIREO_ERROR_FORMAT, VR_JSON_NUMBER, 14,
        "/config.json: byte 14: found 'N': NaN, Infinity, a leading + or a leading point "
        "are no JSON numbers (NUMBER)");
    temp_remove(&t);
}

/* ---- Indices -----------------------------------------------------------------------------------
 */

static const struct {
    const char *name, *map;
    vireo_status status;
    uint32_t reason, offset;
    const char *message;
} indices[] = {
    {"28 shard ../x", "{\"half\":\"../x\"}", VIREO_ERROR_FORMAT, VR_SAFETENSORS_PATH, 0,
     "/model.safetensors.index.json: weight_map names \"../x\", a plain file name is needed "
     "(PATH)"},
    {"28 shard /etc/passwd", "{\"half\":\"/etc/passwd\"}", VIREO_ERROR_FORMAT, VR_SAFETENSORS_PATH,
     0,
     "/model.safetensors.index.json: weight_map names \"/etc/passwd\", a plain file name is needed "
     "(PATH)"},
    {"28 shard a/b", "{\"half\":\"a/b\"}", VIREO_ERROR_FORMAT, VR_SAFETENSORS_PATH, 0,
     "/model.safetensors.index.json: weight_map names \"a/b\", a plain file name is needed (PATH)"},
    {"28 shard a\\b", "{\"half\":\"a\\\\b\"}", VIREO_ERROR_FORMAT, VR_SAFETENSORS_PATH, 0,
     "/model.safetensors.index.json: weight_map names \"a\\b\", a plain file name is needed "
     "(PATH)"},
    {"28 shard ..", "{\"half\":\"..\"}", VIREO_ERROR_FORMAT, VR_SAFETENSORS_PATH, 0,
     "/model.safetensors.index.json: weight_map names \"..\", a plain file name is needed (PATH)"},
    {"28 shard .", "{\"half\":\".\"}", VIREO_ERROR_FORMAT, VR_SAFETENSORS_PATH, 0,
     "/model.safetensors.index.json: weight_map names \".\", a plain file name is needed (PATH)"},
    {"28 shard without name", "{\"half\":\"\"}", VIREO_ERROR_FORMAT, VR_SAFETENSORS_PATH, 0,
     "/model.safetensors.index.json: weight_map names \"\", a plain file name is needed (PATH)"},
    {"shard is a number", "{\"half\":7}", VIREO_ERROR_FORMAT, VR_SAFETENSORS_TYPE, 0,
     "/model.safetensors.index.json: weight_map's \"half\" is no string (TYPE)"},
    {"weight_map is an array", "[]", VIREO_ERROR_FORMAT, VR_SAFETENSORS_FIELD, 0,
     "/model.safetensors.index.json: no object weight_map (FIELD)"},
    {"shard absent", "{\"half\":\"absent.safetensors\"}", VIREO_ERROR_NOT_FOUND, 0, 0,
     "/absent.safetensors: cannot be opened: No such file or directory"},
    {"tensor in another shard", "{\"half\":\"" SHARD2 "\"}", VIREO_ERROR_FORMAT,
     VR_SAFETENSORS_INDEX, 0,
     "/model.safetensors.index.json: \"half\" does not stand in model-00002-of-00002.safetensors, "
     "which weight_map names (INDEX)"},
    {"tensor in a shard that another names", "{\"half\":\"" SHARD1 "\",\"empty\":\"" SHARD1 "\"}",
     VIREO_ERROR_FORMAT, VR_SAFETENSORS_INDEX, 0,
     "/model.safetensors.index.json: \"empty\" does not stand in model-00001-of-00002.safetensors, "
     "which weight_map names (INDEX)"},
    {"tensor in two shards", "{\"half\":\"" SHARD1 "\",\"x\":\"copy.safetensors\"}",
     VIREO_ERROR_FORMAT, VR_SAFETENSORS_DUP_KEY, 0,
     "/copy.safetensors: the tensor \"word\" stands in an earlier shard too (DUP_KEY)"},
    {"tensor twice in the index", "{\"half\":\"" SHARD1 "\",\"half\":\"" SHARD1 "\"}",
     VIREO_ERROR_FORMAT, VR_JSON_DUP_KEY, 86,
     "/model.safetensors.index.json: byte 86: the key \"half\" stands in this object already "
     "(DUP_KEY)"},
    {"shard is no safetensors file", "{\"half\":\"config.json\"}", VIREO_ERROR_FORMAT,
     VR_SAFETENSORS_SHORT, 2,
     "/config.json: byte 2: the file has 2 bytes, the header's length alone needs 8 (SHORT)"},
};

static void bad_indices(void **state)
{
    (void)state;
    temp_folder t = temp_make();
    build_put_text(&t, "config.json", "{}");
    build_put(&t, SHARD1, build_good(first, 2));
    build_put(&t, SHARD2, build_good(second, 2));
    build_put(&t, "copy.safetensors", build_good(first, 2));
    for (size_t i = 0; i < sizeof indices / sizeof indices[0]; i++) {
        build_put_index(&t, indices[i].map);
        bad_model_open(&t, indices[i].name, indices[i].status, indices[i].reason, indices[i].offset,
                       indices[i].message);
    }
    temp_remove(&t);
}

/* ---- Folders -----------------------------------------------------------------------------------
 */

/* Each file is added to what stands there from the rows before. */
static const struct {
    const char *name, *file, *text;
    vireo_status status;
    uint32_t reason, offset;
    const char *message;
} folders[] = {
    {"nothing", NULL, NULL, VIREO_ERROR_NOT_FOUND, 0, 0,
     "/config.json: cannot be opened: No such file or directory"},
    {"no tensors", "config.json", "{}", VIREO_ERROR_NOT_FOUND, 0, 0,
     ": holds neither model.safetensors nor model.safetensors.index.json"},
    {"five bytes", "model.safetensors", "short", VIREO_ERROR_FORMAT, VR_SAFETENSORS_SHORT, 5,
     "/model.safetensors: byte 5: the file has 5 bytes, the header's length alone needs 8 (SHORT)"},
    {"pooling leads out", "modules.json", "[{\"type\":\"x.Pooling\",\"path\":\"../1_Pooling\"}]",
     VIREO_ERROR_FORMAT, VR_SAFETENSORS_PATH, 0,
     "/modules.json: the path \"../1_Pooling\" leads out of the folder (PATH)"},
    {"pooling is not there", "modules.json", "[{\"type\":\"x.Pooling\",\"path\":\"gone\"}]",
     VIREO_ERROR_NOT_FOUND, 0, 0, "/gone/config.json: cannot be opened: No such file or directory"},
    {"pooling without path", "modules.json", "[{\"type\":\"x.Pooling\"}]", VIREO_ERROR_FORMAT,
     VR_SAFETENSORS_FIELD, 0, "/modules.json: every entry needs the strings type and path (FIELD)"},
    {"a module is a number", "modules.json", "[7]", VIREO_ERROR_FORMAT, VR_SAFETENSORS_FIELD, 0,
     "/modules.json: every entry needs the strings type and path (FIELD)"},
};

static void bad_folders(void **state)
{
    (void)state;
    temp_folder t = temp_make();
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        if (folders[i].file)
            build_put_text(&t, folders[i].file, folders[i].text);
        bad_model_open(&t, folders[i].name, folders[i].status, folders[i].reason, folders[i].offset,
                       folders[i].message);
    }
    temp_remove(&t);
}

static void no_folders(void **state)
{
    (void)state;
    temp_folder t = temp_make();
    vireo_source *s = NULL;
    vireo_error err = {0};
    char want[512], *file = temp_path(&t, "config.json");
    build_put_text(&t, "config.json", "{}");
    assert_int_equal(vireo_source_open(file, NULL, &s, &err), VIREO_ERROR_IO);
    snprintf(want, sizeof want, "%s: is a file, a folder is needed (NOT_FILE)", file);
    assert_string_equal(err.message, want);
    free(file);
    assert_int_equal(vireo_source_open("/nonexistent-folder", NULL, &s, &err),
                     VIREO_ERROR_NOT_FOUND);
    assert_string_equal(err.message, "/nonexistent-folder: cannot be opened: No such file or directory");
    assert_int_equal(vireo_source_open(NULL, NULL, &s, &err), VIREO_ERROR_INVALID_ARGUMENT);
    assert_string_equal(err.message, "vireo_source_open: path or out is NULL");
    assert_null(s);
    temp_remove(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_text_in_every_file),
        cmocka_unit_test(hyper_parameters),
        cmocka_unit_test(bad_indices),
        cmocka_unit_test(bad_folders),
        cmocka_unit_test(no_folders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
