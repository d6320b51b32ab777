/* SPDX-License-Identifier: Apache-2.0
 * Rotary position embedding (Su et al. 2021) from a table of cos and sin. A table larger than a view
 * is bound slab by slab, a dispatch each; so is x, whose rows are independent. */
#include "ops/check.h"
#include "ops/rows.h"

enum { X, POSITIONS, TABLE };

static uint32_t head_dim(const vr_call *c)
{
    return (uint32_t)vr_value_width(c->in[X]) / c->at.rope.n_heads;
}

static uint32_t rotary(const vr_call *c)
{
    return (uint32_t)vr_value_width(c->in[TABLE]);
}

static vireo_status infer(const vr_call *c, vireo_error *err)
{
    vireo_status st = VIREO_OK;
    for (uint32_t i = X; !st && i <= TABLE; i++) {
        const uint32_t rank = i == POSITIONS ? 1 : 2;
        st = vr_want_dtype(c, i, i == POSITIONS ? VIREO_I32 : VIREO_F32, err);
        if (!st)
            st = vr_want_rank(c, i, rank, rank, err);
    }
    if (st)
        return st;
    const vr_value *x = c->in[X], *positions = c->in[POSITIONS];
    const int64_t width = vr_value_width(x), columns = vr_value_width(c->in[TABLE]);
    const uint32_t heads = c->at.rope.n_heads;
    if (positions->shape[0] != x->shape[0] || positions->symbol != x->symbol)
        return vr_bad(c, err, "there must be a position for each row of x");
    if (heads < 1 || width % heads || width < heads)
        return vr_bad(c, err, "%u heads do not divide a width of %lld", heads, (long long)width);
    if (columns < 2 || columns % 2 || columns > width / heads)
        return vr_bad(c, err,
                      "the table has %lld columns, allowed an even number from 2 to %lld, a head's",
                      (long long)columns, (long long)(width / heads));
    if (c->in[TABLE]->symbol != VR_NO_SYMBOL)
        return vr_bad(c, err, "the table's size is dynamic, it must be fixed");
    if (c->at.rope.style > VIREO_ROPE_HALVES)
        return vr_bad(c, err, "style %d is not one of vireo_rope_style", (int)c->at.rope.style);
    vr_shape_like(c, X, c->out[0]);
    return VIREO_OK;
}

static void rotate(const vr_ref_args *r, const double *x, const double *angles, double *y)
{
    const uint32_t dim = head_dim(r->call), n = rotary(r->call);
    const bool halves = r->call->at.rope.style == VIREO_ROPE_HALVES;
    for (uint32_t d = n; d < dim; d++)
        y[d] = x[d];
    for (uint32_t i = 0; i < n / 2; i++) {
        const uint32_t a = halves ? i : 2 * i, b = halves ? i + n / 2 : 2 * i + 1;
        y[a] = x[a] * angles[2 * i] - x[b] * angles[2 * i + 1];
        y[b] = x[a] * angles[2 * i + 1] + x[b] * angles[2 * i];
    }
}

static void reference(const vr_ref_args *r)
{
    const uint32_t dim = head_dim(r->call);
    const int64_t width = vr_value_width(r->call->in[X]);
    for (int64_t row = 0; row < r->call->in[X]->count; row++) {
        const double position = r->in[POSITIONS][row];
        const bool there = position >= 0 && position < (double)r->call->in[TABLE]->count;
        for (int64_t i = row * width; i < (row + 1) * width; i += dim) {
            if (there)
                rotate(r, r->in[X] + i, r->in[TABLE] + (size_t)position * rotary(r->call),
                       r->out[0] + i);
            for (uint32_t d = 0; d < dim && !there; d++)
                r->out[0][i + d] = 0;
        }
    }
}

/* ---- Kernels ------------------------------------------------------------------------------- */

static bool quads_fit(const vr_call *c, const vr_kernel *k)
{
    (void)k;
    const uint32_t unit = c->at.rope.style == VIREO_ROPE_HALVES ? 8 : 4;
    return head_dim(c) % 4 == 0 && rotary(c) % unit == 0;
}

static bool texels_fit(const vr_call *c, const vr_kernel *k)
{
    return quads_fit(c, k) && vr_fits_texels(c, c->in[X]) &&
           (uint64_t)vr_value_width(c->in[POSITIONS]) <= c->limits->max_texel_elements;
}

static void define(const vr_call *c, const vr_kernel *k, vr_str *s)
{
    vr_str_addf(s, "#define VR_HALVES %d\n#define VR_COPIED %d\n#define VR_STEPS %u\n",
                c->at.rope.style == VIREO_ROPE_HALVES, rotary(c) < head_dim(c),
                vr_quad_steps(c, vr_kernel_workgroup(k, c->limits)));
}

/* What a lane takes at a time, of a row (rope.comp). */
static uint32_t units(const vr_call *c, const vr_kernel *k)
{
    const uint32_t quads = (uint32_t)vr_ceil_div((uint64_t)vr_value_width(c->in[X]), 4);
    const bool pairs = k->fits && c->at.rope.style == VIREO_ROPE_HALVES; /* by quads */
    return quads - (pairs ? c->at.rope.n_heads * (rotary(c) / 8) : 0);
}

static vireo_status launch(const vr_call *c, const vr_kernel *k, uint32_t wg, vr_launches *l)
{
    const vr_value *x = c->in[X], *table = c->in[TABLE];
    const uint32_t rows = (uint32_t)vr_value_rows(table), step = vr_table_step(c, k, VR_IN2);
    struct vr_push_rope p = {.x = vr_extent_of(x),
                             .head_dim = head_dim(c),
                             .rotary = rotary(c),
                             .units = units(c, k),
                             .table_pitch = vr_value_pitch(table) / 4,
                             .table_rows = rows};
    do {
        const size_t begin = l->count;
        p.count = rows - p.first < step ? rows - p.first : step;
        vireo_status st = vr_launch_slabs(c, k, l, x, VR_ROWS(VR_IN0) | VR_ROWS(VR_OUT0), &p,
                                          sizeof p, p.units, wg * vr_quad_steps(c, wg));
        if (st)
            return st;
        for (size_t i = begin; i < l->count; i++)
            vr_cut_table(c, k, VR_IN2, p.first, p.count, &l->list[i]);
        p.first += p.count;
    } while (p.first < rows);
    return VIREO_OK;
}

#define ROPE_KERNEL(label, quads, texel, fit, x, ids)                                              \
    {                                                                                              \
        .name = label, .order = 1, .shader = "rope.comp",                                          \
        .defines = "#define VR_QUADS " quads "\n#define VR_TEXEL " texel "\n",                     \
        .workgroup = VR_WORKGROUP_SUBGROUP, .fits = fit, .define = define, .launch = launch,       \
        .binds = {{VR_IN0, x},                                                                     \
                  {VR_IN2, VR_TEXEL_VEC4},                                                         \
                  {VR_IN1, ids},                                                                   \
                  {VR_OUT0, VR_STORAGE},                                                           \
                  {VR_STEP, VR_UNIFORM},                                                           \
                  {VR_FAULT, VR_STORAGE}}                                                          \
    }
static const vr_kernel kernels[] = {
    ROPE_KERNEL("texel", "1", "1", texels_fit, VR_TEXEL_VEC4, VR_TEXEL_INT),
    ROPE_KERNEL("quads", "1", "0", quads_fit, VR_STORAGE, VR_STORAGE),
    ROPE_KERNEL("elements", "0", "0", NULL, VR_STORAGE, VR_STORAGE)};

static void explain(const vr_call *c, const uint32_t *words, vr_str *s)
{
    vr_explain_ids(s, "positions", words, c->in[TABLE]->count);
}

static const vr_check checks[] = {
    {.at.rope = {.n_heads = 2, .style = VIREO_ROPE_HALVES},
     .in = {VR_IN_ROWS(1, 37, 64), VR_IN_WORDS(VR_FILL_IDS, 2, 1, 37), VR_IN_F32(50, 16)}},
    {.at.rope = {.n_heads = 3, .style = VIREO_ROPE_ADJACENT},
     .in = {VR_IN_F32(13, 24), VR_IN_IDS(13, 2), VR_IN_F32(20, 8)}},
    {.at.rope = {.n_heads = 3, .style = VIREO_ROPE_ADJACENT},
     .in = {VR_IN_F32(13, 33), VR_IN_IDS(13, 2), VR_IN_F32(20, 6)}},
};

const vr_op vr_op_rope = {.name = "rope",
                          .min_in = 3,
                          .max_in = 3,
                          .n_out = 1,
                          .explain = explain,
                          .infer = infer,
                          .reference = reference,
                          .kernels = kernels,
                          .n_kernels = sizeof kernels / sizeof *kernels,
                          VR_CHECKS(checks)};
