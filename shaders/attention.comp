#version 450
// SPDX-License-Identifier: Apache-2.0
// out = softmax(q . k * scale) . v over the keys of the query's own sequence, one head.
// Heads stand side by side in a row, QUADS vec4s each. A lane owns one query of one head and walks its
// keys KEYS at a time with a running maximum; a workgroup (one subgroup, no barriers) owns WG
// neighbouring queries, which may be of different sequences. Grid: x query blocks, y heads.
#extension GL_EXT_control_flow_attributes : require
#include "push.h"
#include "step.glsl"
layout(local_size_x = WG) in;
layout(push_constant) uniform Push { vr_push_attention p; };

layout(set = 0, binding = 0) uniform samplerBuffer q_texels;
layout(set = 0, binding = 1) uniform samplerBuffer k_texels;
layout(set = 0, binding = 2) uniform samplerBuffer v_texels;
layout(set = 0, binding = 3) uniform isamplerBuffer offsets;
layout(std430, set = 0, binding = 4) restrict writeonly buffer Result { vec4 result[]; };
#define VR_OFFSET(i) texelFetch(offsets, int(i)).x
#include "sequence.glsl"
#if QUADS <= 8
#define EACH_QUAD [[unroll]] for (int d = 0; d < QUADS; d++)
#else
#define EACH_QUAD for (int d = 0; d < QUADS; d++)
#endif
#define LOWEST -3.0e38

void main()
{
    const uint query = gl_WorkGroupID.x * WG + gl_LocalInvocationID.x;
    const uint first = gl_WorkGroupID.y * QUADS;
    if (query >= vr_rows(p.rows, p.symbol))
        return;
    const uvec2 span = vr_sequence(query, vr_rows(p.sequences, p.sequences_symbol));
    vec4 q[QUADS], sum[QUADS];
    EACH_QUAD {
        q[d] = texelFetch(q_texels, int(query * p.q_pitch + first + d)) * p.scale;
        sum[d] = vec4(0.0);
    }
    float most = LOWEST, total = 0.0;
    for (uint j = span.x; j < span.y; j += KEYS) {
        float score[KEYS];
        float highest = most;
        [[unroll]] for (int b = 0; b < KEYS; b++) {
            const uint key = min(j + b, span.y - 1) * p.k_pitch + first;
            vec4 s = vec4(0.0);
            EACH_QUAD s = fma(q[d], texelFetch(k_texels, int(key + d)), s);
            score[b] = j + b < span.y ? s.x + s.y + s.z + s.w : LOWEST;
            highest = max(highest, score[b]);
        }
        const float shrink = exp(most - highest);
        most = highest;
        total *= shrink;
        EACH_QUAD sum[d] *= shrink;
        [[unroll]] for (int b = 0; b < KEYS; b++) {
            const float weight = j + b < span.y ? exp(score[b] - most) : 0.0;
            total += weight;
            const uint key = min(j + b, span.y - 1) * p.v_pitch + first;
            EACH_QUAD sum[d] = fma(vec4(weight), texelFetch(v_texels, int(key + d)), sum[d]);
        }
    }
    const float scale = 1.0 / total;
    for (int d = 0; d < QUADS; d++)
        result[query * p.out_pitch + first + d] = sum[d] * scale;
}
