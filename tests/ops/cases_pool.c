/* SPDX-License-Identifier: Apache-2.0
 * Every pooling on every shape. */
#include "op_rand.h"

typedef struct row {
    int64_t tokens, width, sequences;
    op_fill fill;
    int64_t most_tokens, tokens_now[3]; /* dynamic if most_tokens > 0 */
    int64_t most_offsets, offsets_now[3];
    op_fill values;
    bool view, heavy;
} row;

static const row rows[] = {
    {1, 1, 1, FILL_OFFSETS},
    {5, 3, 1, FILL_OFFSETS},
    {7, 4, 3, FILL_OFFSETS},
    {12, 33, 5, FILL_OFFSETS},
    {64, 64, 2, FILL_OFFSETS},
    {65, 129, 9, FILL_OFFSETS},
    {200, 384, 17, FILL_OFFSETS},
    {3, 5, 40, FILL_OFFSETS},      /* most sequences are empty */
    {0, 6, 3, FILL_OFFSETS},       /* all are */
    {8, 7, 0, FILL_OFFSETS},       /* there is none */
    {30, 10, 8, FILL_BAD_OFFSETS}, /* whatever they say, nothing outside is read */
    {30, 10, 8, FILL_OFFSETS, .values = FILL_HUGE},
    {300, 10, 2, FILL_OFFSETS, .values = FILL_CANCEL_ROWS},
    {30, 12, 8, FILL_OFFSETS, .values = FILL_DENORMAL},
    {30, 12, 8, FILL_OFFSETS, .values = FILL_TINY},
    {40, 64, 5, FILL_OFFSETS, .view = true},
    {9, 20, 3, FILL_OFFSETS, .view = true},
    {70000, 5, 1, FILL_OFFSETS}, /* more iterations than some drivers allow a lane */
    {9, 3, 70000, FILL_OFFSETS, .heavy = true},
    {0, 9, 0, FILL_OFFSETS, 100, {40, 100, 0}, 20, {5, 20, 1}},
    {0, 32, 0, FILL_OFFSETS, 300, {7, 299, 16}, 9, {2, 9, 0}},
    {50, 5, 0, FILL_OFFSETS, .most_offsets = 33, .offsets_now = {33, 2, 7}},
};
enum { N_ROWS = sizeof rows / sizeof *rows, N_POOLINGS = VIREO_POOL_FIRST + 1 };

static void make(size_t i, op_case *c)
{
    const row *r = &rows[i % N_ROWS];
    c->at.pool.op = (vireo_pooling)(i / N_ROWS);
    c->in[0] = op_filled(op_matrix(r->tokens, r->width), r->values);
    c->in[0].view = r->view;
    c->heavy = r->heavy;
    c->in[1] = op_ints(op_vector(r->sequences + 1), r->fill);
    if (!r->most_offsets)
        return;
    op_sizes(c, r->most_offsets, r->offsets_now, r->most_tokens, r->tokens_now);
    c->in[1].symbol = 1;
    c->in[0].symbol = r->most_tokens ? 2 : 0;
}

static void draw(uint64_t *s, op_case *c)
{
    c->at.pool.op = (vireo_pooling)op_below(s, N_POOLINGS);
    c->in[0] = op_draw_input(s, 2, 2, 20000);
    c->in[1] = op_ints(op_vector(1 + op_draw_size(s, 100)),
                       op_once_in(s, 3) ? FILL_BAD_OFFSETS : FILL_OFFSETS);
}

static void build(vireo_graph *g, const op_case *c, const vireo_value *in, vireo_value *out)
{
    out[0] = vireo_pool(g, c->at.pool.op, in[0], in[1]);
}

static void refused(op_case *c)
{
    c->in[0] = op_matrix(900, 20);
    c->in[1] = op_ints(op_vector(3), FILL_OFFSETS);
}

const op_cases cases_pool = {
    .op = VR_OP_POOL, .count = (size_t)N_ROWS * N_POOLINGS,
                             .make = make, .draw = draw, .build = build,
                             /* a dispatch writes sequences, of which none is larger than a binding */
                             .without = OP_WITHOUT(OP_SLABS) | OP_WITHOUT(OP_LARGE),
                             .refused = refused,
                             .refusal = "pool: an operand of 72000 bytes, the device binds at most 65536"};
