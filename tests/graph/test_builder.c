/* SPDX-License-Identifier: Apache-2.0
 * What the builder keeps and what it refuses: the first fault stays, names, symbols, shapes. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>
#include "graph/graph.h"

static vireo_graph *make(void)
{
    vireo_graph *g = NULL;
    assert_int_equal(vireo_graph_create(NULL, &g, NULL), VIREO_OK);
    assert_int_equal(vireo_graph_check(g, NULL), VIREO_OK);
    return g;
}

static void expect(vireo_graph *g, vireo_status status, const char *message)
{
    vireo_error err = {0};
    assert_int_equal(vireo_graph_check(g, &err), status);
    assert_string_equal(err.message, message);
    assert_int_equal(err.status, status);
    assert_int_equal(vireo_graph_check(g, NULL), status);
}

static vireo_value input(vireo_graph *g, const char *name, int64_t rows, int64_t width)
{
    return vireo_graph_input(g, name, VIREO_F32, 2, (int64_t[]){rows, width}, (vireo_symbol){0});
}

static float numbers[64];
static vireo_tensor matrix(int64_t rows, int64_t width)
{
    return (vireo_tensor){.dtype = VIREO_F32,
                          .rank = 2,
                          .shape = {rows, width},
                          .data = numbers,
                          .bytes = sizeof numbers};
}

/* After the first fault no call changes the graph, and every call answers none. */
static void first_fault_stays(void **state)
{
    (void)state;
    vireo_graph *g = make();
    vireo_value x = input(g, "x", 2, 3);
    vireo_symbol n = vireo_graph_symbol(g, "n", 7);
    assert_true(x.id && n.id);
    assert_int_equal(vireo_graph_fail(g, VIREO_ERROR_FORMAT, "%s has %d", "this", 7).id, 0);
    const size_t values = g->n_values, nodes = g->n_nodes, symbols = g->n_symbols;
    const vireo_tensor t = matrix(2, 3);
    assert_int_equal(vireo_graph_fail(g, VIREO_ERROR_IO, "second").id, 0);
    assert_int_equal(input(g, "x", -1, 3).id, 0);
    assert_int_equal(vireo_graph_constant(g, "c", &t).id, 0);
    assert_int_equal(vireo_graph_first_row(g, x).id, 0);
    assert_int_equal(vireo_graph_symbol(g, "m", -5).id, 0);
    assert_int_equal(vireo_graph_symbol_derive(g, "m", n, 1).id, 0);
    assert_int_equal(vireo_unary_op(g, VIREO_RELU, x).id, 0);
    assert_int_equal(vireo_linear(g, x, x, VIREO_NONE).id, 0);
    vireo_top_k_result top = vireo_top_k(g, x, 1, VIREO_NONE);
    assert_int_equal(top.values.id | top.indices.id, 0);
    vireo_graph_output(g, "y", x);
    assert_int_equal(g->n_values, values);
    assert_int_equal(g->n_nodes, nodes);
    assert_int_equal(g->n_symbols, symbols);
    assert_int_equal(g->n_outputs, 0);
    expect(g, VIREO_ERROR_FORMAT, "this has 7");
    vireo_graph_destroy(&g);
    assert_null(g);
    vireo_graph_destroy(&g);
    vireo_graph_destroy(NULL);
}

static void long_message_is_cut(void **state)
{
    (void)state;
    vireo_graph *g = make();
    char text[3000];
    vireo_error err = {0};
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    vireo_graph_fail(g, VIREO_ERROR_FORMAT, "%s", text);
    assert_int_equal(vireo_graph_check(g, &err), VIREO_ERROR_FORMAT);
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    vireo_graph_destroy(&g);
}

static void names(void **state)
{
    (void)state;
    vireo_graph *g = make();
    char name[] = "x";
    vireo_value x = input(g, name, 2, 3);
    name[0] = 'z'; /* names were copied */
    vireo_value y = vireo_unary_op(g, VIREO_RELU, x), w = vireo_unary_op(g, VIREO_TANH, x);
    const vireo_tensor t = matrix(2, 3);
    assert_true(vireo_graph_constant(g, "x", &t).id && vireo_graph_constant(g, "x", &t).id);
    vireo_graph_output(g, "x", y); /* inputs, constants and outputs are named apart */
    assert_int_equal(vireo_graph_check(g, NULL), VIREO_OK);
    vireo_graph_output(g, "x", w);
    expect(g, VIREO_ERROR_INVALID_ARGUMENT, "output x: two outputs with this name or value");
    vireo_graph_destroy(&g);

    g = make();
    y = vireo_unary_op(g, VIREO_RELU, input(g, "x", 2, 3));
    vireo_graph_output(g, "a", y);
    vireo_graph_output(g, "b", y);
    expect(g, VIREO_ERROR_INVALID_ARGUMENT, "output b: two outputs with this name or value");
    vireo_graph_destroy(&g);

    g = make();
    input(g, "x", 2, 3);
    input(g, "x", 2, 3);
    expect(g, VIREO_ERROR_INVALID_ARGUMENT, "two inputs named x");
    vireo_graph_destroy(&g);
}

static void outputs_are_results(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        vireo_graph *g = make();
        const vireo_tensor t = matrix(2, 3);
        vireo_value x = input(g, "x", 2, 3), c = vireo_graph_constant(g, "c", &t);
        const vireo_value bad[] = {VIREO_NONE, x, c, {99}};
        vireo_graph_output(g, "y", bad[i]);
        expect(g, VIREO_ERROR_INVALID_ARGUMENT,
               "output y is not the result of an op of this graph");
        vireo_graph_destroy(&g);
    }
}

static void symbols(void **state)
{
    (void)state;
    vireo_graph *g = make();
    vireo_symbol n = vireo_graph_symbol(g, "n", 100), none = vireo_graph_symbol(g, "none", 0);
    vireo_symbol plus = vireo_graph_symbol_derive(g, "n + 1", n, 1);
    vireo_symbol minus = vireo_graph_symbol_derive(g, "n - 200", n, -200);
    assert_true(n.id && none.id && plus.id && minus.id);
    assert_int_equal(vireo_graph_symbol_derive(g, "again", n, 1).id, plus.id); /* one of a kind */
    assert_int_equal(g->symbols[plus.id].max, 101);
    assert_int_equal(g->symbols[minus.id].max, 0);
    vireo_value x = vireo_graph_input(g, "x", VIREO_F32, 2, (int64_t[]){-9, 4}, plus);
    assert_true(x.id);
    assert_int_equal(g->values[x.id].v.shape[0], 101); /* shape[0] is not read */
    vireo_graph_symbol_derive(g, "bad", plus, 1);
    expect(g, VIREO_ERROR_INVALID_ARGUMENT,
           "symbol bad: derived from something that is not a plain symbol");
    vireo_graph_destroy(&g);

    g = make();
    vireo_graph_symbol_derive(g, "bad", (vireo_symbol){0}, 1);
    expect(g, VIREO_ERROR_INVALID_ARGUMENT,
           "symbol bad: derived from something that is not a plain symbol");
    vireo_graph_destroy(&g);

    static const struct {
        int64_t max;
        const char *message;
    } bad[] = {
        {-1, "symbol n: maximum -1, allowed 0 to 2147483647"},
        {(int64_t)1 << 31, "symbol n: maximum 2147483648, allowed 0 to 2147483647"},
    };
    for (size_t i = 0; i < 2; i++) {
        g = make();
        vireo_graph_symbol(g, "n", bad[i].max);
        expect(g, VIREO_ERROR_INVALID_ARGUMENT, bad[i].message);
        vireo_graph_destroy(&g);
    }

    g = make();
    n = vireo_graph_symbol(g, "n", INT32_MAX);
    vireo_graph_symbol_derive(g, "more", n, 1);
    expect(g, VIREO_ERROR_INVALID_ARGUMENT,
           "symbol more: maximum 2147483648, allowed 0 to 2147483647");
    vireo_graph_destroy(&g);

    g = make();
    for (int i = 0; i < VR_MAX_SYMBOLS; i++)
        assert_int_equal(vireo_graph_symbol(g, "s", 5).id, i + 1);
    vireo_graph_symbol(g, "s", 5);
    expect(g, VIREO_ERROR_LIMIT, "symbol s: a graph has at most 15 symbols");
    vireo_graph_destroy(&g);
}

/* Pooling makes a symbol one smaller; pooling twice makes no second one. */
static void derived_results(void **state)
{
    (void)state;
    vireo_graph *g = make();
    vireo_symbol tokens = vireo_graph_symbol(g, "tokens", 50), ends = vireo_graph_symbol(g, "e", 9);
    vireo_value x = vireo_graph_input(g, "x", VIREO_F32, 2, (int64_t[]){0, 6}, tokens);
    vireo_value o = vireo_graph_input(g, "o", VIREO_I32, 1, (int64_t[]){0}, ends);
    vireo_value a = vireo_pool(g, VIREO_POOL_MEAN, x, o), b = vireo_pool(g, VIREO_POOL_MAX, x, o);
    assert_true(vireo_binary_op(g, VIREO_ADD, a, b).id);
    assert_int_equal(vireo_graph_check(g, NULL), VIREO_OK);
    const vr_value *v = &g->values[a.id].v;
    assert_int_equal(v->shape[0], 8);
    assert_int_equal(v->shape[1], 6);
    assert_int_equal(g->symbols[v->symbol].base, ends.id);
    assert_int_equal(g->symbols[v->symbol].add, -1);
    assert_int_equal(v->symbol, g->values[b.id].v.symbol);
    assert_int_equal(v->kind, VR_ACTIVATION);
    vireo_graph_destroy(&g);

    g = make(); /* from a derived symbol: one that comes back to its base is the base */
    ends = vireo_graph_symbol(g, "sequences", 9);
    o = vireo_graph_input(g, "o", VIREO_I32, 1, (int64_t[]){0},
                          vireo_graph_symbol_derive(g, "ends", ends, 1));
    x = input(g, "x", 5, 6);
    a = vireo_pool(g, VIREO_POOL_MEAN, x, o);
    assert_int_equal(g->values[a.id].v.symbol, ends.id);
    assert_int_equal(g->values[a.id].v.shape[0], 9);
    vireo_graph_destroy(&g);
}

static void input_shapes(void **state)
{
    (void)state;
    static const struct {
        vireo_dtype dtype;
        uint32_t rank;
        int64_t shape[5];
        uint32_t symbol;
        vireo_status status;
        const char *message; /* NULL: fine */
    } rows[] = {
        {VIREO_F32, 0, {0}, 0, VIREO_OK, NULL},
        {VIREO_I32, 4, {1, 0, 3, 5}, 0, VIREO_OK, NULL},
        {VIREO_F32, 2, {7, INT32_MAX}, 0, VIREO_OK, NULL},
        {(vireo_dtype)99, 1, {4}, 0, VIREO_ERROR_UNSUPPORTED, "input x: ?, allowed: f32, i32"},
        {VIREO_F16, 1, {4}, 0, VIREO_ERROR_UNSUPPORTED, "input x: f16, allowed: f32, i32"},
        {VIREO_BF16, 1, {4}, 0, VIREO_ERROR_UNSUPPORTED, "input x: bf16, allowed: f32, i32"},
        {VIREO_Q8_0, 1, {32}, 0, VIREO_ERROR_UNSUPPORTED, "input x: q8_0, allowed: f32, i32"},
        {(vireo_dtype)99, 1, {4}, 0, VIREO_ERROR_UNSUPPORTED, "input x: ?, allowed: f32, i32"},
        {VIREO_F32,
         5,
         {1, 1, 1, 1, 1},
         0,
         VIREO_ERROR_INVALID_ARGUMENT,
         "x: rank 5 or symbol 0 is not valid"},
        {VIREO_F32, 0, {0}, 1, VIREO_ERROR_INVALID_ARGUMENT, "x: rank 0 or symbol 1 is not valid"},
        {VIREO_F32, 1, {0}, 2, VIREO_ERROR_INVALID_ARGUMENT, "x: rank 1 or symbol 2 is not valid"},
        {VIREO_F32,
         2,
         {3, -1},
         0,
         VIREO_ERROR_INVALID_ARGUMENT,
         "x: dimension 1 is -1, allowed 0 to 2147483647"},
        {VIREO_F32,
         1,
         {(int64_t)1 << 31},
         0,
         VIREO_ERROR_INVALID_ARGUMENT,
         "x: dimension 0 is 2147483648, allowed 0 to 2147483647"},
        {VIREO_F32, 3, {65536, 32768, 1}, 0, VIREO_ERROR_LIMIT, "x: more than 2147483647 rows"},
        {VIREO_F32, 3, {0, 600, 4}, 1, VIREO_OK, NULL},
        {VIREO_F32, 4, {0, 60000, 60000, 4}, 1, VIREO_ERROR_LIMIT, "x: more than 2147483647 rows"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        vireo_graph *g = make();
        vireo_graph_symbol(g, "n", 10);
        vireo_value x = vireo_graph_input(g, "x", rows[i].dtype, rows[i].rank, rows[i].shape,
                                          (vireo_symbol){rows[i].symbol});
        assert_int_equal(x.id != 0, !rows[i].message);
        if (rows[i].message)
            expect(g, rows[i].status, rows[i].message);
        vireo_graph_destroy(&g);
    }
}

static void constants(void **state)
{
    (void)state;
    static const struct {
        int64_t rows, width;
        bool data;
        size_t bytes;
        const char *message;
    } rows[] = {
        {2, 3, true, 24, NULL},
        {2, 3, true, 23, "constant c: 23 bytes given, its shape needs 24"},
        {2, 3, false, 24, "constant c: 24 bytes given, its shape needs 24"},
        {0, 3, false, 0, NULL},
        {2, 0, false, 0, NULL},
        {65535, 262148, true, 256,
         "constant c: 256 bytes given, its shape needs 68719476720"},
        {-1, 3, true, 256, "c: dimension 0 is -1, allowed 0 to 2147483647"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        vireo_graph *g = make();
        vireo_tensor t = matrix(rows[i].rows, rows[i].width);
        t.data = rows[i].data ? numbers : NULL;
        t.bytes = rows[i].bytes;
        vireo_value c = vireo_graph_constant(g, "c", &t);
        assert_int_equal(c.id != 0, !rows[i].message);
        if (rows[i].message)
            expect(g, VIREO_ERROR_INVALID_ARGUMENT, rows[i].message);
        vireo_graph_destroy(&g);
    }
}

static void block_constants(void **state)
{
    (void)state;
    static const struct {
        vireo_dtype dtype;
        uint32_t rank;
        int64_t shape[2];
        size_t bytes;
        const char *message;
    } rows[] = {
        {VIREO_Q8_0, 2, {2, 64}, 136, NULL},
        {VIREO_Q4_0, 1, {32}, 18, NULL},
        {VIREO_BF16, 2, {3, 5}, 30, NULL},
        {VIREO_Q8_0, 2, {2, 64}, 135, "constant c: 135 bytes given, its shape needs 136"},
        {VIREO_Q4_0, 2, {3, 32}, 53, "constant c: 53 bytes given, its shape needs 54"},
        {VIREO_BF16, 2, {3, 5}, 29, "constant c: 29 bytes given, its shape needs 30"},
        {VIREO_Q8_0, 2, {64, 33}, 256,
         "constant c: q8_0 of 33 elements a row, they must be a multiple of 32"},
        {VIREO_Q4_0, 0, {0}, 256,
         "constant c: q4_0 of 1 elements a row, they must be a multiple of 32"},
        {(vireo_dtype)99, 1, {4}, 256, "c: dtype 99 is none"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        vireo_graph *g = make();
        vireo_tensor t = {.dtype = rows[i].dtype, .rank = rows[i].rank, .data = numbers,
                          .bytes = rows[i].bytes};
        memcpy(t.shape, rows[i].shape, sizeof rows[i].shape);
        vireo_value c = vireo_graph_constant(g, "c", &t);
        assert_int_equal(c.id != 0, !rows[i].message);
        if (rows[i].message)
            expect(g, VIREO_ERROR_INVALID_ARGUMENT, rows[i].message);
        vireo_graph_destroy(&g);
    }
}

/* Blocks are not converted for an op that does not read them; bf16 is. */
static void packed_operands(void **state)
{
    (void)state;
    static const struct {
        vireo_dtype dtype;
        bool linear;
        const char *message;
    } rows[] = {
        {VIREO_Q8_0, false, "norm: input 1 is q8_0, it must be f32"},
        {VIREO_Q4_0, false, "norm: input 1 is q4_0, it must be f32"},
        {VIREO_BF16, false, NULL},
        {VIREO_Q4_0, true, NULL},
        {VIREO_BF16, true, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        vireo_graph *g = make();
        vireo_tensor t = {.dtype = rows[i].dtype, .rank = 2, .shape = {1, 32}, .data = numbers,
                          .bytes = 64};
        vireo_value x = input(g, "x", 3, 32), c = vireo_graph_constant(g, "c", &t);
        vireo_value y = rows[i].linear
                            ? vireo_linear(g, x, c, VIREO_NONE)
                            : vireo_layer_norm(g, x, vireo_graph_first_row(g, c), VIREO_NONE, 1e-5f);
        assert_int_equal(y.id != 0, !rows[i].message);
        if (rows[i].message)
            expect(g, VIREO_ERROR_INVALID_ARGUMENT, rows[i].message);
        else
            assert_int_equal(g->values[g->nodes[0].in[1]].v.dtype,
                             rows[i].linear ? rows[i].dtype : VIREO_F32);
        vireo_graph_destroy(&g);
    }
}

static void first_row(void **state)
{
    (void)state;
    vireo_graph *g = make();
    const vireo_tensor t = matrix(4, 5);
    vireo_value row = vireo_graph_first_row(g, vireo_graph_constant(g, "c", &t));
    const vr_graph_value *v = &g->values[row.id];
    assert_int_equal(v->v.rank, 1);
    assert_int_equal(v->v.shape[0], 5);
    assert_int_equal(v->v.kind, VR_CONSTANT);
    assert_ptr_equal(v->data, numbers);
    vireo_graph_destroy(&g);
    for (int i = 0; i < 5; i++) {
        g = make();
        const vireo_tensor empty = matrix(0, 5);
        vireo_value c = vireo_graph_constant(g, "c", &t);
        const vireo_value bad[] = {VIREO_NONE,
                                   {77},
                                   input(g, "x", 4, 5),
                                   vireo_graph_constant(g, "e", &empty),
                                   vireo_graph_first_row(g, c)};
        vireo_graph_first_row(g, bad[i]);
        expect(g, VIREO_ERROR_INVALID_ARGUMENT, "first row: the value is not a constant with rows");
        vireo_graph_destroy(&g);
    }
}

/* f16 constants stay what they are where the op reads f16; elsewhere one f32 twin serves all uses.
 */
static void half_constants(void **state)
{
    (void)state;
    static const uint16_t halves[64] = {0};
    vireo_graph *g = make();
    vireo_tensor t = {.dtype = VIREO_F16, .rank = 2, .shape = {8, 6}, .bytes = sizeof halves};
    const void *data = halves;
    memcpy(&t.data, &data, sizeof t.data);
    vireo_value c = vireo_graph_constant(g, "c", &t), row = vireo_graph_first_row(g, c);
    vireo_value x = input(g, "x", 3, 6);
    size_t before = g->n_values;
    assert_true(vireo_linear(g, x, c, VIREO_NONE).id);
    assert_int_equal(g->n_values, before + 1);
    assert_int_equal(g->values[g->nodes[0].in[1]].v.dtype, VIREO_F16);
    vireo_value a = vireo_binary_op(g, VIREO_ADD, x, row);
    assert_true(a.id);
    assert_int_equal(g->n_values, before + 3); /* the twin and the result */
    const uint32_t twin = g->nodes[1].in[1];
    assert_int_equal(g->values[twin].v.dtype, VIREO_F32);
    assert_int_equal(g->values[twin].data_dtype, VIREO_F16);
    assert_ptr_equal(g->values[twin].data, halves);
    assert_true(vireo_layer_norm(g, a, row, row, 1e-5f).id);
    assert_int_equal(g->n_values, before + 4);
    assert_int_equal(g->nodes[2].in[1], twin);
    assert_int_equal(g->nodes[2].in[2], twin);
    assert_int_equal(g->values[row.id].v.dtype, VIREO_F16);
    vireo_graph_destroy(&g);
}

/* 16^(-2/4) is exact, so the angles are; far positions keep all digits of a float. */
static void rope_table(void **state)
{
    (void)state;
    vireo_graph *g = make();
    const vireo_value v = vireo_rope_table(g, 100001, 4, 16, 2);
    expect(g, VIREO_OK, "");
    const vr_graph_value *table = &g->values[v.id];
    assert_int_equal(table->v.kind, VR_CONSTANT);
    assert_int_equal(table->v.rank, 2);
    assert_int_equal(table->v.shape[0], 100001);
    assert_int_equal(table->v.shape[1], 4);
    static const int positions[] = {0, 1, 7, 65536, 100000};
    for (size_t i = 0; i < sizeof positions / sizeof *positions; i++) {
        const float *row = (const float *)table->data + 4 * positions[i];
        const double angle = positions[i] * 0.5;
        assert_float_equal(row[0], (float)cos(angle), 0);
        assert_float_equal(row[1], (float)sin(angle), 0);
        assert_float_equal(row[2], (float)cos(angle / 4), 0);
        assert_float_equal(row[3], (float)sin(angle / 4), 0);
    }
    vireo_graph_destroy(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_fault_stays),
        cmocka_unit_test(long_message_is_cut),
        cmocka_unit_test(names),
        cmocka_unit_test(outputs_are_results),
        cmocka_unit_test(symbols),
        cmocka_unit_test(derived_results),
        cmocka_unit_test(input_shapes),
        cmocka_unit_test(constants),
        cmocka_unit_test(block_constants),
        cmocka_unit_test(packed_operands),
        cmocka_unit_test(first_row),
        cmocka_unit_test(half_constants),
        cmocka_unit_test(rope_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
