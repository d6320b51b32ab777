/* SPDX-License-Identifier: Apache-2.0 */
#include "tensor/finite.h"
#include <string.h>

/* The bits of +infinity; 0: a type without. */
static uint32_t infinity_of(vireo_dtype dtype)
{
    switch (dtype) {
    case VIREO_F32:
        return 0x7F800000u;
    case VIREO_F16:
        return 0x7C00u;
    case VIREO_BF16:
        return 0x7F80u;
    case VIREO_I32:
    case VIREO_Q8_0:
    case VIREO_Q4_0:
        break;
    }
    return 0;
}

/* Without its sign an element is at least infinity exactly if adding what infinity lacks to the
 * sign bit reaches that bit. No branch in the loops: compilers turn them into vector code. */
static bool all_below_32(const unsigned char *data, size_t count, uint32_t infinity)
{
    const uint32_t step = 0x80000000u - infinity;
    uint32_t reached = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, data + i * sizeof bits, sizeof bits);
        reached |= (bits & 0x7FFFFFFFu) + step;
    }
    return reached >> 31 == 0;
}

static bool all_below_16(const unsigned char *data, size_t count, uint32_t infinity)
{
    const uint16_t step = (uint16_t)(0x8000u - infinity);
    uint16_t reached = 0;
    for (size_t i = 0; i < count; i++) {
        uint16_t bits;
        memcpy(&bits, data + i * sizeof bits, sizeof bits);
        reached = (uint16_t)(reached | (uint16_t)((bits & 0x7FFFu) + step));
    }
    return reached >> 15 == 0;
}

bool vr_all_finite(vireo_dtype dtype, const void *data, size_t count)
{
    const uint32_t infinity = infinity_of(dtype);
    if (!infinity)
        return true;
    return vireo_dtype_bytes(dtype) == 4 ? all_below_32(data, count, infinity)
                                         : all_below_16(data, count, infinity);
}

size_t vr_first_nonfinite(vireo_dtype dtype, const void *data, size_t count)
{
    const size_t size = vireo_dtype_bytes(dtype);
    const unsigned char *at = data;
    size_t i = 0;
    while (i < count && vr_all_finite(dtype, at + i * size, 1))
        i++;
    return i;
}

const char *vr_nonfinite_text(vireo_dtype dtype, const void *data)
{
    const uint32_t infinity = infinity_of(dtype);
    uint32_t bits;
    uint16_t half;
    if (vireo_dtype_bytes(dtype) == 4) {
        memcpy(&bits, data, sizeof bits);
    } else {
        memcpy(&half, data, sizeof half);
        bits = (uint32_t)half << 16;
    }
    const uint32_t value = bits & 0x7FFFFFFFu;
    const uint32_t top = vireo_dtype_bytes(dtype) == 4 ? infinity : infinity << 16;
    return value != top ? "NaN" : bits >> 31 ? "-Infinity" : "Infinity";
}
