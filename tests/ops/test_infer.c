/* SPDX-License-Identifier: Apache-2.0
 * What the ops refuse, and that they say why. Needs no driver. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>
#include "op_case.h"

/* Builds into g with: f32 x (6, 8), v (8), w (5); i32 ids (3); dynamic d (≤9, 8), e (≤9, 8) of
 * another symbol, s (≤9). */
typedef struct values {
    vireo_value x, v, w, ids, none, d, e, s;
} values;

static void norm_weight(vireo_graph *g, const values *a)
{
    vireo_layer_norm(g, a->x, a->w, VIREO_NONE, 1e-5f);
}
static void norm_bias(vireo_graph *g, const values *a)
{
    vireo_layer_norm(g, a->x, a->v, a->w, 1e-5f);
}
static void norm_epsilon(vireo_graph *g, const values *a)
{
    vireo_layer_norm(g, a->x, a->v, a->v, 0.0f);
}
static void norm_ints(vireo_graph *g, const values *a)
{
    vireo_layer_norm(g, a->ids, VIREO_NONE, VIREO_NONE, 1e-5f);
}
static void norm_dynamic_width(vireo_graph *g, const values *a)
{
    vireo_layer_norm(g, a->s, VIREO_NONE, VIREO_NONE, 1e-5f);
}
static void l2_epsilon(vireo_graph *g, const values *a)
{
    vireo_l2_normalize(g, a->x, NAN);
}
static void l2_dynamic_width(vireo_graph *g, const values *a)
{
    vireo_l2_normalize(g, a->s, 1e-12f);
}
static void embedding_ids(vireo_graph *g, const values *a)
{
    vireo_embedding(g, a->x, a->v);
}
static void embedding_table(vireo_graph *g, const values *a)
{
    vireo_embedding(g, a->v, a->ids);
}
static void embedding_missing(vireo_graph *g, const values *a)
{
    vireo_embedding(g, a->x, a->none);
}
static void unary_unknown(vireo_graph *g, const values *a)
{
    vireo_unary_op(g, (vireo_unary)99, a->x);
}
static void scale_infinite(vireo_graph *g, const values *a)
{
    vireo_scale(g, a->x, INFINITY, 0.0f);
}
static void binary_sizes(vireo_graph *g, const values *a)
{
    vireo_binary_op(g, VIREO_ADD, a->x, a->w);
}
static void binary_symbols(vireo_graph *g, const values *a)
{
    vireo_binary_op(g, VIREO_ADD, a->d, a->e);
}
static void binary_dynamic_fixed(vireo_graph *g, const values *a)
{
    vireo_binary_op(g, VIREO_MUL, a->d, a->x);
}
static void binary_dynamic_inside(vireo_graph *g, const values *a)
{
    vireo_binary_op(g, VIREO_MUL, a->s, vireo_scale(g, vireo_embedding(g, a->x, a->ids), 1, 1));
}
static void binary_unknown(vireo_graph *g, const values *a)
{
    vireo_binary_op(g, (vireo_binary)7, a->x, a->x);
}
static void pool_offsets(vireo_graph *g, const values *a)
{
    vireo_pool(g, VIREO_POOL_MEAN, a->x, a->v);
}
static void pool_unknown(vireo_graph *g, const values *a)
{
    vireo_pool(g, (vireo_pooling)3, a->x, a->ids);
}
static void top_k_zero(vireo_graph *g, const values *a)
{
    vireo_top_k(g, a->x, 0, VIREO_NONE);
}
static void top_k_many(vireo_graph *g, const values *a)
{
    vireo_top_k(g, a->x, 1025, VIREO_NONE);
}
static void top_k_deny(vireo_graph *g, const values *a)
{
    vireo_top_k(g, a->x, 3, a->ids);
}
static void top_k_rank(vireo_graph *g, const values *a)
{
    vireo_top_k(g, a->v, 3, VIREO_NONE);
}
static void matmul_depth(vireo_graph *g, const values *a)
{
    vireo_matmul(g, a->x, a->x, NULL);
}
static void matmul_bias(vireo_graph *g, const values *a)
{
    vireo_linear(g, a->x, a->x, a->w);
}
static vireo_value blocks(vireo_graph *g, vireo_dtype dtype, uint32_t rank, int64_t a, int64_t b,
                          int64_t c)
{
    static unsigned char data[32 * 34 * 2];
    vireo_tensor t = {.dtype = dtype, .rank = rank, .shape = {a, b, c}, .data = data,
                      .bytes = sizeof data};
    return vireo_graph_constant(g, "w", &t);
}
static void matmul_blocks_along_n(vireo_graph *g, const values *a)
{
    vireo_matmul(g, a->x, blocks(g, VIREO_Q8_0, 2, 8, 32, 0), NULL);
}
static void matmul_blocks_in_batches(vireo_graph *g, const values *a)
{
    const vireo_matmul_args args = {.transpose_a = true, .transpose_b = true};
    (void)a;
    vireo_matmul(g, vireo_graph_input(g, "cube", VIREO_F32, 3, (const int64_t[]){2, 32, 5},
                                      (vireo_symbol){0}),
                 blocks(g, VIREO_Q4_0, 3, 2, 3, 32), &args);
}

static void matmul_halves_in_batches(vireo_graph *g, const values *a)
{
    const vireo_matmul_args args = {.transpose_a = true, .transpose_b = true};
    (void)a;
    vireo_matmul(g, vireo_graph_input(g, "cube", VIREO_F32, 3, (const int64_t[]){2, 32, 5},
                                      (vireo_symbol){0}),
                 blocks(g, VIREO_BF16, 3, 2, 3, 32), &args);
}
static void matmul_blocks_left(vireo_graph *g, const values *a)
{
    const vireo_matmul_args args = {.transpose_a = true};
    (void)a;
    vireo_matmul(g, blocks(g, VIREO_Q8_0, 2, 3, 32, 0), blocks(g, VIREO_BF16, 2, 3, 4, 0), &args);
}
static void unary_blocks(vireo_graph *g, const values *a)
{
    (void)a;
    vireo_unary_op(g, VIREO_TANH, blocks(g, VIREO_Q4_0, 2, 3, 32, 0));
}
static void slice_blocks(vireo_graph *g, const values *a)
{
    (void)a;
    vireo_slice(g, blocks(g, VIREO_Q8_0, 2, 3, 32, 0), 0, 0, 1);
}
static void attention_heads(vireo_graph *g, const values *a)
{
    vireo_attention(g, a->x, a->x, a->x, a->ids, 3, 0.0f);
}
static void attention_no_heads(vireo_graph *g, const values *a)
{
    vireo_attention(g, a->x, a->x, a->x, a->ids, 0, 0.0f);
}
static void attention_shapes(vireo_graph *g, const values *a)
{
    vireo_attention(g, a->x, a->d, a->x, a->ids, 2, 0.0f);
}

static void reshape_count(vireo_graph *g, const values *a)
{
    vireo_reshape(g, a->x, 2, (const int64_t[]){6, 9});
}
static void reshape_dynamic(vireo_graph *g, const values *a)
{
    vireo_reshape(g, a->d, 2, (const int64_t[]){8, 9});
}
static void reshape_rank(vireo_graph *g, const values *a)
{
    vireo_reshape(g, a->x, 5, (const int64_t[]){6, 8, 1, 1, 1});
}
static void slice_axis(vireo_graph *g, const values *a)
{
    vireo_slice(g, a->v, 1, 0, 1);
}
static void slice_range(vireo_graph *g, const values *a)
{
    vireo_slice(g, a->x, 1, 5, 4);
}
static void slice_dynamic(vireo_graph *g, const values *a)
{
    vireo_slice(g, a->d, 0, 0, 1);
}
static void transpose_axes(vireo_graph *g, const values *a)
{
    vireo_transpose(g, a->x, (const uint32_t[]){1, 1});
}
static void transpose_dynamic(vireo_graph *g, const values *a)
{
    vireo_transpose(g, a->d, (const uint32_t[]){1, 0});
}
static void concat_shapes(vireo_graph *g, const values *a)
{
    vireo_concat(g, (const vireo_value[]){a->x, a->d}, 2, 1);
}
static void concat_dynamic(vireo_graph *g, const values *a)
{
    vireo_concat(g, (const vireo_value[]){a->d, a->d}, 2, 0);
}
static void concat_missing(vireo_graph *g, const values *a)
{
    vireo_concat(g, (const vireo_value[]){a->x, a->none}, 2, 0);
}
static void concat_nothing(vireo_graph *g, const values *a)
{
    (void)a;
    vireo_concat(g, NULL, 0, 0);
}
static void softmax_scale(vireo_graph *g, const values *a)
{
    vireo_softmax(g, a->x, 0.0f, VIREO_NONE);
}
static void softmax_infinite(vireo_graph *g, const values *a)
{
    vireo_log_softmax(g, a->x, INFINITY, VIREO_NONE);
}
static void softmax_deny(vireo_graph *g, const values *a)
{
    vireo_softmax(g, a->x, 1.0f, a->ids);
}
static void softmax_deny_floats(vireo_graph *g, const values *a)
{
    vireo_softmax(g, a->x, 1.0f, a->v);
}
static void softmax_deny_dynamic(vireo_graph *g, const values *a)
{
    vireo_softmax(g, a->s, 1.0f, a->ids);
}
static void softmax_ints(vireo_graph *g, const values *a)
{
    vireo_softmax(g, a->ids, 1.0f, VIREO_NONE);
}
static void reduce_unknown(vireo_graph *g, const values *a)
{
    vireo_reduce(g, (vireo_reduction)5, a->x);
}
static void reduce_ints(vireo_graph *g, const values *a)
{
    vireo_reduce(g, VIREO_REDUCE_SUM, a->ids);
}
static void reduce_scalar(vireo_graph *g, const values *a)
{
    vireo_reduce(g, VIREO_REDUCE_SUM, vireo_reduce(g, VIREO_REDUCE_MAX, a->v));
}
static void cumsum_ints(vireo_graph *g, const values *a)
{
    vireo_cumsum(g, a->ids, false);
}
static void cumsum_scalar(vireo_graph *g, const values *a)
{
    vireo_cumsum(g, vireo_reduce(g, VIREO_REDUCE_MAX, a->v), true);
}

static const struct {
    void (*build)(vireo_graph *, const values *);
    const char *words[2]; /* both stand in the message */
} rows[] = {
    {norm_weight, {"norm: weight", "8"}},
    {norm_bias, {"norm: bias", "8"}},
    {norm_epsilon, {"norm: epsilon is 0", "allowed"}},
    {norm_ints, {"norm: input 0 is i32", "f32"}},
    {norm_dynamic_width, {"norm: input 0", "dynamic"}},
    {l2_epsilon, {"norm: epsilon is", "nan"}},
    {l2_dynamic_width, {"norm: input 0", "dynamic"}},
    {reshape_count, {"reshape: 48 elements become 54", ""}},
    {reshape_dynamic, {"reshape: a dynamic first dimension", ""}},
    {reshape_rank, {"reshape: rank 5", "allowed 0 to 4"}},
    {slice_axis, {"slice: axis 1 of a value with 1 dimensions", ""}},
    {slice_range, {"slice: 4 elements from 5 of dimension 1", "which has 8"}},
    {slice_dynamic, {"slice: the first dimension is dynamic", ""}},
    {transpose_axes, {"transpose: the axes must be a permutation", "2"}},
    {transpose_dynamic, {"transpose: a dynamic first dimension", ""}},
    {concat_shapes, {"concat: f32 [6, 8] and f32 [≤9, 8]", "dimension 1"}},
    {concat_dynamic, {"concat: the first dimension is dynamic", ""}},
    {concat_missing, {"concat: value 1 is not a value of this graph", ""}},
    {concat_nothing, {"concat: no values", ""}},
    {softmax_scale, {"softmax: scale is 0, it must be finite and above 0", ""}},
    {softmax_infinite, {"softmax: scale is inf", ""}},
    {softmax_deny,
     {"softmax: deny is i32 [3], it must have 1 row or those of the input, f32 [6, 8], of 1 words", ""}},
    {softmax_deny_floats, {"softmax: input 1 is f32, it must be i32", ""}},
    {softmax_deny_dynamic, {"softmax: input 0 is a vector of dynamic size", ""}},
    {softmax_ints, {"softmax: input 0 is i32, it must be f32", ""}},
    {reduce_unknown, {"reduce: operation 5 is not one of vireo_reduction", ""}},
    {reduce_ints, {"reduce: input 0 is i32, it must be f32", ""}},
    {reduce_scalar, {"reduce: input 0 has 0 dimensions", ""}},
    {cumsum_ints, {"cumsum: input 0 is i32, it must be f32", ""}},
    {cumsum_scalar, {"cumsum: input 0 has 0 dimensions", ""}},
    {embedding_ids, {"embedding: input 1 is f32", "i32"}},
    {embedding_table, {"embedding: input 0 has 1 dimensions", "2"}},
    {embedding_missing, {"embedding", "input 1"}},
    {unary_unknown, {"unary: function 99", ""}},
    {scale_infinite, {"unary: factor inf", "finite"}},
    {binary_sizes, {"binary: f32 [6, 8] and f32 [5]", "broadcast"}},
    {binary_symbols, {"binary: f32 [≤9, 8] and f32 [≤9, 8]", "dynamic"}},
    {binary_dynamic_fixed, {"binary: f32 [≤9, 8] and f32 [6, 8]", "dynamic"}},
    {binary_dynamic_inside, {"binary: f32 [≤9] and f32 [3, 8]", "dynamic"}},
    {binary_unknown, {"binary: operation 7", ""}},
    {pool_offsets, {"pool: input 1 is f32", "i32"}},
    {pool_unknown, {"pool: pooling 3", ""}},
    {top_k_zero, {"top_k: k is 0", "1 to 1024"}},
    {top_k_many, {"top_k: k is 1025", "1 to 1024"}},
    {top_k_deny, {"top_k: deny is i32 [3]", "1 words"}},
    {top_k_rank, {"top_k: input 0 has 1 dimensions", "2"}},
    {matmul_depth, {"matmul:", "8"}},
    {matmul_bias, {"matmul: bias", "6"}},
    {matmul_blocks_along_n,
     {"matmul: b is q8_0, whose blocks must run along the sum: (N, K), transposed", ""}},
    {matmul_blocks_in_batches,
     {"matmul: b is q4_0, whose blocks must run along the sum: (N, K), transposed", ""}},
    {matmul_halves_in_batches, {"matmul: b is bf16 and has a batch, which f32 alone may have", ""}},
    {matmul_blocks_left, {"matmul: input 0 is q8_0, it must be f32", ""}},
    {unary_blocks, {"unary: input 0 is q4_0, it must be f32", ""}},
    {slice_blocks, {"slice: input 0 is q8_0, it must be f32 or i32", ""}},
    {attention_heads, {"attention: 3 heads", "8"}},
    {attention_no_heads, {"attention: 0 heads", ""}},
    {attention_shapes, {"attention:", "same rows"}},
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        vireo_graph *g = NULL;
        vireo_error err = {0};
        assert_int_equal(vireo_graph_create(NULL, &g, &err), VIREO_OK);
        const vireo_symbol one = vireo_graph_symbol(g, "one", 9);
        const vireo_symbol two = vireo_graph_symbol(g, "two", 9), fixed = {0};
        const int64_t x[] = {6, 8}, v[] = {8}, w[] = {5}, ids[] = {3};
        const values a = {
            .x = vireo_graph_input(g, "x", VIREO_F32, 2, x, fixed),
            .v = vireo_graph_input(g, "v", VIREO_F32, 1, v, fixed),
            .w = vireo_graph_input(g, "w", VIREO_F32, 1, w, fixed),
            .ids = vireo_graph_input(g, "ids", VIREO_I32, 1, ids, fixed),
            .d = vireo_graph_input(g, "d", VIREO_F32, 2, x, one),
            .e = vireo_graph_input(g, "e", VIREO_F32, 2, x, two),
            .s = vireo_graph_input(g, "s", VIREO_F32, 1, v, one),
        };
        assert_int_equal(vireo_graph_check(g, &err), VIREO_OK);
        rows[i].build(g, &a);
        if (vireo_graph_check(g, &err) != VIREO_ERROR_INVALID_ARGUMENT)
            fail_msg("row %zu was accepted", i);
        for (size_t j = 0; j < 2; j++)
            if (!strstr(err.message, rows[i].words[j]))
                fail_msg("row %zu: \"%s\" lacks \"%s\"", i, err.message, rows[i].words[j]);
        vireo_graph_destroy(&g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
