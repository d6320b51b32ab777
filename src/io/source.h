/* SPDX-License-Identifier: Apache-2.0
 * Inside of vireo_source, shared by source.c (tensors) and source_config.c (hyper-parameters). */
#ifndef VR_IO_SOURCE_H
#define VR_IO_SOURCE_H
#include "base/arena.h"
#include "base/file.h"
#include "base/map.h"
#include "base/thread.h"
#include "io/json.h"

enum {
    VR_SOURCE_MAX_CONFIG = 16 << 20, /* bytes */
    VR_SOURCE_MAX_INDEX = 64 << 20,
    VR_SOURCE_MAX_VALUES = 1 << 18, /* of a JSON file: its tree stays below 32 MiB */
    VR_SOURCE_MAX_FILES = 4096,
    VR_SOURCE_DOCUMENTS = 5,
};

typedef struct vr_source_document {
    const char *prefix; /* static, with its point: "1_Pooling."; "" for config.json */
    cJSON *root;
} vr_source_document;

typedef struct vr_source_file {
    const char *path;
    vr_mapped mapped;
    size_t first_tensor; /* of its own; the next file's follow them */
} vr_source_file;

struct vireo_source {
    vireo_allocator hooks; /* a copy; allocator points here, or is NULL */
    const vireo_allocator *allocator;
    vr_arena arena; /* paths, names, tables */
    const char *path;
    vr_source_document documents[VR_SOURCE_DOCUMENTS];
    size_t document_count;
    vr_source_file *files;
    size_t file_count;
    vireo_source_tensor *tensors;
    size_t tensor_count;
    vr_map names;   /* tensor name -> index */
    vr_mutex mutex; /* hash */
    char hash[33];
};

/* config.json (needed) and the other files of hyper-parameters that stand in the folder. */
vireo_status vr_source_read_configs(vireo_source *, vireo_error *);
/* Whether a name from a file may be joined to the folder: relative, no "..", no backslash. */
bool vr_source_safe_path(const char *name);
#endif
