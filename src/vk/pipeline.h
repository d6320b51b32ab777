/* SPDX-License-Identifier: Apache-2.0
 * Compute programs: text + defines + bindings → pipeline, compiled at most once per device, in
 * parallel, through the SPIR-V and pipeline caches. The device owns them all. Thread-safe. */
#ifndef VR_VK_PIPELINE_H
#define VR_VK_PIPELINE_H
#include "vk/compiler.h"
#include "vk/device.h"

#define VR_MAX_BINDINGS 10
typedef enum vr_binding_kind {
    VR_BIND_STORAGE,       /* storage buffer */
    VR_BIND_TEXEL,         /* uniform texel buffer */
    VR_BIND_UNIFORM,       /* uniform buffer */
} vr_binding_kind;

typedef struct vr_program_desc {
    const char *name;    /* "matmul/texel_nk", for messages */
    const char *source;  /* GLSL, not yet expanded */
    const char *defines; /* "#define A B\n..." or "" */
    vr_include_fn include;
    uint32_t n_bindings; /* set 0, binding i */
    vr_binding_kind bindings[VR_MAX_BINDINGS];
    uint32_t push_bytes;
} vr_program_desc;

typedef struct vr_pipeline {
    VkPipeline handle;
    VkPipelineLayout layout;
    VkDescriptorSetLayout set_layout;
    uint32_t n_bindings;
    vr_binding_kind bindings[VR_MAX_BINDINGS];
    uint32_t push_bytes;
} vr_pipeline;

/* out[i] for descs[i]; equal programs give the same pointer. The pipelines live as long as the device. */
vireo_status vr_pipelines_get(vireo_device *, const vr_program_desc *descs, size_t n,
                              const vr_pipeline **out, vireo_error *);
/* Called by the device: reads the pipeline cache; writes it if it grew, and destroys all. */
vireo_status vr_pipeline_store_create(vireo_device *, vireo_error *);
void vr_pipeline_store_destroy(vireo_device *);
/* Writes the pipeline cache if it grew since it was last written. */
void vr_pipeline_store_save(vireo_device *);
#endif
