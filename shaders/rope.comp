#version 450
// SPDX-License-Identifier: Apache-2.0
// Rotary position embedding: pair (a, b) of a head becomes (a·cos − b·sin, a·sin + b·cos), cos and sin
// from the table's row of the token's position, side by side for each pair; what lies behind the
// `rotary` first elements of a head is copied. A lane computes 4 neighbouring elements (the contiguous
// dimension) of one token at a time, VR_STEPS times, WG apart, its neighbours the next ones. VR_QUADS 1:
// pairs do not cross vec4s; 0: any sizes, x is read by elements. VR_HALVES: whether a pair's second element
// stands rotary / 2 behind the first, not beside it. VR_TEXEL 1: x and positions are texel views, else
// storage buffers. Only tokens whose position is in the bound slab of the table are computed; the dispatch
// of its first slab writes zeros for positions that are nowhere, and reports them.
#include "push.h"
#include "step.glsl"
#include "rows.glsl"
#include "digits.glsl"
#include "fault.glsl"

layout(local_size_x = WG) in;
layout(push_constant) uniform Push
{
    vr_push_rope p;
};
layout(set = 0, binding = 1) uniform samplerBuffer table_texels;
#define TABLE(i) texelFetch(table_texels, int(i))
#if VR_TEXEL
layout(set = 0, binding = 2) uniform isamplerBuffer position_texels;
#define POSITION(i) texelFetch(position_texels, int(i)).x
#else
layout(std430, set = 0, binding = 2) restrict readonly buffer Positions
{
    int positions[];
};
#define POSITION(i) positions[i]
#endif
layout(std430, set = 0, binding = 3) restrict writeonly buffer Out
{
    vec4 out_quads[];
};

#if VR_QUADS
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

// Quad `quad` of a head that begins at quad `head` of x; `angles`: where the table's row begins.
vec4 rotated(uint head, uint quad, uint angles)
{
    const uint d = 4u * quad, apart = p.rotary / 2u;
    const vec4 x = X(head + quad);
    if (d >= p.rotary)
        return x;
#if VR_HALVES
    const bool second = d >= apart;
    const uint pair = second ? d - apart : d;
    const vec4 t0 = TABLE(angles + pair / 2u), t1 = TABLE(angles + pair / 2u + 1u);
    const vec4 other = X(head + (second ? quad - apart / 4u : quad + apart / 4u));
    return x * vec4(t0.xz, t1.xz) + (second ? other : -other) * vec4(t0.yw, t1.yw);
#else
    const vec4 t = TABLE(angles + quad);
    return x * t.xxzz + vec4(-x.y, x.x, -x.w, x.z) * t.yyww;
#endif
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
    const uint apart = VR_HALVES == 1 ? p.rotary / 2u : 1u;
    const bool second = VR_HALVES == 1 ? d >= apart : d % 2u != 0u;
    const uint first = second ? d - apart : d;
    const uint pair = VR_HALVES == 1 ? first : first / 2u;
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
    const uint quads = vr_quads(p.x.width), end = vr_slab_rows(p.x) * quads;
    uint i = vr_group() * (WG * VR_STEPS) + gl_LocalInvocationID.x;
    if (i >= end)
        return;
    vr_found found = vr_found(0u, 0u, 0u);
    // Rows, heads and their quads; by elements a row is taken as one head.
    const uint of_head = VR_QUADS == 1 ? p.head_dim / 4u : quads;
    const uvec4 size = uvec4(0u, 0xffffffffu, quads / of_head, of_head), step = vr_digits(WG, size);
    uvec4 at = vr_digits(i, size);
    for (uint s = 0u; s < VR_STEPS && i < end; s++, i += WG) {
        const uint position = uint(POSITION(p.x.first + at.y)); // negative ones become too large
        const bool there = position < p.table_rows;
        const uint slab_row = position - p.first; // before the slab: wraps, too large
        if (!there && at.z + at.w == 0u && p.first == 0u)
            vr_note(found, p.x.first + at.y, position);
        if (there ? slab_row < p.count : p.first == 0u) {
            const vec4 y = rotated(at.y * p.x.pitch + at.z * of_head, at.w,
                                   there ? slab_row * p.table_pitch : 0u);
            out_quads[i] = there ? y : vec4(0.0);
        }
        vr_digits_on(at, step, size);
    }
    vr_report_found(found);
}
