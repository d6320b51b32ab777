#version 450
#extension GL_EXT_control_flow_attributes : require
// SPDX-License-Identifier: Apache-2.0
// Over the last, contiguous dimension, by VR_REDUCE, a value of vireo_reduction: sum (0), mean (1),
// max (2), min (3), argmax (4). Teams and pieces: include/pieces.glsl. Phase 0 reduces a piece; phase
// 1 reduces what a row's pieces gave, if there are several.
#if VR_SUBGROUP
#extension GL_KHR_shader_subgroup_arithmetic : require
#endif
#include "push.h"
#include "step.glsl"
#include "rows.glsl"
#include "pieces.glsl"
#include "order.glsl"

layout(local_size_x = WG) in;
layout(push_constant) uniform Push
{
    vr_push_reduce p;
};
layout(std430, set = 0, binding = 1) restrict writeonly buffer Out
{
    uint out_words[]; // f32, or i32 of argmax
};
layout(std430, set = 0, binding = 2) restrict buffer Parts
{
    uvec2 parts[]; // of a piece: the bits of its sum, or largest key and where it stands
};

#if VR_REDUCE <= 1
uvec2 reduce_piece(uint from, uint begin, uint end)
{
    vec4 total = vec4(0.0);
    for (uint q = begin + LANE; q < end;) {
        vec4 block = vec4(0.0);
        for (uint n = 0u; n < BLOCK && q < end; n++, q += LANES)
            block += X(from + q); // padding is zero
        total += block;
    }
    return uvec2(floatBitsToUint(TEAM_SUM((total.x + total.y) + (total.z + total.w))), 0u);
}

uvec2 reduce_parts(uint from, uint count)
{
    float total = 0.0;
    for (uint i = LANE; i < count;) {
        float block = 0.0;
        for (uint n = 0u; n < BLOCK && i < count; n++, i += LANES)
            block += uintBitsToFloat(parts[from + i].x);
        total += block;
    }
    return uvec2(floatBitsToUint(TEAM_SUM(total)), 0u);
}

uint word_of(uvec2 part)
{
    const float sum = uintBitsToFloat(part.x);
    return floatBitsToUint(VR_REDUCE == 1 ? sum / float(max(vr_width(p.r.x), 1u)) : sum);
}
#else
// The largest key of the team, and the lowest index that has it.
uvec2 team_best(uint key, uint index)
{
    const uint best = TEAM_MAX(key);
    return uvec2(best, TEAM_MIN(key == best ? index : 0xffffffffu));
}

// Keys that order as the elements do, the other way round for min; 0: padding.
uvec4 keys_of(uint from, uint quad)
{
    const uvec4 keys = vr_keys(floatBitsToUint(X(from + quad)));
    const bvec4 inside = lessThan(4u * quad + uvec4(0u, 1u, 2u, 3u), uvec4(vr_width(p.r.x)));
    return mix(uvec4(0u), VR_REDUCE == 3 ? ~keys : keys, inside);
}

uvec2 reduce_piece(uint from, uint begin, uint end)
{
    uvec4 best = uvec4(0u), at = uvec4(0u);
    for (uint q = begin + LANE; q < end; q += LANES) {
        const uvec4 keys = keys_of(from, q);
        at = mix(at, uvec4(4u * q) + uvec4(0u, 1u, 2u, 3u), greaterThan(keys, best));
        best = max(best, keys);
    }
    const uint key = max(max(best.x, best.y), max(best.z, best.w));
    at = mix(uvec4(0xffffffffu), at, equal(best, uvec4(key)));
    const uint index = min(min(at.x, at.y), min(at.z, at.w));
    return team_best(key, key == 0u ? 0xffffffffu : index);
}

uvec2 reduce_parts(uint from, uint count)
{
    uvec2 best = uvec2(0u, 0xffffffffu);
    for (uint i = LANE; i < count; i += LANES) {
        const uvec2 part = parts[from + i];
        best = part.x > best.x ? part : best;
    }
    return team_best(best.x, best.y);
}

uint word_of(uvec2 part)
{
    if (VR_REDUCE == 4)
        return part.y;
    if (part.x == 0u)
        return VR_REDUCE == 2 ? 0xff7fffffu : 0x7f7fffffu; // -FLT_MAX, FLT_MAX
    return vr_key_bits(VR_REDUCE == 2 ? part.x : ~part.x);
}
#endif

// Rows of the result have the rows of x as columns: `inner` of them, then padding.
uint place_of(uint row)
{
    return row / p.inner * ((p.inner + 3u) / 4u * 4u) + row % p.inner;
}

void put(uint row, uvec2 part)
{
    const uint rows = vr_rows(p.r.x.rows, p.r.x.symbol);
    row += p.r.x.first;
    uint at = place_of(row);
    // The slab is bound from the last multiple of 256 bytes on.
    const uint bound = place_of(p.r.x.first) / 64u * 64u;
    out_words[at - bound] = word_of(part);
    if (row % p.inner == p.inner - 1u || row + 1u == rows)
        for (at++; at % 4u != 0u; at++)
            out_words[at - bound] = 0u;
}

void take(uint team)
{
    const uint pieces = vr_pieces(p.r), units = p.r.phase == 0u ? pieces : 1u;
    const uint row = team / units, piece = team - row * units;
    if (row >= vr_slab_rows(p.r.x))
        return;
    const uint of_row = (p.r.x.first + row) * p.r.pieces;
    uvec2 part;
    if (p.r.phase == 0u) {
        const uint begin = piece * VR_PIECE;
        const uint end = min(begin + VR_PIECE, vr_quads(vr_width(p.r.x)));
        part = reduce_piece(vr_slab_row(p.r, row, p.r.x.pitch, 16u), begin, end);
    } else {
        part = reduce_parts(of_row, pieces);
    }
    if (LANE != 0u)
        return;
    if (p.r.phase == 0u && p.r.pieces > 1u)
        parts[of_row + piece] = part;
    else
        put(row, part);
}

void main()
{
    TAKE_TEAMS
}
