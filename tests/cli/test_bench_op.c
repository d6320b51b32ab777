/* SPDX-License-Identifier: Apache-2.0
 * vireo bench op on devices whose kernels are broken on purpose: a wrong result is told, nothing is timed. */
#include "cli/bench.h"
#include "run/selftest_fixture.h"

static const struct {
    const char *op;
    int64_t dims[VR_BENCH_DIMS];
    const char *force, *shader, *find, *replace;
} rows[] = {
    {"matmul", {24, 24, 24}, "matmul/texel", SELFTEST_DROPS_A_TERM},
    {"argmax", {5, 40}, "reduce/row", "reduce.comp", "return part.y;", "return part.y + 1u;"},
    /* no number */
    {"scale", {7, 12}, "unary/storage", "unary.comp", " * p.factor", " * uintBitsToFloat(0x7fc00000u)"},
};
enum { ROWS = sizeof rows / sizeof *rows };

static vireo_status bench(vireo_device *d, size_t row, vr_op_bench *o, vireo_error *err)
{
    *o = (vr_op_bench){.force = rows[row].force};
    memcpy(o->dims, rows[row].dims, sizeof o->dims);
    return vr_bench_op_time(d, vr_bench_find_op(rows[row].op), VIREO_F32, o, err);
}

static void test_right(void **state)
{
    vireo_device *d = selftest_reopen(*state, NULL);
    vr_op_bench o;
    vireo_error err = {0};
    for (size_t i = 0; i < ROWS; i++) {
        if (bench(d, i, &o, &err))
            fail_msg("row %zu: %s", i, err.message);
        assert_true(o.nmse >= 0 && o.nmse <= 1e-9);
        assert_true(o.time.runs >= 10 && o.repeats >= 3);
        assert_int_equal(o.checked, rows[i].dims[0]);
    }
}

static void test_wrong(void **state)
{
    selftest_fixture *f = *state;
    vr_op_bench o;
    for (size_t i = 0; i < ROWS; i++) {
        char said[64];
        vireo_error err = {0};
        const vr_device_override broken = selftest_broken(f, rows[i].shader, rows[i].find, rows[i].replace);
        vireo_device *d = selftest_reopen(f, &broken);
        snprintf(said, sizeof said, "%s/%s: wrong: NMSE ", rows[i].op, strchr(rows[i].force, '/') + 1);
        assert_int_equal(bench(d, i, &o, &err), VIREO_ERROR_DEVICE);
        if (strncmp(err.message, said, strlen(said)) != 0 ||
            !strstr(err.message, ", allowed 1e-09; nothing is timed"))
            fail_msg("row %zu: \"%s\"", i, err.message);
        assert_false(o.nmse <= 1e-9);
        assert_true(o.time.runs == 0 && o.repeats == 0);
    }
}

/* What a table says of a time. */
static void test_cells(void **state)
{
    static const vr_column columns[] = {{.title = "ms"}};
    vr_timing even = {.runs = 3, .samples = {2, 2.01, 2.02}}, wide = {.runs = 3, .samples = {2, 3, 4}};
    vr_table t;
    vr_str s;
    (void)state;
    vr_timing_scale(&even, 1);
    vr_timing_scale(&wide, 0.5);
    vr_str_init(&s, NULL);
    vr_table_init(&t, columns, 1);
    vr_bench_add_ms(&t, &even);
    vr_bench_add_ms(&t, &wide);
    vr_table_write(&t, 0, &s);
    assert_string_equal(s.data, "ms\n2.01\n1.5 noisy\n");
    vr_table_deinit(&t);
    vr_str_deinit(&s);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, selftest_set_up, selftest_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {CASE(test_right), CASE(test_wrong), CASE(test_cells)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
