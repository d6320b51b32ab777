// SPDX-License-Identifier: Apache-2.0
// Rows of a table, binding 0. VR_TEXEL 1: a texel view, whose format converts halves; else a storage
// buffer. VR_F16, VR_BF16, VR_Q8_0, VR_Q4_0: what the table holds, if not f32. Needs a push constant `p`
// with quads, of a row, and pitch, from row to row: quads, or words of what is packed.

#if defined(VR_BF16) || defined(VR_Q8_0) || defined(VR_Q4_0)
#if VR_TEXEL
layout(set = 0, binding = 0) uniform usamplerBuffer table_texels;
#define VR_WORD(i) texelFetch(table_texels, int((i) >> 2))[(i) & 3u]
#else
layout(std430, set = 0, binding = 0) restrict readonly buffer Table { uint table_words[]; };
#define VR_WORD(i) table_words[i]
#endif
#include "packed.glsl"
vec4 vr_table(uint row, uint quad) { return vr_packed(row * p.pitch, quad, 4u * p.quads); }
#elif VR_TEXEL
layout(set = 0, binding = 0) uniform samplerBuffer table_texels;
vec4 vr_table(uint row, uint quad) { return texelFetch(table_texels, int(row * p.pitch + quad)); }
#elif defined(VR_F16)
layout(std430, set = 0, binding = 0) restrict readonly buffer Table { uvec2 table_words[]; };
vec4 vr_table(uint row, uint quad)
{
    const uvec2 words = table_words[row * p.pitch + quad];
    return vec4(unpackHalf2x16(words.x), unpackHalf2x16(words.y));
}
#else
layout(std430, set = 0, binding = 0) restrict readonly buffer Table { vec4 table_quads[]; };
vec4 vr_table(uint row, uint quad) { return table_quads[row * p.pitch + quad]; }
#endif
