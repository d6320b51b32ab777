/* SPDX-License-Identifier: Apache-2.0
 * Copies between host memory and buffers the host cannot see, in chunks through one staging buffer.
 * Thread-safe; copies of one device run one after the other. */
#ifndef VR_VK_TRANSFER_H
#define VR_VK_TRANSFER_H
#include "vk/device.h"

vireo_status vr_transfer_write(vireo_device *, const vr_buffer *, uint64_t offset, const void *data,
                               uint64_t bytes, vireo_error *);
vireo_status vr_transfer_read(vireo_device *, const vr_buffer *, uint64_t offset, void *data,
                              uint64_t bytes, vireo_error *);
void vr_transfer_destroy(vireo_device *);
#endif
