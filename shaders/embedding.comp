#version 450
// SPDX-License-Identifier: Apache-2.0
// out[i] = table[ids[i]]; zeros and a report where ids[i] is no row of the table. A team copies VR_STEPS
// rows, one after the other. VR_LANES 0: a team is a workgroup, its lanes take neighbouring quads (4
// elements of the contiguous dimension); 1: a team is a lane.
// Only rows of the bound slab [first, first + count) are copied; the dispatches of slab 0 write the zeros.
// VR_TEXEL 1: the table is a texel view, else a storage buffer.
#include "push.h"
#include "step.glsl"
#include "fault.glsl"

layout(local_size_x = WG) in;
layout(push_constant) uniform Push
{
    vr_push_embedding p;
};
#include "table.glsl"
layout(std430, set = 0, binding = 1) restrict readonly buffer Ids
{
    int ids[];
};
layout(std430, set = 0, binding = 2) restrict writeonly buffer Out
{
    vec4 out_quads[];
};

#if VR_LANES
#define TEAM (vr_group() * WG + gl_LocalInvocationID.x)
#define LANE 0u
#define LANES 1u
#else
#define TEAM vr_group()
#define LANE gl_LocalInvocationID.x
#define LANES WG
#endif

void main()
{
    const uint end = min(vr_rows(p.rows, p.symbol), p.range.end);
    const uint table_rows = vr_rows(p.table_rows, p.table_symbol);
    uint row = p.range.first + TEAM * VR_STEPS;
    vr_found found = vr_found(0u, 0u, 0u);
    for (uint s = 0u; s < VR_STEPS && row < end; s++, row++) {
        const uint id = uint(ids[row]); // negative ids become too large
        const bool there = id < table_rows;
        const uint slab_row = id - p.first; // before the slab: wraps, too large
        const bool mine = there ? slab_row < p.count : p.first == 0u;
        if (mine && !there)
            vr_note(found, row, id);
        for (uint q = mine ? LANE : p.quads; q < p.quads; q += LANES) {
            vec4 v = vec4(0.0);
            if (there)
                v = vr_table(slab_row, q);
            out_quads[row * p.quads + q] = v;
        }
    }
    if (LANE == 0u)
        vr_report_found(found);
}
