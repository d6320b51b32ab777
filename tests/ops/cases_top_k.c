/* SPDX-License-Identifier: Apache-2.0 */
#include "op_rand.h"

typedef enum deny_kind { NONE, ONE_ROW, VECTOR, EACH_ROW } deny_kind;
typedef struct row {
    int64_t rows, width;
    uint32_t k;
    op_fill fill;
    deny_kind deny;
    op_fill deny_fill;
    int64_t most, counts[3]; /* dynamic rows if most > 0 */
    bool view, heavy;
    op_device device;
} row;

/* Few values of k up to 12 outside of the full tier: each is a program. */
static const row rows[] = {
    {1, 1, 1},
    {1, 2, 1},
    {1, 3, 3},
    {3, 5, 3},
    {2, 10, 10},
    {5, 17, 3},
    {2, 31, 3},
    {2, 32, 10},
    {2, 33, 33},
    {7, 100, 10},
    {1, 255, 20},
    {1, 256, 64},
    {3, 257, 65},
    {1, 1683, 10},
    {5, 1683, 100},
    {1, 5000, 1024},
    {2, 1025, 1024},
    {2, 3, 10}, /* fewer scores than k */
    {2, 6, 1024},
    {0, 9, 3},
    {4, 0, 3},
    {3, 50, 50, FILL_FEW}, /* ties */
    {3, 300, 17, FILL_FEW},
    {2, 700, 128, FILL_ZERO}, /* nothing but ties */
    {3, 64, 30, FILL_NAN},
    {3, 40, 40, FILL_NAN},
    {2, 90, 10, FILL_WIDE},
    {2, 90, 10, FILL_HUGE},
    {2, 90, 10, FILL_TINY},
    {2, 90, 10, FILL_DENORMAL},
    {3, 4099, 10, FILL_DENORMAL},
    {3, 5, 3, FILL_NORMAL, ONE_ROW, FILL_BITS},
    {3, 32, 10, FILL_NORMAL, ONE_ROW, FILL_BITS},
    {3, 33, 20, FILL_NORMAL, EACH_ROW, FILL_BITS},
    {6, 500, 50, FILL_NORMAL, EACH_ROW, FILL_BITS},
    {2, 500, 300, FILL_FEW, EACH_ROW, FILL_BITS},
    {2, 64, 10, FILL_NORMAL, ONE_ROW, FILL_ONES},
    {2, 70, 10, FILL_NORMAL, EACH_ROW, FILL_ZERO},
    {4, 129, 12, FILL_NORMAL, VECTOR, FILL_BITS},
    {1, 1683, 10, FILL_NORMAL, ONE_ROW, FILL_BITS},
    {5, 64, 10, .view = true},
    {3, 100, 17, FILL_FEW, .view = true},
    {70000, 5, 2, .heavy = true},
    {2, 8, 8, .heavy = true},
    {5, 17, 4, .heavy = true},
    {2, 31, 5, .heavy = true},
    {2, 32, 7, .heavy = true},
    {2, 3, 8, .heavy = true},
    {3, 40000, 6, FILL_FEW, EACH_ROW, FILL_BITS, .heavy = true},
    {1, 9000, 5, FILL_NORMAL, ONE_ROW, FILL_ONES, .heavy = true},
    {5, 64, 9, .view = true, .heavy = true},
    {0, 41, 8, FILL_FEW, EACH_ROW, FILL_BITS, 50, {3, 50, 1}, .heavy = true},
    {2, 70000, 11, FILL_FEW, .heavy = true},
    {1, 10000000, 1024, .heavy = true},
    {4, 9000001, 10, .heavy = true}, /* 137 MiB */
    {2, 10000000, 10, FILL_FEW, EACH_ROW, FILL_BITS, .heavy = true},
    /* Few of many: a bound is found first. Ties and denials may leave it too low, or without a use. */
    {2, 1683, 128},
    {1, 1683, 129},
    {3, 4099, 16, FILL_FEW},
    {5, 4099, 16, FILL_STEPS},
    {3, 9001, 60, FILL_STEPS, .heavy = true}, /* to compile, as those of 64 */
    {2, 6000, 10, FILL_ZERO},
    {2, 5000, 100, FILL_NAN},
    {1, 9000, 10, FILL_NORMAL, ONE_ROW, FILL_ONES},
    {3, 70001, 10, FILL_NORMAL, EACH_ROW, FILL_BITS},
    {2, 33000, 64, .heavy = true},
    {2, 2000, 10, .view = true},
    {14, 1100, 10, .device = OP_DEVICE_LOW},
    {0, 2100, 10, FILL_FEW, EACH_ROW, FILL_BITS, 20, {1, 20, 0}},
    {1, 140000, 300},
    {3, 70000, 1024, FILL_FEW, EACH_ROW, FILL_BITS},
    {2, 40000, 10, FILL_FEW},
    {300, 130, 10, .device = OP_DEVICE_LOW},
    {300, 130, 10, FILL_FEW, EACH_ROW, FILL_BITS, .device = OP_DEVICE_LOW},
    {200, 100, 90, FILL_NORMAL, ONE_ROW, FILL_BITS, .device = OP_DEVICE_LOW}, /* results are cut */
    {0, 40, 10, FILL_NORMAL, NONE, FILL_ZERO, 50, {3, 50, 0}},
    {0, 41, 10, FILL_FEW, EACH_ROW, FILL_BITS, 50, {3, 50, 1}},
    {0, 100, 10, FILL_NORMAL, ONE_ROW, FILL_BITS, 20, {1, 20, 0}},
    /* As on GPUs: rows of one part, of many, and of lists that are cut again. */
    {64, 1683, 10, .device = OP_DEVICE_DISCRETE},
    {2, 1683, 128, FILL_FEW, .device = OP_DEVICE_DISCRETE},
    {1, 1000000, 10, .device = OP_DEVICE_DISCRETE},
    {2, 40000, 10, FILL_FEW, EACH_ROW, FILL_BITS, .device = OP_DEVICE_DISCRETE},
    {3, 70001, 10, FILL_STEPS, .device = OP_DEVICE_DISCRETE},
    {2, 6000, 10, FILL_ZERO, .device = OP_DEVICE_DISCRETE},
    {3, 9001, 10, FILL_NAN, ONE_ROW, FILL_BITS, .device = OP_DEVICE_DISCRETE},
    {1, 140000, 300, .device = OP_DEVICE_DISCRETE},
    {0, 2100, 10, FILL_FEW, EACH_ROW, FILL_BITS, 20, {1, 20, 0}, .device = OP_DEVICE_DISCRETE},
};

static void make(size_t i, op_case *c)
{
    const row *r = &rows[i];
    const int64_t words = (r->width + 31) / 32;
    c->at.top_k.k = r->k;
    c->in[0] = op_filled(op_matrix(r->rows, r->width), r->fill);
    c->in[0].view = r->view;
    c->heavy = r->heavy;
    c->device = r->device;
    if (r->most) {
        c->in[0].symbol = 1;
        op_sizes(c, r->most, r->counts, 0, NULL);
    }
    if (r->deny == NONE)
        return;
    c->in[1] = op_matrix(r->deny == ONE_ROW ? 1 : r->rows, words);
    if (r->deny == VECTOR)
        c->in[1] = op_vector(words);
    c->in[1] = op_ints(c->in[1], r->deny_fill);
    c->in[1].symbol = r->deny == EACH_ROW ? c->in[0].symbol : 0;
}

static void draw(uint64_t *s, op_case *c)
{
    c->in[0] = op_draw_input(s, 2, 2, 20000);
    c->in[0].fill = op_once_in(s, 2) ? FILL_FEW : FILL_NORMAL;
    c->at.top_k.k = 1 + (uint32_t)op_below(s, op_once_in(s, 3) ? 1024 : 40);
    if (op_once_in(s, 3))
        c->in[1] = op_ints(op_matrix(op_once_in(s, 2) ? 1 : c->in[0].shape[0],
                                     (c->in[0].shape[1] + 31) / 32),
                           FILL_BITS);
}

static void build(vireo_graph *g, const op_case *c, const vireo_value *in, vireo_value *out)
{
    const vireo_top_k_result r = vireo_top_k(g, in[0], c->at.top_k.k, in[1]);
    out[0] = r.values;
    out[1] = r.indices;
}

const op_cases cases_top_k = {.op = VR_OP_TOP_K,
                              .count = sizeof rows / sizeof *rows,
                              .make = make,
                              .draw = draw,
                              .build = build,
                              .exact = true,
                              .without = OP_WITHOUT(OP_CANCEL)}; /* nothing is summed */
