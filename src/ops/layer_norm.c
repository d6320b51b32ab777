/* SPDX-License-Identifier: Apache-2.0
 * Layer normalisation over the last dimension (Ba et al. 2016). */
#include "ops/rows.h"
#include <float.h>
#include <math.h>

static vireo_status infer(const vr_call *c, vireo_error *err)
{
    const vr_value *x = c->in[0];
    vireo_status st = VIREO_OK;
    for (uint32_t i = 0; i < 3 && !st; i++)
        st = vr_want_dtype(c, i, VIREO_F32, err);
    if (!st)
        st = vr_want_rank(c, 0, 1, VIREO_MAX_RANK, err);
    if (!st)
        st = vr_want_fixed_width(c, 0, err);
    for (uint32_t i = 1; i < 3 && !st; i++) {
        const vr_value *v = c->in[i];
        if (v && (v->rank != 1 || v->symbol != VR_NO_SYMBOL || v->shape[0] != vr_value_width(x)))
            st = vr_bad(c, err, "%s must be a vector of %lld elements like a row of the input",
                        i == 1 ? "weight" : "bias", (long long)vr_value_width(x));
    }
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
        double *y = r->out[0] + row * n;
        double mean = 0, variance = 0;
        for (int64_t i = 0; i < n; i++)
            mean += x[i] / (double)n;
        for (int64_t i = 0; i < n; i++)
            variance += (x[i] - mean) * (x[i] - mean) / (double)n;
        for (int64_t i = 0; i < n; i++) {
            y[i] = (x[i] - mean) / sqrt(variance + (double)r->call->at.norm.epsilon);
            y[i] = y[i] * (r->in[1] ? r->in[1][i] : 1.0) + (r->in[2] ? r->in[2][i] : 0.0);
        }
    }
}

static struct vr_push_norm push_of(const vr_call *c)
{
    return (struct vr_push_norm){.x = vr_extent_of(c->in[0]),
                                 .epsilon = c->at.norm.epsilon,
                                 .has_weight = c->in[1] != NULL,
                                 .has_bias = c->in[2] != NULL};
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
     .defines = "#define VR_LAYER_NORM 1\n#define VR_SUBGROUP 1\n",
     .needs = VR_NEEDS_SUBGROUP_ARITHMETIC,
     .workgroup = VR_WORKGROUP_SUBGROUP,
     .fits = texels_fit,
     .launch = launch_subgroup,
     .binds = {{VR_IN0, VR_TEXEL_VEC4},
               {VR_OUT0, VR_STORAGE},
               {VR_STEP, VR_STORAGE},
               {VR_IN1, VR_TEXEL_VEC4},
               {VR_IN2, VR_TEXEL_VEC4}}},
    {.name = "row",
     .shader = "norm.comp",
     .defines = "#define VR_LAYER_NORM 1\n#define VR_SUBGROUP 0\n",
     .workgroup = VR_WORKGROUP_SUBGROUP,
     .launch = launch_row,
     .binds = {{VR_IN0, VR_STORAGE},
               {VR_OUT0, VR_STORAGE},
               {VR_STEP, VR_STORAGE},
               {VR_IN1, VR_STORAGE},
               {VR_IN2, VR_STORAGE}}},
};

const vr_op vr_op_layer_norm = {.name = "layer_norm",
                                .min_in = 1,
                                .max_in = 3,
                                .n_out = 1,
                                .infer = infer,
                                .reference = reference,
                                .kernels = kernels,
                                .n_kernels = sizeof kernels / sizeof *kernels};
