/* SPDX-License-Identifier: Apache-2.0
 * Figures of timings: the nearest rank, by its definition, of samples whose ranks are known. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "cli/bench.h"

/* Of n samples 1, 2, ..., n the figure of rank i is i. */
static const struct {
    size_t n;
    double share, want;
} rows[] = {
    {100, 0.5, 50}, {100, 0.95, 95}, {100, 0.99, 99}, {100, 1, 100}, {100, 0, 1},
    {10, 0.5, 5},   {10, 0.95, 10},  {10, 0.99, 10},  {10, 0.05, 1}, /* of few the last is all of them */
    {200, 0.5, 100}, {200, 0.95, 190}, {200, 0.99, 198},
    {101, 0.5, 51}, {101, 0.95, 96}, {101, 0.99, 100}, /* a rank between two: the higher one */
    {1, 0.5, 1},    {1, 0.99, 1},
};
enum { ROWS = sizeof rows / sizeof *rows };

/* In an order of time that is none of size: 37 has no divisor in common with any n above. */
static void fill(vr_timing *t, size_t n)
{
    t->runs = n;
    for (size_t i = 0; i < n; i++)
        t->samples[i] = (double)(1 + i * 37 % n);
}

static void test_percentile(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        vr_timing t = {.runs = 0};
        fill(&t, rows[i].n);
        vr_timing_scale(&t, 1);
        if (vr_percentile(&t, rows[i].share) != rows[i].want)
            fail_msg("row %zu: %g instead of %g", i, vr_percentile(&t, rows[i].share), rows[i].want);
    }
}

/* What is told is of one of many, less what each submission costs; the samples stay in order of time. */
static void test_scaled(void **state)
{
    vr_timing t = {.runs = 0}, one = {.runs = 3, .samples = {9, 11, 10}};
    (void)state;
    fill(&t, 100);
    const double first = t.samples[0], second = t.samples[1];
    vr_timing_scale(&t, 0.25);
    assert_true(vr_percentile(&t, 0.95) == 95 * 0.25);
    vr_timing_scale(&one, 1);
    vr_timing_less(&t, &one, 0.5);
    assert_true(vr_percentile(&t, 0.95) == (95 - 10) * 0.5 && vr_percentile(&t, 0.5) == (50 - 10) * 0.5);
    assert_true(t.samples[0] == first && t.samples[1] == second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_percentile), cmocka_unit_test(test_scaled)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
