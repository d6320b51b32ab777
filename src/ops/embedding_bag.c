/* SPDX-License-Identifier: Apache-2.0
 * Sums or means of rows of a table, bag by bag (PyTorch's EmbeddingBag with include_last_offset). A table
 * larger than a binding is bound slab by slab; the sums go on in the result. */
#include "ops/check.h"
#include "ops/rows.h"

enum { TABLE, IDS, OFFSETS, WEIGHTS };

static vireo_status infer(const vr_call *c, vireo_error *err)
{
    static const vireo_dtype dtypes[] = {VIREO_F32, VIREO_I32, VIREO_I32, VIREO_F32};
    vireo_status st = VIREO_OK;
    for (uint32_t i = 0; i < 4 && !st; i++) {
        st = vr_want_dtype(c, i, dtypes[i], err);
        if (!st)
            st = vr_want_rank(c, i, i == TABLE ? 2 : 1, i == TABLE ? 2 : 1, err);
    }
    if (!st && c->at.bag.op > VIREO_BAG_MEAN)
        st = vr_bad(c, err, "operation %d is not one of vireo_bag", (int)c->at.bag.op);
    if (!st && c->in[WEIGHTS] && !vr_value_same_shape(c->in[WEIGHTS], c->in[IDS]))
        st = vr_bad(c, err, "weights must have the shape of ids");
    const vr_value *offsets = c->in[OFFSETS];
    if (!st && offsets->symbol == VR_NO_SYMBOL && offsets->shape[0] == 0)
        st = vr_bad(c, err, "offsets is empty, it must have one element more than bags");
    if (st)
        return st;
    vr_value *out = c->out[0];
    out->dtype = VIREO_F32;
    out->rank = 2;
    out->shape[0] = offsets->shape[0] > 0 ? offsets->shape[0] - 1 : 0;
    out->shape[1] = c->in[TABLE]->shape[1];
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
    const int64_t n = vr_value_width(r->call->in[TABLE]), ids = r->call->in[IDS]->count;
    for (int64_t bag = 0; bag < r->call->out[0]->count; bag++) {
        const int64_t begin = clamp(r->in[OFFSETS][bag], 0, ids);
        const int64_t end = clamp(r->in[OFFSETS][bag + 1], begin, ids);
        for (int64_t j = 0; j < n; j++) {
            double sum = 0;
            for (int64_t i = begin; i < end; i++)
                sum += r->in[TABLE][(int64_t)r->in[IDS][i] * n + j] *
                       (r->in[WEIGHTS] ? r->in[WEIGHTS][i] : 1.0);
            if (r->call->at.bag.op == VIREO_BAG_MEAN && end > begin)
                sum /= (double)(end - begin);
            r->out[0][bag * n + j] = sum;
        }
    }
}

static bool loops_fit(const vr_call *c, const vr_kernel *k)
{
    (void)k;
    return vr_loops_fit(c, vr_ceil_div((uint64_t)vr_value_width(c->in[IDS]), VR_UNROLL));
}

/* Offsets and weights as storage buffers; the narrow kernel has texel views of them. */
static bool lists_fit(const vr_call *c, const vr_kernel *k)
{
    const uint64_t most = c->limits->max_storage_binding_bytes;
    return loops_fit(c, k) && vr_value_bytes(c->in[OFFSETS]) <= most &&
           (!c->in[WEIGHTS] || vr_value_bytes(c->in[WEIGHTS]) <= most);
}

static bool table_fits(const vr_call *c, const vr_kernel *k)
{
    return lists_fit(c, k) && vr_table_fits(c, k, VR_IN0);
}

static bool texels_fit(const vr_call *c, const vr_kernel *k)
{
    return lists_fit(c, k) && vr_table_fits_texels(c, k);
}

static bool narrow_fits(const vr_call *c, const vr_kernel *k)
{
    return loops_fit(c, k) &&
           (uint64_t)vr_value_width(c->in[OFFSETS]) <= c->limits->max_texel_elements - 4 &&
           (!c->in[WEIGHTS] || vr_fits_texels(c, c->in[WEIGHTS]));
}

/* Quads of a lane, VR_SPAN in the shader. Of storage buffers, each step of which costs SwiftShader much,
 * the fewest steps; texels are fetched as fast one by one, and of blocks one is enough to unpack. */
static uint32_t span_of(const vr_call *c, const vr_kernel *k)
{
    const uint32_t wg = vr_kernel_workgroup(k, c->limits);
    const bool one = k->binds[0].access != VR_STORAGE || vr_is_packed(c->in[TABLE]->dtype);
    return one ? 1 : vr_row_span(c->out[0], wg);
}

static void define(const vr_call *c, const vr_kernel *k, vr_str *s)
{
    const bool cut = vr_table_step(c, k, VR_IN0) < (uint64_t)vr_value_rows(c->in[TABLE]);
    if (k->binds[0].access != VR_TEXEL_VEC4) /* whose format converts halves */
        vr_define_dtype(c->in[TABLE], s);
    vr_str_addf(s, "#define VR_SPAN %u\n#define VR_CUT %d\n#define VR_WEIGHTS %d\n", span_of(c, k), cut,
                c->in[WEIGHTS] != NULL);
}

static vireo_status launch(const vr_call *c, const vr_kernel *k, uint32_t wg, vr_launches *l)
{
    const vr_value *table = c->in[TABLE];
    const vr_extent ids = vr_extent_of(c->in[IDS]), out = vr_extent_of(c->out[0]);
    const vr_extent of = vr_extent_of(table);
    struct vr_push_bag push = {.ids = ids.width,
                               .ids_symbol = ids.width_symbol,
                               .table_rows = of.rows,
                               .table_symbol = of.symbol,
                               .bags = out.rows,
                               .symbol = out.symbol,
                               .quads = vr_value_pitch(c->out[0]) / 4,
                               .pitch = vr_table_pitch(table),
                               .mean = c->at.bag.op == VIREO_BAG_MEAN};
    const uint32_t rows = (uint32_t)vr_value_rows(table);
    const uint32_t step = vr_table_step(c, k, VR_IN0);
    const uint64_t bags = (uint64_t)vr_value_rows(c->out[0]);
    /* As if the ids were spread evenly: how they are is not known here. */
    const double ids_each = (double)vr_value_width(c->in[IDS]) / (double)(bags ? bags : 1);
    const double bytes =
        ids_each * (double)vr_value_row_bytes(table) + (double)vr_value_row_bytes(c->out[0]);
    do {
        const size_t begin = l->count;
        push.count = rows - push.first < step ? rows - push.first : step;
        vireo_status st = vr_launch_ranges(c, l, &push, sizeof push, bags,
                                           (uint64_t)vr_value_rows_now(c->out[0]), bytes,
                                           vr_ceil_div(push.quads, (uint64_t)wg * span_of(c, k)), 1);
        if (st)
            return st;
        for (size_t i = begin; i < l->count; i++)
            vr_cut_table(c, k, VR_IN0, push.first, push.count, &l->list[i]);
        push.first += push.count;
    } while (push.first < rows);
    return VIREO_OK;
}

static void explain(const vr_call *c, const uint32_t *words, vr_str *s)
{
    vr_explain_ids(s, "ids", words, c->in[TABLE]->count);
}

#define BINDS(table, offsets, weights)                                                             \
    {                                                                                              \
        {VR_IN0, table}, {VR_IN1, VR_STORAGE}, {VR_IN2, offsets}, {VR_IN3, weights},               \
            {VR_OUT0, VR_STORAGE}, {VR_STEP, VR_UNIFORM}, {VR_FAULT, VR_STORAGE}                   \
    }
static const vr_kernel kernels[] = {
    {.name = "texel", .shader = "embedding_bag.comp",
     .defines = "#define VR_TEXEL 1\n#define VR_NARROW 0\n", .workgroup = VR_WORKGROUP_SUBGROUP,
     .fits = texels_fit, .define = define, .launch = launch,
     .binds = BINDS(VR_TEXEL_VEC4, VR_STORAGE, VR_STORAGE)},
    {.name = "packed", .shader = "embedding_bag.comp",
     .defines = "#define VR_TEXEL 1\n#define VR_NARROW 0\n", .workgroup = VR_WORKGROUP_SUBGROUP,
     .fits = texels_fit, .define = define, .launch = launch,
     .binds = BINDS(VR_TEXEL_UVEC4, VR_STORAGE, VR_STORAGE)},
    {.name = "storage", .shader = "embedding_bag.comp",
     .defines = "#define VR_TEXEL 0\n#define VR_NARROW 0\n", .workgroup = VR_WORKGROUP_SUBGROUP,
     .fits = table_fits, .define = define, .launch = launch,
     .binds = BINDS(VR_STORAGE, VR_STORAGE, VR_STORAGE)},
    {.name = "narrow", .shader = "embedding_bag.comp",
     .defines = "#define VR_TEXEL 0\n#define VR_NARROW 1\n", .workgroup = VR_WORKGROUP_SUBGROUP,
     .fits = narrow_fits, .define = define, .launch = launch,
     .binds = BINDS(VR_STORAGE, VR_TEXEL_INT, VR_TEXEL_VEC4)},
};

static const vr_check checks[] = {
    {.at.bag = {.op = VIREO_BAG_MEAN},
     .in = {VR_IN_F32(50, 33), VR_IN_WORDS(VR_FILL_IDS, 0, 1, 37),
            VR_IN_WORDS(VR_FILL_OFFSETS, 1, 2, 6)}},
    {.at.bag = {.op = VIREO_BAG_SUM},
     .in = {VR_IN_F16(64, 36), VR_IN_IDS(20, 0), VR_IN_OFFSETS(4, 1), VR_IN_F32(20)}},
    {.at.bag = {.op = VIREO_BAG_SUM},
     .in = {VR_IN_OF(VIREO_Q8_0, 30, 96), VR_IN_IDS(20, 0), VR_IN_OFFSETS(4, 1)}},
};

static double flops(const vr_call *c, const vr_host_ints host)
{
    (void)host;
    return (c->in[3] ? 2.0 : 1.0) * (double)c->in[1]->count * (double)vr_value_width(c->in[0]);
}

const vr_op vr_op_embedding_bag = {
    .flops = flops,
    .effort = 40, /* each reads 4 bytes, from anywhere: the table's are counted but once */
    .table = true,
    .name = "embedding_bag", .min_in = 3, .max_in = 4, .n_out = 1, .f16_in = 1u << TABLE,
    .packed_in = 1u << TABLE,
    .explain = explain, .infer = infer, .reference = reference, .kernels = kernels,
    .n_kernels = sizeof kernels / sizeof *kernels,
    VR_CHECKS(checks)};
