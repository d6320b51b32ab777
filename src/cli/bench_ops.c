/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_ops.h"
#include <stdio.h>
#include <string.h>

/* apply_<name>: the op over values v, of dimensions d. */
#define APPLY(name)                                                                                \
    static vireo_value apply_##name(vireo_graph *g, const vireo_value *v, const int64_t *d)
#define ONE(name, call)                                                                            \
    APPLY(name)                                                                                    \
    {                                                                                              \
        (void)d;                                                                                   \
        return call;                                                                               \
    }

ONE(matmul, vireo_linear(g, v[0], v[1], VIREO_NONE))
ONE(layer_norm, vireo_layer_norm(g, v[0], v[1], v[2], 1e-12f))
ONE(rms_norm, vireo_rms_norm(g, v[0], v[1], 1e-6f))
ONE(l2_normalize, vireo_l2_normalize(g, v[0], 1e-12f))
ONE(softmax, vireo_softmax(g, v[0], 1, VIREO_NONE))
ONE(log_softmax, vireo_log_softmax(g, v[0], 1, VIREO_NONE))
ONE(embedding, vireo_embedding(g, v[0], v[1]))
ONE(embedding_bag, vireo_embedding_bag(g, VIREO_BAG_SUM, v[0], v[1], v[2], VIREO_NONE))
ONE(embedding_bag_mean, vireo_embedding_bag(g, VIREO_BAG_MEAN, v[0], v[1], v[2], VIREO_NONE))
ONE(embedding_bag_weighted, vireo_embedding_bag(g, VIREO_BAG_SUM, v[0], v[1], v[2], v[3]))
ONE(gather_rows, vireo_gather_rows(g, v[0], v[1]))
ONE(scatter_rows, vireo_scatter_rows(g, VIREO_SCATTER_ADD, v[0], v[1], v[2]))
ONE(scatter_set, vireo_scatter_rows(g, VIREO_SCATTER_SET, v[0], v[1], v[2]))
ONE(gelu, vireo_unary_op(g, VIREO_GELU, v[0]))
ONE(gelu_tanh, vireo_unary_op(g, VIREO_GELU_TANH, v[0]))
ONE(relu, vireo_unary_op(g, VIREO_RELU, v[0]))
ONE(silu, vireo_unary_op(g, VIREO_SILU, v[0]))
ONE(tanh, vireo_unary_op(g, VIREO_TANH, v[0]))
ONE(sigmoid, vireo_unary_op(g, VIREO_SIGMOID, v[0]))
ONE(scale, vireo_scale(g, v[0], 0.5f, 1))
ONE(add, vireo_binary_op(g, VIREO_ADD, v[0], v[1]))
ONE(mul, vireo_binary_op(g, VIREO_MUL, v[0], v[1]))
ONE(silu_mul, vireo_binary_op(g, VIREO_SILU_MUL, v[0], v[1]))
ONE(sum, vireo_reduce(g, VIREO_REDUCE_SUM, v[0]))
ONE(mean, vireo_reduce(g, VIREO_REDUCE_MEAN, v[0]))
ONE(max, vireo_reduce(g, VIREO_REDUCE_MAX, v[0]))
ONE(min, vireo_reduce(g, VIREO_REDUCE_MIN, v[0]))
ONE(argmax, vireo_reduce(g, VIREO_REDUCE_ARGMAX, v[0]))
ONE(cumsum, vireo_cumsum(g, v[0], false))
ONE(mean_pool, vireo_pool(g, VIREO_POOL_MEAN, v[0], v[1]))
ONE(max_pool, vireo_pool(g, VIREO_POOL_MAX, v[0], v[1]))
ONE(first_pool, vireo_pool(g, VIREO_POOL_FIRST, v[0], v[1]))
ONE(top_k, vireo_top_k(g, v[0], (uint32_t)d[2], VIREO_NONE).values)
ONE(rope, vireo_rope(g, v[0], v[1], v[2], (uint32_t)d[1], VIREO_ROPE_HALVES))
ONE(concat, vireo_concat(g, v, 2, 1))
ONE(slice, vireo_slice(g, v[0], 1, d[1] - d[2], d[2]))
ONE(transpose, vireo_transpose(g, v[0], ((const uint32_t[]){1, 0})))

/* The head counts stand in d[3] and d[4], those of MULTI_HEAD. */
static vireo_value attend(vireo_graph *g, const vireo_value *v, const int64_t *d, bool causal,
                          int64_t window)
{
    const vireo_attention_args args = {.n_heads = (uint32_t)d[3], .n_kv_heads = (uint32_t)d[4],
                                       .causal = causal, .window = (uint32_t)window,
                                       .key_offsets = v[4]};
    return vireo_attention_with(g, v[0], v[1], v[2], v[3], &args);
}
ONE(attention, attend(g, v, d, false, 0))
ONE(causal_attention, attend(g, v, d, true, 0))
ONE(windowed_attention, attend(g, v, d, true, d[6]))

APPLY(pointwise_attention)
{
    const vireo_attention_args args = {
        .n_heads = (uint32_t)d[2], .scale = 1, .causal = true, .pointwise = (float)d[1], .bias = v[4]};
    return vireo_attention_with(g, v[0], v[1], v[2], v[3], &args);
}

#define MN "rows x width"
#define BAGS "bags x ids each x rows of the table x width"
#define POOLED "sequences x length x width"
#define ROWS                                                                                       \
    {                                                                                              \
        {"MiniLM", {512, 384}}, {"SASRec", {200, 64}}, {"Llama", {16, 2048}}, {"16 MiB", {1024, 4096}} \
    }
#define SIXTEEN {"16 MiB", {1024, 4096}}
#define IN(letters) {VR_BENCH_INPUT, letters}
#define MULTI_HEAD                                                                                 \
    {                                                                                              \
        IN("(SQ)(HD)"), IN("(SK)(GD)"), IN("(SK)(GD)"), {VR_BENCH_OFFSETS, "S<Q"},                 \
            {VR_BENCH_OFFSETS, "S<K"}                                                              \
    }
#define BAG                                                                                        \
    {VR_BENCH_WEIGHT, "VN"}, {VR_BENCH_IDS, "(BL)<V"}, {VR_BENCH_OFFSETS, "B<L"}

/* Shapes, and of attention what is masked: MiniLM (all-MiniLM-L6-v2, runs of 512 tokens), SASRec on
 * MovieLens 100K, HSTU as its authors train it on MovieLens 1M, decoders of the Llama family of 1 billion
 * parameters and of 8, Mistral 7B, GPT-2 of the smallest size, DLRM's layers and tables; and what shows
 * bandwidth. A decoder works with 1 or few queries over many keys. */
const vr_bench_op vr_bench_ops[] = {
    {"matmul", "MKN", "M x K x N: inputs (M, K) by weights (N, K)", {IN("MK"), {VR_BENCH_WEIGHT, "NK"}}, "MN", true,
     apply_matmul,
     {{"MiniLM", {512, 384, 1536}}, {"SASRec", {1, 64, 1683}}, {"Llama", {1, 2048, 2048}},
      {"DLRM", {128, 512, 256}}}},
    {"attention", "SQKHGD", "sequences x queries x keys x heads x key heads x head_dim", MULTI_HEAD,
     "(SQ)(HD)", false, apply_attention,
     {{"MiniLM", {42, 12, 12, 12, 12, 32}}, {"MiniLM", {8, 64, 64, 12, 12, 32}}}},
    {"causal_attention", "SQKHGD", "sequences x queries x keys x heads x key heads x head_dim", MULTI_HEAD,
     "(SQ)(HD)", false, apply_causal_attention,
     {{"SASRec", {8, 200, 200, 1, 1, 64}}, {"Llama", {1, 128, 128, 32, 8, 64}},
      {"GPT-2", {1, 1, 1024, 12, 12, 64}}, {"Llama 8B", {1, 1, 1024, 32, 8, 128}},
      {"Llama 8B", {1, 1, 8192, 32, 8, 128}}, {"Llama 8B", {1, 4, 4096, 32, 8, 128}}}},
    {"windowed_attention", "SQKHGDW", "sequences x queries x keys x heads x key heads x head_dim x window",
     MULTI_HEAD, "(SQ)(HD)", false, apply_windowed_attention,
     {{"Mistral 7B", {1, 1, 8192, 32, 8, 128, 4096}}, {"odd", {1, 512, 512, 4, 4, 64, 64}}}},
    {"pointwise_attention", "SLHD", "sequences x length x heads x head_dim",
     {IN("(SL)(HD)"), IN("(SL)(HD)"), IN("(SL)(HD)"), {VR_BENCH_OFFSETS, "S<L"},
      {VR_BENCH_DISTANCES, "L"}},
     "(SL)(HD)", false, apply_pointwise_attention,
     {{"HSTU", {8, 211, 1, 50}}, {"HSTU large", {8, 211, 2, 25}}}},
    {"layer_norm", "MN", MN, {IN("MN"), {VR_BENCH_VECTOR, "N"}, {VR_BENCH_VECTOR, "N"}}, "MN", true,
     apply_layer_norm, ROWS},
    {"rms_norm", "MN", MN, {IN("MN"), {VR_BENCH_VECTOR, "N"}}, "MN", true, apply_rms_norm, ROWS},
    {"l2_normalize", "MN", MN, {IN("MN")}, "MN", true, apply_l2_normalize, ROWS},
    {"softmax", "MN", MN, {IN("MN")}, "MN", true, apply_softmax,
     {{"SASRec", {2400, 200}}, {"Llama", {8, 49152}}, SIXTEEN}},
    {"log_softmax", "MN", MN, {IN("MN")}, "MN", true, apply_log_softmax,
     {{"SASRec", {64, 1683}}, {"Llama", {8, 49152}}, SIXTEEN}},
    {"embedding", "MVN", "ids x rows of the table x width",
     {{VR_BENCH_WEIGHT, "VN"}, {VR_BENCH_IDS, "M<V"}}, "MN", true, apply_embedding,
     {{"MiniLM", {512, 30522, 384}}, {"SASRec", {200, 1683, 64}}, {"DLRM", {8192, 200000, 64}}}},
    {"embedding_bag", "BLVN", BAGS, {BAG}, "BN", false, apply_embedding_bag,
     {{"DLRM", {512, 20, 200000, 64}}}},
    {"embedding_bag_mean", "BLVN", BAGS, {BAG}, "BN", false, apply_embedding_bag_mean,
     {{"DLRM", {512, 20, 200000, 64}}}},
    {"embedding_bag_weighted", "BLVN", BAGS, {BAG, IN("(BL)")}, "BN", false, apply_embedding_bag_weighted,
     {{"DLRM", {512, 20, 200000, 64}}}},
    {"gather_rows", "MVN", "ids x rows x width", {IN("VN"), {VR_BENCH_IDS, "M<V"}}, "MN", false,
     apply_gather_rows, {{"MiniLM", {42, 512, 384}}, {"DLRM", {8192, 65536, 64}}}},
    {"scatter_rows", "MVN", "updates x rows x width, added",
     {IN("VN"), {VR_BENCH_IDS, "M<V"}, IN("MN")}, "VN", false, apply_scatter_rows,
     {{"SASRec", {200, 1683, 64}}, {"DLRM", {8192, 65536, 64}}}},
    {"scatter_set", "MVN", "updates x rows x width, replacing",
     {IN("VN"), {VR_BENCH_IDS, "M<V"}, IN("MN")}, "VN", false, apply_scatter_set,
     {{"SASRec", {200, 1683, 64}}, {"DLRM", {8192, 65536, 64}}}},
    {"gelu", "MN", MN, {IN("MN")}, "MN", true, apply_gelu, {{"MiniLM", {512, 1536}}, SIXTEEN}},
    {"gelu_tanh", "MN", MN, {IN("MN")}, "MN", true, apply_gelu_tanh, {{"GPT-2", {128, 3072}}, SIXTEEN}},
    {"relu", "MN", MN, {IN("MN")}, "MN", true, apply_relu,
     {{"SASRec", {200, 64}}, {"DLRM", {128, 512}}, SIXTEEN}},
    {"silu", "MN", MN, {IN("MN")}, "MN", true, apply_silu, {{"HSTU", {1688, 200}}, SIXTEEN}},
    {"tanh", "MN", MN, {IN("MN")}, "MN", true, apply_tanh, {{"BERT", {42, 768}}, SIXTEEN}},
    {"sigmoid", "MN", MN, {IN("MN")}, "MN", true, apply_sigmoid, {{"DLRM", {2048, 1}}, SIXTEEN}},
    {"scale", "MN", MN, {IN("MN")}, "MN", true, apply_scale, ROWS},
    {"add", "MN", MN, {IN("MN"), IN("MN")}, "MN", true, apply_add, ROWS},
    {"mul", "MN", MN, {IN("MN"), IN("MN")}, "MN", true, apply_mul, {{"HSTU", {1688, 50}}, SIXTEEN}},
    {"silu_mul", "MN", MN, {IN("MN"), IN("MN")}, "MN", true, apply_silu_mul,
     {{"Llama", {16, 8192}}, SIXTEEN}},
    {"sum", "MN", MN, {IN("MN")}, "M", true, apply_sum, ROWS},
    {"mean", "MN", MN, {IN("MN")}, "M", true, apply_mean, {{"MiniLM", {512, 384}}, SIXTEEN}},
    {"max", "MN", MN, {IN("MN")}, "M", true, apply_max, {{"SASRec", {64, 1683}}, SIXTEEN}},
    {"min", "MN", MN, {IN("MN")}, "M", true, apply_min, {{"SASRec", {64, 1683}}, SIXTEEN}},
    {"argmax", "MN", MN, {IN("MN")}, "M", true, apply_argmax, {{"Llama", {1, 49152}}, SIXTEEN}},
    {"cumsum", "MN", MN, {IN("MN")}, "MN", true, apply_cumsum, ROWS},
    {"mean_pool", "SLN", POOLED, {IN("(SL)N"), {VR_BENCH_OFFSETS, "S<L"}}, "SN", false, apply_mean_pool,
     {{"MiniLM", {42, 12, 384}}, {"MiniLM", {8, 64, 384}}}},
    {"max_pool", "SLN", POOLED, {IN("(SL)N"), {VR_BENCH_OFFSETS, "S<L"}}, "SN", false, apply_max_pool,
     {{"MiniLM", {42, 12, 384}}, {"MiniLM", {8, 64, 384}}}},
    {"first_pool", "SLN", POOLED, {IN("(SL)N"), {VR_BENCH_OFFSETS, "S<L"}}, "SN", false,
     apply_first_pool, {{"BERT", {42, 12, 768}}, {"BERT", {8, 64, 768}}}},
    {"top_k", "MNK", "rows x scores x k", {IN("MN")}, "MK", true, apply_top_k,
     {{"SASRec", {64, 1683, 10}}, {"catalogue", {1, 1000000, 10}}, {"catalogue", {16, 100000, 100}}}},
    {"rope", "THD", "tokens x heads x head_dim",
     {IN("T(HD)"), {VR_BENCH_IDS, "T<T"}, {VR_BENCH_VECTOR, "TD"}}, "T(HD)", false, apply_rope,
     {{"Llama", {512, 32, 64}}}},
    {"concat", "MN", "rows x width of each of two", {IN("MN"), IN("MN")}, "M(2N)", true, apply_concat,
     ROWS},
    {"slice", "MNC", "rows x width x how many columns, the last ones", {IN("MN")}, "MC", true, apply_slice,
     {{"odd", {4096, 65, 33}}, {"16 MiB", {1024, 4097, 4096}}}},
    {"transpose", "MN", MN, {IN("MN")}, "NM", false, apply_transpose, ROWS},
};
const size_t vr_bench_op_count = sizeof vr_bench_ops / sizeof *vr_bench_ops;

const vr_bench_op *vr_bench_find_op(const char *name)
{
    for (size_t i = 0; i < vr_bench_op_count; i++)
        if (!strcmp(vr_bench_ops[i].name, name))
            return &vr_bench_ops[i];
    return NULL;
}

void vr_bench_shape_text(const vr_bench_op *op, const int64_t *dims, char *out, size_t size)
{
    size_t n = 0;
    *out = '\0';
    for (size_t i = 0; i < strlen(op->dims) && n < size; i++)
        n += (size_t)snprintf(out + n, size - n, "%s%lld", i ? "x" : "", (long long)dims[i]);
}

static int64_t size_of(const vr_bench_op *op, char letter, const int64_t *dims)
{
    if (letter >= '0' && letter <= '9')
        return letter - '0';
    return dims[strchr(op->dims, letter) - op->dims];
}

uint32_t vr_bench_sizes(const vr_bench_op *op, const char *letters, const int64_t *dims,
                        int64_t *sizes, int64_t *rows)
{
    uint32_t rank = 0;
    bool product = false;
    *rows = 0;
    for (const char *p = letters; *p; p++) {
        if (*p == '(' || *p == ')') {
            product = *p == '(';
            if (product)
                sizes[rank++] = 1;
        } else if (*p == '<') {
            *rows = size_of(op, *++p, dims);
        } else if (product) {
            sizes[rank - 1] *= size_of(op, *p, dims);
        } else {
            sizes[rank++] = size_of(op, *p, dims);
        }
    }
    return rank;
}
