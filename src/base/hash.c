/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"
#include <stdio.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t vr_hash64(const void *data, size_t bytes)
{
    return XXH3_64bits(bytes ? data : "", bytes);
}

static vr_hash128 from_xxh(XXH128_hash_t h)
{
    return (vr_hash128){.low = h.low64, .high = h.high64};
}

vr_hash128 vr_hash(const void *data, size_t bytes)
{
    return from_xxh(XXH3_128bits(bytes ? data : "", bytes));
}

vr_hash128 vr_hash_pieces(bool (*next)(void *user, const void **data, size_t *bytes), void *user)
{
    XXH3_state_t state;
    XXH3_128bits_reset(&state);
    const void *data;
    size_t bytes;
    while (next(user, &data, &bytes))
        if (bytes)
            XXH3_128bits_update(&state, data, bytes);
    return from_xxh(XXH3_128bits_digest(&state));
}

vr_hash128 vr_hash_join(vr_hash128 a, vr_hash128 b)
{
    XXH128_canonical_t both[2]; /* the same on every byte order */
    XXH128_canonicalFromHash(&both[0], (XXH128_hash_t){.low64 = a.low, .high64 = a.high});
    XXH128_canonicalFromHash(&both[1], (XXH128_hash_t){.low64 = b.low, .high64 = b.high});
    return vr_hash(both, sizeof both);
}

void vr_hash_hex(vr_hash128 hash, char out[33])
{
    snprintf(out, 33, "%016llx%016llx", (unsigned long long)hash.high,
             (unsigned long long)hash.low);
}

bool vr_hash_parse(const char *hex, vr_hash128 *out)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t words[2] = {0, 0};
    if (strlen(hex) != 32 || strspn(hex, digits) != 32)
        return false;
    for (int i = 0; i < 32; i++)
        words[i / 16] = words[i / 16] << 4 | (uint64_t)(strchr(digits, hex[i]) - digits);
    *out = (vr_hash128){.low = words[1], .high = words[0]};
    return true;
}
