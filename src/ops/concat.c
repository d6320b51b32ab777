/* SPDX-License-Identifier: Apache-2.0
 * Values one behind the other along one dimension; a copy each. */
#include "ops/check.h"
#include "ops/copy.h"

static vireo_status infer(const vr_call *c, vireo_error *err)
{
    const vr_value *first = c->in[0];
    const uint32_t axis = c->at.concat.axis;
    int64_t size = 0;
    vireo_status st = vr_want_word(c, 0, err);
    if (st)
        return st;
    if (axis >= first->rank)
        return vr_bad(c, err, "axis %u of a value with %u dimensions", axis, first->rank);
    if (axis == 0 && first->symbol != VR_NO_SYMBOL)
        return vr_bad(c, err, "the first dimension is dynamic, nothing can follow it");
    for (uint32_t i = 0; i < VR_MAX_IN && c->in[i]; i++) {
        vr_value other = *c->in[i];
        if (other.rank == first->rank && axis < other.rank) {
            size += other.shape[axis];
            other.shape[axis] = first->shape[axis];
        }
        if (other.dtype != first->dtype || !vr_value_same_shape(&other, first)) {
            char a[128], b[128];
            vr_value_text(first, a, sizeof a);
            vr_value_text(c->in[i], b, sizeof b);
            return vr_bad(c, err, "%s and %s differ in more than dimension %u", a, b, axis);
        }
    }
    *c->out[0] = *first;
    c->out[0]->pitch = 0;
    c->out[0]->shape[axis] = size;
    return VIREO_OK;
}

static void reference(const vr_ref_args *r)
{
    const vr_value *out = r->call->out[0];
    const uint32_t axis = r->call->at.concat.axis;
    size_t inner = 1, outer = 1, at = 0;
    for (uint32_t i = axis + 1; i < out->rank; i++)
        inner *= (size_t)out->shape[i];
    for (uint32_t i = 0; i < axis; i++)
        outer *= (size_t)(i == 0 ? out->count : out->shape[i]);
    for (uint32_t input = 0; input < VR_MAX_IN && r->call->in[input]; input++) {
        const size_t n = (size_t)r->call->in[input]->shape[axis] * inner;
        for (size_t i = 0; i < outer; i++)
            for (size_t j = 0; j < n; j++)
                r->out[0][i * (size_t)out->shape[axis] * inner + at + j] = r->in[input][i * n + j];
        at += n;
    }
}

static vr_copy copy_of(const vr_call *c, uint32_t input)
{
    const uint32_t axis = c->at.concat.axis, rank = c->in[0]->rank;
    vr_copy copy = {.region = *c->in[input], .ends = true};
    uint32_t steps[4];
    int64_t before = 0;
    copy.region.pitch = 0;
    for (uint32_t i = 0; i < input; i++)
        before += c->in[i]->shape[axis];
    /* Along the last dimension the last one clears the padding. */
    if (axis + 1 < rank || input + 1 == VR_MAX_IN || !c->in[input + 1])
        copy.padding = vr_padding_of(c->out[0]);
    vr_steps_of(c->in[input], copy.from_step);
    vr_steps_of(c->out[0], steps);
    copy.to = (uint32_t)before * steps[axis + 4 - rank];
    for (int i = 0; i < 3; i++)
        copy.to_step[i] = steps[i];
    return copy;
}

VR_COPY_KERNELS(copy_of, );

static const vr_check checks[] = {
    {.at.concat = {.axis = 0}, .in = {VR_IN_F32(5, 8), VR_IN_F32(3, 8)}},
    {.at.concat = {.axis = 1}, .in = {VR_IN_ROWS(1, 37, 7), VR_IN_ROWS(1, 37, 3)}},
};

const vr_op vr_op_concat = {.name = "concat",
                            .min_in = 1,
                            .max_in = VR_MAX_IN,
                            .n_out = 1,
                            .infer = infer,
                            .reference = reference,
                            .kernels = kernels,
                            .n_kernels = sizeof kernels / sizeof *kernels,
                            VR_CHECKS(checks)};
