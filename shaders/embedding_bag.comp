#version 450
// SPDX-License-Identifier: Apache-2.0
// out[b] = sum over i in offsets[b] .. offsets[b + 1] of weights[i] · table[ids[i]], or their mean. A lane
// takes VR_SPAN quads (4 columns) of one bag, WG apart, its neighbours the neighbouring quads; the lanes of
// a workgroup stay within a bag. VR_CUT 1: the table is bound slab by slab; each dispatch adds what it holds,
// [first, first + count), to what stands in out, and the last one divides. VR_WEIGHTS: whether there are
// weights. VR_TEXEL 1: the table is a texel view, VR_NARROW 1: offsets and weights are, else storage
// buffers.
#extension GL_EXT_control_flow_attributes : require
#include "push.h"
#include "step.glsl"
#include "fault.glsl"

layout(local_size_x = WG) in;
layout(push_constant) uniform Push
{
    vr_push_bag p;
};
#include "table.glsl"
layout(std430, set = 0, binding = 1) restrict readonly buffer Ids
{
    uint ids[];
};
#if VR_NARROW
layout(set = 0, binding = 2) uniform isamplerBuffer offset_texels;
layout(set = 0, binding = 3) uniform samplerBuffer weight_texels;
#define OFFSET(i) texelFetch(offset_texels, int(i)).x
#define WEIGHT(i) texelFetch(weight_texels, int(i) / 4)[i % 4]
#else
layout(std430, set = 0, binding = 2) restrict readonly buffer Offsets
{
    int offsets[];
};
layout(std430, set = 0, binding = 3) restrict readonly buffer Weights
{
    float weights[];
};
#define OFFSET(i) offsets[i]
#define WEIGHT(i) weights[i]
#endif
layout(std430, set = 0, binding = 4) restrict buffer Out
{
    vec4 out_quads[];
};

// Row ids[i] of the table, if there is one and the slab holds it.
void add(int i, uint q, uint rows, inout vr_found found, inout vec4 sum[VR_SPAN])
{
    const uint id = ids[i], slab_row = id - p.first; // outside: wraps, too large
    if (id >= rows && p.first == 0u)
        vr_note(found, uint(i), id);
    if (id < rows && (VR_CUT == 0 || slab_row < p.count))
        [[unroll]] for (int s = 0; s < VR_SPAN; s++) {
            const vec4 row = vr_table(slab_row, min(q + uint(s) * WG, p.quads - 1u));
            sum[s] += VR_WEIGHTS != 0 ? row * WEIGHT(i) : row;
        }
}

void main()
{
    const uint per_row = (p.quads + VR_SPAN * WG - 1u) / (VR_SPAN * WG);
    const uint in_range = vr_group() / per_row, bag = p.range.first + in_range;
    const uint q = (vr_group() - in_range * per_row) * VR_SPAN * WG + gl_LocalInvocationID.x;
    if (bag >= min(vr_rows(p.bags, p.symbol), p.range.end) || q >= p.quads)
        return;
    const uint rows = vr_rows(p.table_rows, p.table_symbol);
    const int n = int(vr_rows(p.ids, p.ids_symbol));
    const int begin = clamp(OFFSET(bag), 0, n), end = clamp(OFFSET(bag + 1u), begin, n);
    vec4 sum[VR_SPAN];
    [[unroll]] for (int s = 0; s < VR_SPAN; s++) {
        sum[s] = vec4(0.0);
#if VR_CUT
        if (p.first != 0u)
            sum[s] = out_quads[bag * p.quads + min(q + uint(s) * WG, p.quads - 1u)];
#endif
    }
    vr_found found = vr_found(0u, 0u, 0u);
    int i = begin; // steps without conditions: software drivers go through both sides of one
    for (; i + VR_UNROLL <= end; i += VR_UNROLL)
        [[unroll]] for (int j = 0; j < VR_UNROLL; j++)
            add(i + j, q, rows, found, sum);
    for (; i < end; i++)
        add(i, q, rows, found, sum);
    [[unroll]] for (int s = 0; s < VR_SPAN; s++)
        if (q + uint(s) * WG < p.quads) {
            if (p.mean != 0u && p.first + p.count >= p.table_rows)
                sum[s] /= float(max(end - begin, 1));
            out_quads[bag * p.quads + q + uint(s) * WG] = sum[s];
        }
    if (q == 0u)
        vr_report_found(found);
}
