/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench.h"
#include <string.h>

uint32_t vr_bench_hash(uint32_t i)
{
    i = (i ^ 61) ^ i >> 16; /* Wang's */
    i *= 9;
    i ^= i >> 4;
    i *= 0x27d4eb2d;
    return i ^ i >> 15;
}

void vr_bench_fill(vireo_dtype dtype, uint32_t first, size_t n, void *data)
{
    /* Halves: 1/1024 and 1/64, so that products are of the size of the others'. */
    static const uint16_t scale[] = {[VIREO_Q8_0] = 0x1400, [VIREO_Q4_0] = 0x2400};
    const size_t block = vireo_dtype_block(dtype);
    if (dtype == VIREO_F32) {
        for (size_t i = 0; i < n; i++)
            ((float *)data)[i] =
                (float)(vr_bench_hash(first + (uint32_t)i) >> 8) / (float)(1 << 24) - 0.5f;
    } else if (block == 1) { /* sign and fraction at random, exponent of [0.25, 0.5) */
        const uint32_t mask = dtype == VIREO_F16 ? 0x83ff : 0x807f;
        const uint32_t exponent = dtype == VIREO_F16 ? 13u << 10 : 125u << 7;
        for (size_t i = 0; i < n; i++)
            ((uint16_t *)data)[i] =
                (uint16_t)((vr_bench_hash(first + (uint32_t)i) & mask) | exponent);
    } else {
        const size_t size = vireo_dtype_row_bytes(dtype, (int64_t)block), bytes = n / block * size;
        for (size_t i = 0; i < bytes; i++)
            ((uint8_t *)data)[i] = (uint8_t)vr_bench_hash(first + (uint32_t)i);
        for (size_t i = 0; i < bytes; i += size)
            memcpy((uint8_t *)data + i, &scale[dtype], sizeof *scale);
    }
}
