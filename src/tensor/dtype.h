/* SPDX-License-Identifier: Apache-2.0
 * Element types by the names files give them. The vireo_dtype functions live here too. */
#ifndef VR_TENSOR_DTYPE_H
#define VR_TENSOR_DTYPE_H
#include "vireo/vireo.h"

bool vr_dtype_valid(vireo_dtype);
bool vr_dtype_is_block(vireo_dtype); /* q8_0, q4_0: several elements share a scale */
bool vr_dtype_parse(const char *name, vireo_dtype *out); /* "f32", as vireo_dtype_name says */
#endif
