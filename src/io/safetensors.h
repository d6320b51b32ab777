/* SPDX-License-Identifier: Apache-2.0
 * The safetensors format (github.com/huggingface/safetensors): 8 bytes little-endian N, N bytes of
 * JSON {"name": {"dtype", "shape", "data_offsets"}, "__metadata__"?}, then data without holes.
 * Stricter than the format says only in bounds: header <= 100 MB, <= 100,000 tensors, <= 8
 * dimensions. */
#ifndef VR_IO_SAFETENSORS_H
#define VR_IO_SAFETENSORS_H
#include "base/arena.h"
#include "base/error.h"

#define VR_SAFETENSORS_REASON_LIST(X)                                                              \
    X(SHORT)                                                                                       \
    X(HEADER)                                                                                      \
    X(HEADER_BIG)                                                                                  \
    X(TRUNC)                                                                                       \
    X(UTF8)                                                                                        \
    X(START)                                                                                       \
    X(JSON)                                                                                        \
    X(TYPE)                                                                                        \
    X(DUP_KEY)                                                                                     \
    X(DEPTH)                                                                                       \
    X(FIELD)                                                                                       \
    X(DTYPE)                                                                                       \
    X(INT)                                                                                         \
    X(RANGE)                                                                                       \
    X(OVERFLOW)                                                                                    \
    X(OFFSET)                                                                                      \
    X(SIZE)                                                                                        \
    X(OVERLAP)                                                                                     \
    X(HOLE)                                                                                        \
    X(TRAILING)                                                                                    \
    X(ALIGN)                                                                                       \
    X(META)                                                                                        \
    X(LIMIT)                                                                                       \
    X(PATH)   /* a shard's name */                                                                 \
    X(INDEX)  /* index and shards disagree */                                                      \
    X(HPARAM) /* a hyper-parameter's value */                                                      \
    X(ARCH)   /* an architecture that is none of ours */                                           \
    X(SHAPE)  /* a tensor and the hyper-parameters disagree, */                                    \
    X(VOCAB)  /* in the number of tokens */
typedef enum vr_safetensors_reason {
    VR_SAFETENSORS_NONE,
#define VR_SAFETENSORS_REASON_ENUM(name) VR_SAFETENSORS_##name,
    VR_SAFETENSORS_REASON_LIST(VR_SAFETENSORS_REASON_ENUM)
#undef VR_SAFETENSORS_REASON_ENUM
} vr_safetensors_reason;
const char *vr_safetensors_reason_name(uint32_t reason);

enum {
    VR_SAFETENSORS_MAX_HEADER = 100000000, /* the format's own limit */
    VR_SAFETENSORS_MAX_TENSORS = 100000,
    VR_SAFETENSORS_MAX_RANK = 8,
};

typedef struct vr_safetensor {
    const char *name;  /* the arena's */
    const char *dtype; /* static: "F32", "BF16", ... */
    bool supported;    /* known is one of ours; then `begin` is a multiple of its size */
    vireo_dtype known;
    uint32_t rank;
    int64_t shape[VR_SAFETENSORS_MAX_RANK];
    size_t begin, bytes; /* from the file's first byte */
} vr_safetensor;

typedef struct vr_safetensors {
    const vr_safetensor *tensors; /* (count), in the header's order */
    size_t count;
} vr_safetensors;

/* *head: how many bytes of the file vr_safetensors_parse needs, its length and its header, from the
 * first 8 bytes (all of them if the file is shorter) of a file of `bytes` bytes. */
vireo_status vr_safetensors_measure(const char *path, const void *start, size_t bytes, size_t *head,
                                    vireo_error *);

/* Checks everything the header says against the file's `bytes` bytes; `head` holds as many of them
 * as vr_safetensors_measure says, and need not outlive the call. The result and the scratch live in
 * the arena. Faults: err->reason is a vr_safetensors_reason, err->offset the byte of the file. */
vireo_status vr_safetensors_parse(vr_arena *, const char *path, const void *head, size_t bytes,
                                  vr_safetensors *out, vireo_error *);
#endif
