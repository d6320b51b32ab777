#version 450
#extension GL_EXT_control_flow_attributes : require
// SPDX-License-Identifier: Apache-2.0
// The k largest of each row of scores, exact, ties to the lower index; in no order yet (top_k_rank.comp
// makes it). Rows are contiguous. A team takes a chunk of a row, its lanes neighbouring quads (4 scores).
// The k-th largest key is found two bits at a time by counting, then what is above it, and the first of
// what equals it, is written to a list in the order of indices. Of few k a bound is found first, in one
// pass, that little more than k scores reach: these alone are listed. The lists of a row stand behind one
// another, so the next level can select from them as from a row, until one list of k is left.
// A team is a subgroup (VR_SUBGROUP 1) or a workgroup with shared memory (0). VR_TEXEL: scores and
// deny are texel views, else storage buffers. AHEAD: quads that a lane asks for at once.
#if VR_SUBGROUP
#extension GL_KHR_shader_subgroup_arithmetic : require
#endif
#include "push.h"
#include "step.glsl"
#include "order.glsl"

layout(local_size_x = WG) in;
layout(push_constant) uniform Push
{
    vr_push_top_k p;
};
#include "top_k.glsl"
#if VR_TEXEL
layout(set = 0, binding = 0) uniform samplerBuffer score_texels;
layout(set = 0, binding = 1) uniform isamplerBuffer deny_texels;
#define SCORES(i) texelFetch(score_texels, int(i))
#define DENY(i) uint(texelFetch(deny_texels, int(i)).x)
#else
layout(std430, set = 0, binding = 0) restrict readonly buffer Scores
{
    vec4 score_quads[];
};
layout(std430, set = 0, binding = 1) restrict readonly buffer Deny
{
    uint deny_words[];
};
#define SCORES(i) score_quads[i]
#define DENY(i) deny_words[i]
#endif
layout(std430, set = 0, binding = 2) restrict buffer Lists
{
    uvec4 lists[]; // keys, and indices apart: p.quads quads a chunk, padded with keys of 0
};

#if VR_SUBGROUP
#include "subgroup.glsl"
#define TEAM_LANE gl_SubgroupInvocationID
#define TEAM_LANES vr_lanes()
#define TEAM_INDEX vr_subgroup_index()
void team_order()
{
    subgroupMemoryBarrierBuffer();
    subgroupBarrier();
}
uvec3 team_sum(uvec3 v)
{
    return subgroupAdd(v);
}
// Sum over the lanes below this one; *total: over all.
uvec2 team_before(uvec2 v, out uvec2 total)
{
    total = subgroupAdd(v);
    return subgroupExclusiveAdd(v);
}
#else
#define TEAM_LANE gl_LocalInvocationID.x
#define TEAM_LANES WG
#define TEAM_INDEX vr_group()
void team_order()
{
    memoryBarrierBuffer();
    barrier();
}
shared uvec3 team_values[WG];
// Hillis and Steele 1986: afterwards team_values[i] is the sum over lanes 0..i.
void team_scan(uvec3 v)
{
    const uint lane = gl_LocalInvocationID.x;
    barrier();
    team_values[lane] = v;
    barrier();
    for (uint step = 1u; step < WG; step *= 2u) {
        const uvec3 other = lane >= step ? team_values[lane - step] : uvec3(0u);
        barrier();
        team_values[lane] += other;
        barrier();
    }
}
uvec3 team_sum(uvec3 v)
{
    team_scan(v);
    return team_values[WG - 1u];
}
uvec2 team_before(uvec2 v, out uvec2 total)
{
    team_scan(uvec3(v, 0u));
    total = team_values[WG - 1u].xy;
    return team_values[gl_LocalInvocationID.x].xy - v;
}
#endif

struct part // of a row
{
    uint row, begin, end; // quads
};

// Keys order as scores do. 0: denied or padding.
uvec4 score_keys(uint row, uint quad, uvec4 bits)
{
    uvec4 keys = vr_keys(bits);
    uint denied = 0u;
    if (p.has_deny != 0u)
        denied = DENY(row * p.deny_pitch + quad / 8u) >> (quad % 8u * 4u);
    const uvec4 lane = uvec4(0u, 1u, 2u, 3u);
    keys = mix(keys, uvec4(0u), notEqual((uvec4(denied) >> lane) & 1u, uvec4(0u)));
    return mix(uvec4(0u), keys, lessThan(4u * quad + lane, uvec4(p.x.width)));
}

uvec4 keys_of(uint row, uint quad)
{
    if (p.level != 0u)
        return lists[p.from + row * p.entries + quad];
    return score_keys(row, quad, floatBitsToUint(SCORES(row * p.x.pitch + quad)));
}

#if AHEAD > 1
// The same of AHEAD quads, TEAM_LANES apart; 0 from `end` on. All are asked for before one is looked at: else a
// GPU would wait for each.
void keys_ahead(uint row, uint quad, uint end, out uvec4 keys[AHEAD])
{
    if (p.level != 0u) {
        [[unroll]] for (uint b = 0u; b < AHEAD; b++)
            keys[b] = lists[p.from + row * p.entries + min(quad + b * TEAM_LANES, end - 1u)];
    } else {
        [[unroll]] for (uint b = 0u; b < AHEAD; b++)
            keys[b] = floatBitsToUint(SCORES(row * p.x.pitch + min(quad + b * TEAM_LANES, end - 1u)));
        [[unroll]] for (uint b = 0u; b < AHEAD; b++)
            keys[b] = score_keys(row, min(quad + b * TEAM_LANES, end - 1u), keys[b]);
    }
    [[unroll]] for (uint b = 0u; b < AHEAD; b++)
        keys[b] = quad + b * TEAM_LANES < end ? keys[b] : uvec4(0u);
}
#endif

uvec3 reached(uvec4 keys, uvec3 t)
{
    return uvec3(ones(greaterThanEqual(keys, uvec4(t.x))), ones(greaterThanEqual(keys, uvec4(t.y))),
                 ones(greaterThanEqual(keys, uvec4(t.z))));
}

// How many keys of the part are at least t.x, t.y, t.z, none of which is 0.
uvec3 count_at_least(part a, uvec3 t)
{
    uvec3 n = uvec3(0u);
#if AHEAD > 1
    for (uint q = a.begin + TEAM_LANE; q < a.end; q += AHEAD * TEAM_LANES) {
        uvec4 keys[AHEAD];
        keys_ahead(a.row, q, a.end, keys);
        [[unroll]] for (uint b = 0u; b < AHEAD; b++)
            n += reached(keys[b], t);
    }
#else
    for (uint q = a.begin + TEAM_LANE; q < a.end; q += TEAM_LANES)
        n += reached(keys_of(a.row, q), t);
#endif
    return team_sum(n);
}

// A key, and how many are above it: exactly k, or fewer and then it is the k-th largest, or 0 where
// fewer than k are allowed at all. COUNT: of the keys, those at least t.x, t.y, t.z.
#define KTH(NAME, FROM, COUNT)                                                                     \
    uint NAME(FROM, out uint above)                                                                \
    {                                                                                              \
        uint key = 0u;                                                                             \
        above = 0u;                                                                                \
        for (int shift = 30; shift >= 0; shift -= 2) {                                             \
            const uvec3 t = uvec3(key) | (uvec3(1u, 2u, 3u) << shift);                             \
            const uvec3 n = COUNT;                                                                 \
            const bvec3 found = equal(n, uvec3(p.k));                                              \
            if (any(found)) {                                                                      \
                above = p.k;                                                                       \
                return (found.x ? t.x : found.y ? t.y : t.z) - 1u;                                 \
            }                                                                                      \
            if (n.z >= p.k) {                                                                      \
                key = t.z;                                                                         \
            } else if (n.y >= p.k) {                                                               \
                key = t.y;                                                                         \
                above = n.z;                                                                       \
            } else if (n.x >= p.k) {                                                               \
                key = t.x;                                                                         \
                above = n.y;                                                                       \
            } else {                                                                               \
                above = n.x;                                                                       \
            }                                                                                      \
        }                                                                                          \
        return key;                                                                                \
    }
KTH(kth_key, part a, count_at_least(a, t))

// List `list` of those written, entry `position`.
void put(uint list, uint position, uint key, uint index)
{
    const uint quad = p.to + list * p.quads + position / 4u;
    lists[quad][position % 4u] = key;
    lists[quad + p.to_list][position % 4u] = index;
}

uvec4 indices_of(uint row, uint quad)
{
    if (p.level != 0u)
        return lists[p.from + p.from_list + row * p.entries + quad];
    return 4u * quad + uvec4(0u, 1u, 2u, 3u);
}

void select_part(part a, uint list)
{
    uint above;
    const uint key = kth_key(a, above);
    const uint ties = key == 0u ? 0u : p.k - above; // key 0: all that are allowed are above
    uvec2 before = uvec2(0u); // above the key, equal to it, in quads already seen
    for (uint start = a.begin; start < a.end; start += TEAM_LANES) {
        const uint q = start + TEAM_LANE;
        const uvec4 keys = q < a.end ? keys_of(a.row, q) : uvec4(0u);
        uvec2 total;
        uvec2 n = before + team_before(uvec2(ones(greaterThan(keys, uvec4(key))),
                                             ones(equal(keys, uvec4(key)))), total);
        const uvec4 index = q < a.end ? indices_of(a.row, q) : uvec4(0u);
        for (uint j = 0u; j < 4u; j++) {
            const bool larger = keys[j] > key, same = keys[j] == key;
            if (larger || (same && n.y < ties))
                put(list, n.x + min(n.y, ties), keys[j], index[j]);
            n += uvec2(larger, same);
        }
        before += total;
    }
    for (uint i = above + ties + TEAM_LANE; i < 4u * p.quads; i += TEAM_LANES)
        put(list, i, 0u, 0xffffffffu);
}

#if SEGMENTS > 0
// The largest keys of SEGMENTS parts of a lane's quads, each component for itself: different keys.
struct peaks
{
    uvec4 of[SEGMENTS];
};

uvec3 count_peaks(peaks m, uvec3 t)
{
    uvec3 n = uvec3(0u);
    for (int s = 0; s < SEGMENTS; s++)
        n += reached(m.of[s], t);
    return team_sum(n);
}
KTH(kth_peak, peaks m, count_peaks(m, t))

// A key that at least k keys of the part are not below: the k-th largest of its peaks.
uint bound_of(part a)
{
    const uint each = (a.end - a.begin + TEAM_LANES * SEGMENTS - 1u) / (TEAM_LANES * SEGMENTS);
    peaks m;
    for (uint s = 0u; s < SEGMENTS; s++) {
        uvec4 most = uvec4(0u);
        uint q = a.begin + s * each * TEAM_LANES + TEAM_LANE;
#if AHEAD > 1
        const uint end = min(a.end, a.begin + (s + 1u) * each * TEAM_LANES);
        for (; q < end; q += AHEAD * TEAM_LANES) {
            uvec4 keys[AHEAD];
            keys_ahead(a.row, q, end, keys);
            [[unroll]] for (uint b = 0u; b < AHEAD; b++)
                most = max(most, keys[b]);
        }
#else
        for (uint i = 0u; i < each && q < a.end; i++, q += TEAM_LANES)
            most = max(most, keys_of(a.row, q));
#endif
        m.of[s] = most;
    }
    uint above;
    const uint key = kth_peak(m, above);
    return max(above == p.k ? key + 1u : key, 1u);
}

#define BLOCK 8u // steps between looks at what all lanes have found
bvec4 reach(part a, uint q, uint bound, out uvec4 keys)
{
    keys = q < a.end ? keys_of(a.row, q) : uvec4(0u);
    return greaterThanEqual(keys, uvec4(bound));
}

// What is not below the bound, in the order of indices; false: there is no room for so much.
bool collect(part a, uint list, uint bound)
{
    uint n = 0u;
    uvec4 keys;
    for (uint start = a.begin; start < a.end; start += BLOCK * TEAM_LANES) {
        uint mine = 0u;
        for (uint b = 0u; b < BLOCK; b++)
            mine += ones(reach(a, start + b * TEAM_LANES + TEAM_LANE, bound, keys));
        if (team_sum(uvec3(mine, 0u, 0u)).x == 0u)
            continue;
        for (uint b = 0u; b < BLOCK; b++) {
            const uint q = start + b * TEAM_LANES + TEAM_LANE;
            const bvec4 high = reach(a, q, bound, keys);
            uvec2 total;
            uint at = n + team_before(uvec2(ones(high), 0u), total).x;
            n += total.x;
            if (n > 4u * p.quads)
                return false;
            for (uint j = 0u; j < 4u; j++)
                if (high[j])
                    put(list, at++, keys[j], 4u * q + j);
        }
    }
    for (uint i = n + TEAM_LANE; i < 4u * p.quads; i += TEAM_LANES)
        put(list, i, 0u, 0xffffffffu);
    return true;
}
#endif

void main()
{
    const uint list = TEAM_INDEX, row = list / p.chunks;
    const uint begin = (list - row * p.chunks) * p.chunk;
    if (row >= vr_slab_rows(p.x))
        return;
    const part a = part(row, begin, min(begin + p.chunk, p.entries));
#if SEGMENTS > 0
    if (p.level == 0u && p.quads > k_quads()) {
        if (collect(a, list, bound_of(a)))
            return;
        team_order(); // other lanes write the entries anew
    }
#endif
    select_part(a, list);
}
