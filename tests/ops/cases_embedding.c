/* SPDX-License-Identifier: Apache-2.0 */
#include "op_rand.h"

typedef enum table_kind { WEIGHTS, HALVES, ACTIVATION } table_kind;
static const vireo_dtype packed[] = {VIREO_BF16, VIREO_Q8_0, VIREO_Q4_0};
typedef struct row {
    int64_t table_rows, width, ids;
    table_kind kind;
    op_device device;
    int64_t most, counts[3];             /* ids dynamic if most > 0 */
    int64_t table_most, table_counts[3]; /* an activation's rows */
    bool view, heavy;
    op_fill fill;
} row;

static const row rows[] = {
    {1, 1, 1},
    {3, 1, 7},
    {5, 2, 4},
    {7, 3, 9},
    {8, 4, 8},
    {9, 5, 3},
    {100, 7, 31},
    {33, 32, 33},
    {17, 33, 65},
    {50, 64, 12},
    {65, 65, 5},
    {200, 384, 17},
    {10, 1000, 2},
    {6, 6, 0},
    {5, 8, 3, HALVES},
    {7, 1, 4, HALVES},
    {3, 3, 11, HALVES},
    {9, 5, 6, HALVES},
    {101, 33, 40, HALVES},
    {64, 384, 20, HALVES},
    {4, 4, 5, ACTIVATION},
    {19, 7, 23, ACTIVATION},
    {130, 20, 64, ACTIVATION},
    {50, 64, 12, ACTIVATION, .view = true},
    {9, 12, 30, ACTIVATION, .view = true},
    {20, 9, 30, .fill = FILL_WIDE},
    {20, 9, 30, ACTIVATION, .fill = FILL_HUGE},
    {20, 9, 30, .fill = FILL_TINY},
    {20, 9, 30, .fill = FILL_DENORMAL},
    {20, 12, 30, ACTIVATION, .fill = FILL_DENORMAL},
    {9, 3, 300000, .heavy = true},
    {3, 300000, 5, .heavy = true},
    {3, 600001, 5, .heavy = true}, /* four rows a workgroup are more iterations than lavapipe's */
    {600000, 60, 1000, .heavy = true},         /* 137 MiB */
    {1200000, 60, 1000, HALVES, .heavy = true}, /* 137 MiB */
    /* More than one slab of 65,536 bytes. */
    {1000, 64, 50, WEIGHTS, OP_DEVICE_LOW},
    {1025, 17, 99, WEIGHTS, OP_DEVICE_LOW},
    {4200, 4, 60, WEIGHTS, OP_DEVICE_LOW},
    {300, 511, 30, WEIGHTS, OP_DEVICE_LOW},
    {1000, 65, 40, HALVES, OP_DEVICE_LOW},
    {900, 128, 30, HALVES, OP_DEVICE_LOW},
    {1100, 33, 45, ACTIVATION, OP_DEVICE_LOW},
    {40, 12, 0, WEIGHTS, .most = 64, .counts = {5, 64, 0}},
    {300, 12, 5000, WEIGHTS}, /* 8 rows a lane on a CPU */
    {40, 13, 0, HALVES, .most = 500, .counts = {33, 499, 1}},
    {0, 9, 0, ACTIVATION, .most = 20, .counts = {5, 20, 1}, .table_most = 50,
     .table_counts = {50, 7, 1}},
};

/* With bf16, q8_0 and q4_0 each: the width is a multiple of 32. */
static const row packed_rows[] = {
    {1, 32, 1},
    {3, 64, 7},
    {9, 96, 17},
    {33, 256, 33}, /* the scales fill 16 bytes */
    {50, 288, 12},
    {17, 1056, 5},
    {6, 32, 0},
    {5, 0, 4},
    {20, 64, 30, .fill = FILL_SMALL},
    {20, 64, 31, .fill = FILL_WIDE},
    {20, 32, 9, .fill = FILL_ZERO},
    {1000, 64, 50, .device = OP_DEVICE_LOW},
    {4200, 32, 61, .device = OP_DEVICE_LOW},
    {300, 512, 30, .device = OP_DEVICE_LOW},
    {40, 96, 0, .most = 64, .counts = {5, 64, 0}},
    {40, 64, 5001},
    {9, 32, 300000, .heavy = true},
};
static const row bf16_rows[] = {{7, 1, 9}, {10, 13, 11}, {8, 4, 8}, {9, 5, 9}, {100, 37, 31},
                                {65, 129, 20}, {9, 8, 12, .fill = FILL_DENORMAL},
                                {1100, 33, 45, .device = OP_DEVICE_LOW}};
enum {
    N_ROWS = sizeof rows / sizeof *rows,
    PACKED = sizeof packed / sizeof *packed,
    N_PACKED = PACKED * (sizeof packed_rows / sizeof *packed_rows),
    N_BF16 = sizeof bf16_rows / sizeof *bf16_rows
};

static void make(size_t i, op_case *c)
{
    const bool of_each = i >= N_ROWS && i < (size_t)N_ROWS + N_PACKED;
    const row *r = i < N_ROWS ? &rows[i]
                   : of_each  ? &packed_rows[(i - N_ROWS) / PACKED]
                              : &bf16_rows[i - N_ROWS - N_PACKED];
    c->in[0] = op_matrix(r->table_rows, r->width);
    if (r->kind != ACTIVATION)
        c->in[0] = r->kind == HALVES ? op_half(c->in[0]) : op_constant(c->in[0]);
    if (i >= N_ROWS)
        c->in[0].dtype = of_each ? packed[(i - N_ROWS) % PACKED] : VIREO_BF16;
    c->in[1] = op_ints(op_vector(r->ids), FILL_IDS);
    c->in[0].fill = r->fill;
    c->in[0].view = r->view;
    c->device = r->device;
    c->heavy = r->heavy;
    if (!r->most)
        return;
    c->in[1].symbol = 1;
    if (r->table_most)
        c->in[0].symbol = 2;
    op_sizes(c, r->most, r->counts, r->table_most, r->table_counts);
}

static void draw(uint64_t *s, op_case *c)
{
    static const vireo_dtype dtypes[] = {VIREO_F32, VIREO_F16, VIREO_BF16, VIREO_Q8_0, VIREO_Q4_0};
    const vireo_dtype dtype = dtypes[op_below(s, 5)];
    const int64_t block = (int64_t)vireo_dtype_block(dtype);
    const int64_t width = (op_draw_size(s, 300) + block - 1) / block * block;
    c->in[0] = op_matrix(1 + op_draw_size(s, 2000), width);
    if (dtype || op_once_in(s, 2))
        c->in[0] = op_weights(c->in[0], dtype);
    else
        c->in[0].view = op_once_in(s, 2);
    c->in[1] = op_ints(op_vector(op_draw_size(s, 200)), FILL_IDS);
    op_draw_dynamic(s, c, 1);
}

static void build(vireo_graph *g, const op_case *c, const vireo_value *in, vireo_value *out)
{
    out[0] = c->in[0].source == OP_INPUT ? vireo_gather_rows(g, in[0], in[1])
                                         : vireo_embedding(g, in[0], in[1]);
}

const op_cases cases_embedding = {.op = VR_OP_EMBEDDING,
                                  .count = (size_t)N_ROWS + N_PACKED + N_BF16,
                                  .without = OP_WITHOUT(OP_CANCEL), /* nothing is summed */
                                  /* Constants are dense; scales of blocks are halves, which hold no 1e±30;
                                   * 128 MiB of blocks, GiB as doubles, are cut as on OP_DEVICE_LOW. */
                                  .packed_without = OP_WITHOUT(OP_VIEW) | OP_WITHOUT(OP_HUGE) |
                                                    OP_WITHOUT(OP_TINY) | OP_WITHOUT(OP_LARGE),
                                  .make = make,
                                  .draw = draw,
                                  .build = build,
                                  .exact = true};
