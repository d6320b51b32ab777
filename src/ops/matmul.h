/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VR_OPS_MATMUL_H
#define VR_OPS_MATMUL_H
#include "ops/op.h"

/* Inputs, and bindings of every kernel. */
enum { VR_MATMUL_A, VR_MATMUL_B, VR_MATMUL_BIAS, VR_MATMUL_RESIDUAL, VR_MATMUL_OUT };
enum { VR_MATMUL_NARROW = 8 /* columns of a result that are few */, VR_MATMUL_THIN_ROWS = 4 };

/* Sizes of one call; pitches in quads. b_texels: from row to row of b in 16 bytes. */
typedef struct vr_matmul_sizes {
    uint32_t batch, m, n, k; /* m at capacity */
    uint32_t a_pitch, b_pitch, out_pitch, b_texels;
    bool batched_b;
} vr_matmul_sizes;
vr_matmul_sizes vr_matmul_sizes_of(const vr_call *);

/* Whether a fetch of b is two quads of columns. */
bool vr_matmul_wide_words(const vr_call *, const vr_kernel *);
/* Rows x column quads of a lane, where the kernel does not say. */
vr_tile vr_matmul_tile(const vr_call *, const vr_kernel *);

/* Lanes of a workgroup that stand side by side: all of them, but of a tile in shared memory. */
static inline uint32_t vr_matmul_side(const vr_kernel *k, uint32_t wg)
{
    return k->workgroup == VR_WORKGROUP_SUBGROUP ? wg : 16;
}
/* The same of a workgroup of wg lanes. */
vr_tile vr_matmul_group(const vr_call *, const vr_kernel *, uint32_t wg);
bool vr_matmul_tiles_pay(const vr_call *, const vr_kernel *);

/* Whether a product of so many rows with weights of `dtype` for so many columns, summed over `depth` elements,
 * is fastest by lanes that share a sum (matmul_few.comp). They read weights (N, K). */
bool vr_matmul_shares_sums(const vireo_device_info *, vireo_dtype dtype, int64_t rows, int64_t columns,
                           int64_t depth);
#endif
