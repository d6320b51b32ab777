/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "tensor/dtype.h"
#include "tensor/shape.h"

static const struct {
    uint32_t rank;
    int64_t shape[4];
    bool fits;
    int64_t count;
    const char *text;
} cases[] = {
    {0, {0}, true, 1, "[]"},
    {1, {7}, true, 7, "[7]"},
    {2, {2, 384}, true, 768, "[2, 384]"},
    {3, {5, 0, 3}, true, 0, "[5, 0, 3]"},
    {2, {3, -1}, false, 0, "[3, -1]"},
    {2, {INT64_MAX, 1}, true, INT64_MAX, "[9223372036854775807, 1]"},
    {2, {INT64_MAX, 2}, false, 0, "[9223372036854775807, 2]"},
    {2, {INT64_C(1) << 32, INT64_C(1) << 31}, false, 0, "[4294967296, 2147483648]"},
    {3, {INT64_C(1) << 32, INT64_C(1) << 32, 0}, false, 0, "[4294967296, 4294967296, 0]"},
    {4,
     {INT64_C(1) << 15, INT64_C(1) << 16, INT64_C(1) << 16, INT64_C(1) << 15},
     true,
     INT64_C(1) << 62,
     "[32768, 65536, 65536, 32768]"},
};

static void counts_and_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t count = -7;
        char text[VR_SHAPE_TEXT];
        assert_int_equal(vr_shape_count(cases[i].shape, cases[i].rank, &count), cases[i].fits);
        assert_true(count == (cases[i].fits ? cases[i].count : -7));
        assert_string_equal(vr_shape_text(cases[i].shape, cases[i].rank, text, sizeof text),
                            cases[i].text);
    }
}

static void text_is_cut_to_its_buffer(void **state)
{
    (void)state;
    const int64_t shape[4] = {INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN};
    char text[VR_SHAPE_TEXT];
    assert_int_equal(strlen(vr_shape_text(shape, 4, text, sizeof text)), 4 * 20 + 3 * 2 + 2);
    assert_string_equal(vr_shape_text(shape, 4, text, 6), "[-922");
}

static void bytes(void **state)
{
    (void)state;
    size_t out = 0;
    assert_true(vr_shape_bytes((int64_t[]){3, 5}, 2, VIREO_F32, &out));
    assert_int_equal(out, 60);
    assert_true(vr_shape_bytes((int64_t[]){3, 5}, 2, VIREO_F16, &out));
    assert_int_equal(out, 30);
    assert_true(vr_shape_bytes((int64_t[]){3, 64}, 2, VIREO_Q8_0, &out));
    assert_int_equal(out, 3 * 68);
    assert_true(vr_shape_bytes((int64_t[]){2, 5, 32}, 3, VIREO_Q4_0, &out));
    assert_int_equal(out, 180);
    assert_true(vr_shape_bytes((int64_t[]){5, 0}, 2, VIREO_Q4_0, &out));
    assert_int_equal(out, 0);
    assert_true(vr_shape_bytes(NULL, 0, VIREO_BF16, &out));
    assert_int_equal(out, 2);
    assert_true(vr_shape_bytes((int64_t[]){3, 5}, 2, VIREO_BF16, &out));
    assert_int_equal(out, 30);
    assert_false(vr_shape_bytes((int64_t[]){64, 3}, 2, VIREO_Q8_0, &out));
    assert_false(vr_shape_bytes(NULL, 0, VIREO_Q8_0, &out));
    assert_false(vr_shape_bytes((int64_t[]){1 << 30, (int64_t)1 << 32}, 2, VIREO_F32, &out));
    assert_false(vr_shape_bytes((int64_t[]){3, -32}, 2, VIREO_Q8_0, &out));
    out = 30;
    assert_false(vr_shape_bytes((int64_t[]){INT64_MAX}, 1, VIREO_F32, &out));
    assert_false(vr_shape_bytes((int64_t[]){1}, 1, (vireo_dtype)99, &out));
    assert_int_equal(out, 30);
}

static void equality(void **state)
{
    (void)state;
    const int64_t a[] = {1, 2, 3}, b[] = {1, 2, 4};
    assert_true(vr_shape_equal(a, 2, b, 2));
    assert_false(vr_shape_equal(a, 3, b, 3));
    assert_false(vr_shape_equal(a, 2, a, 3));
    assert_true(vr_shape_equal(a, 0, b, 0));
}

static void dtypes(void **state)
{
    (void)state;
    vireo_dtype dtype = VIREO_I32;
    assert_string_equal(vireo_dtype_name(VIREO_F32), "f32");
    assert_string_equal(vireo_dtype_name(VIREO_I32), "i32");
    assert_string_equal(vireo_dtype_name((vireo_dtype)99), "?");
    assert_int_equal(vireo_dtype_bytes(VIREO_F16), 2);
    assert_int_equal(vireo_dtype_bytes((vireo_dtype)99), 0);
    assert_int_equal(vireo_dtype_bytes(VIREO_BF16), 2);
    assert_int_equal(vireo_dtype_bytes(VIREO_Q8_0), 0);
    assert_int_equal(vireo_dtype_block(VIREO_Q8_0), 32);
    assert_int_equal(vireo_dtype_block(VIREO_F32), 1);
    assert_int_equal(vireo_dtype_block((vireo_dtype)99), 0);
    assert_int_equal(vireo_dtype_row_bytes(VIREO_Q8_0, 64), 68);
    assert_int_equal(vireo_dtype_row_bytes(VIREO_Q4_0, 96), 54);
    assert_int_equal(vireo_dtype_row_bytes(VIREO_Q4_0, 33), 0);
    assert_int_equal(vireo_dtype_row_bytes(VIREO_BF16, 33), 66);
    assert_int_equal(vireo_dtype_row_bytes(VIREO_F32, -1), 0);
    assert_int_equal(vireo_dtype_row_bytes(VIREO_F32, INT64_MAX), 0);
    assert_int_equal(vireo_dtype_row_bytes((vireo_dtype)99, 4), 0);
    assert_true(vr_dtype_is_block(VIREO_Q4_0));
    assert_false(vr_dtype_is_block(VIREO_BF16));
    assert_true(vr_dtype_parse("q4_0", &dtype));
    assert_int_equal(dtype, VIREO_Q4_0);
    assert_true(vr_dtype_parse("f16", &dtype));
    assert_int_equal(dtype, VIREO_F16);
    assert_false(vr_dtype_parse("F16", &dtype));
    assert_false(vr_dtype_valid((vireo_dtype)-1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_and_texts),
        cmocka_unit_test(text_is_cut_to_its_buffer),
        cmocka_unit_test(bytes),
        cmocka_unit_test(equality),
        cmocka_unit_test(dtypes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
