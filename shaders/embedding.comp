#version 450
// SPDX-License-Identifier: Apache-2.0
// out[i] = table[ids[i]]; zeros and a report where ids[i] is no row of the table. A workgroup copies one row, lanes
// neighbouring quads (4 elements of the contiguous dimension). Only rows of the bound slab
// [first, first + count) are copied; the dispatch of slab 0 writes the zeros.
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

void main()
{
    const uint row = vr_group();
    if (row >= vr_rows(p.rows, p.symbol))
        return;
    const uint id = uint(ids[row]); // negative ids become too large
    const bool there = id < vr_rows(p.table_rows, p.table_symbol);
    const uint slab_row = id - p.first; // before the slab: wraps, too large
    if (there ? slab_row >= p.count : p.first != 0u)
        return;
    if (!there && gl_LocalInvocationID.x == 0u)
        vr_report(row, id);
    for (uint q = gl_LocalInvocationID.x; q < p.quads; q += WG) {
        vec4 v = vec4(0.0);
        if (there)
            v = vr_table(slab_row, q);
        out_quads[row * p.quads + q] = v;
    }
}
