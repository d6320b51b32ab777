/* SPDX-License-Identifier: Apache-2.0
 * Files that must be refused, opened as a model: status, message, place, time, memory. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bad_model.h"
#include "base/str.h"
#include "io/safetensors.h"
#include "model_builder.h"

#define ENTRY(dtype, shape, offsets)                                                               \
    "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"
#define ONE(dtype, shape, offsets) "{\"a\":" ENTRY(dtype, shape, offsets) "}"
#define TWO(first, second) "{\"a\":" first ",\"b\":" second "}"

static built make_empty(void)
{
    return (built){malloc(1), 0};
}

static built make_seven(void)
{
    return (built){calloc(1, 7), 7};
}

static built make_nul_behind(void)
{
    return build_raw(3, "{}\0", 3, 0);
}

static built make_nul_in_name(void)
{
    return build_raw(7, "{\"a\0\":1", 7, 0);
}

static built make_deep(void)
{
    vr_str s;
    vr_str_init(&s, NULL);
    for (int i = 0; i < 100000; i++)
        vr_str_add(&s, "{\"a\":");
    built b = build_file(s.data, 0);
    vr_str_deinit(&s);
    return b;
}

static built make_tensors(int n)
{
    vr_str s;
    vr_str_init(&s, NULL);
    for (int i = 0; i < n; i++)
        vr_str_addf(&s, "%s\"t%06d\":" ENTRY("F32", "[0]", "[0,0]"), i ? "," : "{", i);
    vr_str_add(&s, "}");
    built b = build_file(s.data, 0);
    vr_str_deinit(&s);
    return b;
}

static built make_many(void)
{
    return make_tensors(200000);
}

static built make_one_too_many(void)
{
    return make_tensors(VR_SAFETENSORS_MAX_TENSORS + 1);
}

/* The number in front is the case's; those without a number of their own are its variants. Offsets
 * count from the file's first byte; the header begins at 8. */
static const struct {
    const char *name;
    built (*make)(void); /* or: */
    bool given;
    uint64_t length; /* if given, instead of the header's */
    const char *header;
    size_t data_bytes;
    vr_safetensors_reason reason;
    size_t offset;
    const char *what;
} rows[] = {
    {"1 empty", .make = make_empty, .reason = VR_SAFETENSORS_SHORT, .offset = 0,
     .what = "the file has 0 bytes, the header's length alone needs 8"},
    {"2 seven bytes", .make = make_seven, .reason = VR_SAFETENSORS_SHORT, .offset = 7,
     .what = "the file has 7 bytes, the header's length alone needs 8"},
    {"3 N = 0", .given = true, .length = 0, .header = "{}", .reason = VR_SAFETENSORS_HEADER,
     .offset = 0, .what = "the header has 0 bytes, at least {} is needed"},
    {"4 N = 2^64-1", .given = true, .length = UINT64_MAX, .header = "{}",
     .reason = VR_SAFETENSORS_HEADER_BIG, .offset = 0,
     .what = "a header of 18446744073709551615 bytes, at most 100000000 are allowed"},
    {"5 N = 100,000,001", .given = true, .length = 100000001, .header = "{}",
     .reason = VR_SAFETENSORS_HEADER_BIG, .offset = 0,
     .what = "a header of 100000001 bytes, at most 100000000 are allowed"},
    {"6 N one beyond the file", .given = true, .length = 3, .header = "{}",
     .reason = VR_SAFETENSORS_TRUNC, .offset = 0,
     .what = "a header of 3 bytes, but the file has only 2 behind its length"},
    {"6 N far beyond the file", .given = true, .length = 100000000, .header = "{}",
     .reason = VR_SAFETENSORS_TRUNC, .offset = 0,
     .what = "a header of 100000000 bytes, but the file has only 2 behind its length"},
    {"7 bad UTF-8", .header = "{\"a\xFF\":1}", .reason = VR_SAFETENSORS_UTF8, .offset = 11,
     .what = "byte 0xFF is not valid UTF-8"},
    {"7 lone surrogate", .header = "{\"\\ud800\":1}", .reason = VR_SAFETENSORS_UTF8, .offset = 10,
     .what = "\\uD800 is a high surrogate without a low one behind"},
    {"8 byte order mark before {", .header = "\xEF\xBB\xBF{}", .reason = VR_SAFETENSORS_START,
     .offset = 8, .what = "the header starts with byte 0xEF, '{' is needed"},
    {"8 space before {", .header = " {}", .reason = VR_SAFETENSORS_START, .offset = 8,
     .what = "the header starts with byte 0x20, '{' is needed"},
    {"9 header cut", .header = "{", .reason = VR_SAFETENSORS_JSON, .offset = 9,
     .what = "the text ends, a key or '}' is needed"},
    {"9 two objects", .header = "{}{}", .reason = VR_SAFETENSORS_JSON, .offset = 10,
     .what = "found '{' after the value, nothing may follow"},
    {"9 comma trailing", .header = "{\"a\":1,}", .reason = VR_SAFETENSORS_JSON, .offset = 15,
     .what = "found '}', a key is needed"},
    {"9 NaN", .header = "{\"a\":NaN}", .reason = VR_SAFETENSORS_JSON, .offset = 13,
     .what = "found 'N': NaN, Infinity, a leading + or a leading point are no JSON numbers"},
    {"9 NUL after }", .make = make_nul_behind, .reason = VR_SAFETENSORS_JSON, .offset = 10,
     .what = "found a NUL, the end of the text is needed"},
    {"9 NUL in a name", .make = make_nul_in_name, .reason = VR_SAFETENSORS_JSON, .offset = 11,
     .what = "found a NUL, which a string may not hold"},
    {"10 root array", .header = "[]", .reason = VR_SAFETENSORS_TYPE, .offset = 8,
     .what = "the header is an array, an object is needed"},
    {"10 root string", .header = "\"a\"", .reason = VR_SAFETENSORS_START, .offset = 8,
     .what = "the header starts with byte 0x22, '{' is needed"},
    {"10 entry is an array", .header = "{\"a\":[]}", .reason = VR_SAFETENSORS_TYPE, .offset = 13,
     .what = "\"a\" is [], an object is needed"},
    {"11 duplicate name", .header = "{\"a\":1,\"a\":2}", .reason = VR_SAFETENSORS_DUP_KEY,
     .offset = 15, .what = "the key \"a\" stands in this object already"},
    {"12 duplicate name by \\u escape", .header = "{\"a\":1,\"\\u0061\":2}",
     .reason = VR_SAFETENSORS_DUP_KEY, .offset = 15,
     .what = "the key \"\\u0061\" stands in this object already"},
    {"13 depth 1e5", .make = make_deep, .reason = VR_SAFETENSORS_DEPTH, .offset = 328,
     .what = "nested deeper than 64, which is the limit"},
    {"14 no dtype", .header = "{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", .data_bytes = 4,
     .reason = VR_SAFETENSORS_FIELD, .offset = 13, .what = "\"a\" has no dtype"},
    {"14 no shape", .header = "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", .data_bytes = 4,
     .reason = VR_SAFETENSORS_FIELD, .offset = 13, .what = "\"a\" has no shape"},
    {"14 no data_offsets", .header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", .data_bytes = 4,
     .reason = VR_SAFETENSORS_FIELD, .offset = 13, .what = "\"a\" has no data_offsets"},
    {"14 unknown field",
     .header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":1}}",
     .data_bytes = 4, .reason = VR_SAFETENSORS_FIELD, .offset = 61,
     .what = "\"a\" has the field \"x\"; allowed are dtype, shape, data_offsets"},
    {"15 dtype F31", .header = ONE("F31", "[1]", "[0,4]"), .data_bytes = 4,
     .reason = VR_SAFETENSORS_DTYPE, .offset = 22,
     .what = "dtype is \"F31\", which is none of the format's (F32, F16, BF16, I32, ...)"},
    {"15 dtype in small letters", .header = ONE("f32", "[1]", "[0,4]"), .data_bytes = 4,
     .reason = VR_SAFETENSORS_DTYPE, .offset = 22,
     .what = "dtype is \"f32\", which is none of the format's (F32, F16, BF16, I32, ...)"},
    {"15 dtype is a number", .header = "{\"a\":{\"dtype\":7,\"shape\":[1],\"data_offsets\":[0,4]}}",
     .data_bytes = 4, .reason = VR_SAFETENSORS_TYPE, .offset = 22,
     .what = "dtype is 7, a string is needed"},
    {"16 shape is a number", .header = ONE("F32", "1", "[0,4]"), .data_bytes = 4,
     .reason = VR_SAFETENSORS_TYPE, .offset = 36, .what = "shape is 1, an array is needed"},
    {"16 dimension -1", .header = ONE("F32", "[-1]", "[0,4]"), .data_bytes = 4,
     .reason = VR_SAFETENSORS_INT, .offset = 37,
     .what = "a dimension is -1, an integer >= 0 is needed"},
    {"16 dimension 1.5", .header = ONE("F32", "[1.5]", "[0,4]"), .data_bytes = 4,
     .reason = VR_SAFETENSORS_INT, .offset = 37,
     .what = "a dimension is 1.5, an integer >= 0 is needed"},
    {"16 dimension 1e0", .header = ONE("F32", "[1e0]", "[0,4]"), .data_bytes = 4,
     .reason = VR_SAFETENSORS_INT, .offset = 37,
     .what = "a dimension is 1e0, an integer >= 0 is needed"},
    {"16 dimension \"2\"", .header = ONE("F32", "[\"2\"]", "[0,4]"), .data_bytes = 4,
     .reason = VR_SAFETENSORS_INT, .offset = 37,
     .what = "a dimension is \"2\", an integer >= 0 is needed"},
    {"16 dimension null", .header = ONE("F32", "[null]", "[0,4]"), .data_bytes = 4,
     .reason = VR_SAFETENSORS_INT, .offset = 37,
     .what = "a dimension is null, an integer >= 0 is needed"},
    {"16 dimension an array", .header = ONE("F32", "[[1]]", "[0,4]"), .data_bytes = 4,
     .reason = VR_SAFETENSORS_INT, .offset = 37,
     .what = "a dimension is [1], an integer >= 0 is needed"},
    {"17 dimension 2^64", .header = ONE("F32", "[18446744073709551616]", "[0,4]"), .data_bytes = 4,
     .reason = VR_SAFETENSORS_RANGE, .offset = 37,
     .what = "a dimension is 18446744073709551616, at most 9223372036854775807 is allowed"},
    {"17 dimension 2^63", .header = ONE("F32", "[9223372036854775808]", "[0,4]"), .data_bytes = 4,
     .reason = VR_SAFETENSORS_RANGE, .offset = 37,
     .what = "a dimension is 9223372036854775808, at most 9223372036854775807 is allowed"},
    {"17 bound 2^64", .header = ONE("F32", "[1]", "[0,18446744073709551616]"), .data_bytes = 4,
     .reason = VR_SAFETENSORS_RANGE, .offset = 58,
     .what = "a bound of data_offsets is 18446744073709551616, at most 18446744073709551615 is "
             "allowed"},
    {"18 product 2^64", .header = ONE("F32", "[4294967296,4294967296]", "[0,4]"), .data_bytes = 4,
     .reason = VR_SAFETENSORS_OVERFLOW, .offset = 9,
     .what = "\"a\": the product of its dimensions does not fit 64 bits"},
    {"18 bytes beyond 64 bits", .header = ONE("F32", "[9223372036854775807]", "[0,4]"),
     .data_bytes = 4, .reason = VR_SAFETENSORS_OVERFLOW, .offset = 9,
     .what = "\"a\": the product of its dimensions does not fit 64 bits"},
    {"18 product 2^64 times 0", .header = ONE("F32", "[4294967296,4294967296,0]", "[0,0]"),
     .reason = VR_SAFETENSORS_OVERFLOW, .offset = 9,
     .what = "\"a\": the product of its dimensions does not fit 64 bits"},
    {"18 nine dimensions", .header = ONE("F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]"), .data_bytes = 4,
     .reason = VR_SAFETENSORS_LIMIT, .offset = 53,
     .what = "more than 8 dimensions, which is the limit"},
    {"19 begin > end", .header = ONE("F32", "[1]", "[4,0]"), .data_bytes = 4,
     .reason = VR_SAFETENSORS_OFFSET, .offset = 55,
     .what = "data_offsets is [4,0]: begin lies behind end"},
    {"19 one bound", .header = ONE("F32", "[1]", "[0]"), .data_bytes = 4,
     .reason = VR_SAFETENSORS_OFFSET, .offset = 55,
     .what = "data_offsets is [0], two numbers are needed"},
    {"19 three bounds", .header = ONE("F32", "[1]", "[0,4,8]"), .data_bytes = 4,
     .reason = VR_SAFETENSORS_OFFSET, .offset = 55,
     .what = "data_offsets is [0,4,8], two numbers are needed"},
    {"19 no bounds", .header = ONE("F32", "[1]", "[]"), .data_bytes = 4,
     .reason = VR_SAFETENSORS_OFFSET, .offset = 55,
     .what = "data_offsets is [], two numbers are needed"},
    {"19 bounds are an object", .header = ONE("F32", "[1]", "{}"), .data_bytes = 4,
     .reason = VR_SAFETENSORS_TYPE, .offset = 55, .what = "data_offsets is {}, an array is needed"},
    {"19 bound -4", .header = ONE("F32", "[1]", "[-4,0]"), .data_bytes = 4,
     .reason = VR_SAFETENSORS_INT, .offset = 56,
     .what = "a bound of data_offsets is -4, an integer >= 0 is needed"},
    {"20 span too short", .header = ONE("F32", "[2]", "[0,4]"), .data_bytes = 4,
     .reason = VR_SAFETENSORS_SIZE, .offset = 9,
     .what = "\"a\": data_offsets span 4 bytes, 2 elements of F32 need 8"},
    {"20 span of 3 bytes", .header = ONE("F32", "[1]", "[0,3]"), .data_bytes = 3,
     .reason = VR_SAFETENSORS_SIZE, .offset = 9,
     .what = "\"a\": data_offsets span 3 bytes, 1 elements of F32 need 4"},
    {"20 span of half a byte", .header = ONE("F4", "[3]", "[0,2]"), .data_bytes = 2,
     .reason = VR_SAFETENSORS_SIZE, .offset = 9,
     .what = "\"a\": 3 elements of F4 are no whole number of bytes"},
    {"21 overlap by 1", .header = TWO(ENTRY("U8", "[4]", "[0,4]"), ENTRY("U8", "[4]", "[3,7]")),
     .data_bytes = 7, .reason = VR_SAFETENSORS_OVERLAP, .offset = 116,
     .what = "\"b\" begins 1 bytes before the end of \"a\""},
    {"21 the same bytes twice",
     .header = TWO(ENTRY("U8", "[4]", "[0,4]"), ENTRY("U8", "[4]", "[0,4]")), .data_bytes = 4,
     .reason = VR_SAFETENSORS_OVERLAP, .offset = 113,
     .what = "\"b\" begins 4 bytes before the end of \"a\""},
    {"22 hole between", .header = TWO(ENTRY("U8", "[4]", "[0,4]"), ENTRY("U8", "[2]", "[5,7]")),
     .data_bytes = 7, .reason = VR_SAFETENSORS_HOLE, .offset = 117,
     .what = "1 bytes before \"b\" belong to no tensor"},
    {"22 hole in front", .header = ONE("U8", "[1]", "[1,2]"), .data_bytes = 2,
     .reason = VR_SAFETENSORS_HOLE, .offset = 61,
     .what = "1 bytes before \"a\" belong to no tensor"},
    {"23 trailing bytes", .header = ONE("U8", "[4]", "[0,4]"), .data_bytes = 14,
     .reason = VR_SAFETENSORS_TRAILING, .offset = 65,
     .what = "10 bytes behind the last tensor belong to none"},
    {"23 data without tensors", .header = "{}", .data_bytes = 1, .reason = VR_SAFETENSORS_TRAILING,
     .offset = 10, .what = "1 bytes behind the last tensor belong to none"},
    {"24 data short by 1", .header = ONE("F32", "[2]", "[0,8]"), .data_bytes = 7,
     .reason = VR_SAFETENSORS_TRUNC, .offset = 55,
     .what = "data_offsets is [0,8], but the file has only 7 bytes of data"},
    {"24 bound 2^64-1", .header = ONE("U8", "[1]", "[0,18446744073709551615]"), .data_bytes = 1,
     .reason = VR_SAFETENSORS_TRUNC, .offset = 54,
     .what = "data_offsets is [0,18446744073709551615], but the file has only 1 bytes of data"},
    {"25 odd offset of F32",
     .header = TWO(ENTRY("U8", "[1]", "[0,1]"), ENTRY("F32", "[1]", "[1,5]")), .data_bytes = 5,
     .reason = VR_SAFETENSORS_ALIGN, .offset = 61,
     .what = "\"b\": its data begin at byte 115 of the file, a multiple of 4 is needed"},
    {"26 __metadata__ is a number", .header = "{\"__metadata__\":1}", .reason = VR_SAFETENSORS_META,
     .offset = 24, .what = "__metadata__ is 1, an object is needed"},
    {"26 metadata's value is a number", .header = "{\"__metadata__\":{\"a\":1}}",
     .reason = VR_SAFETENSORS_META, .offset = 29,
     .what = "__metadata__'s \"a\" is 1, a string is needed"},
    {"26 __metadata__ is an array", .header = "{\"__metadata__\":[]}",
     .reason = VR_SAFETENSORS_META, .offset = 24,
     .what = "__metadata__ is [], an object is needed"},
    {"27 200,000 tensors", .make = make_many, .reason = VR_SAFETENSORS_LIMIT, .offset = 5900068,
     .what = "an object of more than 100001 members, the limit"},
    {"27 100,001 tensors", .make = make_one_too_many, .reason = VR_SAFETENSORS_LIMIT,
     .offset = 5900009, .what = "more than 100000 tensors, which is the limit"},
};

static void every_row(void **state)
{
    (void)state;
    temp_folder t = temp_make();
    build_put_text(&t, "config.json", "{}");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const vr_safetensors_reason reason = rows[i].reason;
        const bool limit = reason == VR_SAFETENSORS_LIMIT || reason == VR_SAFETENSORS_DEPTH ||
                           reason == VR_SAFETENSORS_HEADER_BIG;
        char message[512];
        const char *header = rows[i].header;
        built b = rows[i].make    ? rows[i].make()
                  : rows[i].given ? build_raw(rows[i].length, header, strlen(header), 0)
                                  : build_file(header, rows[i].data_bytes);
        build_put(&t, "model.safetensors", b);
        snprintf(message, sizeof message, "/model.safetensors: byte %zu: %s (%s)", rows[i].offset,
                 rows[i].what, vr_safetensors_reason_name(reason));
        bad_model_open(&t, rows[i].name, limit ? VIREO_ERROR_LIMIT : VIREO_ERROR_FORMAT, reason,
                       rows[i].offset, message);
    }
    temp_remove(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
