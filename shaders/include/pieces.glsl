// SPDX-License-Identifier: Apache-2.0
// Rows of x in pieces of VR_PIECE quads (vr_launch_pieces). A team takes a piece, in phase 1 a row, VR_STEPS times.
// VR_SUBGROUP 1: a team is a subgroup, its lanes neighbouring quads; 0: a team is a lane. x is binding 0.
// VR_TEXEL 1: a texel view, else a storage buffer. Needs push.h, step.glsl and rows.glsl.
#if VR_TEXEL
layout(set = 0, binding = 0) uniform samplerBuffer x_texels;
#define X(quad) texelFetch(x_texels, int(quad))
#else
layout(std430, set = 0, binding = 0) restrict readonly buffer XBuffer
{
    vec4 x_quads[];
};
#define X(quad) x_quads[quad]
#endif
#if VR_SUBGROUP
#include "subgroup.glsl"
#define LANE gl_SubgroupInvocationID
#define LANES vr_lanes()
#define TEAM(s) (vr_subgroup_index() * VR_STEPS + (s))
#define TEAM_SUM(v) subgroupAdd(v)
#define TEAM_MAX(v) subgroupMax(v)
#define TEAM_MIN(v) subgroupMin(v)
#define TEAM_BEFORE(v) subgroupExclusiveAdd(v) // the sum over the lanes below this one
#else
#define LANE 0u
#define LANES 1u
#define TEAM(s) ((vr_group() * VR_STEPS + (s)) * WG + gl_LocalInvocationID.x)
#define TEAM_SUM(v) (v)
#define TEAM_MAX(v) (v)
#define TEAM_MIN(v) (v)
#define TEAM_BEFORE(v) 0.0
#endif
// main: take(team), of the program, for each team of the workgroup; no loop where there is one.
#if VR_STEPS == 1
#define TAKE_TEAMS take(TEAM(0u));
#else
#define TAKE_TEAMS [[dont_unroll]] for (uint s = 0u; s < VR_STEPS; s++) take(TEAM(s));
#endif
#define BLOCK 32u // quads a lane sums before it adds them to its total: short chains round less

// Of a row in this run, at least 1.
uint vr_pieces(vr_row_pieces r)
{
    return max((vr_quads(vr_width(r.x)) + VR_PIECE - 1u) / VR_PIECE, 1u);
}

// Where row `row` of a slab stands in its binding, for rows of `pitch` units, of which `aligned` are
// 256 bytes: a slab is bound from the last multiple of those on (VR_ROWS_ANY).
uint vr_slab_row(vr_row_pieces r, uint row, uint pitch, uint aligned)
{
    return r.x.first * pitch % aligned + row * pitch;
}
