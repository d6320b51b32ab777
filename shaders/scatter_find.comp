#version 450
// SPDX-License-Identifier: Apache-2.0
// For scatter_rows.comp: which updates a row takes. Phase 0: a lane clears VR_STEPS ends, WG apart; in all others
// it takes an id. To replace (VR_ADD 0), phase 1: the last of a row's ids, plus 1, is its end. To add, the ids are
// sorted by row, then place, for which any order of the lanes will do: phase 1 sorts VR_SORT neighbours, a lane
// counting what stands before its id; phase 2 merges runs of p.run with the next, a lane searching the other
// run for its id; phase 3 finds where the ids of a row begin and end.
#include "push.h"
#include "step.glsl"
#include "fault.glsl"

layout(local_size_x = WG) in;
layout(push_constant) uniform Push
{
    vr_push_scatter_find p;
};
layout(std430, set = 0, binding = 0) restrict readonly buffer Ids
{
    int ids[];
};
layout(std430, set = 0, binding = 1) restrict buffer Found
{
    uint found[]; // ends of all rows; to add, begins of all rows, then two lists: p.most rows, p.most places
};

void clear_ends()
{
    uint row = p.range.first + vr_group() * (WG * VR_STEPS) + gl_LocalInvocationID.x;
    for (uint s = 0u; s < VR_STEPS && row < p.range.end; s++, row += WG)
        found[row] = 0u;
}

void put(uint at, uint row, uint place)
{
    found[p.to + at] = row;
    found[p.to + p.most + at] = place;
}

void sort_neighbours(uint i, uint n, uint row)
{
    const uint begin = i / VR_SORT * VR_SORT, end = min(begin + VR_SORT, n);
    uint at = begin;
    for (uint j = begin; j < end; j++) {
        const uint other = uint(ids[j]);
        at += uint(other < row || (other == row && j < i));
    }
    put(at, row, i);
}

void merge(uint i, uint n)
{
    const uint run = i / p.run, row = found[p.from + i], pair = run / 2u * 2u * p.run;
    const bool left = run % 2u == 0u; // its ids stand before equal ones of the right run
    const uint begin = min(left ? pair + p.run : pair, n);
    uint low = begin, high = min(begin + p.run, n);
    while (low < high) {
        const uint middle = (low + high) / 2u, other = found[p.from + middle];
        if (other < row || (other == row && !left))
            low = middle + 1u;
        else
            high = middle;
    }
    put(pair + (i - run * p.run) + (low - begin), row, found[p.from + p.most + i]);
}

void find_edges(uint i, uint n)
{
    const uint row = found[p.from + i];
    if (row >= p.begins) // reported
        return;
    if (i == 0u || found[p.from + i - 1u] != row)
        found[p.begins + row] = i;
    if (i + 1u == n || found[p.from + i + 1u] != row)
        found[row] = i + 1u;
}

void main()
{
    const uint n = vr_rows(p.ids, p.ids_symbol), i = p.range.first + vr_group() * WG + gl_LocalInvocationID.x;
    const bool is_id = i < min(n, p.range.end);
    if (p.phase == 0u) {
        clear_ends();
    } else if (is_id && p.phase == 1u) {
        const uint row = uint(ids[i]); // negative ids become too large
        const bool is_row = row < vr_rows(p.rows, p.symbol);
        if (!is_row)
            vr_report(i, row);
#if VR_ADD
        sort_neighbours(i, n, row);
#else
        if (is_row)
            atomicMax(found[row], i + 1u);
#endif
    }
#if VR_ADD
    else if (is_id && p.phase == 2u)
        merge(i, n);
    else if (is_id)
        find_edges(i, n);
#endif
}
