/* SPDX-License-Identifier: Apache-2.0
 * Model folders: single file and shards, hyper-parameters, hash, memory, files that are cut. */
#define _XOPEN_SOURCE 700
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "bad_model.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/str.h"
#include "io/json.h"
#include "io/safetensors.h"
#include "model_builder.h"
#include "temp_folder.h"
#include "vireo/vireo.h"

static const build_tensor first[] = {{"embeddings.word", "F32", "[2,4]", 32},
                                     {"position_ids", "I64", "[1,2]", 16},
                                     {"half", "BF16", "[4]", 8}};
static const build_tensor second[] = {{"encoder.weight", "F16", "[2,2]", 8},
                                      {"empty", "F32", "[0]", 0}};

static void put_model(const temp_folder *t)
{
    build_put_text(t, "config.json", "{\"model_type\":\"bert\",\"hidden_size\":4}");
    build_put(t, "model.safetensors", build_good(first, 3));
}

static vireo_source *open_good(const temp_folder *t)
{
    vireo_source *s = NULL;
    vireo_error err = {0};
    if (vireo_source_open(t->path, NULL, &s, &err))
        print_error("%s\n", err.message);
    assert_non_null(s);
    return s;
}

static unsigned char byte_of(const vireo_source *s, const char *tensor, size_t at)
{
    unsigned char byte = 0;
    vireo_error err = {0};
    if (vireo_source_read(s, tensor, at, &byte, 1, &err))
        fail_msg("%s", err.message);
    return byte;
}

static void one_file(void **state)
{
    (void)state;
    temp_folder t = temp_make();
    put_model(&t);
    vireo_source *s = open_good(&t);
    assert_string_equal(vireo_source_path(s), t.path);
    assert_string_equal(vireo_source_architecture(s), "bert");
    assert_int_equal(vireo_source_tensor_count(s), 3);
    vireo_source_tensor x = {0};
    assert_true(vireo_source_find(s, "embeddings.word", &x));
    assert_true(x.supported);
    assert_int_equal(x.dtype, VIREO_F32);
    assert_int_equal(x.rank, 2);
    assert_int_equal(x.shape[1], 4);
    assert_int_equal(x.bytes, 32);
    for (int i = 0; i < 32; i++)
        assert_int_equal(byte_of(s, "embeddings.word", (size_t)i), i);
    assert_true(vireo_source_find(s, "half", &x));
    assert_string_equal(x.stored_dtype, "BF16");
    assert_true(x.supported);
    assert_int_equal(x.dtype, VIREO_BF16);
    assert_int_equal(byte_of(s, "half", 0), 48);
    assert_int_equal(vireo_source_tensor_at(s, 1, &x), VIREO_OK);
    assert_string_equal(x.name, "position_ids");
    assert_false(x.supported);
    assert_int_equal(vireo_source_tensor_at(s, 3, &x), VIREO_ERROR_INVALID_ARGUMENT);
    assert_false(vireo_source_find(s, "absent", &x));
    assert_string_equal(x.name, "position_ids");
    vireo_source_close(&s);
    assert_null(s);
    vireo_source_close(&s);
    vireo_source_close(NULL);
    temp_remove(&t);
}

static void tensors_of_many_dimensions_are_shown_folded(void **state)
{
    (void)state;
    temp_folder t = temp_make();
    put_model(&t);
    build_put(&t, "model.safetensors",
              build_good((build_tensor[]){{"deep", "F32", "[2,3,1,2,1,2]", 96}}, 1));
    vireo_source *s = open_good(&t);
    vireo_source_tensor x;
    assert_true(vireo_source_find(s, "deep", &x));
    assert_false(x.supported);
    assert_int_equal(x.rank, 4);
    assert_int_equal(x.shape[0], 6);
    assert_int_equal(x.shape[3], 2);
    vireo_source_close(&s);
    temp_remove(&t);
}

static void hyper_parameters(void **state)
{
    (void)state;
    temp_folder t = temp_make();
    put_model(&t);
    build_put_text(
        &t, "config.json",
        "{\"hidden_size\":384,\"eps\":1e-12,\"half\":0.5,\"text\":\"384\",\"yes\":true,\"none\":"
        "null,"
        "\"rope\":{\"type\":\"yarn\",\"factors\":[1,2.5]},\"a.b\":7,\"Hidden_Size\":1,"
        "\"architectures\":[\"BertModel\"]}");
    build_put_text(&t, "sentence_bert_config.json", "{\"max_seq_length\":256}");
    build_put_text(&t, "tokenizer_config.json", "{\"do_lower_case\":true}");
    build_put_text(
        &t, "modules.json",
        "[{\"idx\":0,\"type\":\"sentence_transformers.models.Transformer\",\"path\":\"\"},"
        "{\"idx\":1,\"type\":\"sentence_transformers.models.Pooling\",\"path\":\"2_Pool\"},"
        "{\"idx\":2,\"type\":\"sentence_transformers.models.Normalize\",\"path\":\"2_Normalize\"}"
        "]");
    build_put_text(&t, "2_Pool/config.json", "{\"pooling_mode_cls_token\":true}");
    build_put_text(&t, "1_Pooling/config.json", "{\"pooling_mode_cls_token\":false}");
    vireo_source *s = open_good(&t);
    int64_t n = -1;
    double d = 0;
    bool b = false;
    const char *text = NULL;
    assert_string_equal(vireo_source_architecture(s), "");
    assert_true(vireo_source_int(s, "hidden_size", &n));
    assert_int_equal(n, 384);
    assert_false(vireo_source_int(s, "text", &n));
    assert_false(vireo_source_int(s, "half", &n));
    assert_false(vireo_source_int(s, "yes", &n));
    assert_false(vireo_source_int(s, "absent", &n));
    assert_int_equal(n, 384);
    assert_true(vireo_source_float(s, "eps", &d));
    assert_true(d == 1e-12);
    assert_true(vireo_source_float(s, "hidden_size", &d));
    assert_false(vireo_source_float(s, "text", &d));
    assert_true(vireo_source_bool(s, "yes", &b));
    assert_true(b);
    assert_false(vireo_source_bool(s, "hidden_size", &b));
    assert_true(vireo_source_string(s, "text", &text));
    assert_string_equal(text, "384");
    assert_false(vireo_source_string(s, "hidden_size", &text));
    assert_true(vireo_source_has(s, "rope"));
    assert_false(vireo_source_has(s, "none"));
    assert_false(vireo_source_has(s, "HIDDEN_SIZE"));
    assert_false(vireo_source_has(s, ""));
    assert_true(vireo_source_string(s, "rope.type", &text));
    assert_string_equal(text, "yarn");
    assert_true(vireo_source_float(s, "rope.factors.1", &d));
    assert_true(d == 2.5);
    assert_false(vireo_source_has(s, "rope.factors.2"));
    assert_false(vireo_source_has(s, "hidden_size.x"));
    assert_true(vireo_source_int(s, "a.b", &n));
    assert_int_equal(n, 7);
    assert_true(vireo_source_string(s, "architectures.0", &text));
    assert_string_equal(text, "BertModel");
    assert_true(vireo_source_int(s, "sentence_bert_config.max_seq_length", &n));
    assert_int_equal(n, 256);
    assert_true(vireo_source_bool(s, "tokenizer_config.do_lower_case", &b));
    b = false;
    assert_true(vireo_source_bool(s, "1_Pooling.pooling_mode_cls_token", &b));
    assert_true(b); /* the folder that modules.json names */
    assert_true(vireo_source_string(s, "modules.2.type", &text));
    assert_string_equal(text, "sentence_transformers.models.Normalize");
    vireo_source_close(&s);
    temp_remove(&t);
}

static void pooling_without_modules(void **state)
{
    (void)state;
    temp_folder t = temp_make();
    put_model(&t);
    vireo_source *s = open_good(&t);
    assert_false(vireo_source_has(s, "1_Pooling.pooling_mode_mean_tokens"));
    vireo_source_close(&s);
    build_put_text(&t, "1_Pooling/config.json", "{\"pooling_mode_mean_tokens\":true}");
    s = open_good(&t);
    assert_true(vireo_source_has(s, "1_Pooling.pooling_mode_mean_tokens"));
    vireo_source_close(&s);
    temp_remove(&t);
}

#define SHARD1 "model-00001-of-00002.safetensors"
#define SHARD2 "model-00002-of-00002.safetensors"

static void shards(void **state)
{
    (void)state;
    temp_folder t = temp_make();
    build_put_text(&t, "config.json", "{\"model_type\":\"bert\"}");
    build_put(&t, SHARD1, build_good(first, 3));
    build_put(&t, SHARD2, build_good(second, 2));
    build_put_index(&t, "{\"encoder.weight\":\"" SHARD2 "\",\"embeddings.word\":\"" SHARD1
                        "\",\"half\":\"" SHARD1 "\",\"position_ids\":\"" SHARD1
                        "\",\"empty\":\"" SHARD2 "\"}");
    vireo_source *s = open_good(&t);
    assert_int_equal(vireo_source_tensor_count(s), 5);
    vireo_source_tensor x;
    assert_true(vireo_source_find(s, "encoder.weight", &x));
    assert_int_equal(x.dtype, VIREO_F16);
    assert_int_equal(byte_of(s, "encoder.weight", 7), 7);
    assert_int_equal(byte_of(s, "half", 7), 55);
    assert_true(vireo_source_find(s, "empty", &x));
    assert_int_equal(x.bytes, 0);
    vireo_source_close(&s);

    temp_remove(&t);
}

static size_t file_bytes(const char *path)
{
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    return (size_t)info.st_size;
}

static void hash_covers_the_files(void **state)
{
    (void)state;
    temp_folder t = temp_make();
    put_model(&t);
    vireo_source *s = open_good(&t);
    const char *hash, *again;
    char expected[33], *data;
    size_t bytes;
    assert_int_equal(vireo_source_hash(s, &hash, NULL), VIREO_OK);
    assert_int_equal(vireo_source_hash(s, &again, NULL), VIREO_OK);
    assert_ptr_equal(hash, again);
    char *path = temp_path(&t, "model.safetensors");
    assert_int_equal(vr_file_read(NULL, path, 1 << 20, &data, &bytes, NULL), VIREO_OK);
    vr_hash_hex(vr_hash(data, bytes), expected);
    assert_string_equal(hash, expected);
    vr_free(NULL, data);
    free(path);
    vireo_source_close(&s);
    temp_remove(&t);
}

static void cut_files_are_told(void **state)
{
    (void)state;
    temp_folder t = temp_make();
    put_model(&t);
    vireo_source *s = open_good(&t);
    const char *hash = NULL;
    char want[512], *path = temp_path(&t, "model.safetensors");
    unsigned char data[32];
    vireo_error err = {0};
    const size_t bytes = file_bytes(path);
    assert_int_equal(truncate(path, (off_t)bytes - 3), 0);
    snprintf(want, sizeof want,
             "%s: byte %zu is not there: the file has %zu bytes, it had %zu when it was opened",
             path, bytes - 3, bytes - 3, bytes);
    assert_int_equal(vireo_source_hash(s, &hash, &err), VIREO_ERROR_IO);
    assert_string_equal(err.message, want);
    assert_int_equal(err.offset, bytes - 3);
    assert_null(hash);
    snprintf(
        want, sizeof want,
        "%s: tensor half: byte %zu is not there: the file has %zu bytes, it had %zu when it was "
        "opened",
        path, bytes - 3, bytes - 3, bytes);
    assert_int_equal(vireo_source_read(s, "half", 0, data, 8, &err), VIREO_ERROR_IO);
    assert_string_equal(err.message, want);
    assert_int_equal(vireo_source_read(s, "half", 0, data, 5, &err), VIREO_OK); /* is still there */
    /* What has grown is judged by what it was. */
    assert_int_equal(truncate(path, (off_t)bytes + 100), 0);
    assert_int_equal(vireo_source_read(s, "half", 0, data, 8, &err), VIREO_OK);
    assert_int_equal(vireo_source_read(s, "half", 1, data, 8, &err), VIREO_ERROR_INVALID_ARGUMENT);
    snprintf(want, sizeof want, "%s: tensor half: 8 bytes at 1 of its 8", path);
    assert_string_equal(err.message, want);
    assert_int_equal(vireo_source_read(s, "half", SIZE_MAX, data, 8, NULL),
                     VIREO_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vireo_source_read(s, "gone", 0, data, 1, &err), VIREO_ERROR_NOT_FOUND);
    snprintf(want, sizeof want, "%s: tensor gone is missing", t.path);
    assert_string_equal(err.message, want);
    assert_int_equal(vireo_source_read(s, NULL, 0, data, 1, &err), VIREO_ERROR_INVALID_ARGUMENT);
    assert_string_equal(err.message, "vireo_source_read: source, name and to are needed");
    free(path);
    vireo_source_close(&s);
    temp_remove(&t);
}

static void tensor_pages_stay_on_disk(void **state)
{
    (void)state;
    enum { MIB = 96 };
    temp_folder t = temp_make();
    put_model(&t);
    size_t bytes = (size_t)MIB << 20;
    build_put(&t, "model.safetensors",
              build_good((build_tensor[]){{"big", "F32", "[25165824]", bytes}}, 1));
    long before = bad_model_resident_kib();
    vireo_source *s = open_good(&t);
    assert_true(bad_model_resident_kib() - before < 4 * 1024);
    const char *hash;
    assert_int_equal(vireo_source_hash(s, &hash, NULL), VIREO_OK);
    assert_true(bad_model_resident_kib() - before < 16 * 1024);
    vireo_source_tensor x;
    assert_true(vireo_source_find(s, "big", &x));
    assert_int_equal(byte_of(s, "big", bytes - 1), 255);
    vireo_source_close(&s);
    temp_remove(&t);
}

/* Fails every allocation in turn: each must come back as an error without a leak. */
typedef struct failing {
    size_t until, live;
} failing;

static void *fail_allocate(void *user, size_t bytes)
{
    failing *f = user;
    if (f->until == 0)
        return NULL;
    f->until--;
    f->live++;
    return malloc(bytes);
}

static void *fail_reallocate(void *user, void *old, size_t bytes)
{
    failing *f = user;
    if (f->until == 0)
        return NULL;
    f->until--;
    return realloc(old, bytes);
}

static void fail_release(void *user, void *old)
{
    ((failing *)user)->live--;
    free(old);
}

static void exhausted_memory(void **state)
{
    (void)state;
    temp_folder t = temp_make();
    put_model(&t);
    build_put_text(&t, "modules.json", "[{\"type\":\"x.Pooling\",\"path\":\"p\"}]");
    build_put_text(&t, "p/config.json", "{\"\\u0061\":1}");
    vireo_source *s = NULL;
    size_t allowed = 0;
    for (;; allowed++) {
        failing f = {.until = allowed};
        vireo_allocator hooks = {fail_allocate, fail_reallocate, fail_release, &f};
        vireo_error err = {0};
        vireo_status st = vireo_source_open(t.path, &hooks, &s, &err);
        if (st == VIREO_OK) {
            vireo_source_close(&s);
            assert_int_equal(f.live, 0);
            break;
        }
        assert_int_equal(st, VIREO_ERROR_OUT_OF_MEMORY);
        assert_int_equal(err.status, VIREO_ERROR_OUT_OF_MEMORY);
        assert_int_equal(f.live, 0);
        assert_null(s);
    }
    assert_true(allowed > 10);
    temp_remove(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_file),
        cmocka_unit_test(tensors_of_many_dimensions_are_shown_folded),
        cmocka_unit_test(hyper_parameters),
        cmocka_unit_test(pooling_without_modules),
        cmocka_unit_test(shards),
        cmocka_unit_test(hash_covers_the_files),
        cmocka_unit_test(cut_files_are_told),
        cmocka_unit_test(tensor_pages_stay_on_disk),
        cmocka_unit_test(exhausted_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
