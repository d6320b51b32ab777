/* SPDX-License-Identifier: Apache-2.0
 * Good files, cut files, changed files; what a bad one is told is in test_bad_safetensors.c. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
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
    size_t head = 0;
    p.status = vr_safetensors_measure("m.safetensors", b.data, b.bytes, &head, &p.err);
    if (!p.status) {
        /* What stands behind the head is not looked at: a sanitizer sees a step too far. */
        b.data = realloc(b.data, head);
        p.status =
            vr_safetensors_parse(&p.arena, "m.safetensors", b.data, b.bytes, &p.table, &p.err);
    }
    free(b.data);
    return p;
}

#define ENTRY(dtype, shape, offsets)                                                               \
    "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"
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
    assert_true(t[4].supported);
    assert_int_equal(t[4].known, VIREO_BF16);
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
        cmocka_unit_test(every_truncation_and_length_is_refused),
        cmocka_unit_test(every_changed_byte_is_survived),
        cmocka_unit_test(good_file),
        cmocka_unit_test(order_and_spacing_do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
