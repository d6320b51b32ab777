#version 450
// SPDX-License-Identifier: Apache-2.0
// The VR_K largest of each row of scores, exact, in order, ties to the lower index. A lane takes a piece of
// a row, quad by quad (4 scores), and keeps what it has found in registers, sorted: few scores of many come
// in. VR_LISTS 0: of scores, into the results, or, VR_CUT 1, where rows have several pieces, into lists; 1:
// of a row's lists, which stand in the order of its pieces, into the results. VR_DENY: whether some may be
// denied. VR_TEXEL 1: scores are a texel view. VR_BALLOT 1: lanes look together whether one has found any.
#extension GL_EXT_control_flow_attributes : require
#if VR_BALLOT
#extension GL_KHR_shader_subgroup_ballot : require
#define NO_LANE(is) (subgroupBallot(is) == uvec4(0u))
#else
#define NO_LANE(is) false
#endif
#include "push.h"
#include "step.glsl"
#include "order.glsl"

layout(local_size_x = WG) in;
layout(push_constant) uniform Push
{
    vr_push_top_k_lane p;
};
#if VR_TEXEL
layout(set = 0, binding = 0) uniform samplerBuffer score_texels;
#define SCORES(i) texelFetch(score_texels, int(i))
#else
layout(std430, set = 0, binding = 0) restrict readonly buffer Scores
{
    vec4 score_quads[];
};
#define SCORES(i) score_quads[i]
#endif
layout(std430, set = 0, binding = 1) restrict writeonly buffer Values
{
    vec4 value_quads[];
};
layout(std430, set = 0, binding = 2) restrict writeonly buffer Indices
{
    ivec4 index_quads[];
};
layout(std430, set = 0, binding = 3) restrict buffer Lists
{
    uvec4 lists[]; // keys, and p.to_list further on indices
};
layout(std430, set = 0, binding = 4) restrict readonly buffer Deny
{
    uint deny_words[];
};

#define K_QUADS ((VR_K + 3) / 4)
#define NONE 0xffffffffu

struct best
{
    uint keys[4 * K_QUADS], at[4 * K_QUADS]; // padding behind VR_K stays as it is
};

// key is above the last one's.
void insert(inout best b, uint key, uint at)
{
    [[unroll]] for (int n = 0; n < VR_K; n++) {
        const int i = VR_K - 1 - n;
        const bool further = i > 0 && key > b.keys[max(i - 1, 0)], here = key > b.keys[i];
        b.at[i] = further ? b.at[max(i - 1, 0)] : here ? at : b.at[i];
        b.keys[i] = further ? b.keys[max(i - 1, 0)] : here ? key : b.keys[i];
    }
}

#if VR_LISTS
void scan(uint row, inout best b)
{
    const uint from = row * p.pieces * K_QUADS;
    for (uint e = 0u; e < 4u * p.pieces * K_QUADS; e++) {
        const uint key = lists[from + e / 4u][e % 4u];
        if (key > b.keys[VR_K - 1])
            insert(b, key, lists[p.to_list + from + e / 4u][e % 4u]);
    }
}
#else
bool is_denied(uint row, uint i)
{
#if VR_DENY
    return (deny_words[row * p.deny_pitch + i / 32u] >> (i % 32u) & 1u) != 0u;
#else
    return false;
#endif
}

// Most scores are below what has been found, which is seen without their keys: `least`, as a signed number,
// is the lowest that might come in. Some that are none, as NaN, are seen to be none by their keys.
void scan(uint row, uint begin, uint end, inout best b)
{
    const uint from = row * p.x.pitch;
    int least = int(0x80000000u);
    for (uint q = begin; q < end;) {
        ivec4 bits;
        uint left;
        do {
            bits = floatBitsToInt(SCORES(from + q));
            const bvec4 high = greaterThanEqual(bits ^ ivec4(uvec4(bits >> 31) >> 1u), ivec4(least));
            left = uint(high.x) | uint(high.y) << 1u | uint(high.z) << 2u | uint(high.w) << 3u;
            q++;
        } while (NO_LANE(left != 0u || q >= end));
        for (; left != 0u; left &= left - 1u) {
            const uint j = uint(findLSB(left)), i = 4u * (q - 1u) + j;
            const uint key = vr_keys(uvec4(bits[j])).x;
            if (i < p.x.width && key > b.keys[VR_K - 1] && !is_denied(row, i)) {
                insert(b, key, i);
                const uint last = b.keys[VR_K - 1];
                least = int((last + uint(last != 0u)) ^ 0x80000000u);
            }
        }
    }
}
#endif

void put(uint row, best b)
{
    [[unroll]] for (int q = 0; q < K_QUADS; q++) {
        vec4 values = vec4(0.0);
        ivec4 indices = ivec4(0);
        [[unroll]] for (int j = 0; j < 4; j++)
            if (4 * q + j < VR_K) {
                const uint at = b.at[4 * q + j];
                values[j] = -3.40282347e38;
                if (at != NONE)
                    values[j] = SCORES(row * p.x.pitch + at / 4u)[at % 4u];
                indices[j] = int(at);
            }
        value_quads[row * K_QUADS + q] = values;
        index_quads[row * K_QUADS + q] = indices;
    }
}

void main()
{
    const uint unit = p.range.first + vr_group() * WG + gl_LocalInvocationID.x;
    const uint units = VR_LISTS != 0 ? 1u : p.pieces, row = unit / units, piece = unit - row * units;
    if (unit >= p.range.end || row >= vr_slab_rows(p.x))
        return;
    best b;
    [[unroll]] for (int i = 0; i < 4 * K_QUADS; i++) {
        b.keys[i] = 0u;
        b.at[i] = NONE;
    }
#if VR_LISTS
    scan(row, b);
    put(row, b);
#else
    scan(row, piece * p.piece, min((piece + 1u) * p.piece, (p.x.width + 3u) / 4u), b);
#if VR_CUT
    [[unroll]] for (int q = 0; q < K_QUADS; q++) {
        const int i = 4 * q;
        lists[unit * K_QUADS + q] = uvec4(b.keys[i], b.keys[i + 1], b.keys[i + 2], b.keys[i + 3]);
        lists[p.to_list + unit * K_QUADS + q] = uvec4(b.at[i], b.at[i + 1], b.at[i + 2], b.at[i + 3]);
    }
#else
    put(row, b);
#endif
#endif
}
