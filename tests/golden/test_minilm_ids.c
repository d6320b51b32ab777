/* SPDX-License-Identifier: Apache-2.0
 * Token ids of all-MiniLM-L6-v2 against Hugging Face's tokenizers: minilm.json, written by
 * minilm_generate.py. The model is fetched by models/fetch.sh minilm; without it: skipped. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/file.h"
#include "io/json.h"
#include "tests/model_folder.h"
#include "vireo/text.h"

static char folder[1024];

static void check_case(const vireo_tokenizer *t, const cJSON *c, size_t max_ids)
{
    const char *text = vr_json_get(c, "text")->valuestring;
    const cJSON *expected = vr_json_get(c, "ids");
    vireo_ids ids;
    vireo_error err = {0};
    if (vireo_tokenize(t, text, strlen(text), true, max_ids, &ids, &err))
        fail_msg("%s", err.message);
    if (ids.count != (size_t)cJSON_GetArraySize(expected))
        fail_msg("\"%.80s\": %zu ids, expected %d", text, ids.count, cJSON_GetArraySize(expected));
    const cJSON *id = expected->child;
    for (size_t i = 0; i < ids.count; i++, id = id->next)
        if (ids.ids[i] != id->valueint)
            fail_msg("\"%.80s\": ids[%zu] is %d, expected %d", text, i, ids.ids[i], id->valueint);
    vireo_ids_free(t, &ids);
}

static cJSON *read_golden(void)
{
    cJSON *golden = NULL;
    vireo_error err = {0};
    if (vr_json_read(NULL, VIREO_SOURCE_DIR "/tests/golden/minilm.json", NULL, &golden, &err))
        fail_msg("%s", err.message);
    return golden;
}

static void check_folder(const char *path)
{
    vireo_tokenizer *t = NULL;
    vireo_error err = {0};
    if (vireo_tokenizer_load(path, NULL, &t, &err))
        fail_msg("%s", err.message);
    assert_int_equal(vireo_tokenizer_vocab_size(t), 30522);
    assert_int_equal(vireo_tokenizer_special_count(t), 2);
    assert_string_equal(vireo_tokenizer_token(t, 101), "[CLS]");
    cJSON *golden = read_golden();
    const cJSON *c;
    int cases = 0, max_ids = vr_json_get(golden, "max_length")->valueint;
    cJSON_ArrayForEach(c, vr_json_get(golden, "cases"))
    {
        check_case(t, c, (size_t)max_ids);
        cases++;
    }
    assert_int_equal(cases, 64);
    cJSON_Delete(golden);
    vireo_tokenizer_destroy(&t);
}

static void ids_from_tokenizer_json(void **state)
{
    (void)state;
    check_folder(folder);
}

/* The same from vocab.txt, in a folder that has no tokenizer.json. */
static void ids_from_vocab(void **state)
{
    (void)state;
    static const char *const names[] = {"vocab.txt", "tokenizer_config.json"};
    char copy[] = "/tmp/vireo-golden-XXXXXX", from[1100], to[2][128];
    assert_non_null(mkdtemp(copy));
    for (size_t i = 0; i < 2; i++) {
        char *data;
        size_t bytes;
        snprintf(from, sizeof from, "%s/%s", folder, names[i]);
        snprintf(to[i], sizeof to[i], "%s/%s", copy, names[i]);
        assert_int_equal(vr_file_read(NULL, from, 1 << 24, &data, &bytes, NULL), VIREO_OK);
        assert_int_equal(vr_file_write(NULL, to[i], data, bytes, NULL), VIREO_OK);
        vr_free(NULL, data);
    }
    check_folder(copy);
    for (size_t i = 0; i < 2; i++)
        remove(to[i]);
    remove(copy);
}

int main(void)
{
    test_model_folder("minilm", folder, sizeof folder);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_from_tokenizer_json),
        cmocka_unit_test(ids_from_vocab),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
