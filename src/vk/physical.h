/* SPDX-License-Identifier: Apache-2.0
 * One physical device in our words, and whether it can serve. */
#ifndef VR_VK_PHYSICAL_H
#define VR_VK_PHYSICAL_H
#include "vk/instance.h"

/* Everything but the index. Fails on exhausted memory only; what a device lacks is in why_not. */
vireo_status vr_physical_describe(const vr_instance *, const vireo_allocator *, VkPhysicalDevice,
                                  vireo_device_info *out, vireo_error *);
/* The first queue family that computes; UINT32_MAX: none. */
uint32_t vr_physical_queue_family(VkPhysicalDevice);
/* Nanoseconds of a tick of the family's timestamps, and the mask of bits they have; 0: it has none. */
double vr_physical_ticks(VkPhysicalDevice, uint32_t family, uint64_t *mask);
#endif
