#version 450
// SPDX-License-Identifier: Apache-2.0
// out = x, where rows that ids name are replaced by the last such row of updates, or all of them are added
// in the order of the ids. A lane takes a quad (4 columns) of a row, its neighbours the neighbouring quads;
// a workgroup's lanes stay within a row.
#extension GL_EXT_control_flow_attributes : require
#include "push.h"
#include "step.glsl"
#include "rows.glsl"

layout(local_size_x = WG) in;
layout(push_constant) uniform Push
{
    vr_push_scatter p;
};
layout(std430, set = 0, binding = 0) restrict readonly buffer XBuffer
{
    vec4 x_quads[];
};
layout(std430, set = 0, binding = 1) restrict readonly buffer Marks
{
    uint marks[]; // scatter_mark.comp
};
layout(std430, set = 0, binding = 2) restrict readonly buffer Updates
{
    vec4 update_quads[];
};
layout(std430, set = 0, binding = 3) restrict writeonly buffer Out
{
    vec4 out_quads[];
};
void main()
{
    const uint quads = vr_quads(p.x.width), per_row = (quads + WG - 1u) / WG;
    const uint slab_row = vr_group() / per_row, row = p.x.first + slab_row;
    const uint q = (vr_group() - slab_row * per_row) * WG + gl_LocalInvocationID.x;
    if (slab_row >= vr_slab_rows(p.x) || q >= quads)
        return;
    const uint count = marks[3u * row], first = ~marks[3u * row + 1u], last = marks[3u * row + 2u];
    vec4 y = x_quads[slab_row * p.x.pitch + q];
    if (p.add == 0u) {
        if (count != 0u)
            y = update_quads[(last - 1u) * p.u_pitch + q];
    } else if (count != 0u) {
        y += update_quads[first * p.u_pitch + q];
        // Between the first and the last are others only if there are more than two.
        for (uint i = count > 2u ? first + 1u : last; i + 1u < last; i += VR_UNROLL)
            [[unroll]] for (uint j = 0u; j < VR_UNROLL; j++)
                if (i + j + 1u < last && marks[p.ids_at + i + j] == row)
                    y += update_quads[(i + j) * p.u_pitch + q];
        if (count > 1u)
            y += update_quads[(last - 1u) * p.u_pitch + q];
    }
    out_quads[slab_row * quads + q] = y;
}
