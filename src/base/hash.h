/* SPDX-License-Identifier: Apache-2.0
 * XXH3 (xxHash 0.8), 64 and 128 bits; the canonical big-endian form as hexadecimal. For keys of
 * caches, not for security. */
#ifndef VR_BASE_HASH_H
#define VR_BASE_HASH_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct vr_hash128 {
    uint64_t low, high;
} vr_hash128;

uint64_t vr_hash64(const void *data, size_t bytes);
vr_hash128 vr_hash(const void *data, size_t bytes);
/* The same over the concatenation of pieces; next gives one piece a call, false after the last. The
 * previous piece is no longer read when next is called. */
vr_hash128 vr_hash_pieces(bool (*next)(void *user, const void **data, size_t *bytes), void *user);
vr_hash128 vr_hash_join(vr_hash128 a, vr_hash128 b); /* order matters */
void vr_hash_hex(vr_hash128, char out[33]);
bool vr_hash_parse(const char *hex, vr_hash128 *out); /* false: not 32 digits as vr_hash_hex writes them */
#endif
