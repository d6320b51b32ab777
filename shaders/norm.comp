#version 450
// SPDX-License-Identifier: Apache-2.0
// Over the last, contiguous dimension, with its mean m, variance v and mean square s:
//   VR_NORM 0: (x − m) / √(v + epsilon) · weight + bias     layer_norm
//   VR_NORM 1: x / √(s + epsilon) · weight + bias           rms_norm
//   VR_NORM 2: x / max(√Σx², epsilon) · weight + bias       l2_normalize
// VR_SUBGROUP 1: a subgroup takes VR_ROWS neighbouring rows, its lanes neighbouring quads (vec4s) of them.
// VR_SUBGROUP 0: a lane takes VR_ROWS rows, WG apart, VR_QUADS quads an iteration.
// VR_WEIGHT, VR_BIAS: whether there is one. VR_WHOLE 1: rows end with whole quads.
// VR_TEXEL 1: x, weight and bias are texel views, else storage buffers.
// The variance is summed with the first element for the mean, in one pass with the mean. Where the mean is too
// far from it, that would cost digits, and where squares may overflow or vanish, all of them: then it is that
// of the differences to the mean (a second pass), in units of the mean magnitude.
#extension GL_EXT_control_flow_attributes : require
#if VR_SUBGROUP
#extension GL_KHR_shader_subgroup_arithmetic : require
#endif
#include "push.h"
#include "step.glsl"
#include "rows.glsl"

#define SHORT 2048u // quads: sums of so many squares lose few digits

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
#define EACH_QUAD(n) for (uint q = gl_SubgroupInvocationID; q < n; q += vr_lanes())
#define ROW(r) (vr_subgroup_index() * VR_ROWS + (r))
#define SUM(value) subgroupAdd(value)
#else
// VR_QUADS at a time, since drivers may bound the iterations of a lane.
#define EACH_QUAD(n)                                                                               \
    for (uint first = 0u; first < n; first += VR_QUADS)                                            \
        [[unroll]] for (uint i = 0u, q = first; i < VR_QUADS; i++, q = first + i)                  \
            if (q < n)
#define ROW(r) ((vr_group() * VR_ROWS + (r)) * WG + gl_LocalInvocationID.x)
#define SUM(value) (value)
#endif
#if VR_WHOLE
#define CLEAR(v, q) (v)
#else
#define CLEAR(v, q) vr_clear(v, q, p.x.width)
#endif
layout(std430, set = 0, binding = 1) restrict writeonly buffer Out
{
    vec4 out_quads[];
};

float total(vec4 v)
{
    return SUM(v.x + v.y + v.z + v.w);
}

// Mean and factor of the row that begins at quad `from`: its elements become (x − mean) · factor.
vec2 moments(uint from)
{
    const uint width = p.x.width, quads = vr_quads(width);
    // In one pass, less the first element, which is as near to the mean as most are.
    const uint once = quads <= SHORT ? quads : 0u;
    const float first_x = VR_NORM == 0 && quads > 0u ? X(from).x : 0.0;
    vec4 sum = vec4(0.0), squares = vec4(0.0);
    EACH_QUAD(once) {
        const vec4 d = CLEAR(X(from + q) - first_x, q);
        sum += d;
        squares += d * d;
    }
    const float shift = VR_NORM == 0 ? total(sum) / float(width) : 0.0, about = total(squares);
    float square = about - shift * shift * float(width), mean = first_x + shift, shrink = 1.0;
    // Where that rounds too much, in two more passes: the differences to the mean, in units of the mean
    // magnitude.
    const bool exact = about > 1e-20 && about < 1e30 && square * 16.0 > about;
    const uint again = exact ? 0u : quads;
    sum = vec4(0.0);
    vec4 size = vec4(0.0);
    EACH_QUAD(again) {
        const vec4 x = X(from + q); // padding is zero
        sum += x;
        size += abs(x);
    }
    const float plain_mean = VR_NORM == 0 ? total(sum) / float(width) : 0.0;
    const float unit = total(size) / float(width);
    const float plain_shrink = unit > 0.0 ? 1.0 / clamp(unit, 1e-37, 1e37) : 0.0;
    sum = vec4(0.0);
    EACH_QUAD(again) {
        const vec4 d = CLEAR((X(from + q) - plain_mean) * plain_shrink, q);
        sum += d * d;
    }
    const float plain_square = total(sum);
    if (!exact) {
        mean = plain_mean;
        shrink = plain_shrink;
        square = plain_square;
    }
#if VR_NORM == 2
    const float norm = sqrt(square); // of x · shrink
    return vec2(mean, norm > p.epsilon * shrink ? shrink / norm : 1.0 / p.epsilon);
#else
    // Where shrink² · epsilon would overflow, the squares are nothing beside epsilon.
    const float root = sqrt(p.epsilon) * shrink;
    return vec2(mean, root > 1e15 || shrink == 0.0 ? inversesqrt(p.epsilon)
                                                   : shrink * inversesqrt(square / float(width) + root * root));
#endif
}

void main()
{
    const uint rows = vr_slab_rows(p.x), quads = vr_quads(p.x.width);
    if (ROW(0u) >= rows)
        return;
    vec2 of_row[VR_ROWS];
    [[dont_unroll]] for (uint r = 0u; r < VR_ROWS; r++) of_row[r] = moments(min(ROW(r), rows - 1u) * p.x.pitch);
    EACH_QUAD(quads) {
#if VR_WEIGHT
        const vec4 weight = WEIGHT(q);
#endif
#if VR_BIAS
        const vec4 bias = BIAS(q);
#endif
        [[unroll]] for (uint r = 0u; r < VR_ROWS; r++) {
            const uint row = ROW(r);
            vec4 y = (X(min(row, rows - 1u) * p.x.pitch + q) - of_row[r].x) * of_row[r].y;
#if VR_WEIGHT
            y *= weight;
#endif
#if VR_BIAS
            y += bias;
#endif
            if (row < rows)
                out_quads[row * quads + q] = CLEAR(y, q);
        }
    }
}
