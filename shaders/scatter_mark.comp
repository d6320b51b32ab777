#version 450
// SPDX-License-Identifier: Apache-2.0
// For scatter_rows.comp. Phase 0: a lane clears the mark of a row. Phase 1: a lane takes an id, counts it
// for the row it names, keeps the first and the last place of such an id, and puts the id behind the marks.
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
    uint marks[]; // of a row: how many, the first as its complement, the last plus 1; then the ids
};

void main()
{
    const uint i = vr_group() * WG + gl_LocalInvocationID.x, rows = vr_rows(p.x.rows, p.x.symbol);
    if (p.phase == 0u) {
        if (i < rows) {
            marks[3u * i] = 0u;
            marks[3u * i + 1u] = 0u;
            marks[3u * i + 2u] = 0u;
        }
        return;
    }
    if (i >= vr_rows(p.ids, p.ids_symbol))
        return;
    const uint id = uint(ids[i]); // negative ids become too large
    marks[p.ids_at + i] = id;
    if (id >= rows) {
        vr_report(i, id);
        return;
    }
    atomicAdd(marks[3u * id], 1u);
    atomicMax(marks[3u * id + 1u], ~i);
    atomicMax(marks[3u * id + 2u], i + 1u);
}
