/* SPDX-License-Identifier: Apache-2.0
 * Tensors of a source as constants of a graph. */
#include "graph/graph.h"
#include <stdio.h>
#include <string.h>

static void shape_text(char *out, size_t size, uint32_t rank, const int64_t *shape)
{
    int n = snprintf(out, size, "[");
    for (uint32_t i = 0; i < rank && n >= 0 && (size_t)n < size; i++)
        n += snprintf(out + n, size - (size_t)n, "%s%lld", i ? ", " : "", (long long)shape[i]);
    if (n >= 0 && (size_t)n < size)
        snprintf(out + n, size - (size_t)n, "]");
}

vireo_value vireo_graph_weight(vireo_graph *g, const vireo_source *source, const char *name,
                               uint32_t rank, const int64_t *shape)
{
    if (g->fault.status)
        return VIREO_NONE;
    vireo_source_tensor found;
    if (!vireo_source_find(source, name, &found))
        return vireo_graph_fail(g, VIREO_ERROR_NOT_FOUND, "%s: tensor %s is missing",
                                vireo_source_path(source), name);
    if (!found.supported)
        return vireo_graph_fail(g, VIREO_ERROR_UNSUPPORTED,
                                "%s: tensor %s is %s, allowed: F32, F16, I32",
                                vireo_source_path(source), name, found.stored_dtype);
    bool same = rank == 0 || rank == found.rank;
    for (uint32_t i = 0; same && i < rank; i++)
        same = shape[i] == found.shape[i];
    if (!same) {
        char have[96], want[96];
        shape_text(have, sizeof have, found.rank, found.shape);
        shape_text(want, sizeof want, rank, shape);
        return vireo_graph_fail(g, VIREO_ERROR_FORMAT, "%s: tensor %s is %s, config.json wants %s",
                                vireo_source_path(source), name, have, want);
    }
    vireo_tensor t = {.dtype = found.dtype, .rank = found.rank, .bytes = found.bytes};
    memcpy(t.shape, found.shape, sizeof t.shape);
    memcpy(&t.data, &found.data, sizeof t.data); /* constants are never written */
    vireo_value value = vireo_graph_constant(g, name, &t);
    g->values[value.id].data_is_mapped = value.id != 0;
    return value;
}
