/* SPDX-License-Identifier: Apache-2.0
 * A model on a device: its graph and its constants. Immutable once created. */
#ifndef VR_RUN_MODEL_H
#define VR_RUN_MODEL_H
#include "graph/graph.h"
#include "vk/device.h"

/* Where a value lives: a buffer and a byte offset, a multiple of 256. */
typedef struct vr_place {
    const vr_buffer *buffer;
    uint64_t offset;
} vr_place;

struct vireo_model {
    vireo_device *device;
    vireo_graph *graph;
    vr_buffer *buffers; /* constants, in the order of the graph, as few allocations as limits allow */
    size_t n_buffers;
    vr_place *constants; /* [value id]; buffer NULL for other kinds */
    size_t weight_bytes;
    bool any_kernel; /* the self-test's: kernels that failed may be chosen */
};

/* Takes the graph (nulled). Constants are uploaded with their rows padded (upload.h). */
vireo_status vr_model_create(vireo_device *, vireo_graph **, const vireo_model_options *,
                             vireo_model **out, vireo_error *);
void vr_model_destroy(vireo_model **);

/* Weights whose every use is the right side of a matmul are turned where kernels gain. (N, K) become
 * (K, N) if that fits one texel view: neighbouring lanes then read neighbouring vec4s, which real GPUs
 * need and software drivers gain a fifth from (docs/BENCHMARKS.md). (K, N) larger than a binding become
 * (N, K), which can be bound slab by slab. Packed weights are fastest as (N, K) and blocks cannot be
 * turned. */
void vr_turn_weights(vireo_graph *, const vireo_device_info *);
#endif
