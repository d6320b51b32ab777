/* SPDX-License-Identifier: Apache-2.0
 * What the row-wise and element-wise ops share. */
#ifndef VR_OPS_ROWS_H
#define VR_OPS_ROWS_H
#include "shaders/push.h"
#include "ops/op.h"

uint64_t vr_row_quads_now(const vr_value *);     /* vec4s of a row, padding included */
vr_extent vr_extent_of(const vr_value *);        /* all rows in one slab */

/* Texels of a row as vec4s or, packed, uvec4s. */
uint64_t vr_row_texels(const vr_value *);
/* Whether a view of such texels holds the whole value at capacity. */
bool vr_fits_texels(const vr_call *, const vr_value *);
/* Whether an invocation may run that many iterations, of all its loops together. */
bool vr_loops_fit(const vr_call *, uint64_t iterations);
/* Pays of kernels that take a row of in[0] with each lane: rows of a few hundred elements on a CPU, where
 * subgroup arithmetic costs more than the lanes' own steps. By the width alone, so that a row has the same
 * bits among any number of others. */
bool vr_lanes_pay(const vr_call *, const vr_kernel *);
/* VR_STEPS of a shader, where workgroups that take a unit at a time would be so many: how many units each takes. On a
 * software driver, whose workgroups cost as much as dozens of stores, `many`, if its cores still have enough to share;
 * else, and of sizes known at run time, `few`. */
uint32_t vr_steps(const vr_call *, uint64_t groups, uint32_t few, uint32_t many);
/* The same of quads of out[0], of which a workgroup's wg lanes take as many at a time. */
uint32_t vr_quad_steps(const vr_call *, uint32_t wg);
/* Fails if a row of the input has no fixed width. */
vireo_status vr_want_fixed_width(const vr_call *, uint32_t input, vireo_error *);
/* Quads of a row that each of wg lanes takes, so that they take it in few steps: 1, 2 or 4. */
uint32_t vr_row_span(const vr_value *, uint32_t wg);
/* Of a table, in[0] (shaders/include/table.glsl): from row to row in quads, of a packed one in words; and
 * whether binding 0 is the kind of texel view it needs and holds it whole. */
uint32_t vr_table_pitch(const vr_value *);
bool vr_table_fits_texels(const vr_call *, const vr_kernel *);
/* vr_launch for kernels with one dispatch. */
vireo_status vr_launch_one(vr_launches *, const void *push, size_t push_bytes, uint64_t groups);

/* Row-wise kernels cut what is larger than a binding into slabs of rows. `mask`: the operands (VR_ROWS)
 * whose rows are those of x, the value of the push constants' extent. */
#define VR_ROWS(operand) (1u << (operand))
#define VR_ROWS_ANY (1u << 31) /* in mask: slabs may begin anywhere, the kernel skips what stands
                                  between the last multiple of 256 bytes and the slab */
/* Rows a slab: all of x if they fit, else so many that slabs begin at multiples of 256 bytes, or, if fewer
 * fit and mask has VR_ROWS_ANY, those; 0: not even these fit. */
uint32_t vr_slab_of(const vr_call *, const vr_kernel *, const vr_value *x, uint32_t mask);
/* Binds a dispatch to the slab of e. */
void vr_cut_rows(const vr_call *, const vr_kernel *, const vr_extent *e, uint32_t mask,
                 vr_dispatch *);
/* A dispatch a slab, where mask is 0 of as many rows as are done in time, with rows · units / per_group groups.
 * push begins with the vr_extent of x, whose first and end are set for each. */
vireo_status vr_launch_slabs(const vr_call *, const vr_kernel *, vr_launches *, const vr_value *x,
                             uint32_t mask, void *push, size_t push_bytes, uint64_t units,
                             uint64_t per_group);
/* The same where a row takes so many bytes beside those of mask's operands, on the average. */
vireo_status vr_launch_slabs_beside(const vr_call *, const vr_kernel *, vr_launches *, const vr_value *x,
                                    uint32_t mask, double beside, void *push, size_t push_bytes, uint64_t units,
                                    uint64_t per_group);
/* Rows of anything, cut by time alone: `rows` at capacity, `now` in this run, each of `bytes` that are read
 * and written; now · units / per_group groups. push begins with the vr_range of a dispatch. */
vireo_status vr_launch_ranges(const vr_call *, vr_launches *, void *push, size_t push_bytes, uint64_t rows,
                              uint64_t now, double bytes, uint64_t units, uint64_t per_group);
/* A table whose rows are chosen by ids is bound a slab of rows after the other. Whether the binding for
 * operand `table` holds a slab. */
bool vr_table_fits(const vr_call *, const vr_kernel *, vr_operand table);
/* Rows a slab; all of them if they fit, and if none do: recording says what is too large. */
uint32_t vr_table_step(const vr_call *, const vr_kernel *, vr_operand table);
/* Binds a dispatch to rows [first, first + count) of it. */
void vr_cut_table(const vr_call *, const vr_kernel *, vr_operand table, uint32_t first,
                  uint32_t count, vr_dispatch *);
/* "#define VR_F16", VR_BF16, VR_Q8_0, VR_Q4_0 by dtype; nothing for f32. */
void vr_define_dtype(const vr_value *, vr_str *);
/* out has the shape of in[input], f32. */
void vr_shape_like(const vr_call *, uint32_t input, vr_value *out);

/* vr_op.explain of kernels that report ids (`what` they are) which are no rows of a table. */
void vr_explain_ids(vr_str *, const char *what, const uint32_t *words, int64_t rows);

static inline uint64_t vr_ceil_div(uint64_t a, uint64_t b)
{
    return (a + b - 1) / b;
}
#endif
