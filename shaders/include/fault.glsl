// SPDX-License-Identifier: Apache-2.0
// Reports of bad data, read by the host after the run (vr_op.explain). VR_FAULT_BINDING is defined by
// the runtime. All is order-free, so the same data gives the same report: how many there are, the
// lowest position (kept as its complement), the largest value.
layout(std430, set = 0, binding = VR_FAULT_BINDING) restrict buffer VrFault
{
    uint vr_faults, vr_fault_position, vr_fault_value;
};

void vr_report(uint position, uint value)
{
    atomicAdd(vr_faults, 1u);
    atomicMax(vr_fault_position, ~position);
    atomicMax(vr_fault_value, value);
}

// What a lane has found, to be reported once: software drivers go through atomics whether or not any lane
// takes part.
struct vr_found {
    uint faults, position, value; // the first position as its complement
};

void vr_note(inout vr_found f, uint position, uint value)
{
    f.faults++;
    f.position = max(f.position, ~position);
    f.value = max(f.value, value);
}

void vr_report_found(vr_found f)
{
    if (f.faults != 0u) {
        atomicAdd(vr_faults, f.faults);
        atomicMax(vr_fault_position, f.position);
        atomicMax(vr_fault_value, f.value);
    }
}
