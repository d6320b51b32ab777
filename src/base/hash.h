/* SPDX-License-Identifier: Apache-2.0
 * XXH3 (xxHash 0.8), 64 and 128 bits; the canonical big-endian form as hexadecimal. For keys of
 * caches, not for security. */
#ifndef VR_BASE_HASH_H
#define VR_BASE_HASH_H
#include <stddef.h>
#include <stdint.h>

typedef struct vr_hash128 {
    uint64_t low, high;
} vr_hash128;

uint64_t vr_hash64(const void *data, size_t bytes);
vr_hash128 vr_hash(const void *data, size_t bytes);
vr_hash128 vr_hash_join(vr_hash128 a, vr_hash128 b); /* order matters */
void vr_hash_hex(vr_hash128, char out[33]);
#endif
