/* SPDX-License-Identifier: Apache-2.0
 * bf16 and ggml's blocks: against NumPy's, bit for bit, and against blocks computed by hand. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>
#include "tensor/half.h"
#include "tensor/quant.h"
#include "quant_golden.h"

static float from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static void check_golden(vireo_dtype dtype, const void *blocks, const uint32_t (*values)[VR_BLOCK])
{
    const size_t size = vireo_dtype_row_bytes(dtype, VR_BLOCK);
    for (size_t i = 0; i < sizeof golden_in / sizeof *golden_in; i++) {
        const unsigned char *want = (const unsigned char *)blocks + i * size;
        float in[VR_BLOCK], out[VR_BLOCK];
        unsigned char block[64];
        memcpy(in, golden_in[i], sizeof in);
        vr_pack_row(dtype, in, VR_BLOCK, block);
        for (size_t j = 0; j < size; j++)
            if (block[j] != want[j])
                fail_msg("%s %zu: byte %zu is %u, NumPy's %u", vireo_dtype_name(dtype), i, j,
                         block[j], want[j]);
        vr_unpack_row(dtype, block, VR_BLOCK, out);
        for (size_t j = 0; j < VR_BLOCK; j++) /* which of two zeros does not matter */
            if (bits_of(out[j] + 0.0f) != bits_of(from_bits(values[i][j]) + 0.0f))
                fail_msg("%s %zu: element %zu is %a, NumPy's %a", vireo_dtype_name(dtype), i, j,
                         (double)out[j], (double)from_bits(values[i][j]));
    }
}

static void blocks_are_those_of_numpy(void **state)
{
    (void)state;
    check_golden(VIREO_Q8_0, golden_q8_0, golden_q8_0_out);
    check_golden(VIREO_Q4_0, golden_q4_0, golden_q4_0_out);
}

/* The largest magnitude is 254, so the scale is 2: 3 / 2 = 1.5 becomes 2, -5 / 2 becomes -3. */
static void q8_0_by_hand(void **state)
{
    (void)state;
    float in[VR_BLOCK] = {254, -254, 3, -5, 1, 0.9f, 100}, out[VR_BLOCK];
    const signed char want[] = {127, -127, 2, -3, 1, 0, 50, 0};
    unsigned char block[34];
    vr_pack_row(VIREO_Q8_0, in, VR_BLOCK, block);
    assert_int_equal(block[0] | block[1] << 8, 0x4000); /* 2 */
    for (size_t i = 0; i < sizeof want; i++)
        assert_int_equal((signed char)block[2 + i], want[i]);
    vr_unpack_row(VIREO_Q8_0, block, VR_BLOCK, out);
    for (size_t i = 0; i < sizeof want; i++)
        assert_true(out[i] == 2.0f * (float)want[i]);
}

/* The largest magnitude is -4: scale 0.5, nibble 8 is zero, 16 is cut to 15. Element 16 is the high
 * nibble of byte 0. */
static void q4_0_by_hand(void **state)
{
    (void)state;
    float in[VR_BLOCK] = {-4, 0.25f, -0.25f, 3.99f}, out[VR_BLOCK];
    unsigned char block[18];
    in[16] = 1.0f;
    in[19] = -3.0f;
    vr_pack_row(VIREO_Q4_0, in, VR_BLOCK, block);
    assert_int_equal(block[0] | block[1] << 8, 0x3800); /* 0.5 */
    assert_int_equal(block[2], 0 | 10 << 4);
    assert_int_equal(block[3], 9 | 8 << 4); /* 8.5 + 0.5 */
    assert_int_equal(block[4], 8 | 8 << 4); /* 8.5 - 0.5 */
    assert_int_equal(block[5], 15 | 2 << 4);
    vr_unpack_row(VIREO_Q4_0, block, VR_BLOCK, out);
    assert_true(out[0] == -4.0f && out[1] == 0.5f && out[2] == 0.0f && out[3] == 3.5f);
    assert_true(out[16] == 1.0f && out[19] == -3.0f && out[31] == 0.0f);
}

/* Every stored block reads as scale times quant, denormal scales included. */
static void every_scale_and_quant(void **state)
{
    (void)state;
    for (uint32_t half = 0; half < 0x7C00; half += 3) {
        unsigned char q8[34] = {(unsigned char)half, (unsigned char)(half >> 8)};
        unsigned char q4[18] = {(unsigned char)half, (unsigned char)(half >> 8)};
        float out[VR_BLOCK];
        const double scale = (double)vr_half_to_float((uint16_t)half);
        for (int i = 0; i < VR_BLOCK; i++)
            q8[2 + i] = (unsigned char)(half + 8u * (unsigned)i);
        for (int i = 0; i < VR_BLOCK / 2; i++)
            q4[2 + i] = (unsigned char)(i | (15 - i) << 4);
        vr_unpack_row(VIREO_Q8_0, q8, VR_BLOCK, out);
        for (int i = 0; i < VR_BLOCK; i++)
            assert_true((double)out[i] == scale * (signed char)q8[2 + i]);
        vr_unpack_row(VIREO_Q4_0, q4, VR_BLOCK, out);
        for (int i = 0; i < VR_BLOCK; i++)
            assert_true((double)out[i] == scale * (i < 16 ? i - 8 : 23 - i));
    }
}

/* What is not finite gives some block, and nothing undefined. */
static void not_finite(void **state)
{
    (void)state;
    static const float odd[] = {INFINITY, -INFINITY, NAN, 1e38f, 1e-45f, -1e-40f};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        float in[VR_BLOCK] = {1.0f, -2.0f, odd[i]}, out[VR_BLOCK];
        unsigned char block[34];
        vr_pack_row(VIREO_Q8_0, in, VR_BLOCK, block);
        vr_unpack_row(VIREO_Q8_0, block, VR_BLOCK, out);
        assert_true(i < 4 || out[1] == -2.0f || fabsf(out[1] + 2.0f) < 0.01f);
        vr_pack_row(VIREO_Q4_0, in, VR_BLOCK, block);
        vr_unpack_row(VIREO_Q4_0, block, VR_BLOCK, out);
        assert_true(i < 4 || out[1] == -2.0f);
    }
}

static void bf16_rounds_to_even(void **state)
{
    (void)state;
    static const struct {
        uint32_t in;
        uint16_t out;
    } rows[] = {
        {0x3F800000, 0x3F80}, /* 1 */
        {0x3F808000, 0x3F80}, /* a tie, down to even */
        {0x3F818000, 0x3F82}, /* a tie, up to even */
        {0x3F808001, 0x3F81}, {0x3F807FFF, 0x3F80}, {0x3FFFFFFF, 0x4000}, {0x80000000, 0x8000},
        {0x7F7FFFFF, 0x7F80}, /* beyond the largest */
        {0x7F7F7FFF, 0x7F7F}, {0xFF800000, 0xFF80}, {0x00000001, 0x0000}, {0x00018000, 0x0002},
        {0x7F800001, 0x7FC0}, /* stays a NaN */
        {0xFFFFFFFF, 0xFFFF},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(vr_float_to_bf16(from_bits(rows[i].in)), rows[i].out);
    for (uint32_t half = 0; half < 65536; half++) {
        const float value = vr_bf16_to_float((uint16_t)half);
        assert_int_equal(bits_of(value), half << 16);
        if (!isnan(value))
            assert_int_equal(vr_float_to_bf16(value), half);
    }
}

static void rows_of_every_dtype(void **state)
{
    (void)state;
    float in[64], out[64];
    unsigned char stored[256];
    for (int i = 0; i < 64; i++)
        in[i] = (float)(i - 32); /* exact in every format but q4_0 */
    static const struct {
        vireo_dtype dtype;
        float error;
    } rows[] = {{VIREO_F32, 0}, {VIREO_F16, 0}, {VIREO_BF16, 0}, {VIREO_Q8_0, 0.13f},
                {VIREO_Q4_0, 4}};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        vr_pack_row(rows[r].dtype, in, 64, stored);
        vr_unpack_row(rows[r].dtype, stored, 64, out);
        for (int i = 0; i < 64; i++)
            assert_true(fabsf(in[i] - out[i]) <= rows[r].error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_those_of_numpy), cmocka_unit_test(q8_0_by_hand),
        cmocka_unit_test(q4_0_by_hand),              cmocka_unit_test(every_scale_and_quant),
        cmocka_unit_test(not_finite),                cmocka_unit_test(bf16_rounds_to_even),
        cmocka_unit_test(rows_of_every_dtype),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
