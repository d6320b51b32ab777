/* SPDX-License-Identifier: Apache-2.0
 * The public op builders: arguments to attributes. Shapes and dtypes are the ops' own business. */
#include "graph/graph.h"

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
    const vr_attributes at = {.attention = {.n_heads = n_heads, .scale = scale}};
    const vireo_value in[] = {q, k, v, offsets};
    return add_one(g, VR_OP_ATTENTION, &at, in, 4);
}

vireo_value vireo_layer_norm(vireo_graph *g, vireo_value x, vireo_value weight, vireo_value bias,
                             float epsilon)
{
    const vr_attributes at = {.norm = {.epsilon = epsilon}};
    const vireo_value in[] = {x, weight, bias};
    return add_one(g, VR_OP_LAYER_NORM, &at, in, 3);
}

vireo_value vireo_l2_normalize(vireo_graph *g, vireo_value x, float epsilon)
{
    const vr_attributes at = {.norm = {.epsilon = epsilon}};
    return add_one(g, VR_OP_L2_NORMALIZE, &at, &x, 1);
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

vireo_top_k_result vireo_top_k(vireo_graph *g, vireo_value scores, uint32_t k, vireo_value deny)
{
    const vr_attributes at = {.top_k = {.k = k}};
    const vireo_value in[] = {scores, deny};
    vireo_value out[2];
    vr_graph_add(g, VR_OP_TOP_K, &at, in, 2, out);
    return (vireo_top_k_result){out[0], out[1]};
}
