/* SPDX-License-Identifier: Apache-2.0 */
#include "op_classes.h"

static bool is_prime(int64_t n)
{
    for (int64_t i = 2; i * i <= n; i++)
        if (n % i == 0)
            return false;
    return n > 1;
}

static uint32_t classes_of_value(const vr_value *v)
{
    const int64_t width = v->rank == 1 ? v->count : vr_value_width(v);
    uint32_t found = (width > 4 && is_prime(width) ? 1u << OP_PRIME : 0) |
                     (width % 4 ? 1u << OP_RAGGED : 0) |
                     (v->symbol != VR_NO_SYMBOL ? 1u << OP_DYNAMIC : 0);
    for (uint32_t d = 0; d < v->rank; d++) {
        const int64_t n = d == 0 ? v->count : v->shape[d];
        found |= (n == 0 ? 1u << OP_EMPTY : 0) | (n == 1 ? 1u << OP_ONE : 0) |
                 (n > 8 && ((n - 1) & (n - 2)) == 0 ? 1u << OP_TILE : 0);
    }
    return found;
}

static uint32_t class_of_fill(const op_operand *o)
{
    switch (o->fill) {
    case FILL_HUGE:
        return 1u << OP_HUGE;
    case FILL_TINY:
        return 1u << OP_TINY;
    case FILL_DENORMAL:
        return 1u << OP_DENORMAL;
    case FILL_SMALL: /* scales of blocks */
        return vireo_dtype_block(o->dtype) > 1 ? 1u << OP_DENORMAL : 0;
    case FILL_CANCEL:
    case FILL_CANCEL_ROWS:
        return 1u << OP_CANCEL;
    default:
        return 0;
    }
}

static uint32_t class_of_bytes(const vr_value *v)
{
    const int64_t width = v->rank == 1 ? v->count : vr_value_width(v);
    const size_t rows = v->rank == 1 ? 1 : (size_t)vr_value_rows_now(v);
    return rows * vireo_dtype_row_bytes(v->dtype, width) > (size_t)128 << 20 ? 1u << OP_LARGE : 0;
}

uint32_t op_classes_of(const op_case *c, const vr_call *call, const vireo_session *s, const vr_bucket *b)
{
    const vireo_graph *g = s->model->graph;
    const vr_node *node = &g->nodes[g->n_nodes - 1];
    const vr_step_node *n = &b->nodes[g->n_nodes - 1];
    uint32_t found = 0;
    for (uint32_t i = 0; i < VR_MAX_IN; i++)
        if (call->in[i])
            found |= classes_of_value(call->in[i]) | class_of_bytes(call->in[i]) |
                     class_of_fill(&c->in[i]) | (b->values[node->in[i]].pitch ? 1u << OP_VIEW : 0);
    for (uint32_t i = 0; i < VR_MAX_OUT; i++)
        if (call->out[i])
            found |= classes_of_value(call->out[i]) | class_of_bytes(call->out[i]);
    for (size_t i = n->first; i < n->first + n->n_dispatches; i++) {
        const vr_dispatch *d = &s->launches.list[i];
        found |= (uint64_t)d->groups[0] * d->groups[1] * d->groups[2] > 65535 ? 1u << OP_GROUPS : 0;
        for (int j = 0; j < VR_KERNEL_BINDINGS; j++)
            found |= d->range[j].bytes ? 1u << OP_SLABS : 0;
    }
    return found;
}
