/* SPDX-License-Identifier: Apache-2.0
 * Runs one compute program over storage buffers and waits for it. */
#ifndef RUN_PROGRAM_H
#define RUN_PROGRAM_H
#include "vk/pipeline.h"

/* buffers: as many as the pipeline has bindings, all bound as storage or as RGBA32F texel views. */
vireo_status run_program(vireo_device *, const vr_pipeline *, const vr_buffer *const *buffers,
                         const void *push, uint32_t groups, vireo_error *);
#endif
