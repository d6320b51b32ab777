/* SPDX-License-Identifier: Apache-2.0
 * Limits, files, values and walking; what is accepted at all is in test_json_documents.c. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/str.h"
#include "base/thread.h"
#include "io/json.h"
#include "io/json_walk.h"
#include "temp_folder.h"

#define TEXT(s) s, sizeof(s) - 1

/* Every beginning of a good text is refused, and nothing behind the given length is read. */
static void every_truncation_is_refused(void **state)
{
    (void)state;
    static const char good[] =
        "{\"a\\u00e9\": [1.5e3, -2, true, false, null, \"\\ud83d\\ude00 \xC3\xA9\"], \"b\": {}}";
    for (size_t n = 0; n < sizeof good - 1; n++) {
        char *text = malloc(n ? n : 1);
        memcpy(text, good, n);
        assert_int_not_equal(vr_json_check(NULL, "f", text, n, NULL, NULL), VIREO_OK);
        free(text);
    }
    assert_int_equal(vr_json_check(NULL, "f", good, sizeof good - 1, NULL, NULL), VIREO_OK);
}

static void nested(vr_str *s, size_t depth, const char *open, const char *inner, const char *close)
{
    vr_str_clear(s);
    for (size_t i = 0; i < depth; i++)
        vr_str_add(s, open);
    vr_str_add(s, inner);
    for (size_t i = 0; i < depth; i++)
        vr_str_add(s, close);
}

static void depth(void **state)
{
    (void)state;
    vr_str s;
    vr_str_init(&s, NULL);
    static const struct {
        size_t depth;
        const char *open, *inner, *close;
        vireo_status status;
    } cases[] = {
        {64, "[", "", "]", VIREO_OK},
        {65, "[", "", "]", VIREO_ERROR_LIMIT},
        {64, "{\"a\":", "1", "}", VIREO_OK},
        {65, "{\"a\":", "1", "}", VIREO_ERROR_LIMIT},
        {100000, "[", "", "]", VIREO_ERROR_LIMIT},
        {100000, "{\"a\":", "1", "}", VIREO_ERROR_LIMIT},
        {100000, "[", "", "", VIREO_ERROR_LIMIT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        vireo_error err = {0};
        nested(&s, cases[i].depth, cases[i].open, cases[i].inner, cases[i].close);
        assert_int_equal(vr_json_check(NULL, "f", s.data, s.length, NULL, &err), cases[i].status);
        if (cases[i].status) {
            assert_int_equal(err.reason, VR_JSON_DEPTH);
            assert_int_equal(err.offset, 64 * strlen(cases[i].open));
        }
    }
    vr_str_deinit(&s);
}

static void limits(void **state)
{
    (void)state;
    static const struct {
        vr_json_limits limits;
        const char *text;
        size_t offset;
    } cases[] = {
        {{.bytes = 4}, "[1,2]", 0},
        {{.values = 2}, "[1,2]", 3},
        {{.members = 1}, "{\"a\":1,\"b\":2}", 7},
        {{.depth = 1}, "[[]]", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        vireo_error err = {0};
        const char *t = cases[i].text;
        assert_int_equal(vr_json_check(NULL, "f", t, strlen(t), &cases[i].limits, &err),
                         VIREO_ERROR_LIMIT);
        assert_int_equal(err.offset, cases[i].offset);
        assert_int_equal(vr_json_check(NULL, "f", t, strlen(t), NULL, &err), VIREO_OK);
    }
}

/* As large as a tokenizer's vocabulary; a quadratic reader would take minutes at the larger size.
 */
static void many_keys_take_linear_time(void **state)
{
    (void)state;
    vr_str s;
    vr_str_init(&s, NULL);
    vr_str_add(&s, "{\"vocab\":{");
    for (int i = 0; i < 300000; i++)
        vr_str_addf(&s, "%s\"##t%d\\u00e9\":%d", i ? "," : "", i, i);
    vr_str_add(&s, "}}");
    uint64_t start = vr_now_ns();
    cJSON *root = NULL;
    assert_int_equal(vr_json_parse(NULL, "f", s.data, s.length, NULL, &root, NULL), VIREO_OK);
    assert_true(vr_now_ns() - start < 10ull * 1000000000);
    const cJSON *vocab = vr_json_get(root, "vocab");
    assert_int_equal(cJSON_GetArraySize(vocab), 300000);
    cJSON_Delete(root);
    vr_str_deinit(&s);
}

static void values(void **state)
{
    (void)state;
    cJSON *root = NULL;
    static const char text[] = "{\"Size\":1,\"size\":384,\"half\":1.5,\"big\":9007199254740992,"
                               "\"more\":1e17,\"text\":\"7\",\"neg\":-3.0}";
    assert_int_equal(vr_json_parse(NULL, "f", text, sizeof text - 1, NULL, &root, NULL), VIREO_OK);
    int64_t n = 0;
    assert_true(vr_json_int(vr_json_get(root, "size"), &n));
    assert_int_equal(n, 384);
    assert_true(vr_json_int(vr_json_get(root, "big"), &n));
    assert_true(n == INT64_C(9007199254740992));
    assert_true(vr_json_int(vr_json_get(root, "neg"), &n));
    assert_int_equal(n, -3);
    assert_false(vr_json_int(vr_json_get(root, "half"), &n));
    assert_false(vr_json_int(vr_json_get(root, "more"), &n));
    assert_false(vr_json_int(vr_json_get(root, "text"), &n));
    assert_false(vr_json_int(vr_json_get(root, "SIZE"), &n));
    assert_false(vr_json_int(NULL, &n));
    assert_null(vr_json_get(NULL, "a"));
    cJSON_Delete(root);
}

static void walking_the_text(void **state)
{
    (void)state;
    static const char text[] =
        " {\"a\\n\\u00e9\\ud83d\\ude00\\\"\" : [1 , -2.5,[\"]\", {}], true],\"b\":{\"c\":null}} ";
    assert_int_equal(vr_json_check(NULL, "f", text, sizeof text - 1, NULL, NULL), VIREO_OK);
    vr_json_slice root = vr_json_root(text, sizeof text - 1), key, value;
    assert_int_equal(root.kind, '{');
    vr_json_walk walk = vr_json_walk_begin(root);
    assert_true(vr_json_walk_next(&walk, &key, &value));
    char name[64];
    assert_int_equal(vr_json_string(key, name), 9);
    assert_string_equal(name, "a\n\xC3\xA9\xF0\x9F\x98\x80\"");
    static const struct {
        char kind;
        const char *text;
    } elements[] = {{'0', "1"}, {'0', "-2.5"}, {'[', "[\"]\", {}]"}, {'t', "true"}};
    vr_json_walk inner = vr_json_walk_begin(value);
    for (size_t i = 0; i < 4; i++) {
        vr_json_slice element;
        assert_true(vr_json_walk_next(&inner, NULL, &element));
        assert_int_equal(element.kind, elements[i].kind);
        assert_int_equal(element.bytes, strlen(elements[i].text));
        assert_memory_equal(element.at, elements[i].text, element.bytes);
    }
    assert_false(vr_json_walk_next(&inner, NULL, &value));
    assert_true(vr_json_walk_next(&walk, &key, &value));
    assert_true(vr_json_string_is(key, "b"));
    assert_false(vr_json_string_is(key, "bb"));
    assert_int_equal(value.kind, '{');
    assert_false(vr_json_walk_next(&walk, &key, &value));
}

static void files(void **state)
{
    (void)state;
    temp_folder t = temp_make();
    cJSON *root = NULL;
    vireo_error err = {0};
    char *path = temp_put(&t, "a.json", TEXT("{\"a\":[1,2]}"));
    assert_int_equal(vr_json_read(NULL, path, NULL, &root, &err), VIREO_OK);
    assert_non_null(vr_json_get(root, "a"));
    cJSON_Delete(root);
    root = NULL;
    vr_json_limits small = {.bytes = 5};
    assert_int_equal(vr_json_read(NULL, path, &small, &root, &err), VIREO_ERROR_LIMIT);
    assert_int_equal(err.reason, VR_JSON_LIMIT);
    char *absent = temp_path(&t, "absent.json");
    assert_int_equal(vr_json_read(NULL, absent, NULL, &root, &err), VIREO_ERROR_NOT_FOUND);
    assert_non_null(strstr(err.message, "absent.json"));
    assert_null(root);
    free(absent);
    free(path);
    temp_remove(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(depth),
        cmocka_unit_test(limits),
        cmocka_unit_test(many_keys_take_linear_time),
        cmocka_unit_test(values),
        cmocka_unit_test(walking_the_text),
        cmocka_unit_test(files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
