/* SPDX-License-Identifier: Apache-2.0
 * Measuring small graphs on a device. */
#ifndef VR_CLI_BENCH_H
#define VR_CLI_BENCH_H
#include "cli/engine.h"
#include "cli/json_out.h"
#include "base/estimate.h"
#include "cli/bench_ops.h"
#include "cli/table.h"

enum { VR_TIMING_RUNS = 200 };
/* What is told of a run, or of part of it, is (sample - less) · by. */
typedef struct vr_timing {
    vr_estimate ms;
    size_t runs;
    double samples[VR_TIMING_RUNS]; /* (runs) ms as measured, in order of time */
    double less, by;
    size_t less_runs;                    /* 0: less is 0 */
    double less_samples[VR_TIMING_RUNS]; /* (less_runs) ms, in order of time: `less` is their median */
} vr_timing;
/* Each writes the estimate of the samples that are there. scale: a run is 1 / by of what is told. less: what
 * `one` measured is no part of it; the interval is of both. */
void vr_timing_scale(vr_timing *, double by);
void vr_timing_less(vr_timing *, const vr_timing *one, double by);
/* The figure that a share of them do not exceed (nearest rank). */
double vr_percentile(const vr_timing *, double share);

/* {"min", "median", "max", "low", "high", "noisy"} under key. */
void vr_out_timing(vr_json_out *, const char *key, const vr_timing *);
/* "samples", "less", "by" and "less_samples", members of the object at hand. */
void vr_out_samples(vr_json_out *, const vr_timing *);
typedef vireo_status vr_bench_run(void *user, vireo_error *);
/* After one run that is not counted: at least so many runs, and as many as fill half a second; at most
 * VR_TIMING_RUNS. */
vireo_status vr_bench_time(vr_bench_run *run, void *user, size_t least_runs, vr_timing *out, vireo_error *err);
/* The same with so many runs, however short: for what is no result. */
vireo_status vr_bench_time_few(vr_bench_run *run, void *user, size_t runs, vr_timing *out, vireo_error *err);
/* The same of two, for what the second does more: n further of something that is told of one each. They run in
 * turns, so that what else the machine does is in both. one: of the first, may be NULL. DEVICE: time and again
 * the second took no longer than the first. */
vireo_status vr_bench_time_further(vr_bench_run *run, void *const users[2], size_t n, size_t least_runs,
                                   vr_timing *one, vr_timing *further, vireo_error *err);

/* A session that has run once: what compiled then was named on a terminal. Its next run, which is not timed
 * either, is as all later ones are. */
vireo_status vr_bench_open(vireo_model *, const char *force, const vireo_tensor *in, size_t n_in,
                           vireo_tensor *out, size_t n_out, vireo_session **, vireo_error *);

/* Operands, the same in every run and on every machine. Element i is made of hash(first + i) alone: f32
 * (hash >> 8) / 2^24 - 0.5; f16 and bf16 sign and fraction of it, from 0.25 to below 0.5; of blocks it is
 * bytes. n: a multiple of the type's block. */
uint32_t vr_bench_hash(uint32_t i);
void vr_bench_fill(vireo_dtype, uint32_t first, size_t n, void *data);

typedef struct vr_matmul_bench {
    uint32_t m, n, k;
    bool plain_b, f16;  /* b is (k, n) instead of (n, k); its elements are halves */
    uint32_t repeats;   /* products in one run, so that copies and waits weigh little */
    const char *kernel; /* static */
    double gflops;      /* from the median */
    vr_timing time;     /* of one product */
} vr_matmul_bench;
/* m, n, k, plain_b and f16 are read, the rest is written. */
vireo_status vr_bench_matmul(vireo_device *, vr_matmul_bench *, vireo_error *);

typedef struct vr_device_bench {
    double submit_us;       /* one submission of one tiny dispatch, from call to result */
    double dispatch_us;     /* each further dispatch in it */
    double memory_gb_per_s; /* read and written by an addition of 2^20 floats */
    vr_timing submit, dispatch, memory; /* ms of one each */
    vr_matmul_bench matmul; /* 512 x 512 x 512 */
} vr_device_bench;
vireo_status vr_bench_device(vireo_device *, vr_device_bench *, vireo_error *);

typedef struct vr_op_bench {
    int64_t dims[VR_BENCH_DIMS]; /* read */
    const char *force;           /* read: "op/kernel", NULL: the library chooses; the rest is written */
    const char *op, *kernel;     /* the graph's op and its kernel; static */
    double flops, bytes;         /* of one (vireo_profile_event) */
    double nmse;                 /* against double precision */
    int64_t checked;             /* of dims[0] */
    uint32_t repeats;
    vr_timing time; /* of one */
} vr_op_bench;
/* dtype: of weights. Computes, compares, times. A wrong result is an error, and nothing is timed. UNSUPPORTED:
 * the kernel that is forced cannot run these sizes on this device. */
vireo_status vr_bench_op_time(vireo_device *, const vr_bench_op *, vireo_dtype dtype,
                              vr_op_bench *, vireo_error *);

typedef struct vr_bench_op_args {
    const char *name;   /* of the op, or "all" */
    const char *shapes; /* NULL: those of models */
    uint32_t dtype;     /* 0 to 4: f32, f16, bf16, q8_0, q4_0 */
    bool kernels, json; /* kernels: each that can run, not only the chosen one */
} vr_bench_op_args;
/* vireo bench op; the exit status. */
int vr_bench_op_command(vr_engine *, const vr_cli *, const vr_bench_op_args *);
/* The ops and the order of their sizes, on standard error. */
void vr_bench_op_names(void);
/* A cell: the median in ms, "noisy" behind it where it is. */
void vr_bench_add_ms(vr_table *, const vr_timing *);
typedef struct vr_bench_search_args {
    uint32_t rows, dim, queries, k; /* 0: of queries 1, of k 10 */
    vireo_dtype dtype;              /* of the table: f32 or f16 */
    uint32_t runs;                  /* at least; 0: 5 */
    bool json;
} vr_bench_search_args;
/* vireo bench search; the exit status. */
int vr_bench_search_command(vr_engine *, const vr_cli *, const vr_bench_search_args *);
/* vireo bench compare: paths (2); 1 if a result is slower by more than so many percent. */
int vr_bench_compare_command(const vr_cli *, char **paths, uint32_t percent, bool json);
#endif
