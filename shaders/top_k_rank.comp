#version 450
// SPDX-License-Identifier: Apache-2.0
// Puts the lists of top_k_select.comp in order: a lane takes an entry of a list, counts the entries before
// it, and writes it there. A workgroup stays within a row, so that all its lanes read the same entries.
// VR_TEXEL: scores are a texel view, else a storage buffer.
#include "push.h"
#include "step.glsl"

layout(local_size_x = WG) in;
layout(push_constant) uniform Push
{
    vr_push_top_k p;
};
#include "top_k.glsl"
#if VR_TEXEL
layout(set = 0, binding = 0) uniform samplerBuffer score_texels;
#define SCORES(i) texelFetch(score_texels, int(i))
#else
layout(std430, set = 0, binding = 0) restrict readonly buffer Scores
{
    vec4 score_quads[];
};
#define SCORES(i) score_quads[i]
#endif
layout(std430, set = 0, binding = 1) restrict writeonly buffer Values
{
    float values[];
};
layout(std430, set = 0, binding = 2) restrict writeonly buffer Indices
{
    int indices[];
};
layout(std430, set = 0, binding = 3) restrict readonly buffer Lists
{
    uvec4 lists[]; // keys, and indices apart: p.k a row, padded with keys of 0
};

void rank_entry(uint row, uint i)
{
    const uint list = p.from + row * k_quads(), pitch = 4u * k_quads();
    if (i >= pitch)
        return;
    if (i >= p.k) { // padding
        values[row * pitch + i] = 0.0;
        indices[row * pitch + i] = 0;
        return;
    }
    const uint key = lists[list + i / 4u][i % 4u];
    const uint index = lists[list + p.from_list + i / 4u][i % 4u];
    uint rank = 0u;
    for (uint q = 0u; q < k_quads(); q++) { // before: larger, or equal and earlier in the list
        const uvec4 other = lists[list + q];
        const bvec4 earlier = lessThan(4u * q + uvec4(0u, 1u, 2u, 3u), uvec4(i));
        rank += ones(greaterThanEqual(other, key + uvec4(not(earlier))));
    }
    float value = -3.40282347e38;
    if (index != 0xffffffffu)
        value = SCORES(row * p.x.pitch + index / 4u)[index % 4u];
    values[row * pitch + rank] = value;
    indices[row * pitch + rank] = int(index);
}

void main()
{
    const uint per_row = (4u * k_quads() + WG - 1u) / WG, row = vr_group() / per_row;
    if (row < vr_slab_rows(p.x))
        rank_entry(row, (vr_group() - row * per_row) * WG + gl_LocalInvocationID.x);
}
