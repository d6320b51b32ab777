#version 450
// SPDX-License-Identifier: Apache-2.0
// Copies a region of 4-byte elements through strides, up to rank 4. A lane copies one element, its
// neighbours the neighbouring ones of the result; columns past the region's width are zeroed.
#include "push.h"
#include "step.glsl"
#include "rows.glsl"

layout(local_size_x = WG) in;
layout(push_constant) uniform Push
{
    vr_push_copy p;
};
layout(std430, set = 0, binding = 0) restrict readonly buffer From
{
    uint from[];
};
layout(std430, set = 0, binding = 1) restrict writeonly buffer To
{
    uint to[];
};

void main()
{
    const uint width = vr_width(p.x);
    const uint columns = p.x.width_symbol == 0xffffffffu ? p.columns : (width + 3u) / 4u * 4u;
    const uint i = vr_group() * WG + gl_LocalInvocationID.x;
    if (i >= vr_slab_rows(p.x) * columns)
        return;
    const uint slab_row = i / columns, i3 = i % columns, row = p.x.first + slab_row;
    uint source;
    if (p.from_width != 0u) {
        const uint element = row * width + i3;
        source = p.from + element / p.from_width * p.a2 + element % p.from_width;
    } else {
        const uint r = p.cut != 0u ? slab_row : row;
        source = p.from + r / p.size2 / p.size1 * p.a0 + r / p.size2 % p.size1 * p.a1 +
                 r % p.size2 * p.a2 + i3 * p.a3;
    }
    const uint to_row = p.whole != 0u ? slab_row : row;
    const uint target = p.to + to_row / p.size2 / p.size1 * p.b0 +
                        to_row / p.size2 % p.size1 * p.b1 + to_row % p.size2 * p.b2 + i3;
    to[target] = i3 < width ? from[source] : 0u;
}
