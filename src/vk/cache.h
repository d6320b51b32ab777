/* SPDX-License-Identifier: Apache-2.0
 * Files of the cache folder. Each has a header of ours (magic, version, key, length, hash) that
 * rejects a damaged, foreign or truncated file before a driver sees its contents, and contents that
 * are judged too. Writers rename, so processes may share the folder; the last one wins. Faults are
 * a cache miss and a line of the log, never an error; the first write that fails (read-only folder,
 * symbolic link) is one warning. Thread-safe. */
#ifndef VR_VK_CACHE_H
#define VR_VK_CACHE_H
#include "base/hash.h"
#include "vk/device.h"

/* What a file has in front of its contents. In the byte order of the machine: another one's file
 * fails at version. No padding, so that every byte is checked. */
typedef struct vr_cache_header {
    char magic[8];
    char kind[16];
    uint64_t version;
    vr_hash128 key;
    uint64_t bytes;
    vr_hash128 hash; /* of the contents */
} vr_cache_header;

vr_cache_header vr_cache_header_of(const char *kind, vr_hash128 key, const void *data,
                                   size_t bytes);
/* What is wrong with a whole file, or NULL. */
const char *vr_cache_fault(const char *kind, vr_hash128 key, const void *file, size_t bytes);

/* What is wrong with contents, or NULL. The two below judge what glslang made, and what
 * vkGetPipelineCacheData gave (user: the VkPhysicalDeviceProperties). */
typedef const char *(*vr_cache_judge)(const void *user, const void *data, size_t bytes);
const char *vr_spirv_fault(const void *user, const void *data, size_t bytes);
const char *vr_pipelines_fault(const void *user, const void *data, size_t bytes);

/* kind: "spirv" or "pipelines", part of the file name. *data: vr_free(device->allocator). */
bool vr_cache_load(vireo_device *, const char *kind, vr_hash128 key, vr_cache_judge,
                   const void *user, void **data, size_t *bytes);
void vr_cache_store(vireo_device *, const char *kind, vr_hash128 key, const void *data,
                    size_t bytes);
/* A file of the folder that has no header, under its own name. *path (vr_free), for messages, is given
 * even if nothing could be written; NULL: no cache folder, or exhausted. */
bool vr_cache_write(vireo_device *, const char *name, const void *data, size_t bytes, char **path);
/* The same for a caller who must know: a file of the folder by its whole path, no warning but an error. data:
 * NULL: nothing is written, but the error is that of trying to. */
vireo_status vr_cache_put(vireo_device *, const char *path, const void *data, size_t bytes, vireo_error *);
#endif
