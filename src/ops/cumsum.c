/* SPDX-License-Identifier: Apache-2.0
 * Running sums over the last dimension. */
#include "ops/check.h"
#include "ops/pieces.h"

static vireo_status infer(const vr_call *c, vireo_error *err)
{
    vireo_status st = vr_want_dtype(c, 0, VIREO_F32, err);
    if (!st)
        st = vr_want_rank(c, 0, 1, VIREO_MAX_RANK, err);
    if (!st)
        vr_shape_like(c, 0, c->out[0]);
    return st;
}

static void reference(const vr_ref_args *r)
{
    const int64_t rows = vr_value_rows_now(r->call->in[0]), n = vr_value_width_now(r->call->in[0]);
    for (int64_t row = 0; row < rows; row++) {
        double sum = 0;
        for (int64_t i = row * n; i < (row + 1) * n; i++) {
            const double before = sum;
            sum += r->in[0][i];
            r->out[0][i] = r->call->at.cumsum.exclusive ? before : sum;
        }
    }
}

static uint64_t scratch(const vr_call *c, const vr_kernel *k)
{
    (void)k;
    return vr_piece_scratch(c, vr_pieces_of(c->in[0]), sizeof(float));
}

static vireo_status launch(const vr_call *c, const vr_kernel *k, uint32_t wg, vr_launches *l)
{
    struct vr_push_cumsum push = {.exclusive = c->at.cumsum.exclusive};
    const uint32_t mask = VR_ROWS(VR_IN0) | VR_ROWS(VR_OUT0) | VR_ROWS_ANY;
    return vr_launch_pieces(c, k, wg, l, mask, 3, &push, sizeof push);
}

VR_PIECE_KERNELS("cumsum.comp", vr_define_pieces, vr_lanes_pay, VR_OPERAND_END);

static const vr_check checks[] = {
    {.at.cumsum = {.exclusive = false}, .in = {VR_IN_ROWS(1, 37, 50)}},
    {.at.cumsum = {.exclusive = true}, .in = {VR_IN_F32(2, 4110)}},
};

const vr_op vr_op_cumsum = {.name = "cumsum",
                            .min_in = 1,
                            .max_in = 1,
                            .n_out = 1,
                            .infer = infer,
                            .reference = reference,
                            .kernels = kernels,
                            .n_kernels = sizeof kernels / sizeof *kernels,
                            VR_CHECKS(checks)};
