/* SPDX-License-Identifier: Apache-2.0
 * The public op builders: arguments to attributes. Shapes and dtypes are the ops' own business. */
#include "graph/graph.h"
#include <math.h>

enum { MOST_POSITIONS = 1 << 24, MOST_ROTARY = 256 };

static vireo_value add_one(vireo_graph *g, vr_op_id op, const vr_attributes *at,
                           const vireo_value *in, size_t n_in)
{
    vireo_value out;
    vr_graph_add(g, op, at, in, n_in, &out);
    return out;
}

vireo_value vireo_matmul(vireo_graph *g, vireo_value a, vireo_value b,
                         const vireo_matmul_args *args)
{
    const vireo_matmul_args none = {0};
    if (!args)
        args = &none;
    const vr_attributes at = {.matmul = {.transpose_a = args->transpose_a,
                                         .transpose_b = args->transpose_b,
                                         .activation = args->activation}};
    const vireo_value in[] = {a, b, args->bias, args->residual};
    return add_one(g, VR_OP_MATMUL, &at, in, 4);
}

vireo_value vireo_linear(vireo_graph *g, vireo_value x, vireo_value weight, vireo_value bias)
{
    return vireo_matmul(g, x, weight,
                        &(vireo_matmul_args){.transpose_b = true, .bias = bias});
}

vireo_value vireo_attention(vireo_graph *g, vireo_value q, vireo_value k, vireo_value v,
                            vireo_value offsets, uint32_t n_heads, float scale)
{
    return vireo_attention_with(g, q, k, v, offsets,
                                &(vireo_attention_args){.n_heads = n_heads, .scale = scale});
}

vireo_value vireo_attention_with(vireo_graph *g, vireo_value q, vireo_value k, vireo_value v,
                                 vireo_value offsets, const vireo_attention_args *args)
{
    const vr_attributes at = {
        .attention = {.n_heads = args->n_heads,
                      .n_kv_heads = args->n_kv_heads ? args->n_kv_heads : args->n_heads,
                      .scale = args->scale,
                      .causal = args->causal,
                      .window = args->window,
                      .soft_cap = args->soft_cap,
                      .pointwise = args->pointwise}};
    const vireo_value in[] = {q, k, v, offsets, args->key_offsets, args->bias};
    return add_one(g, VR_OP_ATTENTION, &at, in, 6);
}

vireo_value vireo_rope(vireo_graph *g, vireo_value x, vireo_value positions, vireo_value table,
                       uint32_t n_heads, vireo_rope_style style)
{
    const vr_attributes at = {.rope = {.n_heads = n_heads, .style = style}};
    const vireo_value in[] = {x, positions, table};
    return add_one(g, VR_OP_ROPE, &at, in, 3);
}

vireo_value vireo_rope_table(vireo_graph *g, int64_t positions, uint32_t rotary_dim, double theta,
                             double factor)
{
    if (g->fault.status)
        return VIREO_NONE;
    if (positions < 0 || positions > MOST_POSITIONS || rotary_dim % 2 || rotary_dim < 2 ||
        rotary_dim > MOST_ROTARY)
        return vireo_graph_fail(g, VIREO_ERROR_INVALID_ARGUMENT,
                                "rope table: %lld positions of %u elements, allowed 0 to %d and an "
                                "even number from 2 to %d",
                                (long long)positions, rotary_dim, MOST_POSITIONS, MOST_ROTARY);
    if (!(isfinite(theta) && theta > 0 && isfinite(factor) && factor > 0))
        return vireo_graph_fail(g, VIREO_ERROR_INVALID_ARGUMENT,
                                "rope table: theta %g and factor %g must be finite and above 0",
                                theta, factor);
    vireo_tensor t = {.dtype = VIREO_F32, .rank = 2, .shape = {positions, rotary_dim},
                      .bytes = (size_t)positions * rotary_dim * sizeof(float)};
    float *to = t.data = vr_arena_alloc(&g->arena, t.bytes ? t.bytes : 1);
    if (!to)
        return vireo_graph_fail(g, VIREO_ERROR_OUT_OF_MEMORY, "rope table: %zu bytes", t.bytes);
    for (int64_t p = 0; p < positions; p++)
        for (uint32_t i = 0; i < rotary_dim; i += 2) {
            const double angle = (double)p / factor * pow(theta, -(double)i / rotary_dim);
            *to++ = (float)cos(angle);
            *to++ = (float)sin(angle);
        }
    return vireo_graph_constant(g, "rope table", &t);
}

vireo_value vireo_layer_norm(vireo_graph *g, vireo_value x, vireo_value weight, vireo_value bias,
                             float epsilon)
{
    const vr_attributes at = {.norm = {.kind = VR_NORM_LAYER, .epsilon = epsilon}};
    const vireo_value in[] = {x, weight, bias};
    return add_one(g, VR_OP_NORM, &at, in, 3);
}

vireo_value vireo_rms_norm(vireo_graph *g, vireo_value x, vireo_value weight, float epsilon)
{
    const vr_attributes at = {.norm = {.kind = VR_NORM_RMS, .epsilon = epsilon}};
    const vireo_value in[] = {x, weight};
    return add_one(g, VR_OP_NORM, &at, in, 2);
}

vireo_value vireo_l2_normalize(vireo_graph *g, vireo_value x, float epsilon)
{
    const vr_attributes at = {.norm = {.kind = VR_NORM_L2, .epsilon = epsilon}};
    return add_one(g, VR_OP_NORM, &at, &x, 1);
}

vireo_value vireo_embedding(vireo_graph *g, vireo_value table, vireo_value ids)
{
    const vr_attributes at = {0};
    const vireo_value in[] = {table, ids};
    return add_one(g, VR_OP_EMBEDDING, &at, in, 2);
}

vireo_value vireo_gather_rows(vireo_graph *g, vireo_value x, vireo_value ids)
{
    return vireo_embedding(g, x, ids);
}

vireo_value vireo_embedding_bag(vireo_graph *g, vireo_bag op, vireo_value table, vireo_value ids,
                                vireo_value offsets, vireo_value weights)
{
    const vr_attributes at = {.bag = {.op = op}};
    const vireo_value in[] = {table, ids, offsets, weights};
    return add_one(g, VR_OP_EMBEDDING_BAG, &at, in, 4);
}

vireo_value vireo_scatter_rows(vireo_graph *g, vireo_scatter op, vireo_value x, vireo_value ids,
                               vireo_value updates)
{
    const vr_attributes at = {.scatter = {.op = op}};
    const vireo_value in[] = {x, ids, updates};
    return add_one(g, VR_OP_SCATTER_ROWS, &at, in, 3);
}

vireo_value vireo_unary_op(vireo_graph *g, vireo_unary op, vireo_value x)
{
    const vr_attributes at = {.unary = {.op = op, .factor = 1.0f}};
    return add_one(g, VR_OP_UNARY, &at, &x, 1);
}

vireo_value vireo_scale(vireo_graph *g, vireo_value x, float factor, float shift)
{
    const vr_attributes at = {.unary = {.factor = factor, .shift = shift}};
    return add_one(g, VR_OP_UNARY, &at, &x, 1);
}

vireo_value vireo_binary_op(vireo_graph *g, vireo_binary op, vireo_value a, vireo_value b)
{
    const vr_attributes at = {.binary = {.op = op}};
    const vireo_value in[] = {a, b};
    return add_one(g, VR_OP_BINARY, &at, in, 2);
}

vireo_value vireo_pool(vireo_graph *g, vireo_pooling op, vireo_value x, vireo_value offsets)
{
    const vr_attributes at = {.pool = {.op = op}};
    const vireo_value in[] = {x, offsets};
    return add_one(g, VR_OP_POOL, &at, in, 2);
}

static vireo_value softmax(vireo_graph *g, vireo_value x, float scale, vireo_value deny, bool log)
{
    const vr_attributes at = {.softmax = {.scale = scale, .log = log}};
    const vireo_value in[] = {x, deny};
    return add_one(g, VR_OP_SOFTMAX, &at, in, 2);
}

vireo_value vireo_softmax(vireo_graph *g, vireo_value x, float scale, vireo_value deny)
{
    return softmax(g, x, scale, deny, false);
}

vireo_value vireo_log_softmax(vireo_graph *g, vireo_value x, float scale, vireo_value deny)
{
    return softmax(g, x, scale, deny, true);
}

vireo_value vireo_reduce(vireo_graph *g, vireo_reduction op, vireo_value x)
{
    const vr_attributes at = {.reduce = {.op = op}};
    return add_one(g, VR_OP_REDUCE, &at, &x, 1);
}

vireo_value vireo_cumsum(vireo_graph *g, vireo_value x, bool exclusive)
{
    const vr_attributes at = {.cumsum = {.exclusive = exclusive}};
    return add_one(g, VR_OP_CUMSUM, &at, &x, 1);
}

vireo_value vireo_reshape(vireo_graph *g, vireo_value x, uint32_t rank, const int64_t *shape)
{
    vr_attributes at = {.reshape = {.rank = rank}};
    for (uint32_t i = 0; i < rank && i < VIREO_MAX_RANK; i++)
        at.reshape.shape[i] = shape[i];
    return add_one(g, VR_OP_RESHAPE, &at, &x, 1);
}

vireo_value vireo_slice(vireo_graph *g, vireo_value x, uint32_t axis, int64_t start, int64_t size)
{
    const vr_attributes at = {.slice = {.axis = axis, .start = start, .size = size}};
    return add_one(g, VR_OP_SLICE, &at, &x, 1);
}

vireo_value vireo_transpose(vireo_graph *g, vireo_value x, const uint32_t *axes)
{
    vr_attributes at = {0};
    const uint32_t rank = x.id && x.id < g->n_values ? g->values[x.id].v.rank : 0;
    for (uint32_t i = 0; i < rank; i++)
        at.transpose.axes[i] = axes[i];
    return add_one(g, VR_OP_TRANSPOSE, &at, &x, 1);
}

vireo_value vireo_concat(vireo_graph *g, const vireo_value *values, size_t n, uint32_t axis)
{
    const vr_attributes at = {.concat = {.axis = axis}};
    vireo_value in[VR_MAX_IN] = {{0}};
    size_t count = 0;
    if (n == 0)
        return vireo_graph_fail(g, VIREO_ERROR_INVALID_ARGUMENT, "concat: no values");
    for (size_t i = 0; i < n; i++) {
        if (count == VR_MAX_IN) {
            in[0] = add_one(g, VR_OP_CONCAT, &at, in, count);
            count = 1;
        }
        if (!values[i].id && !g->fault.status)
            return vireo_graph_fail(g, VIREO_ERROR_INVALID_ARGUMENT,
                                    "concat: value %zu is not a value of this graph", i);
        in[count++] = values[i];
    }
    return add_one(g, VR_OP_CONCAT, &at, in, count);
}

vireo_top_k_result vireo_top_k(vireo_graph *g, vireo_value scores, uint32_t k, vireo_value deny)
{
    const vr_attributes at = {.top_k = {.k = k}};
    const vireo_value in[] = {scores, deny};
    vireo_value out[2];
    vr_graph_add(g, VR_OP_TOP_K, &at, in, 2, out);
    return (vireo_top_k_result){out[0], out[1]};
}
