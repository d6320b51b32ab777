/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/rows.h"
#include <string.h>

int64_t vr_value_width_now(const vr_value *v)
{
    return v->rank == 1 ? v->count : vr_value_width(v);
}

int64_t vr_value_elements_now(const vr_value *v)
{
    return vr_value_rows_now(v) * vr_value_width_now(v);
}

uint64_t vr_quads_now(const vr_value *v)
{
    return (uint64_t)vr_value_rows_now(v) * vr_ceil_div((uint64_t)vr_value_width_now(v), 4);
}

vr_extent vr_extent_of(const vr_value *v)
{
    vr_extent e = {.rows = (uint32_t)vr_value_rows(v),
                   .symbol = VR_NO_SYMBOL,
                   .width = (uint32_t)vr_value_width(v),
                   .width_symbol = VR_NO_SYMBOL};
    if (v->symbol == VR_NO_SYMBOL)
        return e;
    if (v->rank == 1) {
        e.width = 1;
        e.width_symbol = v->symbol;
        return e;
    }
    e.rows = 1;
    for (uint32_t i = 1; i + 1 < v->rank; i++)
        e.rows *= (uint32_t)v->shape[i];
    e.symbol = v->symbol;
    return e;
}

bool vr_fits_texels(const vr_call *c, const vr_value *v)
{
    return (uint64_t)vr_value_rows(v) * (vr_value_pitch(v) / 4) <= c->limits->max_texel_elements;
}

vireo_status vr_want_fixed_width(const vr_call *c, uint32_t input, vireo_error *err)
{
    const vr_value *v = c->in[input];
    if (v->rank == 1 && v->symbol != VR_NO_SYMBOL)
        return vr_bad(c, err,
                      "input %u is a vector of dynamic size, its last dimension must be "
                      "fixed",
                      input);
    return VIREO_OK;
}

vireo_status vr_launch_one(vr_launches *l, const void *push, size_t push_bytes, uint64_t groups)
{
    return vr_launch(l, push, push_bytes, groups, 1) ? VIREO_OK : VIREO_ERROR_OUT_OF_MEMORY;
}

void vr_shape_like(const vr_call *c, uint32_t input, vr_value *out)
{
    const vr_value *v = c->in[input];
    out->dtype = VIREO_F32;
    out->rank = v->rank;
    memcpy(out->shape, v->shape, sizeof out->shape);
    out->symbol = v->symbol;
}
