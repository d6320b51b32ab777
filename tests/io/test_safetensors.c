/* SPDX-License-Identifier: Apache-2.0
 * Good files, and every way in which one can be bad: reason, place and message. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/str.h"
#include "base/thread.h"
#include "io/safetensors.h"
#include "model_builder.h"

typedef struct parsed {
    vr_arena arena;
    vr_safetensors table;
    vireo_error err;
    vireo_status status;
} parsed;

static parsed parse(built b)
{
    parsed p = {0};
    vr_arena_init(&p.arena, NULL);
    p.status = vr_safetensors_parse(&p.arena, "m.safetensors", b.data, b.bytes, &p.table, &p.err);
    free(b.data);
    return p;
}

static void refused(built b, vr_safetensors_reason reason, size_t offset, const char *part)
{
    parsed p = parse(b);
    char place[64], name[64];
    snprintf(place, sizeof place, "m.safetensors: byte %zu: ", offset);
    snprintf(name, sizeof name, " (%s)", vr_safetensors_reason_name(reason));
    if (p.err.reason != reason || p.err.offset != offset || !strstr(p.err.message, part))
        print_error("expected%s at %zu with \"%s\", got: %s\n", name, offset, part, p.err.message);
    assert_int_equal(p.err.reason, reason);
    assert_int_equal(p.err.offset, offset);
    assert_non_null(strstr(p.err.message, part));
    assert_int_equal(strncmp(p.err.message, place, strlen(place)), 0);
    assert_string_equal(p.err.message + strlen(p.err.message) - strlen(name), name);
    assert_int_equal(vr_utf8_check(p.err.message, strlen(p.err.message)), strlen(p.err.message));
    bool limit = reason == VR_SAFETENSORS_LIMIT || reason == VR_SAFETENSORS_DEPTH ||
                 reason == VR_SAFETENSORS_HEADER_BIG;
    assert_int_equal(p.status, limit ? VIREO_ERROR_LIMIT : VIREO_ERROR_FORMAT);
    assert_null(p.table.tensors);
    vr_arena_deinit(&p.arena);
}

#define ENTRY(dtype, shape, offsets)                                                               \
    "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"
#define ONE(dtype, shape, offsets) "{\"a\":" ENTRY(dtype, shape, offsets) "}"
#define TWO(first, second) "{\"a\":" first ",\"b\":" second "}"

static void lengths(void **state)
{
    (void)state;
    refused((built){malloc(1), 0}, VR_SAFETENSORS_SHORT, 0, "0 bytes");
    refused((built){calloc(1, 7), 7}, VR_SAFETENSORS_SHORT, 7, "7 bytes");
    refused(build_raw(0, "{}", 2, 0), VR_SAFETENSORS_HEADER, 0, "0 bytes");
    refused(build_raw(UINT64_MAX, "{}", 2, 0), VR_SAFETENSORS_HEADER_BIG, 0,
            "18446744073709551615");
    refused(build_raw(100000001, "{}", 2, 0), VR_SAFETENSORS_HEADER_BIG, 0, "100000001");
    refused(build_raw(3, "{}", 2, 0), VR_SAFETENSORS_TRUNC, 0, "3 bytes");
    refused(build_raw(100000000, "{}", 2, 0), VR_SAFETENSORS_TRUNC, 0, "100000000 bytes");
}

/* Offsets count from the file's first byte; the header begins at 8. */
static const struct {
    const char *header;
    size_t data_bytes;
    vr_safetensors_reason reason;
    size_t offset;
    const char *part;
} rows[] = {
    {"{\"a\xFF\":1}", 0, VR_SAFETENSORS_UTF8, 11, "0xFF"},
    {"{\"\\ud800\":1}", 0, VR_SAFETENSORS_UTF8, 10, "surrogate"},
    {"\xEF\xBB\xBF{}", 0, VR_SAFETENSORS_START, 8, "0xEF"},
    {" {}", 0, VR_SAFETENSORS_START, 8, "0x20"},
    {"{", 0, VR_SAFETENSORS_JSON, 9, "ends"},
    {"{}{}", 0, VR_SAFETENSORS_JSON, 10, "nothing may follow"},
    {"{\"a\":1,}", 0, VR_SAFETENSORS_JSON, 15, "a key is needed"},
    {"{\"a\":NaN}", 0, VR_SAFETENSORS_JSON, 13, "NaN"},
    {"[]", 0, VR_SAFETENSORS_TYPE, 8, "array"},
    {"\"a\"", 0, VR_SAFETENSORS_START, 8, "0x22"},
    {"{\"a\":[]}", 0, VR_SAFETENSORS_TYPE, 13, "\"a\" is []"},
    {"{\"a\":1,\"a\":2}", 0, VR_SAFETENSORS_DUP_KEY, 15, "\"a\""},
    {"{\"a\":1,\"\\u0061\":2}", 0, VR_SAFETENSORS_DUP_KEY, 15, "\\u0061"},
    {"{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, VR_SAFETENSORS_FIELD, 13, "no dtype"},
    {"{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, VR_SAFETENSORS_FIELD, 13, "no shape"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, VR_SAFETENSORS_FIELD, 13, "no data_offsets"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":1}}", 4,
     VR_SAFETENSORS_FIELD, 61, "field \"x\""},
    {ONE("F31", "[1]", "[0,4]"), 4, VR_SAFETENSORS_DTYPE, 22, "\"F31\""},
    {ONE("f32", "[1]", "[0,4]"), 4, VR_SAFETENSORS_DTYPE, 22, "\"f32\""},
    {"{\"a\":{\"dtype\":7,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, VR_SAFETENSORS_TYPE, 22,
     "dtype is 7"},
    {ONE("F32", "1", "[0,4]"), 4, VR_SAFETENSORS_TYPE, 36, "shape is 1"},
    {ONE("F32", "[-1]", "[0,4]"), 4, VR_SAFETENSORS_INT, 37, "-1"},
    {ONE("F32", "[1.5]", "[0,4]"), 4, VR_SAFETENSORS_INT, 37, "1.5"},
    {ONE("F32", "[1e0]", "[0,4]"), 4, VR_SAFETENSORS_INT, 37, "1e0"},
    {ONE("F32", "[\"2\"]", "[0,4]"), 4, VR_SAFETENSORS_INT, 37, "\"2\""},
    {ONE("F32", "[null]", "[0,4]"), 4, VR_SAFETENSORS_INT, 37, "null"},
    {ONE("F32", "[[1]]", "[0,4]"), 4, VR_SAFETENSORS_INT, 37, "[1]"},
    {ONE("F32", "[18446744073709551616]", "[0,4]"), 4, VR_SAFETENSORS_RANGE, 37,
     "18446744073709551616"},
    {ONE("F32", "[9223372036854775808]", "[0,4]"), 4, VR_SAFETENSORS_RANGE, 37,
     "9223372036854775807"},
    {ONE("F32", "[1]", "[0,18446744073709551616]"), 4, VR_SAFETENSORS_RANGE, 58, "at most"},
    {ONE("F32", "[4294967296,4294967296]", "[0,4]"), 4, VR_SAFETENSORS_OVERFLOW, 9, "\"a\""},
    {ONE("F32", "[9223372036854775807]", "[0,4]"), 4, VR_SAFETENSORS_OVERFLOW, 9, "\"a\""},
    {ONE("F32", "[4294967296,4294967296,0]", "[0,0]"), 0, VR_SAFETENSORS_OVERFLOW, 9, "\"a\""},
    {ONE("F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]"), 4, VR_SAFETENSORS_LIMIT, 53, "8"},
    {ONE("F32", "[1]", "[4,0]"), 4, VR_SAFETENSORS_OFFSET, 55, "behind end"},
    {ONE("F32", "[1]", "[0]"), 4, VR_SAFETENSORS_OFFSET, 55, "two numbers"},
    {ONE("F32", "[1]", "[0,4,8]"), 4, VR_SAFETENSORS_OFFSET, 55, "two numbers"},
    {ONE("F32", "[1]", "[]"), 4, VR_SAFETENSORS_OFFSET, 55, "two numbers"},
    {ONE("F32", "[1]", "{}"), 4, VR_SAFETENSORS_TYPE, 55, "an array is needed"},
    {ONE("F32", "[1]", "[-4,0]"), 4, VR_SAFETENSORS_INT, 56, "-4"},
    {ONE("F32", "[2]", "[0,4]"), 4, VR_SAFETENSORS_SIZE, 9, "need 8"},
    {ONE("F32", "[1]", "[0,3]"), 3, VR_SAFETENSORS_SIZE, 9, "span 3"},
    {ONE("F4", "[3]", "[0,2]"), 2, VR_SAFETENSORS_SIZE, 9, "F4"},
    {TWO(ENTRY("U8", "[4]", "[0,4]"), ENTRY("U8", "[4]", "[3,7]")), 7, VR_SAFETENSORS_OVERLAP, 116,
     "\"b\" begins 1 bytes"},
    {TWO(ENTRY("U8", "[4]", "[0,4]"), ENTRY("U8", "[4]", "[0,4]")), 4, VR_SAFETENSORS_OVERLAP, 113,
     "begins 4 bytes"},
    {TWO(ENTRY("U8", "[4]", "[0,4]"), ENTRY("U8", "[2]", "[5,7]")), 7, VR_SAFETENSORS_HOLE, 117,
     "1 bytes before \"b\""},
    {ONE("U8", "[1]", "[1,2]"), 2, VR_SAFETENSORS_HOLE, 61, "1 bytes before \"a\""},
    {ONE("U8", "[4]", "[0,4]"), 14, VR_SAFETENSORS_TRAILING, 65, "10 bytes"},
    {"{}", 1, VR_SAFETENSORS_TRAILING, 10, "1 bytes"},
    {ONE("F32", "[2]", "[0,8]"), 7, VR_SAFETENSORS_TRUNC, 55, "only 7"},
    {ONE("U8", "[1]", "[0,18446744073709551615]"), 1, VR_SAFETENSORS_TRUNC, 54, "only 1"},
    {TWO(ENTRY("U8", "[1]", "[0,1]"), ENTRY("F32", "[1]", "[1,5]")), 5, VR_SAFETENSORS_ALIGN, 61,
     "multiple of 4"},
    {"{\"__metadata__\":1}", 0, VR_SAFETENSORS_META, 24, "__metadata__ is 1"},
    {"{\"__metadata__\":{\"a\":1}}", 0, VR_SAFETENSORS_META, 29, "\"a\" is 1"},
    {"{\"__metadata__\":[]}", 0, VR_SAFETENSORS_META, 24, "an object"},
};

static void headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        refused(build_file(rows[i].header, rows[i].data_bytes), rows[i].reason, rows[i].offset,
                rows[i].part);
    refused(build_raw(3, "{}\0", 3, 0), VR_SAFETENSORS_JSON, 10, "NUL");
    refused(build_raw(7, "{\"a\0\":1", 7, 0), VR_SAFETENSORS_JSON, 11, "0x00");
}

static void depth_and_number_of_tensors(void **state)
{
    (void)state;
    vr_str s;
    vr_str_init(&s, NULL);
    for (int i = 0; i < 100000; i++)
        vr_str_add(&s, "{\"a\":");
    refused(build_file(s.data, 0), VR_SAFETENSORS_DEPTH, 8 + 64 * 5, "64");
    vr_str_clear(&s);
    size_t limit_at = 0;
    for (int i = 0; i < 200000; i++) {
        if (i == VR_SAFETENSORS_MAX_TENSORS + 1)
            limit_at = 8 + s.length + 1;
        vr_str_addf(&s, "%s\"t%d\":" ENTRY("F32", "[0]", "[0,0]"), i ? "," : "{", i);
    }
    vr_str_add(&s, "}");
    uint64_t start = vr_now_ns();
    refused(build_file(s.data, 0), VR_SAFETENSORS_LIMIT, limit_at, "100001");
    assert_true(vr_now_ns() - start < 5ull * 1000000000);
    vr_str_deinit(&s);
}

static void every_truncation_and_length_is_refused(void **state)
{
    (void)state;
    const build_tensor tensors[] = {{"a", "F32", "[2,3]", 24}, {"b", "F16", "[3]", 6}};
    built good = build_good(tensors, 2);
    for (size_t n = 0; n < good.bytes; n++) {
        built cut = {malloc(n ? n : 1), n};
        memcpy(cut.data, good.data, n);
        parsed p = parse(cut);
        assert_int_not_equal(p.status, VIREO_OK);
        assert_true(p.err.reason == VR_SAFETENSORS_SHORT || p.err.reason == VR_SAFETENSORS_TRUNC);
        vr_arena_deinit(&p.arena);
    }
    free(good.data);
}

static void every_changed_byte_is_survived(void **state)
{
    (void)state;
    const build_tensor tensors[] = {{"a", "F32", "[2,3]", 24}, {"b\\u00e9", "BF16", "[3]", 6}};
    built good = build_good(tensors, 2);
    static const unsigned char values[] = {0, 1, '"', '\\', '{', '}', '[', ']', '-', '9', ',', 255};
    for (size_t i = 0; i < good.bytes; i++)
        for (size_t k = 0; k < sizeof values; k++) {
            built changed = {malloc(good.bytes), good.bytes};
            memcpy(changed.data, good.data, good.bytes);
            changed.data[i] = values[k];
            parsed p = parse(changed);
            for (size_t t = 0; t < p.table.count; t++)
                assert_true(p.table.tensors[t].begin + p.table.tensors[t].bytes <= good.bytes);
            vr_arena_deinit(&p.arena);
        }
    free(good.data);
}

static void good_file(void **state)
{
    (void)state;
    const build_tensor tensors[] = {
        {"scalar", "F32", "[]", 4},          {"empty", "F32", "[0,3]", 0},
        {"half", "F16", "[2,3]", 12},        {"ints", "I32", "[2]", 8},
        {"brain", "BF16", "[4]", 8},         {"pos\\n\\u00e9", "I64", "[1,2]", 16},
        {"bytes", "U8", "[3]", 3},           {"nibbles", "F4", "[2]", 1},
        {"deep", "F32", "[1,1,1,1,1,2]", 8},
    };
    parsed p = parse(build_good(tensors, sizeof tensors / sizeof tensors[0]));
    assert_int_equal(p.status, VIREO_OK);
    assert_int_equal(p.table.count, 9);
    const vr_safetensor *t = p.table.tensors;
    assert_string_equal(t[0].name, "scalar");
    assert_int_equal(t[0].rank, 0);
    assert_int_equal(t[0].bytes, 4);
    assert_int_equal(t[0].begin % 8, 0);
    assert_int_equal(t[1].bytes, 0);
    assert_true(t[2].supported);
    assert_int_equal(t[2].known, VIREO_F16);
    assert_int_equal(t[2].shape[1], 3);
    assert_int_equal(t[3].known, VIREO_I32);
    assert_string_equal(t[4].dtype, "BF16");
    assert_false(t[4].supported);
    assert_string_equal(t[5].name, "pos\n\xC3\xA9");
    assert_false(t[5].supported);
    assert_int_equal(t[7].bytes, 1);
    assert_int_equal(t[8].rank, 6);
    for (int i = 1; i < 9; i++)
        assert_int_equal(t[i].begin, t[i - 1].begin + t[i - 1].bytes);
    vr_arena_deinit(&p.arena);
}

static void order_and_spacing_do_not_matter(void **state)
{
    (void)state;
    parsed p =
        parse(build_file("{ \"b\" : {\"data_offsets\":[ 4 , 8 ],\n\"shape\": [ 1 ],\t\"dtype\""
                         ": \"U32\"}, \"a\":" ENTRY("U8", "[4]", "[0,4]") "}  \n",
                         8));
    assert_int_equal(p.status, VIREO_OK);
    assert_int_equal(p.table.count, 2);
    assert_string_equal(p.table.tensors[0].name, "b");
    assert_int_equal(p.table.tensors[0].begin, p.table.tensors[1].begin + 4);
    vr_arena_deinit(&p.arena);
    p = parse(build_file("{}", 0));
    assert_int_equal(p.status, VIREO_OK);
    assert_int_equal(p.table.count, 0);
    vr_arena_deinit(&p.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths),
        cmocka_unit_test(headers),
        cmocka_unit_test(depth_and_number_of_tensors),
        cmocka_unit_test(every_truncation_and_length_is_refused),
        cmocka_unit_test(every_changed_byte_is_survived),
        cmocka_unit_test(good_file),
        cmocka_unit_test(order_and_spacing_do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
