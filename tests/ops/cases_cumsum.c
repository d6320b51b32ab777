/* SPDX-License-Identifier: Apache-2.0 */
#include "op_rows.h"

static const op_row heavy[] = {
    {{5000, 30}, 2}, /* 8 rows a lane on a CPU */
    {{270000, 3}, 2, .device = OP_DEVICE_DISCRETE, .heavy = true}, {{4, 9000001}, 2, .heavy = true}, /* 137 MiB */
};
enum { N_HEAVY = sizeof heavy / sizeof *heavy, N_ROWS = OP_N_ROWS + N_HEAVY };

static void make(size_t i, op_case *c)
{
    const size_t r = i % N_ROWS;
    op_set_row(c, r < OP_N_ROWS ? &op_rows[r] : &heavy[r - OP_N_ROWS]);
    c->at.cumsum.exclusive = i >= N_ROWS;
}

static void draw(uint64_t *s, op_case *c)
{
    op_draw_row(s, c);
    c->at.cumsum.exclusive = op_once_in(s, 2);
}

static void build(vireo_graph *g, const op_case *c, const vireo_value *in, vireo_value *out)
{
    out[0] = vireo_cumsum(g, in[0], c->at.cumsum.exclusive);
}

const op_cases cases_cumsum = {.op = VR_OP_CUMSUM,
                               .count = (size_t)N_ROWS * 2,
                               .make = make,
                               .draw = draw,
                               .build = build,
                               .absolute_scale = true};
