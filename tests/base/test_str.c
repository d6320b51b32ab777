/* SPDX-License-Identifier: Apache-2.0
 * str, error, log, hash. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/str.h"

static void appending(void **state)
{
    (void)state;
    vr_str s;
    vr_str_init(&s, NULL);
    vr_str_add(&s, "a");
    vr_str_add_n(&s, "b\0c", 3);
    vr_str_addf(&s, "%d-%s", 42, "x");
    assert_int_equal(s.length, 8);
    assert_memory_equal(s.data, "ab\0c42-x", 9);
    vr_str_clear(&s);
    for (int i = 0; i < 10000; i++)
        vr_str_addf(&s, "%04d", i);
    assert_int_equal(s.length, 40000);
    assert_memory_equal(s.data + 39992, "99989999", 9);
    char *taken = vr_str_take(&s);
    assert_int_equal(strlen(taken), 40000);
    assert_null(s.data);
    vr_free(NULL, taken);
    taken = vr_str_take(&s);
    assert_string_equal(taken, "");
    vr_free(NULL, taken);
    vr_str_deinit(&s);
}

static void *no_memory(void *user, size_t bytes)
{
    (void)user, (void)bytes;
    return NULL;
}

static void *no_more_memory(void *user, void *old, size_t bytes)
{
    (void)user, (void)old, (void)bytes;
    return NULL;
}

static void release(void *user, void *old)
{
    (void)user;
    free(old);
}

static void failure_sticks(void **state)
{
    (void)state;
    vireo_allocator a = {no_memory, no_more_memory, release, NULL};
    vr_str s;
    vr_str_init(&s, &a);
    vr_str_add(&s, "a");
    vr_str_addf(&s, "%d", 1);
    vr_str_add_json(&s, "a\nb", 3);
    assert_true(s.failed);
    assert_int_equal(s.length, 0);
    assert_null(vr_str_take(&s));
    vr_str_deinit(&s);
}

static void json_text(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        size_t length;
        const char *out;
    } rows[] = {
        {"", 0, "\"\""},
        {"a\"b\\c/", 6, "\"a\\\"b\\\\c/\""},
        {"\n\r\t\b\x01\x7F", 6, "\"\\n\\r\\t\\u0008\\u0001\\u007f\""},
        {"\0", 1, "\"\\u0000\""},
        {"\xC3\xA9\xF0\x9F\x98\x80", 6, "\"\xC3\xA9\xF0\x9F\x98\x80\""},
        {"a\xFFz\xE2\x82", 5, "\"a\xEF\xBF\xBDz\xEF\xBF\xBD\xEF\xBF\xBD\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        vr_str s;
        vr_str_init(&s, NULL);
        vr_str_add_json(&s, rows[i].in, rows[i].length);
        assert_string_equal(s.data, rows[i].out);
        vr_str_deinit(&s);
    }
}

static void every_code_point_round_trips(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x110000; c++) {
        char bytes[4];
        uint32_t back = 0;
        size_t n = vr_utf8_encode(c, bytes);
        if ((c >= 0xD800 && c <= 0xDFFF) || c > 0x10FFFF) {
            assert_int_equal(n, 0);
            continue;
        }
        assert_int_equal(n, c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4);
        assert_int_equal(vr_utf8_decode(bytes, n, &back), n);
        assert_int_equal(back, c);
        assert_int_equal(vr_utf8_decode(bytes, n - 1, &back), 0);
    }
}

/* All sequences of two and three bytes: the valid ones are exactly those the encoder makes. */
static void only_shortest_forms_decode(void **state)
{
    (void)state;
    size_t valid2 = 0, valid3 = 0;
    for (uint32_t i = 0; i < 1u << 24; i++) {
        char b[3] = {(char)(i >> 16), (char)(i >> 8), (char)i};
        uint32_t c;
        if (vr_utf8_decode(b, 3, &c) == 3)
            valid3++;
        if ((i & 0xFF) == 0 && vr_utf8_decode(b, 2, &c) == 2)
            valid2++;
    }
    assert_int_equal(valid2, 0x800 - 0x80);
    assert_int_equal(valid3, 0x10000 - 0x800 - 0x800);
    assert_int_equal(vr_utf8_check("ab\xC3\xA9\xED\xA0\x80", 7), 4);
    assert_int_equal(vr_utf8_check("ab", 2), 2);
    assert_int_equal(vr_utf8_check("\xF4\x90\x80\x80", 4), 0);
    assert_int_equal(vr_utf8_check("\xF8\x88\x80\x80\x80", 5), 0);
}

static void errors(void **state)
{
    (void)state;
    vireo_error err = {0};
    assert_int_equal(vr_fail(NULL, VIREO_ERROR_IO, "x"), VIREO_ERROR_IO);
    assert_int_equal(vr_fail_at(&err, VIREO_ERROR_FORMAT, 3, 99, "f: %d", 5), VIREO_ERROR_FORMAT);
    assert_int_equal(err.status, VIREO_ERROR_FORMAT);
    assert_int_equal(err.reason, 3);
    assert_int_equal(err.offset, 99);
    assert_string_equal(err.message, "f: 5");
    vr_fail(&err, VIREO_ERROR_IO, "outer: %s", err.message);
    assert_string_equal(err.message, "outer: f: 5");
    assert_int_equal(err.reason, 0);
    assert_int_equal(err.offset, 0);
    vr_fail(&err, VIREO_ERROR_IO, "%s", "a\x1B[31m\x7F\r\n\t\xC2\x9B\xC2\xA0\xE9 z");
    assert_string_equal(err.message, "a?[31m??\n\t??\xC2\xA0\xE9 z");
    char text[3001];
    for (size_t i = 0; i < 3000; i += 3)
        memcpy(text + i, "\xE2\x82\xAC", 3);
    text[3000] = '\0';
    for (int lead = 0; lead < 3; lead++) {
        vr_fail(&err, VIREO_ERROR_IO, "%.*s%s", lead, "abc", text);
        size_t length = strlen(err.message);
        assert_true(length < sizeof err.message && length > sizeof err.message - 7);
        assert_non_null(strstr(err.message, "\xE2\x82\xAC...\xE2\x82\xAC"));
        assert_int_equal(vr_utf8_check(err.message, length), length);
    }
    assert_int_equal(vr_fail_memory(&err, "thing"), VIREO_ERROR_OUT_OF_MEMORY);
    assert_string_equal(err.message, "out of memory: thing");
    assert_string_equal(vireo_status_text(VIREO_OK), "ok");
    assert_string_equal(vireo_status_text(VIREO_ERROR_CANCELLED), "cancelled");
    assert_string_equal(vireo_status_text((vireo_status)99), "unknown status");
    assert_string_equal(vireo_version(), VIREO_VERSION);
}

static void keep(void *user, vireo_log_level level, const char *message)
{
    (void)level;
    char *kept = user;
    assert_true(strlen(message) < 2048);
    strncat(kept, message, 99);
    strcat(kept, "|");
}

static void logging(void **state)
{
    (void)state;
    char kept[512] = "";
    vr_log log = {keep, kept, VIREO_LOG_WARN};
    vr_logf(&log, VIREO_LOG_ERROR, "one %d\n", 1);
    vr_logf(&log, VIREO_LOG_WARN, "two\x1B[2J\nline");
    vr_logf(&log, VIREO_LOG_INFO, "three");
    vr_logf(&(vr_log){0}, VIREO_LOG_ERROR, "four");
    vr_logf(NULL, VIREO_LOG_ERROR, "five");
    assert_string_equal(kept, "one 1|two [2J line|");
    vr_logf(&log, VIREO_LOG_ERROR, "%5000d", 1);
}

typedef struct cutter {
    const char *at, *end;
    size_t step;
} cutter;

static bool cut(void *user, const void **data, size_t *bytes)
{
    cutter *c = user;
    if (c->at == c->end)
        return false;
    *bytes = (size_t)(c->end - c->at) < c->step ? (size_t)(c->end - c->at) : c->step;
    *data = c->at;
    c->at += *bytes;
    return true;
}

/* The two values for no bytes are those of the xxHash specification and xxhsum. */
static void hashes(void **state)
{
    (void)state;
    char hex[33];
    vr_hash_hex(vr_hash(NULL, 0), hex);
    assert_string_equal(hex, "99aa06d3014798d86001c324468d497f");
    assert_true(vr_hash64(NULL, 0) == 0x2D06800538D394C2u);
    char text[5000];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i * 7);
    vr_hash128 whole = vr_hash(text, sizeof text);
    static const size_t steps[] = {1, 3, 64, 1000, 4999, 5000};
    for (size_t i = 0; i < 6; i++) {
        cutter c = {text, text + sizeof text, steps[i]};
        vr_hash128 pieces = vr_hash_pieces(cut, &c);
        assert_true(pieces.low == whole.low && pieces.high == whole.high);
    }
    vr_hash128 a = vr_hash("a", 1), b = vr_hash("b", 1);
    vr_hash128 ab = vr_hash_join(a, b), ba = vr_hash_join(b, a), again = vr_hash_join(a, b);
    assert_true(ab.low != ba.low && ab.high != ba.high);
    assert_true(ab.low == again.low && ab.high == again.high);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appending),
        cmocka_unit_test(failure_sticks),
        cmocka_unit_test(json_text),
        cmocka_unit_test(every_code_point_round_trips),
        cmocka_unit_test(only_shortest_forms_decode),
        cmocka_unit_test(errors),
        cmocka_unit_test(logging),
        cmocka_unit_test(hashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
