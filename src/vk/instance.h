/* SPDX-License-Identifier: Apache-2.0
 * Loader and instance, and what physical devices say of themselves. */
#ifndef VR_VK_INSTANCE_H
#define VR_VK_INSTANCE_H
#include <volk.h>
#include "base/error.h"
#include "base/log.h"

typedef struct vr_instance {
    VkInstance handle;
    VkDebugUtilsMessengerEXT messenger; /* VK_NULL_HANDLE without validation */
    uint32_t api_version; /* that may be used: the loader's, at most 1.2 */
    struct vr_messages *messages; /* where validation messages go; NULL without validation */
} vr_instance;

/* on_message(user) is called for every validation warning or error, after it was logged. The
 * allocator of the options must outlive the instance. */
vireo_status vr_instance_create(const vireo_device_options *, void (*on_message)(void *user),
                                void *user, vr_instance *out, vireo_error *);
void vr_instance_destroy(vr_instance *);
/* All physical devices in order of preference (discrete > integrated > virtual > CPU > other, then
 * the loader's order), described. Both arrays are freed with vr_free(allocator). */
vireo_status vr_instance_devices(const vr_instance *, const vireo_allocator *,
                                 VkPhysicalDevice **devices, vireo_device_info **infos,
                                 size_t *count, vireo_error *);
#endif
