/* SPDX-License-Identifier: Apache-2.0 */
#include "op_rand.h"

typedef struct row {
    uint32_t rank;
    int64_t shape[4];
    uint32_t axes[4];
    op_device device;
    bool view, ints, heavy;
    int64_t most, counts[3]; /* dynamic if most > 0 */
} row;

static const row rows[] = {
    {1, {5}, {0}},
    {2, {1, 1}, {1, 0}},
    {2, {3, 5}, {1, 0}},
    {2, {3, 5}, {0, 1}},
    {2, {33, 17}, {1, 0}},
    {2, {64, 65}, {1, 0}},
    {2, {0, 4}, {1, 0}},
    {3, {2, 3, 5}, {0, 2, 1}},
    {3, {2, 3, 5}, {2, 0, 1}},
    {3, {2, 3, 8}, {1, 0, 2}},
    {4, {2, 3, 4, 5}, {3, 2, 1, 0}},
    {4, {2, 3, 4, 5}, {0, 2, 1, 3}},
    {4, {2, 3, 4, 8}, {0, 2, 1, 3}},
    {4, {3, 1, 2, 7}, {1, 3, 0, 2}},
    /* Blocks of 16 elements by 4 rows, whole and not, along every dimension of the result. */
    {2, {70, 37}, {1, 0}},
    {3, {5, 18, 33}, {2, 0, 1}},
    {3, {5, 18, 33}, {1, 2, 0}},
    {4, {3, 5, 2, 37}, {0, 3, 1, 2}},
    {4, {3, 2, 34, 19}, {1, 0, 3, 2}},
    {2, {4, 7}, {1, 0}, .ints = true},
    {2, {9, 64}, {1, 0}, .view = true},
    {3, {2, 3, 8}, {1, 0, 2}, .view = true},
    {3, {60, 10, 20}, {0, 2, 1}, OP_DEVICE_LOW},
    {2, {132000, 5}, {1, 0}, .heavy = true},
    {3, {0, 3, 5}, {0, 2, 1}, .most = 40, .counts = {3, 40, 0}},
    {3, {0, 19, 35}, {0, 2, 1}, .view = true, .most = 40, .counts = {3, 40, 0}},
    {4, {0, 2, 3, 4}, {0, 2, 1, 3}, .most = 17, .counts = {1, 17, 9}},
};

static void make(size_t i, op_case *c)
{
    const row *r = &rows[i];
    c->in[0] = (op_operand){.source = OP_INPUT, .rank = r->rank, .view = r->view,
                            .fill = op_moved_fill(i)};
    for (uint32_t d = 0; d < 4; d++) {
        c->in[0].shape[d] = r->shape[d];
        c->at.transpose.axes[d] = r->axes[d];
    }
    if (r->ints)
        c->in[0] = op_ints(c->in[0], FILL_BITS);
    c->device = r->device;
    c->heavy = r->heavy;
    if (!r->most)
        return;
    c->in[0].symbol = 1;
    op_sizes(c, r->most, r->counts, 0, NULL);
}

static void draw(uint64_t *s, op_case *c)
{
    c->in[0] = op_draw_input(s, 1, 4, 20000);
    for (uint32_t d = 0; d < 4; d++)
        c->at.transpose.axes[d] = d;
    for (uint32_t d = c->in[0].rank; d-- > 1;) { /* Fisher and Yates */
        const uint32_t other = (uint32_t)op_below(s, d + 1), axis = c->at.transpose.axes[d];
        c->at.transpose.axes[d] = c->at.transpose.axes[other];
        c->at.transpose.axes[other] = axis;
    }
    if (c->at.transpose.axes[0] == 0)
        op_draw_dynamic(s, c, 0);
}

static void build(vireo_graph *g, const op_case *c, const vireo_value *in, vireo_value *out)
{
    out[0] = vireo_transpose(g, in[0], c->at.transpose.axes);
}

static void refused(op_case *c)
{
    c->in[0] = op_matrix(1000, 20);
    c->at.transpose.axes[0] = 1;
}

const op_cases cases_transpose = {
    .op = VR_OP_TRANSPOSE, .count = sizeof rows / sizeof *rows, .make = make, .draw = draw,
    .build = build, .exact = true,
    /* all of the input may be needed for any part of the result; nothing is summed */
    .without = OP_WITHOUT(OP_SLABS) | OP_WITHOUT(OP_LARGE) | OP_WITHOUT(OP_CANCEL),
    .refused = refused,
    .refusal = "transpose: an operand of 80000 bytes, the device binds at most 65536"};
