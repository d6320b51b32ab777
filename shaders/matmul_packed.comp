#version 450
// SPDX-License-Identifier: Apache-2.0
// out[m][n] = activation(sum over k of a[m][k] * w[n][k] + bias[n]) + residual[m][n] with packed w
// (ops/op.h): its words are unpacked in registers, 16 bytes of a row at a time. Sums in f32; of a block
// the products of its quants are summed, then scaled.
// A lane owns TM rows x 4 columns; neighbouring lanes own neighbouring columns. No barriers, no shared
// memory: a workgroup is one subgroup. Grid: as in matmul.comp. Every element is summed over k in the same
// order, whatever TM.
#extension GL_EXT_control_flow_attributes : require
#include "push.h"
#include "step.glsl"
layout(local_size_x = WG) in;
layout(push_constant) uniform Push { vr_push_matmul p; };
#include "matmul_result.glsl"
#include "packed.glsl"

layout(set = 0, binding = 0) uniform samplerBuffer a_texels;
#ifdef W_STORAGE
layout(std430, set = 0, binding = 1) restrict readonly buffer Weights { uvec4 w_words[]; };
uvec4 load_w(uint i) { return w_words[i]; }
#else
layout(set = 0, binding = 1) uniform usamplerBuffer w_texels;
uvec4 load_w(uint i) { return texelFetch(w_texels, int(i)); }
#endif

// Quads of k that 16 bytes hold, of q4_0 those of the lower nibbles alone.
#if defined(VR_BF16)
#define QUADS 2
vec4 unpack(uvec4 words, int i) { return vr_bf16(uvec2(words[2 * i], words[2 * i + 1])); }
vec4 load_a(uint at, uint k) { return k < p.k_quads ? texelFetch(a_texels, int(at + k)) : vec4(0.0); }
#else
#define QUADS 4
vec4 unpack(uvec4 words, int i) { return vr_quants(words[i]); }
vec4 load_a(uint at, uint k) { return texelFetch(a_texels, int(at + k)); }
#endif

// Both halves of a block as one text are the faster, but not of q4_0 where fetches are costly.
#if defined(COSTLY_FETCH) && defined(VR_Q4_0)
#define HALVES [[dont_unroll]]
#else
#define HALVES [[unroll]]
#endif

// Adds words of four columns times the quads of the rows at a_at from k on.
void add_words(const uint a_at[TM], uint k, const uvec4 words[4], inout vec4 acc[TM])
{
    [[unroll]] for (int i = 0; i < QUADS; i++) {
        vec4 w[4];
        [[unroll]] for (int j = 0; j < 4; j++) w[j] = unpack(words[j], i);
        [[unroll]] for (int r = 0; r < TM; r++) {
            const vec4 a = load_a(a_at[r], k + i);
            [[unroll]] for (int j = 0; j < 4; j++)
                acc[r][j] = fma(a.w, w[j].w, fma(a.z, w[j].z,
                            fma(a.y, w[j].y, fma(a.x, w[j].x, acc[r][j]))));
        }
    }
}

void main()
{
    const uint rows = min(vr_rows(p.rows, p.symbol), p.row_end);
    const uint batch = p.batches > 1u ? p.batch_first + gl_WorkGroupID.z : 0u;
    const uint tile = p.batches > 1u ? 0u : gl_WorkGroupID.z * gl_NumWorkGroups.x;
    const uint row = p.row_begin + (tile + gl_WorkGroupID.x) * TM;
    const uint quad = p.quad_begin + gl_WorkGroupID.y * WG + gl_LocalInvocationID.x;
    if (row >= rows || quad >= p.quad_end)
        return;
    uint a_at[TM], w_at[4];
    vec4 acc[TM];
    [[unroll]] for (int r = 0; r < TM; r++) {
        a_at[r] = batch * p.a_batch + (min(row + r, rows - 1) - p.row_begin) * p.a_pitch;
        acc[r] = vec4(0.0);
    }
    [[unroll]] for (int j = 0; j < 4; j++)
        w_at[j] = batch * p.w_batch +
                  (min(4 * quad + j, p.columns - 1) - 4 * p.quad_begin) * p.w_pitch;
    uvec4 words[4];
#ifdef VR_BF16
    for (uint s = 0; s < (p.k_quads + 1) / 2; s++) {
        [[unroll]] for (int j = 0; j < 4; j++) words[j] = load_w(w_at[j] + s);
        add_words(a_at, s * QUADS, words, acc);
    }
#else
    // The scales of 8 blocks are fetched together; the next one stands lowest.
    const uint blocks = p.depth / 32, scales_at = blocks * VR_BLOCK_WORDS / 4;
    uvec4 scales[4];
    for (uint b = 0; b < blocks; b++) {
        if (b % 8 == 0)
            [[unroll]] for (int j = 0; j < 4; j++) scales[j] = load_w(w_at[j] + scales_at + b / 8);
        vec4 part[TM], scale;
        [[unroll]] for (int r = 0; r < TM; r++) part[r] = vec4(0.0);
#ifdef VR_Q4_0
        [[unroll]] for (int j = 0; j < 4; j++) words[j] = load_w(w_at[j] + b);
#endif
        HALVES for (int side = 0; side < 2; side++) {
#ifdef VR_Q8_0
            [[unroll]] for (int j = 0; j < 4; j++) words[j] = load_w(w_at[j] + 2 * b + side);
#endif
            add_words(a_at, (2 * b + side) * QUADS, words, part);
            [[unroll]] for (int j = 0; j < 4; j++) words[j] = words[j] >> 4; // the upper nibbles
        }
        [[unroll]] for (int j = 0; j < 4; j++) {
            scale[j] = vr_scale(scales[j].x & 0xffffu);
            scales[j] = scales[j] >> 16 | uvec4(scales[j].yzw, 0u) << 16;
        }
        [[unroll]] for (int r = 0; r < TM; r++) acc[r] = fma(part[r], scale, acc[r]);
    }
#endif
    for (int r = 0; r < TM; r++)
        if (row + r < rows)
            vr_finish(batch * p.out_batch + (row + r - p.row_begin) * p.out_pitch, quad, acc[r]);
}
