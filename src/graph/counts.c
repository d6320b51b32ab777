/* SPDX-License-Identifier: Apache-2.0
 * The sizes of a run: those of its inputs, all of which are checked here. */
#include "graph/graph.h"

int64_t vr_graph_most(const vireo_graph *g, int64_t largest, size_t symbol)
{
    const int64_t most = g->symbols[symbol].max;
    return largest && largest < most ? largest : most;
}

vireo_status vr_graph_counts(const vireo_graph *g, int64_t largest, const vireo_tensor *in,
                             size_t n_in, int64_t *counts, vireo_error *err)
{
    if (n_in != g->n_inputs)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT, "%zu inputs given, the graph has %zu",
                       n_in, g->n_inputs);
    for (size_t i = 0; i <= VR_MAX_SYMBOLS; i++)
        counts[i] = -1;
    for (size_t i = 0; i < n_in; i++) {
        const vr_graph_value *v = &g->values[g->inputs[i]];
        size_t elements = 1;
        bool ok = in[i].dtype == v->v.dtype && in[i].rank == v->v.rank;
        for (uint32_t j = 0; ok && j < v->v.rank; j++) {
            bool dynamic = j == 0 && v->v.symbol != VR_NO_SYMBOL;
            ok = dynamic ? in[i].shape[0] >= 0 && in[i].shape[0] <= v->v.shape[0]
                         : in[i].shape[j] == v->v.shape[j];
            if (ok && !vr_size_mul(elements, (size_t)in[i].shape[j], &elements))
                ok = false;
        }
        if (!ok || elements * vireo_dtype_bytes(in[i].dtype) > in[i].bytes ||
            (elements && !in[i].data)) {
            char want[128];
            vr_value_text(&v->v, want, sizeof want);
            return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                           "input %s: dtype, shape or bytes do not match %s", v->name, want);
        }
        if (v->v.symbol == VR_NO_SYMBOL)
            continue;
        int64_t *count = &counts[v->v.symbol];
        if (*count >= 0 && *count != in[i].shape[0])
            return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                           "input %s: %s is %lld here and %lld in another input", v->name,
                           g->symbols[v->v.symbol].name, (long long)in[i].shape[0],
                           (long long)*count);
        *count = in[i].shape[0];
        if (*count > vr_graph_most(g, largest, v->v.symbol))
            return vr_fail(err, VIREO_ERROR_LIMIT,
                           "input %s: %s is %lld, this session takes at most %lld", v->name,
                           g->symbols[v->v.symbol].name, (long long)*count, (long long)largest);
    }
    for (size_t i = 1; i < g->n_symbols; i++) {
        const vr_graph_symbol *y = &g->symbols[i];
        if (y->base)
            counts[i] = counts[y->base] + y->add > 0 ? counts[y->base] + y->add : 0;
        if (counts[i] < 0)
            return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT, "no input sets the size %s", y->name);
    }
    return VIREO_OK;
}
