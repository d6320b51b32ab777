/* SPDX-License-Identifier: Apache-2.0
 * Tensors of a source as constants of a graph. */
#include "base/error.h"
#include "graph/graph.h"
#include "io/safetensors.h"
#include "io/source.h"
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

/* VOCAB: vocab_size rows are wanted, which tells a table of tokens, and only their number is
 * another. */
static vr_safetensors_reason misshapen(const vireo_source *s, const vireo_source_tensor *found,
                                       uint32_t rank, const int64_t *shape)
{
    int64_t tokens;
    const bool rows_only = rank == found->rank && rank > 1 &&
                           !memcmp(shape + 1, found->shape + 1, (rank - 1) * sizeof *shape);
    return rows_only && vireo_source_int(s, "vocab_size", &tokens) && tokens == shape[0]
               ? VR_SAFETENSORS_VOCAB
               : VR_SAFETENSORS_SHAPE;
}

vireo_value vireo_graph_weight(vireo_graph *g, const vireo_source *source, const char *name,
                               uint32_t rank, const int64_t *shape)
{
    if (g->fault.status)
        return VIREO_NONE;
    const vr_source_tensor *t = vr_source_tensor_of(source, name);
    if (!t)
        return vireo_graph_fail(g, VIREO_ERROR_NOT_FOUND, "%s: tensor %s is missing",
                                vireo_source_path(source), name);
    const vireo_source_tensor *found = &t->shown;
    if (!found->supported)
        return vireo_graph_fail(g, VIREO_ERROR_UNSUPPORTED,
                                "%s: tensor %s is %s, allowed: F32, F16, BF16, I32",
                                vireo_source_path(source), name, found->stored_dtype);
    bool same = rank == 0 || rank == found->rank;
    for (uint32_t i = 0; same && i < rank; i++)
        same = shape[i] == found->shape[i];
    if (!same) {
        char have[96], want[96];
        shape_text(have, sizeof have, found->rank, found->shape);
        shape_text(want, sizeof want, rank, shape);
        const vr_safetensors_reason reason = misshapen(source, found, rank, shape);
        vr_fail_at(&g->fault, VIREO_ERROR_FORMAT, reason, 0,
                   "%s: tensor %s is %s, config.json wants %s (%s)", t->file->path, name, have,
                   want, vr_safetensors_reason_name(reason));
        return VIREO_NONE;
    }
    vireo_tensor tensor = {.dtype = found->dtype, .rank = found->rank, .bytes = found->bytes};
    memcpy(tensor.shape, found->shape, sizeof tensor.shape);
    return vr_graph_file_constant(g, name, &tensor, t->file, t->begin);
}
