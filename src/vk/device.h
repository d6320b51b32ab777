/* SPDX-License-Identifier: Apache-2.0
 * The Vulkan device: instance, queue, function table, limits, pipelines. Everything in src/vk knows
 * buffers and programs, no tensors. Thread-safety: any thread, the locks are inside. */
#ifndef VR_VK_DEVICE_H
#define VR_VK_DEVICE_H
#include <volk.h>
#include "base/error.h"
#include "base/log.h"
#include "base/thread.h"
#include "vk/instance.h"
#include "vk/profile.h"

/* What tests lower or force on purpose; zero: the device's own. Set through vr_device_create_with. */
typedef struct vr_device_override {
    uint64_t max_storage_binding_bytes, max_allocation_bytes;
    uint32_t max_texel_elements, max_workgroup_invocations, max_shared_bytes, max_storage_bindings,
        max_loop_iterations, dispatch_us;
    bool no_subgroups, no_shuffle, whole_dispatches;
    bool costly_texel_fetch, cheap_texel_fetch; /* one of them at most */
    bool discrete, cpu; /* what is chosen on a GPU, on a CPU, is chosen; memory stays; one of them at most */
    bool no_timestamps, steady_pace;
    double segment_ns;
    bool force_staging; /* the device's memory is its own, and invisible to the host */
    const char *shader, *shader_text; /* borrowed: the text takes the place of the file of that name */
} vr_device_override;

/* Numbers a test or a report reads; written with relaxed atomics; all but memory_bytes only ever grow. */
typedef struct vr_counters {
    _Atomic uint64_t validation_messages, shaders_compiled, shaders_cached, pipelines_created,
        commands_recorded, submits, dispatches, groups; /* dispatches and groups actually submitted */
    _Atomic uint64_t ns_glslang, ns_pipeline, ns_upload;
    _Atomic uint64_t memory_bytes, memory_peak_bytes; /* allocated of the driver: now, at most */
} vr_counters;

struct vireo_device {
    vireo_allocator allocator_storage;
    const vireo_allocator *allocator; /* NULL: malloc */
    vr_log log;
    vr_instance instance;
    VkPhysicalDevice physical;
    VkDevice handle;
    struct VolkDeviceTable fn; /* this device's entry points; nothing else calls device functions */
    VkPhysicalDeviceMemoryProperties memory;
    uint32_t queue_family;
    VkQueue queue;
    vr_mutex queue_lock;   /* around vkQueueSubmit */
    _Atomic bool lost;     /* sticky */
    vireo_device_info info; /* with overrides applied */
    bool force_staging;
    bool shares_memory;    /* with the host: that of CPU drivers and of GPUs without memory of their own */
    double segment_ns;     /* what a submission takes at most, where that is known (vr_call_ns) */
    _Atomic float pace;    /* what submissions take, of what was expected of the slowest device */
    bool steady_pace;      /* it stays 1 */
    double tick_ns;        /* of a timestamp; 0: the device has none */
    uint64_t tick_mask;    /* the bits it has */
    char *cache_dir;       /* NULL: no cache on disk */
    vr_counters counters;
    struct vr_pipeline_store *pipelines; /* pipeline.h */
    struct vr_verdicts *verdicts;        /* verdict.h */
    struct vr_tuned *tuned;              /* tuned.h */
    vr_profile profile;                  /* profile.h */
    const char *shader, *shader_text;    /* of the override */
    struct vr_transfer *transfer;        /* staging copies, transfer.h; made at the first one */
    vr_mutex transfer_lock;
    _Atomic bool cache_warned; /* a fault of the cache folder is reported once */
};

vireo_status vr_device_create_with(const vireo_device_options *, const vr_device_override *,
                                   vireo_device **out, vireo_error *);
/* VkResult → status and message "<what>: <VkResult name>"; VK_ERROR_DEVICE_LOST makes the device
 * lost, and every later vr_device_check fails. VK_SUCCESS → VIREO_OK. */
vireo_status vr_vk_check(vireo_device *, VkResult, const char *what, vireo_error *);
vireo_status vr_device_check(vireo_device *, vireo_error *); /* fails if the device is lost */
enum { VR_DRIVER_KEY = 17 };
/* A hash of the driver's name, texts and version, as digits: lavapipe's version number is the same in all
 * of its versions. */
void vr_device_driver_key(const vireo_device *, char out[VR_DRIVER_KEY]);

/* ---- Buffers ------------------------------------------------------------------------------- */

typedef enum vr_memory_kind {
    VR_MEMORY_DEVICE, /* device-local; host-visible too where that costs nothing (CPU, integrated) */
    VR_MEMORY_HOST,   /* host-visible, coherent, mapped; cached where there is such a type */
} vr_memory_kind;
typedef struct vr_buffer {
    VkBuffer handle;
    VkDeviceMemory memory;
    uint64_t bytes, room; /* as asked; as made */
    uint64_t allocated;   /* of memory */
    void *mapped; /* NULL: not visible to the host */
} vr_buffer;
/* Usage: storage, uniform, uniform texel, storage texel, indirect, transfer. bytes 0 is raised to 16. `what`
 * names it in errors ("weights", ...). Memory is its own allocation; > max_allocation_bytes is
 * VIREO_ERROR_LIMIT with both numbers; exhausted memory says how much was asked. */
vireo_status vr_buffer_create(vireo_device *, uint64_t bytes, vr_memory_kind, const char *what,
                              vr_buffer *out, vireo_error *);
void vr_buffer_destroy(vireo_device *, vr_buffer *); /* zeroes it; a zeroed one is fine */
/* Synchronous; straight through the mapping, or by staging. */
vireo_status vr_buffer_write(vireo_device *, const vr_buffer *, uint64_t offset, const void *data,
                             uint64_t bytes, vireo_error *);
vireo_status vr_buffer_read(vireo_device *, const vr_buffer *, uint64_t offset, void *data,
                            uint64_t bytes, vireo_error *);
/* Texel view of [offset, offset + bytes), or of vr_view_bytes(bytes) where there are so many: what the
 * device may count as read. */
enum { VR_VIEW_EXCESS = 256 };
uint64_t vr_view_bytes(uint64_t bytes); /* at most VR_VIEW_EXCESS more than bytes */
vireo_status vr_view_create(vireo_device *, const vr_buffer *, VkFormat, uint64_t offset,
                            uint64_t bytes, VkBufferView *out, vireo_error *);
#endif
