/* SPDX-License-Identifier: Apache-2.0
 * Inside of vireo_source: source.c (files and tensors), source_index.c (shards), source_config.c
 * and source_hyper.c (hyper-parameters). What judges a text takes its tree, not a path. */
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

typedef struct vr_source_tensor {
    vireo_source_tensor shown;
    const vr_file *file;
    size_t begin; /* of its data, from the file's first byte */
} vr_source_tensor;

struct vireo_source {
    vireo_allocator hooks; /* a copy; allocator points here, or is NULL */
    const vireo_allocator *allocator;
    vr_arena arena; /* paths, names, tables */
    const char *path;
    vr_source_document documents[VR_SOURCE_DOCUMENTS];
    size_t document_count;
    vr_file *files; /* open until the source is closed */
    size_t file_count;
    vr_source_tensor *tensors;
    size_t tensor_count;
    vr_map names;   /* tensor name -> index */
    vr_mutex mutex; /* hash */
    char hash[33];
};

/* One without files, of the folder `path`; vireo_source_close. */
vireo_status vr_source_create(const vireo_allocator *, const char *path, vireo_source **out,
                              vireo_error *);
/* NULL: none of that name. */
const vr_source_tensor *vr_source_tensor_of(const vireo_source *, const char *name);

/* Takes the tree of the file `path` as the document of a prefix (static); it must be an object, or
 * an array. */
vireo_status vr_source_add_document(vireo_source *, const char *path, const char *prefix,
                                    bool array, cJSON *root, vireo_error *);
/* The folder of the pooling step that modules.json (may be NULL) lists; NULL if it lists none. */
vireo_status vr_source_pooling_folder(const vireo_source *, const cJSON *modules, const char **out,
                                      vireo_error *);
/* What hyper-parameters mean is the same in all architectures: type, range, and whether those that
 * divide each other do. Absent ones are not missed. err->reason: TYPE, LIMIT or HPARAM. */
vireo_status vr_source_check_hyper(const vireo_source *, vireo_error *);
/* The value at a dotted path over all documents; NULL: absent, or null. */
const cJSON *vr_source_value(const vireo_source *, const char *key);

/* Whether a name from a file may be joined to the folder: relative, no "..", no backslash. */
bool vr_source_safe_path(const char *name);
/* The different shards that an index (the tree of `path`) names, in its order; names borrows from
 * the tree and has room for VR_SOURCE_MAX_FILES. */
vireo_status vr_source_list_shards(const vireo_allocator *, const char *path, const cJSON *index,
                                   const char **names, size_t *count, vireo_error *);
/* Every tensor that the index names stands in the shard it names. */
vireo_status vr_source_check_index(const vireo_source *, const char *path, const cJSON *index,
                                   vireo_error *);
#endif
