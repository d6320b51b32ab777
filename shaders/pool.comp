#version 450
// SPDX-License-Identifier: Apache-2.0
// out[s] = mean (op 0), maximum (1) or first (2) of the rows offsets[s] .. offsets[s + 1] of x; zeros
// if there are none. A lane takes VR_SPAN quads (4 columns) of one sequence, WG apart, its neighbours the
// neighbouring quads; a workgroup's lanes stay within a sequence. VR_MAX 1: op is 1. VR_TEXEL 1: x is a
// texel view, else a storage buffer.
#extension GL_EXT_control_flow_attributes : require
#include "push.h"
#include "step.glsl"

layout(local_size_x = WG) in;
layout(push_constant) uniform Push
{
    vr_push_pool p;
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
layout(std430, set = 0, binding = 1) restrict readonly buffer Offsets
{
    int offsets[];
};
layout(std430, set = 0, binding = 2) restrict writeonly buffer Out
{
    vec4 out_quads[];
};

// Quad q + i * WG, if there is one, of the row that begins at quad `row`.
vec4 quad_of(uint row, uint q, int i)
{
    return X(row + min(q + uint(i) * WG, p.quads - 1u));
}

void join(uint row, uint q, inout vec4 y[VR_SPAN])
{
    [[unroll]] for (int i = 0; i < VR_SPAN; i++) {
        const vec4 x = quad_of(row, q, i);
        y[i] = VR_MAX != 0 ? max(y[i], x) : y[i] + x;
    }
}

void main()
{
    const uint per_row = (p.quads + VR_SPAN * WG - 1u) / (VR_SPAN * WG);
    const uint in_range = vr_group() / per_row, s = p.range.first + in_range;
    const uint q = (vr_group() - in_range * per_row) * VR_SPAN * WG + gl_LocalInvocationID.x;
    if (s >= min(vr_rows(p.sequences, p.symbol), p.range.end) || q >= p.quads)
        return;
    const int tokens = int(vr_rows(p.tokens, p.tokens_symbol));
    const int begin = clamp(offsets[s], 0, tokens);
    int end = clamp(offsets[s + 1u], begin, tokens);
    if (p.op == 2u)
        end = min(end, begin + 1);
    vec4 y[VR_SPAN];
    [[unroll]] for (int i = 0; i < VR_SPAN; i++) {
        y[i] = vec4(0.0);
        if (begin < end)
            y[i] = quad_of(uint(begin) * p.pitch, q, i);
    }
    int t = begin + 1; // steps without conditions: software drivers go through both sides of one
    for (; t + VR_UNROLL <= end; t += VR_UNROLL)
        [[unroll]] for (int i = 0; i < VR_UNROLL; i++)
            join(uint(t + i) * p.pitch, q, y);
    for (; t < end; t++)
        join(uint(t) * p.pitch, q, y);
    [[unroll]] for (int i = 0; i < VR_SPAN; i++)
        if (q + uint(i) * WG < p.quads) {
            if (p.op == 0u)
                y[i] /= float(max(end - begin, 1));
            out_quads[s * p.quads + q + uint(i) * WG] = y[i];
        }
}
