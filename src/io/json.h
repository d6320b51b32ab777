/* SPDX-License-Identifier: Apache-2.0
 * Untrusted JSON. A strict checker of ours reads the text first, because cJSON accepts what it
 * should not; then cJSON builds the tree. Grammar: RFC 8259; beyond it, duplicate keys, lone
 * surrogates, NUL (raw or as \u0000), a byte order mark and numbers that no finite double holds are
 * refused. */
#ifndef VR_IO_JSON_H
#define VR_IO_JSON_H
#include "base/alloc.h"
#include "base/error.h"
#include <cjson/cJSON.h>

#define VR_JSON_REASON_LIST(X)                                                                     \
    X(EOF)                                                                                         \
    X(START)                                                                                       \
    X(SYNTAX)                                                                                      \
    X(NUMBER)                                                                                      \
    X(STRING)                                                                                      \
    X(UTF8)                                                                                        \
    X(NUL)                                                                                         \
    X(DEPTH)                                                                                       \
    X(DUP_KEY)                                                                                     \
    X(TRAILING)                                                                                    \
    X(LIMIT)
typedef enum vr_json_reason {
    VR_JSON_NONE,
#define VR_JSON_REASON_ENUM(name) VR_JSON_##name,
    VR_JSON_REASON_LIST(VR_JSON_REASON_ENUM)
#undef VR_JSON_REASON_ENUM
} vr_json_reason;
const char *vr_json_reason_name(uint32_t reason);

typedef struct vr_json_limits { /* 0 in a field: the maximum named here */
    size_t bytes;               /* VR_JSON_MAX_BYTES */
    uint32_t depth;             /* VR_JSON_MAX_DEPTH: containers open at one time; never more */
    size_t values;  /* VR_JSON_MAX_VALUES: in the whole text; a node of cJSON's is 64 bytes */
    size_t members; /* VR_JSON_MAX_VALUES: of one object */
} vr_json_limits;
enum { VR_JSON_MAX_BYTES = 128 << 20, VR_JSON_MAX_DEPTH = 64, VR_JSON_MAX_VALUES = 4 << 20 };
enum { VR_JSON_MAX_NUMBER = 63 }; /* characters of a number: cJSON reads no more */

/* Checks text[0..bytes). On a fault err->reason is a vr_json_reason, err->offset the byte, and the
 * message "PATH: byte N: what was found, what is allowed (REASON)". limits may be NULL. Linear
 * time. */
vireo_status vr_json_check(const vireo_allocator *, const char *path, const char *text,
                           size_t bytes, const vr_json_limits *, vireo_error *);

/* Check, then cJSON_ParseWithLength. *out: cJSON_Delete. Linear time; note that cJSON's own
 * look-ups are a linear search that ignores case unless named ...CaseSensitive: walk large objects
 * by ->next. */
vireo_status vr_json_parse(const vireo_allocator *, const char *path, const char *text,
                           size_t bytes, const vr_json_limits *, cJSON **out, vireo_error *);

/* A whole file through vr_json_parse; refused by its size before it is read. */
vireo_status vr_json_read(const vireo_allocator *, const char *path, const vr_json_limits *,
                          cJSON **out, vireo_error *);

/* Member of an object by exact name, or NULL (also if object is NULL or no object). */
const cJSON *vr_json_get(const cJSON *object, const char *name);

/* An integer written as one: exact up to 2^53. false: not a number, a fraction, or beyond that. */
bool vr_json_int(const cJSON *, int64_t *out);
#endif
