/* SPDX-License-Identifier: Apache-2.0
 * Rows of a matrix replaced by others, or others added to them. First each row learns how many ids name it
 * and which are the first and the last (order-free atomics), then each row is written once: the same bits
 * every time. */
#include "ops/check.h"
#include "ops/rows.h"
#include <string.h>

enum { X, IDS, UPDATES };
enum { STEPS = 8 }; /* what a lane takes: words to clear, quads to write; VR_STEPS in the shaders */

static vireo_status infer(const vr_call *c, vireo_error *err)
{
    const vr_value *x = c->in[X], *ids = c->in[IDS], *updates = c->in[UPDATES];
    vireo_status st = vr_want_dtype(c, X, VIREO_F32, err);
    if (!st)
        st = vr_want_dtype(c, IDS, VIREO_I32, err);
    if (!st)
        st = vr_want_dtype(c, UPDATES, VIREO_F32, err);
    if (!st)
        st = vr_want_rank(c, X, 2, 2, err);
    if (!st)
        st = vr_want_rank(c, IDS, 1, 1, err);
    if (!st)
        st = vr_want_rank(c, UPDATES, 2, 2, err);
    if (!st && c->at.scatter.op > VIREO_SCATTER_ADD)
        st = vr_bad(c, err, "operation %d is not one of vireo_scatter", (int)c->at.scatter.op);
    if (!st && (updates->shape[0] != ids->shape[0] || updates->symbol != ids->symbol ||
                updates->shape[1] != x->shape[1])) {
        char a[128], b[128], d[128];
        vr_value_text(x, a, sizeof a);
        vr_value_text(ids, b, sizeof b);
        vr_value_text(updates, d, sizeof d);
        st = vr_bad(c, err, "updates is %s, it must have a row for each id of %s, as wide as %s", d, b,
                    a);
    }
    if (st)
        return st;
    vr_shape_like(c, X, c->out[0]);
    return VIREO_OK;
}

static void reference(const vr_ref_args *r)
{
    const int64_t rows = r->call->in[X]->count, n = vr_value_width(r->call->in[X]);
    if (rows * n > 0)
        memcpy(r->out[0], r->in[X], (size_t)(rows * n) * sizeof(double));
    for (int64_t i = 0; i < r->call->in[IDS]->count; i++)
        for (int64_t j = 0; j < n; j++) {
            double *y = &r->out[0][(int64_t)r->in[IDS][i] * n + j], u = r->in[UPDATES][i * n + j];
            *y = r->call->at.scatter.op == VIREO_SCATTER_ADD ? *y + u : u; /* −0 stays −0 */
        }
}

/* To add, a lane may have to look at every id for each quad that it writes, so many at a step. */
static uint32_t search_of(const vr_call *c)
{
    const bool one = c->at.scatter.op == VIREO_SCATTER_SET ||
                     vr_loops_fit(c, (uint64_t)vr_value_width(c->in[IDS]) + 1);
    return one ? 1 : VR_UNROLL;
}

/* Iterations of a lane that writes so many quads. */
static uint64_t iterations(const vr_call *c, uint32_t steps)
{
    const bool add = c->at.scatter.op == VIREO_SCATTER_ADD;
    return steps * (add ? vr_ceil_div((uint64_t)vr_value_width(c->in[IDS]), search_of(c)) + 1 : 1);
}

static uint32_t steps_of(const vr_call *c)
{
    uint32_t steps = STEPS;
    while (steps > 1 && !vr_loops_fit(c, iterations(c, steps)))
        steps /= 2;
    return steps;
}

static bool loops_fit(const vr_call *c, const vr_kernel *k)
{
    (void)k;
    return vr_loops_fit(c, iterations(c, 1));
}

static bool texels_fit(const vr_call *c, const vr_kernel *k)
{
    return loops_fit(c, k) && vr_fits_texels(c, c->in[X]);
}

static void define_write(const vr_call *c, const vr_kernel *k, vr_str *s)
{
    (void)k;
    vr_str_addf(s, "#define VR_ADD %d\n#define VR_STEPS %u\n#define VR_SEARCH %u\n",
                c->at.scatter.op == VIREO_SCATTER_ADD, (unsigned)steps_of(c), (unsigned)search_of(c));
}

/* For each row: how many ids name it, which is the first and which the last. Then the ids, so that the
 * second program needs no binding for them. */
static uint64_t scratch(const vr_call *c, const vr_kernel *k)
{
    (void)k;
    return (uint64_t)vr_value_rows(c->in[X]) * 12 + (uint64_t)vr_value_width(c->in[IDS]) * 4;
}

static vireo_status launch(const vr_call *c, const vr_kernel *k, uint32_t wg, vr_launches *l)
{
    const vr_value *x = c->in[X];
    const vr_extent ids = vr_extent_of(c->in[IDS]);
    const uint32_t rows = (uint32_t)vr_value_rows(x);
    struct vr_push_scatter push = {.x = vr_extent_of(x),
                                   .ids = ids.width,
                                   .ids_symbol = ids.width_symbol,
                                   .firsts = rows,
                                   .lasts = 2 * rows,
                                   .ids_at = 3 * rows,
                                   .u_pitch = vr_value_pitch(c->in[UPDATES]) / 4};
    const uint64_t n = (uint64_t)c->in[IDS]->count;
    for (push.phase = 0; push.phase < 2; push.phase++)
        if (!vr_launch(l, &push, sizeof push,
                       push.phase == 0 ? vr_ceil_div(3 * rows, wg * STEPS) : vr_ceil_div(n, wg), 1))
            return VIREO_ERROR_OUT_OF_MEMORY;
    /* The rows are cut by what the second program binds; its binding 0 is x, 3 the result. */
    const size_t first = l->count;
    vireo_status st =
        vr_launch_slabs(c, k->second, l, x, VR_ROWS(VR_IN0) | VR_ROWS(VR_OUT0), &push, sizeof push,
                        vr_row_quads_now(x), wg * steps_of(c));
    for (size_t i = first; !st && i < l->count; i++)
        l->list[i].second = true;
    return st;
}

static void explain(const vr_call *c, const uint32_t *words, vr_str *s)
{
    vr_explain_ids(s, "ids", words, c->in[X]->count);
}

#define WRITE(texel, access)                                                                       \
    {                                                                                              \
        .name = "write", .shader = "scatter_rows.comp",                                            \
        .defines = "#define VR_TEXEL " texel "\n", .define = define_write,                            \
        .binds = {{VR_IN0, access}, {VR_SCRATCH, VR_STORAGE}, {VR_IN2, VR_STORAGE},                \
                  {VR_OUT0, VR_STORAGE}, {VR_STEP, VR_UNIFORM}}                                    \
    }
static const vr_kernel write_texels = WRITE("1", VR_TEXEL_UVEC4), write_storage = WRITE("0", VR_STORAGE);

#define MARK(label, fit, write)                                                                    \
    {                                                                                              \
        .name = label, .order = 1, .shader = "scatter_mark.comp",                                  \
        .defines = "#define VR_STEPS 8\n",                                                         \
        .workgroup = VR_WORKGROUP_SUBGROUP, .fits = fit, .scratch = scratch, .launch = launch,     \
        .second = &(write),                                                                        \
        .binds = {{VR_IN1, VR_STORAGE}, {VR_SCRATCH, VR_STORAGE}, {VR_FAULT, VR_STORAGE},          \
                  {VR_STEP, VR_UNIFORM}}                                                           \
    }
static const vr_kernel kernels[] = {MARK("texel", texels_fit, write_texels),
                                    MARK("storage", loops_fit, write_storage)};

static const vr_check checks[] = {
    {.at.scatter = {.op = VIREO_SCATTER_ADD},
     .in = {VR_IN_ROWS(1, 37, 33), VR_IN_IDS(50, 0), VR_IN_F32(50, 33)}},
    {.at.scatter = {.op = VIREO_SCATTER_SET},
     .in = {VR_IN_F32(9, 64), VR_IN_WORDS(VR_FILL_IDS, 0, 1, 5), VR_IN_ROWS(1, 5, 64)}},
};

const vr_op vr_op_scatter_rows = {.name = "scatter_rows",
                                  .min_in = 3,
                                  .max_in = 3,
                                  .n_out = 1,
                                  .explain = explain,
                                  .infer = infer,
                                  .reference = reference,
                                  .kernels = kernels,
                                  .n_kernels = sizeof kernels / sizeof *kernels,
                                  VR_CHECKS(checks)};
