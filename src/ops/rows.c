/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/rows.h"
#include <string.h>

enum { RANGE_ALIGNMENT = 256 }; /* of vr_dispatch.range */
enum { LANE_ROW = 512 };        /* elements of a row that a lane takes at most by choice */

uint64_t vr_row_quads_now(const vr_value *v)
{
    return vr_ceil_div((uint64_t)vr_value_width_now(v), 4);
}

vr_extent vr_extent_of(const vr_value *v)
{
    vr_extent e = {.rows = (uint32_t)vr_value_rows(v),
                   .symbol = VR_NO_SYMBOL,
                   .width = (uint32_t)vr_value_width(v),
                   .width_symbol = VR_NO_SYMBOL,
                   .end = (uint32_t)vr_value_rows(v),
                   .pitch = vr_value_pitch(v) / 4};
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

uint64_t vr_row_texels(const vr_value *v)
{
    const vr_access access = vr_is_packed(v->dtype) ? VR_TEXEL_UVEC4 : VR_TEXEL_VEC4;
    return vr_value_row_bytes(v) / vr_texel_bytes(access, v->dtype);
}

bool vr_fits_texels(const vr_call *c, const vr_value *v)
{
    return (uint64_t)vr_value_rows(v) * vr_row_texels(v) <= c->limits->max_texel_elements;
}

bool vr_loops_fit(const vr_call *c, uint64_t iterations)
{
    return iterations <= c->limits->max_loop_iterations;
}

bool vr_lanes_pay(const vr_call *c, const vr_kernel *k)
{
    (void)k;
    const vr_value *x = c->in[0];
    const bool fixed = x->rank > 1 || x->symbol == VR_NO_SYMBOL;
    return fixed && c->limits->type == VIREO_DEVICE_CPU && vr_value_width(x) <= LANE_ROW;
}

uint32_t vr_steps(const vr_call *c, uint64_t groups, uint32_t few, uint32_t many)
{
    enum { ENOUGH = 64 };
    const bool fixed = c->out[0]->symbol == VR_NO_SYMBOL; /* else buckets would run several programs */
    return fixed && c->limits->type == VIREO_DEVICE_CPU && groups >= (uint64_t)many * ENOUGH ? many : few;
}

uint32_t vr_quad_steps(const vr_call *c, uint32_t wg)
{
    enum { FEW = 8, MANY = 64 };
    return vr_steps(c, vr_value_bytes(c->out[0]) / 16 / wg, FEW, MANY);
}

uint32_t vr_row_span(const vr_value *v, uint32_t wg)
{
    const uint64_t blocks = vr_ceil_div(vr_value_pitch(v) / 4, wg);
    return blocks < 2 ? 1 : blocks < 4 ? 2 : 4;
}

uint32_t vr_table_pitch(const vr_value *v)
{
    return (uint32_t)(vr_is_packed(v->dtype) ? vr_value_row_bytes(v) : vr_value_pitch(v)) / 4;
}

bool vr_table_fits_texels(const vr_call *c, const vr_kernel *k)
{
    const vr_access need = vr_is_packed(c->in[0]->dtype) ? VR_TEXEL_UVEC4 : VR_TEXEL_VEC4;
    return k->binds[0].access == need && vr_fits_texels(c, c->in[0]);
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

static const vr_value *operand_of(const vr_call *c, vr_operand o)
{
    return o >= VR_OUT0 ? c->out[o - VR_OUT0] : c->in[o - VR_IN0];
}

/* How many rows of x the bindings of `mask` hold, all but `spare` bytes of each; at most all. */
static uint64_t rows_bound(const vr_call *c, const vr_kernel *k, const vr_value *x, uint32_t mask,
                           uint64_t spare)
{
    const uint64_t rows = (uint64_t)vr_value_rows(x);
    uint64_t most = rows;
    for (uint32_t i = 0; k->binds[i].operand != VR_OPERAND_END; i++) {
        if (!(mask >> k->binds[i].operand & 1))
            continue;
        const vr_value *v = operand_of(c, k->binds[i].operand);
        if (!v)
            continue;
        const vr_access access = k->binds[i].access;
        const uint64_t row = vr_value_row_bytes(v);
        const uint64_t binding =
            access == VR_STORAGE ? c->limits->max_storage_binding_bytes
                                 : c->limits->max_texel_elements * vr_texel_bytes(access, v->dtype);
        const uint64_t fit = row ? (binding - spare) / row : rows;
        most = fit < most ? fit : most;
    }
    return most;
}

/* So many rows of each of `mask` are a multiple of 256 bytes. */
static uint64_t aligned_rows(const vr_call *c, const vr_kernel *k, uint32_t mask)
{
    uint64_t most = 1;
    for (uint32_t i = 0; k->binds[i].operand != VR_OPERAND_END; i++) {
        const vr_value *v =
            mask >> k->binds[i].operand & 1 ? operand_of(c, k->binds[i].operand) : NULL;
        while (v && most * vr_value_row_bytes(v) % RANGE_ALIGNMENT)
            most *= 2;
    }
    return most;
}

uint32_t vr_slab_of(const vr_call *c, const vr_kernel *k, const vr_value *x, uint32_t mask)
{
    const uint64_t rows = (uint64_t)vr_value_rows(x), most = rows_bound(c, k, x, mask, 0);
    if (most == rows)
        return (uint32_t)rows;
    const uint64_t step = aligned_rows(c, k, mask);
    if (most < step && mask & VR_ROWS_ANY)
        return (uint32_t)rows_bound(c, k, x, mask, RANGE_ALIGNMENT);
    return (uint32_t)(most / step * step);
}

void vr_cut_rows(const vr_call *c, const vr_kernel *k, const vr_extent *e, uint32_t mask,
                 vr_dispatch *d)
{
    for (uint32_t i = 0; k->binds[i].operand != VR_OPERAND_END; i++) {
        const vr_value *v =
            mask >> k->binds[i].operand & 1 ? operand_of(c, k->binds[i].operand) : NULL;
        if (!v)
            continue;
        const uint64_t row = vr_value_row_bytes(v);
        d->range[i].offset = e->first * row / RANGE_ALIGNMENT * RANGE_ALIGNMENT;
        d->range[i].bytes = e->end * row - d->range[i].offset;
    }
}

/* Rows of x whose operands a dispatch may take, and `beside` them of others, at least one slab's least; with no
 * operand whose rows they are, x is read and written. */
static uint64_t rows_in_time(const vr_call *c, const vr_kernel *k, const vr_value *x, uint32_t mask, double beside)
{
    const uint64_t step = aligned_rows(c, k, mask);
    double bytes = beside + (mask ? 0 : 2.0 * (double)vr_value_row_bytes(x));
    for (uint32_t i = 0; k->binds[i].operand != VR_OPERAND_END; i++) {
        const vr_value *v =
            mask >> k->binds[i].operand & 1 ? operand_of(c, k->binds[i].operand) : NULL;
        bytes += v ? (double)vr_value_row_bytes(v) : 0;
    }
    if (bytes <= 0)
        return UINT64_MAX;
    const uint64_t rows = (uint64_t)(vr_dispatch_bytes(c->limits) / bytes);
    return rows > step ? rows / step * step : step;
}

vireo_status vr_launch_slabs(const vr_call *c, const vr_kernel *k, vr_launches *l,
                             const vr_value *x, uint32_t mask, void *push, size_t push_bytes,
                             uint64_t units, uint64_t per_group)
{
    return vr_launch_slabs_beside(c, k, l, x, mask, 0, push, push_bytes, units, per_group);
}

vireo_status vr_launch_slabs_beside(const vr_call *c, const vr_kernel *k, vr_launches *l, const vr_value *x,
                                    uint32_t mask, double beside, void *push, size_t push_bytes, uint64_t units,
                                    uint64_t per_group)
{
    const uint32_t rows = (uint32_t)vr_value_rows(x), now = (uint32_t)vr_value_rows_now(x);
    uint32_t step = vr_slab_of(c, k, x, mask);
    const uint64_t in_time = rows_in_time(c, k, x, mask, beside);
    step = step ? step : rows; /* recording says what is too large */
    if (in_time < step)
        step = (uint32_t)in_time;
    vr_extent *e = push;
    e->first = 0;
    do {
        e->end = rows - e->first < step ? rows : e->first + step;
        const uint32_t end = now < e->end ? now : e->end;
        const uint64_t count = end > e->first ? end - e->first : 0;
        vr_dispatch *d = vr_launch(l, push, push_bytes, vr_ceil_div(count * units, per_group), 1);
        if (!d)
            return VIREO_ERROR_OUT_OF_MEMORY;
        if (step < rows)
            vr_cut_rows(c, k, e, mask, d);
        e->first = e->end;
    } while (e->first < rows);
    return VIREO_OK;
}

vireo_status vr_launch_ranges(const vr_call *c, vr_launches *l, void *push, size_t push_bytes,
                              uint64_t rows, uint64_t now, double bytes, uint64_t units,
                              uint64_t per_group)
{
    const double in_time = vr_dispatch_bytes(c->limits) / (bytes > 1 ? bytes : 1);
    const uint64_t step = in_time >= (double)rows ? rows : in_time > 1 ? (uint64_t)in_time : 1;
    vr_range *r = push;
    r->first = 0;
    do {
        r->end = (uint32_t)(rows - r->first < step ? rows : r->first + step);
        const uint64_t end = now < r->end ? now : r->end;
        const uint64_t count = end > r->first ? end - r->first : 0;
        if (!vr_launch(l, push, push_bytes, vr_ceil_div(count * units, per_group), 1))
            return VIREO_ERROR_OUT_OF_MEMORY;
        r->first = r->end;
    } while (r->first < rows);
    return VIREO_OK;
}

bool vr_table_fits(const vr_call *c, const vr_kernel *k, vr_operand table)
{
    const vr_value *v = operand_of(c, table);
    return vr_value_rows(v) == 0 || vr_slab_of(c, k, v, VR_ROWS(table)) > 0;
}

uint32_t vr_table_step(const vr_call *c, const vr_kernel *k, vr_operand table)
{
    const vr_value *v = operand_of(c, table);
    const uint32_t step = vr_slab_of(c, k, v, VR_ROWS(table));
    return step ? step : (uint32_t)vr_value_rows(v);
}

void vr_cut_table(const vr_call *c, const vr_kernel *k, vr_operand table, uint32_t first,
                  uint32_t count, vr_dispatch *d)
{
    const vr_extent e = {.first = first, .end = first + count};
    if (count < (uint64_t)vr_value_rows(operand_of(c, table)))
        vr_cut_rows(c, k, &e, VR_ROWS(table), d);
}

void vr_define_dtype(const vr_value *v, vr_str *s)
{
    static const char *const names[] = {[VIREO_F16] = "VR_F16",
                                        [VIREO_BF16] = "VR_BF16",
                                        [VIREO_Q8_0] = "VR_Q8_0",
                                        [VIREO_Q4_0] = "VR_Q4_0"};
    if (v->dtype < sizeof names / sizeof *names && names[v->dtype])
        vr_str_addf(s, "#define %s\n", names[v->dtype]);
}

void vr_shape_like(const vr_call *c, uint32_t input, vr_value *out)
{
    const vr_value *v = c->in[input];
    out->dtype = VIREO_F32;
    out->pitch = 0;
    out->rank = v->rank;
    memcpy(out->shape, v->shape, sizeof out->shape);
    out->symbol = v->symbol;
}

void vr_explain_ids(vr_str *s, const char *what, const uint32_t *words, int64_t rows)
{
    vr_str_addf(s,
                "%u of the %s are no rows of the table, which has %lld: the first stands at %u, the "
                "largest as an unsigned number is %u",
                words[0], what, (long long)rows, ~words[1], words[2]);
}
