/* SPDX-License-Identifier: Apache-2.0
 * Fusion: two nodes, the first of whose results only the second reads, become one that does the
 * same. A row of the table is a pair of ops; chains fuse step by step, for what comes of a pair
 * stands where its second node stood, and may be the first of the next. */
#include "graph/graph.h"
#include <string.h>

enum { A, B, BIAS, RESIDUAL }; /* inputs of matmul */

/* Makes `*out`, which begins as `first`, the node that does what first and then `last` do; `which`:
 * the operand of last that first's result is. false: there is none. */
typedef bool (*merge_fn)(const vireo_graph *, const vr_node *last, uint32_t which, vr_node *out);

static bool is_plain(const vr_node *unary)
{
    return unary->at.unary.factor == 1.0f && unary->at.unary.shift == 0.0f;
}

/* a·b, then + bias or + residual. */
static bool add_to_matmul(const vireo_graph *g, const vr_node *last, uint32_t which, vr_node *out)
{
    const uint32_t other = last->in[1 - which];
    if (last->at.binary.op != VIREO_ADD || out->in[RESIDUAL])
        return false;
    const bool bias = g->values[other].v.rank == 1 && !out->in[BIAS] &&
                      out->at.matmul.activation == VIREO_IDENTITY;
    out->in[bias ? BIAS : RESIDUAL] = other;
    return true;
}

static bool activate_matmul(const vireo_graph *g, const vr_node *last, uint32_t which, vr_node *out)
{
    (void)g;
    (void)which;
    if (!is_plain(last) || out->at.matmul.activation != VIREO_IDENTITY || out->in[RESIDUAL])
        return false;
    out->at.matmul.activation = last->at.unary.op;
    return true;
}

/* b turned, then a·b; or a turned, which then is not. */
static bool turn_matmul(const vireo_graph *g, const vr_node *last, uint32_t which, vr_node *out)
{
    const uint32_t x = out->in[0], rank = g->values[x].v.rank;
    const uint32_t *axes = out->at.transpose.axes;
    bool swap = rank >= 2 && which <= B && axes[rank - 1] == rank - 2 && axes[rank - 2] == rank - 1;
    if (!swap || (rank == 3 && axes[0] != 0) || rank > 3 ||
        (which == A && !last->at.matmul.transpose_a))
        return false;
    *out = *last;
    out->in[which] = x;
    if (which == A)
        out->at.matmul.transpose_a = false;
    else
        out->at.matmul.transpose_b = !last->at.matmul.transpose_b;
    return true;
}

/* x · factor + shift, then a function of it. */
static bool scale_first(const vireo_graph *g, const vr_node *last, uint32_t which, vr_node *out)
{
    (void)g;
    (void)which;
    if (out->at.unary.op != VIREO_IDENTITY || !is_plain(last))
        return false;
    out->at.unary.op = last->at.unary.op;
    return true;
}

/* silu(a), then · b. */
static bool gate(const vireo_graph *g, const vr_node *last, uint32_t which, vr_node *out)
{
    (void)g;
    if (out->at.unary.op != VIREO_SILU || !is_plain(out) || last->at.binary.op != VIREO_MUL)
        return false;
    const uint32_t a = out->in[0];
    *out = *last;
    out->at.binary.op = VIREO_SILU_MUL;
    out->in[0] = a;
    out->in[1] = last->in[1 - which];
    return true;
}

static const struct {
    vr_op_id first, last;
    merge_fn merge;
} patterns[] = {
    {VR_OP_MATMUL, VR_OP_BINARY, add_to_matmul},
    {VR_OP_MATMUL, VR_OP_UNARY, activate_matmul},
    {VR_OP_TRANSPOSE, VR_OP_MATMUL, turn_matmul},
    {VR_OP_UNARY, VR_OP_UNARY, scale_first},
    {VR_OP_UNARY, VR_OP_BINARY, gate},
};

/* Who makes and who reads a value. */
typedef struct link {
    uint32_t maker; /* node index + 1; 0: an input or constant */
    uint32_t reads; /* operands and outputs */
} link;

/* Whether the op takes the node's operands, and makes of them what the graph has in its place. */
static bool is_valid(const vireo_graph *g, const vr_node *node)
{
    vr_value result = {.symbol = VR_NO_SYMBOL};
    vr_call call;
    vr_node_call(g, node, NULL, NULL, &call);
    const vr_value *wanted = call.out[0];
    call.out[0] = &result;
    return !vr_ops[node->op]->infer(&call, NULL) && !result.derive &&
           result.dtype == wanted->dtype && result.symbol == wanted->symbol &&
           vr_value_same_shape(&result, wanted);
}

/* Tries to make one of node `last` and the one that made its operand `which`. */
static bool fuse_pair(vireo_graph *g, const link *links, size_t last, uint32_t which, bool *gone)
{
    vr_node *node = &g->nodes[last];
    const uint32_t value = node->in[which];
    if (!value || !links[value].maker || links[value].reads != 1)
        return false;
    const size_t first = links[value].maker - 1;
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        vr_node fused = g->nodes[first];
        if (patterns[i].first != fused.op || patterns[i].last != node->op ||
            !patterns[i].merge(g, node, which, &fused))
            continue;
        memcpy(fused.out, node->out, sizeof fused.out);
        if (!is_valid(g, &fused))
            continue;
        *node = fused;
        gone[first] = true;
        return true;
    }
    return false;
}

/* Until nothing before node `last` can become part of it. */
static void fuse_into(vireo_graph *g, const link *links, size_t last, bool *gone)
{
    for (uint32_t which = 0; which < VR_MAX_IN; which++)
        if (fuse_pair(g, links, last, which, gone))
            which = UINT32_MAX; /* from the first operand again: the node is another one now */
}

static void count_links(const vireo_graph *g, link *links)
{
    for (size_t i = 0; i < g->n_nodes; i++) {
        for (size_t j = 0; j < VR_MAX_IN; j++)
            links[g->nodes[i].in[j]].reads++;
        for (size_t j = 0; j < VR_MAX_OUT; j++)
            links[g->nodes[i].out[j]].maker = (uint32_t)i + 1;
    }
    for (size_t i = 0; i < g->n_outputs; i++)
        links[g->outputs[i].value].reads++;
}

vireo_status vr_graph_fuse(vireo_graph *g, vireo_error *err)
{
    link *links = vr_calloc(g->allocator, g->n_values + 1, sizeof *links);
    bool *gone = vr_calloc(g->allocator, g->n_nodes + 1, sizeof *gone);
    size_t kept = 0;
    const bool memory = links && gone;
    if (memory) {
        count_links(g, links);
        for (size_t i = 0; i < g->n_nodes; i++)
            fuse_into(g, links, i, gone);
        for (size_t i = 0; i < g->n_nodes; i++)
            if (!gone[i])
                g->nodes[kept++] = g->nodes[i];
        g->n_nodes = kept;
    }
    vr_free(g->allocator, links);
    vr_free(g->allocator, gone);
    return memory ? VIREO_OK : vr_fail_memory(err, "fusion");
}
