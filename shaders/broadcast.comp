#version 450
// SPDX-License-Identifier: Apache-2.0
// out = a op b, broadcast as NumPy does, up to rank 4. A lane writes one quad of
// a row of out (4 elements of the contiguous dimension, padding as zeros) and reads a and b element by
// element through strides that are 0 in broadcast dimensions.
#include "push.h"
#include "step.glsl"
#include "rows.glsl"
#include "binary.glsl"

layout(local_size_x = WG) in;
layout(push_constant) uniform Push
{
    vr_push_broadcast p;
};
layout(std430, set = 0, binding = 0) restrict readonly buffer A
{
    float a[];
};
layout(std430, set = 0, binding = 1) restrict readonly buffer B
{
    float b[];
};
layout(std430, set = 0, binding = 2) restrict writeonly buffer Out
{
    vec4 out_quads[];
};

void main()
{
    const uint width = vr_width(p.x), quads = vr_quads(width);
    const uint i = vr_group() * WG + gl_LocalInvocationID.x;
    if (i >= vr_slab_rows(p.x) * quads)
        return;
    const uint row = p.x.first + i / quads, column = 4u * (i % quads);
    const uint i2 = row % p.size2, i1 = row / p.size2 % p.size1, i0 = row / p.size2 / p.size1;
    const uint from_a = i0 * p.a0 + i1 * p.a1 + i2 * p.a2, from_b = i0 * p.b0 + i1 * p.b1 + i2 * p.b2;
    vec4 x = vec4(0.0), z = vec4(0.0); // every operation gives 0 for zeros
    for (uint j = 0u; j < 4u && column + j < width; j++) {
        x[j] = a[from_a + (column + j) * p.a3];
        z[j] = b[from_b + (column + j) * p.b3];
    }
    out_quads[i] = vr_binary(x, z);
}
