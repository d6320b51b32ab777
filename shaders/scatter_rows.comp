#version 450
// SPDX-License-Identifier: Apache-2.0
// out = x, where rows that ids name are replaced by the last such row of updates, or (VR_ADD 1) all of them
// are added in the order of the ids. A lane takes VR_STEPS quads (4 columns), WG apart, its neighbours the
// neighbouring ones; of the updates that it adds it takes VR_ADDS an iteration.
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
layout(std430, set = 0, binding = 3) restrict writeonly buffer Out
{
    uvec4 out_quads[];
};

void main()
{
    const uint quads = vr_quads(p.x.width), end = vr_slab_rows(p.x) * quads;
    uint i = vr_group() * (WG * VR_STEPS) + gl_LocalInvocationID.x;
    vr_walk at = vr_walk_from(i, quads);
    for (uint s = 0u; s < VR_STEPS && i < end; s++, i += WG) {
        const uint row = p.x.first + at.row, last = found[row];
        uvec4 x = X(at.row * p.x.pitch + at.quad);
#if VR_ADD
        vec4 y = uintBitsToFloat(x);
        // Of rows without ids the beginning was never written: it may be anything.
        for (uint id = last == 0u ? 0u : found[p.begins + row]; id < last; id += VR_ADDS)
            [[unroll]] for (uint j = 0u; j < VR_ADDS; j++)
                if (j == 0u || id + j < last)
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
