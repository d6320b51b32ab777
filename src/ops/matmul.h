/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VR_OPS_MATMUL_H
#define VR_OPS_MATMUL_H
#include "vireo/vireo.h"

enum { VR_MATMUL_NARROW = 8 }; /* columns of a result that are few */

/* Whether a product of so many rows with weights of `dtype` for so many columns, summed over `depth` elements,
 * is fastest by lanes that share a sum (matmul_few.comp). They read weights (N, K). */
bool vr_matmul_shares_sums(const vireo_device_info *, vireo_dtype dtype, int64_t rows, int64_t columns,
                           int64_t depth);
#endif
