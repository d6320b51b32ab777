/* SPDX-License-Identifier: Apache-2.0
 * A growing string. After an allocation fails, `failed` stays set and appends do nothing, so a
 * sequence of appends needs one check at its end. data is NUL-terminated once anything was appended. */
#ifndef VR_BASE_STR_H
#define VR_BASE_STR_H
#include "base/alloc.h"
#include <stdarg.h>

typedef struct vr_str {
    const vireo_allocator *allocator;
    char *data;
    size_t length, capacity;
    bool failed;
} vr_str;

void vr_str_init(vr_str *, const vireo_allocator *);
void vr_str_deinit(vr_str *);
void vr_str_clear(vr_str *); /* keeps the memory */
void vr_str_add(vr_str *, const char *text);
void vr_str_add_n(vr_str *, const char *bytes, size_t length);
void vr_str_addf(vr_str *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void vr_str_add_json(vr_str *, const char *text, size_t length); /* quoted and escaped; bad UTF-8 → U+FFFD */
char *vr_str_take(vr_str *); /* ownership moves to the caller (vr_free); NULL if failed */

/* What stands before a second text, which may be empty: a blank, or nothing. */
static inline const char *vr_gap(const char *second)
{
    return second[0] ? " " : "";
}

/* Decodes one code point of UTF-8 (RFC 3629: no overlong forms, no surrogates) from s[0..n). Returns
 * the bytes used, or 0 if the sequence is not valid or n is 0. */
size_t vr_utf8_decode(const char *s, size_t n, uint32_t *out);
size_t vr_utf8_encode(uint32_t code_point, char out[4]); /* bytes written; 0: not a scalar value */
/* Offset of the first byte that is not valid UTF-8, or n. */
size_t vr_utf8_check(const char *s, size_t n);
#endif
