/* SPDX-License-Identifier: Apache-2.0
 * What drivers do that no limit or feature of Vulkan says. */
#ifndef VR_VK_QUIRKS_H
#define VR_VK_QUIRKS_H
#include <volk.h>
#include "vireo/vireo.h"

/* Changes what info says to what is true of this driver, whose driver_info is already there. */
void vr_quirks_apply(VkDriverId, vireo_device_info *);
#endif
