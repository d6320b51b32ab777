/* SPDX-License-Identifier: Apache-2.0
 * Attention within each sequence of a packed batch, per head: softmax(scores) · v by online softmax
 * (Milakov and Gimelshein 2018), so no score ever leaves a lane, or Σ silu(score) · v. */
#include "ops/attention.h"
#include "ops/check.h"
#include "ops/rows.h"
#include <math.h>

/* Iterations of a lane's loops over keys in one dispatch, at most; of its other loops. */
enum { MOST_STEPS = 1 << 16, OTHER_STEPS = 1024 };
enum { MOST_PARTS = 256 }; /* dispatches for the sake of time: sequences may all be short */
/* Keys of a split: always as many, so that a sequence has the same bits in any batch and bucket. Splits of
 * a unit: they are read side by side. */
enum { SPLIT_KEYS = 128, STREAMS = 8 };
enum { MOST_QUERIES = 128 }; /* whose keys are split: a unit has all of them */
enum { SMALL_BUCKET = 16, MANY_KEYS = 128 }; /* where splitting pays */
enum { MOST_HEAD_DIM = 256, MOST_HEADS = 65535, MOST_WINDOW = 1 << 30 };

/* ---- Shapes -------------------------------------------------------------------------------- */

static vireo_status check_heads(const vr_call *c, uint32_t input, uint32_t heads, vireo_error *err)
{
    const int64_t width = vr_value_width(c->in[input]);
    if (heads < 1 || width % heads || width / heads < 1 || width / heads > MOST_HEAD_DIM)
        return vr_bad(c, err, "%u heads do not divide a width of %lld into 1 to %d each", heads,
                      (long long)width, MOST_HEAD_DIM);
    return VIREO_OK;
}

static bool same_rows(const vr_value *a, const vr_value *b)
{
    return a->shape[0] == b->shape[0] && a->symbol == b->symbol;
}

static vireo_status check_sizes(const vr_call *c, vireo_error *err)
{
    const uint32_t heads = c->at.attention.n_heads, kv_heads = c->at.attention.n_kv_heads;
    if (!same_rows(c->in[K], c->in[V]))
        return vr_bad(c, err, "k and v must have the same rows");
    if (!c->in[KEY_OFFSETS] && !same_rows(c->in[Q], c->in[K]))
        return vr_bad(c, err, "without offsets of their own, k and v must have the rows of q");
    if (c->in[KEY_OFFSETS] && !vr_value_same_shape(c->in[OFFSETS], c->in[KEY_OFFSETS]))
        return vr_bad(c, err, "key offsets must have the shape of the offsets");
    vireo_status st = check_heads(c, Q, heads, err);
    if (!st && heads > MOST_HEADS)
        st = vr_bad(c, err, "%u heads, allowed %d", heads, MOST_HEADS);
    if (!st && (kv_heads < 1 || heads % kv_heads))
        st = vr_bad(c, err, "%u key heads do not divide %u heads", kv_heads, heads);
    if (!st)
        st = check_heads(c, K, kv_heads, err);
    if (!st)
        st = check_heads(c, V, kv_heads, err);
    if (!st && vr_value_width(c->in[K]) / kv_heads != head_dim(c))
        st = vr_bad(c, err, "heads of q have %u elements, those of k %lld", head_dim(c),
                    (long long)(vr_value_width(c->in[K]) / kv_heads));
    return st;
}

static vireo_status check_bias(const vr_call *c, vireo_error *err)
{
    const vr_value *bias = c->in[BIAS];
    if (!bias)
        return VIREO_OK;
    const int64_t rows = bias->shape[0], heads = c->at.attention.n_heads;
    if (bias->symbol == VR_NO_SYMBOL && (rows == 1 || rows == heads) && bias->shape[1] % 2 == 1)
        return VIREO_OK;
    char text[128];
    vr_value_text(bias, text, sizeof text);
    return vr_bad(c, err, "bias is %s, it must have 1 or %lld rows and an odd width", text,
                  (long long)heads);
}

static bool is_number(float x, float lowest)
{
    return isfinite(x) && x >= lowest;
}

static vireo_status infer(const vr_call *c, vireo_error *err)
{
    vireo_status st = VIREO_OK;
    for (uint32_t i = 0; !st && i <= BIAS; i++) {
        const bool offsets = i == OFFSETS || i == KEY_OFFSETS;
        const uint32_t rank = offsets ? 1 : 2;
        st = vr_want_dtype(c, i, offsets ? VIREO_I32 : VIREO_F32, err);
        if (!st)
            st = vr_want_rank(c, i, rank, rank, err);
    }
    if (!st)
        st = check_sizes(c, err);
    if (!st)
        st = check_bias(c, err);
    if (!st && c->at.attention.window > MOST_WINDOW)
        st = vr_bad(c, err, "a window of %u keys, allowed 0 to %d", c->at.attention.window,
                    MOST_WINDOW);
    if (!st && !isfinite(c->at.attention.scale))
        st = vr_bad(c, err, "scale %g is not finite", (double)c->at.attention.scale);
    if (!st && !(is_number(c->at.attention.soft_cap, 0) && is_number(c->at.attention.pointwise, 0)))
        st = vr_bad(c, err, "soft_cap %g and pointwise %g must be finite and not negative",
                    (double)c->at.attention.soft_cap, (double)c->at.attention.pointwise);
    if (st)
        return st;
    vr_shape_like(c, Q, c->out[0]);
    c->out[0]->shape[1] = (int64_t)c->at.attention.n_heads * value_dim(c);
    return VIREO_OK;
}

/* ---- Kernels ------------------------------------------------------------------------------- */

static struct vr_push_attention push_of(const vr_call *c, uint32_t unit)
{
    const vr_extent q = vr_extent_of(c->in[Q]), k = vr_extent_of(c->in[K]);
    const vr_value *offsets = c->in[OFFSETS], *bias = c->in[BIAS];
    const bool dynamic = offsets->symbol != VR_NO_SYMBOL;
    return (struct vr_push_attention){
        .rows = q.rows,
        .symbol = q.symbol,
        .key_rows = k.rows,
        .key_symbol = k.symbol,
        .n_heads = c->at.attention.n_heads,
        .head_dim = head_dim(c),
        .v_dim = value_dim(c),
        .q_pitch = vr_value_pitch(c->in[Q]) / unit,
        .k_pitch = vr_value_pitch(c->in[K]) / unit,
        .v_pitch = vr_value_pitch(c->in[V]) / unit,
        .out_pitch = vr_value_pitch(c->out[0]) / unit,
        .sequences = dynamic ? 1 : (uint32_t)offsets->shape[0],
        .sequences_symbol = offsets->symbol,
        .scale = c->at.attention.scale != 0 ? c->at.attention.scale
                                            : 1.0f / sqrtf((float)head_dim(c)),
        .soft_cap = c->at.attention.soft_cap,
        .pointwise = c->at.attention.pointwise > 0 ? 1.0f / c->at.attention.pointwise : 0.0f,
        .causal = c->at.attention.causal,
        .window = (int32_t)c->at.attention.window,
        .bias_pitch = bias && bias->shape[0] > 1 ? (int32_t)vr_value_pitch(bias) : 0,
        .bias_middle = bias ? (int32_t)(vr_value_width(bias) / 2) : 0};
}

/* Keys that a query may see, at most. */
static uint64_t most_keys(const vr_call *c)
{
    const uint64_t rows = (uint64_t)vr_value_rows(c->in[K]), window = c->at.attention.window;
    const uint64_t seen = window == 0 ? rows : c->at.attention.causal ? window : 2 * window - 1;
    return seen < rows ? seen : rows;
}

/* Iterations of the plain kernel's loops for a key; the one that ends a loop counts. */
static uint32_t steps_of_key(const vr_call *c)
{
    return head_dim(c) + value_dim(c) + 3;
}

static uint32_t keys_a_step(const vr_call *c)
{
    /* More hide latency while the head stays in registers. */
    return head_dim(c) <= 32 && value_dim(c) <= 32 ? 4 : 1;
}

/* Of each query and head: quads of sums of weighted values, then the largest score and the weights' sum. */
static uint64_t state_bytes(const vr_call *c, const vr_kernel *k)
{
    (void)k;
    const uint64_t quads = vr_ceil_div(value_dim(c), 4) + 1;
    return (uint64_t)vr_value_rows(c->in[Q]) * c->at.attention.n_heads * quads * 16;
}

static uint64_t most_splits(const vr_call *c)
{
    return vr_ceil_div(most_keys(c), SPLIT_KEYS);
}

static uint64_t split_bytes(const vr_call *c, const vr_kernel *k)
{
    const uint64_t splits = most_splits(c);
    return state_bytes(c, k) * (splits ? splits : 1); /* it is bound in any case */
}

/* Whether heads begin within quads, or end there with others behind them; behind one alone is padding. */
static bool is_ragged(const vr_call *c)
{
    return c->at.attention.n_heads > 1 && (head_dim(c) % 4 || value_dim(c) % 4);
}

/* Quads that so many heads side by side begin or end in, at most. */
static uint32_t head_quads(uint32_t dim, uint32_t heads)
{
    uint32_t quads = 0;
    for (uint32_t head = 0; head < heads && head < 4; head++) { /* then they begin as before */
        const uint32_t of_head = (uint32_t)vr_ceil_div(head * dim % 4 + dim, 4);
        quads = of_head > quads ? of_head : quads;
    }
    return quads;
}

/* Whether a lane can hold heads, and views hold all that is read but k and v. */
static bool fits_quads(const vr_call *c)
{
    const uint64_t texels = c->limits->max_texel_elements;
    return head_dim(c) <= 128 && value_dim(c) <= 128 &&
           vr_value_bytes(c->in[Q]) / 16 <= texels && (uint64_t)c->in[OFFSETS]->shape[0] <= texels &&
           (!c->in[BIAS] || vr_fits_texels(c, c->in[BIAS]));
}

static bool keys_fit_texels(const vr_call *c)
{
    const uint64_t texels = c->limits->max_texel_elements;
    return vr_value_bytes(c->in[K]) / 16 <= texels && vr_value_bytes(c->in[V]) / 16 <= texels;
}

static bool fits_texel(const vr_call *c, const vr_kernel *k)
{
    (void)k;
    return fits_quads(c) && keys_fit_texels(c) && c->in[Q]->shape[0] <= 65535ll * 4 &&
           vr_loops_fit(c, most_keys(c) / keys_a_step(c) + OTHER_STEPS);
}

/* The sequences of the lanes may lie anywhere. */
static bool fits_shared(const vr_call *c, const vr_kernel *k)
{
    return fits_texel(c, k) && vr_loops_fit(c, (uint64_t)vr_value_rows(c->in[K]) + OTHER_STEPS);
}

/* Lanes have neighbouring queries, which mostly see the same keys. Keys of their own may be many more than queries:
 * then those of several sequences must not come together. */
static bool shared_pays(const vr_call *c, const vr_kernel *k)
{
    const int64_t ends = c->in[OFFSETS]->shape[0], sequences = ends > 1 ? ends - 1 : 0;
    return !c->in[KEY_OFFSETS] || c->in[Q]->shape[0] >= sequences * vr_kernel_workgroup(k, c->limits);
}

static bool fits_split(const vr_call *c, const vr_kernel *k)
{
    return fits_quads(c) && c->in[Q]->shape[0] <= MOST_QUERIES &&
           (k->binds[K].access == VR_STORAGE || keys_fit_texels(c)) &&
           split_bytes(c, k) <= c->limits->max_storage_binding_bytes &&
           vr_loops_fit(c, SPLIT_KEYS * steps_of_key(c) + most_splits(c) + OTHER_STEPS);
}

/* With fewer queries than half the lanes most lanes of `texel` are idle, with more they read the same keys,
 * which is faster; the smallest bucket is that of sessions that go token by token. Where views do not hold
 * the keys, the other kernels read them element by element. */
static bool split_pays(const vr_call *c, const vr_kernel *k)
{
    const uint32_t lanes = vr_kernel_workgroup(k, c->limits);
    const bool dynamic = c->in[Q]->symbol != VR_NO_SYMBOL;
    const uint32_t few = dynamic && lanes < SMALL_BUCKET ? SMALL_BUCKET : lanes / 2;
    return most_keys(c) >= MANY_KEYS && (c->in[Q]->shape[0] <= few || !keys_fit_texels(c));
}

static bool fits_plain(const vr_call *c, const vr_kernel *k)
{
    (void)k;
    return vr_loops_fit(c, most_keys(c) * steps_of_key(c) + OTHER_STEPS);
}

static void define(const vr_call *c, const vr_kernel *k, vr_str *out)
{
    (void)k;
    vr_str_addf(out, "#define GROUP %u\n#define KEY_OFFSETS %d\n#define RANGE %d\n", group(c),
                c->in[KEY_OFFSETS] != NULL, c->at.attention.causal || c->at.attention.window);
    vr_str_addf(out, "#define BIAS %d\n#define SOFT_CAP %d\n#define POINTWISE %d\n",
                c->in[BIAS] != NULL, c->at.attention.soft_cap > 0, c->at.attention.pointwise > 0);
}

/* ROLLED: with unrolled loads of a storage buffer lavapipe takes half a minute to compile, and its views
 * hold all keys; SwiftShader, whose views do not, would run at half the speed. */
static void define_quads(const vr_call *c, const vr_kernel *k, vr_str *out)
{
    const bool stored = k->binds[K].access == VR_STORAGE;
    const uint32_t key_heads = c->at.attention.n_kv_heads;
    vr_str_addf(out, "#define RAGGED %d\n#define QUADS %u\n#define V_QUADS %u\n#define KEYS %u\n", is_ragged(c),
                head_quads(head_dim(c), key_heads), head_quads(value_dim(c), key_heads), keys_a_step(c));
    vr_str_addf(out, "#define SPLIT %d\n#define SHARED %d\n#define STORED %d\n#define ROLLED %d\n",
                k->second != NULL, (k->needs & VR_NEEDS_CPU_SHUFFLE) != 0, stored,
                stored && c->limits->costly_texel_fetch);
    define(c, k, out);
}

/* Pairs of a query and a key that a dispatch may take, of all heads. */
static uint64_t pairs_in_time(const vr_call *c, const vr_kernel *k)
{
    const double each = 2.0 * c->at.attention.n_heads * (head_dim(c) + value_dim(c));
    return (uint64_t)(vr_kernel_flops(c, k) / each) + 1;
}

/* How many of `units` a dispatch may take that have `pairs` each. */
static uint64_t units_in_time(const vr_call *c, const vr_kernel *k, uint64_t units, uint64_t pairs)
{
    const uint64_t few = pairs_in_time(c, k) / (pairs ? pairs : 1);
    const uint64_t least = vr_ceil_div(units, MOST_PARTS) + 1;
    return few > least ? few : least;
}

/* Dispatches of `step` neighbouring units, of which this run has `now`, each of so many lanes; lanes 0: of
 * one, and the heads in the grid's y. */
static vireo_status launch_units(struct vr_push_attention *p, uint64_t units, uint64_t now, uint64_t step,
                                 uint64_t lanes, uint32_t wg, vr_launches *out)
{
    for (uint64_t at = 0; at == 0 || at < units; at += step) {
        const uint64_t end = at + step < now ? at + step : now, count = end > at ? end - at : 0;
        p->begin = (uint32_t)at;
        if (!(lanes ? vr_launch(out, p, sizeof *p, vr_ceil_div(count * lanes, wg), 1)
                    : vr_launch_grid(out, p, sizeof *p, (uint32_t)vr_ceil_div(count, wg),
                                     p->n_heads, 1)))
            return VIREO_ERROR_OUT_OF_MEMORY;
    }
    return VIREO_OK;
}

/* Dispatches of neighbouring queries, of whole workgroups. lanes: as for launch_units. */
static vireo_status launch_queries(const vr_call *c, const vr_kernel *k, struct vr_push_attention *p,
                                   uint64_t lanes, uint32_t wg, vr_launches *out)
{
    const uint64_t rows = (uint64_t)c->in[Q]->shape[0], now = (uint64_t)c->in[Q]->count;
    const uint64_t step = vr_ceil_div(units_in_time(c, k, rows, most_keys(c)), wg) * wg;
    return launch_units(p, rows, now, step, lanes, wg, out);
}

static vireo_status launch_texel(const vr_call *c, const vr_kernel *k, uint32_t wg,
                                 vr_launches *out)
{
    struct vr_push_attention p = push_of(c, 4);
    if (is_ragged(c)) /* which writes element by element */
        p.out_pitch = vr_value_pitch(c->out[0]);
    return launch_queries(c, k, &p, 0, wg, out);
}

static vireo_status launch_plain(const vr_call *c, const vr_kernel *k, uint32_t wg,
                                 vr_launches *out)
{
    struct vr_push_attention p = push_of(c, 1);
    return launch_queries(c, k, &p, p.n_heads, wg, out);
}

/* attention_end.comp, of states that have p->count keys each. */
static vireo_status launch_end(const vr_call *c, struct vr_push_attention *p, uint32_t wg, vr_launches *out)
{
    p->out_pitch = vr_value_pitch(c->out[0]);
    const uint64_t quads = (uint64_t)c->in[Q]->count * p->n_heads * vr_ceil_div(p->v_dim, 4);
    if (!vr_launch(out, p, sizeof *p, vr_ceil_div(quads, wg), 1))
        return VIREO_ERROR_OUT_OF_MEMORY;
    out->list[out->count - 1].second = true;
    return VIREO_OK;
}

static vireo_status launch_split(const vr_call *c, const vr_kernel *k, uint32_t wg, vr_launches *out)
{
    struct vr_push_attention p = push_of(c, 4);
    const uint64_t most = most_keys(c), splits = most_splits(c);
    const uint64_t keys = (uint64_t)c->in[K]->count < most ? (uint64_t)c->in[K]->count : most;
    p.count = SPLIT_KEYS;
    p.streams = splits > STREAMS ? STREAMS : splits ? (uint32_t)splits : 1;
    const uint64_t of_unit = p.streams * SPLIT_KEYS, key_heads = c->at.attention.n_kv_heads;
    const uint64_t units = vr_ceil_div(most, of_unit) * key_heads;
    const uint64_t now = vr_ceil_div(keys, of_unit) * key_heads;
    const uint64_t pairs = (uint64_t)c->in[Q]->shape[0] * of_unit / key_heads;
    const uint64_t lanes = (uint64_t)c->in[Q]->count * group(c) * p.streams;
    const vireo_status st = launch_units(&p, units, now, units_in_time(c, k, units, pairs), lanes, wg, out);
    return st ? st : launch_end(c, &p, wg, out);
}

static uint32_t keys_a_dispatch(const vr_call *c, const vr_kernel *k)
{
    const uint32_t may = c->limits->max_loop_iterations;
    const uint32_t steps = may < MOST_STEPS ? may : MOST_STEPS;
    const uint64_t rows = (uint64_t)c->in[Q]->shape[0];
    const uint64_t least = vr_ceil_div(most_keys(c), MOST_PARTS) + 1;
    uint64_t in_time = pairs_in_time(c, k) / (rows ? rows : 1);
    in_time = in_time > least ? in_time : least;
    const uint32_t keys =
        steps > OTHER_STEPS + steps_of_key(c) ? (steps - OTHER_STEPS) / steps_of_key(c) : 1;
    return in_time < keys ? (uint32_t)in_time : keys;
}

static vireo_status launch_long(const vr_call *c, const vr_kernel *k, uint32_t wg, vr_launches *out)
{
    struct vr_push_attention p = push_of(c, 1);
    const uint64_t groups = vr_ceil_div((uint64_t)c->in[Q]->count * p.n_heads, wg);
    const uint64_t most = most_keys(c), keys = (uint64_t)c->in[K]->count;
    vireo_status st = VIREO_OK;
    p.count = keys_a_dispatch(c, k);
    do { /* the first one in any case: it makes the state */
        st = vr_launch_one(out, &p, sizeof p, p.first == 0 || p.first < keys ? groups : 0);
        p.first += p.count;
    } while (!st && p.first < most);
    p.count = UINT32_MAX; /* one state a query has them all */
    return st ? st : launch_end(c, &p, wg, out);
}

static const vr_kernel end_program = {
    .shader = "attention_end.comp", .define = define,
    .binds = {{VR_SCRATCH, VR_STORAGE}, {VR_OUT0, VR_STORAGE}, {VR_STEP, VR_UNIFORM},
              {VR_IN3, VR_TEXEL_INT}, {VR_IN4, VR_TEXEL_INT}, {VR_IN5, VR_TEXEL_VEC4}}};

/* q as quads by texel, k and v by `access`. */
#define QUADS(access, result)                                                                      \
    .shader = "attention.comp", .workgroup = VR_WORKGROUP_SUBGROUP, .define = define_quads,        \
    .binds = {{VR_IN0, VR_TEXEL_VEC4}, {VR_IN1, access}, {VR_IN2, access},                         \
              {VR_IN3, VR_TEXEL_INT}, {result, VR_STORAGE}, {VR_STEP, VR_UNIFORM},                 \
              {VR_IN4, VR_TEXEL_INT}, {VR_IN5, VR_TEXEL_VEC4}}
/* No order in common: lavapipe 25 gives other bits where the loops are not unrolled. */
#define SPLIT                                                                                      \
    .fits = fits_split, .pays = split_pays, .scratch = split_bytes, .launch = launch_split,        \
    .second = &end_program

static const vr_kernel kernels[] = {
    {.name = "split", SPLIT, QUADS(VR_TEXEL_VEC4, VR_SCRATCH)},
    {.name = "split_storage", SPLIT, QUADS(VR_STORAGE, VR_SCRATCH)},
    {.name = "shared", .needs = VR_NEEDS_CPU_SHUFFLE | VR_NEEDS_SUBGROUP_ARITHMETIC, .fits = fits_shared,
     .pays = shared_pays, .launch = launch_texel, QUADS(VR_TEXEL_VEC4, VR_OUT0)},
    {.name = "texel", .fits = fits_texel, .launch = launch_texel, QUADS(VR_TEXEL_VEC4, VR_OUT0)},
    {.name = "plain", .shader = "attention_plain.comp", .defines = "#define LONG 0\n",
     .workgroup = VR_WORKGROUP_SUBGROUP, .effort = 8, .fits = fits_plain, .define = define,
     .launch = launch_plain,
     .binds = {{VR_IN0, VR_STORAGE}, {VR_IN1, VR_STORAGE}, {VR_IN2, VR_STORAGE},
               {VR_IN3, VR_TEXEL_INT}, {VR_OUT0, VR_STORAGE}, {VR_STEP, VR_UNIFORM},
               {VR_IN4, VR_TEXEL_INT}, {VR_IN5, VR_TEXEL_VEC4}}},
    {.name = "long", .shader = "attention_plain.comp", .defines = "#define LONG 1\n",
     .workgroup = VR_WORKGROUP_SUBGROUP, .effort = 8, .define = define, .scratch = state_bytes,
     .launch = launch_long, .second = &end_program,
     .binds = {{VR_IN0, VR_STORAGE}, {VR_IN1, VR_STORAGE}, {VR_IN2, VR_STORAGE},
               {VR_IN3, VR_TEXEL_INT}, {VR_SCRATCH, VR_STORAGE}, {VR_STEP, VR_UNIFORM},
               {VR_IN4, VR_TEXEL_INT}, {VR_IN5, VR_TEXEL_VEC4}}},
};

static const vr_check checks[] = {
    {.at.attention = {.n_heads = 2, .n_kv_heads = 2},
     .in = {VR_IN_ROWS(1, 37, 64), VR_IN_ROWS(1, 37, 64), VR_IN_ROWS(1, 37, 64),
            VR_IN_WORDS(VR_FILL_OFFSETS, 0, 2, 6)}},
    {.at.attention = {.n_heads = 1, .n_kv_heads = 1, .scale = 0.5f},
     .in = {VR_IN_F32(21, 64), VR_IN_F32(21, 64), VR_IN_F32(21, 64), VR_IN_OFFSETS(4, 0)}},
    {.at.attention = {.n_heads = 3, .n_kv_heads = 3},
     .in = {VR_IN_F32(9, 18), VR_IN_F32(9, 18), VR_IN_F32(9, 18), VR_IN_OFFSETS(3, 0)}},
    {.at.attention = {.n_heads = 4, .n_kv_heads = 2, .causal = true, .window = 9, .soft_cap = 4.0f},
     .in = {VR_IN_F32(23, 32), VR_IN_F32(40, 16), VR_IN_F32(40, 24), VR_IN_OFFSETS(5, 0),
            VR_IN_OFFSETS(5, 1), VR_IN_F32(4, 13)}},
    {.at.attention = {.n_heads = 4, .n_kv_heads = 2, .causal = true}, /* more than a split */
     .in = {VR_IN_F32(3, 32), VR_IN_F32(300, 16), VR_IN_F32(300, 16), VR_IN_OFFSETS(2, 0),
            VR_IN_OFFSETS(2, 1)}},
    {.at.attention = {.n_heads = 2, .n_kv_heads = 2, .causal = true, .pointwise = 20.0f},
     .in = {VR_IN_F32(21, 16), VR_IN_F32(21, 16), VR_IN_F32(21, 16), VR_IN_OFFSETS(4, 0), {0},
            VR_IN_F32(1, 31)}},
};

/* Of n numbers from `first` on, each at least 0 and at most `most`, the sum. */
static double sum_clamped(int64_t first, int64_t n, int64_t most)
{
    const int64_t low = first < 0 ? (-first < n ? -first : n) : 0; /* so many count as 0 */
    const int64_t begin = first + low, left = n - low;
    const int64_t full = begin < most ? (most - begin < left ? most - begin : left) : 0; /* below most */
    const double climb = (double)full * ((double)begin + (double)(begin + full - 1)) / 2;
    return (full > 0 ? climb : 0) + (double)(left - full) * (double)most;
}

/* Keys that the queries of a sequence see, all together. */
static double pairs_of(const vr_call *c, int64_t queries, int64_t keys)
{
    const int64_t window = c->at.attention.window, at = keys - queries; /* of the first query */
    const double all = (double)queries * (double)keys;
    const double end = c->at.attention.causal ? sum_clamped(at + 1, queries, keys)
                       : window               ? sum_clamped(at + window, queries, keys)
                                              : all;
    return end - (window ? sum_clamped(at - window + 1, queries, keys) : 0);
}

/* The two products; without offsets as if all were one sequence. */
static double flops(const vr_call *c, const vr_host_ints host)
{
    const int64_t rows = c->in[Q]->count, key_rows = c->in[K]->count;
    const int32_t *from = host[OFFSETS], *of_keys = c->in[KEY_OFFSETS] ? host[KEY_OFFSETS] : from;
    double pairs = 0;
    if (!from || !of_keys)
        pairs = pairs_of(c, rows, key_rows);
    for (int64_t s = 0; from && of_keys && s + 1 < c->in[OFFSETS]->count; s++) {
        const int64_t queries = (int64_t)from[s + 1] - from[s];
        const int64_t keys = (int64_t)of_keys[s + 1] - of_keys[s];
        if (queries > 0 && queries <= rows && keys > 0 && keys <= key_rows) /* they may be anything */
            pairs += pairs_of(c, queries, keys);
    }
    return pairs * c->at.attention.n_heads * 2.0 * (head_dim(c) + value_dim(c));
}

const vr_op vr_op_attention = {
    .name = "attention", .min_in = 4, .max_in = 6, .n_out = 1, .infer = infer,
    .flops = flops, .effort = 3, /* exponentials, and products of vectors instead of tiles */
    .reference = vr_attention_reference, .kernels = kernels,
    .n_kernels = sizeof kernels / sizeof *kernels, VR_CHECKS(checks)};
