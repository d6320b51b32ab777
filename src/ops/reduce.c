/* SPDX-License-Identifier: Apache-2.0
 * Sum, mean, maximum, minimum and where the maximum stands, over the last dimension. */
#include "ops/check.h"
#include "ops/pieces.h"
#include <float.h>
#include <math.h>
#include <string.h>

enum { RANGE_WORDS = 64 }; /* 256 bytes, what ranges are multiples of */

static vireo_status infer(const vr_call *c, vireo_error *err)
{
    vireo_status st = vr_want_dtype(c, 0, VIREO_F32, err);
    if (!st)
        st = vr_want_rank(c, 0, 1, VIREO_MAX_RANK, err);
    if (!st && c->at.reduce.op > VIREO_REDUCE_ARGMAX)
        st = vr_bad(c, err, "operation %d is not one of vireo_reduction", (int)c->at.reduce.op);
    if (st)
        return st;
    vr_value *out = c->out[0];
    vr_shape_like(c, 0, out);
    out->rank--;
    out->shape[out->rank] = 0;
    if (c->at.reduce.op == VIREO_REDUCE_ARGMAX)
        out->dtype = VIREO_I32;
    if (out->rank == 0)
        out->symbol = VR_NO_SYMBOL;
    return VIREO_OK;
}

/* NaN is below everything. */
static bool is_below(double a, double b)
{
    return isnan(a) ? !isnan(b) : a < b;
}

static double reduce(vireo_reduction op, const double *x, int64_t n)
{
    const bool sums = op == VIREO_REDUCE_SUM || op == VIREO_REDUCE_MEAN;
    double sum = 0;
    int64_t best = 0;
    if (n == 0)
        return sums                     ? 0
               : op == VIREO_REDUCE_MAX ? -(double)FLT_MAX
               : op == VIREO_REDUCE_MIN ? (double)FLT_MAX
                                        : -1;
    for (int64_t i = 0; i < n; i++) {
        sum += x[i];
        if (op == VIREO_REDUCE_MIN ? is_below(x[i], x[best]) : is_below(x[best], x[i]))
            best = i;
    }
    if (sums)
        return op == VIREO_REDUCE_SUM ? sum : sum / (double)n;
    return op == VIREO_REDUCE_ARGMAX ? (double)best : x[best];
}

static void reference(const vr_ref_args *r)
{
    const int64_t rows = vr_value_rows_now(r->call->in[0]), n = vr_value_width_now(r->call->in[0]);
    for (int64_t row = 0; row < rows; row++)
        r->out[0][row] = reduce(r->call->at.reduce.op, r->in[0] + row * n, n);
}

static void define(const vr_call *c, const vr_kernel *k, vr_str *s)
{
    vr_define_pieces(c, k, s);
    vr_str_addf(s, "#define VR_REDUCE %d\n", (int)c->at.reduce.op);
}

static uint64_t scratch(const vr_call *c, const vr_kernel *k)
{
    (void)k;
    return vr_piece_scratch(c, vr_pieces_of(c->in[0]), 2 * sizeof(uint32_t));
}

/* Where the result of row `row` of x stands: place_of of the shader. */
static uint64_t place_of(const vr_call *c, uint64_t row)
{
    if (c->in[0]->rank <= 2)
        return row;
    const uint64_t inner = (uint64_t)vr_value_width(c->out[0]);
    return row / inner * vr_value_pitch(c->out[0]) + row % inner;
}

static vireo_status launch(const vr_call *c, const vr_kernel *k, uint32_t wg, vr_launches *l)
{
    const vr_value *x = c->in[0];
    struct vr_push_reduce push = {.inner =
                                      x->rank > 2 ? (uint32_t)x->shape[x->rank - 2] : UINT32_MAX};
    const size_t first = l->count;
    vireo_status st =
        vr_launch_pieces(c, k, wg, l, VR_ROWS(VR_IN0) | VR_ROWS_ANY, 2, &push, sizeof push);
    for (size_t i = first; !st && i < l->count; i++) { /* the result is cut where x is */
        vr_dispatch *d = &l->list[i];
        if (!d->range[0].bytes)
            continue;
        memcpy(&push, d->push, sizeof push);
        const uint64_t begin = place_of(c, push.r.x.first) / RANGE_WORDS * RANGE_WORDS;
        const uint64_t end = place_of(c, push.r.x.end - 1) / 4 * 4 + 4;
        d->range[1].offset = begin * sizeof(uint32_t);
        d->range[1].bytes = (end - begin) * sizeof(uint32_t);
    }
    return st;
}

VR_PIECE_KERNELS("reduce.comp", define, vr_lanes_pay, VR_OPERAND_END);

static const vr_check checks[] = {
    {.at.reduce = {.op = VIREO_REDUCE_SUM}, .in = {VR_IN_F32(3, 4110)}},
    {.at.reduce = {.op = VIREO_REDUCE_MEAN}, .in = {VR_IN_ROWS(1, 37, 50)}},
    {.at.reduce = {.op = VIREO_REDUCE_MAX}, .in = {VR_IN_F32(3, 5, 7)}},
    {.at.reduce = {.op = VIREO_REDUCE_MIN}, .in = {VR_IN_F32(9, 65)}},
    {.at.reduce = {.op = VIREO_REDUCE_ARGMAX}, .in = {VR_IN_F32(3, 4110)}},
};

const vr_op vr_op_reduce = {.name = "reduce",
                            .min_in = 1,
                            .max_in = 1,
                            .n_out = 1,
                            .infer = infer,
                            .reference = reference,
                            .kernels = kernels,
                            .n_kernels = sizeof kernels / sizeof *kernels,
                            VR_CHECKS(checks)};
