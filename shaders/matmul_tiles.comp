#version 450
// SPDX-License-Identifier: Apache-2.0
// out[m][n] = activation(sum over k of a[m][k] * w(k, n) + bias[n]) + residual[m][n], all in f32, for real
// GPUs: a workgroup copies tiles of a and w to shared memory, neighbouring lanes reading what stands side by
// side, and each lane computes TM rows x TQ column quads from there (Volkov and Demmel, "Benchmarking GPUs to
// tune dense linear algebra", 2008). While it computes, the next tile is on its way into registers.
// W_NK: w as in model files, [N][K], vec4 along k. Otherwise [K][N], vec4 along n. Halves and bf16 are
// unpacked on their way to shared memory.
// Grid: x row tiles, y column tiles, z batch, or more row tiles. Every element is summed over k in ascending
// order, as in matmul.comp.
#extension GL_EXT_control_flow_attributes : require
#include "push.h"
#include "step.glsl"
layout(local_size_x = WG) in;
layout(push_constant) uniform Push { vr_push_matmul p; };
#include "matmul_result.glsl"

layout(std430, set = 0, binding = 0) restrict readonly buffer Rows { vec4 a_quads[]; };
#if defined(VR_F16) || defined(VR_BF16)
layout(std430, set = 0, binding = 1) restrict readonly buffer Weights { uvec2 w_words[]; };
#ifdef VR_BF16
#include "packed.glsl"
vec4 load_w(uint i) { return vr_bf16(w_words[i]); }
#else
vec4 load_w(uint i) { return vec4(unpackHalf2x16(w_words[i].x), unpackHalf2x16(w_words[i].y)); }
#endif
#else
layout(std430, set = 0, binding = 1) restrict readonly buffer Weights { vec4 w_quads[]; };
vec4 load_w(uint i) { return w_quads[i]; }
#endif

// A tile: ROWS x 4 * KQ of a, 4 * KQ x 4 * COLUMNS (quads) of w. LX lanes stand side by side.
#define LY (WG / LX)
#define ROWS (LY * TM)
#define COLUMNS (LX * TQ)
#define A_LOADS (ROWS * KQ / WG)
#define W_LOADS (4 * COLUMNS * KQ / WG)
// By k, then rows or columns, whose quads change places with k so that what is turned while it is stored falls
// into different banks.
shared vec4 a_tile[4 * KQ][ROWS / 4];
shared vec4 w_tile[4 * KQ][COLUMNS];
#define PLACE(own, k_quad) ((own) ^ (k_quad) * (8u / KQ))

// Of those that a lane copies: where its row or column begins in the buffers, and what was read last.
uint a_at[A_LOADS], w_at[W_LOADS];
vec4 a_next[A_LOADS], w_next[W_LOADS];

// Reads the tiles that begin at quad k of the sums. What is past their end is zero.
void fetch(uint k)
{
    [[unroll]] for (uint i = 0u; i < A_LOADS; i++) {
        const uint own = k + (i * WG + gl_LocalInvocationID.x) % KQ;
        a_next[i] = own < p.k_quads ? a_quads[a_at[i] + own] : vec4(0.0);
    }
    [[unroll]] for (uint i = 0u; i < W_LOADS; i++) {
#ifdef W_NK
        const uint own = k + (i * WG + gl_LocalInvocationID.x) % KQ;
        w_next[i] = own < p.k_quads ? load_w(w_at[i] + own) : vec4(0.0);
#else
        const uint own = 4u * k + (i * WG + gl_LocalInvocationID.x) / COLUMNS;
        w_next[i] = own < p.depth ? load_w(w_at[i] + own * p.w_pitch) : vec4(0.0);
#endif
    }
}

// Puts what was read into the tiles, by k.
void store()
{
    [[unroll]] for (uint i = 0u; i < A_LOADS; i++) {
        const uint own = i * WG + gl_LocalInvocationID.x, row = own / KQ, q = own % KQ;
        [[unroll]] for (uint j = 0u; j < 4u; j++) a_tile[4u * q + j][PLACE(row / 4u, q)][row % 4u] = a_next[i][j];
    }
    [[unroll]] for (uint i = 0u; i < W_LOADS; i++) {
        const uint own = i * WG + gl_LocalInvocationID.x;
#ifdef W_NK
        const uint column = own / KQ, q = own % KQ;
        [[unroll]] for (uint j = 0u; j < 4u; j++)
            w_tile[4u * q + j][PLACE(column / 4u, q)][column % 4u] = w_next[i][j];
#else
        const uint q = own / COLUMNS;
        w_tile[q][PLACE(own % COLUMNS, q / 4u)] = w_next[i];
#endif
    }
}

void main()
{
    const uint rows = min(vr_rows(p.rows, p.symbol), p.row_end);
    const uint batch = p.batches > 1u ? p.batch_first + gl_WorkGroupID.z : 0u;
    const uint block = p.batches > 1u ? 0u : gl_WorkGroupID.z * gl_NumWorkGroups.x;
    const uint row = p.row_begin + (block + gl_WorkGroupID.x) * ROWS;
    const uint quad = p.quad_begin + gl_WorkGroupID.y * COLUMNS;
    if (row >= rows) // so for all lanes
        return;
    const uint lane = gl_LocalInvocationID.x;
    // 32 lanes are 8 x 4, so that what they read at once of each tile are few quads.
    const uint x = lane / 32u % (LX / 8u) * 8u + lane % 8u, y = lane / 32u / (LX / 8u) * 4u + lane % 32u / 8u;
    [[unroll]] for (uint i = 0u; i < A_LOADS; i++)
        a_at[i] = batch * p.a_batch + (min(row + (i * WG + lane) / KQ, rows - 1u) - p.row_begin) * p.a_pitch;
    [[unroll]] for (uint i = 0u; i < W_LOADS; i++) {
#ifdef W_NK
        const uint column = min(4u * quad + (i * WG + lane) / KQ, p.columns - 1u);
        w_at[i] = batch * p.w_batch + (column - 4u * p.quad_begin) * p.w_pitch;
#else
        const uint own = min(quad + (i * WG + lane) % COLUMNS, p.quad_end - 1u);
        w_at[i] = batch * p.w_batch + own - p.quad_begin + p.w_first;
#endif
    }
    vec4 acc[TM][TQ];
    [[unroll]] for (int r = 0; r < TM; r++)
        [[unroll]] for (int n = 0; n < TQ; n++) acc[r][n] = vec4(0.0);
    fetch(0u);
    for (uint k = 0u; k < p.k_quads; k += KQ) {
        barrier(); // the tiles have been used
        store();
        barrier();
        if (k + KQ < p.k_quads)
            fetch(k + KQ);
        [[unroll]] for (uint q = 0u; q < KQ; q++) {
            uint a_place[TM / 4], w_place[TQ];
            [[unroll]] for (int r = 0; r < TM / 4; r++) a_place[r] = PLACE(y + LY * r, q);
            [[unroll]] for (int n = 0; n < TQ; n++) w_place[n] = PLACE(x + LX * n, q);
            [[unroll]] for (uint j = 0u; j < 4u; j++) {
                vec4 a[TM / 4], w[TQ];
                [[unroll]] for (int r = 0; r < TM / 4; r++) a[r] = a_tile[4u * q + j][a_place[r]];
                [[unroll]] for (int n = 0; n < TQ; n++) w[n] = w_tile[4u * q + j][w_place[n]];
                [[unroll]] for (int r = 0; r < TM; r++)
                    [[unroll]] for (int n = 0; n < TQ; n++)
                        acc[r][n] = fma(vec4(a[r / 4][r % 4]), w[n], acc[r][n]);
            }
        }
    }
    [[unroll]] for (int r = 0; r < TM; r++) {
        const uint own = row + (y + LY * (r / 4)) * 4u + r % 4;
        if (own < rows) {
            const uint out_row = batch * p.out_batch + (own - p.row_begin) * p.out_pitch;
            [[unroll]] for (int n = 0; n < TQ; n++)
                if (quad + x + LX * n < p.quad_end)
                    vr_finish(out_row, quad + x + LX * n, acc[r][n]);
        }
    }
}
