/* SPDX-License-Identifier: Apache-2.0
 * An allocator that counts what is live and fails one request, or all from it on, for tests of exhausted
 * memory. May be called from several threads (shaders are compiled on several).
 *     counted c = {.fail_at = n};
 *     const vireo_allocator a = counted_allocator(&c); */
#ifndef COUNTED_ALLOCATOR_H
#define COUNTED_ALLOCATOR_H
#include <stdlib.h>
#include "vireo/vireo.h"

typedef struct counted {
    _Atomic size_t live, made, fail_at; /* fail_at: the request that fails; 0: none */
    bool stays;                         /* and all after it */
} counted;

static inline void *counted_reallocate(void *user, void *old, size_t bytes)
{
    counted *c = user;
    const size_t request = ++c->made, fail_at = c->fail_at;
    if (fail_at && (request == fail_at || (c->stays && request > fail_at)))
        return NULL;
    void *p = realloc(old, bytes);
    c->live += p && !old;
    return p;
}
static inline void *counted_allocate(void *user, size_t bytes)
{
    return counted_reallocate(user, NULL, bytes);
}
static inline void counted_release(void *user, void *old)
{
    ((counted *)user)->live -= old != NULL;
    free(old);
}
static inline vireo_allocator counted_allocator(counted *c)
{
    return (vireo_allocator){counted_allocate, counted_reallocate, counted_release, c};
}
#endif
