/* SPDX-License-Identifier: Apache-2.0
 * The k largest of each row, exact. */
#include "ops/rows.h"
#include <float.h>
#include <math.h>

#define MOST 1024

static vireo_status want_deny(const vr_call *c, vireo_error *err)
{
    const vr_value *scores = c->in[0], *deny = c->in[1];
    int64_t words = (scores->shape[1] + 31) / 32;
    bool one =
        deny->rank == 1 || (deny->rank == 2 && deny->shape[0] == 1 && deny->symbol == VR_NO_SYMBOL);
    bool same =
        deny->rank == 2 && deny->shape[0] == scores->shape[0] && deny->symbol == scores->symbol;
    if ((one || same) && vr_value_width(deny) == words &&
        !(deny->rank == 1 && deny->symbol != VR_NO_SYMBOL))
        return VIREO_OK;
    char have[128], rows[128];
    vr_value_text(deny, have, sizeof have);
    vr_value_text(scores, rows, sizeof rows);
    return vr_bad(c, err,
                  "deny is %s, it must have 1 row or those of the scores, %s, of %lld words", have,
                  rows, (long long)words);
}

static vireo_status infer(const vr_call *c, vireo_error *err)
{
    const vr_value *scores = c->in[0];
    const uint32_t k = c->at.top_k.k;
    vireo_status st = vr_want_dtype(c, 0, VIREO_F32, err);
    if (!st)
        st = vr_want_dtype(c, 1, VIREO_I32, err);
    if (!st)
        st = vr_want_rank(c, 0, 2, 2, err);
    if (!st && (k < 1 || k > MOST))
        st = vr_bad(c, err, "k is %u, allowed 1 to %d", k, MOST);
    if (!st && c->in[1])
        st = want_deny(c, err);
    if (st)
        return st;
    for (int i = 0; i < 2; i++) {
        vr_value *out = c->out[i];
        out->dtype = i == 0 ? VIREO_F32 : VIREO_I32;
        out->rank = 2;
        out->shape[0] = scores->shape[0];
        out->shape[1] = k;
        out->symbol = scores->symbol;
    }
    return VIREO_OK;
}

static bool is_denied(const vr_ref_args *r, int64_t row, int64_t i)
{
    if (!r->in[1])
        return false;
    const vr_value *deny = r->call->in[1];
    int64_t words = vr_value_width(deny);
    if (vr_value_rows_now(deny) == 1)
        row = 0;
    uint32_t word = (uint32_t)(int32_t)r->in[1][row * words + i / 32];
    return word >> (i % 32) & 1;
}

/* NaN is below everything. */
static bool larger(double a, double b)
{
    return isnan(b) ? !isnan(a) : a > b;
}

static void reference(const vr_ref_args *r)
{
    const int64_t n = vr_value_width(r->call->in[0]), k = r->call->at.top_k.k;
    for (int64_t row = 0; row < r->call->in[0]->count; row++) {
        const double *x = r->in[0] + row * n;
        double *values = r->out[0] + row * k, *indices = r->out[1] + row * k;
        int64_t found = 0;
        for (int64_t i = 0; i < n; i++) {
            if (is_denied(r, row, i))
                continue;
            int64_t at = found < k ? found++ : k; /* insertion into the sorted list */
            for (; at > 0 && larger(x[i], values[at - 1]); at--)
                if (at < k) {
                    values[at] = values[at - 1];
                    indices[at] = indices[at - 1];
                }
            if (at < k) {
                values[at] = x[i];
                indices[at] = (double)i;
            }
        }
        for (; found < k; found++) {
            values[found] = -(double)FLT_MAX;
            indices[found] = -1.0;
        }
    }
}

static uint64_t list_quads(const vr_call *c)
{
    return (uint64_t)vr_value_rows(c->in[0]) * (vr_value_pitch(c->out[0]) / 4);
}

static uint64_t scratch(const vr_call *c)
{
    return list_quads(c) * 16 * 2;
}

/* Without deny any view takes its place: then one of scores, element by element. */
static bool texels_fit(const vr_call *c, const vr_kernel *k)
{
    (void)k;
    const vr_value *deny = c->in[1] ? c->in[1] : c->in[0];
    return vr_fits_texels(c, c->in[0]) &&
           (uint64_t)vr_value_rows(deny) * vr_value_pitch(deny) <= c->limits->max_texel_elements;
}

static vireo_status launch(const vr_call *c, const vr_kernel *k, uint32_t wg, vr_launches *l)
{
    (void)k;
    const vr_value *scores = c->in[0], *deny = c->in[1];
    const vr_extent x = vr_extent_of(scores);
    struct vr_push_top_k push = {.rows = x.rows,
                                 .symbol = x.symbol,
                                 .width = x.width,
                                 .k = c->at.top_k.k,
                                 .has_deny = deny != NULL,
                                 .pitch = vr_value_pitch(scores) / 4,
                                 .list = (uint32_t)list_quads(c)};
    if (deny && (deny->symbol != VR_NO_SYMBOL || vr_value_rows(deny) > 1))
        push.deny_pitch = vr_value_pitch(deny);
    const uint64_t rows = (uint64_t)vr_value_rows_now(scores);
    vireo_status st = vr_launch_one(l, &push, sizeof push, rows);
    if (st)
        return st;
    push.phase = 1;
    return vr_launch_one(l, &push, sizeof push, rows * vr_ceil_div(vr_value_pitch(c->out[0]), wg));
}

static const vr_kernel kernels[] = {
    {.name = "subgroup",
     .shader = "top_k.comp",
     .defines = "#define VR_SUBGROUP 1\n#define VR_TEXEL 1\n",
     .needs = VR_NEEDS_SUBGROUP_ARITHMETIC,
     .workgroup = VR_WORKGROUP_SUBGROUP,
     .fits = texels_fit,
     .scratch = scratch,
     .launch = launch,
     .binds = {{VR_IN0, VR_TEXEL_VEC4},
               {VR_IN1, VR_TEXEL_INT},
               {VR_OUT0, VR_STORAGE},
               {VR_OUT1, VR_STORAGE},
               {VR_SCRATCH, VR_STORAGE},
               {VR_STEP, VR_UNIFORM}}},
    {.name = "subgroup_storage",
     .shader = "top_k.comp",
     .defines = "#define VR_SUBGROUP 1\n#define VR_TEXEL 0\n",
     .needs = VR_NEEDS_SUBGROUP_ARITHMETIC,
     .workgroup = VR_WORKGROUP_SUBGROUP,
     .scratch = scratch,
     .launch = launch,
     .binds = {{VR_IN0, VR_STORAGE},
               {VR_IN1, VR_STORAGE},
               {VR_OUT0, VR_STORAGE},
               {VR_OUT1, VR_STORAGE},
               {VR_SCRATCH, VR_STORAGE},
               {VR_STEP, VR_UNIFORM}}},
    {.name = "workgroup",
     .shader = "top_k.comp",
     .defines = "#define VR_SUBGROUP 0\n#define VR_TEXEL 0\n",
     .workgroup = VR_WORKGROUP_64,
     .scratch = scratch,
     .launch = launch,
     .binds = {{VR_IN0, VR_STORAGE},
               {VR_IN1, VR_STORAGE},
               {VR_OUT0, VR_STORAGE},
               {VR_OUT1, VR_STORAGE},
               {VR_SCRATCH, VR_STORAGE},
               {VR_STEP, VR_UNIFORM}}},
};

const vr_op vr_op_top_k = {.name = "top_k",
                           .min_in = 1,
                           .max_in = 2,
                           .n_out = 2,
                           .dense_in = 1u << 1,
                           .infer = infer,
                           .reference = reference,
                           .kernels = kernels,
                           .n_kernels = sizeof kernels / sizeof *kernels};
