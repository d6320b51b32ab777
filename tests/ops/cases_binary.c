/* SPDX-License-Identifier: Apache-2.0
 * Every operation on every pair of shapes. */
#include "op_rand.h"

typedef struct row {
    uint32_t rank_a;
    int64_t a[4];
    uint32_t rank_b;
    int64_t b[4];
    int64_t most, counts[3];   /* dynamic if most > 0 */
    bool dynamic_a, dynamic_b; /* their first dimension */
    op_fill fill;
    bool view_a, view_b;
    op_device device;
    bool heavy;
} row;

static const row rows[] = {
    {0, {0}, 0, {0}},
    {1, {1}, 1, {1}},
    {1, {7}, 1, {7}},
    {1, {7}, 1, {1}},
    {1, {1}, 1, {9}},
    {1, {5}, 0, {0}},
    {2, {3, 5}, 2, {3, 5}},
    {2, {64, 33}, 2, {64, 33}},
    {2, {5, 8}, 1, {8}},
    {2, {33, 65}, 1, {65}},
    {2, {33, 65}, 2, {1, 65}},
    {1, {6}, 2, {4, 6}},
    {2, {7, 3}, 2, {7, 1}},
    {2, {7, 1}, 2, {7, 3}},
    {2, {5, 1}, 2, {1, 9}},
    {2, {5, 1}, 1, {9}},
    {2, {4, 6}, 0, {0}},
    {3, {2, 3, 5}, 3, {2, 3, 5}},
    {3, {2, 3, 5}, 2, {3, 5}},
    {3, {2, 3, 5}, 3, {2, 1, 5}},
    {3, {2, 3, 5}, 3, {1, 3, 1}},
    {3, {2, 1, 5}, 3, {1, 3, 1}},
    {3, {4, 3, 8}, 1, {8}},
    {4, {2, 3, 4, 5}, 4, {2, 3, 4, 5}},
    {4, {2, 3, 4, 5}, 4, {1, 3, 1, 5}},
    {4, {2, 1, 4, 1}, 4, {1, 3, 1, 5}},
    {4, {2, 3, 4, 5}, 3, {3, 1, 1}},
    {4, {2, 3, 4, 5}, 1, {5}},
    {2, {0, 5}, 2, {0, 5}},
    {2, {0, 5}, 2, {1, 5}},
    {3, {2, 0, 3}, 2, {1, 3}},
    {2, {0, 6}, 2, {0, 6}, 40, {3, 40, 0}, true, true},
    {2, {0, 7}, 1, {7}, 100, {64, 1, 100}, true, false},
    {2, {0, 7}, 2, {1, 1}, 20, {5, 20, 0}, true, false},
    {2, {1, 7}, 2, {0, 1}, 20, {5, 20, 0}, false, true},
    {3, {0, 3, 5}, 3, {0, 1, 5}, 20, {5, 20, 1}, true, true},
    {1, {0}, 1, {0}, 50, {9, 50, 0}, true, true},
    {1, {0}, 1, {1}, 50, {9, 50, 0}, true, false},
    {2, {4, 9}, 2, {4, 9}, .fill = FILL_HUGE},
    {2, {4, 9}, 2, {4, 9}, .fill = FILL_DENORMAL},
    {2, {4, 9}, 2, {4, 9}, .fill = FILL_TINY},
    {2, {9, 12}, 2, {9, 12}, .view_a = true},
    {2, {9, 64}, 2, {9, 64}, .view_b = true},
    {2, {33, 64}, 2, {33, 64}, .view_a = true, .view_b = true},
    {2, {33, 64}, 1, {64}, .view_a = true},
    {3, {2, 3, 8}, 3, {2, 1, 8}, .view_a = true, .view_b = true}, /* broadcast */
    {2, {400, 65}, 2, {400, 65}, .device = OP_DEVICE_LOW},
    {2, {400, 64}, 1, {64}, .device = OP_DEVICE_LOW},
    {2, {2100, 65}, 2, {2100, 65}}, /* 64 quads a lane on a CPU */
    {2, {530000, 65}, 2, {530000, 65}, .heavy = true}, /* 131 MiB */
    {2, {530000, 65}, 2, {530000, 65}, .device = OP_DEVICE_DISCRETE, .heavy = true}, /* in many groups */
};
enum { N_ROWS = sizeof rows / sizeof *rows, N_OPERATIONS = VIREO_SILU_MUL + 1 };

static op_operand operand(uint32_t rank, const int64_t *shape, bool dynamic)
{
    op_operand o = {.source = OP_INPUT, .rank = rank, .symbol = dynamic};
    for (uint32_t d = 0; d < rank; d++)
        o.shape[d] = shape[d];
    return o;
}

static void make(size_t i, op_case *c)
{
    const row *r = &rows[i % N_ROWS];
    c->at.binary.op = (vireo_binary)(i / N_ROWS);
    c->in[0] = operand(r->rank_a, r->a, r->dynamic_a);
    c->in[1] = operand(r->rank_b, r->b, r->dynamic_b);
    c->in[0].fill = c->in[1].fill = r->fill;
    c->in[0].view = r->view_a;
    c->in[1].view = r->view_b;
    c->device = r->device;
    c->heavy = r->heavy;
    if (i % 3 == 0 && !r->dynamic_b && !r->view_b)
        c->in[1].source = OP_CONSTANT;
    if (r->most)
        op_sizes(c, r->most, r->counts, 0, NULL);
}

static void draw(uint64_t *s, op_case *c)
{
    c->at.binary.op = (vireo_binary)op_below(s, N_OPERATIONS);
    c->in[0] = op_draw_input(s, 1, 4, 20000);
    c->in[1] = c->in[0];
    c->in[1].view = op_once_in(s, 4);
    const uint32_t dropped = op_once_in(s, 3) ? (uint32_t)op_below(s, c->in[0].rank) : 0;
    op_operand *b = &c->in[op_below(s, 2)];
    b->rank -= dropped; /* leading dimensions */
    for (uint32_t d = 0; d < b->rank; d++) {
        b->shape[d] = b->shape[d + dropped];
        if (op_once_in(s, 4))
            b->shape[d] = 1;
    }
}

static void build(vireo_graph *g, const op_case *c, const vireo_value *in, vireo_value *out)
{
    out[0] = vireo_binary_op(g, c->at.binary.op, in[0], in[1]);
}

const op_cases cases_binary = {
    .op = VR_OP_BINARY, .count = (size_t)N_ROWS * N_OPERATIONS, .make = make, .draw = draw, .build = build,
    .without = OP_WITHOUT(OP_CANCEL)}; /* no long sums */
