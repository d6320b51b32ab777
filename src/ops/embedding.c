/* SPDX-License-Identifier: Apache-2.0
 * Rows of a table by index. A table larger than a binding is bound slab by slab, a dispatch each.
 */
#include "ops/check.h"
#include "ops/rows.h"
#include <string.h>

enum { STEPS = 4 };       /* rows a workgroup, if loops allow; VR_STEPS in the shader */
enum { LANES_FROM = 16 }; /* so many rows keep the lanes of two workgroups busy */

static vireo_status infer(const vr_call *c, vireo_error *err)
{
    const vr_value *table = c->in[0], *ids = c->in[1];
    vireo_status st = vr_want_dtype(c, 0, VIREO_F32, err);
    if (!st)
        st = vr_want_dtype(c, 1, VIREO_I32, err);
    if (!st)
        st = vr_want_rank(c, 0, 2, 2, err);
    if (!st)
        st = vr_want_rank(c, 1, 1, 1, err);
    if (st)
        return st;
    vr_value *out = c->out[0];
    out->dtype = VIREO_F32;
    out->rank = 2;
    out->shape[0] = ids->shape[0];
    out->shape[1] = table->shape[1];
    out->symbol = ids->symbol;
    return VIREO_OK;
}

static void reference(const vr_ref_args *r)
{
    const vr_value *table = r->call->in[0], *ids = r->call->in[1];
    int64_t n = vr_value_width(table);
    for (int64_t i = 0; i < ids->count; i++) {
        double id = r->in[1][i];
        for (int64_t j = 0; j < n; j++)
            r->out[0][i * n + j] =
                id >= 0.0 && id < (double)table->count ? r->in[0][(int64_t)id * n + j] : 0.0;
    }
}

/* Iterations of an invocation for a row that `lanes` share. */
static uint64_t loops_of(const vr_call *c, uint32_t lanes)
{
    return 1 + vr_ceil_div(vr_value_pitch(c->out[0]) / 4, lanes);
}

static uint32_t steps_of(const vr_call *c, uint32_t wg)
{
    return vr_loops_fit(c, STEPS * loops_of(c, wg)) ? STEPS : 1;
}

static bool team_loops_fit(const vr_call *c, const vr_kernel *k)
{
    return vr_loops_fit(c, loops_of(c, vr_kernel_workgroup(k, c->limits)));
}

static bool texels_fit(const vr_call *c, const vr_kernel *k)
{
    return vr_table_fits_texels(c, k) && team_loops_fit(c, k);
}

static bool slabs_fit(const vr_call *c, const vr_kernel *k)
{
    return vr_table_fits(c, k, VR_IN0) && team_loops_fit(c, k);
}

static bool lane_texels_fit(const vr_call *c, const vr_kernel *k)
{
    return vr_table_fits_texels(c, k) && vr_loops_fit(c, loops_of(c, 1));
}

static bool lane_slabs_fit(const vr_call *c, const vr_kernel *k)
{
    return vr_table_fits(c, k, VR_IN0) && vr_loops_fit(c, loops_of(c, 1));
}

/* On a CPU lanes far apart cost nothing, and the ids of a workgroup are read together. */
static bool lanes_pay(const vr_call *c, const vr_kernel *k)
{
    (void)k;
    return c->limits->type == VIREO_DEVICE_CPU && vr_value_rows(c->out[0]) >= LANES_FROM;
}

/* Rows of a lane, if loops allow. */
static uint32_t lane_steps(const vr_call *c, uint32_t wg)
{
    enum { MANY = 8 };
    const bool loops = vr_loops_fit(c, MANY * loops_of(c, 1));
    return loops ? vr_steps(c, (uint64_t)vr_value_rows(c->out[0]) / wg, 1, MANY) : 1;
}

static void define_lanes(const vr_call *c, const vr_kernel *k, vr_str *s)
{
    vr_define_dtype(c->in[0], s);
    vr_str_addf(s, "#define VR_LANES 1\n#define VR_STEPS %u\n", lane_steps(c, vr_kernel_workgroup(k, c->limits)));
}

static void define_teams(const vr_call *c, const vr_kernel *k, vr_str *s)
{
    vr_define_dtype(c->in[0], s);
    vr_str_addf(s, "#define VR_LANES 0\n#define VR_STEPS %u\n",
                steps_of(c, vr_kernel_workgroup(k, c->limits)));
}

static struct vr_push_embedding push_of(const vr_call *c)
{
    const vr_extent table = vr_extent_of(c->in[0]), out = vr_extent_of(c->out[0]);
    return (struct vr_push_embedding){.rows = out.rows,
                                      .symbol = out.symbol,
                                      .table_rows = table.rows,
                                      .table_symbol = table.symbol,
                                      .quads = vr_value_pitch(c->out[0]) / 4,
                                      .pitch = vr_table_pitch(c->in[0]),
                                      .count = (uint32_t)vr_value_rows(c->in[0])};
}

/* per_group: rows. */
static vireo_status launch(const vr_call *c, const vr_kernel *k, uint32_t per_group, vr_launches *l)
{
    struct vr_push_embedding push = push_of(c);
    const vr_value *out = c->out[0];
    const double bytes = 2.0 * (double)vr_value_row_bytes(out);
    const uint32_t rows = (uint32_t)vr_value_rows(c->in[0]), step = vr_table_step(c, k, VR_IN0);
    do {
        const size_t begin = l->count;
        push.count = rows - push.first < step ? rows - push.first : step;
        vireo_status st =
            vr_launch_ranges(c, l, &push, sizeof push, (uint64_t)vr_value_rows(out),
                             (uint64_t)vr_value_rows_now(out), bytes, 1, per_group);
        if (st)
            return st;
        for (size_t i = begin; i < l->count; i++)
            vr_cut_table(c, k, VR_IN0, push.first, push.count, &l->list[i]);
        push.first += push.count;
    } while (push.first < rows);
    return VIREO_OK;
}

static vireo_status launch_lanes(const vr_call *c, const vr_kernel *k, uint32_t wg, vr_launches *l)
{
    return launch(c, k, wg * lane_steps(c, wg), l);
}

static vireo_status launch_teams(const vr_call *c, const vr_kernel *k, uint32_t wg, vr_launches *l)
{
    return launch(c, k, steps_of(c, wg), l);
}

#define EMBEDDING_KERNEL(label, team, texel, access, fit, ...)                                     \
    {                                                                                              \
        .name = label, .order = 1, .shader = "embedding.comp",                                     \
        .defines = "#define VR_TEXEL " texel "\n", .workgroup = VR_WORKGROUP_SUBGROUP,             \
        .fits = fit, .define = define_##team, .launch = launch_##team, __VA_ARGS__                 \
        .binds = {{VR_IN0, access},                                                                \
                  {VR_IN1, VR_STORAGE},                                                            \
                  {VR_OUT0, VR_STORAGE},                                                           \
                  {VR_STEP, VR_UNIFORM},                                                           \
                  {VR_FAULT, VR_STORAGE}}                                                          \
    }

static const vr_kernel kernels[] = {
    EMBEDDING_KERNEL("row", lanes, "1", VR_TEXEL_VEC4, lane_texels_fit, .pays = lanes_pay, ),
    EMBEDDING_KERNEL("row_packed", lanes, "1", VR_TEXEL_UVEC4, lane_texels_fit, .pays = lanes_pay, ),
    EMBEDDING_KERNEL("row_storage", lanes, "0", VR_STORAGE, lane_slabs_fit, .pays = lanes_pay, ),
    EMBEDDING_KERNEL("texel", teams, "1", VR_TEXEL_VEC4, texels_fit, ),
    EMBEDDING_KERNEL("packed", teams, "1", VR_TEXEL_UVEC4, texels_fit, ),
    EMBEDDING_KERNEL("storage", teams, "0", VR_STORAGE, slabs_fit, )};

static void explain(const vr_call *c, const uint32_t *words, vr_str *s)
{
    vr_explain_ids(s, "ids", words, c->in[0]->count);
}

static const vr_check checks[] = {
    {.in = {VR_IN_F32(50, 33), VR_IN_WORDS(VR_FILL_IDS, 0, 1, 37)}},
    {.in = {VR_IN_F16(64, 36), VR_IN_IDS(20, 0)}},
    {.in = {VR_IN_OF(VIREO_Q8_0, 30, 288), VR_IN_IDS(20, 0)}},
    {.in = {VR_IN_OF(VIREO_Q4_0, 30, 64), VR_IN_IDS(20, 0)}},
    {.in = {VR_IN_OF(VIREO_BF16, 30, 20), VR_IN_IDS(20, 0)}},
};

const vr_op vr_op_embedding = {.name = "embedding",
                               .min_in = 2,
                               .max_in = 2,
                               .n_out = 1,
                               .f16_in = 1u << 0,
                               .packed_in = 1u << 0,
                               .table = true,
                               .explain = explain,
                               .infer = infer,
                               .reference = reference,
                               .kernels = kernels,
                               .n_kernels = sizeof kernels / sizeof *kernels,
                               VR_CHECKS(checks)};
