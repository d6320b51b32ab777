/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VR_OPS_ATTENTION_H
#define VR_OPS_ATTENTION_H
#include "ops/op.h"

enum { Q, K, V, OFFSETS, KEY_OFFSETS, BIAS }; /* operands */

static inline uint32_t head_dim(const vr_call *c)
{
    return (uint32_t)vr_value_width(c->in[Q]) / c->at.attention.n_heads;
}

static inline uint32_t value_dim(const vr_call *c)
{
    return (uint32_t)vr_value_width(c->in[V]) / c->at.attention.n_kv_heads;
}

/* Query heads a key head. */
static inline uint32_t group(const vr_call *c)
{
    return c->at.attention.n_heads / c->at.attention.n_kv_heads;
}

void vr_attention_reference(const vr_ref_args *);
#endif
