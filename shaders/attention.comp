#version 450
// SPDX-License-Identifier: Apache-2.0
// out = softmax(score) . v over the keys that a query of one head sees (include/attention.glsl), score =
// q . k * scale; POINTWISE: silu(score) . v * pointwise. Heads stand side by side in a row, QUADS vec4s
// each, V_QUADS in v and out. A lane owns one query of one head and walks its keys KEYS at a time with a
// running maximum; a workgroup (one subgroup, no barriers) owns WG neighbouring queries, which may be of
// different sequences. Grid: x query blocks, y heads.
// SPLIT: a lane walks only the split-th p.count of these keys and leaves sums, maximum and total in
// `result` for attention_end.comp. Neighbouring lanes have the queries and heads that read the same keys;
// behind them come p.streams neighbouring splits, for memory is read faster in several streams. That is a
// unit; the next one is of the next key head or, behind the last, of the next splits.
#extension GL_EXT_control_flow_attributes : require
#include "push.h"
#include "step.glsl"
layout(local_size_x = WG) in;
layout(push_constant) uniform Push { vr_push_attention p; };

layout(set = 0, binding = 0) uniform samplerBuffer q_texels;
#if STORED
layout(std430, set = 0, binding = 1) restrict readonly buffer Keys { vec4 k_quads[]; };
layout(std430, set = 0, binding = 2) restrict readonly buffer Values { vec4 v_quads[]; };
#define K(i) k_quads[i]
#define V(i) v_quads[i]
#else
layout(set = 0, binding = 1) uniform samplerBuffer k_texels;
layout(set = 0, binding = 2) uniform samplerBuffer v_texels;
#define K(i) texelFetch(k_texels, int(i))
#define V(i) texelFetch(v_texels, int(i))
#endif
layout(set = 0, binding = 3) uniform isamplerBuffer offsets;
layout(std430, set = 0, binding = 4) restrict writeonly buffer Result { vec4 result[]; };
layout(set = 0, binding = 6) uniform isamplerBuffer key_offsets;
layout(set = 0, binding = 7) uniform samplerBuffer bias_texels;
#include "attention.glsl"
#if ROLLED
#define EACH(quads) [[dont_unroll]] for (int d = 0; d < quads; d++)
#else
// Unrolled: llvmpipe counts the iterations of all loops (vr_loops_fit).
#define EACH(quads) [[unroll]] for (int d = 0; d < quads; d++)
#endif
#define LOWEST -3.0e38

void main()
{
    const uint rows = vr_rows(p.rows, p.symbol);
#if SPLIT
    const uint lane = vr_group() * WG + gl_LocalInvocationID.x;
    const uint beside = lane % (rows * GROUP), walk = lane / (rows * GROUP);
    const uint unit = p.begin + walk / p.streams, k_heads = p.n_heads / GROUP;
    const uint query = beside / GROUP, head = unit % k_heads * GROUP + beside % GROUP;
    const uint split = unit / k_heads * p.streams + walk % p.streams;
#else
    const uint query = p.begin + gl_WorkGroupID.x * WG + gl_LocalInvocationID.x;
    const uint head = gl_WorkGroupID.y;
    if (query >= rows)
        return;
#endif
    const uint k_first = head / GROUP * QUADS, v_first = head / GROUP * V_QUADS;
    int at;
    uvec2 span = vr_keys(query, at);
#if SPLIT
    span.x += min(split * p.count, span.y - span.x);
    span.y = min(span.x + p.count, span.y);
    if (span.x == span.y)
        return;
#endif
    vec4 q[QUADS], sum[V_QUADS];
    EACH(QUADS) q[d] = texelFetch(q_texels, int(query * p.q_pitch + head * QUADS + d)) * p.scale;
    EACH(V_QUADS) sum[d] = vec4(0.0);
    float most = LOWEST, total = 0.0;
    for (uint j = span.x; j < span.y; j += KEYS) {
        float score[KEYS];
        float highest = most;
        [[unroll]] for (int b = 0; b < KEYS; b++) {
            const uint key = min(j + b, span.y - 1) * p.k_pitch + k_first;
            vec4 s = vec4(0.0);
            EACH(QUADS) s = fma(q[d], K(key + d), s);
            const float dot = vr_score(s.x + s.y + s.z + s.w, j + b, at, head);
            score[b] = j + b < span.y ? dot : LOWEST;
            highest = max(highest, score[b]);
        }
#if !POINTWISE
        const float shrink = exp(most - highest);
        most = highest;
        total *= shrink;
        EACH(V_QUADS) sum[d] *= shrink;
#endif
        [[unroll]] for (int b = 0; b < KEYS; b++) {
#if POINTWISE
            const float weight = j + b < span.y ? vr_silu(score[b]) : 0.0;
#else
            const float weight = j + b < span.y ? exp(score[b] - most) : 0.0;
            total += weight;
#endif
            const uint key = min(j + b, span.y - 1) * p.v_pitch + v_first;
            EACH(V_QUADS) sum[d] = fma(vec4(weight), V(key + d), sum[d]);
        }
    }
#if SPLIT
    const uint to = ((split * rows + query) * p.n_heads + head) * (V_QUADS + 1);
    const float scale = 1.0;
    result[to + V_QUADS] = vec4(most, total, 0.0, 0.0);
#else
    const uint to = query * p.out_pitch + head * V_QUADS;
#if POINTWISE
    const float scale = p.pointwise;
#else
    const float scale = span.x < span.y ? 1.0 / total : 0.0;
#endif
#endif
    for (int d = 0; d < V_QUADS; d++)
        result[to + d] = sum[d] * scale;
}
