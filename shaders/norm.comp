#version 450
// SPDX-License-Identifier: Apache-2.0
// Over the last, contiguous dimension, with its mean m, variance v and mean square s:
//   VR_NORM 0: (x − m) / √(v + epsilon) · weight + bias     layer_norm
//   VR_NORM 1: x / √(s + epsilon) · weight + bias           rms_norm
//   VR_NORM 2: x / max(√Σx², epsilon) · weight + bias       l2_normalize
// VR_SUBGROUP 1: a subgroup takes a row, its lanes neighbouring quads (vec4s) of it.
// VR_SUBGROUP 0: a lane takes a row, VR_QUADS quads an iteration.
// VR_TEXEL 1: x, weight and bias are texel views, else storage buffers.
// The variance is that of the differences to the mean (a second pass), so that a large mean costs no
// digits; squares are taken in units of the mean magnitude, so that they neither overflow nor vanish.
#extension GL_EXT_control_flow_attributes : require
#if VR_SUBGROUP
#extension GL_KHR_shader_subgroup_arithmetic : require
#endif
#include "push.h"
#include "step.glsl"
#include "rows.glsl"

layout(local_size_x = WG) in;
layout(push_constant) uniform Push
{
    vr_push_norm p;
};

#if VR_TEXEL
layout(set = 0, binding = 0) uniform samplerBuffer x_texels;
layout(set = 0, binding = 3) uniform samplerBuffer weight_texels;
layout(set = 0, binding = 4) uniform samplerBuffer bias_texels;
#define X(quad) texelFetch(x_texels, int(quad))
#define WEIGHT(quad) texelFetch(weight_texels, int(quad))
#define BIAS(quad) texelFetch(bias_texels, int(quad))
#else
layout(std430, set = 0, binding = 0) restrict readonly buffer XBuffer
{
    vec4 x_quads[];
};
layout(std430, set = 0, binding = 3) restrict readonly buffer Weight
{
    vec4 weight_quads[];
};
layout(std430, set = 0, binding = 4) restrict readonly buffer Bias
{
    vec4 bias_quads[];
};
#define X(quad) x_quads[quad]
#define WEIGHT(quad) weight_quads[quad]
#define BIAS(quad) bias_quads[quad]
#endif
#if VR_SUBGROUP
#include "subgroup.glsl"
#define EACH_QUAD for (uint q = gl_SubgroupInvocationID; q < quads; q += vr_lanes())
#define ROW vr_subgroup_index()
#define SUM(value) subgroupAdd(value)
#else
// VR_QUADS at a time, since drivers may bound the iterations of a lane.
#define EACH_QUAD                                                                                  \
    for (uint first = 0u; first < quads; first += VR_QUADS)                                        \
        [[unroll]] for (uint i = 0u, q = first; i < VR_QUADS; i++, q = first + i)                  \
            if (q < quads)
#define ROW (vr_group() * WG + gl_LocalInvocationID.x)
#define SUM(value) (value)
#endif
layout(std430, set = 0, binding = 1) restrict writeonly buffer Out
{
    vec4 out_quads[];
};

float total(vec4 v)
{
    return SUM(v.x + v.y + v.z + v.w);
}

void main()
{
    const uint row = ROW;
    if (row >= vr_slab_rows(p.x))
        return;
    const uint width = p.x.width, quads = vr_quads(width), from = row * p.x.pitch;
    vec4 sum = vec4(0.0), size = vec4(0.0);
    EACH_QUAD {
        const vec4 x = X(from + q); // padding is zero
        sum += x;
        size += abs(x);
    }
    const float mean = VR_NORM == 0 ? total(sum) / float(width) : 0.0;
    // Differences are measured in units of the mean magnitude.
    const float unit = total(size) / float(width);
    const float shrink = unit > 0.0 ? 1.0 / clamp(unit, 1e-37, 1e37) : 0.0;
    sum = vec4(0.0);
    EACH_QUAD {
        const vec4 d = vr_clear((X(from + q) - mean) * shrink, q, width);
        sum += d * d;
    }
    const float square = total(sum);
#if VR_NORM == 2
    const float norm = sqrt(square); // of x · shrink
    const float factor = norm > p.epsilon * shrink ? shrink / norm : 1.0 / p.epsilon;
#else
    // Where shrink² · epsilon would overflow, the squares are nothing beside epsilon.
    const float root = sqrt(p.epsilon) * shrink;
    const float factor = root > 1e15 || shrink == 0.0
                             ? inversesqrt(p.epsilon)
                             : shrink * inversesqrt(square / float(width) + root * root);
#endif
    EACH_QUAD {
        vec4 y = (X(from + q) - mean) * factor;
        if (p.has_weight != 0u)
            y *= WEIGHT(q);
        if (p.has_bias != 0u)
            y += BIAS(q);
        out_quads[row * quads + q] = vr_clear(y, q, width);
    }
}
