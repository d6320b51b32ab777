/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include <stdlib.h>
#include <string.h>

bool vr_size_mul(size_t a, size_t b, size_t *out)
{
    if (b != 0 && a > SIZE_MAX / b)
        return false;
    *out = a * b;
    return true;
}

bool vr_size_add(size_t a, size_t b, size_t *out)
{
    if (a > SIZE_MAX - b)
        return false;
    *out = a + b;
    return true;
}

void *vr_alloc(const vireo_allocator *a, size_t bytes)
{
    if (bytes == 0)
        bytes = 1;
    if (bytes > PTRDIFF_MAX)
        return NULL;
    return a ? a->allocate(a->user, bytes) : malloc(bytes);
}

void *vr_calloc(const vireo_allocator *a, size_t count, size_t bytes)
{
    size_t total;
    if (!vr_size_mul(count, bytes, &total))
        return NULL;
    if (!a) /* the C library knows which fresh pages are zero already */
        return total > PTRDIFF_MAX ? NULL : calloc(1, total ? total : 1);
    void *p = vr_alloc(a, total);
    if (p)
        memset(p, 0, total);
    return p;
}

void *vr_realloc(const vireo_allocator *a, void *old, size_t bytes)
{
    if (!old)
        return vr_alloc(a, bytes);
    if (bytes == 0)
        bytes = 1;
    if (bytes > PTRDIFF_MAX)
        return NULL;
    return a ? a->reallocate(a->user, old, bytes) : realloc(old, bytes);
}

void vr_free(const vireo_allocator *a, void *p)
{
    if (!p)
        return;
    if (a)
        a->release(a->user, p);
    else
        free(p);
}

char *vr_strndup(const vireo_allocator *a, const char *s, size_t length)
{
    size_t bytes;
    if (!vr_size_add(length, 1, &bytes))
        return NULL;
    char *copy = vr_alloc(a, bytes);
    if (!copy)
        return NULL;
    if (length)
        memcpy(copy, s, length);
    copy[length] = '\0';
    return copy;
}

char *vr_strdup(const vireo_allocator *a, const char *s)
{
    return vr_strndup(a, s, strlen(s));
}

bool vr_grow(const vireo_allocator *a, void **data, size_t *cap, size_t need, size_t bytes)
{
    if (need <= *cap)
        return true;
    size_t larger = *cap > SIZE_MAX / 2 ? need : *cap * 2;
    if (larger < 8)
        larger = 8;
    if (larger < need)
        larger = need;
    size_t total;
    if (!vr_size_mul(larger, bytes, &total))
        return false;
    void *grown = vr_realloc(a, *data, total);
    if (!grown)
        return false;
    *data = grown;
    *cap = larger;
    return true;
}
