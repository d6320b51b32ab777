#version 450
// SPDX-License-Identifier: Apache-2.0
// out[m][n] = activation(sum over k of a[m][k] * w[n][k] + bias[n]) + residual[m][n] for at most TM rows and
// w as in model files: [N][K], contiguous along k, rows padded with zeros.
// A subgroup owns all rows x 4 columns; its lanes take the 16 bytes of a row of w in turns, then share their
// sums: neighbouring lanes read what stands side by side, and few rows still make many subgroups. No shared
// memory, no barriers. Halves, bf16 and blocks (ops/op.h) are read as words, 8 to 32 weights a fetch, and unpacked
// in registers; of a block the products of a fetch are summed, then scaled. The order in which an element is
// summed depends on the lanes of a subgroup, not on TM.
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#include "push.h"
#include "step.glsl"
#include "subgroup.glsl"
layout(local_size_x = WG) in;
layout(push_constant) uniform Push { vr_push_matmul p; };
#include "matmul_result.glsl"
#include "packed.glsl"

layout(set = 0, binding = 0) uniform samplerBuffer a_texels;
#if defined(VR_Q8_0) || defined(VR_Q4_0)
#define SUM float // a vec4 each would leave a lane too few registers
float total(float sum) { return sum; }
#ifdef VR_Q8_0
#define QUADS 4 // of k, a fetch
#define SIDES 1
#else
#define QUADS 8
#define SIDES 2 // the lower nibbles, then the upper ones
#endif
// As in matmul_packed.comp.
#if defined(COSTLY_FETCH) && defined(VR_Q4_0)
#define EACH_SIDE [[dont_unroll]]
#else
#define EACH_SIDE [[unroll]]
#endif
layout(set = 0, binding = 1) uniform usamplerBuffer w_texels;

// That of a block of the row at `at`. Lanes stand in different blocks, so each fetches its own.
float load_scale(uint at, uint block)
{
    const uvec4 scales = texelFetch(w_texels, int(at + p.depth / 32 * VR_BLOCK_WORDS / 4 + block / 8));
    const uvec2 two = (block & 4u) == 0u ? scales.xy : scales.zw;
    return vr_scale(((block & 2u) == 0u ? two.x : two.y) >> 16 * (block & 1u) & 0xffffu);
}

// Adds the products of fetch k of each row of w.
void add_products(uint k, const uint a_at[TM], const uint w_at[TC], inout float acc[TM][TC])
{
    uvec4 words[TC];
    float scale[TC], part[TM][TC];
    [[unroll]] for (int j = 0; j < TC; j++) {
        words[j] = texelFetch(w_texels, int(w_at[j] + k));
        scale[j] = load_scale(w_at[j], k * QUADS / 8);
        [[unroll]] for (int r = 0; r < TM; r++) part[r][j] = 0.0;
    }
    EACH_SIDE for (int side = 0; side < SIDES; side++) {
        [[unroll]] for (int i = 0; i < 4; i++) {
            vec4 a[TM];
            [[unroll]] for (int r = 0; r < TM; r++)
                a[r] = texelFetch(a_texels, int(a_at[r] + k * QUADS + 4 * side + i));
            [[unroll]] for (int j = 0; j < TC; j++) {
                const vec4 w = vr_quants(words[j][i]);
                [[unroll]] for (int r = 0; r < TM; r++)
                    part[r][j] = fma(a[r].w, w.w, fma(a[r].z, w.z, fma(a[r].y, w.y,
                                 fma(a[r].x, w.x, part[r][j]))));
            }
        }
        [[unroll]] for (int j = 0; j < TC; j++) words[j] = words[j] >> 4;
    }
    [[unroll]] for (int r = 0; r < TM; r++)
        [[unroll]] for (int j = 0; j < TC; j++) acc[r][j] = fma(part[r][j], scale[j], acc[r][j]);
}
#else
#define SUM vec4
float total(vec4 sum) { return dot(sum, vec4(1.0)); }
#if defined(VR_F16) || defined(VR_BF16)
#define QUADS 2 // of k, a fetch
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

// Adds the products of fetch k of each row of w.
void add_products(uint k, const uint a_at[TM], const uint w_at[TC], inout vec4 acc[TM][TC])
{
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
#endif

void main()
{
    const uint rows = min(vr_rows(p.rows, p.symbol), p.row_end);
    const uint quads = p.quad_end - p.quad_begin, index = vr_subgroup_index();
    const uint quad = p.quad_begin + index % quads, first = index / quads * TM; // row, of row_begin on
    if (rows <= p.row_begin + first)
        return;
    uint a_at[TM], w_at[TC];
    SUM acc[TM][TC];
    [[unroll]] for (int r = 0; r < TM; r++) {
        a_at[r] = min(first + r, rows - p.row_begin - 1) * p.a_pitch;
        [[unroll]] for (int j = 0; j < TC; j++) acc[r][j] = SUM(0.0);
    }
    [[unroll]] for (int j = 0; j < TC; j++)
        w_at[j] = (min(4 * quad + j, p.columns - 1) - 4 * p.quad_begin) * p.w_pitch;
    for (uint k = gl_SubgroupInvocationID; k < (p.k_quads + QUADS - 1) / QUADS; k += vr_lanes())
        add_products(k, a_at, w_at, acc);
    vec4 sums[TM];
    [[unroll]] for (int r = 0; r < TM; r++) sums[r] = vec4(0.0);
    [[unroll]] for (int r = 0; r < TM; r++)
        [[unroll]] for (int j = 0; j < TC; j++) sums[r][j] = subgroupAdd(total(acc[r][j]));
    if (!subgroupElect())
        return;
    [[dont_unroll]] for (uint r = 0; r < min(TM, rows - p.row_begin - first); r++)
        vr_finish((first + r) * p.out_pitch, quad, sums[r]);
}
