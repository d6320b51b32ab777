// SPDX-License-Identifier: Apache-2.0
// Work items for subgroups. A workgroup is meant to be one subgroup, but a device may split it (or
// leave lanes of one idle), so nothing here relies on that: with g workgroups launched, indices cover
// at least 0..g-1, and the caller returns for those past its end.

uint vr_subgroup_index()
{
    return vr_group() * gl_NumSubgroups + gl_SubgroupID;
}

// Lanes of this subgroup that run; they are the first ones.
uint vr_lanes()
{
    return gl_NumSubgroups == 1u ? WG : gl_SubgroupSize;
}
