#version 450
// SPDX-License-Identifier: Apache-2.0
// out = f(x · factor + shift), f by VR_ACTIVATION. The rows of out lie behind one another, padding
// included: they are one array of quads (vec4s). A workgroup takes WG · VR_STEPS neighbouring quads, lanes take
// neighbours. VR_CLEAR 1: padding would become something else than zeros. VR_TEXEL 1: x is a texel view, else a
// storage buffer.
#include "push.h"
#include "step.glsl"
#include "rows.glsl"
#include "activation.glsl"

layout(local_size_x = WG) in;
layout(push_constant) uniform Push
{
    vr_push_unary p;
};
#if VR_TEXEL
layout(set = 0, binding = 0) uniform samplerBuffer x_texels;
#define X(i) texelFetch(x_texels, int(i))
#else
layout(std430, set = 0, binding = 0) restrict readonly buffer XBuffer
{
    vec4 x_quads[];
};
#define X(i) x_quads[i]
#endif
layout(std430, set = 0, binding = 1) restrict writeonly buffer Out
{
    vec4 out_quads[];
};

void main()
{
    const uint width = vr_width(p.x), quads = vr_quads(width);
    const uint end = vr_slab_rows(p.x) * quads;
    uint i = vr_group() * (WG * VR_STEPS) + gl_LocalInvocationID.x;
    vr_walk at = vr_walk_from(i, quads);
    for (uint s = 0u; s < VR_STEPS && i < end; s++, i += WG) {
        vec4 y = vr_activate(X(at.row * p.x.pitch + at.quad) * p.factor + p.shift);
#if VR_CLEAR
        y = vr_clear(y, at.quad, width);
#endif
        out_quads[i] = y;
        vr_walk_on(at, quads);
    }
}
