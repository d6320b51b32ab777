/* SPDX-License-Identifier: Apache-2.0
 * softmax(q · kᵀ · scale) · v within each sequence of a packed batch, per head; online softmax (Milakov
 * and Gimelshein 2018), so no score ever leaves a lane. */
#include "ops/check.h"
#include "shaders/push.h"
#include <math.h>

enum { Q, K, V, OFFSETS };
enum { MOST_HEAD_DIM = 256 };

static uint32_t head_dim(const vr_call *c)
{
    return (uint32_t)vr_value_width(c->in[Q]) / c->at.attention.n_heads;
}

static float scale_of(const vr_call *c)
{
    return c->at.attention.scale != 0 ? c->at.attention.scale
                                      : 1.0f / sqrtf((float)head_dim(c));
}

static vireo_status infer(const vr_call *c, vireo_error *err)
{
    vireo_status st = VIREO_OK;
    for (uint32_t i = 0; !st && i < OFFSETS; i++) {
        st = vr_want_dtype(c, i, VIREO_F32, err);
        if (!st)
            st = vr_want_rank(c, i, 2, 2, err);
        if (!st && !vr_value_same_shape(c->in[i], c->in[Q]))
            st = vr_bad(c, err, "q, k and v must have the same shape");
    }
    if (!st)
        st = vr_want_dtype(c, OFFSETS, VIREO_I32, err);
    if (!st)
        st = vr_want_rank(c, OFFSETS, 1, 1, err);
    if (st)
        return st;
    const int64_t width = vr_value_width(c->in[Q]);
    const uint32_t heads = c->at.attention.n_heads;
    if (heads < 1 || width % heads || width / heads < 1 || width / heads > MOST_HEAD_DIM)
        return vr_bad(c, err, "%u heads do not divide a width of %lld into 1 to %d each", heads,
                      (long long)width, MOST_HEAD_DIM);
    if (heads > 65535)
        return vr_bad(c, err, "%u heads, allowed 65535", heads);
    *c->out[0] = *c->in[Q];
    c->out[0]->pitch = 0;
    return VIREO_OK;
}

static void attend(const vr_ref_args *r, size_t begin, size_t end, size_t query, size_t head)
{
    const size_t dim = head_dim(r->call), width = (size_t)vr_value_width(r->call->in[Q]);
    const double scale = r->call->at.attention.scale != 0 ? r->call->at.attention.scale
                                                          : 1 / sqrt((double)dim);
    const double *q = r->in[Q] + query * width + head * dim;
    double *out = r->out[0] + query * width + head * dim;
    double most = -INFINITY, total = 0;
    for (size_t d = 0; d < dim; d++)
        out[d] = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t j = begin; j < end; j++) {
            double score = 0;
            for (size_t d = 0; d < dim; d++)
                score += q[d] * r->in[K][j * width + head * dim + d];
            score *= scale;
            if (pass == 0) {
                most = fmax(most, score);
                continue;
            }
            total += exp(score - most);
            for (size_t d = 0; d < dim; d++)
                out[d] += exp(score - most) * r->in[V][j * width + head * dim + d];
        }
    for (size_t d = 0; d < dim; d++)
        out[d] /= total;
}

static void reference(const vr_ref_args *r)
{
    const size_t sequences = (size_t)r->call->in[OFFSETS]->count;
    for (size_t s = 0; s + 1 < sequences; s++) {
        const size_t begin = (size_t)r->in[OFFSETS][s], end = (size_t)r->in[OFFSETS][s + 1];
        for (size_t query = begin; query < end; query++)
            for (size_t head = 0; head < r->call->at.attention.n_heads; head++)
                attend(r, begin, end, query, head);
    }
}

/* ---- Kernels ------------------------------------------------------------------------------- */

static struct vr_push_attention push_of(const vr_call *c, uint32_t unit)
{
    const vr_value *q = c->in[Q], *offsets = c->in[OFFSETS];
    const bool dynamic = q->symbol != VR_NO_SYMBOL;
    const bool dynamic_offsets = offsets->symbol != VR_NO_SYMBOL;
    return (struct vr_push_attention){
        .rows = dynamic ? 1 : (uint32_t)q->shape[0], .symbol = q->symbol,
        .n_heads = c->at.attention.n_heads, .head_dim = head_dim(c),
        .q_pitch = vr_value_pitch(q) / unit, .k_pitch = vr_value_pitch(c->in[K]) / unit,
        .v_pitch = vr_value_pitch(c->in[V]) / unit,
        .out_pitch = vr_value_pitch(c->out[0]) / unit,
        .sequences = dynamic_offsets ? 1 : (uint32_t)offsets->shape[0],
        .sequences_symbol = offsets->symbol, .scale = scale_of(c)};
}

static bool fits_texel(const vr_call *c, const vr_kernel *k)
{
    (void)k;
    const uint64_t texels = c->limits->max_texel_elements;
    return head_dim(c) % 4 == 0 && head_dim(c) <= 128 &&
           vr_value_bytes(c->in[Q]) / 16 <= texels && vr_value_bytes(c->in[K]) / 16 <= texels &&
           vr_value_bytes(c->in[V]) / 16 <= texels &&
           (uint64_t)c->in[OFFSETS]->shape[0] <= texels &&
           c->in[Q]->shape[0] <= 65535ll * 4;
}

static void define_texel(const vr_call *c, vr_str *out)
{
    const uint32_t quads = head_dim(c) / 4;
    /* Keys a step: more hide latency while the head stays in registers. */
    vr_str_addf(out, "#define QUADS %u\n#define KEYS %d\n", quads, quads <= 8 ? 4 : 1);
}

static vireo_status launch_texel(const vr_call *c, const vr_kernel *k, uint32_t wg,
                                 vr_launches *out)
{
    (void)k;
    const struct vr_push_attention p = push_of(c, 4);
    const uint32_t tokens = (uint32_t)c->in[Q]->count;
    return vr_launch_grid(out, &p, sizeof p, (tokens + wg - 1) / wg, p.n_heads, 1)
               ? VIREO_OK
               : VIREO_ERROR_OUT_OF_MEMORY;
}

static vireo_status launch_plain(const vr_call *c, const vr_kernel *k, uint32_t wg,
                                 vr_launches *out)
{
    (void)k;
    const struct vr_push_attention p = push_of(c, 1);
    const uint64_t lanes = (uint64_t)c->in[Q]->count * p.n_heads;
    return vr_launch(out, &p, sizeof p, (lanes + wg - 1) / wg, 1) ? VIREO_OK
                                                                  : VIREO_ERROR_OUT_OF_MEMORY;
}

static const vr_kernel kernels[] = {
    {.name = "texel", .shader = "attention.comp", .workgroup = VR_WORKGROUP_SUBGROUP,
     .fits = fits_texel, .define = define_texel, .launch = launch_texel,
     .binds = {{VR_IN0, VR_TEXEL_VEC4}, {VR_IN1, VR_TEXEL_VEC4}, {VR_IN2, VR_TEXEL_VEC4},
               {VR_IN3, VR_TEXEL_INT}, {VR_OUT0, VR_STORAGE}, {VR_STEP, VR_UNIFORM}}},
    {.name = "plain", .shader = "attention_plain.comp", .workgroup = VR_WORKGROUP_SUBGROUP,
     .launch = launch_plain,
     .binds = {{VR_IN0, VR_STORAGE}, {VR_IN1, VR_STORAGE}, {VR_IN2, VR_STORAGE},
               {VR_IN3, VR_TEXEL_INT}, {VR_OUT0, VR_STORAGE}, {VR_STEP, VR_UNIFORM}}},
};

static const vr_check checks[] = {
    {.at.attention = {.n_heads = 2},
     .in = {VR_IN_ROWS(1, 37, 64), VR_IN_ROWS(1, 37, 64), VR_IN_ROWS(1, 37, 64),
            VR_IN_WORDS(VR_FILL_OFFSETS, 0, 2, 6)}},
    {.at.attention = {.n_heads = 1, .scale = 0.5f},
     .in = {VR_IN_F32(21, 64), VR_IN_F32(21, 64), VR_IN_F32(21, 64), VR_IN_OFFSETS(4, 0)}},
    {.at.attention = {.n_heads = 3},
     .in = {VR_IN_F32(9, 18), VR_IN_F32(9, 18), VR_IN_F32(9, 18), VR_IN_OFFSETS(3, 0)}},
};

const vr_op vr_op_attention = {
    .name = "attention", .min_in = 4, .max_in = 4, .n_out = 1, .infer = infer,
    .reference = reference, .kernels = kernels, .n_kernels = sizeof kernels / sizeof *kernels,
    VR_CHECKS(checks)};
