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

// A lane's place among rows of `quads`, counted through, and the step to the next, WG quads further on:
// two divisions a lane instead of two a quad, for a CPU takes as long over them as over a store.
struct vr_walk {
    uint row, quad, rows, step;
};

vr_walk vr_walk_from(uint i, uint quads)
{
    vr_walk w;
    w.row = i / quads;
    w.quad = i - w.row * quads;
    w.rows = WG / quads;
    w.step = WG - w.rows * quads;
    return w;
}

void vr_walk_on(inout vr_walk w, uint quads)
{
    w.row += w.rows;
    w.quad += w.step;
    if (w.quad >= quads) {
        w.quad -= quads;
        w.row++;
    }
}
