/* SPDX-License-Identifier: Apache-2.0 */
#include "run/model.h"
#include "base/file.h"
#include "tensor/half.h"
#include <string.h>

enum { ALIGNMENT = 256, CHUNK = 1 << 20 };
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

/* Copies n elements that stand `step` apart in `from`, as f32 if that is what the device holds. */
static void copy_elements(const vr_graph_value *c, const char *from, size_t step, size_t n, char *to)
{
    const size_t stored = vireo_dtype_bytes(c->data_dtype), size = vireo_dtype_bytes(c->v.dtype);
    if (c->v.dtype == c->data_dtype && step == 1) {
        memcpy(to, from, n * size);
        return;
    }
    for (size_t i = 0; i < n; i++, from += step * stored, to += size) {
        if (c->v.dtype == c->data_dtype) {
            memcpy(to, from, size);
        } else {
            uint16_t half;
            memcpy(&half, from, sizeof half);
            const float value = vr_half_to_float(half);
            memcpy(to, &value, sizeof value);
        }
    }
}

/* Copies rows [first, first + n) of a dense constant into padded rows at `out`, turning it if it is
 * stored transposed: then in strips of columns, so that each cache line of the source serves all the
 * rows before it is lost. */
static void pack_rows(const vr_graph_value *c, int64_t first, int64_t n, char *out)
{
    enum { STRIP = 64 };
    const size_t width = (size_t)vr_value_width(&c->v), pitch = vr_value_pitch(&c->v);
    const size_t size = vireo_dtype_bytes(c->v.dtype), stored = vireo_dtype_bytes(c->data_dtype);
    const size_t rows = (size_t)vr_value_rows(&c->v);
    const size_t strip = c->transposed ? STRIP : width;
    for (size_t at = 0; at < width; at += strip) {
        const size_t count = width - at < strip ? width - at : strip;
        for (size_t r = 0; r < (size_t)n; r++) {
            const size_t row = (size_t)first + r;
            const size_t source = c->transposed ? at * rows + row : row * width + at;
            copy_elements(c, (const char *)c->data + source * stored, c->transposed ? rows : 1,
                          count, out + (r * pitch + at) * size);
        }
    }
    for (size_t r = 0; r < (size_t)n; r++)
        memset(out + (r * pitch + width) * size, 0, (pitch - width) * size);
}

static vireo_status upload(vireo_model *m, size_t id, char *chunk, vireo_error *err)
{
    const vr_graph_value *c = &m->graph->values[id];
    const vr_place *p = &m->constants[id];
    uint64_t row = vr_value_pitch(&c->v) * vireo_dtype_bytes(c->v.dtype);
    int64_t rows = vr_value_rows(&c->v), width = vr_value_width(&c->v);
    if (width == 0)
        return VIREO_OK;
    bool dense = c->v.dtype == c->data_dtype && !c->transposed &&
                 vr_value_pitch(&c->v) == (uint64_t)width;
    if (dense) {
        vireo_status st = vr_buffer_write(m->device, p->buffer, p->offset, c->data,
                                          vr_value_bytes(&c->v), err);
        if (c->data_is_mapped)
            vr_file_forget(c->data, (size_t)vr_value_bytes(&c->v));
        return st;
    }
    int64_t step = row > CHUNK ? 1 : (int64_t)(CHUNK / row);
    for (int64_t r = 0; r < rows; r += step) {
        int64_t n = rows - r < step ? rows - r : step;
        pack_rows(c, r, n, chunk);
        vireo_status st = vr_buffer_write(m->device, p->buffer, p->offset + (uint64_t)r * row,
                                          chunk, (uint64_t)n * row, err);
        if (st)
            return st;
    }
    if (c->data_is_mapped)
        vr_file_forget(c->data, (size_t)(rows * width) * vireo_dtype_bytes(c->data_dtype));
    return VIREO_OK;
}

static vireo_status upload_all(vireo_model *m, const vireo_model_options *o, vireo_error *err)
{
    const vireo_graph *g = m->graph;
    const vireo_allocator *a = m->device->allocator;
    uint64_t longest = CHUNK, done = 0, start = vr_now_ns();
    for (size_t i = 1; i < g->n_values; i++) {
        uint64_t row = vr_value_pitch(&g->values[i].v) * 4ull;
        if (g->values[i].v.kind == VR_CONSTANT && row > longest)
            longest = row;
    }
    char *chunk = vr_alloc(a, (size_t)longest);
    vireo_status st = chunk ? VIREO_OK : vr_fail_memory(err, "upload");
    for (size_t i = 1; !st && i < g->n_values; i++) {
        if (g->values[i].v.kind != VR_CONSTANT)
            continue;
        st = upload(m, i, chunk, err);
        done += vr_value_bytes(&g->values[i].v);
        if (!st && o && o->progress &&
            o->progress(o->progress_user, "loading weights", done, m->weight_bytes))
            st = vr_fail(err, VIREO_ERROR_CANCELLED, "loading weights was cancelled");
    }
    vr_free(a, chunk);
    m->device->counters.ns_upload += vr_now_ns() - start;
    return st;
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
        st = upload_all(m, o, err);
    if (st)
        goto fail;
    for (size_t i = 1; i < g->n_values; i++)
        g->values[i].data = NULL; /* was borrowed for the upload */
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
