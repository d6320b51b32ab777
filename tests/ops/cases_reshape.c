/* SPDX-License-Identifier: Apache-2.0 */
#include "op_rand.h"

typedef struct row {
    uint32_t rank;
    int64_t shape[4];
    uint32_t to_rank;
    int64_t to[4];
    op_device device;
    bool view, ints, heavy;
    int64_t most, counts[3]; /* dynamic if most > 0 */
} row;

static const row rows[] = {
    {0, {0}, 1, {1}},
    {1, {1}, 0, {0}},
    {1, {12}, 2, {3, 4}},
    {2, {3, 5}, 2, {5, 3}},
    {2, {3, 5}, 1, {15}},
    {1, {21}, 2, {7, 3}},
    {2, {8, 12}, 2, {12, 8}},
    {2, {8, 12}, 3, {2, 4, 12}},
    {3, {2, 3, 7}, 2, {6, 7}},
    {4, {2, 3, 4, 5}, 2, {6, 20}},
    {4, {2, 3, 4, 5}, 4, {5, 4, 3, 2}},
    {2, {33, 17}, 3, {3, 11, 17}},
    {2, {0, 5}, 2, {7, 0}},
    {2, {4, 6}, 2, {8, 3}, .ints = true},
    {2, {9, 64}, 2, {18, 32}, .view = true},
    {2, {9, 64}, 3, {3, 3, 64}, .view = true},
    {2, {6, 10}, 2, {12, 5}, .view = true},
    {2, {500, 64}, 3, {250, 2, 64}, OP_DEVICE_LOW},
    {2, {530000, 64}, 3, {265000, 2, 64}, .heavy = true}, /* 129 MiB */
    {2, {0, 12}, 3, {0, 3, 4}, .most = 40, .counts = {3, 40, 0}},
    {3, {0, 5, 3}, 2, {0, 15}, .most = 40, .counts = {1, 33, 17}},
    {1, {0}, 1, {0}, .most = 70, .counts = {1, 33, 70}},
};

static void make(size_t i, op_case *c)
{
    const row *r = &rows[i];
    c->in[0] = (op_operand){.source = OP_INPUT, .rank = r->rank, .view = r->view,
                            .fill = op_moved_fill(i)};
    c->at.reshape.rank = r->to_rank;
    for (uint32_t d = 0; d < 4; d++) {
        c->in[0].shape[d] = r->shape[d];
        c->at.reshape.shape[d] = r->to[d];
    }
    if (r->ints)
        c->in[0] = op_ints(c->in[0], FILL_BITS);
    c->device = r->device;
    c->heavy = r->heavy;
    if (!r->most)
        return;
    c->in[0].symbol = 1;
    c->at.reshape.shape[0] = r->most;
    op_sizes(c, r->most, r->counts, 0, NULL);
}

static void draw(uint64_t *s, op_case *c)
{
    c->in[0] = op_draw_input(s, 2, 4, 20000);
    const op_operand *x = &c->in[0];
    op_draw_dynamic(s, c, 0);
    /* The first dimension stays, the others become one, or two if they can. */
    int64_t rest = 1;
    for (uint32_t d = 1; d < x->rank; d++)
        rest *= x->shape[d];
    c->at.reshape.rank = 2;
    c->at.reshape.shape[0] = x->shape[0];
    c->at.reshape.shape[1] = rest;
    const int64_t part = 2 + op_below(s, 3);
    if (rest % part == 0 && op_once_in(s, 2)) {
        c->at.reshape.rank = 3;
        c->at.reshape.shape[1] = rest / part;
        c->at.reshape.shape[2] = part;
    }
}

static void build(vireo_graph *g, const op_case *c, const vireo_value *in, vireo_value *out)
{
    out[0] = vireo_reshape(g, in[0], c->at.reshape.rank, c->at.reshape.shape);
}

const op_cases cases_reshape = {.op = VR_OP_RESHAPE,
                                .count = sizeof rows / sizeof *rows,
                                .make = make,
                                .draw = draw,
                                .build = build,
                                .exact = true,
                                .without = OP_WITHOUT(OP_CANCEL)}; /* nothing is summed */
