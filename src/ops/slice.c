/* SPDX-License-Identifier: Apache-2.0
 * Part of one dimension. */
#include "ops/check.h"
#include "ops/copy.h"

static vireo_status infer(const vr_call *c, vireo_error *err)
{
    const vr_value *x = c->in[0];
    const uint32_t axis = c->at.slice.axis;
    const int64_t start = c->at.slice.start, size = c->at.slice.size;
    vireo_status st = vr_want_word(c, 0, err);
    if (st)
        return st;
    if (axis >= x->rank)
        return vr_bad(c, err, "axis %u of a value with %u dimensions", axis, x->rank);
    if (axis == 0 && x->symbol != VR_NO_SYMBOL)
        return vr_bad(c, err, "the first dimension is dynamic, it cannot be cut");
    if (start < 0 || size < 0 || start > x->shape[axis] || size > x->shape[axis] - start)
        return vr_bad(c, err, "%lld elements from %lld of dimension %u, which has %lld",
                      (long long)size, (long long)start, axis, (long long)x->shape[axis]);
    *c->out[0] = *x;
    c->out[0]->pitch = 0;
    c->out[0]->shape[axis] = size;
    return VIREO_OK;
}

static void reference(const vr_ref_args *r)
{
    const vr_value *x = r->call->in[0], *out = r->call->out[0];
    const uint32_t axis = r->call->at.slice.axis;
    size_t inner = 1, outer = 1;
    for (uint32_t i = axis + 1; i < x->rank; i++)
        inner *= (size_t)x->shape[i];
    for (uint32_t i = 0; i < axis; i++)
        outer *= (size_t)(i == 0 ? x->count : x->shape[i]);
    const size_t from = (size_t)x->shape[axis] * inner, n = (size_t)out->shape[axis] * inner;
    for (size_t i = 0; i < outer; i++)
        for (size_t j = 0; j < n; j++)
            r->out[0][i * n + j] = r->in[0][i * from + (size_t)r->call->at.slice.start * inner + j];
}

/* Elements of memory from the input's first to the result's first; more than 32 bits where the input is
 * larger than any binding. */
static uint64_t start_of(const vr_call *c)
{
    const vr_value *x = c->in[0];
    uint64_t step = c->at.slice.axis + 1 == x->rank ? 1 : vr_value_pitch(x);
    for (uint32_t i = c->at.slice.axis + 1; i + 1 < x->rank; i++)
        step *= (uint64_t)x->shape[i];
    return (uint64_t)c->at.slice.start * step;
}

/* Columns stay where they are with the pitch of the input, if no element of others takes the place of
 * padding. Rows do if what is cut is the outermost dimension. */
static bool view(const vr_call *c, uint64_t *offset)
{
    const vr_value *x = c->in[0];
    vr_value *out = c->out[0];
    const uint32_t axis = c->at.slice.axis;
    const bool columns = axis + 1 == x->rank;
    const bool at_end = c->at.slice.start + c->at.slice.size == x->shape[axis];
    *offset = start_of(c) * vireo_dtype_bytes(x->dtype);
    if (*offset % 256)
        return false;
    if (columns && !at_end && c->at.slice.size % 4)
        return false;
    for (uint32_t i = 0; !columns && i < axis; i++)
        if (x->shape[i] != 1 || x->symbol != VR_NO_SYMBOL)
            return false;
    out->pitch = vr_value_rows(out) > 1 || out->symbol != VR_NO_SYMBOL ? vr_value_pitch(x) : 0;
    if (out->pitch == (vr_value_width(out) + 3) / 4 * 4)
        out->pitch = 0;
    return true;
}

static vr_copy copy_of(const vr_call *c, uint32_t input)
{
    (void)input;
    vr_copy copy = {.region = *c->out[0],
                    .from = (uint32_t)start_of(c),
                    .whole = true,
                    .ends = c->at.slice.axis + 1 < c->in[0]->rank,
                    .cut = c->at.slice.axis + 1 == c->in[0]->rank,
                    .padding = vr_padding_of(c->out[0])};
    vr_steps_of(c->in[0], copy.from_step);
    uint32_t steps[4];
    vr_steps_of(c->out[0], steps);
    for (int i = 0; i < 3; i++)
        copy.to_step[i] = steps[i];
    if (copy.cut) { /* the rows are the input's */
        copy.flat = true;
        copy.from_step[2] = vr_value_pitch(c->in[0]);
        copy.to_step[2] = vr_value_pitch(c->out[0]);
    }
    return copy;
}

VR_COPY_KERNELS(copy_of, );

static const vr_check checks[] = {
    {.at.slice = {.axis = 1, .start = 4, .size = 8}, .in = {VR_IN_ROWS(1, 37, 20)}},
    {.at.slice = {.axis = 1, .start = 3, .size = 5}, .in = {VR_IN_F32(9, 16)}},
    {.at.slice = {.axis = 0, .start = 2, .size = 3}, .in = {VR_IN_F32(9, 7, 3)}},
};

const vr_op vr_op_slice = {.name = "slice",
                           .min_in = 1,
                           .max_in = 1,
                           .n_out = 1,
                           .view = view,
                           .infer = infer,
                           .reference = reference,
                           .kernels = kernels,
                           .n_kernels = sizeof kernels / sizeof *kernels,
                           VR_CHECKS(checks)};
