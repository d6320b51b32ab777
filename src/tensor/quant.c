/* SPDX-License-Identifier: Apache-2.0
 * Layouts and rules: ggml, ggml-common.h (block_q8_0, block_q4_0) and ggml-quants.c. */
#include "tensor/quant.h"
#include "tensor/half.h"
#include <math.h>
#include <string.h>

enum { Q8_BYTES = 34, Q4_BYTES = 18, SCALE_BYTES = 2 };

float vr_bf16_to_float(uint16_t half)
{
    const uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

uint16_t vr_float_to_bf16(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if ((bits & 0x7FFFFFFFu) > 0x7F800000u) /* the quiet bit keeps the fraction from becoming zero */
        return (uint16_t)(bits >> 16 | 0x40u);
    return (uint16_t)((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
}

/* The element of the largest magnitude, the first of equals. */
static float largest(const float *in)
{
    float most = 0;
    for (int i = 0; i < VR_BLOCK; i++)
        if (fabsf(in[i]) > fabsf(most))
            most = in[i];
    return most;
}

/* 1 / scale; 0 where that is no number: such blocks are zeros, for the scale vanishes in f16. */
static float inverse(float scale)
{
    const float inverted = scale != 0 ? 1.0f / scale : 0.0f;
    return isfinite(inverted) ? inverted : 0.0f;
}

static void put_scale(float scale, unsigned char *out)
{
    const uint16_t half = vr_float_to_half(scale);
    memcpy(out, &half, sizeof half);
}

static float get_scale(const unsigned char *in)
{
    uint16_t half;
    memcpy(&half, in, sizeof half);
    return vr_half_to_float(half);
}

static int within(float x, int low, int high)
{
    return x >= (float)high ? high : x > (float)low ? (int)x : low; /* a NaN becomes low */
}

static void pack_q8_0(const float *in, unsigned char *out)
{
    const float scale = fabsf(largest(in)) / 127.0f, inverted = inverse(scale);
    put_scale(scale, out);
    for (int i = 0; i < VR_BLOCK; i++)
        out[SCALE_BYTES + i] = (unsigned char)within(roundf(in[i] * inverted), -128, 127);
}

static void unpack_q8_0(const unsigned char *in, float *out)
{
    const float scale = get_scale(in);
    for (int i = 0; i < VR_BLOCK; i++)
        out[i] = (float)(int8_t)in[SCALE_BYTES + i] * scale;
}

static void pack_q4_0(const float *in, unsigned char *out)
{
    enum { HALF = VR_BLOCK / 2 };
    const float scale = largest(in) / -8.0f, inverted = inverse(scale);
    put_scale(scale, out);
    for (int i = 0; i < HALF; i++) {
        const float low = in[i] * inverted, high = in[i + HALF] * inverted; /* rounded: no fma */
        out[SCALE_BYTES + i] =
            (unsigned char)(within(low + 8.5f, 0, 15) | within(high + 8.5f, 0, 15) << 4);
    }
}

static void unpack_q4_0(const unsigned char *in, float *out)
{
    enum { HALF = VR_BLOCK / 2 };
    const float scale = get_scale(in);
    for (int i = 0; i < HALF; i++) {
        out[i] = (float)((in[SCALE_BYTES + i] & 15) - 8) * scale;
        out[i + HALF] = (float)((in[SCALE_BYTES + i] >> 4) - 8) * scale;
    }
}

void vr_pack_row(vireo_dtype dtype, const float *in, size_t n, void *out)
{
    unsigned char *to = out;
    switch (dtype) {
    case VIREO_F32:
        memcpy(out, in, n * sizeof *in);
        break;
    case VIREO_F16:
    case VIREO_BF16:
        for (size_t i = 0; i < n; i++, to += 2) {
            const uint16_t half =
                dtype == VIREO_F16 ? vr_float_to_half(in[i]) : vr_float_to_bf16(in[i]);
            memcpy(to, &half, sizeof half);
        }
        break;
    case VIREO_Q8_0:
        for (size_t i = 0; i < n; i += VR_BLOCK, to += Q8_BYTES)
            pack_q8_0(in + i, to);
        break;
    case VIREO_Q4_0:
        for (size_t i = 0; i < n; i += VR_BLOCK, to += Q4_BYTES)
            pack_q4_0(in + i, to);
        break;
    case VIREO_I32:
        break;
    }
}

void vr_unpack_row(vireo_dtype dtype, const void *in, size_t n, float *out)
{
    const unsigned char *from = in;
    switch (dtype) {
    case VIREO_F32:
        memcpy(out, in, n * sizeof *out);
        break;
    case VIREO_F16:
    case VIREO_BF16:
        for (size_t i = 0; i < n; i++, from += 2) {
            uint16_t half;
            memcpy(&half, from, sizeof half);
            out[i] = dtype == VIREO_F16 ? vr_half_to_float(half) : vr_bf16_to_float(half);
        }
        break;
    case VIREO_Q8_0:
        for (size_t i = 0; i < n; i += VR_BLOCK, from += Q8_BYTES)
            unpack_q8_0(from, out + i);
        break;
    case VIREO_Q4_0:
        for (size_t i = 0; i < n; i += VR_BLOCK, from += Q4_BYTES)
            unpack_q4_0(from, out + i);
        break;
    case VIREO_I32:
        break;
    }
}
