/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/copy.h"

void vr_steps_of(const vr_value *v, uint32_t out[4])
{
    uint32_t step = vr_value_pitch(v);
    for (uint32_t i = 0; i < 4; i++) {
        const uint32_t d = 3 - i; /* from the last dimension */
        out[d] = i == 0 ? 1 : step;
        if (i > 0 && i < v->rank)
            step *= (uint32_t)v->shape[v->rank - 1 - i];
    }
}

uint32_t vr_padding_of(const vr_value *v)
{
    return (uint32_t)((4 - vr_value_width(v) % 4) % 4);
}

bool vr_copy_is_quads(const vr_copy *c)
{
    uint32_t all = c->from | c->to | c->from_width | (uint32_t)vr_value_width(&c->region);
    for (int i = 0; i < 3; i++)
        all |= c->from_step[i] | c->to_step[i];
    return all % 4 == 0 && c->from_step[3] == 1 &&
           !(c->region.rank == 1 && c->region.symbol != VR_NO_SYMBOL);
}

vireo_status vr_launch_copy(const vr_call *c, const vr_kernel *k, uint32_t wg, uint32_t input,
                            const vr_copy *copy, bool quads, vr_launches *l)
{
    const vr_value *x = &copy->region;
    const uint32_t unit = quads ? 4 : 1, width = (uint32_t)vr_value_width(x);
    struct vr_push_copy p = {
        .x = vr_extent_of(x),
        .columns = (width + copy->padding) / unit,
        .size1 = x->rank > 3 && !copy->flat ? (uint32_t)x->shape[1] : UINT32_MAX,
        .size2 = x->rank > 2 && !copy->flat ? (uint32_t)x->shape[x->rank - 2] : UINT32_MAX,
        .from = copy->from / unit,
        .a0 = copy->from_step[0] / unit,
        .a1 = copy->from_step[1] / unit,
        .a2 = copy->from_step[2] / unit,
        .a3 = copy->from_step[3],
        .to = copy->to / unit,
        .b0 = copy->to_step[0] / unit,
        .b1 = copy->to_step[1] / unit,
        .b2 = copy->to_step[2] / unit,
        .from_width = copy->from_width / unit,
        .cut = copy->cut};
    if (quads)
        p.x.width /= 4;
    uint32_t mask = copy->whole ? VR_ROWS(VR_OUT0) : 0;
    if (copy->cut)
        mask |= VR_ROWS(VR_IN0);
    const uint64_t now = x->rank == 1 && x->symbol != VR_NO_SYMBOL
                             ? vr_row_quads_now(x) * 4
                             : p.columns;
    const size_t first = l->count;
    vireo_status st =
        vr_launch_slabs(c, k, l, x, mask, &p, sizeof p, now, quads ? wg * VR_COPY_STEPS : wg);
    for (size_t i = first; !st && input && i < l->count; i++)
        l->list[i].first = (vr_operand)(VR_IN0 + input);
    return st;
}
