/* SPDX-License-Identifier: Apache-2.0
 * Every half, every midpoint between two halves and its neighbours, against double arithmetic. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>
#include "tensor/half.h"

/* The definition of binary16, independent of the bit tricks under test. */
static double half_value(unsigned half)
{
    int exponent = (int)(half >> 10 & 31u);
    double fraction = (double)(half & 0x3FFu) / 1024.0;
    double value = exponent == 0 ? ldexp(fraction, -14) : ldexp(1.0 + fraction, exponent - 15);
    return half & 0x8000u ? -value : value;
}

static void every_half_converts_exactly_and_back(void **state)
{
    (void)state;
    for (unsigned h = 0; h < 65536; h++) {
        float f = vr_half_to_float((uint16_t)h);
        if ((h & 0x7FFFu) > 0x7C00u) {
            assert_true(isnan(f));
            assert_int_equal(signbit(f) != 0, h >> 15);
            assert_true((vr_float_to_half(f) & 0x7FFFu) > 0x7C00u);
        } else if ((h & 0x7FFFu) == 0x7C00u) {
            assert_true(isinf(f));
            assert_int_equal(vr_float_to_half(f), h);
        } else {
            assert_true((double)f == half_value(h));
            assert_int_equal(signbit(f) != 0, h >> 15);
            assert_int_equal(vr_float_to_half(f), h);
        }
    }
}

static void midpoints_round_to_even(void **state)
{
    (void)state;
    for (unsigned h = 0; h < 0x7C00u; h++) {
        double low = half_value(h), high = h + 1 == 0x7C00u ? 65536.0 : half_value(h + 1);
        float middle = (float)((low + high) / 2); /* exact: one bit more than a half has */
        unsigned even = h & 1u ? h + 1 : h;
        assert_int_equal(vr_float_to_half(middle), even);
        assert_int_equal(vr_float_to_half(-middle), even | 0x8000u);
        assert_int_equal(vr_float_to_half(nextafterf(middle, 0.0f)), h);
        assert_int_equal(vr_float_to_half(nextafterf(middle, INFINITY)), h + 1);
    }
}

static void extremes(void **state)
{
    (void)state;
    assert_int_equal(vr_float_to_half(3.4e38f), 0x7C00);
    assert_int_equal(vr_float_to_half(-1e6f), 0xFC00);
    assert_int_equal(vr_float_to_half(1e-45f), 0);
    assert_int_equal(vr_float_to_half(-1e-45f), 0x8000);
    assert_int_equal(vr_float_to_half(65504.0f), 0x7BFF);
    uint32_t bits = 0xFF800001u; /* a NaN whose fraction lies below a half's bits */
    float nan;
    memcpy(&nan, &bits, sizeof nan);
    assert_int_equal(vr_float_to_half(nan) & 0x7C00, 0x7C00);
    assert_true((vr_float_to_half(nan) & 0x3FF) != 0);
}

static void arrays(void **state)
{
    (void)state;
    const float in[3] = {1.0f, -2.5f, 0.333251953125f};
    uint16_t halves[3];
    float out[3];
    vr_floats_to_halves(in, halves, 3);
    vr_halves_to_floats(halves, out, 3);
    assert_memory_equal(in, out, sizeof in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_half_converts_exactly_and_back),
        cmocka_unit_test(midpoints_round_to_even),
        cmocka_unit_test(extremes),
        cmocka_unit_test(arrays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
