#version 450
// SPDX-License-Identifier: Apache-2.0
// out = softmax(score) . v over the keys that a query of one head sees (include/attention.glsl), score =
// q . k * scale; POINTWISE: silu(score) . v * pointwise. Heads stand side by side in a row, QUADS vec4s
// each, V_QUADS in v and out; RAGGED: at most as many that are not theirs alone. A lane owns one query of one
// head and walks its keys KEYS at a time with a running maximum; a workgroup (one subgroup, no barriers) owns WG
// neighbouring queries, which may be of different sequences. Grid: x query blocks, y heads.
// SPLIT: a lane walks only the split-th p.count of these keys and leaves sums, maximum and total in
// `result` for attention_end.comp. Neighbouring lanes have the queries and heads that read the same keys;
// behind them come p.streams neighbouring splits, for memory is read faster in several streams. That is a
// unit; the next one is of the next key head or, behind the last, of the next splits.
// SHARED: lanes walk the keys that any of them sees, each fetches some quads of a key, and all get them.
#extension GL_EXT_control_flow_attributes : require
#if SHARED
#extension GL_KHR_shader_subgroup_arithmetic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#endif
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
#if RAGGED && !SPLIT
layout(std430, set = 0, binding = 4) restrict writeonly buffer Result { float result[]; };
#else
layout(std430, set = 0, binding = 4) restrict writeonly buffer Result { vec4 result[]; };
#endif
layout(set = 0, binding = 6) uniform isamplerBuffer key_offsets;
layout(set = 0, binding = 7) uniform samplerBuffer bias_texels;
#include "attention.glsl"
#include "rows.glsl"
#if ROLLED
#define EACH(quads) [[dont_unroll]] for (int d = 0; d < quads; d++)
#else
// Unrolled: llvmpipe counts the iterations of all loops (vr_loops_fit).
#define EACH(quads) [[unroll]] for (int d = 0; d < quads; d++)
#endif
#define LOWEST -3.0e38

#if RAGGED
// Heads begin anywhere in a quad, of which the rest belongs to other heads. q is kept as k's head lies in its
// quads, sums as v's does. Nothing is fetched behind a row's last head: a view may end there.
uint k_first, k_shift, v_first, v_shift;

uint last_quad(uint heads, uint dim)
{
    return vr_quads(heads * dim) - 1u;
}

void find_head(uint head)
{
    const uint k_element = head / GROUP * p.head_dim, v_element = head / GROUP * p.v_dim;
    k_first = k_element / 4u;
    k_shift = k_element % 4u;
    v_first = v_element / 4u;
    v_shift = v_element % 4u;
}

vec4 shifted(vec4 a, vec4 b, uint shift)
{
    return shift == 0u ? a : shift == 1u ? vec4(a.yzw, b.x) : shift == 2u ? vec4(a.zw, b.xy) : vec4(a.w, b.xyz);
}

vec4 of_head(vec4 k, uint d)
{
    return mix(vec4(0.0), k, lessThan(uvec4(0u, 1u, 2u, 3u) + 4u * d - k_shift, uvec4(p.head_dim)));
}

vec4 q_quad(uint query, uint head, int d)
{
    const uint element = head * p.head_dim - k_shift, row = query * p.q_pitch;
    const uint end = last_quad(p.n_heads, p.head_dim);
    const uint a = min(element / 4u + d, end), b = min(a + 1u, end);
    return of_head(shifted(texelFetch(q_texels, int(row + a)), texelFetch(q_texels, int(row + b)), element % 4u), d);
}

vec4 k_quad(uint row, uint d)
{
    const vec4 k = K(row + min(k_first + d, last_quad(p.n_heads / GROUP, p.head_dim)));
    return d == 0u || d + 2u >= QUADS ? of_head(k, d) : k;
}
#define v_quad(row, d) V((row) + min(v_first + (d), last_quad(p.n_heads / GROUP, p.v_dim)))
#else
uint k_first, v_first;

void find_head(uint head)
{
    k_first = head / GROUP * QUADS;
    v_first = head / GROUP * V_QUADS;
}
#define q_quad(query, head, d) texelFetch(q_texels, int((query) * p.q_pitch + (head) * QUADS + (d)))
#define k_quad(row, d) K((row) + k_first + (d))
#define v_quad(row, d) V((row) + v_first + (d))
#endif

#if SHARED
#define OWN(quads) ((quads + WG - 1) / WG)
#define EACH_OWN(quads) [[unroll]] for (int i = 0; i < OWN(quads); i++)
#define OWN_QUAD(quads) min(i * WG + gl_SubgroupInvocationID, quads - 1u)
#define HANDED(own) subgroupShuffle(own[d / WG], d % WG)
#endif

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
#if !SHARED
    if (query >= rows)
        return;
#endif
#endif
    find_head(head);
    int at;
    uvec2 span = vr_keys(query, at); // none behind the last query
#if SPLIT
    span.x += min(split * p.count, span.y - span.x);
    span.y = min(span.x + p.count, span.y);
    if (span.x == span.y)
        return;
#endif
    vec4 q[QUADS], sum[V_QUADS];
    EACH(QUADS) q[d] = q_quad(min(query, rows - 1u), head, d) * p.scale;
    EACH(V_QUADS) sum[d] = vec4(0.0);
    float most = LOWEST, total = 0.0;
#if SHARED
    const bool any = span.x < span.y;
    const uint first = subgroupMin(any ? span.x : 0xffffffffu), end = subgroupMax(any ? span.y : 0u);
    for (uint j = first; j < end; j++) {
        const bool seen = j >= span.x && j < span.y;
        vec4 k[OWN(QUADS)], v[OWN(V_QUADS)], s = vec4(0.0);
        EACH_OWN(QUADS) k[i] = k_quad(j * p.k_pitch, OWN_QUAD(QUADS));
        EACH_OWN(V_QUADS) v[i] = v_quad(j * p.v_pitch, OWN_QUAD(V_QUADS));
        EACH(QUADS) s = fma(q[d], HANDED(k), s);
        const float score = vr_score(s.x + s.y + s.z + s.w, j, at, head);
#if POINTWISE
        const float shrink = 1.0, weight = vr_silu(score);
#else
        const float highest = max(most, score), shrink = exp(most - highest), weight = exp(score - highest);
        most = seen ? highest : most;
        total = seen ? fma(total, shrink, weight) : total;
#endif
        EACH(V_QUADS) sum[d] = mix(sum[d], fma(HANDED(v), vec4(weight), sum[d] * shrink), bvec4(seen));
    }
    if (query >= rows)
        return;
#else
    for (uint j = span.x; j < span.y; j += KEYS) {
        float score[KEYS];
        float highest = most;
        [[unroll]] for (int b = 0; b < KEYS; b++) {
            const uint row = min(j + b, span.y - 1) * p.k_pitch;
            vec4 s = vec4(0.0);
            EACH(QUADS) s = fma(q[d], k_quad(row, d), s);
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
            const uint row = min(j + b, span.y - 1) * p.v_pitch;
            EACH(V_QUADS) sum[d] = fma(vec4(weight), v_quad(row, d), sum[d]);
        }
    }
#endif
#if SPLIT
    const uint quads = vr_quads(p.v_dim), to = ((split * rows + query) * p.n_heads + head) * (quads + 1u);
    result[to + quads] = vec4(most, total, 0.0, 0.0);
#if RAGGED
    EACH(V_QUADS) if (d < quads)
        result[to + d] = shifted(sum[d], sum[min(d + 1, V_QUADS - 1)], v_shift);
#else
    for (int d = 0; d < V_QUADS; d++)
        result[to + d] = sum[d];
#endif
#else
#if POINTWISE
    const float scale = p.pointwise;
#else
    const float scale = span.x < span.y ? 1.0 / total : 0.0;
#endif
#if RAGGED
    const uint to = query * p.out_pitch + head * p.v_dim;
    EACH(V_QUADS) [[unroll]] for (int e = 0; e < 4; e++)
        if (uint(4 * d + e) - v_shift < p.v_dim)
            result[to + 4 * d + e - v_shift] = sum[d][e] * scale;
    if (head + 1u == p.n_heads)
        for (uint d = p.n_heads * p.v_dim; d < p.out_pitch; d++)
            result[query * p.out_pitch + d] = 0.0; // padding
#else
    const uint to = query * p.out_pitch + head * V_QUADS;
    for (int d = 0; d < V_QUADS; d++)
        result[to + d] = vr_clear(sum[d] * scale, d, p.v_dim); // of one head there may be padding
#endif
#endif
}
