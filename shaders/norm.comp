#version 450
// SPDX-License-Identifier: Apache-2.0
// Over the last, contiguous dimension, with its mean m and variance v:
//   VR_LAYER_NORM 1: (x − m) / √(v + epsilon) · weight + bias     layer_norm
//   VR_LAYER_NORM 0: x / max(√Σx², epsilon)                       l2_normalize
// VR_SUBGROUP 1: a subgroup takes a row, its lanes neighbouring quads (vec4s) of it; texel views.
// VR_SUBGROUP 0: a lane takes a row; storage buffers.
// The variance is that of the differences to the mean (a second pass), so that a large mean costs no
// digits.
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

#if VR_SUBGROUP
#include "subgroup.glsl"
layout(set = 0, binding = 0) uniform samplerBuffer x_texels;
#if VR_LAYER_NORM
layout(set = 0, binding = 3) uniform samplerBuffer weight_texels;
layout(set = 0, binding = 4) uniform samplerBuffer bias_texels;
#endif
#define X(quad) texelFetch(x_texels, int(quad))
#define WEIGHT(quad) texelFetch(weight_texels, int(quad))
#define BIAS(quad) texelFetch(bias_texels, int(quad))
#define FIRST gl_SubgroupInvocationID
#define STEP vr_lanes()
#define ROW vr_subgroup_index()
#define SUM(value) subgroupAdd(value)
#else
layout(std430, set = 0, binding = 0) restrict readonly buffer XBuffer
{
    vec4 x_quads[];
};
#if VR_LAYER_NORM
layout(std430, set = 0, binding = 3) restrict readonly buffer Weight
{
    vec4 weight_quads[];
};
layout(std430, set = 0, binding = 4) restrict readonly buffer Bias
{
    vec4 bias_quads[];
};
#endif
#define X(quad) x_quads[quad]
#define WEIGHT(quad) weight_quads[quad]
#define BIAS(quad) bias_quads[quad]
#define FIRST 0u
#define STEP 1u
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
    if (row >= vr_rows(p.x.rows, p.x.symbol))
        return;
    const uint width = p.x.width, quads = vr_quads(width), base = row * quads;
    vec4 sum = vec4(0.0);
#if VR_LAYER_NORM
    for (uint q = FIRST; q < quads; q += STEP)
        sum += X(base + q); // padding is zero
    const float mean = total(sum) / float(width);
    sum = vec4(0.0);
    for (uint q = FIRST; q < quads; q += STEP) {
        const vec4 d = vr_clear(X(base + q) - mean, q, width);
        sum += d * d;
    }
    const float factor = inversesqrt(total(sum) / float(width) + p.epsilon);
    for (uint q = FIRST; q < quads; q += STEP) {
        vec4 y = (X(base + q) - mean) * factor;
        if (p.has_weight != 0u)
            y *= WEIGHT(q);
        if (p.has_bias != 0u)
            y += BIAS(q);
        out_quads[base + q] = vr_clear(y, q, width);
    }
#else
    // Divided by the largest element first, so that squares neither overflow nor vanish.
    float largest = 0.0;
    for (uint q = FIRST; q < quads; q += STEP) {
        const vec4 a = abs(X(base + q));
        largest = max(largest, max(max(a.x, a.y), max(a.z, a.w)));
    }
#if VR_SUBGROUP
    largest = subgroupMax(largest);
#endif
    const float shrink = largest > 0.0 ? 1.0 / clamp(largest, 1e-37, 1e37) : 0.0;
    for (uint q = FIRST; q < quads; q += STEP) {
        const vec4 a = X(base + q) * shrink;
        sum += a * a;
    }
    const float norm = sqrt(total(sum)); // of x · shrink
    const float factor = norm > p.epsilon * shrink ? shrink / norm : 1.0 / p.epsilon;
    for (uint q = FIRST; q < quads; q += STEP)
        out_quads[base + q] = X(base + q) * factor;
#endif
}
