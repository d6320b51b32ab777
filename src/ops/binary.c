/* SPDX-License-Identifier: Apache-2.0
 * Element-wise sums, products and gated products, broadcast as NumPy does (right-aligned, sizes equal or 1). */
#include "ops/check.h"
#include "ops/rows.h"
#include <string.h>

/* Size of dimension d of v, were it of rank `rank`; dynamic: by its capacity. */
static int64_t size_at(const vr_value *v, uint32_t rank, uint32_t d)
{
    return d + v->rank < rank ? 1 : v->shape[d + v->rank - rank];
}

/* Its symbol: only dimension 0 of v itself can have one. */
static uint32_t symbol_at(const vr_value *v, uint32_t rank, uint32_t d)
{
    return v->rank && d + v->rank == rank ? v->symbol : VR_NO_SYMBOL;
}

static vireo_status infer(const vr_call *c, vireo_error *err)
{
    const vr_value *a = c->in[0], *b = c->in[1];
    vireo_status st = VIREO_OK;
    for (uint32_t i = 0; i < 2 && !st; i++)
        st = vr_want_dtype(c, i, VIREO_F32, err);
    if (!st && c->at.binary.op > VIREO_SILU_MUL)
        st = vr_bad(c, err, "operation %d is not one of vireo_binary", (int)c->at.binary.op);
    if (st)
        return st;
    vr_value out = {
        .dtype = VIREO_F32, .rank = a->rank > b->rank ? a->rank : b->rank, .symbol = VR_NO_SYMBOL};
    for (uint32_t d = 0; d < out.rank; d++) {
        int64_t sa = size_at(a, out.rank, d), sb = size_at(b, out.rank, d);
        uint32_t ya = symbol_at(a, out.rank, d), yb = symbol_at(b, out.rank, d);
        bool one_a = sa == 1 && ya == VR_NO_SYMBOL, one_b = sb == 1 && yb == VR_NO_SYMBOL;
        uint32_t symbol = one_a ? yb : ya;
        bool ok = one_a || one_b || (sa == sb && ya == yb);
        if (!ok || (symbol != VR_NO_SYMBOL && d > 0)) {
            char ta[128], tb[128];
            vr_value_text(a, ta, sizeof ta);
            vr_value_text(b, tb, sizeof tb);
            return vr_bad(c, err,
                          "%s and %s do not broadcast: sizes must be equal or 1, a dynamic "
                          "dimension goes with itself or 1 and stays the first",
                          ta, tb);
        }
        out.shape[d] = one_a ? sb : sa;
        if (d == 0)
            out.symbol = symbol;
    }
    c->out[0]->dtype = out.dtype;
    c->out[0]->rank = out.rank;
    c->out[0]->symbol = out.symbol;
    memcpy(c->out[0]->shape, out.shape, sizeof out.shape);
    return VIREO_OK;
}

/* Strides of v in the 4 dimensions of a result of rank `rank`; 0 where it is broadcast. `pitch`:
 * elements from row to row of v. */
static void strides(const vr_value *v, uint32_t rank, uint32_t pitch, uint32_t out[4])
{
    uint32_t stride = pitch;
    memset(out, 0, 4 * sizeof *out);
    for (uint32_t i = 0; i < rank && i < v->rank; i++) {
        uint32_t d = rank - 1 - i; /* from the last dimension */
        bool one = size_at(v, rank, d) == 1 && symbol_at(v, rank, d) == VR_NO_SYMBOL;
        out[d + 4 - rank] = one ? 0 : i == 0 ? 1 : stride;
        if (i > 0)
            stride *= (uint32_t)size_at(v, rank, d);
    }
}

static double apply(vireo_binary op, double a, double b)
{
    return op == VIREO_ADD ? a + b : op == VIREO_MUL ? a * b : vr_reference_unary(VIREO_SILU, a) * b;
}

static void reference(const vr_ref_args *r)
{
    const vr_value *out = r->call->out[0];
    uint32_t sa[4], sb[4];
    int64_t size[4] = {1, 1, 1, 1};
    for (uint32_t d = 0; d < out->rank; d++)
        size[d + 4 - out->rank] = d == 0 ? out->count : out->shape[d];
    strides(r->call->in[0], out->rank, (uint32_t)vr_value_width_now(r->call->in[0]), sa);
    strides(r->call->in[1], out->rank, (uint32_t)vr_value_width_now(r->call->in[1]), sb);
    double *y = r->out[0];
    for (int64_t i = 0; i < size[0]; i++)
        for (int64_t j = 0; j < size[1]; j++)
            for (int64_t k = 0; k < size[2]; k++)
                for (int64_t l = 0; l < size[3]; l++) {
                    double a = r->in[0][i * sa[0] + j * sa[1] + k * sa[2] + l * sa[3]];
                    double b = r->in[1][i * sb[0] + j * sb[1] + k * sb[2] + l * sb[3]];
                    *y++ = apply(r->call->at.binary.op, a, b);
                }
}

/* Whether v is one row as wide as the result, or the result itself. */
static bool one_row(const vr_value *v, const vr_value *out)
{
    return v->symbol == VR_NO_SYMBOL && out->rank > 1 && vr_value_rows(v) == 1 &&
           vr_value_width(v) == vr_value_width(out);
}

static bool quads_fit(const vr_call *c, const vr_kernel *k)
{
    (void)k;
    const vr_value *a = c->in[0], *b = c->in[1], *out = c->out[0];
    return vr_value_same_shape(a, out) && (vr_value_same_shape(b, out) || one_row(b, out));
}

static bool texels_fit(const vr_call *c, const vr_kernel *k)
{
    return quads_fit(c, k) && vr_fits_texels(c, c->in[0]) && vr_fits_texels(c, c->in[1]);
}

static void define(const vr_call *c, const vr_kernel *k, vr_str *s)
{
    (void)k;
    vr_str_addf(s, "#define VR_BINARY %d\n", (int)c->at.binary.op);
}

static void define_quads(const vr_call *c, const vr_kernel *k, vr_str *s)
{
    const vr_value *out = c->out[0];
    define(c, k, s);
    vr_str_addf(s, "#define VR_STEPS %u\n#define VR_CLEAR %d\n",
                vr_quad_steps(c, vr_kernel_workgroup(k, c->limits)), out->rank == 1 && out->symbol != VR_NO_SYMBOL);
}

static vireo_status launch_quads(const vr_call *c, const vr_kernel *k, uint32_t wg, vr_launches *l)
{
    const vr_value *out = c->out[0], *b = c->in[1];
    const bool row = !vr_value_same_shape(b, out);
    struct vr_push_binary push = {.x = vr_extent_of(out),
                                  .b_pitch = row ? 0 : vr_value_pitch(b) / 4};
    push.x.pitch = vr_value_pitch(c->in[0]) / 4;
    const uint32_t mask =
        VR_ROWS(VR_IN0) | VR_ROWS(VR_OUT0) | (row ? 0 : VR_ROWS(VR_IN1));
    return vr_launch_slabs(c, k, l, out, mask, &push, sizeof push, vr_row_quads_now(out),
                           wg * vr_quad_steps(c, wg));
}

static vireo_status launch_broadcast(const vr_call *c, const vr_kernel *k, uint32_t wg,
                                     vr_launches *l)
{
    const vr_value *out = c->out[0];
    uint32_t a[4], b[4];
    strides(c->in[0], out->rank, vr_value_pitch(c->in[0]), a);
    strides(c->in[1], out->rank, vr_value_pitch(c->in[1]), b);
    struct vr_push_broadcast push = {
        .x = vr_extent_of(out),
        .size1 = out->rank > 3 ? (uint32_t)out->shape[1] : UINT32_MAX,
        .size2 = out->rank > 2 ? (uint32_t)out->shape[out->rank - 2] : UINT32_MAX,
        .a0 = a[0],
        .a1 = a[1],
        .a2 = a[2],
        .a3 = a[3],
        .b0 = b[0],
        .b1 = b[1],
        .b2 = b[2],
        .b3 = b[3]};
    return vr_launch_slabs(c, k, l, out, VR_ROWS(VR_OUT0), &push, sizeof push,
                           vr_row_quads_now(out), wg);
}

static const vr_kernel kernels[] = {
    {.name = "texel", .order = 1,
     .shader = "binary.comp",
     .defines = "#define VR_TEXEL 1\n",
     .workgroup = VR_WORKGROUP_SUBGROUP,
     .fits = texels_fit,
     .define = define_quads,
     .launch = launch_quads,
     .binds = {{VR_IN0, VR_TEXEL_VEC4},
               {VR_IN1, VR_TEXEL_VEC4},
               {VR_OUT0, VR_STORAGE},
               {VR_STEP, VR_UNIFORM}}},
    {.name = "storage", .order = 1,
     .shader = "binary.comp",
     .defines = "#define VR_TEXEL 0\n",
     .workgroup = VR_WORKGROUP_SUBGROUP,
     .fits = quads_fit,
     .define = define_quads,
     .launch = launch_quads,
     .binds = {{VR_IN0, VR_STORAGE},
               {VR_IN1, VR_STORAGE},
               {VR_OUT0, VR_STORAGE},
               {VR_STEP, VR_UNIFORM}}},
    {.name = "broadcast", .order = 1,
     .shader = "broadcast.comp",
     .workgroup = VR_WORKGROUP_SUBGROUP,
     .define = define,
     .launch = launch_broadcast,
     .binds = {{VR_IN0, VR_STORAGE},
               {VR_IN1, VR_STORAGE},
               {VR_OUT0, VR_STORAGE},
               {VR_STEP, VR_UNIFORM}}},
};

static const vr_check checks[] = {
    {.at.binary = {.op = VIREO_ADD}, .in = {VR_IN_ROWS(1, 37, 50), VR_IN_ROWS(1, 37, 50)}},
    {.at.binary = {.op = VIREO_MUL}, .in = {VR_IN_F32(9, 50), VR_IN_F32(50)}},
    {.at.binary = {.op = VIREO_SILU_MUL}, .in = {VR_IN_F32(9, 48), VR_IN_F32(9, 48)}},
    {.at.binary = {.op = VIREO_MUL}, .in = {VR_IN_F32(5, 1, 7), VR_IN_F32(3, 1)}},
};

const vr_op vr_op_binary = {.name = "binary",
                            .min_in = 2,
                            .max_in = 2,
                            .n_out = 1,
                            .infer = infer,
                            .reference = reference,
                            .kernels = kernels,
                            .n_kernels = sizeof kernels / sizeof *kernels,
                            VR_CHECKS(checks)};
