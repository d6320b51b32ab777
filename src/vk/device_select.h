/* SPDX-License-Identifier: Apache-2.0
 * Which device a caller means. */
#ifndef VR_VK_DEVICE_SELECT_H
#define VR_VK_DEVICE_SELECT_H
#include "base/error.h"

/* select: index, UUID, or part of name or driver in any case; NULL or "": the first usable one.
 * infos stand in order of preference. The message of a failure lists all devices. */
vireo_status vr_device_select(const vireo_device_info *infos, size_t n, const char *select,
                              const vireo_allocator *, size_t *out, vireo_error *);
#endif
