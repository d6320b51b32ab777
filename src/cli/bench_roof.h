/* SPDX-License-Identifier: Apache-2.0
 * The measured roof: what a device, and beside it the host, does at most. */
#ifndef VR_CLI_BENCH_ROOF_H
#define VR_CLI_BENCH_ROOF_H
#include "cli/bench.h"
#include <math.h>

typedef struct vr_roof_row {
    const char *key;  /* "copy_gb_per_s": of the JSON; static */
    const char *by_key; /* "copy_by": of `by`; NULL: there is nothing to choose; static */
    const char *name; /* "device copy": of a result of the suite; static */
    const char *by;   /* "storage", "texel": how memory was read, the faster one; "" without by_key */
    bool offered;     /* false: the device has no such arithmetic, nothing is measured */
    double amount;    /* bytes or operations in what `time` is of; 0: the time is the figure */
    vr_timing time;
} vr_roof_row;
enum { VR_ROOF_ROWS = 12 };
/* Every row, in the order of printing. Compiling is measured on a device object of its own, without a cache
 * folder. A wrong result is an error. */
vireo_status vr_bench_roof(const vr_engine *, vr_roof_row rows[VR_ROOF_ROWS], vireo_error *);
/* The most that arithmetic in f32, and copying or reading, reached, in few runs: no kernel exceeds it but by caches. */
vireo_status vr_bench_roof_most(vireo_device *, double *gflops, double *gb_per_s, vireo_error *);
/* In the unit that the key ends in; NAN: it is not offered. */
double vr_roof_figure(const vr_roof_row *);

/* STREAM-like loops over 64 MiB in C, on all cores (McCalpin 1995): each 8 bytes copied, or summed. */
typedef struct vr_host_loop {
    bool copies;
    uint64_t *from, *to; /* (64 MiB), owned */
    uint64_t sums[64];   /* of each MiB */
} vr_host_loop;
enum { VR_HOST_BYTES = 64 << 20 };
vireo_status vr_host_loop_init(vr_host_loop *, bool copies, vireo_error *);
vireo_status vr_host_loop_run(void *loop, vireo_error *);
vireo_status vr_host_loop_check(const vr_host_loop *, vireo_error *); /* whether all was copied or summed */
void vr_host_loop_deinit(vr_host_loop *);
#endif
