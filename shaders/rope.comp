#version 450
// SPDX-License-Identifier: Apache-2.0
// Rotary position embedding: pair (a, b) of a head becomes (a·cos − b·sin, a·sin + b·cos), cos and sin
// from the table's row of the token's position, side by side for each pair; what lies behind the
// `rotary` first elements of a head is copied. A lane computes 4 neighbouring elements (the contiguous
// dimension) of one token, its neighbours the next ones. VR_QUADS 1: pairs do not cross vec4s, and x is
// a texel view; 0: any sizes, x is a storage buffer. Only tokens whose position is in the bound slab
// of the table are computed; the dispatch of its first slab writes zeros for positions that are
// nowhere, and reports them.
#include "push.h"
#include "step.glsl"
#include "rows.glsl"
#include "fault.glsl"

layout(local_size_x = WG) in;
layout(push_constant) uniform Push
{
    vr_push_rope p;
};
layout(set = 0, binding = 1) uniform samplerBuffer table_texels;
#define TABLE(i) texelFetch(table_texels, int(i))
layout(std430, set = 0, binding = 2) restrict readonly buffer Positions
{
    int positions[];
};
layout(std430, set = 0, binding = 3) restrict writeonly buffer Out
{
    vec4 out_quads[];
};

#if VR_QUADS
layout(set = 0, binding = 0) uniform samplerBuffer x_texels;
#define X(i) texelFetch(x_texels, int(i))

// Elements 4·quad to 4·quad + 3 of a row of x; `row` and `angles`: where the rows begin.
vec4 rotated(uint row, uint quad, uint angles)
{
    const uint d = 4u * quad % p.head_dim, apart = p.rotary / 2u;
    const vec4 x = X(row + quad);
    if (d >= p.rotary)
        return x;
    if (p.halves == 0u) {
        const vec4 t = TABLE(angles + d / 4u);
        return x * t.xxzz + vec4(-x.y, x.x, -x.w, x.z) * t.yyww;
    }
    const bool second = d >= apart;
    const uint pair = second ? d - apart : d;
    const vec4 t0 = TABLE(angles + pair / 2u), t1 = TABLE(angles + pair / 2u + 1u);
    const vec4 other = X(second ? row + quad - apart / 4u : row + quad + apart / 4u);
    return x * vec4(t0.xz, t1.xz) + (second ? other : -other) * vec4(t0.yw, t1.yw);
}
#else
layout(std430, set = 0, binding = 0) restrict readonly buffer XBuffer
{
    float x_elements[];
};

float element(uint row, uint column, uint angles)
{
    const uint d = column % p.head_dim;
    if (column >= p.x.width)
        return 0.0; // padding
    const float x = x_elements[row + column];
    if (d >= p.rotary)
        return x;
    const uint apart = p.halves != 0u ? p.rotary / 2u : 1u;
    const bool second = p.halves != 0u ? d >= apart : d % 2u != 0u;
    const uint first = second ? d - apart : d;
    const uint pair = p.halves != 0u ? first : first / 2u;
    const vec4 t = TABLE(angles + pair / 2u);
    const vec2 cos_sin = pair % 2u == 0u ? t.xy : t.zw;
    const float other = x_elements[row + (second ? column - apart : column + apart)];
    return x * cos_sin.x + (second ? other : -other) * cos_sin.y;
}

vec4 rotated(uint row, uint quad, uint angles)
{
    vec4 y;
    for (uint i = 0u; i < 4u; i++)
        y[i] = element(4u * row, 4u * quad + i, angles);
    return y;
}
#endif

void main()
{
    const uint index = vr_group() * WG + gl_LocalInvocationID.x;
    const uint quads = vr_quads(p.x.width), row = index / quads, quad = index % quads;
    if (row >= vr_slab_rows(p.x))
        return;
    const uint position = uint(positions[p.x.first + row]); // negative ones become too large
    const bool there = position < p.table_rows;
    const uint slab_row = position - p.first; // before the slab: wraps, too large
    if (there ? slab_row >= p.count : p.first != 0u)
        return;
    if (!there && quad == 0u)
        vr_report(p.x.first + row, position);
    vec4 y = vec4(0.0);
    if (there)
        y = rotated(row * p.x.pitch, quad, slab_row * p.table_pitch);
    out_quads[index] = y;
}
