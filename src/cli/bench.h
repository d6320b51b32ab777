/* SPDX-License-Identifier: Apache-2.0
 * Measuring small graphs on a device. */
#ifndef VR_CLI_BENCH_H
#define VR_CLI_BENCH_H
#include "cli/engine.h"
#include "vireo/graph.h"

typedef struct vr_timing {
    double min, median, max; /* ms a run */
    size_t runs;
} vr_timing;

/* After one run that is not counted: at least 5 runs, and as many as fill half a second. */
vireo_status vr_bench_time(vireo_status (*once)(void *user, vireo_error *), void *user,
                           size_t least_runs, vr_timing *out, vireo_error *);

typedef struct vr_matmul_bench {
    uint32_t m, n, k;
    bool plain_b, f16;  /* b is (k, n) instead of (n, k); its elements are halves */
    uint32_t repeats;   /* products in one submission, so that copies and waits weigh little */
    const char *kernel; /* static */
    double gflops;      /* from the median */
    vr_timing ms;       /* of one product */
} vr_matmul_bench;
/* m, n, k, plain_b and f16 are read, the rest is written. */
vireo_status vr_bench_matmul(vireo_device *, vr_matmul_bench *, vireo_error *);

typedef struct vr_device_bench {
    double submit_us;       /* one submission of one tiny dispatch, from call to result */
    double dispatch_us;     /* each further dispatch in it */
    double memory_gb_per_s; /* read and written by an addition of 2^20 floats */
    vr_matmul_bench matmul; /* 512 x 512 x 512 */
} vr_device_bench;
vireo_status vr_bench_device(vireo_device *, vr_device_bench *, vireo_error *);
#endif
