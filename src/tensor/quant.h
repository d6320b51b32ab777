/* SPDX-License-Identifier: Apache-2.0
 * bf16 and ggml's blocks (vireo_dtype), from and to f32. What f32 values become is ggml's own rule, bit
 * for bit: q8_0 scales by max|x| / 127 and rounds halves away from zero; q4_0 scales by the value of
 * the largest magnitude, sign included, over -8, and rounds halves up. Values are stored with the
 * scale in f16, but rounded with the exact one. bf16 rounds to nearest, ties to even; a NaN stays one.
 */
#ifndef VR_TENSOR_QUANT_H
#define VR_TENSOR_QUANT_H
#include "vireo/vireo.h"

enum { VR_BLOCK = 32 }; /* elements of every block format */

float vr_bf16_to_float(uint16_t);
uint16_t vr_float_to_bf16(float);

/* n elements of one row, n a multiple of the dtype's block; any dtype but i32. `in` of vr_unpack_row
 * need not be aligned. Blocks hold finite values only: others become anything. */
void vr_pack_row(vireo_dtype, const float *in, size_t n, void *out);
void vr_unpack_row(vireo_dtype, const void *in, size_t n, float *out);
#endif
