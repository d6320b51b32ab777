/* SPDX-License-Identifier: Apache-2.0
 * Both operations on every shape. */
#include "op_rand.h"

typedef struct row {
    int64_t rows, width, ids;
    op_fill fill;
    op_device device;
    bool view, heavy, least;
    int64_t most, rows_now[3];        /* dynamic if most > 0 */
    int64_t most_ids, ids_now[3];
} row;

static const row rows[] = {
    {1, 1, 1},
    {5, 3, 2},
    {7, 4, 9}, /* ids that are equal */
    {9, 5, 40},
    {33, 64, 17},
    {100, 33, 65},
    {17, 129, 5},
    {50, 3, 32}, /* as many ids as are sorted before any are merged, and one more */
    {50, 3, 33},
    {2, 6, 64},
    {900, 5, 1025, .least = true}, /* merged six times, the first ones where one run has no other */
    {6, 70, 333, .least = true}, /* a row's updates are added in several parts */
    {3, 5000, 60, .least = true}, /* in many, and by several workgroups each */
    {4, 8, 0},
    {6, 0, 3},
    {9, 10, 20, FILL_WIDE},
    {9, 10, 20, FILL_HUGE},
    {9, 12, 20, FILL_DENORMAL},
    {3, 11, 300, FILL_CANCEL},
    {1, 11, 300, FILL_CANCEL_ROWS},
    {9, 10, 20, FILL_TINY},
    {9, 64, 20, .view = true},
    {400, 65, 30, .device = OP_DEVICE_LOW},
    {1000, 20, 5, .device = OP_DEVICE_LOW},
    {40, 33, 9000}, /* a lane writes half as many quads as usual */
    {3, 5, 70000}, /* more iterations than some drivers allow a lane */
    {2100, 65, 100}, /* 64 quads a lane on a CPU */
    {70000, 5, 100, .heavy = true},
    {530000, 64, 100, .device = OP_DEVICE_DISCRETE, .heavy = true}, /* 129 MiB, in many groups */
    {0, 20, 0, .most = 50, .rows_now = {20, 50, 1}, .most_ids = 133, .ids_now = {70, 133, 0}, .least = true},
};
enum { N_ROWS = sizeof rows / sizeof *rows, N_OPERATIONS = VIREO_SCATTER_ADD + 1 };

static void make(size_t i, op_case *c)
{
    const row *r = &rows[i % N_ROWS];
    c->at.scatter.op = (vireo_scatter)(i / N_ROWS);
    c->exact = c->at.scatter.op == VIREO_SCATTER_SET;
    c->in[0] = op_filled(op_matrix(r->rows, r->width), r->fill);
    c->in[1] = op_ints(op_vector(r->ids), FILL_IDS);
    c->in[2] = op_filled(op_matrix(r->ids, r->width), r->fill);
    c->in[0].view = c->in[2].view = r->view;
    c->device = r->device;
    c->heavy = r->heavy;
    c->least = r->least;
    if (!r->most)
        return;
    op_sizes(c, r->most, r->rows_now, r->most_ids, r->ids_now);
    c->in[0].symbol = 1;
    c->in[1].symbol = c->in[2].symbol = 2;
}

static void draw(uint64_t *s, op_case *c)
{
    const int64_t ids = op_draw_size(s, 100), width = op_draw_size(s, 200);
    c->at.scatter.op = (vireo_scatter)op_below(s, N_OPERATIONS);
    c->exact = c->at.scatter.op == VIREO_SCATTER_SET;
    c->in[0] = op_matrix(1 + op_draw_size(s, 100), width);
    c->in[1] = op_ints(op_vector(ids), FILL_IDS);
    c->in[2] = op_matrix(ids, width);
    c->in[0].view = op_once_in(s, 4);
    c->in[2].view = op_once_in(s, 4);
}

static void build(vireo_graph *g, const op_case *c, const vireo_value *in, vireo_value *out)
{
    out[0] = vireo_scatter_rows(g, c->at.scatter.op, in[0], in[1], in[2]);
}

const op_cases cases_scatter_rows = {.op = VR_OP_SCATTER_ROWS,
                                     .count = (size_t)N_ROWS * N_OPERATIONS,
                                     .make = make,
                                     .draw = draw,
                                     .build = build};
