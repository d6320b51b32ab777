/* SPDX-License-Identifier: Apache-2.0
 * Dimensions in another order. */
#include "ops/check.h"
#include "ops/copy.h"

static vireo_status infer(const vr_call *c, vireo_error *err)
{
    const vr_value *x = c->in[0];
    const uint32_t *axes = c->at.transpose.axes;
    vireo_status st = vr_want_word(c, 0, err);
    if (st)
        return st;
    uint32_t seen = 0;
    for (uint32_t i = 0; i < x->rank; i++)
        if (axes[i] < x->rank)
            seen |= 1u << axes[i];
    if (seen != (1u << x->rank) - 1)
        return vr_bad(c, err, "the axes must be a permutation of the input's %u", x->rank);
    if (x->symbol != VR_NO_SYMBOL && axes[0] != 0)
        return vr_bad(c, err, "a dynamic first dimension must stay the first");
    *c->out[0] = *x;
    c->out[0]->pitch = 0;
    for (uint32_t i = 0; i < x->rank; i++)
        c->out[0]->shape[i] = x->shape[axes[i]];
    return VIREO_OK;
}

static void reference(const vr_ref_args *r)
{
    const vr_value *x = r->call->in[0], *out = r->call->out[0];
    size_t size[4] = {1, 1, 1, 1}, step[4] = {0}, steps[4], n = 1;
    for (uint32_t i = x->rank; i-- > 0;) {
        steps[i] = n;
        n *= (size_t)(i == 0 ? x->count : x->shape[i]);
    }
    for (uint32_t i = 0; i < x->rank; i++) {
        size[4 - x->rank + i] = (size_t)(i == 0 ? out->count : out->shape[i]);
        step[4 - x->rank + i] = steps[r->call->at.transpose.axes[i]];
    }
    double *y = r->out[0];
    for (size_t i = 0; i < size[0]; i++)
        for (size_t j = 0; j < size[1]; j++)
            for (size_t k = 0; k < size[2]; k++)
                for (size_t l = 0; l < size[3]; l++)
                    *y++ = r->in[0][i * step[0] + j * step[1] + k * step[2] + l * step[3]];
}

static vr_copy copy_of(const vr_call *c)
{
    const uint32_t rank = c->in[0]->rank;
    vr_copy copy = {.region = *c->out[0], .whole = true, .padding = vr_padding_of(c->out[0])};
    uint32_t from[4], to[4];
    vr_steps_of(c->in[0], from);
    vr_steps_of(c->out[0], to);
    for (uint32_t i = 0; i < 3; i++)
        copy.to_step[i] = to[i];
    for (uint32_t i = 0; i < rank; i++)
        copy.from_step[4 - rank + i] = from[4 - rank + c->at.transpose.axes[i]];
    return copy;
}

VR_ONE_COPY(copy_of);

static const vr_check checks[] = {
    {.at.transpose = {.axes = {1, 0, 2}}, .in = {VR_IN_F32(3, 5, 8)}},
    {.at.transpose = {.axes = {1, 0}}, .in = {VR_IN_F32(9, 7)}},
};

const vr_op vr_op_transpose = {.name = "transpose",
                               .min_in = 1,
                               .max_in = 1,
                               .n_out = 1,
                               .infer = infer,
                               .reference = reference,
                               .kernels = kernels,
                               .n_kernels = sizeof kernels / sizeof *kernels,
                               VR_CHECKS(checks)};
