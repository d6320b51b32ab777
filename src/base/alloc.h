/* SPDX-License-Identifier: Apache-2.0
 * Every allocation of ours goes through here. `a` may be NULL everywhere: the C library's malloc.
 * Sizes are checked for overflow; a request of 0 bytes gives a valid pointer. NULL means exhausted. */
#ifndef VR_BASE_ALLOC_H
#define VR_BASE_ALLOC_H
#include "vireo/vireo.h"

void *vr_alloc(const vireo_allocator *a, size_t bytes);                /* contents undefined */
void *vr_calloc(const vireo_allocator *a, size_t count, size_t bytes); /* zeroed */
void *vr_realloc(const vireo_allocator *a, void *old, size_t bytes);   /* old may be NULL */
void vr_free(const vireo_allocator *a, void *p);                       /* NULL is fine */
char *vr_strdup(const vireo_allocator *a, const char *s);
char *vr_strndup(const vireo_allocator *a, const char *s, size_t length); /* adds the NUL */

/* Grows *data (elements of `bytes` bytes, capacity *cap) to hold at least `need`; doubles. false:
 * exhausted, nothing changed. Use: if (!vr_grow(a, (void **)&v, &cap, n + 1, sizeof *v)) ... */
bool vr_grow(const vireo_allocator *a, void **data, size_t *cap, size_t need, size_t bytes);

bool vr_size_mul(size_t a, size_t b, size_t *out); /* false on overflow */
bool vr_size_add(size_t a, size_t b, size_t *out);
#endif
