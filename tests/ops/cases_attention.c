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
    /* What the long form adds. */
    uint32_t kv_heads, v_dim; /* 0: as heads, dim */
    bool causal;
    uint32_t window;
    float soft_cap, pointwise;
    int64_t bias_rows, bias_width; /* bias if bias_rows > 0 */
    int64_t n_keys, keys[OP_MAX_LENGTHS]; /* keys of their own if not 0; their lengths */
    bool no_keys;                         /* of their own, none */
    int64_t n_tokens;                     /* that no length says */
    op_fill k_fill, v_fill, offsets_fill;
} row;

/* Heavy: also what compiles long, heads of 80 and 128. */
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
    {1, 80, {7, 2}, 2, .heavy = true},
    {2, 80, {12, 64}, 2, .heavy = true},
    {1, 128, {2}, 1, .heavy = true},
    {2, 128, {12, 7, 1}, 3, .heavy = true},
    {1, 128, {65}, 1, .heavy = true},
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
    {4, 3, {12, 7}, 2, .view = true}, /* the last heads end where the views do */
    {4, 3, {2}, 1, .n_keys = 260, .keys = {260}, .view = true},
    {1, 4, {8000}, 1, .heavy = true}, /* more keys than one dispatch takes, as the next ones */
    {2, 256, {130, 1}, 2},
    {1, 250, {1, 133}, 2, .causal = true, .bias_rows = 1, .bias_width = 99},
    {1, 256, {3, 150}, 2, .pointwise = 7.0f, .window = 90},
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
    {2, 8, {3, 4}, 2, .n_tokens = 5}, /* the last ones are of no sequence */
    /* Offsets that decrease, are negative, point outside: what bisection finds. */
    {2, 8, {0}, 5, .offsets_fill = FILL_BAD_OFFSETS, .n_tokens = 30},
    {2, 8, {0}, 12, .offsets_fill = FILL_BAD_OFFSETS, .n_tokens = 30, .n_keys = 21, .causal = true,
     .window = 5, .bias_rows = 1, .bias_width = 7},
    {2, 8, {0}, 0, .n_tokens = 6}, /* no sequence */
    {2, 8, {12, 7}, 2, .causal = true},
    {2, 32, {65, 0, 33, 1}, 4, .causal = true},
    {1, 128, {40}, 1, .causal = true, .heavy = true},
    {3, 5, {17, 2}, 2, .causal = true},
    {2, 8, {40, 1, 9}, 3, .window = 1},
    {2, 8, {40, 1, 9}, 3, .window = 8},
    {2, 8, {40, 1, 9}, 3, .causal = true, .window = 8},
    {2, 8, {9}, 1, .window = 1u << 30},
    {2, 3, {65, 3}, 2, .causal = true, .window = 33},
    {1, 4, {1500}, 1, .causal = true, .window = 100},
    {1, 32, {700}, 1, .causal = true},
    {4, 8, {12, 7}, 2, .kv_heads = 2},
    {6, 16, {12, 7}, 2, .kv_heads = 1, .causal = true},
    {6, 5, {12, 7}, 2, .kv_heads = 3},
    {2, 8, {12, 7}, 2, .v_dim = 20},
    {2, 20, {12, 7}, 2, .v_dim = 4},
    {4, 3, {12, 7}, 2, .v_dim = 256, .kv_heads = 2},
    {2, 256, {9}, 1, .v_dim = 1},
    {2, 8, {5, 0, 3, 2}, 4, .n_keys = 22, .keys = {9, 4, 0, 9}}, /* a query without keys */
    {2, 8, {5, 0, 3, 2}, 4, .n_keys = 22, .keys = {9, 4, 0, 9}, .causal = true},
    {2, 8, {9, 1}, 2, .n_keys = 5, .keys = {4, 1}, .causal = true}, /* fewer keys: the first see none */
    {3, 7, {1, 1, 1}, 3, .n_keys = 80, .keys = {65, 1, 14}, .causal = true, .window = 16},
    {2, 32, {1, 1}, 2, .n_keys = 300, .keys = {200, 100}, .causal = true, .kv_heads = 1, .heavy = true},
    {2, 8, {5, 3}, 2, .no_keys = true}, /* no keys at all */
    /* Few queries of many keys: as many as a split has (128), one less, one more, as many as a unit of
     * 8 splits has, one more; the last query sees all. */
    {3, 32, {1}, 1, .n_keys = 128, .keys = {128}},
    {3, 32, {1}, 1, .n_keys = 127, .keys = {127}},
    {3, 32, {1}, 1, .n_keys = 129, .keys = {129}},
    {2, 8, {3}, 1, .n_keys = 1024, .keys = {1024}, .causal = true},
    {2, 8, {3}, 1, .n_keys = 1025, .keys = {1025}, .causal = true},
    {8, 64, {4}, 1, .n_keys = 300, .keys = {300}, .kv_heads = 2, .causal = true, .heavy = true},
    {4, 128, {2}, 1, .n_keys = 257, .keys = {257}, .kv_heads = 1, .heavy = true},
    {2, 8, {2, 1, 0, 3, 1}, 5, .n_keys = 669, .keys = {1, 0, 128, 385, 155}, .causal = true},
    {2, 20, {1, 1}, 2, .n_keys = 400, .keys = {130, 270}, .v_dim = 4, .heavy = true},
    {2, 8, {3}, 1, .n_keys = 700, .keys = {700}, .window = 200},
    {4, 8, {3}, 1, .n_keys = 2100, .keys = {2100}, .window = 1100, .causal = true, .kv_heads = 2,
     .heavy = true},
    {4, 8, {2, 1}, 2, .n_keys = 500, .keys = {290, 210}, .bias_rows = 4, .bias_width = 801,
     .soft_cap = 3.0f},
    {3, 32, {2}, 1, .n_keys = 270, .keys = {270}, .pointwise = 270.0f, .causal = true, .heavy = true},
    {1, 32, {3}, 1, .n_keys = 500, .keys = {500}, .scale = 0.2f, .fill = FILL_WIDE}, /* maxima far apart */
    {2, 8, {2}, 1, .n_keys = 300, .keys = {300}, .v_fill = FILL_HUGE},
    {4, 12, {2, 1}, 2, .n_keys = 280, .keys = {150, 130}, .view = true, .kv_heads = 2, .heavy = true},
    {3, 5, {2}, 1, .n_keys = 260, .keys = {260}, .causal = true}, /* no whole quads */
    {2, 8, {0}, 3, .offsets_fill = FILL_BAD_OFFSETS, .n_tokens = 6, .n_keys = 400},
    {2, 8, {0}, 0, .most_tokens = 400, .tokens = {257, 400, 128}, .most_offsets = 4, .offsets = {2, 4, 3},
     .causal = true},
    {2, 8, {12, 7}, 2, .soft_cap = 0.5f},
    {2, 32, {30, 9}, 2, .soft_cap = 5.0f, .fill = FILL_WIDE, .scale = 0.2f, .heavy = true},
    {3, 5, {12, 7}, 2, .soft_cap = 30.0f},
    {4, 8, {12, 7}, 2, .bias_rows = 1, .bias_width = 39},
    {4, 8, {12, 7}, 2, .bias_rows = 4, .bias_width = 5}, /* clamped */
    {4, 8, {12, 7}, 2, .bias_rows = 4, .bias_width = 1, .causal = true},
    {3, 5, {12, 7}, 2, .bias_rows = 3, .bias_width = 9, .scale = 1.0f},
    {2, 8, {3, 2}, 2, .bias_rows = 2, .bias_width = 63, .n_keys = 30, .keys = {17, 13}},
    {2, 8, {12, 7}, 2, .pointwise = 12.0f},
    {3, 5, {40, 0, 3}, 3, .pointwise = 64.0f, .causal = true, .bias_rows = 1, .bias_width = 127},
    {2, 32, {65}, 1, .pointwise = 1.0f, .causal = true, .bias_rows = 1, .bias_width = 129, .heavy = true},
    {2, 8, {12, 7}, 2, .pointwise = 3.0f, .fill = FILL_WIDE, .scale = 1.0f}, /* silu of ±hundreds */
    {2, 8, {12, 7}, 2, .v_fill = FILL_HUGE, .causal = true},
    {2, 8, {12, 7}, 2, .v_fill = FILL_TINY},
    {2, 8, {12, 7}, 2, .v_fill = FILL_DENORMAL},
    {2, 8, {12, 7}, 2, .fill = FILL_HUGE, .k_fill = FILL_TINY, .bias_rows = 2, .bias_width = 11},
    {2, 8, {12, 7}, 2, .fill = FILL_DENORMAL, .k_fill = FILL_CANCEL, .soft_cap = 2.0f},
    {4, 12, {12, 7}, 2, .view = true, .kv_heads = 2, .bias_rows = 4, .bias_width = 21, .causal = true,
     .heavy = true},
    {8192, 4, {10, 10, 10, 10, 10, 10, 10, 10}, 8, .heavy = true, .causal = true},
    {2, 4, {3000}, 1, .heavy = true, .causal = true, .bias_rows = 2, .bias_width = 1025},
    {2, 32, {0}, 0, .most_tokens = 100, .tokens = {20, 100, 0}, .most_offsets = 12,
     .offsets = {3, 12, 2}, .causal = true, .window = 9, .bias_rows = 1, .bias_width = 21, .heavy = true},
    {4, 8, {0}, 0, .most_tokens = 100, .tokens = {20, 100, 7}, .most_offsets = 12,
     .offsets = {3, 12, 1}, .n_keys = 90, .causal = true, .kv_heads = 2},
    {3, 5, {0}, 0, .most_tokens = 64, .tokens = {64, 0, 33}, .most_offsets = 7, .offsets = {7, 0, 2},
     .n_keys = 40, .pointwise = 5.0f},
};

enum { N_ROWS = sizeof rows / sizeof *rows };

/* Every combination of what the long form has, at small odd sizes; by the digits of `i`. */
static const uint32_t windows[] = {0, 1, 3};
static const row biases[] = {{.bias_rows = 0}, {.bias_rows = 1, .bias_width = 5}, {.bias_rows = 4, .bias_width = 17}};
enum { N_COMBINATIONS = 2 * 3 * 2 * 2 * 3 * 2 * 2 };

static row combination(size_t i)
{
    row r = {4, 8, {5, 0, 3, 1}, 4, .keys = {9, 4, 2, 1}};
    r.causal = i % 2;
    r.window = windows[i / 2 % 3];
    r.kv_heads = i / 6 % 2 ? 2 : 4;
    r.soft_cap = i / 12 % 2 ? 1.5f : 0.0f;
    r.bias_rows = biases[i / 24 % 3].bias_rows;
    r.bias_width = biases[i / 24 % 3].bias_width;
    r.pointwise = i / 72 % 2 ? 6.0f : 0.0f;
    r.n_keys = i / 144 % 2 ? 16 : 0;
    r.v_dim = r.n_keys ? 4 : 8;
    r.heavy = i % 23 != 5; /* pipelines of their own: only some outside of the full tier */
    return r;
}

static void make_heads(const row *r, op_case *c)
{
    c->at.attention.n_heads = r->heads;
    c->at.attention.n_kv_heads = r->kv_heads ? r->kv_heads : r->heads;
    c->at.attention.scale = r->scale;
    c->at.attention.causal = r->causal;
    c->at.attention.window = r->window;
    c->at.attention.soft_cap = r->soft_cap;
    c->at.attention.pointwise = r->pointwise;
}

static void make_operands(const row *r, int64_t tokens, op_case *c)
{
    const bool own = r->n_keys || r->no_keys;
    const int64_t keys = own ? r->n_keys : tokens;
    const int64_t kv_heads = c->at.attention.n_kv_heads;
    c->in[0] = op_filled(op_matrix(tokens, (int64_t)r->heads * r->dim), r->fill);
    c->in[1] = op_filled(op_matrix(keys, kv_heads * r->dim), r->k_fill ? r->k_fill : r->fill);
    c->in[2] = op_filled(op_matrix(keys, kv_heads * (r->v_dim ? r->v_dim : r->dim)), r->v_fill);
    for (uint32_t j = 0; j < 3; j++)
        c->in[j].view = r->view;
    const op_fill fill = r->offsets_fill ? r->offsets_fill : FILL_OFFSETS;
    c->in[3] = op_ints(op_vector((int64_t)r->n + 1), fill);
    if (own) {
        c->in[4] = c->in[3];
        c->in[4].of = 1;
    }
    if (r->bias_rows)
        c->in[5] = op_constant(op_matrix(r->bias_rows, r->bias_width));
    if (r->view && r->bias_rows)
        c->in[5] = op_view(op_matrix(r->bias_rows, r->bias_width));
}

static void make(size_t i, op_case *c)
{
    const row r = i < N_ROWS ? rows[i] : combination(i - N_ROWS);
    int64_t tokens = r.n_tokens;
    for (size_t j = 0; j < OP_MAX_LENGTHS; j++) {
        c->lengths[j] = r.lengths[j];
        c->key_lengths[j] = r.keys[j];
        tokens += r.lengths[j];
    }
    make_heads(&r, c);
    make_operands(&r, tokens, c);
    c->heavy = r.heavy;
    if (!r.most_offsets)
        return;
    op_sizes(c, r.most_offsets, r.offsets, r.most_tokens, r.tokens);
    c->in[3].symbol = 1;
    c->in[4].symbol = r.n_keys ? 1 : 0;
    for (uint32_t j = 0; j < (r.n_keys ? 1 : 3); j++)
        c->in[j].symbol = 2;
}

static void draw(uint64_t *s, op_case *c)
{
    static const uint32_t dims[] = {1, 3, 4, 8, 16, 20, 32, 33, 64, 128};
    const int64_t n_dims = (int64_t)(sizeof dims / sizeof *dims);
    row r = {.n = 1 + (size_t)op_below(s, 6)};
    int64_t tokens = 0;
    const bool own = op_once_in(s, 3);
    for (size_t j = 0; j < r.n; j++) {
        c->lengths[j] = op_draw_size(s, 60);
        c->key_lengths[j] = op_draw_size(s, 60);
        tokens += c->lengths[j];
        r.n_keys += own ? c->key_lengths[j] : 0;
    }
    r.kv_heads = 1 + (uint32_t)op_below(s, 3);
    r.heads = r.kv_heads * (1 + (uint32_t)op_below(s, 3));
    r.dim = dims[op_below(s, n_dims)];
    r.v_dim = op_once_in(s, 3) ? dims[op_below(s, n_dims)] : r.dim;
    r.causal = op_once_in(s, 2);
    r.window = op_once_in(s, 3) ? 1 + (uint32_t)op_below(s, 40) : 0;
    r.soft_cap = op_once_in(s, 4) ? 1.0f + (float)op_below(s, 20) : 0.0f;
    r.pointwise = op_once_in(s, 3) ? 1.0f + (float)op_below(s, 50) : 0.0f;
    r.bias_rows = op_once_in(s, 3) ? op_once_in(s, 2) ? 1 : (int64_t)r.heads : 0;
    r.bias_width = 1 + 2 * op_below(s, 60);
    r.view = op_once_in(s, 4);
    make_heads(&r, c);
    make_operands(&r, tokens, c);
}

static void build(vireo_graph *g, const op_case *c, const vireo_value *in, vireo_value *out)
{
    const vireo_attention_args args = {.n_heads = c->at.attention.n_heads,
                                       .n_kv_heads = c->at.attention.n_kv_heads,
                                       .scale = c->at.attention.scale,
                                       .causal = c->at.attention.causal,
                                       .window = c->at.attention.window,
                                       .soft_cap = c->at.attention.soft_cap,
                                       .pointwise = c->at.attention.pointwise,
                                       .key_offsets = in[4],
                                       .bias = in[5]};
    out[0] = vireo_attention_with(g, in[0], in[1], in[2], in[3], &args);
}

static void refused(op_case *c)
{
    const row r = {2, 4, {2100}, 1};
    c->lengths[0] = r.lengths[0];
    make_heads(&r, c);
    make_operands(&r, r.lengths[0], c);
}

const op_cases cases_attention = {
    .op = VR_OP_ATTENTION, .count = N_ROWS + N_COMBINATIONS, .make = make, .draw = draw,
    .build = build,
    /* all keys of a sequence are read by every dispatch */
    .without = OP_WITHOUT(OP_SLABS) | OP_WITHOUT(OP_LARGE), .refused = refused,
    .refusal = "attention: an operand of 67200 bytes, the device binds at most 65536"};
