/* SPDX-License-Identifier: Apache-2.0 */
#include "run/bucket.h"
#include <string.h>

enum { SMALLEST_BUCKET = 16 };

void vr_capacities(const vireo_graph *g, int64_t largest, const int64_t *counts, int64_t *capacity)
{
    memset(capacity, 0, (VR_MAX_SYMBOLS + 1) * sizeof *capacity);
    for (size_t i = 1; i < g->n_symbols; i++) {
        const int64_t max = g->symbols[i].max, most = largest && largest < max ? largest : max;
        int64_t c = SMALLEST_BUCKET;
        while (c < counts[i])
            c *= 2;
        capacity[i] = c < most ? c : most;
    }
    for (size_t i = 1; i < g->n_symbols; i++) {
        const vr_graph_symbol *y = &g->symbols[i];
        if (y->base)
            capacity[i] = capacity[y->base] + y->add > 0 ? capacity[y->base] + y->add : 0;
    }
}

vireo_status vr_bucket_launch(const vr_bucket *b, vr_launches *out, vireo_error *err)
{
    const vireo_graph *g = b->model->graph;
    for (size_t i = 0; i < g->n_nodes; i++) {
        const vr_kernel *k = b->nodes[i].kernel;
        vr_call call;
        if (!k)
            continue;
        vr_node_call(g, &g->nodes[i], b->pointers, &b->model->device->info, &call);
        vireo_status st = k->launch(&call, k, b->nodes[i].workgroup, out);
        if (st)
            return st == VIREO_ERROR_OUT_OF_MEMORY
                       ? vr_fail_memory(err, "launches")
                       : vr_fail(err, st, "%s/%s: launch failed", vr_ops[call.op]->name, k->name);
    }
    return VIREO_OK;
}

vireo_status vr_bucket_init(vr_bucket *b, const vireo_model *m, const int64_t *capacity,
                            vireo_error *err)
{
    const vireo_graph *g = m->graph;
    const vireo_allocator *a = m->device->allocator;
    *b = (vr_bucket){.model = m, .launches.allocator = a};
    memcpy(b->capacity, capacity, sizeof b->capacity);
    b->values = vr_calloc(a, g->n_values, sizeof *b->values);
    b->pointers = vr_calloc(a, g->n_values, sizeof *b->pointers);
    b->nodes = vr_calloc(a, g->n_nodes, sizeof *b->nodes);
    b->places = vr_calloc(a, g->n_values, sizeof *b->places);
    if (!b->values || !b->pointers || !b->nodes || !b->places)
        return vr_fail_memory(err, "bucket");
    for (size_t i = 0; i < g->n_values; i++) {
        b->values[i] = g->values[i].v;
        b->pointers[i] = &b->values[i];
        if (b->values[i].symbol != VR_NO_SYMBOL)
            b->values[i].shape[0] = capacity[b->values[i].symbol];
        b->values[i].count = b->values[i].rank ? b->values[i].shape[0] : 1;
    }
    return VIREO_OK;
}

vireo_status vr_kernels_choose(const vireo_model *m, const int64_t *capacity, const vr_bucket_options *o,
                               const vr_kernel **out, vireo_error *err)
{
    vr_bucket b;
    vireo_status st = vr_bucket_init(&b, m, capacity, err);
    if (!st)
        st = vr_bucket_choose(&b, o, err);
    for (size_t i = 0; !st && i < m->graph->n_nodes; i++)
        out[i] = b.nodes[i].kernel;
    vr_bucket_deinit(&b);
    return st;
}

vireo_status vr_bucket_create(const vireo_model *m, const int64_t *capacity, const vr_bucket_options *o,
                              vr_bucket **out, vireo_error *err)
{
    vr_bucket *b = vr_alloc(m->device->allocator, sizeof *b);
    if (!b)
        return vr_fail_memory(err, "bucket");
    uint64_t start = vr_now_ns();
    vireo_status st = vr_bucket_init(b, m, capacity, err);
    b->kept = o->kept;
    b->timed = o->timed;
    b->told = o->progress.fn && !o->whole;
    if (!st)
        st = vr_bucket_choose(b, o, err);
    if (!st)
        st = vr_bucket_dispatches(b, err);
    if (!st)
        st = vr_bucket_place(b, err);
    if (!st)
        st = vr_bucket_compile(b, o->progress, err);
    if (!st)
        st = vr_buffer_create(m->device, b->arena_bytes, VR_MEMORY_DEVICE, "activations", &b->arena,
                              err);
    if (!st)
        st = vr_slot_create(b, &b->slots[0], err);
    if (st) {
        vr_bucket_destroy(&b);
        return st;
    }
    vr_logf(&m->device->log, VIREO_LOG_DEBUG,
            "plan: %zu nodes, %zu dispatches, %zu submissions, arena %llu bytes, lower bound %llu bytes, %.1f ms",
            m->graph->n_nodes, b->launches.count, b->slots[0].n_segments,
            (unsigned long long)b->arena_bytes,
            (unsigned long long)b->lower_bound, (double)(vr_now_ns() - start) / 1e6);
    *out = b;
    return VIREO_OK;
}

void vr_bucket_deinit(vr_bucket *b)
{
    const vireo_allocator *a = b->model->device->allocator;
    for (size_t i = 0; b->nodes && i < b->model->graph->n_nodes; i++)
        for (int j = 0; j < 2; j++)
            vr_free(a, b->nodes[i].programs[j].defines);
    vr_free(a, b->launches.list);
    vr_free(a, b->nodes);
    vr_free(a, b->places);
    vr_free(a, b->pointers);
    vr_free(a, b->values);
}

void vr_bucket_destroy(vr_bucket **pb)
{
    if (!pb || !*pb)
        return;
    vr_bucket *b = *pb;
    vireo_device *d = b->model->device;
    const vireo_allocator *a = d->allocator;
    for (size_t i = 0; i < VR_SLOTS; i++)
        vr_slot_destroy(b, &b->slots[i]);
    vr_buffer_destroy(d, &b->arena);
    vr_bucket_deinit(b);
    vr_free(a, b);
    *pb = NULL;
}
