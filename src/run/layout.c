/* SPDX-License-Identifier: Apache-2.0
 * Layout of weights, chosen over all their uses, before they are uploaded. */
#include "ops/matmul.h"
#include "run/model.h"

/* Whether node n uses the constant as nothing but the right side of a matmul, transposed or not. */
static bool is_right_side(const vr_node *n, uint32_t id, bool transposed)
{
    return n->op == VR_OP_MATMUL && n->at.matmul.transpose_b == transposed &&
           !n->at.matmul.transpose_a && n->in[1] == id && n->in[0] != id && n->in[2] != id &&
           n->in[3] != id;
}

static bool uses(const vr_node *n, uint32_t id)
{
    for (int i = 0; i < VR_MAX_IN; i++)
        if (n->in[i] == id)
            return true;
    return false;
}

/* Whether there are uses and all of them read it as is_right_side says. */
static bool all_right_sides(const vireo_graph *g, uint32_t id, bool transposed)
{
    bool used = false;
    for (size_t i = 0; i < g->n_nodes; i++) {
        if (!uses(&g->nodes[i], id))
            continue;
        if (!is_right_side(&g->nodes[i], id, transposed))
            return false;
        used = true;
    }
    return used;
}

/* Whether it is multiplied with single rows, or has so few columns, that lanes share sums and so take (N, K). */
static bool of_shared_sums(const vireo_graph *g, uint32_t id, const vireo_device_info *limits)
{
    const vr_value *b = &g->values[id].v;
    for (size_t i = 0; i < g->n_nodes; i++) {
        const vr_value *a = &g->values[g->nodes[i].in[0]].v;
        if (uses(&g->nodes[i], id) &&
            (a->rank != 2 || (a->shape[0] != 1 && b->shape[0] > VR_MATMUL_NARROW)))
            return false;
    }
    const bool words = b->dtype != VIREO_F32 && vr_value_row_bytes(b) % 16 != 0; /* not whole ones */
    return !words && vr_matmul_shares_sums(limits, b->dtype, 1, b->shape[0], b->shape[1]);
}

static void turn(vireo_graph *g, uint32_t id, bool transposed)
{
    vr_graph_value *c = &g->values[id];
    const int64_t rows = c->v.shape[0];
    c->v.shape[0] = c->v.shape[1];
    c->v.shape[1] = rows;
    c->v.count = c->v.shape[0];
    c->transposed = true;
    for (size_t i = 0; i < g->n_nodes; i++)
        if (uses(&g->nodes[i], id))
            g->nodes[i].at.matmul.transpose_b = transposed;
}

void vr_turn_weights(vireo_graph *g, const vireo_device_info *limits)
{
    for (uint32_t id = 1; id < g->n_values; id++) {
        const vr_value *v = &g->values[id].v;
        if (v->kind != VR_CONSTANT || v->rank != 2)
            continue;
        const bool packed = vr_is_packed(v->dtype), block = vireo_dtype_block(v->dtype) > 1;
        const uint64_t turned_quads = (uint64_t)v->shape[1] * (((uint64_t)v->shape[0] + 3) / 4);
        if (!packed && turned_quads <= limits->max_texel_elements && all_right_sides(g, id, true) &&
            !of_shared_sums(g, id, limits))
            turn(g, id, false);
        else if (!block && vr_value_bytes(v) > limits->max_storage_binding_bytes &&
                 all_right_sides(g, id, false))
            turn(g, id, true);
    }
}
