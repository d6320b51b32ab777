#version 450
// SPDX-License-Identifier: Apache-2.0
// out[m][n] = activation(sum over k of a[m][k] * w(k, n) + bias[n]) + residual[m][n], all in f32.
// Rows are contiguous along their last dimension and padded to vec4s whose tail is zero.
// W_NK: w as in model files, [N][K], vec4 along k. Otherwise [K][N], vec4 along n.
// A lane owns TM rows x TQ column quads; neighbouring lanes own neighbouring quads. No barriers, no
// shared memory: a workgroup is one subgroup. Grid: x row tiles, y column blocks of WG * TQ quads (a
// block's weights stay in the cache while all rows pass), z batch, or more row tiles. Every element is
// summed over k in ascending order, whatever the tile.
// W_WORDS: halves or bf16, 8 of them a fetch, unpacked in registers: two quads along k, or side by side.
#extension GL_EXT_control_flow_attributes : require
#ifdef A_SHARED
#extension GL_KHR_shader_subgroup_shuffle : require
#endif
#include "push.h"
#include "step.glsl"
layout(local_size_x = WG) in;
layout(push_constant) uniform Push { vr_push_matmul p; };
#include "matmul_result.glsl"

layout(set = 0, binding = 0) uniform samplerBuffer a_texels;
#ifdef VR_BF16
#include "packed.glsl"
vec4 halves(uvec2 words) { return vr_bf16(words); }
#else
vec4 halves(uvec2 words) { return vec4(unpackHalf2x16(words.x), unpackHalf2x16(words.y)); }
#endif
// What a fetch brings, and quad i of it.
#if defined(W_WORDS)
#define FETCHED uvec4
#define QUADS 2
layout(set = 0, binding = 1) uniform usamplerBuffer w_texels;
uvec4 load_w(uint i) { return texelFetch(w_texels, int(i)); }
#define UNPACK(words, i) halves(uvec2((words)[2 * (i)], (words)[2 * (i) + 1]))
#else
#define FETCHED vec4
#define QUADS 1
#define UNPACK(quad, i) (quad)
#if !defined(W_STORAGE)
layout(set = 0, binding = 1) uniform samplerBuffer w_texels;
vec4 load_w(uint i) { return texelFetch(w_texels, int(i)); }
#elif defined(VR_F16) || defined(VR_BF16)
layout(std430, set = 0, binding = 1) restrict readonly buffer Weights { uvec2 w_words[]; };
vec4 load_w(uint i) { return halves(w_words[i]); }
#else
layout(std430, set = 0, binding = 1) restrict readonly buffer Weights { vec4 w_quads[]; };
vec4 load_w(uint i) { return w_quads[i]; }
#endif
#endif

// Quads of a fetch: along k (there are as many as whole fetches hold, then) and along a row.
#ifdef W_NK
#define DEEP QUADS
#define WIDE 1
#else
#define DEEP 1
#define WIDE QUADS
#endif
// The n-th quad of columns of a lane.
#define COLUMN_QUAD(n) (quad + (n) / WIDE * (WG * WIDE) + (n) % WIDE)

// The quads of k in order, DEEP at a time, and quad k + i of row r of a. A_SHARED: each lane fetches one
// of the next WG and hands it to the others when its turn comes.
#ifdef A_SHARED
#define K_BEGIN                                                                                     \
    for (uint first = 0; first < p.k_quads; first += WG) {                                          \
        const uint own = min(first + gl_SubgroupInvocationID, p.k_quads - 1);                       \
        vec4 a_own[TM];                                                                             \
        [[unroll]] for (int r = 0; r < TM; r++) a_own[r] = texelFetch(a_texels, int(a_at[r] + own)); \
        for (uint k = first; k < min(first + WG, p.k_quads); k += DEEP) {
#define K_END                                                                                       \
    }                                                                                               \
    }
#define A_QUAD(r, i) subgroupShuffle(a_own[r], k + (i) - first)
#else
#define K_BEGIN for (uint k = 0; k < p.k_quads; k += DEEP) {
#define K_END }
#define A_QUAD(r, i) texelFetch(a_texels, int(a_at[r] + k + (i)))
#endif

void main()
{
    const uint rows = min(vr_rows(p.rows, p.symbol), p.row_end);
    const uint batch = p.batches > 1u ? p.batch_first + gl_WorkGroupID.z : 0u;
    const uint block = p.batches > 1u ? 0u : gl_WorkGroupID.z * gl_NumWorkGroups.x;
    const uint row = p.row_begin + (block + gl_WorkGroupID.x) * TM;
    const uint quad = p.quad_begin + gl_WorkGroupID.y * (WG * TQ) + gl_LocalInvocationID.x * WIDE;
#ifdef A_SHARED
    if (row >= rows) // so for all lanes: those without columns fetch for the others
        return;
#else
    if (row >= rows || quad >= p.quad_end)
        return;
#endif
    uint a_at[TM];
    [[unroll]] for (int r = 0; r < TM; r++)
        a_at[r] = batch * p.a_batch + (min(row + r, rows - 1) - p.row_begin) * p.a_pitch;
    vec4 acc[TM][TQ];
    [[unroll]] for (int r = 0; r < TM; r++)
        [[unroll]] for (int n = 0; n < TQ; n++) acc[r][n] = vec4(0.0);
#ifdef W_NK
    uint w_at[TQ][4];
    [[unroll]] for (int n = 0; n < TQ; n++)
        [[unroll]] for (int j = 0; j < 4; j++)
            w_at[n][j] = batch * p.w_batch +
                         (min(4 * (quad + WG * n) + j, p.columns - 1) - 4 * p.quad_begin) * p.w_pitch;
    K_BEGIN
        FETCHED own[TQ][4];
        [[unroll]] for (int n = 0; n < TQ; n++)
            [[unroll]] for (int j = 0; j < 4; j++) own[n][j] = load_w(w_at[n][j] + k / DEEP);
        [[unroll]] for (int i = 0; i < DEEP; i++) {
            vec4 w[TQ][4];
            [[unroll]] for (int n = 0; n < TQ; n++)
                [[unroll]] for (int j = 0; j < 4; j++) w[n][j] = UNPACK(own[n][j], i);
            [[unroll]] for (int r = 0; r < TM; r++) {
                const vec4 a = A_QUAD(r, i);
                [[unroll]] for (int n = 0; n < TQ; n++)
                    [[unroll]] for (int j = 0; j < 4; j++)
                        acc[r][n][j] = fma(a.w, w[n][j].w, fma(a.z, w[n][j].z,
                                       fma(a.y, w[n][j].y, fma(a.x, w[n][j].x, acc[r][n][j]))));
            }
        }
    K_END
#else
    uint w_at[TQ / WIDE];
    [[unroll]] for (int n = 0; n < TQ / WIDE; n++)
        w_at[n] = batch * p.w_batch + (min(COLUMN_QUAD(n * WIDE), p.quad_end - 1) - p.quad_begin) / WIDE +
                  p.w_first;
    // The last k quad may have rows past K: they are not w's, and a's padding is zero there.
    K_BEGIN
        FETCHED own[TQ / WIDE][4];
        [[unroll]] for (int n = 0; n < TQ / WIDE; n++)
            [[unroll]] for (int q = 0; q < 4; q++)
                own[n][q] = load_w(w_at[n] + min(4 * k + q, p.depth - 1) * p.w_pitch);
        vec4 w[TQ][4];
        [[unroll]] for (int n = 0; n < TQ; n++)
            [[unroll]] for (int q = 0; q < 4; q++) w[n][q] = UNPACK(own[n / WIDE][q], n % WIDE);
        [[unroll]] for (int r = 0; r < TM; r++) {
            const vec4 a = A_QUAD(r, 0);
            [[unroll]] for (int n = 0; n < TQ; n++)
                acc[r][n] = fma(vec4(a.w), w[n][3], fma(vec4(a.z), w[n][2],
                            fma(vec4(a.y), w[n][1], fma(vec4(a.x), w[n][0], acc[r][n]))));
        }
    K_END
#endif
    // Storage accesses compile in time that grows with their square on lavapipe: a loop, over a copy, so that
    // the sums themselves need no index at run time.
    vec4 sums[TM][TQ];
    [[unroll]] for (int r = 0; r < TM; r++)
        [[unroll]] for (int n = 0; n < TQ; n++) sums[r][n] = acc[r][n];
    [[dont_unroll]] for (int r = 0; r < TM; r++) {
        if (row + r >= rows)
            break;
        const uint out_row = batch * p.out_batch + (row + r - p.row_begin) * p.out_pitch;
        [[unroll]] for (int n = 0; n < TQ; n++) {
            if (COLUMN_QUAD(n) < p.quad_end)
                vr_finish(out_row, COLUMN_QUAD(n), sums[r][n]);
        }
    }
}
