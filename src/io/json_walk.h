/* SPDX-License-Identifier: Apache-2.0
 * Walking checked JSON text in place, without a tree: for readers that must say at which byte a
 * fault lies, or whose texts are large. Every function needs text that vr_json_check accepted. */
#ifndef VR_IO_JSON_WALK_H
#define VR_IO_JSON_WALK_H
#include "io/json.h"

/* kind: '{' '[' '"' '0' (number) 't' 'f' 'n'. The slice includes quotes and brackets. */
typedef struct vr_json_slice {
    const char *at;
    size_t bytes;
    char kind;
} vr_json_slice;
vr_json_slice vr_json_root(const char *text, size_t bytes);

typedef struct vr_json_walk {
    const char *at, *end;
    bool object;
} vr_json_walk;
vr_json_walk vr_json_walk_begin(vr_json_slice container); /* '{' or '[' */
/* false: no more. key (a string slice) is set for objects only, and may be NULL. */
bool vr_json_walk_next(vr_json_walk *, vr_json_slice *key, vr_json_slice *value);

/* The text of a string slice into out (at least slice.bytes bytes), NUL-terminated; returns its
 * length. */
size_t vr_json_string(vr_json_slice, char *out);
bool vr_json_string_is(vr_json_slice, const char *text); /* text: plain ASCII */
/* Bytes of a slice to print with %.*s: at most 64, cut between code points. */
int vr_json_clip(const char *at, size_t bytes);
#endif
