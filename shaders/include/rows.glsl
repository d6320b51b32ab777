// SPDX-License-Identifier: Apache-2.0
// Helpers over padded rows. Needs push.h and step.glsl.

// v with the elements of quad `quad` that lie past `width`, the padding, as zeros.
vec4 vr_clear(vec4 v, uint quad, uint width)
{
    return mix(vec4(0.0), v, lessThan(4u * quad + uvec4(0u, 1u, 2u, 3u), uvec4(width)));
}

uint vr_width(vr_extent e)
{
    return vr_rows(e.width, e.width_symbol);
}

uint vr_quads(uint width)
{
    return (width + 3u) / 4u;
}

// Where quad i of rows of `quads`, counted row after row, stands in rows of `pitch` quads.
uint vr_pitched(uint i, uint quads, uint pitch)
{
    return pitch == quads ? i : i / quads * pitch + i % quads;
}
