/* SPDX-License-Identifier: Apache-2.0
 * The same elements, row after row, in another shape. */
#include "ops/check.h"
#include "ops/copy.h"
#include <string.h>

static vireo_status infer(const vr_call *c, vireo_error *err)
{
    const vr_value *x = c->in[0];
    const int64_t *shape = c->at.reshape.shape;
    vireo_status st = vr_want_word(c, 0, err);
    if (st)
        return st;
    if (c->at.reshape.rank > VIREO_MAX_RANK)
        return vr_bad(c, err, "rank %u, allowed 0 to %d", c->at.reshape.rank, VIREO_MAX_RANK);
    const bool dynamic = x->symbol != VR_NO_SYMBOL;
    if (dynamic && (c->at.reshape.rank == 0 || shape[0] != x->shape[0] ||
                    (x->rank == 1) != (c->at.reshape.rank == 1)))
        return vr_bad(c, err, "a dynamic first dimension must stay the first, of a matrix or more");
    int64_t before = 1, after = 1;
    for (uint32_t i = 0; i < x->rank; i++)
        before *= x->shape[i];
    for (uint32_t i = 0; i < c->at.reshape.rank; i++) {
        if (shape[i] < 0 || shape[i] > INT32_MAX || (shape[i] && after > INT64_MAX / shape[i]))
            return vr_bad(c, err, "dimension %u is %lld", i, (long long)shape[i]);
        after *= shape[i];
    }
    if (before != after)
        return vr_bad(c, err, "%lld elements become %lld", (long long)before, (long long)after);
    vr_value *out = c->out[0];
    out->dtype = x->dtype;
    out->rank = c->at.reshape.rank;
    memcpy(out->shape, shape, sizeof out->shape);
    out->symbol = x->symbol;
    return VIREO_OK;
}

static void reference(const vr_ref_args *r)
{
    const size_t n = (size_t)vr_value_elements_now(r->call->out[0]);
    if (n)
        memcpy(r->out[0], r->in[0], n * sizeof(double));
}

/* Rows as wide as before stay where they are; others do if there is no padding. */
static bool view(const vr_call *c, uint64_t *offset)
{
    const vr_value *x = c->in[0];
    vr_value *out = c->out[0];
    *offset = 0;
    if (vr_value_width(x) == vr_value_width(out)) {
        out->pitch = x->pitch;
        return true;
    }
    return x->pitch == 0 && vr_value_width(x) % 4 == 0 && vr_value_width(out) % 4 == 0;
}

static vr_copy copy_of(const vr_call *c, uint32_t input)
{
    (void)input;
    const vr_value *x = c->in[0], *out = c->out[0];
    const bool same = vr_value_width(x) == vr_value_width(out);
    return (vr_copy){.region = *out,
                     .from_step = {0, 0, vr_value_pitch(x), 1},
                     .to_step = {0, 0, vr_value_pitch(out)},
                     .from_width = same ? 0 : (uint32_t)vr_value_width(x),
                     .flat = true,
                     .whole = true,
                     .ends = same,
                     .cut = same,
                     .padding = vr_padding_of(out)};
}

VR_COPY_KERNELS(copy_of, );

static const vr_check checks[] = {
    {.at.reshape = {.rank = 3, .shape = {6, 4, 8}}, .in = {VR_IN_F32(12, 16)}},
    {.at.reshape = {.rank = 2, .shape = {9, 10}}, .in = {VR_IN_F32(6, 15)}},
};

const vr_op vr_op_reshape = {.name = "reshape",
                             .min_in = 1,
                             .max_in = 1,
                             .n_out = 1,
                             .view = view,
                             .infer = infer,
                             .reference = reference,
                             .kernels = kernels,
                             .n_kernels = sizeof kernels / sizeof *kernels,
                             VR_CHECKS(checks)};
