/* SPDX-License-Identifier: Apache-2.0
 * IEEE 754 binary16 and binary32. To half: to nearest, ties to even; what is too large becomes
 * infinity; subnormal values are exact; a NaN stays a NaN and keeps its sign. */
#ifndef VR_TENSOR_HALF_H
#define VR_TENSOR_HALF_H
#include <stddef.h>
#include <stdint.h>

float vr_half_to_float(uint16_t);
uint16_t vr_float_to_half(float);
void vr_halves_to_floats(const uint16_t *in, float *out, size_t count); /* (count) each */
void vr_floats_to_halves(const float *in, uint16_t *out, size_t count);
#endif
