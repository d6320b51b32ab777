// SPDX-License-Identifier: Apache-2.0
// vr_binary(op, a, b): the operations of vireo_binary (vireo/graph.h).
#define VR_ACTIVATION 4 // VIREO_SILU
#include "activation.glsl"

vec4 vr_binary(uint op, vec4 a, vec4 b)
{
    if (op == 0u)
        return a + b;
    return (op == 1u ? a : vr_activate(a)) * b;
}
