/* SPDX-License-Identifier: Apache-2.0
 * Normalisation over the last dimension: layer_norm (Ba et al. 2016), rms_norm (Zhang and Sennrich 2019)
 * and l2_normalize. */
#include "ops/check.h"
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

/* What is taken off every element, and what the differences are divided by. */
static void mean_and_divisor(const vr_call *c, const double *x, int64_t n, double *mean,
                             double *divisor)
{
    const double epsilon = (double)c->at.norm.epsilon;
    double square = 0;
    *mean = 0;
    for (int64_t i = 0; i < n && c->at.norm.kind == VR_NORM_LAYER; i++)
        *mean += x[i] / (double)n;
    for (int64_t i = 0; i < n; i++)
        square += (x[i] - *mean) * (x[i] - *mean);
    *divisor = c->at.norm.kind == VR_NORM_L2 ? fmax(sqrt(square), epsilon)
                                             : sqrt(square / (double)n + epsilon);
}

static void reference(const vr_ref_args *r)
{
    int64_t rows = vr_value_rows_now(r->call->in[0]), n = vr_value_width_now(r->call->in[0]);
    for (int64_t row = 0; row < rows; row++) {
        const double *x = r->in[0] + row * n;
        double *y = r->out[0] + row * n, mean, divisor;
        mean_and_divisor(r->call, x, n, &mean, &divisor);
        for (int64_t i = 0; i < n; i++)
            y[i] = (x[i] - mean) / divisor * (r->in[1] ? r->in[1][i] : 1.0) +
                   (r->in[2] ? r->in[2][i] : 0.0);
    }
}

enum { ROW_QUADS = 4 }; /* that the kernel of a lane a row takes in one iteration */

/* A row is read three times, one of at most SHORT quads of the shader perhaps four, `quads` an iteration. */
static bool loops_fit(const vr_call *c, uint32_t quads)
{
    return vr_loops_fit(c, 3 * vr_ceil_div((uint64_t)vr_value_width(c->in[0]), 4ull * quads));
}

static bool subgroup_fits(const vr_call *c, const vr_kernel *k)
{
    return vr_fits_texels(c, c->in[0]) && loops_fit(c, vr_kernel_workgroup(k, c->limits));
}

static bool lane_fits(const vr_call *c, const vr_kernel *k)
{
    (void)k;
    return vr_fits_texels(c, c->in[0]) && loops_fit(c, 1);
}

/* Wider rows are no faster so on lavapipe of Mesa 22.3, and slower on that of 25.0. */
static bool lane_pays(const vr_call *c, const vr_kernel *k)
{
    return vr_value_width(c->in[0]) <= 128 && vr_lanes_pay(c, k);
}

static bool row_fits(const vr_call *c, const vr_kernel *k)
{
    (void)k;
    return loops_fit(c, ROW_QUADS);
}

static bool is_subgroup(const vr_kernel *k)
{
    return k->needs & VR_NEEDS_SUBGROUP_ARITHMETIC;
}

/* Rows of a team: software drivers' workgroups are costly, and rows share the fetches of weight and bias. Narrow
 * ones, a lane each, are no faster so. */
static uint32_t rows_of(const vr_call *c, const vr_kernel *k, uint32_t wg)
{
    const uint64_t rows = (uint64_t)vr_value_rows(c->in[0]);
    return k->fits == lane_fits ? 1 : vr_steps(c, rows / (is_subgroup(k) ? 1 : wg), 1, 4);
}

static void define(const vr_call *c, const vr_kernel *k, vr_str *s)
{
    vr_str_addf(s, "#define VR_NORM %d\n#define VR_WEIGHT %d\n#define VR_BIAS %d\n#define VR_WHOLE %d\n",
                (int)c->at.norm.kind, c->in[1] != NULL, c->in[2] != NULL, vr_value_width(c->in[0]) % 4 == 0);
    vr_str_addf(s, "#define VR_ROWS %u\n", rows_of(c, k, vr_kernel_workgroup(k, c->limits)));
}

enum { ROWS = VR_ROWS(VR_IN0) | VR_ROWS(VR_OUT0) };

static vireo_status launch(const vr_call *c, const vr_kernel *k, uint32_t wg, vr_launches *l)
{
    struct vr_push_norm push = {.x = vr_extent_of(c->in[0]),
                                .epsilon = c->at.norm.epsilon};
    return vr_launch_slabs(c, k, l, c->in[0], ROWS, &push, sizeof push, 1,
                           (uint64_t)rows_of(c, k, wg) * (is_subgroup(k) ? 1 : wg));
}

static const vr_kernel kernels[] = {
    {.name = "lane",
     .shader = "norm.comp",
     .defines = "#define VR_SUBGROUP 0\n#define VR_TEXEL 1\n#define VR_QUADS 1\n",
     .workgroup = VR_WORKGROUP_SUBGROUP,
     .fits = lane_fits,
     .pays = lane_pays,
     .define = define,
     .launch = launch,
     .binds = {{VR_IN0, VR_TEXEL_VEC4},
               {VR_OUT0, VR_STORAGE},
               {VR_STEP, VR_UNIFORM},
               {VR_IN1, VR_TEXEL_VEC4},
               {VR_IN2, VR_TEXEL_VEC4}}},
    {.name = "subgroup",
     .shader = "norm.comp",
     .defines = "#define VR_SUBGROUP 1\n#define VR_TEXEL 1\n",
     .needs = VR_NEEDS_SUBGROUP_ARITHMETIC,
     .workgroup = VR_WORKGROUP_SUBGROUP,
     .fits = subgroup_fits,
     .define = define,
     .launch = launch,
     .binds = {{VR_IN0, VR_TEXEL_VEC4},
               {VR_OUT0, VR_STORAGE},
               {VR_STEP, VR_UNIFORM},
               {VR_IN1, VR_TEXEL_VEC4},
               {VR_IN2, VR_TEXEL_VEC4}}},
    {.name = "row",
     .shader = "norm.comp",
     .defines = "#define VR_SUBGROUP 0\n#define VR_TEXEL 0\n#define VR_QUADS 4\n",
     .workgroup = VR_WORKGROUP_SUBGROUP,
     .fits = row_fits,
     .define = define,
     .launch = launch,
     .binds = {{VR_IN0, VR_STORAGE},
               {VR_OUT0, VR_STORAGE},
               {VR_STEP, VR_UNIFORM},
               {VR_IN1, VR_STORAGE},
               {VR_IN2, VR_STORAGE}}},
};

static const vr_check checks[] = {
    {.at.norm = {.kind = VR_NORM_LAYER, .epsilon = 1e-5f},
     .in = {VR_IN_ROWS(1, 37, 50), VR_IN_F32(50), VR_IN_F32(50)}},
    {.at.norm = {.kind = VR_NORM_RMS, .epsilon = 1e-6f}, .in = {VR_IN_F32(5, 64), VR_IN_F32(64)}},
    {.at.norm = {.kind = VR_NORM_L2, .epsilon = 1e-12f}, .in = {VR_IN_F32(3, 2, 7)}},
};

const vr_op vr_op_norm = {.name = "norm",
                          .min_in = 1,
                          .max_in = 3,
                          .n_out = 1,
                          .infer = infer,
                          .reference = reference,
                          .kernels = kernels,
                          .n_kernels = sizeof kernels / sizeof *kernels,
                          VR_CHECKS(checks)};
