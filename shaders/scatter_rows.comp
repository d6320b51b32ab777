#version 450
// SPDX-License-Identifier: Apache-2.0
// out = x, where rows that ids name are replaced by the last such row of updates, or (VR_ADD 1) all of them
// are added in the order of the ids; VR_PARTS 1: part by part, those behind the first to what is written. A lane
// takes VR_STEPS quads (4 columns), WG apart, its neighbours the neighbouring ones; of the updates that it adds it
// takes VR_ADDS an iteration.
// VR_TEXEL 1: x is a texel view, else a storage buffer.
#extension GL_EXT_control_flow_attributes : require
#include "push.h"
#include "step.glsl"
#include "rows.glsl"

layout(local_size_x = WG) in;
layout(push_constant) uniform Push
{
    vr_push_scatter p;
};
#if VR_TEXEL
layout(set = 0, binding = 0) uniform usamplerBuffer x_texels;
#define X(i) texelFetch(x_texels, int(i))
#else
layout(std430, set = 0, binding = 0) restrict readonly buffer XBuffer
{
    uvec4 x_quads[];
};
#define X(i) x_quads[i]
#endif
layout(std430, set = 0, binding = 1) restrict readonly buffer Found
{
    uint found[]; // scatter_find.comp
};
layout(std430, set = 0, binding = 2) restrict readonly buffer Updates
{
    uvec4 update_quads[];
};
layout(std430, set = 0, binding = 3) restrict buffer Out
{
    uvec4 out_quads[];
};

#if VR_PARTS
// Whether one of the quads [i, end) may take an update of this part, which is not the first one.
bool takes_any(uint i, uint end, uint quads)
{
    const uint last = min(p.part.end, vr_rows(p.ids, p.ids_symbol)) - 1u; // below part.first nothing is launched
    return i < end && p.x.first + (end - 1u) / quads >= found[p.places - p.most + p.part.first] &&
           p.x.first + i / quads <= found[p.places - p.most + last];
}
#endif

void main()
{
    const uint quads = vr_quads(p.x.width), group = vr_group() * (WG * VR_STEPS);
    uint end = vr_slab_rows(p.x) * quads, i = group + gl_LocalInvocationID.x;
#if VR_PARTS
    if (p.part.first != 0u && !takes_any(group, min(group + WG * VR_STEPS, end), quads))
        end = 0u;
#endif
    vr_walk at = vr_walk_from(i, quads);
    for (uint s = 0u; s < VR_STEPS && i < end; s++, i += WG) {
        const uint row = p.x.first + at.row, last = found[row];
#if VR_PARTS
        uvec4 x = p.part.first == 0u ? X(at.row * p.x.pitch + at.quad) : out_quads[i];
#else
        uvec4 x = X(at.row * p.x.pitch + at.quad);
#endif
#if VR_ADD
        vec4 y = uintBitsToFloat(x);
        // Of rows without ids the beginning was never written: it may be anything.
        uint id = last == 0u ? 0u : found[p.begins + row], end_id = last;
#if VR_PARTS
        id = max(id, p.part.first);
        end_id = min(end_id, p.part.end);
#endif
        for (; id < end_id; id += VR_ADDS)
            [[unroll]] for (uint j = 0u; j < VR_ADDS; j++)
                if (j == 0u || id + j < end_id)
                    y += uintBitsToFloat(update_quads[found[p.places + id + j] * p.u_pitch + at.quad]);
        x = floatBitsToUint(y);
#else
        if (last != 0u)
            x = update_quads[(last - 1u) * p.u_pitch + at.quad];
#endif
        out_quads[i] = x;
        vr_walk_on(at, quads);
    }
}
