// SPDX-License-Identifier: Apache-2.0
// What the two programs of top_k share.
uint ones(bvec4 b)
{
    const uvec4 u = uvec4(b);
    return u.x + u.y + u.z + u.w;
}

uint k_quads()
{
    return (p.k + 3u) / 4u;
}
