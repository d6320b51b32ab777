// SPDX-License-Identifier: Apache-2.0
// Indices in four dimensions of what is counted through, the last one fastest.

// size: of the last three dimensions, at least 1 each, y to w; ~0 where there is no further one.
uvec4 vr_digits(uint i, uvec4 size)
{
    const uint a = i / size.w, b = a / size.z, c = b / size.y;
    return uvec4(c, b - c * size.y, a - b * size.z, i - a * size.w);
}

// Goes on by `step`, itself such indices: a comparison each instead of a division.
void vr_digits_on(inout uvec4 at, uvec4 step, uvec4 size)
{
    at += step;
    if (at.w >= size.w) {
        at.w -= size.w;
        at.z++;
    }
    if (at.z >= size.z) {
        at.z -= size.z;
        at.y++;
    }
    if (at.y >= size.y) {
        at.y -= size.y;
        at.x++;
    }
}
