/* SPDX-License-Identifier: Apache-2.0
 * What a compute program asks of a device before it can be made there. */
#ifndef VR_VK_PROGRAM_NEEDS_H
#define VR_VK_PROGRAM_NEEDS_H
#include "base/error.h"

typedef struct vr_program_needs {
    uint32_t invocations;  /* of a workgroup */
    uint32_t shared_bytes; /* of all its shared variables, laid out as std430 does */
} vr_program_needs;

/* words: SPIR-V that vr_spirv_fault finds sound. Numbers past 32 bits are UINT32_MAX. Thread-safe.
 * Error: no memory. */
vireo_status vr_program_needs_read(const vireo_allocator *, const uint32_t *words, size_t n_words,
                                   vr_program_needs *out, vireo_error *);
#endif
