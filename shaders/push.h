/* SPDX-License-Identifier: Apache-2.0
 * Push constants, read by C and GLSL alike: 4-byte scalars, at most 128 bytes each. `rows` and
 * `symbol` are the arguments of vr_rows (include/step.glsl); offsets and pitches are in elements
 * unless the name says quads (vec4s). */
#ifndef VR_PUSH_H
#define VR_PUSH_H
#ifdef __STDC__
#include <stdint.h>
#define VR_U32 uint32_t
#define VR_I32 int32_t
#define VR_F32 float
#else
#define VR_U32 uint
#define VR_I32 int
#define VR_F32 float
#endif

#endif
