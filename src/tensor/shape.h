/* SPDX-License-Identifier: Apache-2.0
 * Sizes of tensors are checked for overflow here, once. */
#ifndef VR_TENSOR_SHAPE_H
#define VR_TENSOR_SHAPE_H
#include "vireo/vireo.h"

/* Product of the dimensions; 1 for rank 0. false: a dimension is negative, or the product does not
 * fit int64_t. Dimensions of 0 do not hide an overflow among the others. */
bool vr_shape_count(const int64_t *shape, uint32_t rank, int64_t *count);
/* Bytes of a dense tensor; false also if they do not fit size_t, the dtype is unknown, or its blocks do
 * not divide the last dimension. */
bool vr_shape_bytes(const int64_t *shape, uint32_t rank, vireo_dtype, size_t *bytes);
bool vr_shape_equal(const int64_t *a, uint32_t rank_a, const int64_t *b, uint32_t rank_b);

/* "[2, 384]", cut to fit size bytes with its NUL. Returns text. */
enum { VR_SHAPE_TEXT = 96 }; /* enough for VIREO_MAX_RANK dimensions */
const char *vr_shape_text(const int64_t *shape, uint32_t rank, char *text, size_t size);
#endif
