/* SPDX-License-Identifier: Apache-2.0
 * Every combination of layouts, batch, bias, residual and weight type on small odd sizes; then
 * sizes around tiles, activations, dynamic rows, and operands larger than a view or a binding; then
 * packed weights of each kind. */
#include "op_rand.h"

enum { TA = 1, TB = 2, BIAS = 4, RESIDUAL = 8, HALF = 16, BATCH_A = 32, BATCH_B = 64 };

typedef struct row {
    int64_t m, n, k;
    uint32_t flags;
    vireo_unary activation;
    op_device device;
    bool turned; /* weights must be turned to be bound at all */
    op_fill fill;
    bool view, heavy, least;
    int64_t most, counts[3]; /* dynamic m if most > 0 */
    op_fill weights;
    vireo_dtype dtype; /* of the weights; f32, or f16 by HALF */
} row;

static const row rows[] = {
    /* Sizes: 1, primes, around 4, 8, 16, 32, 64, 128; weights as in files, and transposed. */
    {1, 1, 1, TB},
    {1, 1, 2, 0},
    {2, 1, 1, TB},
    {1, 2, 3, 0},
    {3, 5, 1, TB | BIAS},
    {2, 3, 4, TB},
    {4, 4, 4, TB},
    {5, 7, 5, TB | BIAS},
    {7, 5, 3, 0},
    {8, 8, 8, TB},
    {9, 9, 9, TB | BIAS},
    {8, 9, 7, 0},
    {16, 16, 16, TB},
    {17, 17, 17, TB | BIAS},
    {16, 17, 9, 0, .fill = FILL_TINY},
    {31, 33, 5, TB},
    {33, 31, 17, 0},
    {32, 32, 32, TB | BIAS},
    {1, 64, 64, TB | BIAS},
    {63, 65, 33, TB},
    {65, 63, 31, 0},
    {64, 64, 64, 0},
    {1, 129, 100, TB, .fill = FILL_TINY},
    {2, 128, 129, TB},
    {3, 100, 128, 0},
    {1, 384, 384, TB | BIAS},
    {8, 128, 384, TB | BIAS | RESIDUAL},
    {12, 384, 128, TB | BIAS},
    {129, 33, 65, TB},
    {128, 129, 4, 0},
    {100, 1, 100, TB},
    {100, 2, 7, 0},
    {1, 3, 384, TB},
    {5, 384, 2, TB},
    {0, 8, 8, TB | BIAS},
    {8, 0, 8, TB},
    {8, 8, 0, TB | BIAS},
    {0, 0, 0, 0},
    /* Half weights. */
    {1, 1, 1, TB | HALF},
    {3, 5, 7, TB | HALF},
    {7, 9, 5, HALF},
    {17, 33, 31, TB | BIAS | HALF},
    {31, 17, 33, BIAS | HALF},
    {1, 129, 384, TB | HALF},
    {64, 65, 63, TB | RESIDUAL | HALF},
    {65, 64, 64, HALF},
    {2, 2, 4, TB | HALF},
    /* Words of half weights: two quads along k, or side by side, and tiles of few rows. */
    {1, 40, 24, HALF | BIAS},
    {3, 24, 19, HALF},
    {5, 136, 33, HALF | RESIDUAL},
    {16, 20, 40, TB | HALF},
    {130, 264, 72, HALF},
    {21, 520, 8, HALF | BIAS, .view = true},
    {5, 40, 24, HALF, .weights = FILL_SMALL}, /* denormal halves */
    {5, 9, 24, TB | HALF, .weights = FILL_SMALL},
    /* Activations. */
    {5, 7, 9, TB | BIAS, VIREO_GELU},
    {33, 17, 65, TB | BIAS, VIREO_GELU},
    {9, 12, 8, TB | BIAS | HALF, VIREO_GELU},
    {6, 9, 11, TB | BIAS, VIREO_GELU_TANH, .heavy = true}, /* to compile, like some below */
    {6, 9, 11, TB, VIREO_RELU, .heavy = true},
    {4, 13, 6, TB | BIAS, VIREO_SILU, .heavy = true},
    {4, 13, 6, TB | BIAS | RESIDUAL, VIREO_TANH, .heavy = true},
    {3, 6, 5, TB | BIAS, VIREO_SIGMOID}, /* must not fill the padding with 1/2 */
    {9, 5, 4, TB | BIAS | RESIDUAL, VIREO_GELU},
    /* Dynamic rows. */
    {0, 33, 20, TB | BIAS, .most = 40, .counts = {3, 40, 0}},
    {0, 64, 64, TB | BIAS | RESIDUAL, .most = 300, .counts = {17, 1, 129}},
    {0, 7, 9, 0, .most = 64, .counts = {64, 5, 33}},
    {0, 10, 12, TB | HALF | BIAS, .most = 50, .counts = {1, 8, 50}},
    /* More than 1,024 texels or 65,536 bytes: slabs of weights, of rows, of both. */
    {3, 1000, 16, TB, .device = OP_DEVICE_LOW},
    {5, 513, 64, TB | BIAS, .device = OP_DEVICE_LOW},
    {4, 700, 100, TB | BIAS | RESIDUAL, .device = OP_DEVICE_LOW},
    {300, 33, 17, TB | BIAS, .device = OP_DEVICE_LOW},
    {100, 150, 64, TB, .device = OP_DEVICE_LOW},
    {3, 1000, 20, TB | HALF, .device = OP_DEVICE_LOW},
    {2, 200, 70, BIAS, .device = OP_DEVICE_LOW},
    {150, 40, 40, BIAS, .device = OP_DEVICE_LOW},
    {3, 64, 65, BATCH_A | BATCH_B, .device = OP_DEVICE_LOW},
    /* A dispatch a matrix on the least device. */
    {64, 65, 64, BATCH_A | BATCH_B, .least = true},
    {64, 65, 64, BATCH_A | BATCH_B | TB, .least = true},
    {65, 66, 63, BATCH_A | BATCH_B, .least = true},
    {65, 66, 63, BATCH_A | BATCH_B | TB, .least = true},
    /* Columns in several dispatches there, of weights (K, N). */
    {40, 264, 64, BIAS | HALF, .least = true},
    {0, 120, 64, TB | BIAS, .device = OP_DEVICE_LOW, .most = 120, .counts = {20, 100, 1}},
    {6, 9, 40, TB | BIAS, .fill = FILL_WIDE},
    {6, 9, 40, TB, .fill = FILL_HUGE}, /* products of 1e30 and weights about 1 */
    {6, 9, 40, TB, .fill = FILL_DENORMAL},
    {3, 8, 4096, TB | BIAS, .fill = FILL_CANCEL},
    {2, 3, 250000, TB}, /* so many that a kernel of two nested loops must refuse it there */
    /* More iterations than some drivers allow a lane: the plain kernel takes such sums in parts. */
    {2, 5, 70000, TB},
    {3, 6, 66001, TB | BIAS | RESIDUAL, VIREO_GELU},
    {17, 20, 64, TB | BIAS, .view = true},
    {33, 33, 12, 0, .view = true},
    {0, 9, 12, TB, .view = true},
    {5, 8, 64, TA | TB, .view = true},
    {2097200, 5, 3, TB | BIAS, .heavy = true}, /* more than 65,535 row tiles in every kernel */
    {3, 540000, 64, TB | BIAS, .heavy = true}, /* weights of 132 MiB */
    {530000, 8, 64, TB, .heavy = true},        /* rows of 129 MiB */
    {1, 8388545, 1, 0, .heavy = true},         /* more than 65,535 column tiles in every kernel */
    {1, 8388545, 4, TB, .heavy = true},
    /* Tiles of 16 rows: 64 of them, one row more, few columns, slabs, and sizes that shrink. */
    {1024, 5, 9, TB | BIAS},
    {1025, 130, 5, TB | BIAS | RESIDUAL},
    {1039, 64, 12, HALF},
    {2048, 3, 7, 0},
    {130, 1000, 9, TB, .view = true},
    {1030, 40, 4, TB | BIAS, .device = OP_DEVICE_LOW},
    {0, 17, 8, TB | BIAS, .most = 1100, .counts = {1031, 3, 1100}},
    /* At most 4 rows: sums that lanes share. Lanes without work, one quad past a subgroup's, dynamic rows,
     * slabs of which other kernels take fewer. */
    {1, 5, 36, TB | BIAS | RESIDUAL, VIREO_GELU},
    {4, 33, 516, TB | BIAS | RESIDUAL},
    {3, 31, 260, TB, .view = true},
    {0, 65, 100, TB | BIAS, .most = 3, .counts = {3, 1, 2}},
    {0, 33, 72, TB | BIAS | RESIDUAL | HALF, .most = 4, .counts = {1, 4, 0}},
    {2, 21, 8, TB | HALF},
    {4, 130, 264, TB | BIAS | HALF},
    {3, 300, 72, TB | BIAS | RESIDUAL | HALF, .device = OP_DEVICE_LOW},
    {2, 4200, 16, TB | BIAS, .device = OP_DEVICE_LOW},
    {4, 6, 64, TB, .fill = FILL_HUGE},
    /* The same where columns are few: tiles of 8 rows, one row more, slabs, dynamic rows. */
    {9, 1, 36, TB | BIAS | RESIDUAL, VIREO_SIGMOID},
    {37, 8, 260, TB | BIAS},
    {64, 3, 64, TB | RESIDUAL, .view = true},
    {41, 7, 72, TB | BIAS | HALF},
    {0, 5, 100, TB | BIAS, .most = 40, .counts = {33, 1, 0}},
    {4200, 6, 16, TB | BIAS | RESIDUAL, .device = OP_DEVICE_LOW},
    {70000, 2, 8, TB, .heavy = true}, /* more than 65,535 rows */
    /* Weights beyond 65,536 texels. */
    {2, 4100, 68, TB, VIREO_IDENTITY},
    {1, 65600, 5, TB, VIREO_IDENTITY},
    /* Weights (K, N) beyond a binding: turned, then slabs. */
    {3, 700, 100, BIAS | HALF, .device = OP_DEVICE_LOW, .turned = true},
    {5, 390, 65, HALF, .device = OP_DEVICE_LOW, .turned = true},
};
/* With bf16, q8_0 and q4_0 each: k is a multiple of 32. */
static const row packed_rows[] = {
    /* Few rows, 1 to 8. */
    {1, 1, 32, TB},
    {1, 7, 64, TB | BIAS},
    {2, 33, 96, TB | BIAS},
    {3, 5, 32, TB | RESIDUAL},
    {4, 129, 384, TB},
    {5, 17, 64, TB | BIAS | RESIDUAL},
    {7, 65, 256, TB}, /* the scales fill 16 bytes */
    {8, 31, 288, TB | BIAS},
    {6, 12, 1056, TB, .fill = FILL_TINY},
    /* Many. */
    {9, 13, 512, TB},
    {17, 65, 96, TB | BIAS},
    {33, 100, 32, TB},
    {64, 67, 320, TB | BIAS | RESIDUAL},
    {129, 16, 64, TB, .fill = FILL_TINY},
    {0, 8, 32, TB},
    {3, 0, 32, TB | BIAS},
    {10, 5, 0, TB | BIAS},
    {5, 7, 64, TB | BIAS, VIREO_GELU, .heavy = true}, /* to compile, as the next */
    {9, 6, 32, TB, VIREO_SIGMOID, .heavy = true},
    {5, 6, 32, TA | TB | BIAS},
    {9, 11, 64, TA | TB | BATCH_A},
    {4, 9, 64, TB | BIAS | RESIDUAL | BATCH_A},
    {11, 9, 32, TB | BATCH_A},
    {0, 33, 64, TB | BIAS, .most = 40, .counts = {3, 40, 0}},
    {0, 20, 96, TB | RESIDUAL, .most = 8, .counts = {1, 8, 0}},
    {6, 9, 32, TB | BIAS, .fill = FILL_WIDE},
    {12, 9, 64, TB, .fill = FILL_HUGE},
    {6, 9, 32, TB, .fill = FILL_DENORMAL},
    {3, 8, 4096, TB | BIAS, .fill = FILL_CANCEL},
    {5, 9, 96, TB, .weights = FILL_SMALL},
    {19, 9, 96, TB, .weights = FILL_SMALL},
    {9, 9, 64, TB, .weights = FILL_ZERO},
    {17, 20, 64, TB | BIAS, .view = true},
    {3, 20, 64, TB | BIAS, .view = true},
    {3, 1000, 32, TB, .device = OP_DEVICE_LOW},
    {20, 513, 64, TB | BIAS, .device = OP_DEVICE_LOW},
    {4, 701, 96, TB | BIAS | RESIDUAL, .device = OP_DEVICE_LOW},
    {300, 33, 32, TB | BIAS, .device = OP_DEVICE_LOW},
    {2, 4100, 256, TB | BIAS, .device = OP_DEVICE_LOW}, /* too many slabs but for kernels of few rows */
    {0, 150, 64, TB | BIAS, .device = OP_DEVICE_LOW, .most = 120, .counts = {20, 100, 1}},
    {2, 4100, 96, TB},
    /* Sums that lanes share: lanes without work, a fetch past a subgroup's, scales past 16 bytes, tiles of 8 rows. */
    {1, 9, 544, TB | BIAS | RESIDUAL, VIREO_GELU},
    {0, 33, 288, TB | BIAS, .most = 4, .counts = {3, 1, 4}},
    {37, 8, 288, TB | BIAS, .view = true},
    {9, 1, 1056, TB | RESIDUAL},
    {4, 12, 1056, TB, .fill = FILL_TINY},
    {3, 9, 64, TB, .fill = FILL_HUGE},
    {2, 9, 32, TB | BIAS, .fill = FILL_DENORMAL},
    {4, 9, 96, TB, .weights = FILL_SMALL},
    {0, 3, 96, TB | BIAS, .most = 40, .counts = {33, 1, 0}},
    {4200, 6, 32, TB | BIAS | RESIDUAL, .device = OP_DEVICE_LOW},
    {4096, 4200, 32, TB, .heavy = true}, /* more than 65,535 groups */
};

static const row bf16_rows[] = {
    {7, 9, 5, TB},
    {1, 3, 13, TB | BIAS},
    {12, 33, 31, TB},
    {3, 100, 129, TB},
    {5, 9, 7, 0},
    {31, 17, 33, BIAS},
    {9, 8, 1, RESIDUAL},
    {6, 11, 5, TA},
    {5, 7, 9, TA | TB | BIAS},
    {2, 200, 70, BIAS, .device = OP_DEVICE_LOW},
    {3, 700, 100, BIAS, .device = OP_DEVICE_LOW, .turned = true},
    {3, 9, 40, TB, .weights = FILL_TINY},
    {2, 13, 24, BIAS},
    {19, 70, 40, TB | RESIDUAL},
    {70, 265, 64, BIAS},
    {20, 21, 44, TB}, /* an odd number of quads */
    {40, 265, 64, BIAS, .least = true},
};
enum {
    N_ROWS = sizeof rows / sizeof *rows,
    N_PACKED = sizeof packed_rows / sizeof *packed_rows,
    N_BF16 = sizeof bf16_rows / sizeof *bf16_rows,
    N_LAYOUTS = 128
};
static const vireo_dtype packed[] = {VIREO_BF16, VIREO_Q8_0, VIREO_Q4_0};
enum { PACKED = sizeof packed / sizeof *packed };

/* The combinations; half weights have no batch. */
static bool layout_allowed(uint32_t f)
{
    return !((f & HALF) && (f & BATCH_B)) && (!(f & BATCH_B) || (f & BATCH_A));
}

static uint32_t layout_at(size_t index)
{
    for (uint32_t f = 0; f < N_LAYOUTS; f++)
        if (layout_allowed(f) && index-- == 0)
            return f;
    return 0;
}
enum { N_COMBINATIONS = 32 + 32 + 16 }; /* of layout_allowed: plain, batched a, both batched */

static row row_at(size_t i)
{
    static const int64_t sizes[][3] = {{5, 6, 7}, {9, 3, 10}, {2, 33, 5}, {18, 8, 3}};
    if (i < N_ROWS)
        return rows[i];
    const int64_t *s = sizes[i % 4];
    i -= N_ROWS;
    if (i < N_COMBINATIONS)
        return (row){s[0], s[1], s[2], layout_at(i), VIREO_IDENTITY};
    i -= N_COMBINATIONS;
    row r = i < (size_t)N_PACKED * PACKED ? packed_rows[i / PACKED]
                                          : bf16_rows[i - (size_t)N_PACKED * PACKED];
    r.dtype = i < (size_t)N_PACKED * PACKED ? packed[i % PACKED] : VIREO_BF16;
    return r;
}

static void make(size_t i, op_case *c)
{
    const row r = row_at(i);
    const int64_t batch = 3;
    const bool ta = r.flags & TA, tb = r.flags & TB;
    c->in[0] = r.flags & BATCH_A ? op_cube(batch, ta ? r.k : r.m, ta ? r.m : r.k)
                                 : op_matrix(ta ? r.k : r.m, ta ? r.m : r.k);
    c->in[1] = r.flags & BATCH_B ? op_cube(batch, tb ? r.n : r.k, tb ? r.k : r.n)
                                 : op_matrix(tb ? r.n : r.k, tb ? r.k : r.n);
    c->in[0].fill = r.fill;
    c->in[0].view = r.view;
    c->heavy = r.heavy;
    c->least = r.least;
    if (r.flags & HALF || r.dtype)
        c->in[1] = op_filled(op_weights(c->in[1], r.dtype ? r.dtype : VIREO_F16), r.weights);
    else if (i % 3)
        c->in[1] = op_constant(c->in[1]);
    if (r.flags & BIAS)
        c->in[2] = op_constant(op_vector(r.n));
    if (r.flags & RESIDUAL)
        c->in[3] = r.flags & BATCH_A ? op_cube(batch, r.m, r.n) : op_matrix(r.m, r.n);
    c->at.matmul.transpose_a = ta;
    c->at.matmul.transpose_b = tb;
    c->at.matmul.activation = r.activation;
    c->device = r.device;
    c->keep_layout = i % 2 && !r.turned; /* as given and turned: half of the cases each */
    if (!r.most)
        return;
    op_sizes(c, r.most, r.counts, 0, NULL);
    c->in[0].symbol = 1;
    c->in[3].symbol = r.flags & RESIDUAL ? 1 : 0;
}

static void draw(uint64_t *s, op_case *c)
{
    static const vireo_unary functions[] = {VIREO_IDENTITY, VIREO_IDENTITY, VIREO_IDENTITY,
                                              VIREO_GELU};
    static const vireo_dtype dtypes[] = {VIREO_F32, VIREO_F16, VIREO_BF16, VIREO_Q8_0, VIREO_Q4_0};
    const vireo_dtype dtype = dtypes[op_below(s, 5)];
    const int64_t block = (int64_t)vireo_dtype_block(dtype);
    const int64_t m = op_draw_size(s, op_once_in(s, 2) ? 150 : 8), n = op_draw_size(s, 400);
    const int64_t k = (op_draw_size(s, 400) + block - 1) / block * block;
    const bool ta = op_once_in(s, 6), tb = block > 1 || !op_once_in(s, 3);
    c->in[0] = op_matrix(ta ? k : m, ta ? m : k);
    c->in[0].fill = op_draw_fill(s);
    c->in[0].view = op_once_in(s, 4);
    c->in[1] = op_matrix(tb ? n : k, tb ? k : n);
    c->in[1] = op_weights(c->in[1], dtype);
    if (op_once_in(s, 2))
        c->in[2] = op_constant(op_vector(n));
    if (op_once_in(s, 4))
        c->in[3] = op_matrix(m, n);
    c->at.matmul.transpose_a = ta;
    c->at.matmul.transpose_b = tb;
    c->at.matmul.activation = functions[op_below(s, 4)];
    c->keep_layout = op_once_in(s, 2);
    if (!ta && c->in[3].source == OP_ABSENT)
        op_draw_dynamic(s, c, 0);
}

static void build(vireo_graph *g, const op_case *c, const vireo_value *in, vireo_value *out)
{
    out[0] = vireo_matmul(g, in[0], in[1],
                          &(vireo_matmul_args){.transpose_a = c->at.matmul.transpose_a,
                                               .transpose_b = c->at.matmul.transpose_b,
                                               .bias = in[2],
                                               .residual = in[3],
                                               .activation = c->at.matmul.activation});
}

const op_cases cases_matmul = {.op = VR_OP_MATMUL,
                               .count = (size_t)N_ROWS + N_COMBINATIONS + N_PACKED * PACKED + N_BF16,
                               .make = make,
                               .draw = draw,
                               .build = build,
                               /* as cases_embedding.c says */
                               .packed_without = OP_WITHOUT(OP_LARGE),
                               .absolute_scale = true};
