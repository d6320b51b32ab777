/* SPDX-License-Identifier: Apache-2.0
 * The three normalisations on every shape. */
#include "op_rand.h"

typedef struct row {
    int64_t shape[4]; /* unused ones 0 */
    uint32_t rank;
    bool weight, bias;
    float epsilon;
    op_fill fill;
    bool view;
    op_device device;
    bool heavy;
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
    {{4, 9}, 2, true, false, 1.0f}, /* epsilon above some norms */
    {{5, 21}, 2, true, true, 1e-30f, .fill = FILL_TINY}, /* squares below the smallest float */
    {{5, 23}, 2, false, false, 1e-30f, .fill = FILL_FAINT},
    {{1, 4100}, 2, true, true, 1e-6f, .fill = FILL_FAR},
    {{5, 20}, 2, false, false, 1e-12f, .fill = FILL_TINY}, /* below epsilon */
    {{6, 22}, 2, true, true, 1e-12f, .fill = FILL_HUGE},  /* squares above the largest float */
    {{3, 40}, 2, false, true, 1.0f, .fill = FILL_DENORMAL}, /* which may be flushed */
    {{2, 4096}, 2, true, true, 1e-6f, .fill = FILL_CANCEL},
    {{33, 64}, 2, true, true, 1e-6f, .view = true},
    {{7, 100}, 2, false, false, 1e-6f, .view = true},
    {{2, 3, 64}, 3, true, true, 1e-6f, .view = true},
    {{300, 65}, 2, true, true, 1e-6f, .device = OP_DEVICE_LOW},
    {{1000, 20}, 2, false, true, 1e-6f, .device = OP_DEVICE_LOW},
    {{0, 64}, 2, true, false, 1e-6f, .device = OP_DEVICE_LOW, .most = 500, .counts = {300, 20, 500}},
    {{1, 300001}, 2, true, true, 1e-6f}, /* more iterations than some drivers allow a lane */
    {{2100, 9}, 2, true, true, 1e-5f}, /* 4 rows a lane on a CPU */
    {{70000, 4}, 2, true, true, 1e-6f, .heavy = true},
    {{530000, 64}, 2, false, true, 1e-6f, .device = OP_DEVICE_DISCRETE, .heavy = true}, /* 129 MiB, many groups */
    {{0, 16}, 2, true, true, 1e-12f, .most = 40, .counts = {3, 40, 0}},
    {{0, 17}, 2, true, true, 1e-12f, .most = 300, .counts = {17, 1, 130}},
    {{0, 3, 5}, 3, true, false, 1e-12f, .most = 64, .counts = {33, 2, 64}},
};

enum { N_ROWS = sizeof rows / sizeof *rows, N_KINDS = VR_NORM_L2 + 1 };

static void make(size_t i, op_case *c)
{
    const row *r = &rows[i % N_ROWS];
    const vr_norm_kind kind = (vr_norm_kind)(i / N_ROWS);
    op_operand *x = &c->in[0];
    *x = (op_operand){.source = OP_INPUT, .rank = r->rank, .fill = r->fill, .view = r->view};
    for (uint32_t d = 0; d < r->rank; d++)
        x->shape[d] = r->shape[d];
    if (r->most) {
        x->symbol = 1;
        op_sizes(c, r->most, r->counts, 0, NULL);
    }
    if (r->weight && kind != VR_NORM_L2)
        c->in[1] = op_constant(op_vector(x->shape[r->rank - 1]));
    if (r->bias && kind == VR_NORM_LAYER)
        c->in[2] = i % 2 ? op_vector(x->shape[r->rank - 1])
                         : op_constant(op_vector(x->shape[r->rank - 1]));
    c->at.norm.kind = kind;
    c->at.norm.epsilon = r->epsilon;
    c->device = r->device;
    c->heavy = r->heavy;
}

static void draw(uint64_t *s, op_case *c)
{
    c->in[0] = op_draw_input(s, 1, 4, 20000);
    op_draw_dynamic(s, c, c->in[0].rank > 1 ? 0 : 1);
    c->at.norm.kind = (vr_norm_kind)op_below(s, N_KINDS);
    c->at.norm.epsilon = op_once_in(s, 2) ? 1e-12f : 1e-5f;
    const op_operand w = op_vector(c->in[0].shape[c->in[0].rank - 1]);
    /* Of few elements that are nearly equal, f32 keeps few digits of the difference to their mean. */
    if (c->at.norm.kind == VR_NORM_LAYER && w.shape[0] < 16) {
        c->at.norm.epsilon = 1e-2f;
        c->in[0].fill = FILL_NORMAL;
    }
    if (c->at.norm.kind != VR_NORM_L2 && op_once_in(s, 2))
        c->in[1] = op_constant(w);
    if (c->at.norm.kind == VR_NORM_LAYER && op_once_in(s, 2))
        c->in[2] = w;
}

static void build(vireo_graph *g, const op_case *c, const vireo_value *in, vireo_value *out)
{
    const float epsilon = c->at.norm.epsilon;
    out[0] = c->at.norm.kind == VR_NORM_LAYER ? vireo_layer_norm(g, in[0], in[1], in[2], epsilon)
             : c->at.norm.kind == VR_NORM_RMS ? vireo_rms_norm(g, in[0], in[1], epsilon)
                                              : vireo_l2_normalize(g, in[0], epsilon);
}

const op_cases cases_norm = {.op = VR_OP_NORM,
                             .count = (size_t)N_ROWS * N_KINDS,
                             .make = make,
                             .draw = draw,
                             .build = build};
