/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include <stdalign.h>
#include <string.h>

enum { ARENA_ALIGN = 16, FIRST_BLOCK = 4096, LARGEST_BLOCK = 1 << 20 };

typedef struct vr_arena_block {
    alignas(ARENA_ALIGN) struct vr_arena_block *next;
    size_t used, size; /* of the bytes behind this header */
} vr_arena_block;

void vr_arena_init(vr_arena *arena, const vireo_allocator *allocator)
{
    *arena = (vr_arena){.allocator = allocator};
}

void vr_arena_deinit(vr_arena *arena)
{
    vr_arena_block *block = arena->blocks;
    while (block) {
        vr_arena_block *next = block->next;
        vr_free(arena->allocator, block);
        block = next;
    }
    arena->blocks = NULL;
}

static vr_arena_block *add_block(vr_arena *arena, size_t need)
{
    vr_arena_block *head = arena->blocks;
    size_t size = head ? head->size * 2 : FIRST_BLOCK;
    if (size > LARGEST_BLOCK)
        size = LARGEST_BLOCK;
    if (size < need)
        size = need;
    size_t total;
    if (!vr_size_add(size, sizeof(vr_arena_block), &total))
        return NULL;
    vr_arena_block *block = vr_calloc(arena->allocator, 1, total);
    if (!block)
        return NULL;
    block->size = size;
    if (head &&
        need > LARGEST_BLOCK / 2) { /* filled at once: what is left of the head stays in use */
        block->next = head->next;
        head->next = block;
    } else {
        block->next = head;
        arena->blocks = block;
    }
    return block;
}

void *vr_arena_alloc(vr_arena *arena, size_t bytes)
{
    size_t rounded;
    if (!vr_size_add(bytes ? bytes : 1, ARENA_ALIGN - 1, &rounded))
        return NULL;
    rounded &= ~(size_t)(ARENA_ALIGN - 1);
    vr_arena_block *block = arena->blocks;
    if (!block || block->size - block->used < rounded) {
        block = add_block(arena, rounded);
        if (!block)
            return NULL;
    }
    void *p = (unsigned char *)(block + 1) + block->used;
    block->used += rounded;
    return p;
}

void *vr_arena_array(vr_arena *arena, size_t count, size_t bytes)
{
    size_t total;
    return vr_size_mul(count, bytes, &total) ? vr_arena_alloc(arena, total) : NULL;
}

char *vr_arena_strndup(vr_arena *arena, const char *s, size_t length)
{
    size_t bytes;
    if (!vr_size_add(length, 1, &bytes))
        return NULL;
    char *copy = vr_arena_alloc(arena, bytes);
    if (copy && length)
        memcpy(copy, s, length);
    return copy;
}

char *vr_arena_strdup(vr_arena *arena, const char *s)
{
    return vr_arena_strndup(arena, s, strlen(s));
}
