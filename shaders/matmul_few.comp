#version 450
// SPDX-License-Identifier: Apache-2.0
// out[m][n] = activation(sum over k of a[m][k] * w[n][k] + bias[n]) + residual[m][n] for at most TM rows and
// w as in model files: [N][K], contiguous along k, rows padded with zeros.
// A subgroup owns all rows x 4 columns; its lanes take the 16 bytes of a row of w in turns, then share their
// sums: neighbouring lanes read what stands side by side, and few rows still make many subgroups. No shared
// memory, no barriers. Halves and bf16 are read as words, 8 weights a fetch, and unpacked in registers. The
// order in which an element is summed depends on the lanes of a subgroup, not on TM.
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#include "push.h"
#include "step.glsl"
#include "subgroup.glsl"
layout(local_size_x = WG) in;
layout(push_constant) uniform Push { vr_push_matmul p; };
#include "matmul_result.glsl"

layout(set = 0, binding = 0) uniform samplerBuffer a_texels;
#if defined(VR_F16) || defined(VR_BF16)
#define QUADS 2 // of k, a fetch
#include "packed.glsl"
layout(set = 0, binding = 1) uniform usamplerBuffer w_texels;
void load_w(uint i, out vec4 w[QUADS])
{
    const uvec4 words = texelFetch(w_texels, int(i));
#ifdef VR_F16
    w[0] = vec4(unpackHalf2x16(words.x), unpackHalf2x16(words.y));
    w[1] = vec4(unpackHalf2x16(words.z), unpackHalf2x16(words.w));
#else
    w[0] = vr_bf16(words.xy);
    w[1] = vr_bf16(words.zw);
#endif
}
#else
#define QUADS 1
layout(set = 0, binding = 1) uniform samplerBuffer w_texels;
void load_w(uint i, out vec4 w[QUADS]) { w[0] = texelFetch(w_texels, int(i)); }
#endif

// Quad k of the row at `at`; w may have one more than a.
vec4 load_a(uint at, uint k)
{
#ifdef VR_BF16
    if (k >= p.k_quads)
        return vec4(0.0);
#endif
    return texelFetch(a_texels, int(at + k));
}

void main()
{
    const uint rows = min(vr_rows(p.rows, p.symbol), p.row_end);
    const uint quads = p.quad_end - p.quad_begin, index = vr_subgroup_index();
    const uint quad = p.quad_begin + index % quads, first = index / quads * TM; // row, of row_begin on
    if (rows <= p.row_begin + first)
        return;
    uint a_at[TM], w_at[TC];
    vec4 acc[TM][TC];
    [[unroll]] for (int r = 0; r < TM; r++) {
        a_at[r] = min(first + r, rows - p.row_begin - 1) * p.a_pitch;
        [[unroll]] for (int j = 0; j < TC; j++) acc[r][j] = vec4(0.0);
    }
    [[unroll]] for (int j = 0; j < TC; j++)
        w_at[j] = (min(4 * quad + j, p.columns - 1) - 4 * p.quad_begin) * p.w_pitch;
    for (uint k = gl_SubgroupInvocationID; k < (p.k_quads + QUADS - 1) / QUADS; k += vr_lanes()) {
        vec4 a[TM][QUADS];
        [[unroll]] for (int r = 0; r < TM; r++)
            [[unroll]] for (int q = 0; q < QUADS; q++) a[r][q] = load_a(a_at[r], k * QUADS + q);
        [[unroll]] for (int j = 0; j < TC; j++) {
            vec4 w[QUADS];
            load_w(w_at[j] + k, w);
            [[unroll]] for (int r = 0; r < TM; r++)
                [[unroll]] for (int q = 0; q < QUADS; q++) acc[r][j] = fma(w[q], a[r][q], acc[r][j]);
        }
    }
    vec4 sums[TM];
    [[unroll]] for (int r = 0; r < TM; r++) sums[r] = vec4(0.0);
    [[unroll]] for (int r = 0; r < TM; r++)
        [[unroll]] for (int j = 0; j < TC; j++) sums[r][j] = subgroupAdd(dot(acc[r][j], vec4(1.0)));
    if (!subgroupElect())
        return;
    [[dont_unroll]] for (uint r = 0; r < min(TM, rows - p.row_begin - first); r++)
        vr_finish((first + r) * p.out_pitch, quad, sums[r]);
}
