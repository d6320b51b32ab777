/* SPDX-License-Identifier: Apache-2.0 */
#include "base/estimate.h"
#include <math.h>
#include <stdlib.h>

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* P(X ≥ least) for X of n draws with chance p each. */
static double at_least(size_t least, size_t n, double p)
{
    double sum = 0, choices = 0; /* the logarithm of n over i */
    if (p >= 1)
        return 1;
    for (size_t i = 0; i <= n; i++) {
        if (i >= least)
            sum += exp(choices + (double)i * log(p) + (double)(n - i) * log1p(-p));
        if (i < n)
            choices += log((double)(n - i) / (double)(i + 1));
    }
    return sum;
}

/* The least sample that the `middle`-th of that share of all resamples does not exceed. */
static double quantile(const double *sorted, size_t n, size_t middle, double share)
{
    size_t k = 1;
    while (k < n && at_least(middle, n, (double)k / (double)n) < share)
        k++;
    return sorted[k - 1];
}

bool vr_is_noisy(const vr_estimate *e)
{
    return e->high - e->low > e->median / 20;
}

vr_estimate vr_estimate_of(double *samples, size_t n)
{
    qsort(samples, n, sizeof *samples, by_value);
    vr_estimate e = {.min = samples[0],
                     .median = n % 2 ? samples[n / 2] : (samples[n / 2 - 1] + samples[n / 2]) / 2,
                     .max = samples[n - 1],
                     .low = quantile(samples, n, (n + 1) / 2, 0.025),
                     .high = quantile(samples, n, n / 2 + 1, 0.975)};
    e.noisy = vr_is_noisy(&e);
    return e;
}
