// SPDX-License-Identifier: Apache-2.0
// What a run knows that its recording does not: the true sizes of dynamic dimensions.
// VR_STEP_BINDING is defined by the runtime.
layout(std430, set = 0, binding = VR_STEP_BINDING) restrict readonly buffer VrStep
{
    uint vr_counts[];
};

// Rows of a value: `rows` if its size is fixed (symbol = ~0), else rows per unit of the dimension.
uint vr_rows(uint rows, uint symbol)
{
    return symbol == 0xffffffffu ? rows : rows * vr_counts[symbol];
}

// Linear workgroup index over x and y (vr_launch).
uint vr_group()
{
    return gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x;
}
