#version 450
// SPDX-License-Identifier: Apache-2.0
// out[i] = table[ids[i]]; zeros and a report where ids[i] is no row of the table. A workgroup copies one row, lanes
// neighbouring quads (4 elements of the contiguous dimension). Only rows of the bound slab
// [first, first + count) are copied; the dispatch of slab 0 writes the zeros. VR_TEXEL 1: the table is
// a texel view, whose format converts halves; else a storage buffer. VR_F16, VR_BF16, VR_Q8_0, VR_Q4_0:
// what the table holds, if not f32.
#include "push.h"
#include "step.glsl"
#include "fault.glsl"

layout(local_size_x = WG) in;
layout(push_constant) uniform Push
{
    vr_push_embedding p;
};
#if defined(VR_BF16) || defined(VR_Q8_0) || defined(VR_Q4_0)
#if VR_TEXEL
layout(set = 0, binding = 0) uniform usamplerBuffer table_texels;
#define VR_WORD(i) texelFetch(table_texels, int((i) >> 2))[(i) & 3u]
#else
layout(std430, set = 0, binding = 0) restrict readonly buffer Table
{
    uint table_words[];
};
#define VR_WORD(i) table_words[i]
#endif
#include "packed.glsl"
#define TABLE(row, q) vr_packed((row) * p.pitch, q, 4u * p.quads)
#elif VR_TEXEL
layout(set = 0, binding = 0) uniform samplerBuffer table_texels;
#define TABLE(row, q) texelFetch(table_texels, int((row) * p.pitch + (q)))
#elif defined(VR_F16)
layout(std430, set = 0, binding = 0) restrict readonly buffer Table
{
    uvec2 table_words[];
};
vec4 halves(uvec2 words)
{
    return vec4(unpackHalf2x16(words.x), unpackHalf2x16(words.y));
}
#define TABLE(row, q) halves(table_words[(row) * p.pitch + (q)])
#else
layout(std430, set = 0, binding = 0) restrict readonly buffer Table
{
    vec4 table_quads[];
};
#define TABLE(row, q) table_quads[(row) * p.pitch + (q)]
#endif
layout(std430, set = 0, binding = 1) restrict readonly buffer Ids
{
    int ids[];
};
layout(std430, set = 0, binding = 2) restrict writeonly buffer Out
{
    vec4 out_quads[];
};

void main()
{
    const uint row = vr_group();
    if (row >= vr_rows(p.rows, p.symbol))
        return;
    const uint id = uint(ids[row]); // negative ids become too large
    const bool there = id < vr_rows(p.table_rows, p.table_symbol);
    const uint slab_row = id - p.first; // before the slab: wraps, too large
    if (there ? slab_row >= p.count : p.first != 0u)
        return;
    if (!there && gl_LocalInvocationID.x == 0u)
        vr_report(row, id);
    for (uint q = gl_LocalInvocationID.x; q < p.quads; q += WG) {
        vec4 v = vec4(0.0);
        if (there)
            v = TABLE(slab_row, q);
        out_quads[row * p.quads + q] = v;
    }
}
