// SPDX-License-Identifier: Apache-2.0
// What a run knows that its recording does not: the true sizes of dynamic dimensions.
// VR_STEP_BINDING is defined by the runtime. Needs push.h.
layout(std140, set = 0, binding = VR_STEP_BINDING) uniform VrStep
{
    uvec4 vr_counts[4]; // by symbol, four a vector
};

uint vr_count(uint symbol)
{
    return vr_counts[symbol / 4u][symbol % 4u];
}

// Rows of a value: `rows` if its size is fixed (symbol = ~0), else rows per unit of the dimension.
uint vr_rows(uint rows, uint symbol)
{
    return symbol == 0xffffffffu ? rows : rows * vr_count(symbol);
}

// Rows of the bound slab in this run.
uint vr_slab_rows(vr_extent e)
{
    const uint end = min(vr_rows(e.rows, e.symbol), e.end);
    return end - min(end, e.first);
}

// Linear workgroup index over x and y (vr_launch).
uint vr_group()
{
    return gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x;
}
