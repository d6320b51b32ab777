/* SPDX-License-Identifier: Apache-2.0 */
#include "op_case.h"

typedef struct row {
    int64_t shape[4]; /* unused ones 0 */
    uint32_t rank;
    bool weight, bias;
    float epsilon;
    op_fill fill;
    int64_t most, counts[3]; /* dynamic if most > 0 */
} row;

static const row rows[] = {
    {{1}, 1, true, true, 1e-5f},
    {{5}, 1, true, true, 1e-12f},
    {{1, 1}, 2, true, true, 1e-5f},
    {{7, 1}, 2, false, false, 1e-5f},
    {{3, 2}, 2, true, true, 1e-12f},
    {{1, 3}, 2, true, true, 1e-12f},
    {{5, 4}, 2, true, true, 1e-12f},
    {{4, 5}, 2, true, false, 1e-12f},
    {{2, 7}, 2, false, true, 1e-12f},
    {{9, 8}, 2, true, true, 1e-12f},
    {{8, 9}, 2, true, true, 1e-5f},
    {{13, 31}, 2, true, true, 1e-5f},
    {{17, 32}, 2, true, true, 1e-5f},
    {{16, 33}, 2, true, true, 1e-5f},
    {{2, 50}, 2, true, true, 1e-12f},
    {{12, 64}, 2, true, true, 1e-12f},
    {{1, 97}, 2, true, true, 1e-12f},
    {{6, 128}, 2, false, false, 1e-12f},
    {{65, 129}, 2, true, true, 1e-12f},
    {{31, 384}, 2, true, true, 1e-12f},
    {{3, 385}, 2, true, true, 1e-12f},
    {{2, 1023}, 2, true, true, 1e-6f},
    {{2, 4097}, 2, true, true, 1e-6f},
    {{0, 8}, 2, true, true, 1e-6f},
    {{3, 5, 7}, 3, true, true, 1e-6f},
    {{2, 1, 12}, 3, true, true, 1e-6f},
    {{2, 3, 2, 6}, 4, true, true, 1e-6f},
    {{2, 0, 6}, 3, true, true, 1e-6f},
    {{5, 64}, 2, true, true, 1e-6f, .fill = FILL_SHIFTED}, /* a mean 100 times the deviation */
    {{4, 63}, 2, false, false, 1e-6f, .fill = FILL_WIDE},
    {{4, 20}, 2, true, true, 1e-5f, .fill = FILL_ZERO},
    {{0, 16}, 2, true, true, 1e-12f, .most = 40, .counts = {3, 40, 0}},
    {{0, 17}, 2, true, true, 1e-12f, .most = 300, .counts = {17, 1, 130}},
    {{0, 3, 5}, 3, true, false, 1e-12f, .most = 64, .counts = {33, 2, 64}},
};

static void make(size_t i, op_case *c)
{
    const row *r = &rows[i];
    op_operand *x = &c->in[0];
    *x = (op_operand){.source = OP_INPUT, .rank = r->rank, .fill = r->fill};
    for (uint32_t d = 0; d < r->rank; d++)
        x->shape[d] = r->shape[d];
    if (r->most) {
        x->symbol = 1;
        op_sizes(c, r->most, r->counts, 0, NULL);
    }
    if (r->weight)
        c->in[1] = op_constant(op_vector(x->shape[r->rank - 1]));
    if (r->bias)
        c->in[2] = i % 2 ? op_vector(x->shape[r->rank - 1])
                         : op_constant(op_vector(x->shape[r->rank - 1]));
    c->at.norm.epsilon = r->epsilon;
}

static void build(vireo_graph *g, const op_case *c, const vireo_value *in, vireo_value *out)
{
    out[0] = vireo_layer_norm(g, in[0], in[1], in[2], c->at.norm.epsilon);
}

const op_cases cases_layer_norm = {
    .op = VR_OP_LAYER_NORM, .count = sizeof rows / sizeof *rows, .make = make, .build = build};
