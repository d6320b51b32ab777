#version 450
// SPDX-License-Identifier: Apache-2.0
// The same as attention.comp for any head_dim up to 256 and operands beyond a view. A lane owns one
// query of one head (heads run fastest) and keeps its sums in a private array. LONG: only p.count of its
// keys from p.first on, with sums, maximum and total left in `state` for the next dispatch
// (attention_end.comp divides).
#include "push.h"
#include "step.glsl"
layout(local_size_x = WG) in;
layout(push_constant) uniform Push { vr_push_attention p; };

layout(std430, set = 0, binding = 0) restrict readonly buffer Queries { float q[]; };
layout(std430, set = 0, binding = 1) restrict readonly buffer Keys { float k[]; };
layout(std430, set = 0, binding = 2) restrict readonly buffer Values { float v[]; };
layout(set = 0, binding = 3) uniform isamplerBuffer offsets;
#if LONG
layout(std430, set = 0, binding = 4) restrict buffer State { float state[]; };
#else
layout(std430, set = 0, binding = 4) restrict writeonly buffer Result { float result[]; };
#endif
layout(set = 0, binding = 6) uniform isamplerBuffer key_offsets;
layout(set = 0, binding = 7) uniform samplerBuffer bias_texels;
#include "attention.glsl"

void main()
{
    const uint lane = vr_group() * WG + gl_LocalInvocationID.x;
    const uint query = p.begin + lane / p.n_heads, head = lane % p.n_heads;
    if (query >= vr_rows(p.rows, p.symbol))
        return;
    int at;
    uvec2 span = vr_keys(query, at);
#if LONG
    span.x = min(span.x + p.first, span.y);
    span.y = min(span.x + p.count, span.y);
    if (p.first != 0u && span.x == span.y)
        return;
    const uint quads = (p.v_dim + 3u) / 4u, kept = lane * (quads + 1u) * 4u, end = kept + quads * 4u;
#endif
    const uint q_first = query * p.q_pitch + head * p.head_dim;
    const uint k_first = head / GROUP * p.head_dim, v_first = head / GROUP * p.v_dim;
    float sum[256];
    for (uint d = 0; d < p.v_dim; d++)
        sum[d] = 0.0;
    float most = -3.0e38, total = 0.0;
#if LONG
    if (p.first != 0u) {
        most = state[end];
        total = state[end + 1u];
        for (uint d = 0; d < p.v_dim; d++)
            sum[d] = state[kept + d];
    }
#endif
    for (uint j = span.x; j < span.y; j++) {
        float score = 0.0;
        for (uint d = 0; d < p.head_dim; d++)
            score = fma(q[q_first + d], k[j * p.k_pitch + k_first + d], score);
        score = vr_score(score * p.scale, j, at, head);
#if POINTWISE
        const float shrink = 1.0, weight = vr_silu(score);
#else
        const float highest = max(most, score);
        const float shrink = exp(most - highest), weight = exp(score - highest);
        most = highest;
        total = total * shrink + weight;
#endif
        for (uint d = 0; d < p.v_dim; d++)
            sum[d] = fma(weight, v[j * p.v_pitch + v_first + d], sum[d] * shrink);
    }
#if LONG
    state[end] = most;
    state[end + 1u] = total;
    for (uint d = 0; d < p.v_dim; d++)
        state[kept + d] = sum[d];
#else
#if POINTWISE
    const float scale = p.pointwise;
#else
    const float scale = span.x < span.y ? 1.0 / total : 0.0;
#endif
    const uint to = query * p.out_pitch;
    for (uint d = 0; d < p.v_dim; d++)
        result[to + head * p.v_dim + d] = sum[d] * scale;
    if (head + 1 == p.n_heads)
        for (uint d = p.n_heads * p.v_dim; d < p.out_pitch; d++)
            result[to + d] = 0.0; // padding
#endif
}
