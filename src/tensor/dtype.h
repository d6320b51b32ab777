/* SPDX-License-Identifier: Apache-2.0
 * Element types by the names files give them. vireo_dtype_name and vireo_dtype_bytes live here too.
 */
#ifndef VR_TENSOR_DTYPE_H
#define VR_TENSOR_DTYPE_H
#include "vireo/vireo.h"

bool vr_dtype_valid(vireo_dtype);
bool vr_dtype_parse(const char *name, vireo_dtype *out); /* "f32", as vireo_dtype_name says */
#endif
