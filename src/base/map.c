/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"
#include "base/hash.h"
#include <string.h>

typedef struct vr_map_slot {
    const char *key; /* NULL: free */
    uint64_t hash;
    uint32_t length, value;
} vr_map_slot;

void vr_map_init(vr_map *map, const vireo_allocator *allocator)
{
    *map = (vr_map){.allocator = allocator};
}

void vr_map_deinit(vr_map *map)
{
    vr_free(map->allocator, map->slots);
    *map = (vr_map){.allocator = map->allocator};
}

/* The slot of the key, or the free one where it belongs. capacity is a power of two, never full. */
static vr_map_slot *find(vr_map_slot *slots, size_t capacity, uint64_t hash, const char *key,
                         size_t length)
{
    size_t i = (size_t)hash & (capacity - 1);
    while (slots[i].key && (slots[i].hash != hash || slots[i].length != length ||
                            (length && memcmp(slots[i].key, key, length) != 0)))
        i = (i + 1) & (capacity - 1);
    return &slots[i];
}

/* Another table of `capacity` slots. */
static bool widen(vr_map *map, size_t capacity)
{
    vr_map_slot *slots = vr_calloc(map->allocator, capacity, sizeof *slots);
    if (!slots)
        return false;
    for (size_t i = 0; i < map->capacity; i++) {
        const vr_map_slot *old = &map->slots[i];
        if (old->key)
            *find(slots, capacity, old->hash, old->key, old->length) = *old;
    }
    vr_free(map->allocator, map->slots);
    map->slots = slots;
    map->capacity = capacity;
    return true;
}

bool vr_map_reserve(vr_map *map, size_t count)
{
    size_t capacity = 16;
    while (capacity / 4 * 3 < count && capacity <= SIZE_MAX / 2)
        capacity *= 2;
    return capacity <= map->capacity || widen(map, capacity);
}

bool vr_map_put(vr_map *map, const char *key, size_t length, uint32_t *value, bool *added)
{
    if (length > UINT32_MAX)
        return false;
    if (map->count >= map->capacity / 4 * 3 && !widen(map, map->capacity ? map->capacity * 2 : 16))
        return false;
    uint64_t hash = vr_hash64(key, length);
    vr_map_slot *slot = find(map->slots, map->capacity, hash, key, length);
    bool fresh = !slot->key;
    if (fresh) {
        *slot = (vr_map_slot){length ? key : "", hash, (uint32_t)length, *value};
        map->count++;
    } else {
        *value = slot->value;
    }
    if (added)
        *added = fresh;
    return true;
}

bool vr_map_get(const vr_map *map, const char *key, size_t length, uint32_t *value)
{
    if (map->count == 0)
        return false;
    const vr_map_slot *slot = find(map->slots, map->capacity, vr_hash64(key, length), key, length);
    if (!slot->key)
        return false;
    *value = slot->value;
    return true;
}
