#version 450
// SPDX-License-Identifier: Apache-2.0
// Rotary position embedding: pair (a, b) of a head becomes (a·cos − b·sin, a·sin + b·cos), cos and sin
// from the table's row of the token's position, side by side for each pair; what lies behind the
// `rotary` first elements of a head is copied. A lane computes a unit of one token at a time, VR_STEPS
// times, WG apart, its neighbours the next ones. VR_QUADS 1: pairs do not cross vec4s; 0: any sizes, x is
// read by elements. VR_HALVES: whether a pair's second element stands rotary / 2 behind the first, not
// beside it. A unit is 4 neighbouring elements (the contiguous dimension), in halves by quads with their
// other ones; there VR_COPIED says whether anything is copied. VR_TEXEL 1: x and positions are texel views,
// else storage buffers. Only tokens whose position is in the bound slab of the table are computed; the
// dispatch of its first slab writes zeros for positions that are nowhere, and reports them.
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

// Unit `unit` of a head that begins at quad `from` of x and `to` of the result; `angles`: where the table's
// row begins.
#if VR_HALVES
void rotate(uint from, uint to, uint unit, uint angles, bool there)
{
    const uint apart = p.rotary / 8u;
    const bool copied = VR_COPIED == 1 && unit >= apart;
    const uint a = copied ? apart + unit : unit, b = copied ? a : apart + unit;
    const uint pairs = angles + (copied ? 0u : 2u * unit);
    const vec4 t0 = TABLE(pairs), t1 = TABLE(pairs + 1u), x = X(from + a), y = X(from + b);
    const vec4 cosine = vec4(t0.xz, t1.xz), sine = vec4(t0.yw, t1.yw);
    const vec4 rotated = copied ? x : x * cosine - y * sine;
    out_quads[to + a] = there ? rotated : vec4(0.0);
    if (!copied)
        out_quads[to + b] = there ? y * cosine + x * sine : vec4(0.0);
}
#else
void rotate(uint from, uint to, uint unit, uint angles, bool there)
{
    const vec4 x = X(from + unit), t = TABLE(angles + (4u * unit < p.rotary ? unit : 0u));
    const vec4 rotated = 4u * unit < p.rotary ? x * t.xxzz + vec4(-x.y, x.x, -x.w, x.z) * t.yyww : x;
    out_quads[to + unit] = there ? rotated : vec4(0.0);
}
#endif
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

void rotate(uint from, uint to, uint unit, uint angles, bool there)
{
    vec4 y;
    for (uint i = 0u; i < 4u; i++)
        y[i] = element(4u * from, 4u * unit + i, angles);
    out_quads[to + unit] = there ? y : vec4(0.0);
}
#endif

void main()
{
    const uint quads = vr_quads(p.x.width), end = vr_slab_rows(p.x) * p.units;
    uint i = vr_group() * (WG * VR_STEPS) + gl_LocalInvocationID.x;
    if (i >= end)
        return;
    vr_found found = vr_found(0u, 0u, 0u);
    // Rows, heads and their units; by elements a row is taken as one head.
    const uint head = VR_QUADS == 1 ? p.head_dim / 4u : quads, heads = quads / head;
    const uvec4 size = uvec4(0u, 0xffffffffu, heads, p.units / heads), step = vr_digits(WG, size);
    uvec4 at = vr_digits(i, size);
    for (uint s = 0u; s < VR_STEPS && i < end; s++, i += WG) {
        const uint position = uint(POSITION(p.x.first + at.y)); // negative ones become too large
        const bool there = position < p.table_rows;
        const uint slab_row = position - p.first; // before the slab: wraps, too large
        if (!there && at.z + at.w == 0u && p.first == 0u)
            vr_note(found, p.x.first + at.y, position);
        if (there ? slab_row < p.count : p.first == 0u)
            rotate(at.y * p.x.pitch + at.z * head, at.y * quads + at.z * head, at.w,
                   there ? slab_row * p.table_pitch : 0u, there);
        vr_digits_on(at, step, size);
    }
    vr_report_found(found);
}
