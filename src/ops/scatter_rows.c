/* SPDX-License-Identifier: Apache-2.0
 * Rows of a matrix replaced by others, or others added to them. First each row learns which ids name it: to
 * replace the last one, to add all of them, for which the ids are sorted by row, then place (a merge sort:
 * the many alike that clicks on popular items give cost no more than others). Then each row is written once,
 * its updates added in the order of the ids: the same bits every time. Very many are added part by part, each
 * part by a dispatch over the rows: all may be one row's, which few lanes add up one after the other. */
#include "ops/check.h"
#include "ops/rows.h"
#include <math.h>
#include <string.h>

enum { X, IDS, UPDATES };
enum { STEPS = 8 }; /* words that a lane clears; VR_STEPS in scatter_find.comp */
enum { SORT = 32 }; /* neighbouring ids, a power of 2, that are sorted before any are merged */

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

static bool adds(const vr_call *c)
{
    return c->at.scatter.op == VIREO_SCATTER_ADD;
}

/* How many updates a part has; to replace, all of them. Those to be added may be one row's: each counts as a
 * microsecond at least. */
static uint32_t part_of(const vr_call *c)
{
    const uint32_t all = (uint32_t)vr_value_width(c->in[IDS]), us = c->limits->dispatch_us;
    if (!adds(c))
        return all;
    const double in_time =
        vr_dispatch_bytes(c->limits) / fmax((double)vr_value_row_bytes(c->in[UPDATES]), 1);
    const double in_loops = 0.5 * VR_UNROLL * c->limits->max_loop_iterations;
    const double most = fmin(fmin(us ? us : in_time, in_time), in_loops);
    return most < all ? (uint32_t)fmax(most, 1) : all;
}

/* All updates of a part may be added by one lane: so many an iteration. */
static uint32_t adds_a_step(const vr_call *c)
{
    return !adds(c) || vr_loops_fit(c, part_of(c) + 1ull) ? 1 : VR_UNROLL;
}

/* Iterations of a lane that takes so many quads, all of the row that has all updates of a part. */
static uint64_t iterations(const vr_call *c, uint32_t steps)
{
    return steps * (adds(c) ? vr_ceil_div(part_of(c), adds_a_step(c)) + 1 : 1);
}

static uint32_t steps_of(const vr_call *c, uint32_t wg)
{
    uint32_t steps = vr_quad_steps(c, wg);
    while (steps > 1 && !vr_loops_fit(c, iterations(c, steps)))
        steps /= 2;
    return steps;
}

static bool texels_fit(const vr_call *c, const vr_kernel *k)
{
    (void)k;
    return vr_fits_texels(c, c->in[X]);
}

static void define_find(const vr_call *c, const vr_kernel *k, vr_str *s)
{
    (void)k;
    vr_str_addf(s, "#define VR_ADD %d\n#define VR_STEPS %d\n#define VR_SORT %d\n", adds(c), STEPS, SORT);
}

static void define_write(const vr_call *c, const vr_kernel *k, vr_str *s)
{
    vr_str_addf(s, "#define VR_ADD %d\n#define VR_PARTS %d\n#define VR_STEPS %u\n#define VR_ADDS %u\n", adds(c),
                part_of(c) < vr_value_width(c->in[IDS]),
                (unsigned)steps_of(c, vr_kernel_workgroup(k, c->limits)), (unsigned)adds_a_step(c));
}

/* An end for each row; to add, a beginning, too, and two lists of the ids' rows and places. */
static uint64_t scratch(const vr_call *c, const vr_kernel *k)
{
    (void)k;
    const uint64_t rows = (uint64_t)vr_value_rows(c->in[X]), ids = (uint64_t)vr_value_width(c->in[IDS]);
    return adds(c) ? rows * 8 + ids * 16 : rows * 4;
}

/* Comparisons of an id in a phase: each, from anywhere, counts as so many bytes, a quarter above SwiftShader's time. */
enum { LOOK_BYTES = 12 };

/* With another id's row, to find a place in a sorted run of so many: as many halvings. */
static uint32_t looks_of(uint64_t run)
{
    uint32_t looks = 1;
    for (; run > 1; run /= 2)
        looks++;
    return looks;
}

static uint32_t all_looks(const vr_call *c)
{
    uint32_t looks = SORT;
    for (uint64_t run = SORT; run < (uint64_t)vr_value_width(c->in[IDS]); run *= 2)
        looks += looks_of(run);
    return looks;
}

/* Additions, and what the sort compares; to replace as if all updates were read. */
static double flops(const vr_call *c, const vr_host_ints host)
{
    (void)host;
    const double each = adds(c) ? all_looks(c) : 1;
    return (double)c->in[IDS]->count * (each + (double)vr_value_width(c->in[X]));
}

typedef struct finding {
    const vr_call *call;
    struct vr_push_scatter_find push;
    uint32_t wg;
    vr_launches *out;
} finding;

static vireo_status launch_ids(finding *f, uint32_t phase, uint32_t looks)
{
    const vr_value *ids = f->call->in[IDS];
    f->push.phase = phase;
    return vr_launch_ranges(f->call, f->out, &f->push, sizeof f->push, f->push.most, (uint64_t)ids->count,
                            (double)looks * LOOK_BYTES, 1, f->wg);
}

static vireo_status launch_find(finding *f)
{
    enum { CLEAR, FIRST, MERGE, EDGES };
    struct vr_push_scatter_find *p = &f->push;
    p->phase = CLEAR;
    vireo_status st = vr_launch_ranges(f->call, f->out, p, sizeof *p, p->begins, p->begins, sizeof(uint32_t),
                                       1, (uint64_t)f->wg * STEPS);
    if (!st)
        st = launch_ids(f, FIRST, SORT);
    if (st || !adds(f->call))
        return st;
    for (p->run = SORT;; p->run *= 2) {
        const uint32_t written = p->to;
        p->to = p->from;
        p->from = written;
        if (st || p->run >= p->most)
            break;
        st = launch_ids(f, MERGE, looks_of(p->run));
    }
    return st ? st : launch_ids(f, EDGES, 1);
}

/* The rows are cut by what the second program binds; its binding 0 is x, 3 the result. */
static vireo_status launch_parts(const vr_call *c, const vr_kernel *k, uint32_t wg, vr_launches *l,
                                 struct vr_push_scatter *p)
{
    const vr_value *x = c->in[X];
    const uint32_t rows = (uint32_t)vr_value_rows(x), part = p->part.end;
    /* As if the ids were spread evenly: how they are is not known here. */
    const double updates = (double)part * (double)vr_value_row_bytes(c->in[UPDATES]) / (rows ? rows : 1);
    const size_t first = l->count;
    vireo_status st = VIREO_OK;
    do {
        const uint64_t now = p->part.first && p->part.first >= vr_value_width_now(c->in[IDS]) ? 0 : vr_row_quads_now(x);
        st = vr_launch_slabs_beside(c, k->second, l, x, VR_ROWS(VR_IN0) | VR_ROWS(VR_OUT0), updates, p, sizeof *p,
                                    now, (uint64_t)wg * steps_of(c, wg));
        p->part.first = p->part.end;
        p->part.end = p->most - p->part.first < part ? p->most : p->part.first + part;
    } while (!st && p->part.first < p->most);
    for (size_t i = first; !st && i < l->count; i++)
        l->list[i].second = true;
    return st;
}

static vireo_status launch(const vr_call *c, const vr_kernel *k, uint32_t wg, vr_launches *l)
{
    const vr_extent all = vr_extent_of(c->in[X]), ids = vr_extent_of(c->in[IDS]);
    const uint32_t rows = (uint32_t)vr_value_rows(c->in[X]), most = (uint32_t)vr_value_width(c->in[IDS]);
    finding f = {.call = c, .wg = wg, .out = l};
    f.push = (struct vr_push_scatter_find){.rows = all.rows, .symbol = all.symbol, .ids = ids.width,
                                           .ids_symbol = ids.width_symbol, .begins = rows, .most = most,
                                           .from = 2 * rows, .to = 2 * rows + 2 * most};
    const vireo_status st = launch_find(&f);
    struct vr_push_scatter push = {.x = all, .part = {0, part_of(c)},
                                   .ids = ids.width, .ids_symbol = ids.width_symbol, .most = most,
                                   .u_pitch = vr_value_pitch(c->in[UPDATES]) / 4, .begins = rows,
                                   .places = f.push.from + most};
    return st ? st : launch_parts(c, k, wg, l, &push);
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

#define FIND(label, fit, write)                                                                    \
    {                                                                                              \
        .name = label, .order = 1, .shader = "scatter_find.comp", .define = define_find,           \
        .workgroup = VR_WORKGROUP_SUBGROUP, .fits = fit, .scratch = scratch, .launch = launch,     \
        .second = &(write),                                                                        \
        .binds = {{VR_IN1, VR_STORAGE}, {VR_SCRATCH, VR_STORAGE}, {VR_FAULT, VR_STORAGE},          \
                  {VR_STEP, VR_UNIFORM}}                                                           \
    }
static const vr_kernel kernels[] = {FIND("texel", texels_fit, write_texels),
                                    FIND("storage", NULL, write_storage)};

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
                                  .flops = flops,
                                  .effort = 100, /* the parts are few groups that take long: not submitted together */
                                  .explain = explain,
                                  .infer = infer,
                                  .reference = reference,
                                  .kernels = kernels,
                                  .n_kernels = sizeof kernels / sizeof *kernels,
                                  VR_CHECKS(checks)};
