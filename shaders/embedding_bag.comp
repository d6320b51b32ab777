#version 450
// SPDX-License-Identifier: Apache-2.0
// out[b] = sum over i in offsets[b] .. offsets[b + 1] of weights[i] · table[ids[i]], or their mean. A lane
// takes one quad (4 columns) of one bag, its neighbours the neighbouring quads; a workgroup's lanes stay
// within a bag. Of a table that is bound slab by slab each dispatch adds what it holds,
// [first, first + count), to what stands in out; the last one divides. VR_NARROW 1: offsets and
// weights are texel views, else storage buffers.
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
    int ids[];
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

// Row ids[i] of the table's columns of quad q, if the slab holds it.
void add(int i, uint q, uint rows, inout vec4 sum)
{
    const uint id = uint(ids[i]), slab_row = id - p.first; // outside: wraps, too large
    if (id >= rows) {
        if (q == 0u && p.first == 0u)
            vr_report(uint(i), id);
    } else if (slab_row < p.count) {
        const vec4 row = vr_table(slab_row, q);
        sum += p.has_weights != 0u ? row * WEIGHT(i) : row;
    }
}

void main()
{
    const uint per_row = (p.quads + WG - 1u) / WG;
    const uint bag = vr_group() / per_row;
    const uint q = (vr_group() - bag * per_row) * WG + gl_LocalInvocationID.x;
    if (bag >= vr_rows(p.bags, p.symbol) || q >= p.quads)
        return;
    const uint rows = vr_rows(p.table_rows, p.table_symbol);
    const int n = int(vr_rows(p.ids, p.ids_symbol));
    const int begin = clamp(OFFSET(bag), 0, n), end = clamp(OFFSET(bag + 1u), begin, n);
    vec4 sum = vec4(0.0);
    if (p.first != 0u)
        sum = out_quads[bag * p.quads + q];
    for (int i = begin; i < end; i += VR_UNROLL)
        [[unroll]] for (int j = 0; j < VR_UNROLL; j++)
            if (i + j < end)
                add(i + j, q, rows, sum);
    if (p.mean != 0u && p.first + p.count >= p.table_rows)
        sum /= float(max(end - begin, 1));
    out_quads[bag * p.quads + q] = sum;
}
