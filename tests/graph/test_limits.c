/* SPDX-License-Identifier: Apache-2.0
 * The largest sizes: shaders count rows with 31 bits and quads of 4 elements with 32. Each op just
 * below what they allow, and just above. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>
#include "graph/graph.h"

static vireo_value in(vireo_graph *g, vireo_dtype dtype, uint32_t rank, int64_t a, int64_t b,
                      int64_t c)
{
    char name[2] = {(char)('a' + g->n_inputs), 0};
    return vireo_graph_input(g, name, dtype, rank, (int64_t[]){a, b, c}, (vireo_symbol){0});
}

static vireo_value vector(vireo_graph *g, vireo_dtype dtype, int64_t n)
{
    return in(g, dtype, 1, n, 0, 0);
}

static vireo_value matrix(vireo_graph *g, int64_t rows, int64_t width)
{
    return in(g, VIREO_F32, 2, rows, width, 0);
}

/* One call with sizes a and b. */
static void input(vireo_graph *g, int64_t a, int64_t b)
{
    matrix(g, a, b);
}

static void dynamic(vireo_graph *g, int64_t a, int64_t b)
{
    vireo_symbol n = vireo_graph_symbol(g, "n", a);
    vireo_graph_input(g, "x", VIREO_F32, 2, (int64_t[]){0, b}, n);
}

static void derived(vireo_graph *g, int64_t a, int64_t b)
{
    vireo_graph_symbol_derive(g, "more", vireo_graph_symbol(g, "n", a), b);
}

static void empty(vireo_graph *g, int64_t a, int64_t b)
{
    in(g, VIREO_F32, 3, 0, a, b);
}

static void constant(vireo_graph *g, int64_t a, int64_t b)
{
    static const float data;
    vireo_tensor t = {.dtype = VIREO_F32, .rank = 2, .shape = {a, b}, .bytes = SIZE_MAX};
    const void *borrowed = &data; /* not read before the upload */
    memcpy(&t.data, &borrowed, sizeof t.data);
    vireo_graph_constant(g, "w", &t);
}

static void matmul(vireo_graph *g, int64_t a, int64_t b)
{
    vireo_matmul(g, matrix(g, a, 1), matrix(g, 1, b), NULL);
}

static void linear(vireo_graph *g, int64_t a, int64_t b)
{
    vireo_linear(g, matrix(g, a, 1), matrix(g, b, 1), VIREO_NONE);
}

static void batch(vireo_graph *g, int64_t a, int64_t b)
{
    vireo_matmul(g, in(g, VIREO_F32, 3, a, b, 1), matrix(g, 1, 1), NULL);
}

static void attention(vireo_graph *g, int64_t a, int64_t b)
{
    vireo_value x = matrix(g, a, b);
    vireo_attention(g, x, x, x, vector(g, VIREO_I32, 2), (uint32_t)b, 1.0f);
}

static void rope(vireo_graph *g, int64_t a, int64_t b)
{
    vireo_rope(g, matrix(g, a, b), vector(g, VIREO_I32, a), matrix(g, 1, 4), 1, VIREO_ROPE_HALVES);
}

static void embedding(vireo_graph *g, int64_t a, int64_t b)
{
    vireo_embedding(g, matrix(g, 1, b), vector(g, VIREO_I32, a));
}

static void bag(vireo_graph *g, int64_t a, int64_t b)
{
    vireo_embedding_bag(g, VIREO_BAG_SUM, matrix(g, 1, b), vector(g, VIREO_I32, 1),
                        vector(g, VIREO_I32, a + 1), VIREO_NONE);
}

static void scatter(vireo_graph *g, int64_t a, int64_t b)
{
    vireo_scatter_rows(g, VIREO_SCATTER_ADD, matrix(g, a, b), vector(g, VIREO_I32, 1),
                       matrix(g, 1, b));
}

static void row_wise(vireo_graph *g, int64_t a, int64_t b)
{
    vireo_value x = matrix(g, a, b);
    x = vireo_layer_norm(g, vireo_unary_op(g, VIREO_GELU, x), VIREO_NONE, VIREO_NONE, 1e-5f);
    x = vireo_rms_norm(g, vireo_scale(g, x, 2.0f, 1.0f), VIREO_NONE, 1e-5f);
    x = vireo_softmax(g, vireo_l2_normalize(g, x, 1e-5f), 1.0f, VIREO_NONE);
    vireo_reduce(g, VIREO_REDUCE_ARGMAX, vireo_cumsum(g, x, false));
}

static void binary(vireo_graph *g, int64_t a, int64_t b)
{
    vireo_binary_op(g, VIREO_ADD, matrix(g, a, 1), matrix(g, 1, b));
}

static void pool(vireo_graph *g, int64_t a, int64_t b)
{
    vireo_pool(g, VIREO_POOL_MAX, matrix(g, 1, b), vector(g, VIREO_I32, a + 1));
}

static void reshape(vireo_graph *g, int64_t a, int64_t b)
{
    vireo_reshape(g, matrix(g, a, b), 3, (int64_t[]){a, b / 2, 2});
}

static void slice(vireo_graph *g, int64_t a, int64_t b)
{
    vireo_slice(g, matrix(g, 1, INT32_MAX), 1, a, b);
}

static void transpose(vireo_graph *g, int64_t a, int64_t b)
{
    vireo_transpose(g, matrix(g, a, b), (uint32_t[]){1, 0});
}

static void transpose_rows(vireo_graph *g, int64_t a, int64_t b)
{
    vireo_transpose(g, in(g, VIREO_F32, 3, a, 1, b), (uint32_t[]){0, 2, 1});
}

static void concat_rows(vireo_graph *g, int64_t a, int64_t b)
{
    vireo_concat(g, (vireo_value[]){vector(g, VIREO_I32, a), vector(g, VIREO_I32, b)}, 2, 0);
}

static void concat_columns(vireo_graph *g, int64_t a, int64_t b)
{
    vireo_value half = matrix(g, a, b / 2);
    vireo_concat(g, (vireo_value[]){half, half}, 2, 1);
}

static void top_k(vireo_graph *g, int64_t a, int64_t b)
{
    vireo_top_k(g, matrix(g, a, 5), (uint32_t)b, VIREO_NONE);
}

#define TOO_LARGE                                                                                  \
    " elements, a value has at most 4294967295 times 4, each row filled up to a multiple of 4"

/* message NULL: accepted. 65535 · 65537 = 2^32 - 1 quads. */
static const struct {
    const char *name;
    void (*call)(vireo_graph *, int64_t a, int64_t b);
    int64_t a, b;
    vireo_status status;
    const char *message;
} rows[] = {
    {"input", input, 65535, 262148, 0, NULL},
    {"input", input, 65536, 262144, VIREO_ERROR_LIMIT, "a: 65536 rows of 262144" TOO_LARGE},
    {"input", input, INT32_MAX, 8, 0, NULL},
    {"input", input, INT32_MAX, 9, VIREO_ERROR_LIMIT, "a: 2147483647 rows of 9" TOO_LARGE},
    {"input", input, 7, INT32_MAX, 0, NULL},
    {"input", input, 8, INT32_MAX, VIREO_ERROR_LIMIT, "a: 8 rows of 2147483647" TOO_LARGE},
    {"dynamic", dynamic, 65535, 262148, 0, NULL},
    {"dynamic", dynamic, 65536, 262144, VIREO_ERROR_LIMIT, "x: 65536 rows of 262144" TOO_LARGE},
    {"derived", derived, INT32_MAX, 0, 0, NULL},
    {"derived", derived, INT32_MAX, -INT32_MAX, 0, NULL},
    {"derived", derived, INT32_MAX, 1, VIREO_ERROR_INVALID_ARGUMENT,
     "symbol more: maximum 2147483648, allowed 0 to 2147483647"},
    {"derived", derived, 0, INT64_MAX, VIREO_ERROR_INVALID_ARGUMENT,
     "symbol more: 9223372036854775807 is added, allowed -2147483647 to 2147483647"},
    {"derived", derived, 0, INT32_MIN, VIREO_ERROR_INVALID_ARGUMENT,
     "symbol more: -2147483648 is added, allowed -2147483647 to 2147483647"},
    {"empty", empty, 65535, 262148, 0, NULL}, /* counted as if there were one */
    {"empty", empty, 65536, 262144, VIREO_ERROR_LIMIT, "a: 65536 rows of 262144" TOO_LARGE},
    {"constant", constant, 65535, 262148, 0, NULL},
    {"constant", constant, 65536, 262144, VIREO_ERROR_LIMIT, "w: 65536 rows of 262144" TOO_LARGE},
    {"matmul", matmul, 65535, 262148, 0, NULL},
    {"matmul", matmul, 65536, 262144, VIREO_ERROR_LIMIT, "matmul: 65536 rows of 262144" TOO_LARGE},
    {"linear", linear, 65535, 262148, 0, NULL},
    {"linear", linear, 65536, 262144, VIREO_ERROR_LIMIT, "matmul: 65536 rows of 262144" TOO_LARGE},
    {"batch", batch, 65535, 32768, 0, NULL},
    {"batch", batch, 65536, 1, VIREO_ERROR_INVALID_ARGUMENT,
     "matmul: 65536 matrices, allowed 65535"},
    {"attention", attention, 65535, 65535, 0, NULL},
    {"attention", attention, 1, 65536, VIREO_ERROR_INVALID_ARGUMENT,
     "attention: 65536 heads, allowed 65535"},
    {"rope", rope, INT32_MAX, 8, 0, NULL},
    {"embedding", embedding, 65535, 262148, 0, NULL},
    {"embedding", embedding, 65536, 262144, VIREO_ERROR_LIMIT,
     "embedding: 65536 rows of 262144" TOO_LARGE},
    {"bag", bag, 65535, 262148, 0, NULL},
    {"bag", bag, 65536, 262144, VIREO_ERROR_LIMIT, "embedding_bag: 65536 rows of 262144" TOO_LARGE},
    {"scatter", scatter, 65535, 262148, 0, NULL},
    {"row-wise", row_wise, 65535, 262148, 0, NULL},
    {"row-wise", row_wise, INT32_MAX, 8, 0, NULL},
    {"binary", binary, 65535, 262148, 0, NULL},
    {"binary", binary, 65536, 262144, VIREO_ERROR_LIMIT, "binary: 65536 rows of 262144" TOO_LARGE},
    {"pool", pool, 65535, 262148, 0, NULL},
    {"pool", pool, 65536, 262144, VIREO_ERROR_LIMIT, "pool: 65536 rows of 262144" TOO_LARGE},
    {"reshape", reshape, 65535, 65536, 0, NULL},
    {"reshape", reshape, 65536, 65536, VIREO_ERROR_LIMIT, "reshape: more than 2147483647 rows"},
    {"slice", slice, 0, INT32_MAX, 0, NULL},
    {"slice", slice, INT32_MAX, 0, 0, NULL},
    {"slice", slice, 1, INT32_MAX, VIREO_ERROR_INVALID_ARGUMENT,
     "slice: 2147483647 elements from 1 of dimension 1, which has 2147483647"},
    {"slice", slice, INT64_MAX, INT64_MAX, VIREO_ERROR_INVALID_ARGUMENT,
     "slice: 9223372036854775807 elements from 9223372036854775807 of dimension 1, which has "
     "2147483647"},
    {"transpose", transpose, 7, INT32_MAX, 0, NULL},
    {"transpose", transpose, 9, 1431655765, 0, NULL}, /* three quads a row */
    {"transpose", transpose, 9, 1431655766, VIREO_ERROR_LIMIT,
     "transpose: 1431655766 rows of 9" TOO_LARGE},
    {"transpose", transpose_rows, 65535, 32768, 0, NULL},
    {"transpose", transpose_rows, 65536, 32768, VIREO_ERROR_LIMIT,
     "transpose: more than 2147483647 rows"},
    {"concat", concat_rows, 1 << 30, (1 << 30) - 1, 0, NULL},
    {"concat", concat_rows, 1 << 30, 1 << 30, VIREO_ERROR_INVALID_ARGUMENT,
     "concat: dimension 0 is 2147483648, allowed 0 to 2147483647"},
    {"concat", concat_columns, 65535, 262148, 0, NULL},
    {"concat", concat_columns, 65536, 262144, VIREO_ERROR_LIMIT,
     "concat: 65536 rows of 262144" TOO_LARGE},
    {"top_k", top_k, (1 << 24) - 1, 1024, 0, NULL},
    {"top_k", top_k, 1 << 24, 1024, VIREO_ERROR_LIMIT, "top_k: 16777216 rows of 1024" TOO_LARGE},
};

static void largest_sizes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        vireo_graph *g = NULL;
        vireo_error err = {0};
        assert_int_equal(vireo_graph_create(NULL, &g, NULL), VIREO_OK);
        rows[i].call(g, rows[i].a, rows[i].b);
        const vireo_status st = vireo_graph_check(g, &err);
        if (st != rows[i].status ||
            strcmp(err.message, rows[i].message ? rows[i].message : "") != 0)
            fail_msg("row %zu, %s: %d \"%s\"", i, rows[i].name, (int)st, err.message);
        vireo_graph_destroy(&g);
    }
}

/* The list of a graph's dispatches ends, and says so. */
static void dispatches(void **state)
{
    (void)state;
    vr_launches l = {.allocator = NULL};
    const uint32_t push = 7;
    for (int i = 0; i < VR_MOST_DISPATCHES; i++)
        assert_non_null(vr_launch_grid(&l, &push, sizeof push, 1, 2, 3));
    assert_false(l.full);
    assert_null(vr_launch(&l, &push, sizeof push, 1, 1));
    assert_true(l.full && l.count == VR_MOST_DISPATCHES);
    vr_free(NULL, l.list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(largest_sizes),
                                       cmocka_unit_test(dispatches)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
