/* SPDX-License-Identifier: Apache-2.0
 * Element-wise functions of one value; scale is the identity with a factor and a shift. */
#include "ops/check.h"
#include "ops/rows.h"
#include <math.h>

static vireo_status infer(const vr_call *c, vireo_error *err)
{
    vireo_status st = vr_want_dtype(c, 0, VIREO_F32, err);
    if (!st && c->at.unary.op > VIREO_SIGMOID)
        st = vr_bad(c, err, "function %d is not one of vireo_unary", (int)c->at.unary.op);
    if (!st && !(isfinite(c->at.unary.factor) && isfinite(c->at.unary.shift)))
        st = vr_bad(c, err, "factor %g and shift %g must be finite", (double)c->at.unary.factor,
                    (double)c->at.unary.shift);
    if (st)
        return st;
    vr_shape_like(c, 0, c->out[0]);
    return VIREO_OK;
}

static void reference(const vr_ref_args *r)
{
    int64_t n = vr_value_elements_now(r->call->in[0]);
    const double factor = (double)r->call->at.unary.factor, shift = (double)r->call->at.unary.shift;
    for (int64_t i = 0; i < n; i++)
        r->out[0][i] = vr_reference_unary(r->call->at.unary.op, r->in[0][i] * factor + shift);
}

static bool texels_fit(const vr_call *c, const vr_kernel *k)
{
    (void)k;
    return vr_fits_texels(c, c->in[0]);
}

/* Zeros may become something else, and a dynamic vector has anything behind its end. */
static void define(const vr_call *c, const vr_kernel *k, vr_str *s)
{
    const bool moves_zero = c->at.unary.op == VIREO_SIGMOID || c->at.unary.shift != 0.0f;
    vr_str_addf(s, "#define VR_ACTIVATION %d\n#define VR_STEPS %u\n#define VR_CLEAR %d\n", (int)c->at.unary.op,
                vr_quad_steps(c, vr_kernel_workgroup(k, c->limits)), moves_zero || c->in[0]->rank == 1);
}

enum { ROWS = VR_ROWS(VR_IN0) | VR_ROWS(VR_OUT0) };

static vireo_status launch(const vr_call *c, const vr_kernel *k, uint32_t wg, vr_launches *l)
{
    const vr_value *x = c->in[0];
    struct vr_push_unary push = {.x = vr_extent_of(x),
                                 .factor = c->at.unary.factor,
                                 .shift = c->at.unary.shift};
    return vr_launch_slabs(c, k, l, x, ROWS, &push, sizeof push, vr_row_quads_now(x),
                           wg * vr_quad_steps(c, wg));
}

static const vr_kernel kernels[] = {
    {.name = "texel", .order = 1,
     .shader = "unary.comp",
     .defines = "#define VR_TEXEL 1\n",
     .workgroup = VR_WORKGROUP_SUBGROUP,
     .fits = texels_fit,
     .define = define,
     .launch = launch,
     .binds = {{VR_IN0, VR_TEXEL_VEC4}, {VR_OUT0, VR_STORAGE}, {VR_STEP, VR_UNIFORM}}},
    {.name = "storage", .order = 1,
     .shader = "unary.comp",
     .defines = "#define VR_TEXEL 0\n",
     .workgroup = VR_WORKGROUP_SUBGROUP,
     .define = define,
     .launch = launch,
     .binds = {{VR_IN0, VR_STORAGE}, {VR_OUT0, VR_STORAGE}, {VR_STEP, VR_UNIFORM}}},
};

static const vr_check checks[] = {
    {.at.unary = {.op = VIREO_GELU, .factor = 1.0f}, .in = {VR_IN_ROWS(1, 37, 50)}},
    {.at.unary = {.op = VIREO_SIGMOID, .factor = 1.0f}, .in = {VR_IN_F32(5, 7)}},
    {.at.unary = {.op = VIREO_IDENTITY, .factor = 0.5f, .shift = 1.0f}, .in = {VR_IN_F32(3, 300)}},
};

const vr_op vr_op_unary = {.name = "unary",
                           .min_in = 1,
                           .max_in = 1,
                           .n_out = 1,
                           .infer = infer,
                           .reference = reference,
                           .kernels = kernels,
                           .n_kernels = sizeof kernels / sizeof *kernels,
                           VR_CHECKS(checks)};
