/* SPDX-License-Identifier: Apache-2.0
 * The median's interval, beside all resamples there are of a few samples, and many of more. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/estimate.h"

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_of(double *x, size_t n)
{
    qsort(x, n, sizeof *x, by_value);
    return (x[(n - 1) / 2] + x[n / 2]) / 2;
}

/* Of five samples all 5^5 resamples. */
static void every_resample(void **state)
{
    (void)state;
    enum { N = 5, ALL = 3125 };
    double samples[N] = {9, 2, 5, 3, 30}, sorted[N] = {2, 3, 5, 9, 30};
    static double medians[ALL];
    for (int i = 0; i < ALL; i++) {
        double resample[N];
        for (int j = 0, code = i; j < N; j++, code /= N)
            resample[j] = sorted[code % N];
        medians[i] = median_of(resample, N);
    }
    qsort(medians, ALL, sizeof *medians, by_value);
    const vr_estimate e = vr_estimate_of(samples, N);
    assert_true(e.min == 2 && e.median == 5 && e.max == 30);
    assert_true(e.low == medians[(int)ceil(0.025 * ALL) - 1]);
    assert_true(e.high == medians[(int)ceil(0.975 * ALL) - 1]);
    assert_true(e.noisy);
}

static void many_resamples(void **state)
{
    (void)state;
    enum { N = 40, MANY = 20000 };
    double samples[N], medians[MANY];
    uint32_t random = 1;
    for (int i = 0; i < N; i++)
        samples[i] = 100 + (double)i;
    for (int i = 0; i < MANY; i++) {
        double resample[N];
        for (int j = 0; j < N; j++) {
            random = random * 1664525u + 1013904223u;
            resample[j] = 100 + (double)((random >> 8) % N);
        }
        medians[i] = median_of(resample, N);
    }
    qsort(medians, MANY, sizeof *medians, by_value);
    const vr_estimate e = vr_estimate_of(samples, N);
    assert_true(e.median == 119.5);
    const double low = medians[MANY / 40], high = medians[MANY - MANY / 40];
    assert_true(e.low <= low && e.low >= low - 1.5); /* a step is 1; wide rather than narrow */
    assert_true(e.high >= high && e.high <= high + 1.5);
    assert_true(fabs((e.low + e.high) / 2 - e.median) < 1e-9); /* as the samples are */
}

static void few_samples(void **state)
{
    (void)state;
    double one[] = {7}, equal[] = {4, 4, 4, 4}, two[] = {3, 1};
    vr_estimate e = vr_estimate_of(one, 1);
    assert_true(e.min == 7 && e.median == 7 && e.max == 7 && e.low == 7 && e.high == 7 && !e.noisy);
    e = vr_estimate_of(equal, 4);
    assert_true(e.low == 4 && e.high == 4 && !e.noisy);
    e = vr_estimate_of(two, 2);
    assert_true(e.median == 2 && e.low == 1 && e.high == 3 && e.noisy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_resample),
        cmocka_unit_test(many_resamples),
        cmocka_unit_test(few_samples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
