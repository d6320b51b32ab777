/* SPDX-License-Identifier: Apache-2.0
 * Layout of weights, chosen over all their uses, before they are uploaded. */
#include "run/model.h"

static bool turns(const vr_node *n, uint32_t id)
{
    return n->op == VR_OP_MATMUL && n->at.matmul.transpose_b && !n->at.matmul.transpose_a &&
           n->in[1] == id && n->in[0] != id && n->in[2] != id && n->in[3] != id;
}

static bool uses(const vr_node *n, uint32_t id)
{
    for (int i = 0; i < VR_MAX_IN; i++)
        if (n->in[i] == id)
            return true;
    return false;
}

void vr_turn_weights(vireo_graph *g, const vireo_device_info *limits)
{
    for (uint32_t id = 1; id < g->n_values; id++) {
        vr_graph_value *c = &g->values[id];
        if (c->v.kind != VR_CONSTANT || c->v.rank != 2)
            continue;
        const uint64_t quads = (uint64_t)c->v.shape[1] * (((uint64_t)c->v.shape[0] + 3) / 4);
        bool turn = quads <= limits->max_texel_elements, used = false;
        for (size_t i = 0; turn && i < g->n_nodes; i++)
            if (uses(&g->nodes[i], id)) {
                used = true;
                turn = turns(&g->nodes[i], id);
            }
        if (!turn || !used)
            continue;
        const int64_t rows = c->v.shape[0];
        c->v.shape[0] = c->v.shape[1];
        c->v.shape[1] = rows;
        c->v.count = c->v.shape[0];
        c->transposed = true;
        for (size_t i = 0; i < g->n_nodes; i++)
            if (uses(&g->nodes[i], id))
                g->nodes[i].at.matmul.transpose_b = false;
    }
}
