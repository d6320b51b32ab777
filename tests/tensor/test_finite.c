/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "tensor/finite.h"
#include "tensor/half.h"

/* Every f16 and bf16, and every f32 with the same upper half and three lower ones, against the C library. */
static void every_half(void **state)
{
    (void)state;
    static const uint16_t lower[] = {0, 1, 0xFFFF};
    for (uint32_t i = 0; i <= 0xFFFF; i++) {
        const uint16_t half = (uint16_t)i;
        assert_int_equal(vr_all_finite(VIREO_F16, &half, 1), isfinite(vr_half_to_float(half)) != 0);
        for (size_t k = 0; k < 3; k++) {
            const uint32_t bits = i << 16 | lower[k];
            float value;
            memcpy(&value, &bits, sizeof value);
            assert_int_equal(vr_all_finite(VIREO_F32, &value, 1), isfinite(value) != 0);
            assert_true(vr_all_finite(VIREO_I32, &bits, 1));
            assert_int_equal(vr_all_finite(VIREO_BF16, &half, 1), isfinite(value) != 0);
        }
    }
}

static const struct {
    vireo_dtype dtype;
    uint32_t bits;
    const char *text;
} rows[] = {
    {VIREO_F32, 0x7F800000u, "Infinity"}, {VIREO_F32, 0xFF800000u, "-Infinity"},
    {VIREO_F32, 0x7F800001u, "NaN"},      {VIREO_F32, 0xFFC00000u, "NaN"},
    {VIREO_F16, 0x7C00u, "Infinity"},     {VIREO_F16, 0xFC00u, "-Infinity"},
    {VIREO_F16, 0x7C01u, "NaN"},          {VIREO_F16, 0xFE00u, "NaN"},
    {VIREO_BF16, 0x7F80u, "Infinity"},    {VIREO_BF16, 0xFF80u, "-Infinity"},
    {VIREO_BF16, 0x7F81u, "NaN"},         {VIREO_BF16, 0xFFC0u, "NaN"},
};

/* At every place of arrays of every length, at every alignment. */
static void every_place(void **state)
{
    (void)state;
    enum { MOST = 67 };
    unsigned char data[MOST * 4 + 4];
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        const size_t size = vireo_dtype_bytes(rows[r].dtype);
        const uint16_t half = (uint16_t)rows[r].bits;
        const void *bad = size == 4 ? (const void *)&rows[r].bits : &half;
        assert_string_equal(vr_nonfinite_text(rows[r].dtype, bad), rows[r].text);
        for (size_t n = 0; n <= MOST; n++) {
            unsigned char *at = data + n % 4;
            memset(data, 0x5A, sizeof data); /* finite in all types */
            assert_true(vr_all_finite(rows[r].dtype, at, n));
            assert_int_equal(vr_first_nonfinite(rows[r].dtype, at, n), n);
            for (size_t i = 0; i < n; i++) {
                memset(data, 0x5A, sizeof data);
                memcpy(at + i * size, bad, size);
                memcpy(at + (n - 1) * size, bad, size);
                assert_false(vr_all_finite(rows[r].dtype, at, n));
                assert_int_equal(vr_first_nonfinite(rows[r].dtype, at, n), i);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_half),
        cmocka_unit_test(every_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
