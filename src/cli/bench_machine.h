/* SPDX-License-Identifier: Apache-2.0
 * The machine that measurements are of, as Linux tells it. */
#ifndef VR_CLI_BENCH_MACHINE_H
#define VR_CLI_BENCH_MACHINE_H
#include "cli/json_out.h"

typedef struct vr_machine {
    char cpu[256];       /* /proc/cpuinfo's model name; without one the architecture */
    const char *vectors; /* its widest vector instructions, "avx2"; "": none that is known. Static */
    char os[256];        /* PRETTY_NAME of os-release; "": it is not told */
    char system[80], release[80]; /* the kernel's */
    uint64_t memory_bytes;
    size_t cores;
    double load; /* average of the last minute; NAN: it is not told */
} vr_machine;

void vr_machine_read(vr_machine *);
void vr_out_machine(vr_json_out *, const vr_machine *); /* the member "machine" */
#endif
