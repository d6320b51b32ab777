/* SPDX-License-Identifier: Apache-2.0
 * x / max(‖x‖₂, epsilon) over the last dimension. */
#include "ops/rows.h"
#include <float.h>
#include <math.h>

static vireo_status infer(const vr_call *c, vireo_error *err)
{
    vireo_status st = vr_want_dtype(c, 0, VIREO_F32, err);
    if (!st)
        st = vr_want_rank(c, 0, 1, VIREO_MAX_RANK, err);
    if (!st)
        st = vr_want_fixed_width(c, 0, err);
    if (!st && !(c->at.norm.epsilon >= FLT_MIN && c->at.norm.epsilon <= 1.0f))
        st = vr_bad(c, err, "epsilon is %g, allowed %g to 1", (double)c->at.norm.epsilon,
                    (double)FLT_MIN);
    if (st)
        return st;
    vr_shape_like(c, 0, c->out[0]);
    return VIREO_OK;
}

static void reference(const vr_ref_args *r)
{
    int64_t rows = vr_value_rows_now(r->call->in[0]), n = vr_value_width_now(r->call->in[0]);
    for (int64_t row = 0; row < rows; row++) {
        const double *x = r->in[0] + row * n;
        double sum = 0;
        for (int64_t i = 0; i < n; i++)
            sum += x[i] * x[i];
        double norm = fmax(sqrt(sum), (double)r->call->at.norm.epsilon);
        for (int64_t i = 0; i < n; i++)
            r->out[0][row * n + i] = x[i] / norm;
    }
}

static struct vr_push_norm push_of(const vr_call *c)
{
    return (struct vr_push_norm){.x = vr_extent_of(c->in[0]), .epsilon = c->at.norm.epsilon};
}

static bool texels_fit(const vr_call *c)
{
    return vr_fits_texels(c, c->in[0]);
}

static vireo_status launch_subgroup(const vr_call *c, uint32_t wg, vr_launches *l)
{
    (void)wg;
    const struct vr_push_norm push = push_of(c);
    return vr_launch_one(l, &push, sizeof push, (uint64_t)vr_value_rows_now(c->in[0]));
}

static vireo_status launch_row(const vr_call *c, uint32_t wg, vr_launches *l)
{
    const struct vr_push_norm push = push_of(c);
    return vr_launch_one(l, &push, sizeof push,
                         vr_ceil_div((uint64_t)vr_value_rows_now(c->in[0]), wg));
}

static const vr_kernel kernels[] = {
    {.name = "subgroup",
     .shader = "norm.comp",
     .defines = "#define VR_LAYER_NORM 0\n#define VR_SUBGROUP 1\n",
     .needs = VR_NEEDS_SUBGROUP_ARITHMETIC,
     .workgroup = VR_WORKGROUP_SUBGROUP,
     .fits = texels_fit,
     .launch = launch_subgroup,
     .binds = {{VR_IN0, VR_TEXEL_VEC4}, {VR_OUT0, VR_STORAGE}, {VR_STEP, VR_STORAGE}}},
    {.name = "row",
     .shader = "norm.comp",
     .defines = "#define VR_LAYER_NORM 0\n#define VR_SUBGROUP 0\n",
     .workgroup = VR_WORKGROUP_SUBGROUP,
     .launch = launch_row,
     .binds = {{VR_IN0, VR_STORAGE}, {VR_OUT0, VR_STORAGE}, {VR_STEP, VR_STORAGE}}},
};

const vr_op vr_op_l2_normalize = {.name = "l2_normalize",
                                  .min_in = 1,
                                  .max_in = 1,
                                  .n_out = 1,
                                  .infer = infer,
                                  .reference = reference,
                                  .kernels = kernels,
                                  .n_kernels = sizeof kernels / sizeof *kernels};
