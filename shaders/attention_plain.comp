#version 450
// SPDX-License-Identifier: Apache-2.0
// The same as attention.comp for any head_dim up to 256 and operands beyond a view. A lane owns one
// query of one head (heads run fastest) and keeps its sums in a private array.
#include "push.h"
#include "step.glsl"
layout(local_size_x = WG) in;
layout(push_constant) uniform Push { vr_push_attention p; };

layout(std430, set = 0, binding = 0) restrict readonly buffer Queries { float q[]; };
layout(std430, set = 0, binding = 1) restrict readonly buffer Keys { float k[]; };
layout(std430, set = 0, binding = 2) restrict readonly buffer Values { float v[]; };
layout(set = 0, binding = 3) uniform isamplerBuffer offsets;
layout(std430, set = 0, binding = 4) restrict writeonly buffer Result { float result[]; };
#define VR_OFFSET(i) texelFetch(offsets, int(i)).x
#include "sequence.glsl"

void main()
{
    const uint lane = vr_group() * WG + gl_LocalInvocationID.x;
    const uint query = lane / p.n_heads, head = lane % p.n_heads;
    if (query >= vr_rows(p.rows, p.symbol))
        return;
    const uvec2 span = vr_sequence(query, vr_rows(p.sequences, p.sequences_symbol));
    const uint first = head * p.head_dim;
    float sum[256];
    for (uint d = 0; d < p.head_dim; d++)
        sum[d] = 0.0;
    float most = -3.0e38, total = 0.0;
    for (uint j = span.x; j < span.y; j++) {
        float score = 0.0;
        for (uint d = 0; d < p.head_dim; d++)
            score = fma(q[query * p.q_pitch + first + d], k[j * p.k_pitch + first + d], score);
        score *= p.scale;
        const float highest = max(most, score);
        const float shrink = exp(most - highest), weight = exp(score - highest);
        most = highest;
        total = total * shrink + weight;
        for (uint d = 0; d < p.head_dim; d++)
            sum[d] = fma(weight, v[j * p.v_pitch + first + d], sum[d] * shrink);
    }
    const uint at = query * p.out_pitch;
    for (uint d = 0; d < p.head_dim; d++)
        result[at + first + d] = sum[d] / total;
    if (head + 1 == p.n_heads)
        for (uint d = p.n_heads * p.head_dim; d < p.out_pitch; d++)
            result[at + d] = 0.0; // padding
}
