/* SPDX-License-Identifier: Apache-2.0 */
#include "op_rand.h"

typedef struct row {
    uint32_t rank;
    int64_t shape[4];
    uint32_t axis;
    int64_t start, size;
    op_device device;
    bool view, ints, heavy;
    int64_t most, counts[3]; /* dynamic if most > 0 */
} row;

static const row rows[] = {
    {1, {1}, 0, 0, 1},
    {1, {9}, 0, 2, 5},
    {2, {5, 7}, 0, 1, 3},
    {2, {5, 7}, 1, 3, 4},
    {2, {5, 12}, 1, 4, 8},
    {2, {5, 12}, 1, 5, 6},
    {2, {7, 16}, 0, 0, 7},
    {2, {4, 9}, 1, 9, 0},
    {2, {4, 9}, 0, 4, 0},
    {3, {3, 5, 7}, 1, 1, 3},
    {3, {3, 5, 8}, 2, 4, 4},
    {4, {2, 3, 4, 5}, 1, 2, 1},
    {4, {2, 3, 4, 5}, 2, 1, 3},
    {4, {2, 3, 4, 8}, 0, 1, 1},
    {2, {33, 129}, 1, 64, 65},
    {2, {6, 8}, 1, 2, 5, .ints = true},
    {2, {9, 68}, 1, 8, 17, .view = true},
    {2, {9, 64}, 0, 3, 4, .view = true},
    {2, {65, 67}, 1, 30, 37}, /* to the end, from within a quad */
    {2, {9, 70}, 1, 5, 61, .view = true},
    {4, {2, 3, 4, 11}, 3, 2, 7},
    {4, {2, 3, 4, 11}, 1, 1, 2},
    {2, {500, 65}, 1, 3, 40, OP_DEVICE_LOW},
    {2, {2200, 130}, 1, 4, 64}, /* 64 quads a lane on a CPU */
    {2, {2200, 130}, 1, 5, 62},
    {2, {530000, 72}, 1, 4, 64, .heavy = true}, /* 129 MiB of result */
    {2, {530000, 72}, 1, 5, 62, .heavy = true},
    {2, {0, 13}, 1, 2, 9, .most = 40, .counts = {3, 40, 0}},
    {2, {0, 12}, 1, 4, 8, .most = 40, .counts = {3, 40, 0}},
    {3, {0, 5, 3}, 1, 2, 2, .most = 40, .counts = {1, 33, 17}},
};

static void make(size_t i, op_case *c)
{
    const row *r = &rows[i];
    c->in[0] = (op_operand){.source = OP_INPUT, .rank = r->rank, .view = r->view,
                            .fill = op_moved_fill(i)};
    for (uint32_t d = 0; d < 4; d++)
        c->in[0].shape[d] = r->shape[d];
    if (r->ints)
        c->in[0] = op_ints(c->in[0], FILL_BITS);
    c->at.slice.axis = r->axis;
    c->at.slice.start = r->start;
    c->at.slice.size = r->size;
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
    c->at.slice.axis = (uint32_t)op_below(s, c->in[0].rank);
    const int64_t n = c->in[0].shape[c->at.slice.axis];
    c->at.slice.start = op_below(s, n + 1);
    c->at.slice.size = op_below(s, n - c->at.slice.start + 1);
    if (c->at.slice.axis > 0)
        op_draw_dynamic(s, c, 0);
}

static void build(vireo_graph *g, const op_case *c, const vireo_value *in, vireo_value *out)
{
    out[0] = vireo_slice(g, in[0], c->at.slice.axis, c->at.slice.start, c->at.slice.size);
}

const op_cases cases_slice = {.op = VR_OP_SLICE,
                              .count = sizeof rows / sizeof *rows,
                              .make = make,
                              .draw = draw,
                              .build = build,
                              .exact = true,
                              /* nothing is summed; a forced kernel makes all slices dense */
                              .without = OP_WITHOUT(OP_CANCEL) | OP_WITHOUT(OP_VIEW)};
