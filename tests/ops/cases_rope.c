/* SPDX-License-Identifier: Apache-2.0 */
#include "op_rand.h"

typedef struct row {
    int64_t tokens, heads, dim, rotary, positions;
    op_fill fill;
    bool view, heavy;
    op_device device;
    int64_t most, counts[3]; /* tokens dynamic if most > 0 */
} row;

static const row rows[] = {
    {1, 1, 2, 2, 1},
    {3, 1, 3, 2, 5},
    {5, 3, 5, 4, 7},
    {7, 2, 7, 6, 3},
    {4, 1, 4, 4, 9},
    {9, 5, 4, 2, 4},
    {8, 3, 8, 8, 16},
    {5, 2, 12, 8, 11},
    {13, 2, 12, 4, 5},
    {6, 3, 16, 8, 6},
    {17, 2, 20, 10, 33},
    {33, 4, 32, 32, 64},
    {11, 3, 64, 64, 129},
    {12, 2, 64, 16, 12},
    {31, 2, 80, 32, 7},
    {3, 2, 128, 128, 513},
    {2, 1, 256, 256, 40},
    {3, 2, 257, 256, 5},
    {0, 2, 8, 8, 4},
    {5, 2, 8, 8, 6, .fill = FILL_WIDE},
    {4, 3, 6, 4, 6, .fill = FILL_HUGE},
    {4, 3, 6, 4, 6, .fill = FILL_TINY},
    {4, 3, 16, 8, 6, .fill = FILL_DENORMAL},
    {6, 2, 64, 64, 9, .view = true},
    {6, 3, 20, 10, 9, .view = true},
    /* Slabs of x (65,536 bytes), of the table (1,024 texels), of both. */
    {300, 2, 64, 16, 100, .device = OP_DEVICE_LOW},
    {9, 1, 64, 64, 300, .device = OP_DEVICE_LOW},
    {9, 1, 256, 256, 33, .device = OP_DEVICE_LOW},
    {400, 3, 33, 32, 333, .device = OP_DEVICE_LOW},
    {0, 1, 64, 64, 200, .device = OP_DEVICE_LOW, .most = 500, .counts = {300, 20, 500}},
    {80000, 1, 32, 32, 100, .heavy = true},
    {20, 1, 64, 64, 600000, .heavy = true},  /* a table of 146 MiB */
    {600000, 1, 64, 64, 100, .device = OP_DEVICE_DISCRETE, .heavy = true}, /* x, too, in many groups */
    {2100, 2, 64, 32, 100}, /* 64 units a lane on a CPU */
    {0, 2, 16, 16, 40, .most = 40, .counts = {3, 40, 0}},
    {0, 3, 10, 6, 50, .most = 300, .counts = {17, 1, 130}},
};

enum { N_ROWS = sizeof rows / sizeof *rows };

static void make(size_t i, op_case *c)
{
    const row *r = &rows[i % N_ROWS];
    c->in[0] = op_filled(op_matrix(r->tokens, r->heads * r->dim), r->fill);
    c->in[0].view = r->view;
    c->in[1] = op_ints(op_vector(r->tokens), FILL_IDS);
    c->in[1].of = 2;
    c->in[2] = op_constant(op_matrix(r->positions, r->rotary));
    c->at.rope.n_heads = (uint32_t)r->heads;
    c->at.rope.style = (vireo_rope_style)(i / N_ROWS);
    c->device = r->device;
    c->heavy = r->heavy;
    if (!r->most)
        return;
    c->in[0].symbol = c->in[1].symbol = 1;
    op_sizes(c, r->most, r->counts, 0, NULL);
}

static void draw(uint64_t *s, op_case *c)
{
    const int64_t heads = 1 + op_below(s, 5), dim = 2 + op_below(s, 70);
    c->at.rope.n_heads = (uint32_t)heads;
    c->at.rope.style = (vireo_rope_style)op_below(s, 2);
    c->in[0] = op_filled(op_matrix(op_draw_size(s, 200), heads * dim), op_draw_fill(s));
    c->in[0].view = op_once_in(s, 4);
    c->in[1] = op_ints(op_vector(c->in[0].shape[0]), FILL_IDS);
    c->in[1].of = 2;
    c->in[2] = op_matrix(1 + op_below(s, 300), 2 * (1 + op_below(s, dim / 2)));
    if (op_once_in(s, 2))
        c->in[2] = op_constant(c->in[2]);
    op_draw_dynamic(s, c, 0);
    c->in[1].symbol = c->in[0].symbol;
}

static void build(vireo_graph *g, const op_case *c, const vireo_value *in, vireo_value *out)
{
    out[0] = vireo_rope(g, in[0], in[1], in[2], c->at.rope.n_heads, c->at.rope.style);
}

const op_cases cases_rope = {.op = VR_OP_ROPE,
                             .count = 2 * (size_t)N_ROWS,
                             .make = make,
                             .draw = draw,
                             .build = build,
                             .without = OP_WITHOUT(OP_CANCEL)}; /* sums of two products */
