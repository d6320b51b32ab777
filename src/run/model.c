/* SPDX-License-Identifier: Apache-2.0 */
#include "run/upload.h"

enum { ALIGNMENT = 256 };
/* Buffers stay below this even where the device allows more: allocators of drivers like it. */
#define BUFFER_BYTES ((uint64_t)1 << 30)

static uint64_t aligned(uint64_t n)
{
    return (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* Assigns a buffer index and an offset to every constant; sizes[i] grows to buffer i's bytes. */
static vireo_status place_constants(vireo_model *m, uint32_t *index, uint64_t *sizes, size_t *n,
                                    vireo_error *err)
{
    const vireo_graph *g = m->graph;
    uint64_t most = m->device->info.max_allocation_bytes;
    if (most > BUFFER_BYTES)
        most = BUFFER_BYTES;
    *n = 0;
    for (size_t i = 1; i < g->n_values; i++) {
        if (g->values[i].v.kind != VR_CONSTANT)
            continue;
        uint64_t bytes = aligned(vr_value_bytes(&g->values[i].v));
        if (bytes > most && bytes > m->device->info.max_allocation_bytes)
            return vr_fail(err, VIREO_ERROR_LIMIT,
                           "constant %s needs %llu bytes, the device allocates at most %llu",
                           g->values[i].name, (unsigned long long)bytes,
                           (unsigned long long)m->device->info.max_allocation_bytes);
        if (*n == 0 || sizes[*n - 1] + bytes > most)
            sizes[(*n)++] = 0;
        index[i] = (uint32_t)(*n - 1);
        m->constants[i].offset = sizes[*n - 1];
        sizes[*n - 1] += bytes;
        m->weight_bytes += (size_t)bytes;
    }
    return VIREO_OK;
}

vireo_status vr_model_create(vireo_device *d, vireo_graph **graph, const vireo_model_options *o,
                             vireo_model **out, vireo_error *err)
{
    const vireo_allocator *a = d->allocator;
    vireo_graph *g = *graph;
    *graph = NULL;
    vireo_model *m = vr_calloc(a, 1, sizeof *m);
    uint32_t *index = NULL;
    uint64_t *sizes = NULL;
    if (!m) {
        vireo_graph_destroy(&g);
        return vr_fail_memory(err, "model");
    }
    m->device = d;
    m->graph = g;
    vireo_status st = vireo_graph_check(g, err);
    if (!st && g->n_outputs == 0)
        st = vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT, "the graph has no output");
    if (st)
        goto fail;
    if (!o || !o->no_fuse)
        st = vr_graph_fuse(g, err);
    if (st)
        goto fail;
    if (!o || !o->keep_layout)
        vr_turn_weights(g, &d->info);
    m->constants = vr_calloc(a, g->n_values, sizeof *m->constants);
    m->buffers = vr_calloc(a, g->n_values, sizeof *m->buffers);
    index = vr_calloc(a, g->n_values, sizeof *index);
    sizes = vr_calloc(a, g->n_values, sizeof *sizes);
    if (!m->constants || !m->buffers || !index || !sizes) {
        st = vr_fail_memory(err, "model");
        goto fail;
    }
    size_t n = 0;
    st = place_constants(m, index, sizes, &n, err);
    for (; !st && m->n_buffers < n; m->n_buffers++) {
        st = vr_buffer_create(d, sizes[m->n_buffers], VR_MEMORY_DEVICE, "weights",
                              &m->buffers[m->n_buffers], err);
        if (st)
            break;
    }
    for (size_t i = 1; i < g->n_values; i++)
        if (g->values[i].v.kind == VR_CONSTANT)
            m->constants[i].buffer = &m->buffers[index[i]];
    if (!st)
        st = vr_upload_constants(m, o, err);
    if (st)
        goto fail;
    for (size_t i = 1; i < g->n_values; i++) { /* were borrowed for the upload */
        g->values[i].data = NULL;
        g->values[i].file = NULL;
    }
    vr_free(a, index);
    vr_free(a, sizes);
    *out = m;
    return VIREO_OK;
fail:
    vr_free(a, index);
    vr_free(a, sizes);
    vr_model_destroy(&m);
    return st;
}

void vr_model_destroy(vireo_model **pm)
{
    if (!pm || !*pm)
        return;
    vireo_model *m = *pm;
    const vireo_allocator *a = m->device->allocator;
    for (size_t i = 0; i < m->n_buffers; i++)
        vr_buffer_destroy(m->device, &m->buffers[i]);
    vr_free(a, m->buffers);
    vr_free(a, m->constants);
    vireo_graph_destroy(&m->graph);
    vr_free(a, m);
    *pm = NULL;
}
