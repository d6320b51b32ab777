/* SPDX-License-Identifier: Apache-2.0
 * Files of the cache folder. Each has a header of ours (magic, version, key, length, hash) that
 * rejects a damaged, foreign or truncated file before a driver sees its contents. Writers rename, so
 * processes may share the folder; the last one wins. Faults are a cache miss, never an error; the
 * first write that fails (read-only folder, symbolic link) is one warning. Thread-safe. */
#ifndef VR_VK_CACHE_H
#define VR_VK_CACHE_H
#include "base/hash.h"
#include "vk/device.h"

/* kind: "spirv" or "pipelines", part of the file name. *data: vr_free(device->allocator). */
bool vr_cache_load(vireo_device *, const char *kind, vr_hash128 key, void **data, size_t *bytes);
void vr_cache_store(vireo_device *, const char *kind, vr_hash128 key, const void *data,
                    size_t bytes);
#endif
