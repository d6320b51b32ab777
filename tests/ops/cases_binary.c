/* SPDX-License-Identifier: Apache-2.0
 * Both operations on every pair of shapes. */
#include "op_case.h"

typedef struct row {
    uint32_t rank_a;
    int64_t a[4];
    uint32_t rank_b;
    int64_t b[4];
    int64_t most, counts[3];   /* dynamic if most > 0 */
    bool dynamic_a, dynamic_b; /* their first dimension */
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
};
enum { N_ROWS = sizeof rows / sizeof *rows };

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
    c->at.binary.op = i < N_ROWS ? VIREO_ADD : VIREO_MUL;
    c->in[0] = operand(r->rank_a, r->a, r->dynamic_a);
    c->in[1] = operand(r->rank_b, r->b, r->dynamic_b);
    if (i % 3 == 0 && !r->dynamic_b)
        c->in[1].source = OP_CONSTANT;
    if (r->most)
        op_sizes(c, r->most, r->counts, 0, NULL);
}

static void build(vireo_graph *g, const op_case *c, const vireo_value *in, vireo_value *out)
{
    out[0] = vireo_binary_op(g, c->at.binary.op, in[0], in[1]);
}

const op_cases cases_binary = {
    .op = VR_OP_BINARY, .count = (size_t)N_ROWS * 2, .make = make, .build = build};
