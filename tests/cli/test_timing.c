/* SPDX-License-Identifier: Apache-2.0
 * Figures of timings: the nearest rank, by its definition, of samples whose ranks are known; what a run takes
 * that does more than another. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "base/thread.h"
#include "cli/bench.h"
#include <math.h>
#include <string.h>

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

/* Two runs that take so many microseconds, and so many from the `from`-th call on. */
typedef struct machine {
    uint64_t us[2], later_us[2];
    size_t from, calls[2];
    bool in_turns;
} machine;

typedef struct machine_run {
    machine *on;
    int which;
} machine_run;

static vireo_status run(void *user, vireo_error *err)
{
    const machine_run *r = user;
    machine *m = r->on;
    const uint64_t *us = m->calls[0] + m->calls[1] < m->from ? m->us : m->later_us, start = vr_now_ns();
    (void)err;
    m->calls[r->which]++;
    m->in_turns = m->in_turns && m->calls[0] - m->calls[1] == (r->which == 0);
    while (vr_now_ns() - start < 1000 * us[r->which])
        ;
    return VIREO_OK;
}

static vireo_status further(machine *m, vr_timing *one, vr_timing *more, vireo_error *err)
{
    machine_run runs[] = {{m, 0}, {m, 1}};
    m->in_turns = true;
    return vr_bench_time_further(run, (void *[]){&runs[0], &runs[1]}, 4, 10, one, more, err);
}

/* In turns, one for one: timed one after the other, what else runs would be in one of them alone. */
static void test_further(void **state)
{
    machine m = {.us = {100, 900}, .from = SIZE_MAX};
    vr_timing one, more;
    (void)state;
    assert_int_equal(further(&m, &one, &more, NULL), VIREO_OK);
    assert_true(m.in_turns && m.calls[0] == m.calls[1]);
    assert_true(one.runs >= 10 && more.runs == one.runs && more.less_runs == one.runs);
    assert_true(more.by == 0.25 && more.less == one.ms.median && more.ms.median > 0);
    assert_memory_equal(more.less_samples, one.samples, one.runs * sizeof *one.samples);
    vr_timing all = more;
    vr_timing_scale(&all, 1);
    assert_true(fabs((all.ms.median - one.ms.median) / 4 - more.ms.median) < 1e-9);
}

/* Where the second took no longer they are timed again; in the end that is told, for a figure of it is none. */
static void test_no_further(void **state)
{
    enum { TIMED = 2 * (VR_TIMING_RUNS + 1) }; /* calls, each so short that half a second holds them */
    machine busy = {.us = {40, 0}, .later_us = {0, 40}, .from = TIMED}, m = {.us = {40, 0}, .from = SIZE_MAX};
    vr_timing more;
    vireo_error err = {0};
    (void)state;
    assert_int_equal(further(&busy, NULL, &more, &err), VIREO_OK);
    assert_true(busy.in_turns && more.ms.median > 0 && busy.calls[0] + busy.calls[1] > TIMED);
    assert_int_equal(further(&m, NULL, &more, &err), VIREO_ERROR_DEVICE);
    assert_true(m.in_turns && m.calls[0] + m.calls[1] == 4 * TIMED);
    assert_non_null(strstr(err.message, "a run with 4 further dispatches took "));
    assert_non_null(strstr(err.message, "; run it again when less runs"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_percentile), cmocka_unit_test(test_scaled),
                                       cmocka_unit_test(test_further), cmocka_unit_test(test_no_further)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
