// SPDX-License-Identifier: Apache-2.0
// vr_binary(a, b): the operations of vireo_binary (vireo/graph.h), chosen by VR_BINARY, its value.
#define VR_ACTIVATION 4 // VIREO_SILU
#include "activation.glsl"

vec4 vr_binary(vec4 a, vec4 b)
{
#if VR_BINARY == 0 // VIREO_ADD
    return a + b;
#elif VR_BINARY == 1 // VIREO_MUL
    return a * b;
#elif VR_BINARY == 2 // VIREO_SILU_MUL
    return vr_activate(a) * b;
#else
#error VR_BINARY must be a value of vireo_binary
#endif
}
