/* SPDX-License-Identifier: Apache-2.0
 * NaN and infinities among stored elements, found by their bits: every exponent bit is set.
 * Elements need no alignment. Integers are always finite. */
#ifndef VR_TENSOR_FINITE_H
#define VR_TENSOR_FINITE_H
#include "vireo/vireo.h"

bool vr_all_finite(vireo_dtype, const void *data, size_t count);
size_t vr_first_nonfinite(vireo_dtype, const void *data, size_t count); /* count: none */
/* "NaN", "Infinity" or "-Infinity": what the element at `data`, which is not finite, is. */
const char *vr_nonfinite_text(vireo_dtype, const void *data);
#endif
