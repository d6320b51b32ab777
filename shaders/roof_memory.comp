#version 450
// SPDX-License-Identifier: Apache-2.0
// What memory gives at most (src/run/roof.c): quads of 16 bytes are copied, or summed without their order
// mattering, VR_QUADS a lane, neighbouring lanes taking neighbouring ones. VR_GATHER: rows of 4 quads,
// wherever their ids say. VR_TEXEL: what is read is read by texel views.
layout(local_size_x = WG) in;
#if VR_TEXEL
layout(set = 0, binding = 0) uniform usamplerBuffer from_texels;
layout(set = 0, binding = 2) uniform usamplerBuffer id_texels;
#define FROM(quad) texelFetch(from_texels, int(quad))
#define ID(row) texelFetch(id_texels, int(row)).x
#else
layout(std430, set = 0, binding = 0) restrict readonly buffer From
{
    uvec4 from[];
};
layout(std430, set = 0, binding = 2) restrict readonly buffer Ids
{
    uint ids[];
};
#define FROM(quad) from[quad]
#define ID(row) ids[row]
#endif
layout(std430, set = 0, binding = 1) restrict writeonly buffer To
{
    uvec4 to[];
};

void main()
{
    const uint first = gl_WorkGroupID.x * WG * VR_QUADS + gl_LocalInvocationID.x;
    uvec4 sum = uvec4(0u);
    for (uint i = 0u; i < VR_QUADS; i++) {
        const uint quad = first + i * WG;
#if VR_COPY
        to[quad] = FROM(quad);
#elif VR_GATHER
        sum += FROM(ID(quad / 4u) * 4u + quad % 4u);
#else
        sum += FROM(quad);
#endif
    }
#if !VR_COPY
    to[gl_GlobalInvocationID.x] = sum;
#endif
}
