/* SPDX-License-Identifier: Apache-2.0
 * Shapes that the ops infer and operands that they refuse, through the public builders. A row is an
 * expression in a small vocabulary of values, so that it reads like the call it makes. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "graph/graph.h"

/* One graph with what the rows need. */
typedef struct stock {
    vireo_graph *g;
    vireo_symbol n, e;
    vireo_value m23, m24, m34, m43, v3, v4, v2, cube, cube2, scalar; /* f32 */
    vireo_value dyn, dyn_e, dyn1, dyn_cube;                          /* leading dimension n or e */
    vireo_value ids, offsets, empty, deny, words;                    /* i32 */
    vireo_value half, half3;                                         /* f16 constants */
} stock;

static const uint16_t halves[16];

static vireo_value value(stock *s, vireo_dtype dtype, uint32_t rank, int64_t a, int64_t b,
                         int64_t c, vireo_symbol symbol)
{
    char name[16];
    snprintf(name, sizeof name, "in%zu", s->g->n_inputs);
    return vireo_graph_input(s->g, name, dtype, rank, (int64_t[]){a, b, c}, symbol);
}

static void fill(stock *s)
{
    const vireo_symbol no = {0};
    assert_int_equal(vireo_graph_create(NULL, &s->g, NULL), VIREO_OK);
    s->n = vireo_graph_symbol(s->g, "n", 10);
    s->e = vireo_graph_symbol(s->g, "e", 5);
    s->m23 = value(s, VIREO_F32, 2, 2, 3, 0, no);
    s->m24 = value(s, VIREO_F32, 2, 2, 4, 0, no);
    s->m34 = value(s, VIREO_F32, 2, 3, 4, 0, no);
    s->m43 = value(s, VIREO_F32, 2, 4, 3, 0, no);
    s->v2 = value(s, VIREO_F32, 1, 2, 0, 0, no);
    s->v3 = value(s, VIREO_F32, 1, 3, 0, 0, no);
    s->v4 = value(s, VIREO_F32, 1, 4, 0, 0, no);
    s->cube = value(s, VIREO_F32, 3, 5, 2, 3, no);
    s->cube2 = value(s, VIREO_F32, 3, 6, 3, 4, no);
    s->scalar = value(s, VIREO_F32, 0, 0, 0, 0, no);
    s->dyn = value(s, VIREO_F32, 2, 0, 4, 0, s->n);
    s->dyn_e = value(s, VIREO_F32, 2, 0, 4, 0, s->e);
    s->dyn1 = value(s, VIREO_F32, 1, 0, 0, 0, s->n);
    s->dyn_cube = value(s, VIREO_F32, 3, 0, 2, 3, s->n);
    s->ids = value(s, VIREO_I32, 1, 0, 0, 0, s->n);
    s->offsets = value(s, VIREO_I32, 1, 0, 0, 0, s->e);
    s->empty = value(s, VIREO_I32, 1, 0, 0, 0, no);
    s->deny = value(s, VIREO_I32, 2, 2, 1, 0, no);
    s->words = value(s, VIREO_I32, 1, 1, 0, 0, no);
    vireo_tensor t = {.dtype = VIREO_F16, .rank = 2, .shape = {4, 3}, .bytes = sizeof halves};
    const void *data = halves;
    memcpy(&t.data, &data, sizeof t.data);
    s->half = vireo_graph_constant(s->g, "half", &t);
    s->half3 = vireo_graph_first_row(s->g, s->half);
    assert_int_equal(vireo_graph_check(s->g, NULL), VIREO_OK);
}

static vireo_value matmul(stock *s, vireo_value a, vireo_value b, vireo_matmul_args args)
{
    return vireo_matmul(s->g, a, b, &args);
}
static vireo_value attend(stock *s, vireo_value q, vireo_value k, vireo_value v, vireo_value o,
                          uint32_t heads)
{
    return vireo_attention(s->g, q, k, v, o, heads, 0.0f);
}
static vireo_value attend_with(stock *s, vireo_value q, vireo_value k, vireo_attention_args args)
{
    return vireo_attention_with(s->g, q, k, k, s->offsets, &args);
}
static vireo_value rope(stock *s, vireo_value x, vireo_value table, uint32_t heads, int style)
{
    return vireo_rope(s->g, x, s->ids, table, heads, (vireo_rope_style)style);
}
static vireo_value rope_table(stock *s, int64_t positions, uint32_t dim, double theta, double factor)
{
    return vireo_rope(s->g, s->dyn, s->ids, vireo_rope_table(s->g, positions, dim, theta, factor), 1,
                      VIREO_ROPE_HALVES);
}
static vireo_value norm(stock *s, vireo_value x, vireo_value w, vireo_value b, float epsilon)
{
    return vireo_layer_norm(s->g, x, w, b, epsilon);
}
static vireo_value unit(stock *s, vireo_value x, float epsilon)
{
    return vireo_l2_normalize(s->g, x, epsilon);
}
static vireo_value look(stock *s, vireo_value table, vireo_value ids)
{
    return vireo_embedding(s->g, table, ids);
}
static vireo_value unary(stock *s, int op, vireo_value x)
{
    return vireo_unary_op(s->g, (vireo_unary)op, x);
}
static vireo_value scale(stock *s, vireo_value x, float factor, float shift)
{
    return vireo_scale(s->g, x, factor, shift);
}
static vireo_value binary(stock *s, int op, vireo_value a, vireo_value b)
{
    return vireo_binary_op(s->g, (vireo_binary)op, a, b);
}
static vireo_value pool(stock *s, int op, vireo_value x, vireo_value offsets)
{
    return vireo_pool(s->g, (vireo_pooling)op, x, offsets);
}
static vireo_value top(stock *s, vireo_value scores, uint32_t k, vireo_value deny)
{
    return vireo_top_k(s->g, scores, k, deny).values;
}

/* X(expression, what comes: "f32 [...]" of the result or the fault's message) */
#define ROWS(X)                                                                                      \
    X(matmul(s, s->m23, s->m34, (vireo_matmul_args){0}), "f32 [2, 4]")                               \
    X(matmul(s, s->m23, s->m43, (vireo_matmul_args){.transpose_b = true}), "f32 [2, 4]")             \
    X(matmul(s, s->m23, s->half, (vireo_matmul_args){.transpose_b = true}), "f32 [2, 4]")            \
    X(matmul(s, s->m34, s->m34, (vireo_matmul_args){.transpose_a = true}), "f32 [4, 4]")             \
    X(matmul(s, s->dyn, s->m43, (vireo_matmul_args){.bias = s->v3}), "f32 [≤10, 3]")                 \
    X(matmul(s, s->dyn, s->m43, (vireo_matmul_args){.bias = s->half3}), "f32 [≤10, 3]")              \
    X(matmul(s, s->cube, s->m34, (vireo_matmul_args){0}), "f32 [5, 2, 4]")                           \
    X(matmul(s, s->m23, s->m34, (vireo_matmul_args){.residual = s->m24}), "f32 [2, 4]")              \
    X(matmul(s, s->m23, VIREO_NONE, (vireo_matmul_args){0}),                                         \
      "matmul: input 1 is not a value of this graph")                                                \
    X(matmul(s, ((vireo_value){999}), s->m34, (vireo_matmul_args){0}),                               \
      "matmul: input 0 is not a value of this graph")                                                \
    X(matmul(s, s->m23, s->m34, (vireo_matmul_args){.bias = {999}}),                                 \
      "matmul: input 2 is not a value of this graph")                                                \
    X(matmul(s, s->v3, s->m34, (vireo_matmul_args){0}),                                              \
      "matmul: input 0 has 1 dimensions, it must have 2 to 3")                                       \
    X(matmul(s, s->m23, s->cube2, (vireo_matmul_args){0}),                                           \
      "matmul: input 1 has 3 dimensions, it must have 2 to 2")                                       \
    X(matmul(s, s->deny, s->m34, (vireo_matmul_args){0}),                                            \
      "matmul: input 0 is i32, it must be f32")                                                      \
    X(matmul(s, s->m23, s->m34, (vireo_matmul_args){.bias = s->words}),                              \
      "matmul: input 2 is i32, it must be f32")                                                      \
    X(matmul(s, s->m23, s->m43, (vireo_matmul_args){0}),                                             \
      "matmul: a sums over 3 elements, b over 4")                                                    \
    X(matmul(s, s->m24, s->dyn, (vireo_matmul_args){.transpose_b = true}),                           \
      "matmul: b must not have a dynamic size")                                                      \
    X(matmul(s, s->dyn, s->m43, (vireo_matmul_args){.transpose_a = true}),                           \
      "matmul: a dynamic size is allowed only as the rows of a plain a")                             \
    X(matmul(s, s->dyn_cube, s->m34, (vireo_matmul_args){0}),                                        \
      "matmul: a dynamic size is allowed only as the rows of a plain a")                             \
    X(matmul(s, s->cube, s->cube2, (vireo_matmul_args){0}), "matmul: a has 5 matrices, b has 6")     \
    X(matmul(s, s->m23, s->m34, (vireo_matmul_args){.activation = (vireo_unary)7}),                  \
      "matmul: activation 7 is not one")                                                             \
    X(matmul(s, s->m23, s->m34, (vireo_matmul_args){.bias = s->v3}), "matmul: bias must be [4]")     \
    X(matmul(s, s->m23, s->m34, (vireo_matmul_args){.bias = s->m24}), "matmul: bias must be [4]")    \
    X(matmul(s, s->m23, s->m34, (vireo_matmul_args){.residual = s->m23}),                            \
      "matmul: residual must have the result's shape")                                               \
    X(matmul(s, s->dyn, s->m34, (vireo_matmul_args){.transpose_b = true, .residual = s->m43}),       \
      "matmul: residual must have the result's shape")                                               \
    X(attend(s, s->dyn, s->dyn, s->dyn, s->offsets, 2), "f32 [≤10, 4]")                              \
    X(attend(s, s->dyn, s->dyn_e, s->dyn, s->offsets, 2),                                            \
      "attention: k and v must have the same rows")                                                  \
    X(attend(s, s->dyn, s->dyn, s->m24, s->offsets, 2),                                              \
      "attention: k and v must have the same rows")                                                  \
    X(attend_with(s, s->dyn, s->dyn_e, (vireo_attention_args){.n_heads = 2}),                        \
      "attention: without offsets of their own, k and v must have the rows of q")                    \
    X(attend_with(s, s->dyn, s->dyn_e,                                                               \
                  (vireo_attention_args){.n_heads = 2, .key_offsets = s->words}),                    \
      "attention: key offsets must have the shape of the offsets")                                   \
    X(attend_with(s, s->dyn, s->dyn_e,                                                               \
                  (vireo_attention_args){.n_heads = 2, .key_offsets = s->v3}),                       \
      "attention: input 4 is f32, it must be i32")                                                   \
    X(attend_with(s, s->dyn, s->m43,                                                                 \
                  (vireo_attention_args){.n_heads = 4, .n_kv_heads = 3, .key_offsets = s->offsets}), \
      "attention: 3 key heads do not divide 4 heads")                                                \
    X(attend_with(s, s->dyn, s->m43,                                                                 \
                  (vireo_attention_args){.n_heads = 4, .n_kv_heads = 2, .key_offsets = s->offsets}), \
      "attention: 2 heads do not divide a width of 3 into 1 to 256 each")                            \
    X(attend_with(s, s->dyn, s->m43,                                                                 \
                  (vireo_attention_args){.n_heads = 2, .n_kv_heads = 1, .key_offsets = s->offsets}), \
      "attention: heads of q have 2 elements, those of k 3")                                         \
    X(vireo_attention_with(s->g, s->dyn, s->m24, s->m23, s->offsets,                                 \
                           &(vireo_attention_args){.n_heads = 1, .key_offsets = s->offsets}),        \
      "f32 [≤10, 3]")                                                                                \
    X(attend_with(s, s->dyn, s->dyn, (vireo_attention_args){.n_heads = 2, .bias = s->m23}),          \
      "f32 [≤10, 4]")                                                                                \
    X(attend_with(s, s->dyn, s->dyn, (vireo_attention_args){.n_heads = 2, .bias = s->m24}),          \
      "attention: bias is f32 [2, 4], it must have 1 or 2 rows and an odd width")                    \
    X(attend_with(s, s->dyn, s->dyn, (vireo_attention_args){.n_heads = 2, .bias = s->m43}),          \
      "attention: bias is f32 [4, 3], it must have 1 or 2 rows and an odd width")                    \
    X(attend_with(s, s->dyn, s->dyn, (vireo_attention_args){.n_heads = 2, .bias = s->v3}),           \
      "attention: input 5 has 1 dimensions, it must have 2 to 2")                                    \
    X(attend_with(s, s->dyn, s->dyn, (vireo_attention_args){.n_heads = 2, .window = 1u << 31}),      \
      "attention: a window of 2147483648 keys, allowed 0 to 1073741824")                             \
    X(attend_with(s, s->dyn, s->dyn, (vireo_attention_args){.n_heads = 2, .scale = INFINITY}),       \
      "attention: scale inf is not finite")                                                          \
    X(attend_with(s, s->dyn, s->dyn, (vireo_attention_args){.n_heads = 2, .soft_cap = -1}),          \
      "attention: soft_cap -1 and pointwise 0 must be finite and not negative")                      \
    X(attend_with(s, s->dyn, s->dyn, (vireo_attention_args){.n_heads = 2, .pointwise = INFINITY}),   \
      "attention: soft_cap 0 and pointwise inf must be finite and not negative")                     \
    X(rope(s, s->dyn, s->m24, 1, VIREO_ROPE_ADJACENT), "f32 [≤10, 4]")                               \
    X(rope(s, s->dyn, s->m24, 2, VIREO_ROPE_ADJACENT),                                               \
      "rope: the table has 4 columns, allowed an even number from 2 to 2, a head's")                 \
    X(rope(s, s->dyn, s->m23, 1, VIREO_ROPE_ADJACENT),                                               \
      "rope: the table has 3 columns, allowed an even number from 2 to 4, a head's")                 \
    X(rope(s, s->dyn, s->m24, 3, VIREO_ROPE_HALVES), "rope: 3 heads do not divide a width of 4")     \
    X(rope(s, s->dyn, s->m24, 0, VIREO_ROPE_HALVES), "rope: 0 heads do not divide a width of 4")     \
    X(rope(s, s->dyn_e, s->m24, 1, VIREO_ROPE_HALVES),                                               \
      "rope: there must be a position for each row of x")                                            \
    X(rope(s, s->dyn, s->dyn_e, 1, VIREO_ROPE_HALVES),                                               \
      "rope: the table's size is dynamic, it must be fixed")                                         \
    X(rope(s, s->dyn, s->m24, 1, 2), "rope: style 2 is not one of vireo_rope_style")                 \
    X(rope(s, s->dyn, s->deny, 1, VIREO_ROPE_HALVES), "rope: input 2 is i32, it must be f32")        \
    X(rope(s, s->dyn, s->v4, 1, VIREO_ROPE_HALVES),                                                  \
      "rope: input 2 has 1 dimensions, it must have 2 to 2")                                         \
    X(rope_table(s, 7, 4, 1e4, 1), "f32 [≤10, 4]")                                                   \
    X(rope_table(s, 0, 2, 1e4, 1), "f32 [≤10, 4]")                                                   \
    X(rope_table(s, 7, 3, 1e4, 1),                                                                   \
      "rope table: 7 positions of 3 elements, allowed 0 to 16777216 and an even number from 2 to 256")\
    X(rope_table(s, -1, 4, 1e4, 1),                                                                  \
      "rope table: -1 positions of 4 elements, allowed 0 to 16777216 and an even number from 2 to 256")\
    X(rope_table(s, 7, 4, 0, 1), "rope table: theta 0 and factor 1 must be finite and above 0")      \
    X(rope_table(s, 7, 4, 1e4, INFINITY),                                                            \
      "rope table: theta 10000 and factor inf must be finite and above 0")                           \
    X(attend(s, s->dyn_cube, s->dyn, s->dyn, s->offsets, 2),                                         \
      "attention: input 0 has 3 dimensions, it must have 2 to 2")                                    \
    X(attend(s, s->deny, s->dyn, s->dyn, s->offsets, 2),                                             \
      "attention: input 0 is i32, it must be f32")                                                   \
    X(attend(s, s->dyn, s->dyn, s->dyn, s->dyn1, 2), "attention: input 3 is f32, it must be i32")    \
    X(attend(s, s->dyn, s->dyn, s->dyn, s->deny, 2),                                                 \
      "attention: input 3 has 2 dimensions, it must have 1 to 1")                                    \
    X(attend(s, s->dyn, s->dyn, s->dyn, s->offsets, 3),                                              \
      "attention: 3 heads do not divide a width of 4 into 1 to 256 each")                            \
    X(attend(s, s->dyn, s->dyn, s->dyn, s->offsets, 0),                                              \
      "attention: 0 heads do not divide a width of 4 into 1 to 256 each")                            \
    X(attend(s, s->dyn, s->dyn, s->dyn, s->offsets, 8),                                              \
      "attention: 8 heads do not divide a width of 4 into 1 to 256 each")                            \
    X(attend(s, s->dyn, s->dyn, s->dyn, VIREO_NONE, 2),                                              \
      "attention: input 3 is not a value of this graph")                                             \
    X(norm(s, s->cube, s->v3, s->v3, 1e-5f), "f32 [5, 2, 3]")                                        \
    X(norm(s, s->dyn_cube, VIREO_NONE, s->half3, 1e-5f), "f32 [≤10, 2, 3]")                          \
    X(norm(s, s->v3, s->v3, VIREO_NONE, 1.0f), "f32 [3]")                                            \
    X(norm(s, s->scalar, VIREO_NONE, VIREO_NONE, 1e-5f),                                             \
      "norm: input 0 has 0 dimensions, it must have 1 to 4")                                   \
    X(norm(s, s->dyn1, VIREO_NONE, VIREO_NONE, 1e-5f),                                               \
      "norm: input 0 is a vector of dynamic size, its last dimension must be fixed")           \
    X(norm(s, s->m23, s->v4, VIREO_NONE, 1e-5f),                                                     \
      "norm: weight must be a vector of 3 elements like a row of the input")                   \
    X(norm(s, s->m23, s->v3, s->m23, 1e-5f),                                                         \
      "norm: bias must be a vector of 3 elements like a row of the input")                     \
    X(norm(s, s->m23, s->words, VIREO_NONE, 1e-5f), "norm: input 1 is i32, it must be f32")    \
    X(norm(s, s->m23, s->v3, s->v3, 0.0f), "norm: epsilon is 0, allowed 1.17549e-38 to 1")     \
    X(norm(s, s->m23, s->v3, s->v3, NAN), "norm: epsilon is nan, allowed 1.17549e-38 to 1")    \
    X(unit(s, s->dyn, 1e-12f), "f32 [≤10, 4]")                                                       \
    X(unit(s, s->dyn1, 1e-12f),                                                                      \
      "norm: input 0 is a vector of dynamic size, its last dimension must be fixed")         \
    X(unit(s, s->deny, 1e-12f), "norm: input 0 is i32, it must be f32")                      \
    X(unit(s, s->m23, 2.0f), "norm: epsilon is 2, allowed 1.17549e-38 to 1")                 \
    X(look(s, s->half, s->ids), "f32 [≤10, 3]")                                                      \
    X(look(s, s->dyn_e, s->ids), "f32 [≤10, 4]")                                                     \
    X(look(s, s->m23, s->dyn1), "embedding: input 1 is f32, it must be i32")                         \
    X(look(s, s->deny, s->ids), "embedding: input 0 is i32, it must be f32")                         \
    X(look(s, s->v3, s->ids), "embedding: input 0 has 1 dimensions, it must have 2 to 2")            \
    X(look(s, s->m23, s->deny), "embedding: input 1 has 2 dimensions, it must have 1 to 1")          \
    X(unary(s, VIREO_SIGMOID, s->dyn1), "f32 [≤10]")                                                 \
    X(unary(s, VIREO_GELU, s->scalar), "f32 []")                                                     \
    X(unary(s, 7, s->m23), "unary: function 7 is not one of vireo_unary")                            \
    X(unary(s, VIREO_RELU, s->ids), "unary: input 0 is i32, it must be f32")                         \
    X(scale(s, s->m23, 2.0f, -1.0f), "f32 [2, 3]")                                                   \
    X(scale(s, s->m23, NAN, 0.0f), "unary: factor nan and shift 0 must be finite")                   \
    X(scale(s, s->m23, 1.0f, INFINITY), "unary: factor 1 and shift inf must be finite")              \
    X(binary(s, VIREO_ADD, s->cube, s->m23), "f32 [5, 2, 3]")                                        \
    X(binary(s, VIREO_MUL, s->scalar, s->dyn_cube), "f32 [≤10, 2, 3]")                               \
    X(binary(s, VIREO_ADD, s->half, s->v3), "f32 [4, 3]")                                            \
    X(binary(s, 3, s->m23, s->m23), "binary: operation 3 is not one of vireo_binary")                \
    X(binary(s, VIREO_ADD, s->m23, s->ids), "binary: input 1 is i32, it must be f32")                \
    X(binary(s, VIREO_ADD, s->m23, s->v2),                                                           \
      "binary: f32 [2, 3] and f32 [2] do not broadcast: sizes must be equal or 1, a dynamic "        \
      "dimension goes with itself or 1 and stays the first")                                         \
    X(binary(s, VIREO_ADD, s->dyn, s->dyn_e),                                                        \
      "binary: f32 [≤10, 4] and f32 [≤5, 4] do not broadcast: sizes must be equal or 1, a "      \
      "dynamic dimension goes with itself or 1 and stays the first")                                 \
    X(binary(s, VIREO_ADD, s->m24, s->dyn1),                                                         \
      "binary: f32 [2, 4] and f32 [≤10] do not broadcast: sizes must be equal or 1, a dynamic "    \
      "dimension goes with itself or 1 and stays the first")                                         \
    X(pool(s, VIREO_POOL_MAX, s->dyn, s->offsets), "f32 [≤4, 4]")                                    \
    X(pool(s, 3, s->dyn, s->offsets), "pool: pooling 3 is not one of vireo_pooling")                 \
    X(pool(s, VIREO_POOL_MEAN, s->dyn_cube, s->offsets),                                             \
      "pool: input 0 has 3 dimensions, it must have 2 to 2")                                         \
    X(pool(s, VIREO_POOL_MEAN, s->dyn, s->dyn1), "pool: input 1 is f32, it must be i32")             \
    X(pool(s, VIREO_POOL_MEAN, s->dyn, s->deny),                                                     \
      "pool: input 1 has 2 dimensions, it must have 1 to 1")                                         \
    X(pool(s, VIREO_POOL_MEAN, s->dyn, s->empty),                                                    \
      "pool: offsets is empty, it must have one element more than sequences")                        \
    X(top(s, s->m23, 5, s->deny), "f32 [2, 5]")                                                      \
    X(top(s, s->dyn, 1024, s->words), "f32 [≤10, 1024]")                                             \
    X(top(s, s->m23, 0, VIREO_NONE), "top_k: k is 0, allowed 1 to 1024")                             \
    X(top(s, s->m23, 1025, VIREO_NONE), "top_k: k is 1025, allowed 1 to 1024")                       \
    X(top(s, s->v3, 1, VIREO_NONE), "top_k: input 0 has 1 dimensions, it must have 2 to 2")          \
    X(top(s, s->deny, 1, VIREO_NONE), "top_k: input 0 is i32, it must be f32")                       \
    X(top(s, s->m23, 1, s->v3), "top_k: input 1 is f32, it must be i32")                             \
    X(top(s, s->m34, 1, s->deny),                                                                    \
      "top_k: deny is i32 [2, 1], it must have 1 row or those of the scores, f32 [3, 4], of 1 "      \
      "words")                                                                                       \
    X(top(s, s->dyn, 1, s->ids),                                                                     \
      "top_k: deny is i32 [≤10], it must have 1 row or those of the scores, f32 [≤10, 4], of 1 " \
      "words")

enum {
#define COUNT(expression, text) +1
    ROW_COUNT = 0 ROWS(COUNT),
#undef COUNT
};

static vireo_value build(stock *s, int row, const char **call, const char **text)
{
    int at = 0;
#define BUILD(expression, comes)                                                                   \
    if (at++ == row) {                                                                             \
        *call = #expression;                                                                       \
        *text = comes;                                                                             \
        return expression;                                                                         \
    }
    ROWS(BUILD)
#undef BUILD
    return VIREO_NONE;
}

static void rows(void **state)
{
    (void)state;
    int faults = 0;
    for (int i = 0; i < ROW_COUNT; i++) {
        stock s = {0};
        const char *call = "", *text = "";
        char got[1024];
        vireo_error err = {0};
        fill(&s);
        vireo_value v = build(&s, i, &call, &text);
        vireo_status st = vireo_graph_check(s.g, &err);
        if (v.id)
            vr_value_text(&s.g->values[v.id].v, got, sizeof got);
        else
            snprintf(got, sizeof got, "%s", err.message);
        if (strcmp(got, text) != 0)
            fail_msg("%s: \"%s\", expected \"%s\"", call, got, text);
        assert_int_equal(st, v.id ? VIREO_OK : VIREO_ERROR_INVALID_ARGUMENT);
        assert_int_equal(s.g->n_nodes, v.id ? 1 : 0);
        faults += v.id == 0;
        vireo_graph_destroy(&s.g);
    }
    assert_true(ROW_COUNT - faults >= 20 && faults >= 50);
}

/* Sizes of results are checked like those of inputs. */
static void results_too_large(void **state)
{
    (void)state;
    stock s = {0};
    vireo_error err = {0};
    fill(&s);
    vireo_value tall = value(&s, VIREO_F32, 3, 60000, 1, 2, (vireo_symbol){0});
    vireo_value wide = value(&s, VIREO_F32, 3, 1, 60000, 2, (vireo_symbol){0});
    assert_int_equal(vireo_binary_op(s.g, VIREO_ADD, tall, wide).id, 0);
    assert_int_equal(vireo_graph_check(s.g, &err), VIREO_ERROR_LIMIT);
    assert_string_equal(err.message, "binary: more than 2147483647 rows");
    vireo_graph_destroy(&s.g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows),
        cmocka_unit_test(results_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
