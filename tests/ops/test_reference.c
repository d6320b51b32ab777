/* SPDX-License-Identifier: Apache-2.0
 * The references, which judge all kernels, against NumPy (reference_generate.py) and against values
 * known in closed form. Needs no driver. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "op_case.h"

typedef struct golden_operand {
    vireo_dtype dtype;
    uint32_t rank;
    int64_t shape[VIREO_MAX_RANK];
    const double *data;
} golden_operand;
typedef struct golden {
    const char *name;
    vr_op_id op;
    vr_attributes at;
    golden_operand in[VR_MAX_IN], out[VR_MAX_OUT];
} golden;
#include "reference_golden.h"

/* Both are doubles; sums are taken in different orders. */
static const double tolerance = 1e-13;

static size_t elements(const golden_operand *o)
{
    size_t n = 1;
    for (uint32_t d = 0; d < o->rank; d++)
        n *= (size_t)o->shape[d];
    return n;
}

static void check_result(const golden *g, uint32_t index, const vr_value *v, const double *got)
{
    const golden_operand *o = &g->out[index];
    assert_int_equal(v->dtype, o->dtype);
    assert_int_equal(v->rank, o->rank);
    for (uint32_t d = 0; d < o->rank; d++)
        assert_int_equal(v->shape[d], o->shape[d]);
    for (size_t i = 0; i < elements(o); i++)
        if (!(fabs(got[i] - o->data[i]) <= tolerance * fmax(1, fabs(o->data[i]))))
            fail_msg("%s, result %u, element %zu: %.17g, expected %.17g", g->name, index, i, got[i],
                     o->data[i]);
}

static void check_golden(const golden *g)
{
    vr_value values[VR_MAX_IN + VR_MAX_OUT] = {{0}};
    vr_call call = {.op = g->op, .at = g->at};
    vr_ref_args args = {.call = &call};
    for (uint32_t i = 0; i < VR_MAX_IN; i++) {
        const golden_operand *o = &g->in[i];
        if (!o->data)
            continue;
        values[i] = (vr_value){.kind = VR_INPUT, .dtype = o->dtype, .rank = o->rank};
        memcpy(values[i].shape, o->shape, sizeof o->shape);
        values[i].symbol = VR_NO_SYMBOL;
        values[i].count = o->rank ? o->shape[0] : 1;
        call.in[i] = &values[i];
        args.in[i] = o->data;
    }
    const vr_op *op = vr_ops[g->op];
    for (uint32_t i = 0; i < op->n_out; i++) {
        call.out[i] = &values[VR_MAX_IN + i];
        call.out[i]->symbol = VR_NO_SYMBOL;
        args.out[i] = calloc(elements(&g->out[i]) + 1, sizeof(double));
        assert_non_null(args.out[i]);
    }
    vireo_error err = {0};
    if (op->infer(&call, &err))
        fail_msg("%s: %s", g->name, err.message);
    for (uint32_t i = 0; i < op->n_out; i++)
        call.out[i]->count = call.out[i]->shape[0];
    op->reference(&args);
    for (uint32_t i = 0; i < op->n_out; i++) {
        check_result(g, i, call.out[i], args.out[i]);
        free(args.out[i]);
    }
}

static void test_numpy(void **state)
{
    (void)state;
    size_t of_op[VR_OP_COUNT] = {0};
    for (size_t i = 0; i < sizeof goldens / sizeof *goldens; i++) {
        check_golden(&goldens[i]);
        of_op[goldens[i].op]++;
    }
    for (uint32_t op = 0; op < VR_OP_COUNT; op++)
        if (of_op[op] == 0)
            fail_msg("%s has no golden values", vr_ops[op]->name);
}

static void test_closed_forms(void **state)
{
    (void)state;
    static const struct {
        vireo_unary op;
        double x, y;
    } rows[] = {
        {VIREO_GELU, 1, 0.84134474606854294859},   /* the normal distribution's value at 1 */
        {VIREO_GELU, -1, -0.15865525393145705141}, /* and at -1 */
        {VIREO_GELU, 2, 2 * 0.97724986805182079},
        {VIREO_GELU, -6, -6 * 9.8658764503769814e-10},
        {VIREO_SIGMOID, 1.0986122886681098, 0.75}, /* ln 3 */
        {VIREO_SIGMOID, -1.0986122886681098, 0.25},
        {VIREO_SILU, 1.0986122886681098, 0.75 * 1.0986122886681098},
        {VIREO_TANH, 0.54930614433405485, 0.5}, /* ln 3 / 2 */
        {VIREO_TANH, -1000, -1},
        {VIREO_SIGMOID, -1000, 0},
        {VIREO_GELU_TANH, 1000, 1000},
        {VIREO_GELU_TANH, -1000, 0},
        {VIREO_RELU, -0.5, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double y = vr_reference_unary(rows[i].op, rows[i].x);
        if (!(fabs(y - rows[i].y) <= 1e-14 * fmax(1e-9, fabs(rows[i].y))))
            fail_msg("function %d at %g: %.17g, expected %.17g", (int)rows[i].op, rows[i].x, y,
                     rows[i].y);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numpy),
        cmocka_unit_test(test_closed_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
