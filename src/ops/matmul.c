/* SPDX-License-Identifier: Apache-2.0
 * out = activation(op(a) · op(b) + bias) + residual. Fast families for an untransposed a: b as a texel
 * view (fastest on software drivers, limited in size; halves and bf16 as words) or as a storage buffer,
 * each for elements (matmul.comp) and for packed weights (N, K) (matmul_packed.comp), both also for few
 * rows; for few rows and b (N, K) one whose lanes share a sum (matmul_few.comp); then a plain kernel for
 * everything. Large operands are bound slab by slab. */
#include "ops/matmul.h"
#include "ops/check.h"
#include "ops/rows.h"

enum { A = VR_MATMUL_A, B = VR_MATMUL_B, BIAS = VR_MATMUL_BIAS, RESIDUAL = VR_MATMUL_RESIDUAL, OUT = VR_MATMUL_OUT };
enum { FEW_ROWS = 8 /* packed */, THIN_ROWS = VR_MATMUL_THIN_ROWS, MANY_TILES = 64, MOST_GROUPS = 65535 };
enum { MOST_SLABS = 16, MOST_FEW_SLABS = 256 };
enum { MOST_PARTS = 256 }; /* dispatches for the sake of time */
enum { SLAB_ROWS = 64 /* rows of any pitch, or elements of a bias: a multiple of 256 bytes */ };

static vireo_status infer(const vr_call *c, vireo_error *err)
{
    const vr_value *a = c->in[A], *b = c->in[B];
    vireo_status st = vr_want_rank(c, A, 2, 3, err);
    if (!st)
        st = vr_want_rank(c, B, 2, a->rank, err);
    for (uint32_t i = 0; !st && i < 4; i++)
        st = vr_want_dtype(c, i, VIREO_F32, err);
    if (st)
        return st;
    const bool ta = c->at.matmul.transpose_a, tb = c->at.matmul.transpose_b;
    const int64_t *as = a->shape + a->rank - 2, *bs = b->shape + b->rank - 2;
    if (a->symbol != VR_NO_SYMBOL && (ta || a->rank == 3))
        return vr_bad(c, err, "a dynamic size is allowed only as the rows of a plain a");
    if (b->symbol != VR_NO_SYMBOL)
        return vr_bad(c, err, "b must not have a dynamic size");
    if (as[!ta] != bs[tb])
        return vr_bad(c, err, "a sums over %lld elements, b over %lld", (long long)as[!ta],
                      (long long)bs[tb]);
    if (b->rank == 3 && a->shape[0] != b->shape[0])
        return vr_bad(c, err, "a has %lld matrices, b has %lld", (long long)a->shape[0],
                      (long long)b->shape[0]);
    if (vireo_dtype_block(b->dtype) > 1 && (b->rank != 2 || !tb))
        return vr_bad(c, err, "b is %s, whose blocks must run along the sum: (N, K), transposed",
                      vireo_dtype_name(b->dtype));
    if (b->rank == 3 && b->dtype != VIREO_F32)
        return vr_bad(c, err, "b is %s and has a batch, which f32 alone may have",
                      vireo_dtype_name(b->dtype));
    if (a->rank == 3 && a->shape[0] > 65535)
        return vr_bad(c, err, "%lld matrices, allowed 65535", (long long)a->shape[0]);
    if ((uint32_t)c->at.matmul.activation > VIREO_SIGMOID)
        return vr_bad(c, err, "activation %u is not one", (unsigned)c->at.matmul.activation);
    vr_value *out = c->out[0];
    *out = *a;
    out->pitch = 0;
    out->dtype = VIREO_F32;
    out->shape[a->rank - 2] = as[ta];
    out->shape[a->rank - 1] = bs[!tb];
    if (c->in[BIAS] && (c->in[BIAS]->rank != 1 || c->in[BIAS]->shape[0] != bs[!tb]))
        return vr_bad(c, err, "bias must be [%lld]", (long long)bs[!tb]);
    if (c->in[RESIDUAL] && !vr_value_same_shape(c->in[RESIDUAL], out))
        return vr_bad(c, err, "residual must have the result's shape");
    return VIREO_OK;
}

static void reference(const vr_ref_args *r)
{
    const vr_call *c = r->call;
    const vr_matmul_sizes s = vr_matmul_sizes_of(c);
    const bool ta = c->at.matmul.transpose_a, tb = c->at.matmul.transpose_b;
    const size_t k = s.k, n = s.n;
    const size_t m = c->in[A]->rank == 3 ? s.m : ta ? s.m : (size_t)c->in[A]->count;
    for (size_t z = 0; z < s.batch; z++) {
        const double *a = r->in[A] + z * m * k;
        const double *b = r->in[B] + (s.batched_b ? z * k * n : 0);
        for (size_t i = 0; i < m; i++)
            for (size_t j = 0; j < n; j++) {
                double sum = 0;
                for (size_t x = 0; x < k; x++)
                    sum += a[ta ? x * m + i : i * k + x] * b[tb ? j * k + x : x * n + j];
                const size_t at = (z * m + i) * n + j;
                sum = vr_reference_unary(c->at.matmul.activation,
                                         sum + (r->in[BIAS] ? r->in[BIAS][j] : 0));
                r->out[0][at] = sum + (r->in[RESIDUAL] ? r->in[RESIDUAL][at] : 0);
            }
    }
}

/* ---- Kernels ------------------------------------------------------------------------------- */

static void define(const vr_call *c, const vr_kernel *k, vr_str *out)
{
    const vr_tile t = vr_matmul_tile(c, k);
    vr_str_addf(out, "#define TM %u\n#define TQ %u\n#define VR_ACTIVATION %d\n", t.rows, t.quads,
                (int)c->at.matmul.activation);
    if (c->at.matmul.transpose_b)
        vr_str_add(out, "#define W_NK\n");
    if (c->limits->costly_texel_fetch)
        vr_str_add(out, "#define COSTLY_FETCH\n");
    vr_define_dtype(c->in[B], out);
}

/* Lanes side by side, too. */
static void define_tiles(const vr_call *c, const vr_kernel *k, vr_str *out)
{
    vr_str_addf(out, "#define LX %u\n", vr_matmul_side(k, vr_kernel_workgroup(k, c->limits)));
    define(c, k, out);
}

/* Columns of a quad that there are, too. */
static void define_dot(const vr_call *c, const vr_kernel *k, vr_str *out)
{
    const uint32_t n = vr_matmul_sizes_of(c).n;
    vr_str_addf(out, "#define TC %u\n", n > 4 ? 4 : n > 0 ? n : 1);
    define(c, k, out);
}

/* How an operand of `rows` rows is cut: rows a slab, a multiple of SLAB_ROWS unless it is whole. 0: it
 * cannot be bound. */
static uint32_t slab_rows(uint64_t rows, uint64_t most_rows)
{
    if (rows <= most_rows)
        return rows ? (uint32_t)rows : 1;
    return (uint32_t)(most_rows / SLAB_ROWS * SLAB_ROWS);
}

static uint32_t slab_count(uint32_t rows, uint32_t slab)
{
    return rows ? (rows + slab - 1) / slab : 1;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Rows that binding `index` holds. */
static uint64_t rows_bound(const vr_call *c, const vr_kernel *k, uint32_t index, const vr_value *v)
{
    const vr_access access = k->binds[index].access;
    const uint64_t row = vr_value_row_bytes(v) ? vr_value_row_bytes(v) : 1;
    if (access != VR_STORAGE)
        return c->limits->max_texel_elements * vr_texel_bytes(access, v->dtype) / row;
    return c->limits->max_storage_binding_bytes / row;
}

typedef struct cut {
    uint32_t rows, columns; /* a slab, of the result; 0: does not fit */
} cut;

/* Rows cut a, residual and result, columns cut b if it is (N, K), and a bias that is a texel view. */
static cut cut_of(const vr_call *c, const vr_kernel *k)
{
    const vr_matmul_sizes s = vr_matmul_sizes_of(c);
    const bool turned = c->at.matmul.transpose_b;
    uint64_t rows = rows_bound(c, k, OUT, c->out[0]), columns = s.n;
    if (!c->at.matmul.transpose_a)
        rows = least(rows, rows_bound(c, k, A, c->in[A]));
    if (turned)
        columns = rows_bound(c, k, B, c->in[B]);
    if (c->in[BIAS] && k->binds[BIAS].access != VR_STORAGE)
        columns = least(columns, c->limits->max_texel_elements * 4ull);
    /* Tiled kernels: columns are y of the grid; rows go on in z, if that is not the batch. A lane takes
     * 4 rows at least, and 4 columns. */
    columns = least(columns, 4ull * MOST_GROUPS * vr_matmul_side(k, vr_kernel_workgroup(k, c->limits)));
    cut r = {0, 0};
    if (s.batch != 1) { /* whole or not at all */
        const uint64_t b_rows = rows_bound(c, k, B, c->in[B]);
        const bool grid = s.m <= 4ull * MOST_GROUPS;
        r.rows = grid && (uint64_t)s.batch * s.m <= rows ? (s.m ? s.m : 1) : 0;
        r.columns = (uint64_t)vr_value_rows(c->in[B]) <= b_rows && s.n <= columns
                        ? (s.n ? s.n : 1) : 0;
        return r;
    }
    r.rows = slab_rows(s.m, rows);
    if (turned || (uint64_t)s.k <= rows_bound(c, k, B, c->in[B]))
        r.columns = slab_rows(s.n, columns);
    return r;
}

/* Matrices of a batch that a dispatch takes, so that none works longer than one should
 * (vr_kernel_flops). */
static uint32_t batch_in_time(const vr_call *c, const vr_kernel *k)
{
    const vr_matmul_sizes s = vr_matmul_sizes_of(c);
    const double one = 2.0 * s.m * s.n * (s.k ? s.k : 1), most = vr_kernel_flops(c, k);
    const uint32_t parts = (s.batch + MOST_PARTS - 1) / MOST_PARTS;
    if (one * s.batch <= most)
        return s.batch ? s.batch : 1;
    return one * parts < most ? (uint32_t)(most / one) : parts;
}

/* The same of one matrix, if it can be cut. */
static cut cut_in_time(const vr_call *c, const vr_kernel *k, cut r)
{
    const vr_matmul_sizes s = vr_matmul_sizes_of(c);
    const double least_flops = 2.0 * s.m * s.n * s.k / MOST_PARTS;
    const double flops = vr_kernel_flops(c, k);
    const double most = (flops > least_flops ? flops : least_flops) / (2.0 * (s.k ? s.k : 1));
    if (s.batch != 1)
        return r;
    if ((double)r.columns * SLAB_ROWS > most && s.n > SLAB_ROWS && r.columns > SLAB_ROWS)
        r.columns = slab_rows(s.n, (uint64_t)least((uint64_t)(most / SLAB_ROWS), r.columns));
    r.columns = r.columns ? r.columns : SLAB_ROWS;
    const double rows = most / r.columns;
    if (rows < r.rows) { /* of one size, for the cores */
        const uint64_t parts = (uint64_t)(s.m / rows) + 1;
        const uint64_t even = vr_ceil_div(vr_ceil_div(s.m, parts), SLAB_ROWS) * SLAB_ROWS;
        const uint64_t fewer = (uint64_t)(rows / SLAB_ROWS) * SLAB_ROWS;
        r.rows = slab_rows(s.m, least((double)even <= rows ? even : fewer ? fewer : SLAB_ROWS, r.rows));
    }
    return r;
}

static bool slabs_fit(const vr_call *c, const vr_kernel *k)
{
    if (c->at.matmul.transpose_a)
        return false;
    const vr_matmul_sizes s = vr_matmul_sizes_of(c);
    const cut r = cut_of(c, k);
    uint64_t loops = s.k / 4 + 1ull;
    if (k->needs & VR_NEEDS_CPU_SHUFFLE) /* an outer loop, a subgroup's quads each time */
        loops += loops / vr_kernel_workgroup(k, c->limits) + 1;
    if (k->needs & VR_NEEDS_GPU) /* an inner one over each element of a tile's sums */
        loops += vr_ceil_div(s.k, 4) * 4;
    const uint32_t most = k->tile.few ? MOST_FEW_SLABS : MOST_SLABS;
    return vr_loops_fit(c, loops) && r.rows && r.columns &&
           slab_count(s.m, r.rows) * slab_count(s.n, r.columns) <= most;
}

/* A bf16 b is read by the kernel with a storage buffer too. */
static bool fits(const vr_call *c, const vr_kernel *k)
{
    const vireo_dtype b = c->in[B]->dtype;
    const bool stored = b == VIREO_BF16 && k->binds[B].access == VR_STORAGE;
    return (!vr_is_packed(b) || stored) && slabs_fit(c, k);
}

/* Halves and bf16 whose rows are whole words, and, along k, as many quads as a's. */
static bool halves_fits(const vr_call *c, const vr_kernel *k)
{
    const vr_value *b = c->in[B];
    const bool halves = b->dtype == VIREO_F16 || b->dtype == VIREO_BF16;
    const bool even = !c->at.matmul.transpose_b || (vr_matmul_sizes_of(c).k + 3ull) / 4 % 2 == 0;
    return halves && even && vr_value_row_bytes(b) % 16 == 0 && slabs_fit(c, k);
}

/* Twice the rows a lane: fewer fetches a product, but slower to compile, and fewer tiles for the cores. */
static bool tall_pays(const vr_call *c, const vr_kernel *k)
{
    const vr_matmul_sizes s = vr_matmul_sizes_of(c);
    const vr_tile t = vr_matmul_group(c, k, vr_kernel_workgroup(k, c->limits));
    const uint32_t columns = 4 * t.quads;
    return (uint64_t)s.batch * (s.m / t.rows) * ((s.n + columns - 1) / columns) >= MANY_TILES;
}

/* Where fetches are cheap, they are not worth sharing by four lanes, and as few rows as `thin` takes are computed
 * by it as fast. */
static bool shared_pays(const vr_call *c, const vr_kernel *k)
{
    const bool many = vr_kernel_workgroup(k, c->limits) > 4 && vr_matmul_sizes_of(c).m > THIN_ROWS;
    return c->limits->costly_texel_fetch || many;
}

/* Words along k, of which each lane has its own, leave less to share. */
static bool shared_halves_pays(const vr_call *c, const vr_kernel *k)
{
    return shared_pays(c, k) && (c->limits->costly_texel_fetch || vr_matmul_wide_words(c, k));
}

static bool packed_fits(const vr_call *c, const vr_kernel *k)
{
    return vr_is_packed(c->in[B]->dtype) && c->at.matmul.transpose_b && slabs_fit(c, k);
}

static bool few_fits(const vr_call *c, const vr_kernel *k)
{
    return vr_matmul_sizes_of(c).m <= FEW_ROWS && packed_fits(c, k);
}

/* bf16 is the faster in tiles of several quads, but for a single row where fetches are costly. */
static bool few_pays(const vr_call *c, const vr_kernel *k)
{
    (void)k;
    return c->in[B]->dtype != VIREO_BF16 || (vr_matmul_sizes_of(c).m == 1 && c->limits->costly_texel_fetch);
}

/* As many rows a lane as the call has, where those of a tile would be computed for nothing. */
static bool thin_fits(const vr_call *c, const vr_kernel *k)
{
    return vr_matmul_sizes_of(c).m <= THIN_ROWS && fits(c, k);
}

/* b (N, K), of f32 as quads, of all else as words. */
static bool dot_fits(const vr_call *c, const vr_kernel *k)
{
    const vr_matmul_sizes s = vr_matmul_sizes_of(c);
    const vr_value *b = c->in[B];
    const bool words = b->dtype != VIREO_F32;
    const bool read = k->binds[B].access == VR_TEXEL_UVEC4 ? words && vr_value_row_bytes(b) % 16 == 0 : !words;
    return read && c->at.matmul.transpose_b && s.batch == 1 &&
           (s.m <= THIN_ROWS || s.n <= VR_MATMUL_NARROW) && slabs_fit(c, k);
}

static bool dot_pays(const vr_call *c, const vr_kernel *k)
{
    const vr_matmul_sizes s = vr_matmul_sizes_of(c);
    (void)k;
    return vr_matmul_shares_sums(c->limits, c->in[B]->dtype, s.m, s.n, s.k);
}

static uint32_t rows_now(const vr_call *c)
{
    const vr_value *a = c->in[A];
    return a->rank == 2 && a->symbol != VR_NO_SYMBOL ? (uint32_t)a->count : vr_matmul_sizes_of(c).m;
}

/* One slab of the result: rows [row, row_end), columns [column, column_end); of their sums the elements
 * [k, k_end). */
typedef struct slab {
    uint32_t row, row_end, column, column_end, k, k_end;
    uint32_t batch, batch_end;
    uint32_t rows_now; /* of them, in this run */
} slab;

/* Ranges of the operands that are cut. */
static void set_ranges(const vr_call *c, const vr_kernel *k, const slab *b, cut r, vr_dispatch *d)
{
    const vr_matmul_sizes s = vr_matmul_sizes_of(c);
    const uint64_t out_row = s.out_pitch * 16ull, a_row = s.a_pitch * 16ull;
    const uint64_t b_row = vr_value_row_bytes(c->in[B]);
    if (slab_count(s.m, r.rows) > 1) {
        for (uint32_t i = RESIDUAL; i <= OUT; i++) {
            d->range[i].offset = b->row * out_row;
            d->range[i].bytes = (b->row_end - b->row) * out_row;
        }
        if (!c->at.matmul.transpose_a) {
            d->range[A].offset = b->row * a_row;
            d->range[A].bytes = (b->row_end - b->row) * a_row;
        }
    }
    if (slab_count(s.n, r.columns) == 1)
        return;
    if (c->at.matmul.transpose_b) {
        d->range[B].offset = b->column * b_row;
        d->range[B].bytes = (b->column_end - b->column) * b_row;
    }
    if (c->in[BIAS] && k->binds[BIAS].access != VR_STORAGE) {
        d->range[BIAS].offset = b->column * 4ull;
        d->range[BIAS].bytes = ((b->column_end - b->column) + 3ull) / 4 * 16;
    }
}

/* Appends a dispatch. */
typedef vr_dispatch *(*launch_fn)(const vr_call *, const vr_kernel *, uint32_t wg, const slab *,
                                  vr_launches *);

/* Those of a slab: for some matrices of the batch, and some elements of their sums, each. */
static vireo_status launch_slab(const vr_call *c, const vr_kernel *k, uint32_t wg, uint32_t depth, cut r,
                                slab b, vr_launches *out, launch_fn one)
{
    const vr_matmul_sizes s = vr_matmul_sizes_of(c);
    const uint32_t batches = batch_in_time(c, k);
    do {
        b.batch = b.batch_end;
        b.batch_end = s.batch - b.batch < batches ? s.batch : b.batch + batches;
        b.k_end = 0;
        do {
            b.k = b.k_end;
            b.k_end = s.k - b.k < depth ? s.k : b.k + depth;
            vr_dispatch *d = one(c, k, wg, &b, out);
            if (!d)
                return VIREO_ERROR_OUT_OF_MEMORY;
            set_ranges(c, k, &b, r, d);
        } while (b.k_end < s.k);
    } while (b.batch_end < s.batch);
    return VIREO_OK;
}

/* Appends the dispatches of each slab; `depth`: the elements of a sum that one takes. */
static vireo_status launch(const vr_call *c, const vr_kernel *k, uint32_t wg, uint32_t depth,
                           vr_launches *out, launch_fn one)
{
    const vr_matmul_sizes s = vr_matmul_sizes_of(c);
    const uint32_t now = rows_now(c);
    cut r = cut_of(c, k);
    r.rows = r.rows ? r.rows : s.m; /* recording says what is too large */
    r.columns = r.columns ? r.columns : s.n;
    r = cut_in_time(c, k, r);
    for (uint32_t i = 0; i < slab_count(s.m, r.rows); i++)
        for (uint32_t j = 0; j < slab_count(s.n, r.columns); j++) {
            slab b = {.row = i * r.rows, .column = j * r.columns};
            b.row_end = s.m - b.row < r.rows ? s.m : b.row + r.rows;
            b.column_end = s.n - b.column < r.columns ? s.n : b.column + r.columns;
            const uint32_t end = now < b.row_end ? now : b.row_end;
            b.rows_now = end > b.row ? end - b.row : 0;
            const vireo_status st = launch_slab(c, k, wg, depth, r, b, out, one);
            if (st)
                return st;
        }
    return VIREO_OK;
}

static struct vr_push_matmul push_of(const vr_call *c, const vr_kernel *k, const slab *b)
{
    const vr_matmul_sizes s = vr_matmul_sizes_of(c);
    const bool words = k->binds[B].access == VR_TEXEL_UVEC4 || k->fits == packed_fits;
    const vr_value *a = c->in[A];
    return (struct vr_push_matmul){
        .rows = a->symbol == VR_NO_SYMBOL ? s.m : 1, .symbol = a->symbol, .row_begin = b->row,
        .row_end = b->row_end, .columns = s.n, .depth = s.k, .k_quads = (s.k + 3) / 4,
        .quad_begin = b->column / 4, .quad_end = (b->column_end + 3) / 4, .a_pitch = s.a_pitch,
        .w_pitch = words ? s.b_texels : s.b_pitch, .out_pitch = s.out_pitch, .batches = s.batch,
        .batch_first = b->batch, .a_batch = s.m * s.a_pitch,
        .out_batch = s.m * s.out_pitch,
        .w_batch = s.batched_b ? (c->at.matmul.transpose_b ? s.n : s.k) * s.b_pitch : 0,
        .w_first = c->at.matmul.transpose_b ? 0 : b->column / (vr_matmul_wide_words(c, k) ? 8 : 4),
        .has_bias = c->in[BIAS] != NULL, .has_residual = c->in[RESIDUAL] != NULL};
}

static vr_dispatch *one_tile(const vr_call *c, const vr_kernel *k, uint32_t wg, const slab *b,
                             vr_launches *out)
{
    const vr_matmul_sizes s = vr_matmul_sizes_of(c);
    const vr_tile t = vr_matmul_group(c, k, wg);
    const struct vr_push_matmul p = push_of(c, k, b);
    const uint64_t x = vr_ceil_div(b->rows_now, t.rows);
    const uint32_t y = (p.quad_end - p.quad_begin + t.quads - 1) / t.quads;
    /* Row tiles run fastest; past 65,535 they go on in z, which the batch does not use then. */
    const uint32_t z = s.batch != 1 ? b->batch_end - b->batch : x ? (uint32_t)((x + 65534) / 65535) : 1;
    return vr_launch_grid(out, &p, sizeof p, (uint32_t)(s.batch != 1 ? x : (x + z - 1) / z), y, z);
}

static vireo_status launch_tiles(const vr_call *c, const vr_kernel *k, uint32_t wg, vr_launches *out)
{
    return launch(c, k, wg, vr_matmul_sizes_of(c).k, out, one_tile);
}

/* A subgroup a tile of rows and a quad of columns. */
static vr_dispatch *one_dot(const vr_call *c, const vr_kernel *k, uint32_t wg, const slab *b,
                            vr_launches *out)
{
    (void)wg;
    const struct vr_push_matmul p = push_of(c, k, b);
    const uint64_t tiles = vr_ceil_div(b->rows_now, vr_matmul_tile(c, k).rows);
    return vr_launch(out, &p, sizeof p, tiles * (p.quad_end - p.quad_begin), 1);
}

static vireo_status launch_dot(const vr_call *c, const vr_kernel *k, uint32_t wg, vr_launches *out)
{
    return launch(c, k, wg, vr_matmul_sizes_of(c).k, out, one_dot);
}

static void define_plain(const vr_call *c, const vr_kernel *k, vr_str *out)
{
    (void)k;
    vr_str_addf(out, "#define VR_ACTIVATION %d\n", (int)c->at.matmul.activation);
    vr_define_dtype(c->in[B], out);
}

/* Elements of a sum that an invocation takes. */
static uint32_t plain_depth(const vr_call *c)
{
    return (uint32_t)least(vr_matmul_sizes_of(c).k, c->limits->max_loop_iterations);
}

static vr_dispatch *one_plain(const vr_call *c, const vr_kernel *k, uint32_t wg, const slab *b,
                              vr_launches *out)
{
    (void)k;
    const vr_matmul_sizes s = vr_matmul_sizes_of(c);
    const vr_value *a = c->in[A];
    const bool ta = c->at.matmul.transpose_a, tb = c->at.matmul.transpose_b;
    const uint32_t a_row = s.a_pitch * 4; /* of blocks a row counts in words */
    const uint32_t b_row = vireo_dtype_block(c->in[B]->dtype) > 1 ? s.b_texels * 4 : s.b_pitch * 4;
    const struct vr_push_matmul_plain p = {
        .rows = a->symbol == VR_NO_SYMBOL ? s.m : 1, .symbol = a->symbol, .row_begin = b->row,
        .row_end = b->row_end, .columns = s.n - b->column, .depth = s.k,
        .quad_begin = b->column / 4, .quads = (b->column_end - b->column + 3) / 4,
        .a_first = ta ? b->row : 0, .a_step_m = ta ? 1 : a_row, .a_step_k = ta ? a_row : 1,
        .w_first = tb ? 0 : b->column, .w_step_n = tb ? b_row : 1, .w_step_k = tb ? 1 : b_row,
        .a_batch = (ta ? s.k : s.m) * a_row,
        .w_batch = s.batched_b ? (tb ? s.n : s.k) * b_row : 0, .out_pitch = s.out_pitch,
        .out_batch = s.m * s.out_pitch, .has_bias = c->in[BIAS] != NULL,
        .has_residual = c->in[RESIDUAL] != NULL, .k_begin = b->k, .k_end = b->k_end,
        .batch_first = b->batch};
    return vr_launch(out, &p, sizeof p, ((uint64_t)b->rows_now * p.quads + wg - 1) / wg,
                     b->batch_end - b->batch);
}

static vireo_status launch_plain(const vr_call *c, const vr_kernel *k, uint32_t wg,
                                 vr_launches *out)
{
    return launch(c, k, wg, plain_depth(c), out, one_plain);
}

#define BINDS(access_a, access_b, access_bias)                                                     \
    {                                                                                              \
        {VR_IN0, access_a}, {VR_IN1, access_b}, {VR_IN2, access_bias}, {VR_IN3, VR_STORAGE},       \
            {VR_OUT0, VR_STORAGE}, {VR_STEP, VR_UNIFORM}                                           \
    }
#define TILES(access_b)                                                                            \
    .workgroup = VR_WORKGROUP_SUBGROUP, .define = define, .launch = launch_tiles,                  \
    .binds = BINDS(VR_TEXEL_VEC4, access_b, VR_STORAGE)
#define ELEMENTS(access_b) .order = 1, .shader = "matmul.comp", TILES(access_b)
#define TILE(lanes, tile_rows, tile_quads, k_quads)                                                \
    .order = 1, .shader = "matmul_tiles.comp", .needs = VR_NEEDS_GPU, .workgroup = lanes,          \
    .defines = "#define KQ " #k_quads "\n", .tile = {.rows = tile_rows, .quads = tile_quads},      \
    .fits = fits, .pays = vr_matmul_tiles_pay, .define = define_tiles, .launch = launch_tiles,     \
    .binds = BINDS(VR_STORAGE, VR_STORAGE, VR_STORAGE)
#define PACKED(access_b) .order = 2, .shader = "matmul_packed.comp", .effort = 2, TILES(access_b)
#define DOT(access_b)                                                                              \
    .shader = "matmul_few.comp", .needs = VR_NEEDS_SUBGROUP_ARITHMETIC,                            \
    .workgroup = VR_WORKGROUP_SUBGROUP, .tile = {.rows = FEW_ROWS, .few = true, .quads = 1},       \
    .fits = dot_fits, .pays = dot_pays, .define = define_dot, .launch = launch_dot,                \
    .binds = BINDS(VR_TEXEL_VEC4, access_b, VR_STORAGE)
static const vr_kernel kernels[] = {
    {.name = "dot", DOT(VR_TEXEL_VEC4)},
    {.name = "words", DOT(VR_TEXEL_UVEC4)},
    {.name = "few", PACKED(VR_TEXEL_UVEC4), .tile = {.rows = FEW_ROWS, .few = true, .quads = 1},
     .fits = few_fits, .pays = few_pays},
    {.name = "tiles_low", TILE(VR_WORKGROUP_128, 4, 1, 8)},
    {.name = "tiles", TILE(VR_WORKGROUP_128, 8, 2, 4)},
    {.name = "shared_halves", ELEMENTS(VR_TEXEL_UVEC4), .defines = "#define A_SHARED\n#define W_WORDS\n",
     .needs = VR_NEEDS_CPU_SHUFFLE, .tile = {.rows = 16, .few = true}, .fits = halves_fits,
     .pays = shared_halves_pays},
    {.name = "shared", ELEMENTS(VR_TEXEL_VEC4), .defines = "#define A_SHARED\n",
     .needs = VR_NEEDS_CPU_SHUFFLE, .tile = {.rows = 16, .few = true}, .fits = fits,
     .pays = shared_pays},
    {.name = "tall", ELEMENTS(VR_TEXEL_VEC4), .needs = VR_NEEDS_CPU_FETCH, .tile = {.rows = 16},
     .fits = fits, .pays = tall_pays},
    {.name = "halves", ELEMENTS(VR_TEXEL_UVEC4), .defines = "#define W_WORDS\n", .tile = {.few = true},
     .fits = halves_fits},
    {.name = "packed", PACKED(VR_TEXEL_UVEC4), .tile = {.quads = 1}, .fits = packed_fits},
    {.name = "packed_weights", PACKED(VR_STORAGE), .defines = "#define W_STORAGE\n", .tile = {.quads = 1},
     .fits = packed_fits},
    {.name = "thin", ELEMENTS(VR_TEXEL_VEC4), .tile = {.rows = THIN_ROWS, .few = true}, .fits = thin_fits},
    {.name = "texel", ELEMENTS(VR_TEXEL_VEC4), .fits = fits},
    {.name = "tall_weights", ELEMENTS(VR_STORAGE), .defines = "#define W_STORAGE\n",
     .needs = VR_NEEDS_CPU_FETCH, .tile = {.rows = 16}, .fits = fits, .pays = tall_pays},
    {.name = "weights", ELEMENTS(VR_STORAGE), .defines = "#define W_STORAGE\n", .fits = fits},
    {.name = "plain", .shader = "matmul_plain.comp", .workgroup = VR_WORKGROUP_SUBGROUP, .effort = 16,
     .define = define_plain, .launch = launch_plain, .binds = BINDS(VR_STORAGE, VR_STORAGE, VR_TEXEL_VEC4)},
};

static const vr_check checks[] = {
    {.at.matmul = {.activation = VIREO_GELU},
     .in = {VR_IN_ROWS(1, 37, 50), VR_IN_F32(50, 33), VR_IN_F32(33), VR_IN_ROWS(1, 37, 33)}},
    {.in = {VR_IN_F32(9, 68), VR_IN_F16(68, 40)}},
    {.at.matmul = {.transpose_a = true}, .in = {VR_IN_F32(3, 21, 10), VR_IN_F32(3, 21, 30)}},
    {.at.matmul = {.transpose_b = true}, .in = {VR_IN_F32(4, 288), VR_IN_OF(VIREO_Q8_0, 17, 288)}},
    {.at.matmul = {.transpose_b = true}, .in = {VR_IN_F32(3, 96), VR_IN_OF(VIREO_Q4_0, 9, 96)}},
    {.at.matmul = {.transpose_b = true},
     .in = {VR_IN_ROWS(1, 37, 64), VR_IN_OF(VIREO_Q4_0, 33, 64), VR_IN_F32(33)}},
    {.at.matmul = {.transpose_b = true}, .in = {VR_IN_F32(3, 84), VR_IN_OF(VIREO_BF16, 21, 84)}},
    {.at.matmul = {.transpose_b = true},
     .in = {VR_IN_ROWS(1, 4, 72), VR_IN_F16(33, 72), VR_IN_F32(33), VR_IN_ROWS(1, 4, 33)}},
    {.at.matmul = {.transpose_b = true}, .in = {VR_IN_F32(1, 150), VR_IN_F32(21, 150)}},
};

static double flops(const vr_call *c, const vr_host_ints host)
{
    const vr_value *out = c->out[0];
    const double k = (double)c->in[A]->shape[c->in[A]->rank - (c->at.matmul.transpose_a ? 2 : 1)];
    (void)host;
    return 2 * k * (double)vr_value_rows_now(out) * (double)vr_value_width(out);
}

const vr_op vr_op_matmul = {
    .name = "matmul", .min_in = 2, .max_in = 4, .n_out = 1, .f16_in = 1u << B, .packed_in = 1u << B,
    .dense_in = 1u << RESIDUAL, .infer = infer,
    .flops = flops, .reference = reference, .kernels = kernels, .n_kernels = sizeof kernels / sizeof *kernels,
    VR_CHECKS(checks)};
