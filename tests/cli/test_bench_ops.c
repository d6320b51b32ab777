/* SPDX-License-Identifier: Apache-2.0
 * "bench op all" runs every op there is, in each of its functions: those of op_list.h, and what the ops
 * themselves take, so that what is added there and not here is missed. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>
#include "cli/bench_ops.h"
#include "graph/graph.h"

/* Ops of several functions, and which attribute says which one. */
#define FUNCTIONS(X)                                                                               \
    X(UNARY, unary.op, vireo_unary)                                                                \
    X(BINARY, binary.op, vireo_binary)                                                             \
    X(POOL, pool.op, vireo_pooling)                                                                \
    X(EMBEDDING_BAG, bag.op, vireo_bag)                                                            \
    X(SCATTER_ROWS, scatter.op, vireo_scatter)                                                     \
    X(REDUCE, reduce.op, vireo_reduction)
enum { MOST = 16 };

static const struct {
    vr_op_id op;
    const char *reason;
} exceptions[] = {
    {VR_OP_RESHAPE, "a view of the same memory: it moves nothing"},
};
enum { EXCEPTIONS = sizeof exceptions / sizeof *exceptions };

static bool has_functions(vr_op_id op)
{
#define X(id, member, type) if (op == VR_OP_##id) return true;
    FUNCTIONS(X)
#undef X
    return false;
}

static uint32_t function_of(const vr_node *n)
{
#define X(id, member, type) if (n->op == VR_OP_##id) return (uint32_t)n->at.member;
    FUNCTIONS(X)
#undef X
    return 0;
}

static vr_attributes with_function(const vr_node *n, uint32_t function)
{
    vr_attributes at = n->at;
#define X(id, member, type) if (n->op == VR_OP_##id) at.member = (type)function;
    FUNCTIONS(X)
#undef X
    return at;
}

/* As bench op describes it, but always an input: nothing is computed. */
static vireo_value operand(vireo_graph *g, const vr_bench_op *op, size_t i)
{
    const char name[] = {(char)('a' + i), '\0'};
    const vr_bench_operand kind = op->operands[i].kind;
    int64_t sizes[VIREO_MAX_RANK], step;
    uint32_t rank = vr_bench_sizes(op, op->operands[i].letters, op->shapes[0].dims, sizes, &step);
    if (kind == VR_BENCH_OFFSETS)
        sizes[0]++;
    if (kind == VR_BENCH_DISTANCES) {
        rank = 2;
        sizes[1] = 2 * sizes[0] - 1;
        sizes[0] = 1;
    }
    return vireo_graph_input(g, name, kind == VR_BENCH_IDS || kind == VR_BENCH_OFFSETS ? VIREO_I32 : VIREO_F32,
                             rank, sizes, (vireo_symbol){0});
}

static vireo_graph *graph_of(const vr_bench_op *op)
{
    vireo_value v[VR_BENCH_OPERANDS] = {{0}};
    vireo_graph *g = NULL;
    vireo_error err = {0};
    assert_int_equal(vireo_graph_create(NULL, &g, NULL), VIREO_OK);
    for (size_t i = 0; i < VR_BENCH_OPERANDS && op->operands[i].kind; i++)
        v[i] = operand(g, op, i);
    vireo_graph_output(g, "result", op->apply(g, v, op->shapes[0].dims));
    if (vireo_graph_check(g, &err))
        fail_msg("%s: %s", op->name, err.message);
    assert_int_equal(g->n_nodes, 1);
    return g;
}

/* Whether the op takes another function of the same operands. */
static bool takes(const vr_bench_op *op, uint32_t function)
{
    vireo_graph *g = graph_of(op);
    const vr_node n = g->nodes[0];
    const vr_attributes at = with_function(&n, function);
    vireo_value in[VR_MAX_IN], out[VR_MAX_OUT];
    for (size_t i = 0; i < VR_MAX_IN; i++)
        in[i] = (vireo_value){n.in[i]};
    vr_graph_add(g, n.op, &at, in, vr_ops[n.op]->max_in, out);
    const bool taken = vireo_graph_check(g, NULL) == VIREO_OK;
    vireo_graph_destroy(&g);
    return taken;
}

static const char *exception_of(uint32_t op)
{
    for (size_t i = 0; i < EXCEPTIONS; i++)
        if (exceptions[i].op == op)
            return exceptions[i].reason;
    return NULL;
}

static void test_every_op(void **state)
{
    static bool exists[VR_OP_COUNT][MOST], measured[VR_OP_COUNT][MOST];
    size_t failures = 0;
    (void)state;
    for (size_t i = 0; i < vr_bench_op_count; i++) {
        const vr_bench_op *op = &vr_bench_ops[i];
        vireo_graph *g = graph_of(op);
        const vr_op_id id = g->nodes[0].op;
        const uint32_t function = function_of(&g->nodes[0]);
        vireo_graph_destroy(&g);
        measured[id][function] = true;
        for (uint32_t k = 0; has_functions(id) && takes(op, k); k++) {
            assert_true(k + 1 < MOST); /* else the op takes whatever it is given */
            exists[id][k] = true;
        }
        assert_true(!has_functions(id) || exists[id][function]);
    }
    for (uint32_t op = 0; op < VR_OP_COUNT; op++) {
        const char *reason = exception_of(op);
        exists[op][0] = true;
        for (uint32_t k = 0; k < MOST; k++) {
            if ((exists[op][k] && !reason) == measured[op][k])
                continue;
            print_error("%s, function %u: %s\n", vr_ops[op]->name, k,
                        measured[op][k] ? reason : "no row of vr_bench_ops runs it");
            failures++;
        }
    }
    assert_int_equal(failures, 0);
}

/* "bench op NAME" finds a row by its name, results are told apart by it. */
static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < vr_bench_op_count; i++)
        assert_ptr_equal(vr_bench_find_op(vr_bench_ops[i].name), &vr_bench_ops[i]);
    assert_null(vr_bench_find_op("reshape"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_op), cmocka_unit_test(test_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
