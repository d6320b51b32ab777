/* SPDX-License-Identifier: Apache-2.0 */
#include "tensor/half.h"
#include <string.h>

static float from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

float vr_half_to_float(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
    uint32_t exponent = (half >> 10) & 0x1Fu;
    uint32_t fraction = half & 0x3FFu;
    if (exponent == 31)
        return from_bits(sign | 0x7F800000u | fraction << 13);
    if (exponent > 0)
        return from_bits(sign | (exponent + 112) << 23 | fraction << 13);
    float magnitude = (float)fraction * 0x1p-24f; /* exact: ten bits times a power of two */
    return sign ? -magnitude : magnitude;
}

uint16_t vr_float_to_half(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t sign = bits >> 16 & 0x8000u;
    uint32_t magnitude = bits & 0x7FFFFFFFu;
    if (magnitude > 0x7F800000u) /* NaN: the quiet bit keeps the fraction from becoming zero */
        return (uint16_t)(sign | 0x7E00u | (magnitude >> 13 & 0x3FFu));
    if (magnitude >= 0x477FF000u) /* 65520: half way from the largest half to the next step */
        return (uint16_t)(sign | 0x7C00u);
    if (magnitude < 0x33000000u) /* below half of the smallest subnormal, 2^-25 */
        return (uint16_t)sign;
    uint32_t fraction, shift;
    if (magnitude < 0x38800000u) { /* below 2^-14: subnormal, units of 2^-24 */
        fraction = (magnitude & 0x7FFFFFu) | 0x800000u;
        shift = 126 - (magnitude >> 23);
    } else {
        fraction = magnitude - (112u << 23);
        shift = 13;
    }
    uint32_t rest = fraction & ((1u << shift) - 1), tie = 1u << (shift - 1);
    fraction >>= shift;
    if (rest > tie || (rest == tie && (fraction & 1)))
        fraction++; /* a carry into the exponent is the next binade, as it should be */
    return (uint16_t)(sign | fraction);
}

void vr_halves_to_floats(const uint16_t *in, float *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = vr_half_to_float(in[i]);
}

void vr_floats_to_halves(const float *in, uint16_t *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = vr_float_to_half(in[i]);
}
