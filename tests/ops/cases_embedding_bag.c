/* SPDX-License-Identifier: Apache-2.0
 * Both operations on every shape. */
#include "op_rand.h"

typedef struct row {
    int64_t table_rows, width, ids, bags;
    bool weights, half, view, heavy;
    op_fill fill, offsets;
    op_device device;
    int64_t most_ids, ids_now[3]; /* dynamic if most_ids > 0 */
    int64_t most_offsets, offsets_now[3];
    op_fill weight_fill;
    bool least;
} row;
static const vireo_dtype packed[] = {VIREO_BF16, VIREO_Q8_0, VIREO_Q4_0};

static const row rows[] = {
    {1, 1, 1, 1, false, false, .offsets = FILL_OFFSETS},
    {5, 3, 9, 2, true, false, .offsets = FILL_OFFSETS},
    {17, 4, 33, 5, false, false, .offsets = FILL_OFFSETS},
    {9, 5, 17, 3, true, true, .offsets = FILL_OFFSETS},
    {100, 33, 65, 17, false, true, .offsets = FILL_OFFSETS},
    {64, 64, 100, 9, true, false, .offsets = FILL_OFFSETS},
    {30, 129, 12, 40, true, false, .offsets = FILL_OFFSETS, .heavy = true}, /* most bags are empty; long to compile */
    {7, 6, 0, 3, true, false, .offsets = FILL_OFFSETS},
    {7, 6, 5, 0, false, false, .offsets = FILL_OFFSETS},
    {11, 8, 30, 8, true, false, .offsets = FILL_BAD_OFFSETS},
    {20, 13, 30, 4, false, false, .offsets = FILL_OFFSETS, .fill = FILL_WIDE},
    {20, 13, 30, 4, true, false, .offsets = FILL_OFFSETS, .fill = FILL_HUGE},
    {20, 12, 30, 4, false, false, .offsets = FILL_OFFSETS, .fill = FILL_DENORMAL},
    {50, 64, 12, 3, true, false, .view = true, .offsets = FILL_OFFSETS},
    {1000, 64, 50, 7, true, false, .offsets = FILL_OFFSETS, .device = OP_DEVICE_LOW},
    {1100, 33, 45, 7, false, true, .offsets = FILL_OFFSETS, .device = OP_DEVICE_LOW, .heavy = true},
    {20, 5, 70000, 1, true, false, .offsets = FILL_OFFSETS}, /* more iterations than some drivers allow */
    {9, 3, 100, 70000, .offsets = FILL_OFFSETS, .heavy = true},
    {600000, 60, 1000, 20, true, false, .offsets = FILL_OFFSETS, .heavy = true}, /* 137 MiB */
    {19, 20, 0, 0, true, false, .offsets = FILL_OFFSETS, .most_ids = 100, .ids_now = {40, 100, 0},
     .most_offsets = 20, .offsets_now = {5, 20, 1}},
    {20, 12, 30, 4, true, false, .offsets = FILL_OFFSETS, .fill = FILL_TINY},
    {1, 12, 500, 2, true, false, .offsets = FILL_OFFSETS, .weight_fill = FILL_CANCEL_ROWS},
    /* Several dispatches on the least device. */
    {90, 65, 1000, 33, true, false, .offsets = FILL_OFFSETS, .least = true},
};
/* With bf16, q8_0 and q4_0 each: the width is a multiple of 32. */
static const row packed_rows[] = {
    {1, 32, 1, 1, .offsets = FILL_OFFSETS},
    {17, 64, 33, 5, true, .offsets = FILL_OFFSETS},
    {100, 288, 65, 17, true, .offsets = FILL_OFFSETS},
    {7, 32, 0, 3, .offsets = FILL_OFFSETS},
    {20, 96, 31, 4, .offsets = FILL_BAD_OFFSETS, .fill = FILL_SMALL},
    {20, 32, 31, 4, .offsets = FILL_OFFSETS, .fill = FILL_DENORMAL}, /* all 0 in blocks */
    {1, 64, 500, 2, true, .offsets = FILL_OFFSETS, .weight_fill = FILL_CANCEL_ROWS},
    {1500, 64, 50, 7, true, .offsets = FILL_OFFSETS, .device = OP_DEVICE_LOW},
    {9, 32, 100, 70000, .offsets = FILL_OFFSETS, .heavy = true},
    {19, 32, 0, 0, true, .offsets = FILL_OFFSETS, .most_ids = 100, .ids_now = {40, 100, 0},
     .most_offsets = 20, .offsets_now = {5, 20, 1}},
};
enum {
    N_ROWS = sizeof rows / sizeof *rows,
    PACKED = sizeof packed / sizeof *packed,
    N_ALL = N_ROWS + PACKED * (sizeof packed_rows / sizeof *packed_rows),
    N_OPERATIONS = VIREO_BAG_MEAN + 1
};

static void make(size_t i, op_case *c)
{
    const size_t at = i % N_ALL;
    const row *r = at < N_ROWS ? &rows[at] : &packed_rows[(at - N_ROWS) / PACKED];
    c->at.bag.op = (vireo_bag)(i / N_ALL);
    c->in[0] = op_filled(op_matrix(r->table_rows, r->width), r->fill);
    c->in[0] = r->half ? op_half(c->in[0]) : r->view ? op_view(c->in[0]) : op_constant(c->in[0]);
    if (at >= N_ROWS)
        c->in[0].dtype = packed[(at - N_ROWS) % PACKED];
    c->in[1] = op_ints(op_vector(r->ids), FILL_IDS);
    c->in[2] = op_ints(op_vector(r->bags + 1), r->offsets);
    c->in[2].of = 1; /* offsets run over the ids */
    if (r->weights)
        c->in[3] = op_filled(op_vector(r->ids), r->weight_fill);
    c->least = r->least;
    c->device = r->device;
    c->heavy = r->heavy;
    if (!r->most_ids)
        return;
    op_sizes(c, r->most_ids, r->ids_now, r->most_offsets, r->offsets_now);
    c->in[1].symbol = 1;
    c->in[3].symbol = r->weights ? 1 : 0;
    c->in[2].symbol = 2;
}

static void draw(uint64_t *s, op_case *c)
{
    const int64_t ids = op_draw_size(s, 200);
    c->at.bag.op = (vireo_bag)op_below(s, N_OPERATIONS);
    const vireo_dtype dtype = op_once_in(s, 3)   ? VIREO_F16
                              : op_once_in(s, 2) ? packed[op_below(s, PACKED)]
                                                 : VIREO_F32;
    const int64_t block = (int64_t)vireo_dtype_block(dtype);
    const int64_t width = (op_draw_size(s, 200) + block - 1) / block * block;
    c->in[0] = op_weights(op_matrix(1 + op_draw_size(s, 1000), width), dtype);
    c->in[1] = op_ints(op_vector(ids), FILL_IDS);
    c->in[2] = op_ints(op_vector(1 + op_draw_size(s, 60)), FILL_OFFSETS);
    c->in[2].of = 1;
    if (op_once_in(s, 2))
        c->in[3] = op_vector(ids);
}

static void build(vireo_graph *g, const op_case *c, const vireo_value *in, vireo_value *out)
{
    out[0] = vireo_embedding_bag(g, c->at.bag.op, in[0], in[1], in[2], in[3]);
}

const op_cases cases_embedding_bag = {.op = VR_OP_EMBEDDING_BAG,
                                      .count = (size_t)N_ALL * N_OPERATIONS,
                                      /* as cases_embedding.c says */
                                      .packed_without = OP_WITHOUT(OP_VIEW) | OP_WITHOUT(OP_HUGE) |
                                                        OP_WITHOUT(OP_TINY) | OP_WITHOUT(OP_LARGE),
                                      .make = make,
                                      .draw = draw,
                                      .build = build};
