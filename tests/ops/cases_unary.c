/* SPDX-License-Identifier: Apache-2.0
 * Every function on every shape, and scale. */
#include "op_rand.h"

static const struct {
    op_operand x;
    int64_t most, counts[3];
    op_device device;
} shapes[] = {
    {{.rank = 0}},
    {{.rank = 1, .shape = {1}}},
    {{.rank = 1, .shape = {131}}},
    {{.rank = 2, .shape = {5, 3}, .fill = FILL_WIDE}},
    {{.rank = 2, .shape = {33, 65}, .fill = FILL_WIDE}},
    {{.rank = 2, .shape = {4, 9}, .fill = FILL_HUGE}},
    {{.rank = 4, .shape = {2, 3, 1, 6}}},
    {{.rank = 2, .shape = {0, 7}}},
    {{.rank = 2, .shape = {0, 5}, .fill = FILL_WIDE, .symbol = 1}, 70, {3, 70, 0}},
    {{.rank = 1, .shape = {0}, .symbol = 1}, 100, {1, 33, 100}},
    {{.rank = 2, .shape = {0, 65}, .symbol = 1}, 64, {33, 64, 40}}, /* one bucket, larger grids */
    {{.rank = 2, .shape = {3, 40}, .fill = FILL_DENORMAL}},
    {{.rank = 2, .shape = {4, 9}, .fill = FILL_TINY}},
    {{.rank = 2, .shape = {5, 68}, .view = true}},
    {{.rank = 2, .shape = {500, 65}}, .device = OP_DEVICE_LOW},
    {{.rank = 2, .shape = {2100, 65}}}, /* 64 quads a lane on a CPU */
};
enum { N_SHAPES = sizeof shapes / sizeof *shapes, N_FUNCTIONS = VIREO_SIGMOID + 1 };

static const struct {
    float factor, shift;
    int64_t rows, width;
    op_fill fill;
    bool heavy;
    op_device device;
} scales[] = {
    {2.5f, 0.0f, 3, 5, FILL_NORMAL},   {1.0f, -1.5f, 7, 9, FILL_NORMAL},
    {-0.25f, 3.0f, 64, 33, FILL_WIDE}, {0.0f, 1.0f, 2, 2, FILL_NORMAL},
    {1e-10f, 0.0f, 5, 16, FILL_HUGE},  {0.0f, 0.0f, 1, 1, FILL_NORMAL},
    {1.5f, 2.0f, 530000, 65, FILL_NORMAL, true}, /* 131 MiB */
    {1.5f, 2.0f, 530000, 65, FILL_NORMAL, true, OP_DEVICE_DISCRETE}, /* in 130,000 groups or more */
};
enum { N_SCALES = sizeof scales / sizeof *scales };

static void make(size_t i, op_case *c)
{
    if (i >= N_FUNCTIONS * N_SHAPES) {
        i -= N_FUNCTIONS * N_SHAPES;
        c->in[0] = op_filled(op_matrix(scales[i].rows, scales[i].width), scales[i].fill);
        c->at.unary.factor = scales[i].factor;
        c->at.unary.shift = scales[i].shift;
        c->heavy = scales[i].heavy;
        c->device = scales[i].device;
        return;
    }
    const size_t s = i % N_SHAPES;
    c->in[0] = shapes[s].x;
    c->in[0].source = OP_INPUT;
    c->at.unary.op = (vireo_unary)(i / N_SHAPES);
    c->at.unary.factor = 1.0f;
    c->device = shapes[s].device;
    if (shapes[s].most)
        op_sizes(c, shapes[s].most, shapes[s].counts, 0, NULL);
}

static void draw(uint64_t *s, op_case *c)
{
    c->in[0] = op_draw_input(s, 1, 4, 20000);
    op_draw_dynamic(s, c, 0);
    c->at.unary.factor = 1.0f;
    c->at.unary.op = (vireo_unary)op_below(s, N_FUNCTIONS);
    if (op_once_in(s, 4)) {
        c->at.unary.op = VIREO_IDENTITY;
        c->at.unary.factor = -1.5f;
        c->at.unary.shift = op_once_in(s, 2) ? 0.25f : 0.0f;
    }
}

static void build(vireo_graph *g, const op_case *c, const vireo_value *in, vireo_value *out)
{
    if (c->at.unary.factor == 1.0f && c->at.unary.shift == 0.0f)
        out[0] = vireo_unary_op(g, c->at.unary.op, in[0]);
    else
        out[0] = vireo_scale(g, in[0], c->at.unary.factor, c->at.unary.shift);
}

const op_cases cases_unary = {.op = VR_OP_UNARY,
                              .count = (size_t)N_FUNCTIONS * N_SHAPES + N_SCALES,
                              .make = make,
                              .draw = draw,
                              .build = build,
                              .without = OP_WITHOUT(OP_CANCEL)}; /* nothing is summed */
