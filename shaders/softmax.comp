#version 450
#extension GL_EXT_control_flow_attributes : require
// SPDX-License-Identifier: Apache-2.0
// With d = (x − max x) · scale over what is not denied of the last, contiguous dimension:
//   VR_LOG 0: exp(d) / Σ exp(d); 0 where denied
//   VR_LOG 1: d − log Σ exp(d); -FLT_MAX where denied
// Teams and pieces: include/pieces.glsl. Phase 0 finds maximum and sum of each piece of a row, phase
// 1 those of the row, phase 2 writes; for rows of one piece phase 0 does it all. VR_WHOLE 1: rows end with
// whole quads. VR_HELD, if not 0: so many quads of a row, of one piece, a lane keeps.
#if VR_SUBGROUP
#extension GL_KHR_shader_subgroup_arithmetic : require
#endif
#include "push.h"
#include "step.glsl"
#include "rows.glsl"
#include "pieces.glsl"
// Quads that are fetched once for maximum and sum; more cost SwiftShader, which reads storage, its registers.
#define AT_ONCE (VR_TEXEL == 1 ? 4u : 2u)
#define LOWEST -3.40282347e38

layout(local_size_x = WG) in;
layout(push_constant) uniform Push
{
    vr_push_softmax p;
};
layout(std430, set = 0, binding = 1) restrict writeonly buffer Out
{
    vec4 out_quads[];
};
layout(std430, set = 0, binding = 2) restrict buffer Parts
{
    vec2 parts[]; // maximum and sum: of a row, then of its pieces
};
layout(std430, set = 0, binding = 4) restrict readonly buffer Deny
{
    uint deny_words[];
};

// What the team works on.
uint x_from, deny_from, begin, end, width;
float steep; // twice the scale, in powers of 2

bvec4 allowed(uint quad)
{
    const uvec4 lane = uvec4(0u, 1u, 2u, 3u);
#if VR_WHOLE
    const bvec4 inside = bvec4(true);
#else
    const bvec4 inside = lessThan(4u * quad + lane, uvec4(width));
#endif
#if VR_DENY
    const uint denied = deny_words[deny_from + quad / 8u] >> (quad % 8u * 4u);
    return equal((uvec4(denied) >> lane & 1u) | uvec4(not(inside)), uvec4(0u));
#else
    return inside;
#endif
}

vec4 x_of(uint quad)
{
    return clamp(X(x_from + quad), LOWEST, -LOWEST);
}

// exp((x − most) · scale); 0 below the smallest normal float, where drivers' exp may be anything. Halves,
// since the difference of two floats may be past the largest.
vec4 exp_of(vec4 x, float most)
{
    const vec4 d = max((0.5 * x - 0.5 * most) * steep, -126.0);
    return mix(vec4(0.0), exp2(d), greaterThan(d, vec4(-126.0)));
}

// In one pass: what is summed so far is scaled down when a larger element comes.
vec2 reduce_piece()
{
    float most = LOWEST;
    vec4 total = vec4(0.0);
    for (uint q = begin + LANE; q < end; q += AT_ONCE * LANES) {
        vec4 x[AT_ONCE], largest = vec4(LOWEST);
        bvec4 counts[AT_ONCE];
        [[unroll]] for (uint n = 0u; n < AT_ONCE; n++) {
            const uint at = q + n * LANES, inside = min(at, end - 1u);
            x[n] = x_of(inside);
            counts[n] = at < end ? allowed(inside) : bvec4(false);
            largest = max(largest, mix(vec4(LOWEST), x[n], counts[n]));
        }
        const float before = most;
        most = max(most, max(max(largest.x, largest.y), max(largest.z, largest.w)));
        vec4 block = vec4(0.0);
        [[unroll]] for (uint n = 0u; n < AT_ONCE; n++)
            block += mix(vec4(0.0), exp_of(x[n], most), counts[n]);
        total = total * exp_of(vec4(before), most).x + block;
    }
    const float m = TEAM_MAX(most);
    return vec2(m, TEAM_SUM(((total.x + total.y) + (total.z + total.w)) * exp_of(vec4(most), m).x));
}

vec2 reduce_parts(uint from, uint count)
{
    float most = LOWEST, total = 0.0;
    for (uint i = LANE; i < count; i += LANES)
        most = max(most, parts[from + i].x);
    most = TEAM_MAX(most);
    for (uint i = LANE; i < count; i += LANES) {
        const vec2 part = parts[from + i];
        total += part.x == most ? part.y : part.y * exp_of(part.xxxx, most).x;
    }
    return vec2(most, TEAM_SUM(total));
}

void write_piece(uint to, vec2 of_row)
{
    // A sum of 1 has one term; of 0: all is denied.
    const float log_sum = of_row.y > 1.0 ? log(of_row.y) : 0.0;
    const float factor = of_row.y > 0.0 ? 1.0 / of_row.y : 0.0;
    for (uint q = begin + LANE; q < end; q += LANES) {
        const vec4 x = x_of(q);
#if VR_LOG
        const vec4 d = max((0.5 * x - 0.5 * of_row.x) * p.scale, 0.5 * LOWEST) * 2.0;
        const vec4 y = vr_clear(mix(vec4(LOWEST), d - log_sum, allowed(q)), q, width);
#else
        const vec4 y = mix(vec4(0.0), exp_of(x, of_row.x) * factor, allowed(q));
#endif
        out_quads[to + q] = y;
    }
}

#if VR_HELD
// A row of one piece, VR_HELD quads a lane: fetched once and kept, and so are its exponentials.
void write_held(uint to)
{
    const float above = uintBitsToFloat(floatBitsToUint(LOWEST) - 1u); // the lowest is kept for what is denied
    vec4 x[VR_HELD], largest = vec4(LOWEST), total = vec4(0.0);
    [[unroll]] for (uint n = 0u; n < VR_HELD; n++) {
        const uint q = LANE + n * LANES, inside = min(q, end - 1u);
        x[n] = mix(vec4(LOWEST), max(x_of(inside), above), q < end ? allowed(inside) : bvec4(false));
        largest = max(largest, x[n]);
    }
    const float most = TEAM_MAX(max(max(largest.x, largest.y), max(largest.z, largest.w)));
    [[unroll]] for (uint n = 0u; n < VR_HELD; n++) {
        x[n] = mix(exp_of(x[n], most), vec4(0.0), equal(x[n], vec4(LOWEST)));
        total += x[n];
    }
    const float sum = TEAM_SUM((total.x + total.y) + (total.z + total.w));
    const float factor = sum > 0.0 ? 1.0 / sum : 0.0; // 0: all is denied
    [[unroll]] for (uint n = 0u; n < VR_HELD; n++)
        if (LANE + n * LANES < end)
            out_quads[to + LANE + n * LANES] = x[n] * factor;
}
#endif

void take(uint team)
{
    const uint pieces = vr_pieces(p.r), units = p.r.phase == 1u ? 1u : pieces;
    const uint row = team / units, piece = team - row * units;
    if (row >= vr_slab_rows(p.r.x))
        return;
    const uint of_row = (p.r.x.first + row) * (p.r.pieces + 1u);
    width = vr_width(p.r.x);
    steep = min(p.scale, 1e38) * 2.88539008; // 2 log₂ e
    const uint quads = vr_quads(width), to = vr_slab_row(p.r, row, quads, 16u);
    x_from = vr_slab_row(p.r, row, p.r.x.pitch, 16u);
    deny_from = vr_slab_row(p.r, row, p.deny_pitch, 64u);
    begin = piece * VR_PIECE;
    end = min(begin + VR_PIECE, quads);
#if VR_HELD
    write_held(to);
#else
    vec2 part;
    if (p.r.phase == 0u)
        part = reduce_piece();
    else if (p.r.phase == 1u)
        part = reduce_parts(of_row + 1u, pieces);
    else
        part = parts[of_row];
    if (p.r.phase == 2u || p.r.pieces == 1u)
        write_piece(to, part);
    else if (LANE == 0u)
        parts[p.r.phase == 0u ? of_row + 1u + piece : of_row] = part;
#endif
}

void main()
{
    TAKE_TEAMS
}
