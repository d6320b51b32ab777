/* SPDX-License-Identifier: Apache-2.0
 * Texts to accept and to refuse, with reason and place; the rows follow the grammar of RFC 8259. */
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

typedef struct row {
    const char *text;
    size_t bytes;
    vr_json_reason reason; /* NONE: good */
    size_t offset;
} row;

static const row rows[] = {
    /* good */
    {TEXT("{}"), VR_JSON_NONE, 0},
    {TEXT("[]"), VR_JSON_NONE, 0},
    {TEXT(" \t\r\n[ ] \n"), VR_JSON_NONE, 0},
    {TEXT("0"), VR_JSON_NONE, 0},
    {TEXT("-0"), VR_JSON_NONE, 0},
    {TEXT("-0.0e-0"), VR_JSON_NONE, 0},
    {TEXT("\"\""), VR_JSON_NONE, 0},
    {TEXT("true"), VR_JSON_NONE, 0},
    {TEXT("false"), VR_JSON_NONE, 0},
    {TEXT("null"), VR_JSON_NONE, 0},
    {TEXT("[1,2.5,-3e2,4E+1,5e-10]"), VR_JSON_NONE, 0},
    {TEXT("{\"a\":{\"a\":[{\"a\":1},{\"a\":2}]},\"b\":null}"), VR_JSON_NONE, 0},
    {TEXT("{\"\":1,\" \":2,\"A\":3,\"a\":4}"), VR_JSON_NONE, 0},
    {TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\""), VR_JSON_NONE, 0},
    {TEXT("\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\x7F\""), VR_JSON_NONE, 0},
    {TEXT("\"\xF4\x8F\xBF\xBF\xEF\xBF\xBF\""), VR_JSON_NONE, 0},
    {TEXT("1.7976931348623157e308"), VR_JSON_NONE, 0},
    {TEXT("1.7976931348623158e308"), VR_JSON_NONE, 0},
    {TEXT("0.0017976931348623157e311"), VR_JSON_NONE, 0},
    {TEXT("0e999"), VR_JSON_NONE, 0},
    {TEXT("1e-999"), VR_JSON_NONE, 0},
    {TEXT("123456789012345678901234567890"), VR_JSON_NONE, 0},
    /* end of the text */
    {TEXT(""), VR_JSON_EOF, 0},
    {TEXT("   "), VR_JSON_EOF, 3},
    {TEXT("{"), VR_JSON_EOF, 1},
    {TEXT("["), VR_JSON_EOF, 1},
    {TEXT("[1"), VR_JSON_EOF, 2},
    {TEXT("[1,"), VR_JSON_EOF, 3},
    {TEXT("{\"a\""), VR_JSON_EOF, 4},
    {TEXT("{\"a\":"), VR_JSON_EOF, 5},
    {TEXT("{\"a\":1"), VR_JSON_EOF, 6},
    {TEXT("{\"a\":1,"), VR_JSON_EOF, 7},
    {TEXT("\"abc"), VR_JSON_EOF, 4},
    {TEXT("\"abc\\"), VR_JSON_EOF, 5},
    {TEXT("\"\\u00"), VR_JSON_EOF, 5},
    {TEXT("tru"), VR_JSON_EOF, 3},
    {TEXT("-"), VR_JSON_EOF, 1},
    {TEXT("1."), VR_JSON_EOF, 2},
    {TEXT("1e+"), VR_JSON_EOF, 3},
    /* grammar */
    {TEXT("[1,]"), VR_JSON_SYNTAX, 3},
    {TEXT("{\"a\":1,}"), VR_JSON_SYNTAX, 7},
    {TEXT("[,1]"), VR_JSON_SYNTAX, 1},
    {TEXT("[1,,2]"), VR_JSON_SYNTAX, 3},
    {TEXT("[1 2]"), VR_JSON_SYNTAX, 3},
    {TEXT("{\"a\" 1}"), VR_JSON_SYNTAX, 5},
    {TEXT("{\"a\",1}"), VR_JSON_SYNTAX, 4},
    {TEXT("{a:1}"), VR_JSON_SYNTAX, 1},
    {TEXT("{1:1}"), VR_JSON_SYNTAX, 1},
    {TEXT("{'a':1}"), VR_JSON_SYNTAX, 1},
    {TEXT("['a']"), VR_JSON_SYNTAX, 1},
    {TEXT("[1}"), VR_JSON_SYNTAX, 2},
    {TEXT("{\"a\":1]"), VR_JSON_SYNTAX, 6},
    {TEXT("]"), VR_JSON_SYNTAX, 0},
    {TEXT("[True]"), VR_JSON_SYNTAX, 1},
    {TEXT("[nul]"), VR_JSON_SYNTAX, 1},
    {TEXT("/**/1"), VR_JSON_SYNTAX, 0},
    {TEXT("[1,//\n2]"), VR_JSON_SYNTAX, 3},
    {TEXT("[\f]"), VR_JSON_SYNTAX, 1},
    {TEXT("[\xC2\xA0]"), VR_JSON_SYNTAX, 1},
    {TEXT("<html>"), VR_JSON_SYNTAX, 0},
    {TEXT("[truefalse]"), VR_JSON_SYNTAX, 5},
    {TEXT("{\"a\":1}{"), VR_JSON_TRAILING, 7},
    {TEXT("1 2"), VR_JSON_TRAILING, 2},
    {TEXT("[]]"), VR_JSON_TRAILING, 2},
    {TEXT("{}#"), VR_JSON_TRAILING, 2},
    /* numbers */
    {TEXT("NaN"), VR_JSON_NUMBER, 0},
    {TEXT("[Infinity]"), VR_JSON_NUMBER, 1},
    {TEXT("[-Infinity]"), VR_JSON_NUMBER, 1},
    {TEXT("[+1]"), VR_JSON_NUMBER, 1},
    {TEXT("[.5]"), VR_JSON_NUMBER, 1},
    {TEXT("[01]"), VR_JSON_NUMBER, 1},
    {TEXT("[-01]"), VR_JSON_NUMBER, 1},
    {TEXT("[1.]"), VR_JSON_NUMBER, 1},
    {TEXT("[1.e3]"), VR_JSON_NUMBER, 1},
    {TEXT("[1e]"), VR_JSON_NUMBER, 1},
    {TEXT("[1e+]"), VR_JSON_NUMBER, 1},
    {TEXT("[--1]"), VR_JSON_NUMBER, 1},
    {TEXT("[0x10]"), VR_JSON_SYNTAX, 2},
    {TEXT("[1_000]"), VR_JSON_SYNTAX, 2},
    {TEXT("[\xEF\xBC\x91]"), VR_JSON_SYNTAX, 1},
    {TEXT("[1e999]"), VR_JSON_NUMBER, 1},
    {TEXT("-1e309"), VR_JSON_NUMBER, 0},
    {TEXT("1.7976931348623159e308"), VR_JSON_NUMBER, 0},
    {TEXT("179769.31348623159e303"), VR_JSON_NUMBER, 0},
    {TEXT("1e99999999999999999999"), VR_JSON_NUMBER, 0},
    {TEXT("0.1111111111111111111111111111111111111111111111111111111111111111"), VR_JSON_NUMBER, 0},
    /* strings */
    {TEXT("[\"\\x41\"]"), VR_JSON_STRING, 2},
    {TEXT("[\"\\'\"]"), VR_JSON_STRING, 2},
    {TEXT("[\"\\\0\"]"), VR_JSON_STRING, 2},
    {TEXT("[\"\\u12G4\"]"), VR_JSON_STRING, 2},
    {TEXT("[\"a\nb\"]"), VR_JSON_STRING, 3},
    {TEXT("[\"a\tb\"]"), VR_JSON_STRING, 3},
    {TEXT("[\"\x1F\"]"), VR_JSON_STRING, 2},
    {TEXT("[\"a\0b\"]"), VR_JSON_NUL, 3},
    {TEXT("[\"\\u0000\"]"), VR_JSON_NUL, 2},
    {TEXT("[1\0]"), VR_JSON_NUL, 2},
    {TEXT("{}\0"), VR_JSON_NUL, 2},
    {TEXT("\xEF\xBB\xBF{}"), VR_JSON_START, 0},
    {TEXT("\xFF\xFE{\0}\0"), VR_JSON_UTF8, 0},
    {TEXT("[\"\\uD800\"]"), VR_JSON_UTF8, 2},
    {TEXT("[\"\\uDC00\"]"), VR_JSON_UTF8, 2},
    {TEXT("[\"\\uD800\\u0041\"]"), VR_JSON_UTF8, 2},
    {TEXT("[\"\\uD800\\uD800\"]"), VR_JSON_UTF8, 2},
    {TEXT("[\"\\uDE00\\uD83D\"]"), VR_JSON_UTF8, 2},
    {TEXT("[\"\xFF\"]"), VR_JSON_UTF8, 2},
    {TEXT("[\"\x80\"]"), VR_JSON_UTF8, 2},
    {TEXT("[\"\xC0\x80\"]"), VR_JSON_UTF8, 2},
    {TEXT("[\"\xE0\x80\xAF\"]"), VR_JSON_UTF8, 2},
    {TEXT("[\"\xED\xA0\x80\"]"), VR_JSON_UTF8, 2},
    {TEXT("[\"\xF4\x90\x80\x80\"]"), VR_JSON_UTF8, 2},
    {TEXT("[\"\xE2\x82"), VR_JSON_UTF8, 2},
    {TEXT("[\xC3\x28]"), VR_JSON_UTF8, 1},
    /* duplicate keys */
    {TEXT("{\"a\":1,\"a\":1}"), VR_JSON_DUP_KEY, 7},
    {TEXT("{\"a\":1,\"\\u0061\":1}"), VR_JSON_DUP_KEY, 7},
    {TEXT("{\"\\u00e9\":1,\"\xC3\xA9\":1}"), VR_JSON_DUP_KEY, 12},
    {TEXT("{\"\\ud83d\\ude00\":1,\"\xF0\x9F\x98\x80\":1}"), VR_JSON_DUP_KEY, 18},
    {TEXT("{\"\\/\":1,\"/\":1}"), VR_JSON_DUP_KEY, 8},
    {TEXT("{\"\":1,\"\":1}"), VR_JSON_DUP_KEY, 6},
    {TEXT("[{\"x\":{\"a\":1,\"b\":[],\"a\":1}}]"), VR_JSON_DUP_KEY, 20},
};

static void texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *exact =
            malloc(rows[i].bytes + 1); /* no NUL behind: a sanitizer sees a step too far */
        memcpy(exact, rows[i].text, rows[i].bytes);
        char *text = realloc(exact, rows[i].bytes ? rows[i].bytes : 1);
        vireo_error err = {0};
        cJSON *root = NULL;
        vireo_status st = vr_json_parse(NULL, "f.json", text, rows[i].bytes, NULL, &root, &err);
        if (rows[i].reason == VR_JSON_NONE) {
            if (st)
                print_error("row %zu: %s\n", i, err.message);
            assert_int_equal(st, VIREO_OK);
            assert_non_null(root);
        } else {
            char place[64], reason[64];
            snprintf(place, sizeof place, "f.json: byte %zu: ", rows[i].offset);
            snprintf(reason, sizeof reason, "(%s)", vr_json_reason_name(rows[i].reason));
            if (err.reason != rows[i].reason || err.offset != rows[i].offset)
                print_error("row %zu: %s\n", i, err.message);
            assert_int_equal(st, VIREO_ERROR_FORMAT);
            assert_int_equal(err.reason, rows[i].reason);
            assert_int_equal(err.offset, rows[i].offset);
            assert_non_null(strstr(err.message, place));
            assert_non_null(strstr(err.message, reason));
            assert_int_equal(vr_utf8_check(err.message, strlen(err.message)), strlen(err.message));
            assert_null(root);
        }
        cJSON_Delete(root);
        free(text);
    }
}

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
        cmocka_unit_test(texts),
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
