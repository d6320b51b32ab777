/* SPDX-License-Identifier: Apache-2.0
 * Every reduction on every shape. */
#include "op_rows.h"

static const struct {
    vireo_reduction op;
    op_row x;
} own[] = {
    {VIREO_REDUCE_MAX, {{9, 50}, 2, FILL_FEW}},
    {VIREO_REDUCE_MIN, {{3, 5000}, 2, FILL_FEW}},
    {VIREO_REDUCE_ARGMAX, {{9, 50}, 2, FILL_FEW}}, /* ties */
    {VIREO_REDUCE_ARGMAX, {{3, 5000}, 2, FILL_FEW}},
    {VIREO_REDUCE_MAX, {{40, 3}, 2, FILL_NAN}}, /* some rows are all NaN */
    {VIREO_REDUCE_MIN, {{40, 3}, 2, FILL_NAN}},
    {VIREO_REDUCE_ARGMAX, {{40, 3}, 2, FILL_NAN}},
    {VIREO_REDUCE_MAX, {{2, 6000}, 2, FILL_NAN}},
    {VIREO_REDUCE_MIN, {{2, 6000}, 2, FILL_NAN}},
    {VIREO_REDUCE_ARGMAX, {{2, 6000}, 2, FILL_NAN}},
    /* 8 rows a lane on a CPU */
    {VIREO_REDUCE_SUM, {{5000, 30}, 2}},
    {VIREO_REDUCE_ARGMAX, {{5000, 9}, 2}},
    {VIREO_REDUCE_SUM, {{270000, 4}, 2, .device = OP_DEVICE_DISCRETE, .heavy = true}},
    {VIREO_REDUCE_ARGMAX, {{270000, 3}, 2, .heavy = true}},
    {VIREO_REDUCE_MEAN, {{530000, 64}, 2, .heavy = true}}, /* 129 MiB */
    {VIREO_REDUCE_SUM, {{4, 9000001}, 2, .heavy = true}},
    {VIREO_REDUCE_ARGMAX, {{4, 9000001}, 2, .heavy = true}},
    {VIREO_REDUCE_MAX, {{1, 10000000}, 2, .heavy = true}},
};
enum { N_OWN = sizeof own / sizeof *own, N_OPS = VIREO_REDUCE_ARGMAX + 1 };

static void make(size_t i, op_case *c)
{
    const size_t shared = (size_t)OP_N_ROWS * N_OPS;
    op_set_row(c, i < shared ? &op_rows[i % OP_N_ROWS] : &own[i - shared].x);
    c->at.reduce.op = i < shared ? (vireo_reduction)(i / OP_N_ROWS) : own[i - shared].op;
}

static void draw(uint64_t *s, op_case *c)
{
    op_draw_row(s, c);
    c->at.reduce.op = (vireo_reduction)op_below(s, N_OPS);
    /* Sums of NaN and infinities are the driver's. */
    if (c->at.reduce.op > VIREO_REDUCE_MEAN && op_once_in(s, 2))
        c->in[0].fill = op_once_in(s, 2) ? FILL_FEW : FILL_NAN;
}

static void build(vireo_graph *g, const op_case *c, const vireo_value *in, vireo_value *out)
{
    out[0] = vireo_reduce(g, c->at.reduce.op, in[0]);
}

const op_cases cases_reduce = {.op = VR_OP_REDUCE,
                               .count = (size_t)OP_N_ROWS * N_OPS + N_OWN,
                               .make = make,
                               .draw = draw,
                               .build = build,
                               .absolute_scale = true};
