/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_ops.h"
#include <stdio.h>
#include <string.h>

#define APPLY(name)                                                                                \
    static vireo_value name(vireo_graph *g, const vireo_value *v, const int64_t *d)

APPLY(matmul)
{
    (void)d;
    return vireo_linear(g, v[0], v[1], VIREO_NONE);
}
APPLY(attention)
{
    const vireo_attention_args args = {
        .n_heads = (uint32_t)d[3], .n_kv_heads = (uint32_t)d[4], .key_offsets = v[4]};
    return vireo_attention_with(g, v[0], v[1], v[2], v[3], &args);
}
APPLY(layer_norm)
{
    (void)d;
    return vireo_layer_norm(g, v[0], v[1], v[2], 1e-12f);
}
APPLY(rms_norm)
{
    (void)d;
    return vireo_rms_norm(g, v[0], v[1], 1e-6f);
}
APPLY(l2_normalize)
{
    (void)d;
    return vireo_l2_normalize(g, v[0], 1e-12f);
}
APPLY(softmax)
{
    (void)d;
    return vireo_softmax(g, v[0], 1, VIREO_NONE);
}
APPLY(embedding)
{
    (void)d;
    return vireo_embedding(g, v[0], v[1]);
}
APPLY(embedding_bag)
{
    (void)d;
    return vireo_embedding_bag(g, VIREO_BAG_SUM, v[0], v[1], v[2], VIREO_NONE);
}
APPLY(gather_rows)
{
    (void)d;
    return vireo_gather_rows(g, v[0], v[1]);
}
APPLY(scatter_rows)
{
    (void)d;
    return vireo_scatter_rows(g, VIREO_SCATTER_ADD, v[0], v[1], v[2]);
}
APPLY(gelu)
{
    (void)d;
    return vireo_unary_op(g, VIREO_GELU, v[0]);
}
APPLY(silu)
{
    (void)d;
    return vireo_unary_op(g, VIREO_SILU, v[0]);
}
APPLY(scale)
{
    (void)d;
    return vireo_scale(g, v[0], 0.5f, 1);
}
APPLY(add)
{
    (void)d;
    return vireo_binary_op(g, VIREO_ADD, v[0], v[1]);
}
APPLY(silu_mul)
{
    (void)d;
    return vireo_binary_op(g, VIREO_SILU_MUL, v[0], v[1]);
}
APPLY(sum)
{
    (void)d;
    return vireo_reduce(g, VIREO_REDUCE_SUM, v[0]);
}
APPLY(argmax)
{
    (void)d;
    return vireo_reduce(g, VIREO_REDUCE_ARGMAX, v[0]);
}
APPLY(cumsum)
{
    (void)d;
    return vireo_cumsum(g, v[0], false);
}
APPLY(pool)
{
    (void)d;
    return vireo_pool(g, VIREO_POOL_MEAN, v[0], v[1]);
}
APPLY(top_k)
{
    return vireo_top_k(g, v[0], (uint32_t)d[2], VIREO_NONE).values;
}
APPLY(rope)
{
    return vireo_rope(g, v[0], v[1], v[2], (uint32_t)d[1], VIREO_ROPE_HALVES);
}
APPLY(concat)
{
    (void)d;
    return vireo_concat(g, v, 2, 1);
}
APPLY(slice)
{
    return vireo_slice(g, v[0], 1, d[1] - d[2], d[2]);
}
APPLY(transpose)
{
    static const uint32_t axes[] = {1, 0};
    (void)d;
    return vireo_transpose(g, v[0], axes);
}

#define MN "rows x width"
#define ROWS                                                                                       \
    {                                                                                              \
        {"MiniLM", {512, 384}}, {"SASRec", {200, 64}}, {"Llama", {16, 2048}}, {"16 MiB", {1024, 4096}} \
    }
#define IN(letters) {VR_BENCH_INPUT, letters}

/* Shapes: MiniLM (all-MiniLM-L6-v2, runs of 512 tokens), SASRec on MovieLens 100K, decoders of the Llama
 * family of 1 billion parameters and of 8, GPT-2 of the smallest size, DLRM's tables; and what shows
 * bandwidth. */
const vr_bench_op vr_bench_ops[] = {
    {"matmul", "MKN", "x (M, K) by weights (N, K)", {IN("MK"), {VR_BENCH_WEIGHT, "NK"}}, "MN", true, matmul,
     {{"MiniLM", {512, 384, 1536}}, {"SASRec", {1, 64, 1683}}, {"Llama", {1, 2048, 2048}},
      {"DLRM", {128, 512, 256}}}},
    {"attention", "SQKHGD", "sequences x queries x keys x heads x key heads x head_dim",
     {IN("(SQ)(HD)"), IN("(SK)(GD)"), IN("(SK)(GD)"), {VR_BENCH_OFFSETS, "S<Q"}, {VR_BENCH_OFFSETS, "S<K"}},
     "(SQ)(HD)", false, attention,
     {{"MiniLM", {42, 12, 12, 12, 12, 32}}, {"MiniLM", {8, 64, 64, 12, 12, 32}},
      {"SASRec", {8, 200, 200, 1, 1, 64}}, {"Llama", {1, 128, 128, 32, 8, 64}},
      {"GPT-2", {1, 1, 1024, 12, 12, 64}}, {"Llama 8B", {1, 1, 1024, 32, 8, 128}},
      {"Llama 8B", {1, 1, 8192, 32, 8, 128}}, {"Llama 8B", {1, 4, 4096, 32, 8, 128}}}},
    {"layer_norm", "MN", MN, {IN("MN"), {VR_BENCH_VECTOR, "N"}, {VR_BENCH_VECTOR, "N"}}, "MN", true,
     layer_norm, ROWS},
    {"rms_norm", "MN", MN, {IN("MN"), {VR_BENCH_VECTOR, "N"}}, "MN", true, rms_norm, ROWS},
    {"l2_normalize", "MN", MN, {IN("MN")}, "MN", true, l2_normalize, ROWS},
    {"softmax", "MN", MN, {IN("MN")}, "MN", true, softmax,
     {{"SASRec", {2400, 200}}, {"Llama", {8, 49152}}, {"16 MiB", {1024, 4096}}}},
    {"embedding", "MVN", "ids x rows of the table x width",
     {{VR_BENCH_WEIGHT, "VN"}, {VR_BENCH_IDS, "M<V"}}, "MN", true, embedding,
     {{"MiniLM", {512, 30522, 384}}, {"SASRec", {200, 1683, 64}}, {"DLRM", {8192, 200000, 64}}}},
    {"embedding_bag", "BLVN", "bags x ids each x rows of the table x width",
     {{VR_BENCH_WEIGHT, "VN"}, {VR_BENCH_IDS, "(BL)<V"}, {VR_BENCH_OFFSETS, "B<L"}}, "BN", false,
     embedding_bag, {{"DLRM", {512, 20, 200000, 64}}}},
    {"gather_rows", "MVN", "ids x rows x width", {IN("VN"), {VR_BENCH_IDS, "M<V"}}, "MN", false,
     gather_rows, {{"MiniLM", {42, 512, 384}}, {"DLRM", {8192, 65536, 64}}}},
    {"scatter_rows", "MVN", "updates x rows x width",
     {IN("VN"), {VR_BENCH_IDS, "M<V"}, IN("MN")}, "VN", false, scatter_rows,
     {{"SASRec", {200, 1683, 64}}, {"DLRM", {8192, 65536, 64}}}},
    {"gelu", "MN", MN, {IN("MN")}, "MN", true, gelu, {{"MiniLM", {512, 1536}}, {"16 MiB", {1024, 4096}}}},
    {"silu", "MN", MN, {IN("MN")}, "MN", true, silu, {{"Llama", {16, 8192}}, {"16 MiB", {1024, 4096}}}},
    {"scale", "MN", MN, {IN("MN")}, "MN", true, scale, ROWS},
    {"add", "MN", MN, {IN("MN"), IN("MN")}, "MN", true, add, ROWS},
    {"silu_mul", "MN", MN, {IN("MN"), IN("MN")}, "MN", true, silu_mul,
     {{"Llama", {16, 8192}}, {"16 MiB", {1024, 4096}}}},
    {"sum", "MN", MN, {IN("MN")}, "M", true, sum, ROWS},
    {"argmax", "MN", MN, {IN("MN")}, "M", true, argmax, {{"Llama", {1, 49152}}, {"16 MiB", {1024, 4096}}}},
    {"cumsum", "MN", MN, {IN("MN")}, "MN", true, cumsum, ROWS},
    {"mean_pool", "SLN", "sequences x length x width", {IN("(SL)N"), {VR_BENCH_OFFSETS, "S<L"}}, "SN",
     false, pool, {{"MiniLM", {42, 12, 384}}, {"MiniLM", {8, 64, 384}}}},
    {"top_k", "MNK", "rows x scores x k", {IN("MN")}, "MK", true, top_k,
     {{"SASRec", {64, 1683, 10}}, {"catalogue", {1, 1000000, 10}}, {"catalogue", {16, 100000, 100}}}},
    {"rope", "THD", "tokens x heads x head_dim",
     {IN("T(HD)"), {VR_BENCH_IDS, "T<T"}, {VR_BENCH_VECTOR, "TD"}}, "T(HD)", false, rope,
     {{"Llama", {512, 32, 64}}}},
    {"concat", "MN", "rows x width of each of two", {IN("MN"), IN("MN")}, "M(2N)", true, concat, ROWS},
    {"slice", "MNC", "rows x width x how many columns, the last ones", {IN("MN")}, "MC", true, slice,
     {{"odd", {4096, 65, 33}}, {"16 MiB", {1024, 4097, 4096}}}},
    {"transpose", "MN", MN, {IN("MN")}, "NM", false, transpose, ROWS},
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
