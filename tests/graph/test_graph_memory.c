/* SPDX-License-Identifier: Apache-2.0
 * Every allocation of a graph's making fails once: the builder says so, nothing leaks, the next try
 * succeeds. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "counted_allocator.h"
#include "graph/graph.h"

/* Enough of everything that each table grows more than once. */
static void build(vireo_graph *g)
{
    static float data[16];
    const vireo_tensor t = {
        .dtype = VIREO_F32, .rank = 2, .shape = {4, 4}, .data = data, .bytes = sizeof data};
    char name[16];
    vireo_symbol n = vireo_graph_symbol(g, "n", 10);
    vireo_value x = VIREO_NONE;
    for (int i = 0; i < 12; i++) {
        snprintf(name, sizeof name, "v%d", i);
        vireo_value in = vireo_graph_input(g, name, VIREO_F32, 2, (int64_t[]){0, 4}, n);
        x = i ? vireo_binary_op(g, VIREO_ADD, x, in) : vireo_unary_op(g, VIREO_TANH, in);
        x = vireo_linear(g, x, vireo_graph_constant(g, name, &t), VIREO_NONE);
        vireo_graph_output(g, name, x);
        if (i < 10)
            vireo_graph_symbol_derive(g, name, n, i + 1);
    }
}

static void every_request_fails(void **state)
{
    (void)state;
    counted c = {0};
    vireo_allocator a = counted_allocator(&c);
    vireo_graph *g = NULL;
    assert_int_equal(vireo_graph_create(&a, &g, NULL), VIREO_OK);
    build(g);
    assert_int_equal(vireo_graph_check(g, NULL), VIREO_OK);
    const size_t nodes = g->n_nodes, requests = c.made;
    vireo_graph_destroy(&g);
    assert_int_equal(c.live, 0);
    assert_true(requests > 10);
    for (size_t i = 1; i <= requests; i++) {
        vireo_error err = {0};
        c = (counted){.fail_at = i};
        vireo_status st = vireo_graph_create(&a, &g, &err);
        if (!st) {
            build(g);
            st = vireo_graph_check(g, &err);
            vireo_graph_destroy(&g);
        }
        assert_null(g);
        assert_int_equal(st, VIREO_ERROR_OUT_OF_MEMORY);
        assert_string_equal(err.message, "out of memory: graph");
        assert_int_equal(c.live, 0);
        c.fail_at = 0;
        assert_int_equal(vireo_graph_create(&a, &g, &err), VIREO_OK);
        build(g);
        assert_int_equal(vireo_graph_check(g, NULL), VIREO_OK);
        assert_int_equal(g->n_nodes, nodes);
        vireo_graph_destroy(&g);
        assert_int_equal(c.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_request_fails)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
