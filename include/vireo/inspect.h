/* SPDX-License-Identifier: Apache-2.0
 *
 * Looking inside: counters, kernels, plans. Unstable: may change in any version. */
#ifndef VIREO_INSPECT_H
#define VIREO_INSPECT_H
#include "vireo/vireo.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Totals of a device since it was created; they only grow. */
typedef struct vireo_counters {
    uint64_t validation_messages; /* of the validation layer (device option) */
    uint64_t shaders_compiled, shaders_cached, pipelines_created;
    uint64_t commands_recorded;   /* buckets recorded */
    uint64_t submits, dispatches, groups; /* submitted */
    uint64_t ns_glslang, ns_pipeline, ns_upload; /* summed over threads */
} vireo_counters;
void vireo_device_get_counters(const vireo_device *, vireo_counters *out);

/* Ops and their kernels in order of preference, for vireo_session_options.force_kernel, which takes
 * "op/kernel" or several with commas. NULL past the end. */
const char *vireo_op_name(size_t op);
const char *vireo_kernel_name(size_t op, size_t kernel);

/* The bucket that ran last. */
typedef struct vireo_plan_info {
    uint64_t arena_bytes, lower_bound_bytes; /* planned peak; most bytes live at one moment */
    size_t nodes, dispatches, buckets;
} vireo_plan_info;
vireo_status vireo_session_get_plan(const vireo_session *, vireo_plan_info *out, vireo_error *);
/* Kernel chosen for a node of the bucket that ran last, "view" where nothing is computed, and, in *op,
 * its op; NULL past the end. Static strings. */
const char *vireo_session_get_kernel(const vireo_session *, size_t node, const char **op);

#ifdef __cplusplus
}
#endif
#endif
