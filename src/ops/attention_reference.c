/* SPDX-License-Identifier: Apache-2.0
 * Attention as the op defines it, in double precision. */
#include "ops/attention.h"
#include <math.h>

/* The keys [begin, end) of a query; at: the one that stands where it does, perhaps none. */
typedef struct span {
    int64_t begin, end, at;
} span;

/* As an unsigned number: a negative one is beyond every token. */
static int64_t offset_of(const vr_ref_args *r, uint32_t input, int64_t s)
{
    return (int64_t)(uint32_t)(int32_t)r->in[r->call->in[input] ? input : OFFSETS][s];
}

/* The sequence is the last one that does not begin behind the query, found by bisection: that also says
 * what offsets that decrease mean. */
static span keys_of(const vr_ref_args *r, int64_t query)
{
    const vr_call *c = r->call;
    const int64_t rows = c->in[Q]->count, key_rows = c->in[K]->count;
    int64_t low = 0, high = c->in[OFFSETS]->count - 1;
    if (high < 1)
        return (span){0};
    while (high - low > 1) {
        const int64_t middle = (low + high) / 2;
        if (offset_of(r, OFFSETS, middle) <= query)
            low = middle;
        else
            high = middle;
    }
    const int64_t begin = offset_of(r, OFFSETS, low);
    int64_t end = offset_of(r, OFFSETS, low + 1);
    end = end < rows ? end : rows;
    if (query < begin || query >= end)
        return (span){0};
    span keys = {offset_of(r, KEY_OFFSETS, low), offset_of(r, KEY_OFFSETS, low + 1), 0};
    keys.end = keys.end < key_rows ? keys.end : key_rows;
    keys.begin = keys.begin < keys.end ? keys.begin : keys.end;
    keys.at = keys.end - (end - query);
    return keys;
}

static bool sees(const vr_call *c, const span *keys, int64_t j)
{
    const int64_t distance = j - keys->at, window = c->at.attention.window;
    return (!c->at.attention.causal || distance <= 0) &&
           (window == 0 || (distance < window && distance > -window));
}

static double score_of(const vr_ref_args *r, int64_t query, const span *keys, int64_t j, size_t head)
{
    const vr_call *c = r->call;
    const size_t dim = head_dim(c), key_head = head / group(c);
    const double cap = (double)c->at.attention.soft_cap;
    const double *q = r->in[Q] + (size_t)query * (size_t)vr_value_width(c->in[Q]) + head * dim;
    const double *k = r->in[K] + (size_t)j * (size_t)vr_value_width(c->in[K]) + key_head * dim;
    double score = 0;
    for (size_t d = 0; d < dim; d++)
        score += q[d] * k[d];
    score *= c->at.attention.scale != 0 ? (double)c->at.attention.scale : 1 / sqrt((double)dim);
    if (cap > 0)
        score = cap * tanh(score / cap);
    if (c->in[BIAS]) {
        const int64_t width = vr_value_width(c->in[BIAS]), middle = width / 2;
        int64_t i = j - keys->at + middle;
        i = i < 0 ? 0 : i < width ? i : width - 1;
        score += r->in[BIAS][(c->in[BIAS]->shape[0] > 1 ? (int64_t)head * width : 0) + i];
    }
    return score;
}

static void attend(const vr_ref_args *r, int64_t query, size_t head)
{
    const vr_call *c = r->call;
    const span keys = keys_of(r, query);
    const size_t dim = value_dim(c), key_head = head / group(c);
    const double n = (double)c->at.attention.pointwise;
    double *out = r->out[0] + ((size_t)query * c->at.attention.n_heads + head) * dim;
    double most = -INFINITY, total = 0;
    for (size_t d = 0; d < dim; d++)
        out[d] = 0;
    for (int64_t j = keys.begin; j < keys.end; j++)
        if (sees(c, &keys, j))
            most = fmax(most, score_of(r, query, &keys, j, head));
    for (int64_t j = keys.begin; j < keys.end; j++) {
        if (!sees(c, &keys, j))
            continue;
        const double *v = r->in[V] + (size_t)j * (size_t)vr_value_width(c->in[V]) + key_head * dim;
        const double score = score_of(r, query, &keys, j, head);
        const double weight = n > 0 ? vr_reference_unary(VIREO_SILU, score) / n : exp(score - most);
        total += weight;
        for (size_t d = 0; d < dim; d++)
            out[d] += weight * v[d];
    }
    for (size_t d = 0; d < dim && n == 0 && total > 0; d++)
        out[d] /= total;
}

void vr_attention_reference(const vr_ref_args *r)
{
    for (int64_t query = 0; query < r->call->in[Q]->count; query++)
        for (size_t head = 0; head < r->call->at.attention.n_heads; head++)
            attend(r, query, head);
}
