/* SPDX-License-Identifier: Apache-2.0
 * softmax and its logarithm on every shape. */
#include "op_rows.h"

typedef enum deny_kind { NONE, ONE_ROW, VECTOR, EACH_ROW } deny_kind;

static const struct {
    float scale;
    deny_kind deny;
    op_fill fill;
    op_row x;
} own[] = {
    {0.125f, NONE, FILL_ZERO, {{9, 8}, 2}},
    {10, NONE, FILL_ZERO, {{16, 33}, 2}},
    {1e30f, NONE, FILL_ZERO, {{5, 21}, 2, FILL_TINY}},
    {1e-30f, NONE, FILL_ZERO, {{6, 22}, 2, FILL_HUGE}},
    {1e8f, NONE, FILL_ZERO, {{2, 9000}, 2, FILL_HUGE}}, /* past the largest float */
    {1, NONE, FILL_ZERO, {{9, 50}, 2, FILL_FEW}},       /* -INFINITY among them */
    {1, ONE_ROW, FILL_BITS, {{3, 5}, 2}},
    {1, EACH_ROW, FILL_BITS, {{6, 33}, 2}},
    {1, EACH_ROW, FILL_BITS, {{40, 3}, 2}}, /* some rows are all denied */
    {1, VECTOR, FILL_BITS, {{4, 129}, 2, FILL_HUGE}},
    {1, EACH_ROW, FILL_BITS, {{2, 3, 40}, 3}},
    {1, EACH_ROW, FILL_ONES, {{2, 70}, 2}},
    {1, ONE_ROW, FILL_ONES, {{2, 5000}, 2}},
    {1, EACH_ROW, FILL_BITS, {{3, 5000}, 2}},
    {1, EACH_ROW, FILL_ZERO, {{2, 70}, 2}},
    {1, VECTOR, FILL_BITS, {{50}, 1}},
    {1, EACH_ROW, FILL_BITS, {{3, 4200}, 2, .view = true}},
    {1, EACH_ROW, FILL_BITS, {{1000, 20}, 2, .device = OP_DEVICE_LOW}},
    {1, EACH_ROW, FILL_BITS, {{20, 1001}, 2, .device = OP_DEVICE_LOW}},
    {1, EACH_ROW, FILL_BITS, {{5, 9003}, 2, .device = OP_DEVICE_LOW}},
    {1, ONE_ROW, FILL_BITS, {{5, 9003}, 2, .device = OP_DEVICE_LOW}},
    {1, EACH_ROW, FILL_BITS, {{0, 17}, 2, .most = 300, .counts = {17, 0, 130}}},
    {1, ONE_ROW, FILL_BITS, {{0, 3, 5}, 3, .most = 64, .counts = {33, 2, 64}}},
    {1, EACH_ROW, FILL_BITS, {{5000, 30}, 2}}, /* 8 rows a lane on a CPU */
    {1, NONE, FILL_ZERO, {{600, 200}, 2}},
    {1, NONE, FILL_ZERO, {{270000, 3}, 2, .device = OP_DEVICE_DISCRETE, .heavy = true}},
    {1, EACH_ROW, FILL_BITS, {{4, 9000001}, 2, .heavy = true}}, /* 137 MiB */
};
enum { N_OWN = sizeof own / sizeof *own, N_ROWS = OP_N_ROWS + N_OWN };

/* deny for c->in[0]. */
static void set_deny(op_case *c, deny_kind kind, op_fill fill)
{
    op_operand *deny = &c->in[1];
    const uint32_t last = c->in[0].rank - 1;
    const int64_t words = (c->in[0].shape[last] + 31) / 32;
    if (kind == NONE)
        return;
    *deny = op_ints(kind == EACH_ROW  ? c->in[0]
                    : kind == ONE_ROW ? op_matrix(1, words)
                                      : op_vector(words),
                    fill);
    deny->view = false;
    if (kind == EACH_ROW)
        deny->shape[last] = words;
}

static void make(size_t i, op_case *c)
{
    const size_t r = i % N_ROWS;
    c->at.softmax.log = i >= N_ROWS;
    c->at.softmax.scale = 1.0f;
    if (r < OP_N_ROWS) {
        op_set_row(c, &op_rows[r]);
        return;
    }
    op_set_row(c, &own[r - OP_N_ROWS].x);
    set_deny(c, own[r - OP_N_ROWS].deny, own[r - OP_N_ROWS].fill);
    c->at.softmax.scale = own[r - OP_N_ROWS].scale;
}

static void draw(uint64_t *s, op_case *c)
{
    op_draw_row(s, c);
    c->at.softmax.scale = op_once_in(s, 2) ? 1.0f : 0.3f;
    c->at.softmax.log = op_once_in(s, 2);
    if (c->in[0].rank > 1 && op_once_in(s, 2))
        set_deny(c, ONE_ROW + (deny_kind)op_below(s, 3), FILL_BITS);
}

static void build(vireo_graph *g, const op_case *c, const vireo_value *in, vireo_value *out)
{
    out[0] = c->at.softmax.log ? vireo_log_softmax(g, in[0], c->at.softmax.scale, in[1])
                               : vireo_softmax(g, in[0], c->at.softmax.scale, in[1]);
}

const op_cases cases_softmax = {
    .op = VR_OP_SOFTMAX, .count = (size_t)N_ROWS * 2, .make = make, .draw = draw, .build = build};
