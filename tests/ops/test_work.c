/* SPDX-License-Identifier: Apache-2.0
 * What calls cost, as profiles and schedules are told: counted here pair by pair and element by element. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>
#include "ops/op.h"

static vr_value value(vireo_dtype dtype, int64_t rows, int64_t width)
{
    return (vr_value){.dtype = dtype, .rank = width ? 2 : 1, .shape = {rows, width},
                      .symbol = VR_NO_SYMBOL, .count = rows};
}

/* Query i of n stands where key i + m - n of m does. */
static double count_pairs(int n, int m, bool causal, int window)
{
    double pairs = 0;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < m; j++) {
            const int distance = j - (i + m - n);
            pairs += (!causal || distance <= 0) && (!window || abs(distance) < window);
        }
    return pairs;
}

static void attention(void **state)
{
    (void)state;
    static const int32_t from[] = {0, 3, 3, 10}, of_keys[] = {0, 9, 11, 16};
    const vr_value q = value(VIREO_F32, 10, 32), k = value(VIREO_F32, 16, 16),
                   v = value(VIREO_F32, 16, 24), offsets = value(VIREO_I32, 4, 0);
    vr_value out = value(VIREO_F32, 10, 48);
    for (int causal = 0; causal < 2; causal++)
        for (int window = 0; window < 20; window += 3) {
            vr_call c = {.op = VR_OP_ATTENTION, .out = {&out},
                         .in = {&q, &k, &v, &offsets, &offsets},
                         .at.attention = {.n_heads = 4, .n_kv_heads = 2, .causal = causal != 0,
                                          .window = (uint32_t)window}};
            double pairs = 0;
            for (int s = 0; s < 3; s++)
                pairs += count_pairs(from[s + 1] - from[s], of_keys[s + 1] - of_keys[s], causal,
                                     window);
            const vr_host_ints known = {[3] = from, [4] = of_keys}, unknown = {0};
            const double each = 4 * 2 * (8 + 12);
            assert_true(vr_call_work(&c, known).flops == pairs * each);
            assert_true(vr_call_work(&c, unknown).flops ==
                        count_pairs(10, 16, causal, window) * each); /* one sequence */
        }
}

/* Offsets are the caller's and not checked before the device does: they take nothing away from others. */
static void bad_offsets(void **state)
{
    (void)state;
    static const int32_t from[] = {0, 9, 2, 5000, -7, -4};
    const vr_value q = value(VIREO_F32, 10, 32), offsets = value(VIREO_I32, 6, 0);
    vr_value out = value(VIREO_F32, 10, 32);
    for (int causal = 0; causal < 2; causal++) {
        const vr_call c = {.op = VR_OP_ATTENTION, .out = {&out}, .in = {&q, &q, &q, &offsets},
                           .at.attention = {.n_heads = 4, .n_kv_heads = 4, .causal = causal != 0}};
        const double pairs = count_pairs(9, 9, causal, 0) + count_pairs(3, 3, causal, 0);
        assert_true(vr_call_work(&c, (vr_host_ints){[3] = from}).flops == pairs * 4 * 2 * (8 + 8));
    }
}

static void products(void **state)
{
    (void)state;
    static const vr_host_ints none;
    vr_value a = value(VIREO_F32, 6, 10), b = value(VIREO_F32, 6, 7), out = value(VIREO_F32, 10, 7);
    vr_call c = {.op = VR_OP_MATMUL, .in = {&a, &b}, .out = {&out}, .at.matmul.transpose_a = true};
    vr_work w = vr_call_work(&c, none);
    assert_true(w.flops == 2.0 * 10 * 7 * 6);
    assert_true(w.bytes == 4.0 * (6 * 12 + 6 * 8 + 10 * 8)); /* rows are padded to fours */
    const vr_value q8 = value(VIREO_Q8_0, 7, 64), x = value(VIREO_F32, 5, 64);
    out = value(VIREO_F32, 5, 7);
    c = (vr_call){.op = VR_OP_MATMUL, .in = {&x, &q8}, .out = {&out}, .at.matmul.transpose_b = true};
    w = vr_call_work(&c, none);
    assert_true(w.flops == 2.0 * 5 * 7 * 64);
    assert_true(w.bytes == 4.0 * 5 * 64 + 7 * 80 + 4.0 * 5 * 8);
}

static void tables_and_others(void **state)
{
    (void)state;
    static const vr_host_ints none;
    vr_value table = value(VIREO_F32, 100, 8), ids = value(VIREO_I32, 20, 0),
             out = value(VIREO_F32, 20, 8);
    vr_call c = {.op = VR_OP_EMBEDDING, .in = {&table, &ids}, .out = {&out}};
    assert_true(vr_call_work(&c, none).bytes == 20 * 4.0 + 2 * 20 * 32.0);
    assert_true(vr_call_work(&c, none).flops == 20.0 * 8);
    table = value(VIREO_F32, 5, 8); /* fewer rows than ids */
    assert_true(vr_call_work(&c, none).bytes == 20 * 4.0 + (20 + 5) * 32.0);
    table = value(VIREO_F32, 1000, 8);
    const vr_value offsets = value(VIREO_I32, 5, 0);
    out = value(VIREO_F32, 4, 8);
    c = (vr_call){.op = VR_OP_EMBEDDING_BAG, .in = {&table, &ids, &offsets}, .out = {&out}};
    assert_true(vr_call_work(&c, none).bytes == (20 + 5) * 4.0 + (20 + 4) * 32.0);
    const vr_value x = value(VIREO_F32, 3, 1000);
    out = value(VIREO_F32, 3, 0);
    c = (vr_call){.op = VR_OP_REDUCE, .in = {&x}, .out = {&out}};
    assert_true(vr_call_work(&c, none).flops == 3000.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attention),
        cmocka_unit_test(bad_offsets),
        cmocka_unit_test(products),
        cmocka_unit_test(tables_and_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
