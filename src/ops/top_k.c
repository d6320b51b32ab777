/* SPDX-License-Identifier: Apache-2.0
 * The k largest of each row, exact. */
#include "ops/check.h"
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

enum { SELECT = VR_ROWS(VR_IN0), RANK = VR_ROWS(VR_IN0) | VR_ROWS(VR_OUT0) | VR_ROWS(VR_OUT1) };

static bool one_deny(const vr_call *c)
{
    return !c->in[1] || (c->in[1]->symbol == VR_NO_SYMBOL && vr_value_rows(c->in[1]) == 1);
}

static uint32_t select_mask(const vr_call *c)
{
    return SELECT | (one_deny(c) ? 0 : VR_ROWS(VR_IN1));
}

/* A wide row is cut into chunks, whose lists are cut again until one is left. A lane of a team sees
 * CHUNK_QUADS quads of a chunk, 20 times at most, some with loops of their own: software drivers bound the
 * iterations of an invocation, of which these are two thirds.
 * GPUs wait for memory and run thousands of teams at once. There a row of few quads a lane (AT_ONCE, of lists
 * LISTS_AT_ONCE) is one chunk, for a level more is a dispatch more; wider rows are cut until ENOUGH_TEAMS are at
 * work in all, or a lane has LEAST_QUADS, or a chunk is TIMES_LIST times as large as the list that is left of it. */
enum { CHUNK_QUADS = 1024 };
enum { AT_ONCE = 16, LISTS_AT_ONCE = 32, ENOUGH_TEAMS = 4096, LEAST_QUADS = 4, TIMES_LIST = 8 };

static bool is_gpu(const vr_call *c)
{
    return c->limits->type != VIREO_DEVICE_CPU;
}

static uint32_t list_quads(const vr_call *c) /* of one list: its keys */
{
    return vr_value_pitch(c->out[0]) / 4;
}

static uint32_t row_entries(const vr_call *c)
{
    return (uint32_t)vr_ceil_div((uint64_t)vr_value_width(c->in[0]), 4);
}

/* Of what a row has at a level, what a team takes. */
static uint32_t chunk_of(const vr_call *c, uint32_t level, uint32_t entries, uint32_t wg)
{
    const uint64_t rows = (uint64_t)vr_value_rows(c->in[0]);
    const uint64_t fair = rows * entries / ((uint64_t)ENOUGH_TEAMS * wg);
    const uint64_t listed = vr_ceil_div((uint64_t)TIMES_LIST * list_quads(c), wg);
    const uint32_t at_once = level ? LISTS_AT_ONCE : AT_ONCE;
    const uint64_t least = entries <= at_once * wg ? at_once : level ? AT_ONCE : LEAST_QUADS;
    uint64_t each = fair > listed ? fair : listed;
    each = each > least ? each : least;
    return (uint32_t)(is_gpu(c) && each < CHUNK_QUADS ? each : CHUNK_QUADS) * wg;
}

static uint32_t chunks_of(const vr_call *c, uint32_t level, uint32_t entries, uint32_t wg)
{
    return entries ? (uint32_t)vr_ceil_div(entries, chunk_of(c, level, entries, wg)) : 1;
}

/* Few k of many scores: at most, and at least; room for a list of what is above a bound, on GPUs, whose chunks
 * are small, for fewer. Quads but k. */
enum { FILTER_K = 128, FILTER_ENTRIES = 256, LEAST_ROOM = 16, LEAST_GPU_ROOM = 4 };

static bool filters(const vr_call *c, uint32_t wg)
{
    return c->at.top_k.k <= FILTER_K && vr_value_width(c->in[0]) >= 4 * FILTER_ENTRIES &&
           !(is_gpu(c) && row_entries(c) <= AT_ONCE * wg);
}

/* SEGMENTS of a lane give all lanes at least twice as many peaks as k. AHEAD: quads that are on their way from
 * memory at once. */
static void define(const vr_call *c, const vr_kernel *k, vr_str *out)
{
    enum { GPU_AHEAD = 4 };
    const uint32_t wg = vr_kernel_workgroup(k, c->limits);
    uint32_t segments = 1;
    while (2 * segments * wg < c->at.top_k.k)
        segments *= 2;
    vr_str_addf(out, "#define SEGMENTS %u\n#define AHEAD %d\n", filters(c, wg) ? segments : 0,
                is_gpu(c) ? GPU_AHEAD : 1);
}

/* Quads of a list of the first level: room for four times k, on GPUs for twice. */
static uint32_t first_quads(const vr_call *c, uint32_t wg)
{
    uint32_t quads = LEAST_ROOM;
    if (!filters(c, wg))
        return list_quads(c);
    if (is_gpu(c))
        return 2 * list_quads(c) > LEAST_GPU_ROOM ? 2 * list_quads(c) : LEAST_GPU_ROOM;
    while (quads < c->at.top_k.k)
        quads *= 2;
    return quads;
}

/* Quads of the scratch that the lists of a row need at once: those of the first two levels, keys and
 * indices; later levels take the places of earlier ones. */
static uint64_t row_quads(const vr_call *c, const vr_kernel *k)
{
    const uint32_t wg = vr_kernel_workgroup(k, c->limits);
    const uint32_t first = chunks_of(c, 0, row_entries(c), wg);
    const uint32_t second =
        first > 1 || filters(c, wg) ? chunks_of(c, 1, first * first_quads(c, wg), wg) : 0;
    return 2ull * (first * first_quads(c, wg) + second * list_quads(c));
}

/* Rows whose lists can be bound at once. */
static uint64_t rows_listed(const vr_call *c, const vr_kernel *k)
{
    return c->limits->max_storage_binding_bytes / (16 * row_quads(c, k));
}

/* Comparisons: one a score, and some for each of the k. How long they take beside products, and as how many
 * bytes: SwiftShader, rows of hundreds of scores. Where a row is a workgroup's, lanes wait for each other: twice
 * as long. */
enum { OF_EACH = 64, EFFORT = 80, EFFORT_BYTES = 8, SELECT_EFFORT = 2 };

static double comparisons(const vr_call *c, double scores)
{
    return scores + (double)OF_EACH * c->at.top_k.k;
}

static double flops(const vr_call *c, const vr_host_ints host)
{
    (void)host;
    return (double)c->in[0]->count * comparisons(c, (double)vr_value_width(c->in[0]));
}

/* Rows that a dispatch may take; so many are a multiple of 256 bytes of every operand. */
static uint64_t rows_in_time(const vr_call *c, const vr_kernel *k)
{
    enum { ALIGNED_ROWS = 16 };
    const double row = comparisons(c, (double)vr_value_width(c->in[0]));
    const uint64_t rows = (uint64_t)(vr_kernel_flops(c, k) / row);
    return rows > ALIGNED_ROWS ? rows / ALIGNED_ROWS * ALIGNED_ROWS : ALIGNED_ROWS;
}

/* Rows that both programs can bind, with their lists, and take in time. */
static uint32_t slab_rows(const vr_call *c, const vr_kernel *k)
{
    const uint32_t rows = (uint32_t)vr_value_rows(c->in[0]);
    const uint64_t lists = rows_listed(c, k);
    uint32_t most = vr_slab_of(c, k, c->in[0], select_mask(c));
    const uint32_t rank = vr_slab_of(c, k->second, c->in[0], RANK);
    most = most < rank ? most : rank;
    most = most < lists ? most : (uint32_t)lists;
    most = most < rows ? most / 64 * 64 : rows;
    const uint64_t in_time = rows_in_time(c, k);
    return most < in_time ? most : (uint32_t)in_time;
}

/* The slabs use the same lists, one after the other. */
static uint64_t scratch(const vr_call *c, const vr_kernel *k)
{
    return slab_rows(c, k) * 16 * row_quads(c, k);
}

/* Whether a slab has lists; what else is too large recording says. */
static bool lists_fit(const vr_call *c, const vr_kernel *k)
{
    const uint64_t lists = rows_listed(c, k);
    return lists >= 64 || lists >= (uint64_t)vr_value_rows(c->in[0]);
}

static bool texels_fit(const vr_call *c, const vr_kernel *k)
{
    return lists_fit(c, k) && vr_fits_texels(c, c->in[0]) &&
           (!c->in[1] || (uint64_t)vr_value_rows(c->in[1]) * vr_value_pitch(c->in[1]) <=
                             c->limits->max_texel_elements);
}

/* Both programs for the slab of push->x, of at most `most` rows. */
static vireo_status launch_slab(const vr_call *c, const vr_kernel *k, uint32_t wg, vr_launches *l,
                                struct vr_push_top_k *push, uint32_t most)
{
    const bool cut = most < (uint32_t)vr_value_rows(c->in[0]);
    const uint32_t now = (uint32_t)vr_value_rows_now(c->in[0]);
    const uint32_t end = now < push->x.end ? now : push->x.end;
    const uint64_t rows = end > push->x.first ? end - push->x.first : 0;
    uint32_t place[2] = {0, 2 * most * first_quads(c, wg) * chunks_of(c, 0, row_entries(c), wg)};
    push->entries = row_entries(c);
    for (push->level = 0;; push->level++) {
        push->chunk = chunk_of(c, push->level, push->entries, wg);
        push->chunks = chunks_of(c, push->level, push->entries, wg);
        push->to = place[push->level % 2];
        push->quads = push->level ? list_quads(c) : first_quads(c, wg);
        push->to_list = most * push->chunks * push->quads;
        vr_dispatch *d = vr_launch(l, push, sizeof *push, rows * push->chunks, 1);
        if (!d)
            return VIREO_ERROR_OUT_OF_MEMORY;
        if (cut)
            vr_cut_rows(c, k, &push->x, select_mask(c), d);
        push->from = push->to;
        push->from_list = push->to_list;
        push->entries = push->chunks * push->quads;
        if (push->chunks == 1 && push->quads == list_quads(c))
            break;
    }
    vr_dispatch *d = vr_launch(l, push, sizeof *push,
                               rows * vr_ceil_div(vr_value_pitch(c->out[0]), wg), 1);
    if (!d)
        return VIREO_ERROR_OUT_OF_MEMORY;
    d->second = true;
    if (cut)
        vr_cut_rows(c, k->second, &push->x, RANK, d);
    return VIREO_OK;
}

static vireo_status launch(const vr_call *c, const vr_kernel *k, uint32_t wg, vr_launches *l)
{
    const vr_value *scores = c->in[0], *deny = c->in[1];
    const uint32_t rows = (uint32_t)vr_value_rows(scores);
    const uint32_t step = slab_rows(c, k) ? slab_rows(c, k) : rows;
    vireo_status st = VIREO_OK;
    uint32_t first = 0;
    do {
        struct vr_push_top_k push = {.x = vr_extent_of(scores),
                                     .k = c->at.top_k.k,
                                     .deny_pitch = one_deny(c) ? 0 : vr_value_pitch(deny),
                                     .has_deny = deny != NULL};
        push.x.first = first;
        push.x.end = rows - first < step ? rows : first + step;
        st = launch_slab(c, k, wg, l, &push, step);
        first = push.x.end;
    } while (!st && first < rows);
    return st;
}

/* ---- A lane a row, or a piece of one ------------------------------------------------------- */

/* The most that a lane keeps in registers (of 16 SwiftShader compiles for more than ten seconds); quads of
 * a piece, at least and at most, the latter no multiple of a page, so that neighbouring lanes read
 * different sets of a cache; lanes that are enough. */
enum { LANE_K = 12, LEAST_PIECE = 64, MOST_PIECE = 4100, ENOUGH_LANES = 32 };

static uint32_t piece_of(const vr_call *c)
{
    const uint64_t quads = row_entries(c), rows = (uint64_t)vr_value_rows(c->in[0]);
    const uint64_t fair = quads * (rows ? rows : 1) / ENOUGH_LANES;
    return (uint32_t)(fair < LEAST_PIECE ? LEAST_PIECE : fair > MOST_PIECE ? MOST_PIECE : fair);
}

static uint32_t pieces_of(const vr_call *c)
{
    return row_entries(c) ? (uint32_t)vr_ceil_div(row_entries(c), piece_of(c)) : 1;
}

static uint32_t lane_mask(const vr_call *c)
{
    return RANK | (one_deny(c) ? 0 : VR_ROWS(VR_IN1));
}

/* Of the lists of a row, keys and indices. */
static uint64_t lane_row_bytes(const vr_call *c)
{
    return pieces_of(c) > 1 ? 32ull * pieces_of(c) * list_quads(c) : 0;
}

static uint32_t lane_slab_rows(const vr_call *c, const vr_kernel *k)
{
    const uint64_t row = lane_row_bytes(c);
    const uint64_t listed = row ? c->limits->max_storage_binding_bytes / row : UINT32_MAX;
    const uint32_t rows = (uint32_t)vr_value_rows(c->in[0]);
    const uint32_t most = vr_slab_of(c, k, c->in[0], lane_mask(c));
    return most < rows || listed < rows ? (most < listed ? most : (uint32_t)listed) / 64 * 64 : rows;
}

static uint64_t lane_scratch(const vr_call *c, const vr_kernel *k)
{
    const uint64_t least = 16; /* it is bound in any case */
    const uint64_t all = lane_slab_rows(c, k) * lane_row_bytes(c);
    return all > least ? all : least;
}

static bool lane_fits(const vr_call *c, const vr_kernel *k)
{
    const uint64_t quads = row_entries(c) < piece_of(c) ? row_entries(c) : piece_of(c);
    return c->at.top_k.k <= LANE_K && vr_loops_fit(c, 6 * quads) &&
           vr_loops_fit(c, 5ull * pieces_of(c) * list_quads(c)) &&
           (vr_value_rows(c->in[0]) == 0 || lane_slab_rows(c, k) > 0);
}

static bool lane_texels_fit(const vr_call *c, const vr_kernel *k)
{
    return vr_fits_texels(c, c->in[0]) && lane_fits(c, k);
}

/* Neighbouring lanes read different rows, which GPUs do not like. */
static bool lane_pays(const vr_call *c, const vr_kernel *k)
{
    (void)k;
    return c->limits->type == VIREO_DEVICE_CPU;
}

static void define_lane(const vr_call *c, const vr_kernel *k, vr_str *out)
{
    (void)k;
    const bool ballot = c->limits->subgroup_ballot && !c->limits->costly_texel_fetch;
    vr_str_addf(out, "#define VR_K %u\n#define VR_CUT %d\n#define VR_DENY %d\n#define VR_BALLOT %d\n",
                c->at.top_k.k, pieces_of(c) > 1, c->in[1] != NULL, ballot);
}

static vireo_status launch_lane_slab(const vr_call *c, const vr_kernel *k, uint32_t wg, vr_launches *l,
                                     struct vr_push_top_k_lane *push, uint32_t rows)
{
    const uint32_t capacity = (uint32_t)vr_value_rows(c->in[0]);
    const uint32_t now = (uint32_t)vr_value_rows_now(c->in[0]);
    const uint32_t end = now < push->x.end ? now : push->x.end;
    const uint64_t count = end > push->x.first ? end - push->x.first : 0;
    const uint32_t quads = push->piece < row_entries(c) ? push->piece : row_entries(c);
    const size_t begin = l->count;
    vireo_status st =
        vr_launch_ranges(c, l, push, sizeof *push, (uint64_t)rows * push->pieces, count * push->pieces,
                         EFFORT_BYTES * comparisons(c, 4.0 * quads), 1, wg);
    const size_t second = l->count;
    if (!st && push->pieces > 1)
        st = vr_launch_ranges(c, l, push, sizeof *push, rows, count,
                              (double)lane_row_bytes(c), 1, wg);
    for (size_t i = begin; !st && i < l->count; i++) {
        l->list[i].second = i >= second;
        if (rows < capacity)
            vr_cut_rows(c, i < second ? k : k->second, &push->x, lane_mask(c), &l->list[i]);
    }
    return st;
}

static vireo_status launch_lane(const vr_call *c, const vr_kernel *k, uint32_t wg, vr_launches *l)
{
    const uint32_t rows = (uint32_t)vr_value_rows(c->in[0]), step = lane_slab_rows(c, k);
    struct vr_push_top_k_lane push = {.x = vr_extent_of(c->in[0]),
                                      .pieces = pieces_of(c),
                                      .piece = piece_of(c),
                                      .deny_pitch = one_deny(c) ? 0 : vr_value_pitch(c->in[1])};
    vireo_status st = VIREO_OK;
    push.to_list = step * push.pieces * list_quads(c);
    do {
        push.x.end = rows - push.x.first < step ? rows : push.x.first + step;
        st = launch_lane_slab(c, k, wg, l, &push, push.x.end - push.x.first);
        push.x.first = push.x.end;
    } while (!st && push.x.first < rows);
    return st;
}

#define LANE_BINDS(scores)                                                                         \
    {                                                                                              \
        {VR_IN0, scores}, {VR_OUT0, VR_STORAGE}, {VR_OUT1, VR_STORAGE}, {VR_SCRATCH, VR_STORAGE},  \
            {VR_IN1, VR_STORAGE}, {VR_STEP, VR_UNIFORM}                                            \
    }
static const vr_kernel lane_lists_texel = {
    .name = "lists", .shader = "top_k_lane.comp",
    .defines = "#define VR_LISTS 1\n#define VR_TEXEL 1\n", .define = define_lane,
    .binds = LANE_BINDS(VR_TEXEL_VEC4)};
static const vr_kernel lane_lists_storage = {
    .name = "lists", .shader = "top_k_lane.comp",
    .defines = "#define VR_LISTS 1\n#define VR_TEXEL 0\n", .define = define_lane,
    .binds = LANE_BINDS(VR_STORAGE)};

/* ---- The kernels ---------------------------------------------------------------------------- */

static const vr_kernel rank_texel = {
    .name = "rank", .shader = "top_k_rank.comp", .defines = "#define VR_TEXEL 1\n",
    .binds = {{VR_IN0, VR_TEXEL_VEC4}, {VR_OUT0, VR_STORAGE}, {VR_OUT1, VR_STORAGE},
              {VR_SCRATCH, VR_STORAGE}, {VR_STEP, VR_UNIFORM}}};
static const vr_kernel rank_storage = {
    .name = "rank", .shader = "top_k_rank.comp", .defines = "#define VR_TEXEL 0\n",
    .binds = {{VR_IN0, VR_STORAGE}, {VR_OUT0, VR_STORAGE}, {VR_OUT1, VR_STORAGE},
              {VR_SCRATCH, VR_STORAGE}, {VR_STEP, VR_UNIFORM}}};

#define BINDS(scores, deny)                                                                        \
    {                                                                                              \
        {VR_IN0, scores}, {VR_IN1, deny}, {VR_SCRATCH, VR_STORAGE}, {VR_STEP, VR_UNIFORM}          \
    }
static const vr_kernel kernels[] = {
    {.name = "lane", .order = 1, .shader = "top_k_lane.comp",
     .defines = "#define VR_LISTS 0\n#define VR_TEXEL 1\n", .workgroup = VR_WORKGROUP_SUBGROUP,
     .fits = lane_texels_fit, .pays = lane_pays, .scratch = lane_scratch, .define = define_lane,
     .launch = launch_lane, .second = &lane_lists_texel, .binds = LANE_BINDS(VR_TEXEL_VEC4)},
    {.name = "lane_storage", .order = 1, .shader = "top_k_lane.comp",
     .defines = "#define VR_LISTS 0\n#define VR_TEXEL 0\n", .workgroup = VR_WORKGROUP_SUBGROUP,
     .fits = lane_fits, .pays = lane_pays, .scratch = lane_scratch, .define = define_lane,
     .launch = launch_lane, .second = &lane_lists_storage, .binds = LANE_BINDS(VR_STORAGE)},
    {.name = "subgroup", .order = 1, .shader = "top_k_select.comp",
     .defines = "#define VR_SUBGROUP 1\n#define VR_TEXEL 1\n",
     .needs = VR_NEEDS_SUBGROUP_ARITHMETIC, .workgroup = VR_WORKGROUP_SUBGROUP,
     .effort = SELECT_EFFORT, .fits = texels_fit, .scratch = scratch, .define = define, .launch = launch,
     .second = &rank_texel, .binds = BINDS(VR_TEXEL_VEC4, VR_TEXEL_INT)},
    {.name = "subgroup_storage", .order = 1, .shader = "top_k_select.comp",
     .defines = "#define VR_SUBGROUP 1\n#define VR_TEXEL 0\n",
     .needs = VR_NEEDS_SUBGROUP_ARITHMETIC, .workgroup = VR_WORKGROUP_SUBGROUP,
     .effort = SELECT_EFFORT, .fits = lists_fit, .scratch = scratch, .define = define, .launch = launch,
     .second = &rank_storage, .binds = BINDS(VR_STORAGE, VR_STORAGE)},
    {.name = "workgroup", .order = 1, .shader = "top_k_select.comp",
     .defines = "#define VR_SUBGROUP 0\n#define VR_TEXEL 0\n", .workgroup = VR_WORKGROUP_64,
     .effort = SELECT_EFFORT, .fits = lists_fit, .scratch = scratch, .define = define, .launch = launch,
     .second = &rank_storage, .binds = BINDS(VR_STORAGE, VR_STORAGE)},
};

static const vr_check checks[] = {
    {.at.top_k = {.k = 10}, .in = {VR_IN_ROWS(1, 5, 301)}},
    {.at.top_k = {.k = 7}, .in = {VR_IN_F32(3, 70), VR_IN_BITS(3, 3)}},
};

const vr_op vr_op_top_k = {.name = "top_k",
                           .min_in = 1,
                           .max_in = 2,
                           .n_out = 2,
                           .dense_in = 1u << 1,
                           .flops = flops,
                           .effort = EFFORT,
                           .infer = infer,
                           .reference = reference,
                           .kernels = kernels,
                           .n_kernels = sizeof kernels / sizeof *kernels,
                           VR_CHECKS(checks)};
