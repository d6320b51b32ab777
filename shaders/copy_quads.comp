#version 450
// SPDX-License-Identifier: Apache-2.0
// As copy.comp, in quads of 4 elements: columns and steps are multiples of 4. A lane takes VR_STEPS quads,
// WG apart, its neighbours the neighbouring ones. VR_TEXEL 1: the input is a texel view, else a storage
// buffer.
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

void main()
{
    const uint end = vr_slab_rows(p.x) * p.x.width, skipped = p.x.first * p.x.width;
    uint i = vr_group() * (WG * VR_STEPS) + gl_LocalInvocationID.x;
    if (i >= end)
        return;
    // Rows that are cut out of wider ones are counted through as if they were those.
    const uvec4 size = uvec4(0u, p.size1, p.size2, p.from_width != 0u ? p.from_width : p.x.width);
    const uint source = p.from - (p.cut != 0u ? p.x.first * p.a2 : 0u), target = p.to - skipped;
    const uint row = p.from_width != 0u ? p.from_width : p.b2;
    const uvec4 step = vr_digits(WG, size);
    uvec4 at = vr_digits(skipped + i, size);
    for (uint s = 0u; s < VR_STEPS && i < end; s++, i += WG) {
        to[target + at.x * p.b0 + at.y * p.b1 + at.z * row + at.w] =
            FROM(source + at.x * p.a0 + at.y * p.a1 + at.z * p.a2 + at.w);
        vr_digits_on(at, step, size);
    }
}
