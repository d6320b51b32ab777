/* SPDX-License-Identifier: Apache-2.0
 * A median, and how well repeated timings determine it. */
#ifndef VR_BASE_ESTIMATE_H
#define VR_BASE_ESTIMATE_H
#include <stdbool.h>
#include <stddef.h>

typedef struct vr_estimate {
    double min, median, max;
    double low, high; /* the median's bootstrap interval of 95 % */
    bool noisy;       /* it is wider than a twentieth of the median */
} vr_estimate;

/* Sorts the samples; n of at least 1. The interval is that of endlessly many resamples (Efron 1979, section
 * 3): the share of resamples whose median is at most the k-th sample is that of a binomial distribution.
 * Of an even number, where the median is the mean of two, it goes from the lower one's end to the upper's. */
vr_estimate vr_estimate_of(double *samples, size_t n);
bool vr_is_noisy(const vr_estimate *); /* by median, low and high */
#endif
