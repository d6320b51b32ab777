#version 450
// SPDX-License-Identifier: Apache-2.0
// What attention_plain.comp left in `state` (maximum, total, sums of v_dim elements, for each query and
// head, heads fastest) as rows of the result. A lane owns one query of one head.
#include "push.h"
#include "step.glsl"
layout(local_size_x = WG) in;
layout(push_constant) uniform Push { vr_push_attention p; };

layout(std430, set = 0, binding = 0) restrict readonly buffer State { float state[]; };
layout(std430, set = 0, binding = 1) restrict writeonly buffer Result { float result[]; };

void main()
{
    const uint lane = vr_group() * WG + gl_LocalInvocationID.x;
    const uint query = lane / p.n_heads, head = lane % p.n_heads;
    if (query >= vr_rows(p.rows, p.symbol))
        return;
    const uint kept = lane * (p.v_dim + 2u), to = query * p.out_pitch;
    const float total = state[kept + 1u]; // without any key, and pointwise: 0
    const float scale = total > 0.0 ? 1.0 / total : p.pointwise;
    for (uint d = 0; d < p.v_dim; d++)
        result[to + head * p.v_dim + d] = state[kept + 2u + d] * scale;
    if (head + 1 == p.n_heads)
        for (uint d = p.n_heads * p.v_dim; d < p.out_pitch; d++)
            result[to + d] = 0.0; // padding
}
