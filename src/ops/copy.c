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

static vr_copy_kind kind_of(const vr_copy *c)
{
    const uint32_t width = (uint32_t)vr_value_width(&c->region);
    uint32_t steps = 0;
    for (int i = 0; i < 3; i++)
        steps |= c->from_step[i] | c->to_step[i];
    if (steps % 4 || c->from_width % 4 || c->from_step[3] != 1 ||
        (c->region.rank == 1 && c->region.symbol != VR_NO_SYMBOL))
        return VR_COPY_ELEMENTS;
    if ((c->from | c->to | (width + (c->ends ? c->padding : 0))) % 4 == 0)
        return VR_COPY_QUADS;
    return width > 0 && c->from_width == 0 ? VR_COPY_SHIFTED : VR_COPY_ELEMENTS;
}

vr_copy_kind vr_copy_kind_of(const vr_call *c, vr_copy_of *copy_of)
{
    vr_copy_kind all = VR_COPY_QUADS;
    for (uint32_t i = 0; i < VR_MAX_IN && c->in[i]; i++) {
        const vr_copy copy = copy_of(c, i);
        const vr_copy_kind kind = kind_of(&copy);
        if (kind == VR_COPY_ELEMENTS)
            return kind;
        if (kind == VR_COPY_SHIFTED)
            all = kind;
    }
    return all;
}

bool vr_copy_fits_texels(const vr_call *c, vr_copy_of *copy_of)
{
    bool fit = vr_copy_kind_of(c, copy_of) != VR_COPY_ELEMENTS;
    for (uint32_t i = 0; fit && i < VR_MAX_IN && c->in[i]; i++)
        fit = vr_fits_texels(c, c->in[i]);
    return fit;
}

/* Whether rows are counted through. */
static bool is_flat(const vr_copy *c)
{
    return c->from_width == 0 && (c->flat || c->region.rank <= 2);
}

void vr_copy_define(const vr_call *c, const vr_kernel *k, vr_copy_of *copy_of, vr_str *s)
{
    const vr_copy first = copy_of(c, 0); /* flat or not, they all are */
    vr_str_addf(s, "#define VR_SHIFT %d\n#define VR_FLAT %d\n#define VR_STEPS %u\n",
                vr_copy_kind_of(c, copy_of) == VR_COPY_SHIFTED, is_flat(&first),
                vr_quad_steps(c, vr_kernel_workgroup(k, c->limits)));
}

static struct vr_push_copy push_of(const vr_copy *copy, vr_copy_kind kind)
{
    const vr_value *x = &copy->region;
    const uint32_t unit = kind == VR_COPY_ELEMENTS ? 1 : 4, skip = copy->to % unit;
    return (struct vr_push_copy){
        .x = vr_extent_of(x),
        .whole = copy->whole,
        .columns = (uint32_t)vr_value_width(x) + copy->padding,
        .size1 = x->rank > 3 && !copy->flat ? (uint32_t)x->shape[1] : UINT32_MAX,
        .size2 = x->rank > 2 && !copy->flat ? (uint32_t)x->shape[x->rank - 2] : UINT32_MAX,
        .from = (copy->from + unit - skip) / unit - 1, /* one before the first, perhaps */
        .a0 = copy->from_step[0] / unit,
        .a1 = copy->from_step[1] / unit,
        .a2 = copy->from_step[2] / unit,
        .a3 = copy->from_step[3],
        .to = copy->to / unit,
        .b0 = copy->to_step[0] / unit,
        .b1 = copy->to_step[1] / unit,
        .b2 = copy->to_step[2] / unit,
        .from_width = copy->from_width / unit,
        .cut = copy->cut,
        .shift = (copy->from - skip) % unit,
        .skip = skip,
        .width = (uint32_t)vr_value_width(x)};
}

static vireo_status launch_copy(const vr_call *c, const vr_kernel *k, uint32_t wg,
                                const vr_copy *copy, vr_copy_kind kind, vr_launches *l)
{
    const vr_value *x = &copy->region;
    struct vr_push_copy p = push_of(copy, kind);
    uint32_t mask = copy->whole ? VR_ROWS(VR_OUT0) : 0;
    if (copy->cut)
        mask |= VR_ROWS(VR_IN0);
    if (kind == VR_COPY_ELEMENTS) {
        const bool dynamic = x->rank == 1 && x->symbol != VR_NO_SYMBOL;
        const uint64_t now = dynamic ? vr_row_quads_now(x) * 4 : p.columns;
        return vr_launch_slabs(c, k, l, x, mask, &p, sizeof p, now, wg);
    }
    p.x.width = (uint32_t)vr_ceil_div(p.skip + p.columns, 4);
    return vr_launch_slabs(c, k, l, x, mask, &p, sizeof p, p.x.width,
                           wg * vr_quad_steps(c, wg));
}

vireo_status vr_launch_copies(const vr_call *c, const vr_kernel *k, uint32_t wg, vr_copy_of *copy_of,
                              vr_copy_kind kind, vr_launches *l)
{
    vireo_status st = VIREO_OK;
    for (uint32_t i = 0; !st && i < VR_MAX_IN && c->in[i]; i++) {
        const vr_copy copy = copy_of(c, i);
        const size_t first = l->count;
        st = launch_copy(c, k, wg, &copy, kind, l);
        for (size_t j = first; !st && i && j < l->count; j++)
            l->list[j].first = (vr_operand)(VR_IN0 + i);
    }
    return st;
}
