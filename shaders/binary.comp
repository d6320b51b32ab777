#version 450
// SPDX-License-Identifier: Apache-2.0
// out = a op b, where b has a's shape or is one row used for every row of a.
// All rows of out lie behind one another, padding included: one array of quads (vec4s). A workgroup
// takes WG · VR_STEPS neighbouring quads, lanes take neighbours. VR_CLEAR 1: a dynamic vector, past whose end
// stands anything. VR_TEXEL 1: a and b are texel views, else storage buffers.
#include "push.h"
#include "step.glsl"
#include "rows.glsl"
#include "binary.glsl"

layout(local_size_x = WG) in;
layout(push_constant) uniform Push
{
    vr_push_binary p;
};
#if VR_TEXEL
layout(set = 0, binding = 0) uniform samplerBuffer a_texels;
layout(set = 0, binding = 1) uniform samplerBuffer b_texels;
#define A(i) texelFetch(a_texels, int(i))
#define B(i) texelFetch(b_texels, int(i))
#else
layout(std430, set = 0, binding = 0) restrict readonly buffer ABuffer
{
    vec4 a_quads[];
};
layout(std430, set = 0, binding = 1) restrict readonly buffer BBuffer
{
    vec4 b_quads[];
};
#define A(i) a_quads[i]
#define B(i) b_quads[i]
#endif
layout(std430, set = 0, binding = 2) restrict writeonly buffer Out
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
        const vec4 a = A(at.row * p.x.pitch + at.quad);
        const vec4 b = B(at.row * p.b_pitch + at.quad);
#if VR_CLEAR
        out_quads[i] = vr_clear(vr_binary(a, b), i, width);
#else
        out_quads[i] = vr_binary(a, b);
#endif
        vr_walk_on(at, quads);
    }
}
