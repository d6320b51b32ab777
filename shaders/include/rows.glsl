// SPDX-License-Identifier: Apache-2.0
// Helpers over padded rows. Needs push.h and step.glsl.

// 1 for the elements of quad `quad` that lie within `width`, 0 for padding.
vec4 vr_inside(uint quad, uint width)
{
    return vec4(lessThan(4u * quad + uvec4(0u, 1u, 2u, 3u), uvec4(width)));
}

uint vr_width(vr_extent e)
{
    return vr_rows(e.width, e.width_symbol);
}

uint vr_quads(uint width)
{
    return (width + 3u) / 4u;
}
