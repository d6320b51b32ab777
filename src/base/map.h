/* SPDX-License-Identifier: Apache-2.0
 * Hash map from byte strings to uint32_t (indices into the owner's array). Keys are borrowed: they
 * must live as long as the map. Open addressing; XXH3. Not thread-safe while written. */
#ifndef VR_BASE_MAP_H
#define VR_BASE_MAP_H
#include "base/alloc.h"

typedef struct vr_map {
    const vireo_allocator *allocator;
    struct vr_map_slot *slots;
    size_t count, capacity;
} vr_map;

void vr_map_init(vr_map *, const vireo_allocator *);
void vr_map_deinit(vr_map *);
/* Room for so many keys, so that no larger table is made while they come. false: exhausted. */
bool vr_map_reserve(vr_map *, size_t count);
/* Inserts unless present. *value: in, the value to insert; out, the value the map holds. *added tells
 * which (may be NULL). false: exhausted, or a key of more than 4 GiB. */
bool vr_map_put(vr_map *, const char *key, size_t length, uint32_t *value, bool *added);
bool vr_map_get(const vr_map *, const char *key, size_t length, uint32_t *value);
#endif
