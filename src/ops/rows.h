/* SPDX-License-Identifier: Apache-2.0
 * What the row-wise and element-wise ops share. */
#ifndef VR_OPS_ROWS_H
#define VR_OPS_ROWS_H
#include "shaders/push.h"
#include "ops/op.h"

/* As vr_value_rows_now, for the last dimension: differs from the capacity only for a dynamic
 * vector. */
int64_t vr_value_width_now(const vr_value *);
int64_t vr_value_elements_now(const vr_value *); /* rows · width, without padding */
uint64_t vr_quads_now(const vr_value *);         /* vec4s, padding included */
vr_extent vr_extent_of(const vr_value *);

/* Whether a view of vec4 texels holds the whole value at capacity. */
bool vr_fits_texels(const vr_call *, const vr_value *);
/* Fails if a row of the input has no fixed width. */
vireo_status vr_want_fixed_width(const vr_call *, uint32_t input, vireo_error *);
/* vr_launch for kernels with one dispatch. */
vireo_status vr_launch_one(vr_launches *, const void *push, size_t push_bytes, uint64_t groups);
/* out has the shape of in[input], f32. */
void vr_shape_like(const vr_call *, uint32_t input, vr_value *out);

static inline uint64_t vr_ceil_div(uint64_t a, uint64_t b)
{
    return (a + b - 1) / b;
}
#endif
