#version 450
// SPDX-License-Identifier: Apache-2.0
// Dimensions in another order where the contiguous one of x is not that of the result. A lane takes 4 rows
// of x, which become a quad's columns, and VR_BLOCKS neighbouring quads of them, each of which becomes a
// quad in 4 rows of the result: whole cache lines are read. Its neighbours take the next 4 rows, and so
// write neighbouring quads. VR_TEXEL 1: x is a texel view, else a storage buffer.
#extension GL_EXT_control_flow_attributes : require
#include "push.h"
#include "step.glsl"
#include "digits.glsl"

layout(local_size_x = WG) in;
layout(push_constant) uniform Push
{
    vr_push_transpose p;
};
#if VR_TEXEL
layout(set = 0, binding = 0) uniform usamplerBuffer x_texels;
#define X(i) texelFetch(x_texels, int(i))
#else
layout(std430, set = 0, binding = 0) restrict readonly buffer XBuffer
{
    uvec4 x_quads[];
};
#define X(i) x_quads[i]
#endif
layout(std430, set = 0, binding = 1) restrict writeonly buffer Out
{
    uvec4 out_quads[];
};

void main()
{
    const uint unit = p.range.first + vr_group() * WG + gl_LocalInvocationID.x;
    if (unit >= min(vr_rows(p.units, p.symbol), p.range.end))
        return;
    const uvec4 at = vr_digits(unit, uvec4(0u, p.size[0], p.size[1], p.size[2]));
    uint from = at.x * p.a[0] + at.y * p.a[1] + at.z * p.a[2] + 4u * at.w * p.a[3];
    uint to = at.x * p.b[0] + at.y * p.b[1] + at.z * p.b[2] + at.w;
    uint row = 4u * VR_BLOCKS * at[p.axis];
    // Where there are fewer than 4 rows of x left, the first one stands for them and is not written.
    const bvec4 there = lessThan(4u * at.w + uvec4(0u, 1u, 2u, 3u), uvec4(p.width));
    const uvec4 step = mix(uvec4(0u), uvec4(0u, 1u, 2u, 3u) * p.a[3], there);
    for (uint block = 0u; block < VR_BLOCKS && row < p.rows; block++, from++, row += 4u) {
        const uvec4 x0 = X(from), x1 = X(from + step.y), x2 = X(from + step.z), x3 = X(from + step.w);
        [[unroll]] for (uint i = 0u; i < 4u; i++, to += p.b_row)
            if (row + i < p.rows)
                out_quads[to] = mix(uvec4(0u), uvec4(x0[i], x1[i], x2[i], x3[i]), there);
    }
}
