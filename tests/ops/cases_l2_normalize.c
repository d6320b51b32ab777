/* SPDX-License-Identifier: Apache-2.0 */
#include "op_case.h"

typedef struct row {
    int64_t shape[4];
    uint32_t rank;
    float epsilon;
    op_fill fill;
    int64_t most, counts[3]; /* dynamic if most > 0 */
} row;

static const row rows[] = {
    {{1}, 1, 1e-12f},
    {{7}, 1, 1e-12f},
    {{1, 1}, 2, 1e-12f},
    {{2, 2}, 2, 1e-12f},
    {{5, 3}, 2, 1e-12f},
    {{3, 4}, 2, 1e-12f},
    {{4, 5}, 2, 1e-12f},
    {{9, 8}, 2, 1e-12f},
    {{8, 13}, 2, 1e-12f},
    {{7, 31}, 2, 1e-12f},
    {{33, 33}, 2, 1e-12f},
    {{65, 50}, 2, 1e-12f},
    {{12, 384}, 2, 1e-12f},
    {{2, 1021}, 2, 1e-12f},
    {{2, 3, 5}, 3, 1e-12f},
    {{2, 2, 3, 6}, 4, 1e-12f},
    {{0, 5}, 2, 1e-12f},
    {{4, 9}, 2, 1.0f}, /* epsilon above some norms */
    {{3, 6}, 2, 1e-12f, .fill = FILL_ZERO},
    {{5, 21}, 2, 1e-30f, .fill = FILL_TINY}, /* squares below the smallest float */
    {{5, 20}, 2, 1e-12f, .fill = FILL_TINY}, /* below epsilon */
    {{6, 22}, 2, 1e-12f, .fill = FILL_HUGE}, /* squares above the largest float */
    {{6, 23}, 2, 1e-12f, .fill = FILL_WIDE},
    {{0, 32}, 2, 1e-12f, .most = 30, .counts = {1, 30, 0}},
    {{0, 7}, 2, 1e-12f, .most = 200, .counts = {129, 5, 200}},
};

static void make(size_t i, op_case *c)
{
    const row *r = &rows[i];
    c->in[0] = (op_operand){.source = OP_INPUT, .rank = r->rank, .fill = r->fill};
    for (uint32_t d = 0; d < r->rank; d++)
        c->in[0].shape[d] = r->shape[d];
    if (r->most) {
        c->in[0].symbol = 1;
        op_sizes(c, r->most, r->counts, 0, NULL);
    }
    c->at.norm.epsilon = r->epsilon;
}

static void build(vireo_graph *g, const op_case *c, const vireo_value *in, vireo_value *out)
{
    out[0] = vireo_l2_normalize(g, in[0], c->at.norm.epsilon);
}

const op_cases cases_l2_normalize = {
    .op = VR_OP_L2_NORMALIZE, .count = sizeof rows / sizeof *rows, .make = make, .build = build};
