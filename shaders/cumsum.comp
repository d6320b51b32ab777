#version 450
#extension GL_EXT_control_flow_attributes : require
// SPDX-License-Identifier: Apache-2.0
// Sums of the elements up to each, itself among them unless exclusive, over the last, contiguous
// dimension. Teams and pieces: include/pieces.glsl. Phase 0 sums the pieces of a row, phase 1 sums
// what is before each of them, phase 2 writes; for rows of one piece phase 0 does.
#if VR_SUBGROUP
#extension GL_KHR_shader_subgroup_arithmetic : require
#endif
#include "push.h"
#include "step.glsl"
#include "rows.glsl"
#include "pieces.glsl"

layout(local_size_x = WG) in;
layout(push_constant) uniform Push
{
    vr_push_cumsum p;
};
layout(std430, set = 0, binding = 1) restrict writeonly buffer Out
{
    vec4 out_quads[];
};
layout(std430, set = 0, binding = 2) restrict buffer Parts
{
    float parts[]; // of a piece: its sum, from phase 1 on the sum of those before it
};

// The sum of a piece. If `write`, the sums up to each of its elements are written, plus `before`.
float sum_piece(uint from, uint to, uint piece, float before, bool write)
{
    const uint width = vr_width(p.r.x);
    const uint begin = piece * VR_PIECE, end = min(begin + VR_PIECE, vr_quads(width));
    float total = 0.0;
    for (uint q = begin; q < end;) {
        float block = 0.0;
        for (uint n = 0u; n < BLOCK && q < end; n++, q += LANES) {
            const uint quad = q + LANE;
            vec4 y = quad < end ? X(from + quad) : vec4(0.0);
            y.y += y.x;
            y.z += y.y;
            y.w += y.z;
            const float all = y.w, lanes = TEAM_BEFORE(all);
            if (p.exclusive != 0u)
                y = vec4(0.0, y.xyz);
            y = before + (total + (block + (lanes + y)));
            if (write && quad < end)
                out_quads[to + quad] = vr_clear(y, quad, width);
            block += TEAM_SUM(all);
        }
        total += block;
    }
    return total;
}

void sum_before(uint from, uint count)
{
    float total = 0.0;
    for (uint i = 0u; i < count;) {
        float block = 0.0;
        for (uint n = 0u; n < BLOCK && i < count; n++, i += LANES) {
            const uint piece = i + LANE;
            const float sum = piece < count ? parts[from + piece] : 0.0;
            const float lanes = TEAM_BEFORE(sum);
            if (piece < count)
                parts[from + piece] = total + (block + lanes);
            block += TEAM_SUM(sum);
        }
        total += block;
    }
}

void take(uint team)
{
    const uint pieces = vr_pieces(p.r), units = p.r.phase == 1u ? 1u : pieces;
    const uint row = team / units, piece = team - row * units;
    if (row >= vr_slab_rows(p.r.x))
        return;
    const uint of_row = (p.r.x.first + row) * p.r.pieces;
    if (p.r.phase == 1u) {
        sum_before(of_row, pieces);
        return;
    }
    const bool write = p.r.phase == 2u || p.r.pieces == 1u;
    const float before = p.r.phase == 2u ? parts[of_row + piece] : 0.0;
    const uint from = vr_slab_row(p.r, row, p.r.x.pitch, 16u);
    const uint to = vr_slab_row(p.r, row, vr_quads(vr_width(p.r.x)), 16u);
    const float sum = sum_piece(from, to, piece, before, write);
    if (!write && LANE == 0u)
        parts[of_row + piece] = sum;
}

void main()
{
    TAKE_TEAMS
}
