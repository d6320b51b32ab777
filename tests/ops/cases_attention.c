/* SPDX-License-Identifier: Apache-2.0 */
#include "op_rand.h"

typedef struct row {
    uint32_t heads, dim;
    int64_t lengths[OP_MAX_LENGTHS];
    size_t n;
    float scale;
    op_fill fill;
    bool view, heavy;
    int64_t most_tokens, tokens[3], most_offsets, offsets[3]; /* dynamic if most_offsets > 0 */
} row;

static const row rows[] = {
    {1, 1, {1}, 1},
    {1, 1, {5}, 1},
    {3, 1, {2, 7}, 2},
    {1, 3, {1, 2}, 2},
    {2, 3, {7, 0, 12}, 3},
    {4, 3, {64}, 1},
    {1, 8, {1}, 1},
    {1, 8, {2, 1, 7}, 3},
    {3, 8, {12, 64}, 2},
    {2, 8, {65}, 1},
    {1, 20, {7}, 1},
    {5, 20, {1, 0, 2, 12}, 4},
    {2, 20, {65, 1}, 2},
    {1, 32, {1}, 1},
    {12, 32, {12}, 1},
    {12, 32, {7, 12, 2, 0, 1}, 5},
    {2, 32, {64, 65}, 2},
    {1, 32, {200}, 1},
    {2, 32, {0, 1, 2, 7, 12, 64, 65, 3}, 8},
    {1, 33, {7}, 1},
    {3, 33, {2, 12}, 2},
    {1, 33, {65}, 1},
    {1, 64, {1, 1, 1}, 3},
    {2, 64, {12, 7}, 2},
    {3, 64, {65}, 1},
    {1, 64, {200, 2}, 2},
    {1, 80, {7, 2}, 2},
    {2, 80, {12, 64}, 2},
    {1, 128, {2}, 1},
    {2, 128, {12, 7, 1}, 3},
    {1, 128, {65}, 1},
    {1, 256, {1}, 1},
    {1, 256, {7, 12}, 2},
    {2, 256, {64}, 1},
    {2, 32, {12, 7}, 2, .scale = 1.0f},
    {2, 8, {12, 7}, 2, .scale = 0.01f},
    {1, 32, {30, 9}, 2, .scale = 0.2f, .fill = FILL_WIDE}, /* scores in the hundreds */
    {2, 8, {40}, 1, .fill = FILL_ZERO},
    {4, 8, {0, 0, 0}, 3},
    {2, 32, {12, 7}, 2, .view = true},
    {3, 20, {12, 7}, 2, .view = true},
    {4, 4, {20000}, 1, .heavy = true},
    {2,
     32,
     {0},
     0,
     .most_tokens = 100,
     .tokens = {20, 100, 0},
     .most_offsets = 12,
     .offsets = {3, 12, 2}},
    {12,
     32,
     {0},
     0,
     .most_tokens = 64,
     .tokens = {12, 33, 64},
     .most_offsets = 5,
     .offsets = {2, 5, 2}},
    {3,
     20,
     {0},
     0,
     .most_tokens = 300,
     .tokens = {7, 130, 1},
     .most_offsets = 40,
     .offsets = {4, 40, 2}},
    {2,
     3,
     {0},
     0,
     .most_tokens = 80,
     .tokens = {80, 17, 2},
     .most_offsets = 9,
     .offsets = {9, 2, 3}},
};

static void make(size_t i, op_case *c)
{
    const row *r = &rows[i];
    int64_t tokens = 0;
    for (size_t j = 0; j < r->n; j++) {
        c->lengths[j] = r->lengths[j];
        tokens += r->lengths[j];
    }
    for (uint32_t j = 0; j < 3; j++)
        c->in[j] = op_filled(op_matrix(tokens, (int64_t)r->heads * r->dim), r->fill);
    c->in[2].fill = FILL_NORMAL;
    for (uint32_t j = 0; j < 3; j++)
        c->in[j].view = r->view;
    c->heavy = r->heavy;
    c->in[3] = op_ints(op_vector((int64_t)r->n + 1), FILL_OFFSETS);
    c->at.attention.n_heads = r->heads;
    c->at.attention.scale = r->scale;
    if (!r->most_offsets)
        return;
    op_sizes(c, r->most_offsets, r->offsets, r->most_tokens, r->tokens);
    c->in[3].symbol = 1;
    for (uint32_t j = 0; j < 3; j++)
        c->in[j].symbol = 2;
}

static void draw(uint64_t *s, op_case *c)
{
    static const uint32_t dims[] = {1, 3, 4, 8, 16, 20, 32, 33, 64, 128};
    int64_t tokens = 0;
    const size_t n = 1 + (size_t)op_below(s, 6);
    for (size_t j = 0; j < n; j++) {
        c->lengths[j] = op_draw_size(s, 60);
        tokens += c->lengths[j];
    }
    c->at.attention.n_heads = 1 + (uint32_t)op_below(s, 4);
    const uint32_t dim = dims[op_below(s, (int64_t)(sizeof dims / sizeof *dims))];
    for (uint32_t j = 0; j < 3; j++) {
        c->in[j] = op_matrix(tokens, (int64_t)c->at.attention.n_heads * dim);
        c->in[j].view = op_once_in(s, 4);
    }
    c->in[3] = op_ints(op_vector((int64_t)n + 1), FILL_OFFSETS);
}

static void build(vireo_graph *g, const op_case *c, const vireo_value *in, vireo_value *out)
{
    out[0] = vireo_attention(g, in[0], in[1], in[2], in[3], c->at.attention.n_heads,
                             c->at.attention.scale);
}

const op_cases cases_attention = {
    .op = VR_OP_ATTENTION, .count = sizeof rows / sizeof *rows, .make = make, .draw = draw,
    .build = build,
    /* all keys of a sequence are read by every dispatch */
    .without = OP_WITHOUT(OP_SLABS)};
