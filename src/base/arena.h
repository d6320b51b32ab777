/* SPDX-License-Identifier: Apache-2.0
 * A growing region whose pieces are freed together: one per model, graph or plan. Not thread-safe. */
#ifndef VR_BASE_ARENA_H
#define VR_BASE_ARENA_H
#include "base/alloc.h"

typedef struct vr_arena {
    const vireo_allocator *allocator;
    struct vr_arena_block *blocks; /* newest first */
} vr_arena;

void vr_arena_init(vr_arena *, const vireo_allocator *); /* allocates nothing */
void vr_arena_deinit(vr_arena *);
void *vr_arena_alloc(vr_arena *, size_t bytes); /* zeroed, 16-byte aligned; NULL: exhausted */
void *vr_arena_array(vr_arena *, size_t count, size_t bytes);
char *vr_arena_strdup(vr_arena *, const char *);
char *vr_arena_strndup(vr_arena *, const char *, size_t length);
#endif
