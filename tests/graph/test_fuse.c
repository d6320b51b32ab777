/* SPDX-License-Identifier: Apache-2.0
 * Fusion: each pattern of the table, what stands in its way, and that the graph computes what it
 * did. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "graph/graph.h"
#include "vireo/inspect.h"

enum { ROWS = 5, K = 8, N = 6, MOST = 64, MOST_OUT = 3, OUT_ROOM = 16 * 16 };

static float numbers[MOST][16 * 16];

/* A graph being built: x (ROWS, K), w (N, K) and t (K, N), bias (N), r (ROWS, N). */
typedef struct parts {
    vireo_graph *g;
    vireo_value x, w, t, bias, r;
} parts;
typedef void (*build_fn)(const parts *);

static vireo_value constant(vireo_graph *g, const char *name, uint32_t rank, int64_t a, int64_t b,
                            int seed)
{
    for (int i = 0; i < 16 * 16; i++)
        numbers[seed][i] = (float)((i * 7 + seed * 13) % 23 - 11) / 8;
    const vireo_tensor t = {VIREO_F32, rank, {a, b}, numbers[seed], sizeof numbers[seed]};
    return vireo_graph_constant(g, name, &t);
}

static vireo_graph *build(build_fn fn)
{
    parts p = {0};
    assert_int_equal(vireo_graph_create(NULL, &p.g, NULL), VIREO_OK);
    vireo_symbol rows = vireo_graph_symbol(p.g, "rows", 16);
    p.x = vireo_graph_input(p.g, "x", VIREO_F32, 2, (int64_t[]){0, K}, rows);
    p.r = vireo_graph_input(p.g, "r", VIREO_F32, 2, (int64_t[]){0, N}, rows);
    p.w = constant(p.g, "w", 2, N, K, 1);
    p.t = constant(p.g, "t", 2, K, N, 2);
    p.bias = constant(p.g, "bias", 1, N, 0, 3);
    fn(&p);
    vireo_error err = {0};
    if (vireo_graph_check(p.g, &err))
        fail_msg("%s", err.message);
    return p.g;
}

static void run(const vireo_graph *g, float out[MOST_OUT][OUT_ROOM])
{
    static float x[ROWS * K], r[ROWS * N];
    vireo_error err = {0};
    vireo_tensor results[MOST_OUT];
    for (int i = 0; i < ROWS * K; i++)
        x[i] = (float)(i % 9 - 4) / 4;
    for (int i = 0; i < ROWS * N; i++)
        r[i] = (float)(i % 5 - 2) / 2;
    const vireo_tensor in[] = {{VIREO_F32, 2, {ROWS, K}, x, sizeof x},
                               {VIREO_F32, 2, {ROWS, N}, r, sizeof r}};
    for (size_t i = 0; i < MOST_OUT; i++)
        results[i] = (vireo_tensor){.data = out[i], .bytes = OUT_ROOM * sizeof(float)};
    if (vireo_graph_run_reference(g, in, 2, results, g->n_outputs, &err))
        fail_msg("%s", err.message);
}

/* The ops of the graph afterwards, one after the other: "matmul softmax". */
static void check(build_fn fn, const char *ops)
{
    static float before[MOST_OUT][OUT_ROOM], after[MOST_OUT][OUT_ROOM];
    char text[256] = "";
    vireo_graph *g = build(fn);
    memset(before, 0, sizeof before);
    memset(after, 0, sizeof after);
    run(g, before);
    assert_int_equal(vr_graph_fuse(g, NULL), VIREO_OK);
    for (size_t i = 0, n = 0; i < g->n_nodes; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", i ? " " : "",
                              vr_ops[g->nodes[i].op]->name);
    assert_string_equal(text, ops);
    run(g, after);
    assert_memory_equal(before, after, sizeof before); /* in double precision no rounding differs */
    const size_t nodes = g->n_nodes;
    assert_int_equal(vr_graph_fuse(g, NULL), VIREO_OK);
    assert_int_equal(g->n_nodes, nodes);
    vireo_graph_destroy(&g);
}

static vireo_value add(const parts *p, vireo_value a, vireo_value b)
{
    return vireo_binary_op(p->g, VIREO_ADD, a, b);
}

static vireo_value product(const parts *p)
{
    return vireo_linear(p->g, p->x, p->w, VIREO_NONE);
}

static vireo_value turned(const parts *p, vireo_value v)
{
    return vireo_transpose(p->g, v, (const uint32_t[]){1, 0});
}

static void output(const parts *p, const char *name, vireo_value v)
{
    vireo_graph_output(p->g, name, v);
}

/* ---- What fuses ----------------------------------------------------------------------------- */

/* gelu(x wᵀ + bias) + r, written out, the bias on the left. */
static void whole_layer(const parts *p)
{
    vireo_value y = vireo_unary_op(p->g, VIREO_GELU, add(p, p->bias, product(p)));
    output(p, "y", add(p, y, p->r));
}

static void residual_alone(const parts *p)
{
    output(p, "y", add(p, p->r, product(p)));
}

/* Two products: the second takes the first as its residual. */
static void two_products(const parts *p)
{
    output(p, "y", add(p, product(p), vireo_matmul(p->g, p->x, p->t, NULL)));
}

static void turned_weights(const parts *p)
{
    output(p, "y", add(p, vireo_matmul(p->g, p->x, turned(p, p->w), NULL), p->bias));
}

static void turned_twice(const parts *p)
{
    output(p, "y", vireo_linear(p->g, p->x, turned(p, p->t), VIREO_NONE));
}

static void turned_left(const parts *p)
{
    const vireo_value left = constant(p->g, "left", 2, K, K, 4);
    output(p, "y",
           vireo_matmul(p->g, turned(p, left), p->t, &(vireo_matmul_args){.transpose_a = true}));
}

static void scaled(const parts *p)
{
    output(p, "y", vireo_unary_op(p->g, VIREO_TANH, vireo_scale(p->g, p->x, 2.0f, -0.5f)));
}

static void gated(const parts *p)
{
    const vireo_value up = vireo_matmul(p->g, p->x, p->t, NULL);
    output(p, "y", vireo_binary_op(p->g, VIREO_MUL, up, vireo_unary_op(p->g, VIREO_SILU, p->r)));
}

static void gated_product(const parts *p)
{
    output(p, "y",
           vireo_binary_op(p->g, VIREO_MUL, vireo_unary_op(p->g, VIREO_SILU, product(p)), p->r));
}

static void test_patterns(void **state)
{
    (void)state;
    check(whole_layer, "matmul");
    check(residual_alone, "matmul");
    check(two_products, "matmul matmul");
    check(turned_weights, "matmul");
    check(turned_twice, "matmul");
    check(turned_left, "matmul");
    check(scaled, "unary");
    check(gated, "matmul binary");
    check(gated_product, "matmul binary");
}

/* ---- What does not -------------------------------------------------------------------------- */

static void also_an_output(const parts *p)
{
    const vireo_value y = product(p);
    output(p, "product", y);
    output(p, "y", add(p, y, p->bias));
}

static void read_twice(const parts *p)
{
    const vireo_value y = product(p);
    output(p, "y", add(p, vireo_unary_op(p->g, VIREO_RELU, y), y));
}

static void twice_itself(const parts *p)
{
    const vireo_value y = product(p);
    output(p, "y", add(p, y, y));
}

static void active_after_residual(const parts *p)
{
    output(p, "y", vireo_unary_op(p->g, VIREO_GELU, add(p, product(p), p->r)));
}

static void bias_after_activation(const parts *p)
{
    output(p, "y", add(p, vireo_unary_op(p->g, VIREO_RELU, product(p)), p->bias));
}

static void broadcast(const parts *p)
{
    output(p, "y", add(p, product(p), constant(p->g, "row", 2, 1, N, 5)));
}

static void scaled_product(const parts *p)
{
    output(p, "y", vireo_scale(p->g, product(p), 0.5f, 0.0f));
}

static void multiplied(const parts *p)
{
    output(p, "y", vireo_binary_op(p->g, VIREO_MUL, product(p), p->r));
}

static void left_turned(const parts *p)
{
    const vireo_value left = constant(p->g, "left", 2, K, K, 4);
    output(p, "y", vireo_matmul(p->g, turned(p, left), p->t, NULL));
}

static void two_functions(const parts *p)
{
    output(p, "y", vireo_unary_op(p->g, VIREO_TANH, vireo_unary_op(p->g, VIREO_RELU, p->x)));
}

static void test_obstacles(void **state)
{
    (void)state;
    check(also_an_output, "matmul binary");
    check(read_twice, "matmul unary binary");
    check(twice_itself, "matmul binary");
    check(active_after_residual, "matmul unary");
    check(bias_after_activation, "matmul binary");
    check(broadcast, "matmul binary");
    check(scaled_product, "matmul unary");
    check(multiplied, "matmul binary");
    check(left_turned, "transpose matmul");
    check(two_functions, "unary unary");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_patterns),
                                       cmocka_unit_test(test_obstacles)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
