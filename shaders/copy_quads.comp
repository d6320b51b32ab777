#version 450
#extension GL_EXT_control_flow_attributes : require
// SPDX-License-Identifier: Apache-2.0
// As copy.comp, in quads of 4 elements: steps are multiples of 4. A lane takes VR_STEPS quads of the
// result, WG apart, its neighbours the neighbouring ones. VR_TEXEL 1: the input is a texel view, else a
// storage buffer. VR_SHIFT 0: columns and first places are multiples of 4, too; 1: each quad is put together
// from two of the input, and of those at a row's ends only the elements of the region are written. VR_FLAT
// 1: rows are counted through, not indices.
#include "push.h"
#include "step.glsl"
#include "digits.glsl"

layout(local_size_x = WG) in;
layout(push_constant) uniform Push
{
    vr_push_copy p;
};
#if VR_TEXEL
layout(set = 0, binding = 0) uniform usamplerBuffer from_texels;
#define FROM(i) texelFetch(from_texels, int(i))
#else
layout(std430, set = 0, binding = 0) restrict readonly buffer From
{
    uvec4 from[];
};
#define FROM(i) from[i]
#endif
layout(std430, set = 0, binding = 1) restrict writeonly buffer To
{
    uvec4 to[];
};

#if VR_SHIFT
// The 4 elements that stand `shift` behind the first of the input's quad `i`.
uvec4 shifted(int i, int last)
{
    const uvec4 a = FROM(max(i, 0)), b = FROM(min(i + 1, last)); // what lies past an end is not written
    const bool by2 = (p.shift & 2u) != 0u, by1 = (p.shift & 1u) != 0u;
    const uvec4 v = by2 ? uvec4(a.zw, b.xy) : a;
    return by1 ? uvec4(v.yzw, by2 ? b.z : b.x) : v;
}

// Of quad `quad` of a row what is the region's and the padding behind it.
void write(uint i, uint quad, uvec4 v)
{
    const uvec4 column = 4u * quad + uvec4(0u, 1u, 2u, 3u) - p.skip; // before the region: wraps, too large
    const bvec4 there = lessThan(column, uvec4(p.columns));
    v = mix(uvec4(0u), v, lessThan(column, uvec4(p.width)));
    [[unroll]] for (uint c = 0u; c < 4u; c++) {
        if (there[c])
            to[i][c] = v[c];
    }
}
#define COPY(i, from, quad) write(i, quad, shifted(int(from), last))
#else
#define COPY(i, from, quad) to[i] = FROM(from)
#endif

void main()
{
    const uint end = vr_slab_rows(p.x) * p.x.width, skipped = p.x.first * p.x.width;
    uint i = vr_group() * (WG * VR_STEPS) + gl_LocalInvocationID.x;
    if (i >= end)
        return;
#if VR_SHIFT && VR_TEXEL
    const int last = textureSize(from_texels) - 1;
#elif VR_SHIFT
    const int last = from.length() - 1;
#endif
    const uint source = p.from - (p.cut != 0u ? p.x.first * p.a2 : 0u), target = p.to - (p.whole != 0u ? skipped : 0u);
#if VR_FLAT
    // As vr_walk_on, by places instead of rows: a product less for each side.
    const uint quads = p.x.width, row = (skipped + i) / quads, rows = WG / quads, on = WG - rows * quads;
    uint quad = skipped + i - row * quads, from_at = source + row * p.a2 + quad;
    uint to_at = target + row * p.b2 + quad;
    for (uint s = 0u; s < VR_STEPS && i < end; s++, i += WG) {
        COPY(to_at, from_at, quad);
        quad += on;
        from_at += rows * p.a2 + on;
        to_at += rows * p.b2 + on;
        if (quad >= quads) {
            quad -= quads;
            from_at += p.a2 - quads;
            to_at += p.b2 - quads;
        }
    }
#else
    // Rows that are cut out of wider ones are counted through as if they were those.
    const uvec4 size = uvec4(0u, p.size1, p.size2, p.from_width != 0u ? p.from_width : p.x.width);
    const uint row = p.from_width != 0u ? p.from_width : p.b2;
    const uvec4 step = vr_digits(WG, size);
    uvec4 at = vr_digits(skipped + i, size);
    for (uint s = 0u; s < VR_STEPS && i < end; s++, i += WG) {
        COPY(target + at.x * p.b0 + at.y * p.b1 + at.z * row + at.w,
             source + at.x * p.a0 + at.y * p.a1 + at.z * p.a2 + at.w, at.w);
        vr_digits_on(at, step, size);
    }
#endif
}
