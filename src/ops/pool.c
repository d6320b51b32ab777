/* SPDX-License-Identifier: Apache-2.0
 * One row for each sequence of a packed batch. */
#include "ops/check.h"
#include "ops/rows.h"

static vireo_status infer(const vr_call *c, vireo_error *err)
{
    const vr_value *x = c->in[0], *offsets = c->in[1];
    vireo_status st = vr_want_dtype(c, 0, VIREO_F32, err);
    if (!st)
        st = vr_want_dtype(c, 1, VIREO_I32, err);
    if (!st)
        st = vr_want_rank(c, 0, 2, 2, err);
    if (!st)
        st = vr_want_rank(c, 1, 1, 1, err);
    if (!st && c->at.pool.op > VIREO_POOL_FIRST)
        st = vr_bad(c, err, "pooling %d is not one of vireo_pooling", (int)c->at.pool.op);
    if (!st && offsets->symbol == VR_NO_SYMBOL && offsets->shape[0] == 0)
        st = vr_bad(c, err, "offsets is empty, it must have one element more than sequences");
    if (st)
        return st;
    vr_value *out = c->out[0];
    out->dtype = VIREO_F32;
    out->rank = 2;
    out->shape[0] = offsets->shape[0] > 0 ? offsets->shape[0] - 1 : 0;
    out->shape[1] = x->shape[1];
    out->symbol = offsets->symbol;
    out->derive = -1;
    return VIREO_OK;
}

static int64_t clamp(double v, int64_t lowest, int64_t highest)
{
    return v < (double)lowest ? lowest : v > (double)highest ? highest : (int64_t)v;
}

static void reference(const vr_ref_args *r)
{
    int64_t n = vr_value_width(r->call->in[0]), tokens = r->call->in[0]->count;
    vireo_pooling op = r->call->at.pool.op;
    for (int64_t s = 0; s < r->call->out[0]->count; s++) {
        int64_t begin = clamp(r->in[1][s], 0, tokens), end = clamp(r->in[1][s + 1], begin, tokens);
        for (int64_t j = 0; j < n; j++) {
            const double *x = r->in[0] + j;
            double *y = &r->out[0][s * n + j];
            *y = begin < end ? x[begin * n] : 0.0;
            if (op == VIREO_POOL_FIRST)
                continue;
            for (int64_t t = begin + 1; t < end; t++)
                *y = op == VIREO_POOL_MEAN ? *y + x[t * n] : *y > x[t * n] ? *y : x[t * n];
            if (op == VIREO_POOL_MEAN && begin < end)
                *y /= (double)(end - begin);
        }
    }
}

static bool loops_fit(const vr_call *c, const vr_kernel *k)
{
    (void)k;
    return vr_loops_fit(c, vr_ceil_div((uint64_t)vr_value_rows(c->in[0]), VR_UNROLL));
}

static bool texels_fit(const vr_call *c, const vr_kernel *k)
{
    return loops_fit(c, k) && vr_fits_texels(c, c->in[0]);
}

/* Quads of a lane, VR_SPAN in the shader. Of storage buffers, each step of which costs SwiftShader much,
 * the fewest steps; texels are fetched as fast one by one. */
static uint32_t span_of(const vr_call *c, const vr_kernel *k)
{
    return k->binds[0].access != VR_STORAGE ? 1
                                            : vr_row_span(c->out[0], vr_kernel_workgroup(k, c->limits));
}

static void define(const vr_call *c, const vr_kernel *k, vr_str *s)
{
    vr_str_addf(s, "#define VR_SPAN %u\n#define VR_MAX %d\n", span_of(c, k),
                c->at.pool.op == VIREO_POOL_MAX);
}

static vireo_status launch(const vr_call *c, const vr_kernel *k, uint32_t wg, vr_launches *l)
{
    const vr_extent x = vr_extent_of(c->in[0]), out = vr_extent_of(c->out[0]);
    struct vr_push_pool push = {.tokens = x.rows,
                                      .tokens_symbol = x.symbol,
                                      .sequences = out.rows,
                                      .symbol = out.symbol,
                                      .quads = vr_value_pitch(c->out[0]) / 4,
                                      .pitch = vr_value_pitch(c->in[0]) / 4,
                                      .op = c->at.pool.op};
    /* As if the tokens were spread evenly: how they are is not known here. */
    const uint64_t sequences = (uint64_t)vr_value_rows(c->out[0]);
    const double bytes = (double)vr_value_bytes(c->in[0]) / (double)(sequences ? sequences : 1);
    return vr_launch_ranges(c, l, &push, sizeof push, sequences, (uint64_t)vr_value_rows_now(c->out[0]),
                            bytes + (double)vr_value_row_bytes(c->out[0]),
                            vr_ceil_div(push.quads, (uint64_t)wg * span_of(c, k)), 1);
}

static const vr_kernel kernels[] = {
    {.name = "texel", .order = 1,
     .shader = "pool.comp",
     .defines = "#define VR_TEXEL 1\n",
     .workgroup = VR_WORKGROUP_SUBGROUP,
     .fits = texels_fit,
     .define = define,
     .launch = launch,
     .binds = {{VR_IN0, VR_TEXEL_VEC4},
               {VR_IN1, VR_STORAGE},
               {VR_OUT0, VR_STORAGE},
               {VR_STEP, VR_UNIFORM}}},
    {.name = "storage", .order = 1,
     .shader = "pool.comp",
     .defines = "#define VR_TEXEL 0\n",
     .workgroup = VR_WORKGROUP_SUBGROUP,
     .fits = loops_fit,
     .define = define,
     .launch = launch,
     .binds = {{VR_IN0, VR_STORAGE},
               {VR_IN1, VR_STORAGE},
               {VR_OUT0, VR_STORAGE},
               {VR_STEP, VR_UNIFORM}}},
};

static const vr_check checks[] = {
    {.at.pool = {.op = VIREO_POOL_MEAN},
     .in = {VR_IN_ROWS(1, 37, 50), VR_IN_WORDS(VR_FILL_OFFSETS, 0, 2, 6)}},
    {.at.pool = {.op = VIREO_POOL_MAX}, .in = {VR_IN_F32(21, 64), VR_IN_OFFSETS(4, 0)}},
    {.at.pool = {.op = VIREO_POOL_FIRST}, .in = {VR_IN_F32(9, 7), VR_IN_OFFSETS(3, 0)}},
};

const vr_op vr_op_pool = {.name = "pool",
                          .min_in = 2,
                          .max_in = 2,
                          .n_out = 1,
                          .infer = infer,
                          .reference = reference,
                          .kernels = kernels,
                          .n_kernels = sizeof kernels / sizeof *kernels,
                          VR_CHECKS(checks)};
