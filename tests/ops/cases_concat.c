/* SPDX-License-Identifier: Apache-2.0 */
#include "op_rand.h"

typedef struct row {
    uint32_t rank;
    int64_t shape[4]; /* of all but for the axis */
    uint32_t axis;
    int64_t sizes[VR_MAX_IN]; /* along the axis; the first that is -1 ends them */
    bool view, ints, heavy;
    int64_t most, counts[3]; /* dynamic if most > 0 */
} row;

static const row rows[] = {
    {1, {0}, 0, {1, 1, -1}},
    {1, {0}, 0, {3, 4, 5, -1}},
    {1, {0}, 0, {4, 8, 4, 12, 4}},
    {2, {5, 0}, 1, {3, 4, -1}},
    {2, {5, 0}, 1, {4, 8, -1}},
    {2, {5, 0}, 1, {1, 1, 1, 1, 1}},
    {2, {0, 7}, 0, {2, 3, 1, -1}},
    {2, {0, 8}, 0, {2, 0, 17, -1}},
    {2, {33, 0}, 1, {64, 65, -1}},
    {2, {4, 0}, 1, {0, 0, -1}},
    {3, {2, 0, 5}, 1, {3, 4, -1}},
    {3, {2, 3, 0}, 2, {4, 4, -1}},
    {4, {2, 0, 3, 4}, 1, {1, 2, 3, -1}},
    {4, {2, 3, 4, 0}, 3, {5, 2, 1, -1}},
    {2, {7, 0}, 1, {6, -1}},
    {2, {65, 0}, 1, {33, 33, -1}},
    {2, {9, 0}, 1, {1, 2, 3, 5, 7, 11}}, /* several in a quad */
    {2, {9, 0}, 1, {5, 0, 6, 4, -1}},
    {2, {9, 0}, 1, {5, 6, 0, -1}},
    {3, {2, 3, 0}, 2, {5, 6, 3, -1}},
    {2, {9, 0}, 1, {67, 13, -1}, .view = true},
    {2, {3, 0}, 1, {5, 6, -1}, .ints = true},
    {2, {9, 0}, 1, {64, 12, -1}, .view = true},
    {2, {150000, 0}, 1, {4, 5, -1}, .heavy = true},
    {2, {2100, 0}, 1, {64, 33, -1}}, /* 64 quads a lane on a CPU */
    {2, {0, 0}, 1, {4, 8, -1}, .most = 40, .counts = {3, 40, 0}},
    {2, {0, 0}, 1, {31, 9, -1}, .most = 40, .counts = {3, 40, 0}},
    {3, {0, 0, 3}, 1, {2, 5, -1}, .most = 40, .counts = {1, 33, 17}},
};

static void make(size_t i, op_case *c)
{
    const row *r = &rows[i];
    c->at.concat.axis = r->axis;
    for (uint32_t j = 0; j < VR_MAX_IN && r->sizes[j] >= 0; j++) {
        op_operand *x = &c->in[j];
        *x = (op_operand){.source = OP_INPUT, .rank = r->rank, .view = r->view,
                          .fill = op_moved_fill(i + j)};
        for (uint32_t d = 0; d < 4; d++)
            x->shape[d] = r->shape[d];
        x->shape[r->axis] = r->sizes[j];
        if (r->ints)
            *x = op_ints(*x, FILL_BITS);
        x->symbol = r->most ? 1 : 0;
    }
    c->heavy = r->heavy;
    if (r->most)
        op_sizes(c, r->most, r->counts, 0, NULL);
}

static void draw(uint64_t *s, op_case *c)
{
    const op_operand x = op_draw_input(s, 1, 4, 6000);
    const uint32_t n = 1 + (uint32_t)op_below(s, VR_MAX_IN);
    c->at.concat.axis = (uint32_t)op_below(s, x.rank);
    for (uint32_t i = 0; i < n; i++) {
        c->in[i] = x;
        c->in[i].view = op_once_in(s, 4);
        c->in[i].shape[c->at.concat.axis] = op_draw_size(s, 40);
    }
}

static void build(vireo_graph *g, const op_case *c, const vireo_value *in, vireo_value *out)
{
    size_t n = 0;
    while (n < VR_MAX_IN && c->in[n].source != OP_ABSENT)
        n++;
    out[0] = vireo_concat(g, in, n, c->at.concat.axis);
}

static void refused(op_case *c)
{
    c->in[0] = c->in[1] = op_matrix(500, 20);
}

const op_cases cases_concat = {
    .op = VR_OP_CONCAT, .count = sizeof rows / sizeof *rows, .make = make, .draw = draw,
    .build = build, .exact = true,
    /* a dispatch copies all of an operand into the result; nothing is summed */
    .without = OP_WITHOUT(OP_SLABS) | OP_WITHOUT(OP_LARGE) | OP_WITHOUT(OP_CANCEL),
    .refused = refused,
    .refusal = "concat: an operand of 80000 bytes, the device binds at most 65536"};
