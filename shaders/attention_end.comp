#version 450
// SPDX-License-Identifier: Apache-2.0
// What attention.comp or attention_plain.comp left in `state` (for each split of p.count keys, query and
// head, heads fastest: quads of sums, then maximum and total) as rows of the result: the splits of a query
// are added up in their order (Flash-Decoding, Dao et al. 2023). A lane owns a quad of a query and head.
#include "push.h"
#include "step.glsl"
layout(local_size_x = WG) in;
layout(push_constant) uniform Push { vr_push_attention p; };

layout(std430, set = 0, binding = 0) restrict readonly buffer State { vec4 state[]; };
layout(std430, set = 0, binding = 1) restrict writeonly buffer Result { float result[]; };
layout(set = 0, binding = 3) uniform isamplerBuffer offsets;
layout(set = 0, binding = 4) uniform isamplerBuffer key_offsets;
layout(set = 0, binding = 5) uniform samplerBuffer bias_texels;
#include "attention.glsl"

void main()
{
    const uint lane = vr_group() * WG + gl_LocalInvocationID.x, quads = (p.v_dim + 3u) / 4u;
    const uint first = lane % quads * 4u, head = lane / quads % p.n_heads;
    const uint query = lane / quads / p.n_heads, rows = vr_rows(p.rows, p.symbol);
    if (query >= rows)
        return;
    int at;
    const uvec2 span = vr_keys(query, at);
    float most = -3.0e38, total = 0.0;
    vec4 sum = vec4(0.0);
    uint from = (query * p.n_heads + head) * (quads + 1u);
    for (uint left = span.y - span.x; left > 0u; left -= min(left, p.count)) {
#if POINTWISE
        sum += state[from + first / 4u];
#else
        const vec4 end = state[from + quads];
        const float highest = max(most, end.x);
        const float shrink = exp(most - highest), weight = exp(end.x - highest);
        most = highest;
        total = fma(end.y, weight, total * shrink);
        sum = fma(state[from + first / 4u], vec4(weight), sum * shrink);
#endif
        from += rows * p.n_heads * (quads + 1u);
    }
    const vec4 y = sum * (total > 0.0 ? 1.0 / total : p.pointwise);
    const uint to = query * p.out_pitch + head * p.v_dim + first;
    for (uint d = 0u; d < min(4u, p.v_dim - first); d++)
        result[to + d] = y[d];
    if (head + 1u == p.n_heads && first + 4u >= p.v_dim)
        for (uint d = p.n_heads * p.v_dim; d < p.out_pitch; d++)
            result[query * p.out_pitch + d] = 0.0; // padding
}
