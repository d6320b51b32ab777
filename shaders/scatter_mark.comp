#version 450
// SPDX-License-Identifier: Apache-2.0
// For scatter_rows.comp. Phase 0: a lane clears VR_STEPS marks, WG apart. Phase 1: a lane takes an id, counts
// it for the row it names, keeps the first and the last place of such an id, and puts the id behind the marks.
#include "push.h"
#include "step.glsl"
#include "fault.glsl"

layout(local_size_x = WG) in;
layout(push_constant) uniform Push
{
    vr_push_scatter p;
};
layout(std430, set = 0, binding = 0) restrict readonly buffer Ids
{
    int ids[];
};
layout(std430, set = 0, binding = 1) restrict buffer Marks
{
    uint marks[]; // of all rows how many ids name them; the first as its complement; the last plus 1; the ids
};

void main()
{
    if (p.phase == 0u) {
        uint mark = vr_group() * (WG * VR_STEPS) + gl_LocalInvocationID.x;
        for (uint s = 0u; s < VR_STEPS && mark < p.ids_at; s++, mark += WG)
            marks[mark] = 0u;
        return;
    }
    const uint i = vr_group() * WG + gl_LocalInvocationID.x;
    if (i >= vr_rows(p.ids, p.ids_symbol))
        return;
    const uint id = uint(ids[i]); // negative ids become too large
    marks[p.ids_at + i] = id;
    if (id >= vr_rows(p.x.rows, p.x.symbol)) {
        vr_report(i, id);
        return;
    }
    atomicAdd(marks[id], 1u);
    atomicMax(marks[p.firsts + id], ~i);
    atomicMax(marks[p.lasts + id], i + 1u);
}
