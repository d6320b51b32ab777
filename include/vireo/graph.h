/* SPDX-License-Identifier: Apache-2.0
 *
 * Building a graph by hand. Builder calls return a value handle; after the first fault every call
 * returns VIREO_NONE and vireo_graph_check (or vireo_model_create) reports that fault, so a model is
 * written without a check a line. Shapes are inferred at once. A graph is used by one thread. */
#ifndef VIREO_GRAPH_H
#define VIREO_GRAPH_H
#include "vireo/vireo.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vireo_value {
    uint32_t id; /* 0: none */
} vireo_value;
#define VIREO_NONE ((vireo_value){0})

vireo_status vireo_graph_create(const vireo_allocator *, vireo_graph **out, vireo_error *);
void vireo_graph_destroy(vireo_graph **);
vireo_status vireo_graph_check(const vireo_graph *, vireo_error *); /* the first fault, if any */

/* ---- Sizes known only at run time ----------------------------------------------------------- */

/* A symbol stands for the size of a leading dimension. Its value in a run comes from the inputs that
 * use it (all must agree), 0..max. A derived symbol is base + add, at least 0. */
typedef struct vireo_symbol {
    uint32_t id; /* 0: none, a fixed size */
} vireo_symbol;
vireo_symbol vireo_graph_symbol(vireo_graph *, const char *name, int64_t max);
vireo_symbol vireo_graph_symbol_derive(vireo_graph *, const char *name, vireo_symbol base,
                                       int64_t add);

/* ---- Values -------------------------------------------------------------------------------- */

/* Sizes are 0..2^31 - 1. A value has at most 2^31 - 1 rows and 2^32 - 1 times 4 elements, each row filled
 * up to a multiple of 4; what is empty is counted as if there were one. More is VIREO_ERROR_LIMIT. */
/* With a symbol, shape[0] is ignored. Names are unique among inputs, and among outputs. */
vireo_value vireo_graph_input(vireo_graph *, const char *name, vireo_dtype, uint32_t rank,
                              const int64_t *shape, vireo_symbol);
/* tensor->data is borrowed until the model has been created. f16 and bf16 constants stay what they are
 * on the device where the op reads them, and are converted to f32 otherwise. Blocks (q8_0, q4_0) are
 * constants of matmul and embedding alone. */
vireo_value vireo_graph_constant(vireo_graph *, const char *name, const vireo_tensor *);
/* A tensor of a source, by name, whose shape must be as given (rank 0: any). Absent, unsupported or
 * misshapen: a fault naming tensor, shape found and shape wanted. The source stays open until the
 * model has been created. */
vireo_value vireo_graph_weight(vireo_graph *, const vireo_source *, const char *name, uint32_t rank,
                               const int64_t *shape);
/* The first row of a constant (rows, n) as a constant (n). */
vireo_value vireo_graph_first_row(vireo_graph *, vireo_value constant);
void vireo_graph_output(vireo_graph *, const char *name, vireo_value);
/* A model's own fault: makes the graph fail with this message. Returns VIREO_NONE. */
vireo_value vireo_graph_fail(vireo_graph *, vireo_status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- Ops ----------------------------------------------------------------------------------- */
/* Everything is computed in f32. (…, n) means any leading dimensions, up to rank 4. */

typedef enum vireo_unary {
    VIREO_IDENTITY,
    VIREO_GELU,      /* x/2 · (1 + erf(x/√2)), Hendrycks and Gimpel 2016 */
    VIREO_GELU_TANH, /* its tanh approximation */
    VIREO_RELU,
    VIREO_SILU,      /* x · sigmoid(x) */
    VIREO_TANH,
    VIREO_SIGMOID,
} vireo_unary;
typedef enum vireo_binary {
    VIREO_ADD,
    VIREO_MUL,
    VIREO_SILU_MUL, /* silu(a) · b: SwiGLU (Shazeer 2020) */
} vireo_binary;
typedef enum vireo_bag { VIREO_BAG_SUM, VIREO_BAG_MEAN } vireo_bag;
typedef enum vireo_scatter { VIREO_SCATTER_SET, VIREO_SCATTER_ADD } vireo_scatter;
typedef enum vireo_reduction {
    VIREO_REDUCE_SUM,
    VIREO_REDUCE_MEAN,
    VIREO_REDUCE_MAX,
    VIREO_REDUCE_MIN,
    VIREO_REDUCE_ARGMAX,
} vireo_reduction;
typedef enum vireo_pooling { VIREO_POOL_MEAN, VIREO_POOL_MAX, VIREO_POOL_FIRST } vireo_pooling;

/* out = activation(op(a)·op(b) + bias) + residual; op transposes the last two dimensions.
 * a: (M, K) or (B, M, K) f32; b: (K, N), or (B, K, N) with a batched a; f32, or a constant without a
 * batch: f16, bf16 and, if transposed, q8_0 or q4_0. bias: (N). residual: out's shape. out: (M, N) or
 * (B, M, N). */
typedef struct vireo_matmul_args {
    bool transpose_a, transpose_b;
    vireo_value bias, residual;
    vireo_unary activation;
} vireo_matmul_args;
vireo_value vireo_matmul(vireo_graph *, vireo_value a, vireo_value b, const vireo_matmul_args *);
/* PyTorch's Linear: weight (N, K), bias (N) or none. */
vireo_value vireo_linear(vireo_graph *, vireo_value x, vireo_value weight, vireo_value bias);

/* Scaled dot-product attention over a packed batch (Vaswani et al. 2017): q, k, v: (tokens,
 * n_heads·head_dim); offsets: (sequences + 1) i32 cumulative lengths, offsets[0] = 0, last = tokens.
 * Every token attends to all tokens of its own sequence. scale 0: 1/√head_dim. head_dim 1..256. */
vireo_value vireo_attention(vireo_graph *, vireo_value q, vireo_value k, vireo_value v,
                            vireo_value offsets, uint32_t n_heads, float scale);
/* All of it. q: (tokens, n_heads·head_dim); k: (keys, n_kv_heads·head_dim); v: (keys,
 * n_kv_heads·value_dim) → (tokens, n_heads·value_dim); head_dim and value_dim 1..256. Query head h reads
 * key head h / (n_heads / n_kv_heads) (grouped queries, Ainslie et al. 2023).
 *   score = soft_cap·tanh(q·k·scale / soft_cap) + bias, without a soft_cap: q·k·scale + bias
 *   out = Σ weight·v, weight = softmax of the scores, or silu(score) / pointwise (HSTU, Zhai et al. 2024)
 * Positions are counted so that the last query of a sequence stands where its last key does: with more
 * keys than queries the queries are the last ones. A query at i sees the key at j if causal is off or j
 * ≤ i, and if window is 0 or |i - j| < window (itself included). A query that sees no key, and a token
 * of no sequence, gives zeros. Whatever the offsets say, nothing outside of k and v is read. */
typedef struct vireo_attention_args {
    uint32_t n_heads;
    uint32_t n_kv_heads;     /* a divisor of n_heads; 0: n_heads */
    float scale;             /* 0: 1/√head_dim */
    bool causal;
    uint32_t window;         /* at most 2^30; 0: none */
    float soft_cap;          /* Gemma 2's; 0: none */
    float pointwise;         /* 0: softmax */
    vireo_value key_offsets; /* (sequences + 1) i32 as offsets, of the keys; none: those of the queries */
    /* (n_heads or 1, 2·L - 1) f32, finite: what is added at distance d = j - i is entry d + L - 1, the
     * first or last one beyond ±(L - 1). T5's and HSTU's bias by position, written out by distance. */
    vireo_value bias;
} vireo_attention_args;
vireo_value vireo_attention_with(vireo_graph *, vireo_value q, vireo_value k, vireo_value v,
                                 vireo_value offsets, const vireo_attention_args *);
/* Rotary position embedding (Su et al. 2021) of x (tokens, n_heads·head_dim) at positions (tokens) i32.
 * table: (positions, rotary_dim) f32, row p holds cos and sin of the angle of pair 0, then of pair 1, ...
 * Pair (a, b) becomes (a·cos - b·sin, a·sin + b·cos); rotary_dim is even and at most head_dim, the
 * rest of a head is copied. A position that is no row of the table fails the run, as for
 * embedding. */
typedef enum vireo_rope_style {
    VIREO_ROPE_ADJACENT, /* pair i: elements 2i and 2i + 1 (RoFormer, GPT-J, Llama's own weights) */
    VIREO_ROPE_HALVES,   /* pair i: elements i and i + rotary_dim / 2 (GPT-NeoX, Hugging Face's Llama) */
} vireo_rope_style;
vireo_value vireo_rope(vireo_graph *, vireo_value x, vireo_value positions, vireo_value table,
                       uint32_t n_heads, vireo_rope_style);
/* The usual table: the angle of pair i at position p is p / factor · theta^(-2i / rotary_dim), computed
 * in double precision, because devices need not compute sin and cos exactly enough. factor: linear
 * position interpolation (Chen et al. 2023); 1: none. The graph owns it. */
vireo_value vireo_rope_table(vireo_graph *, int64_t positions, uint32_t rotary_dim, double theta,
                             double factor);
/* (…, n); weight, bias: (n) or none (Ba et al. 2016). */
vireo_value vireo_layer_norm(vireo_graph *, vireo_value x, vireo_value weight, vireo_value bias,
                             float epsilon);
/* x / √(mean of x² + epsilon) · weight over the last dimension (Zhang and Sennrich 2019); weight: (n) or
 * none. */
vireo_value vireo_rms_norm(vireo_graph *, vireo_value x, vireo_value weight, float epsilon);
/* x / max(‖x‖₂, epsilon) over the last dimension. */
vireo_value vireo_l2_normalize(vireo_graph *, vireo_value x, float epsilon);
/* table: (rows, n) f32, or a constant of any dtype but i32; ids: (k) i32 → (k, n). An id out of range fails the run
 * (INVALID_ARGUMENT: found on the device, nothing is read outside the table). A table larger than a
 * binding is read slab by slab. */
vireo_value vireo_embedding(vireo_graph *, vireo_value table, vireo_value ids);
/* The same from an activation. */
vireo_value vireo_gather_rows(vireo_graph *, vireo_value x, vireo_value ids);
/* Rows of table (rows, n) f32 or f16, summed or averaged bag by bag: ids (k) i32; offsets (bags + 1) i32
 * cumulative lengths; weights (k) f32 or none, multiplied before the sum → (bags, n). An empty bag gives
 * zeros. Sums run in the order of the ids. Ids as for embedding; offsets are clamped to what there is. */
vireo_value vireo_embedding_bag(vireo_graph *, vireo_bag, vireo_value table, vireo_value ids,
                                vireo_value offsets, vireo_value weights);
/* x (rows, n) with row ids[i] replaced by updates (k, n) row i, or that row added to it. Of equal ids the
 * last one replaces; sums run in the order of the ids, those of a row one after the other.
 * An id out of range fails the run. */
vireo_value vireo_scatter_rows(vireo_graph *, vireo_scatter, vireo_value x, vireo_value ids,
                               vireo_value updates);
vireo_value vireo_unary_op(vireo_graph *, vireo_unary, vireo_value x);
/* x · factor + shift */
vireo_value vireo_scale(vireo_graph *, vireo_value x, float factor, float shift);
/* Broadcasts as NumPy does; a dynamic dimension only with itself or with 1. */
vireo_value vireo_binary_op(vireo_graph *, vireo_binary, vireo_value a, vireo_value b);
/* exp(x · scale) / Σ exp(x · scale) over the last dimension; scale above 0; infinities count as
 * ±FLT_MAX. deny (may be none), i32 bits as for top_k: x's shape with the last dimension ⌈n/32⌉, or one
 * row for all. What is denied gives 0 and is not in the sum; a row where all is denied gives zeros. For
 * a mask that is added, vireo_binary_op before. Rows of any width that fits a binding. */
vireo_value vireo_softmax(vireo_graph *, vireo_value x, float scale, vireo_value deny);
/* Its natural logarithm, not by way of it: exact where softmax is 0. Denied: -FLT_MAX. */
vireo_value vireo_log_softmax(vireo_graph *, vireo_value x, float scale, vireo_value deny);
/* Over the last dimension, which is dropped: (…, n) → (…), (n) → a scalar, dynamic or not. ARGMAX gives
 * i32, ties to the lower index. As for top_k, NaN is below every number: MAX and ARGMAX pass it over,
 * MIN gives it. n = 0: SUM and MEAN 0, MAX -FLT_MAX, MIN FLT_MAX, ARGMAX -1. */
vireo_value vireo_reduce(vireo_graph *, vireo_reduction, vireo_value x);
/* Sums of the elements up to each over the last dimension, itself among them unless exclusive; x's
 * shape. Long sums are taken in pieces, in the same order whatever the other rows are. */
vireo_value vireo_cumsum(vireo_graph *, vireo_value x, bool exclusive);
/* x: (tokens, n); offsets: (sequences + 1) i32 as for attention → (sequences, n). An empty sequence
 * gives zeros. */
vireo_value vireo_pool(vireo_graph *, vireo_pooling, vireo_value x, vireo_value offsets);
/* The next four take f32 or i32. Where memory allows, what reshape and slice give is a view: nothing is
 * copied. A dynamic first dimension stays as it is and cannot be cut or joined. */
/* The same elements in row-major order. */
vireo_value vireo_reshape(vireo_graph *, vireo_value x, uint32_t rank, const int64_t *shape);
/* `size` elements from `start` of dimension `axis`. */
vireo_value vireo_slice(vireo_graph *, vireo_value x, uint32_t axis, int64_t start, int64_t size);
/* Dimension i of the result is dimension axes[i] of x (as many as x has). */
vireo_value vireo_transpose(vireo_graph *, vireo_value x, const uint32_t *axes);
/* Shapes are equal but for dimension `axis`. */
vireo_value vireo_concat(vireo_graph *, const vireo_value *values, size_t n, uint32_t axis);
/* The k largest of each row of scores (rows, n), largest first, ties to the lower index; exact; k ≤
 * 1024. deny (may be none): (rows or 1, ⌈n/32⌉) i32, bit i%32 of word i/32 set: i is never taken.
 * values: (rows, k) f32; indices: (rows, k) i32. Past the last allowed one: -FLT_MAX and -1. */
typedef struct vireo_top_k_result {
    vireo_value values, indices;
} vireo_top_k_result;
vireo_top_k_result vireo_top_k(vireo_graph *, vireo_value scores, uint32_t k, vireo_value deny);

/* ---- Architectures ------------------------------------------------------------------------- */

/* One in models/<name>.c each, listed in models/models.list.h. */
typedef struct vireo_architecture {
    const char *name; /* config.json's model_type */
    /* Builds inputs, ops and outputs. Hyper-parameters are checked here; a fault goes into the graph. */
    void (*build)(vireo_graph *, const vireo_source *);
} vireo_architecture;

#ifdef __cplusplus
}
#endif
#endif
