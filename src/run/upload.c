/* SPDX-License-Identifier: Apache-2.0 */
#include "run/upload.h"
#include "tensor/finite.h"
#include "tensor/half.h"
#include <stdio.h>
#include <string.h>

/* CHUNK: packed at one time, about what a core's cache holds. TILE: of a turned tensor read at one
 * time; the larger, the longer are the runs that a file is read by. */
enum { CHUNK = 1 << 20, TILE = 16 << 20 };

typedef struct upload {
    vireo_model *model;
    bool allow_nonfinite;
    char *chunk, *tile; /* (chunk_bytes), (tile_bytes); tile only if a constant stands in a file */
    size_t chunk_bytes, tile_bytes;
    char part[320]; /* "tensor NAME" of the constant at hand */
    vireo_error *err;
} upload;

/* Rows [first, first + count) of a constant as they are stored: element (r, k) stands at
 * at[r * row_step + k * column_step]. */
typedef struct block {
    const char *at;
    size_t row_step, column_step; /* elements */
    size_t first, count;
} block;

static size_t stored_bytes(const vr_graph_value *c)
{
    return (size_t)(vr_value_rows(&c->v) * vr_value_width(&c->v)) *
           vireo_dtype_bytes(c->data_dtype);
}

static size_t device_row(const vr_graph_value *c)
{
    return (size_t)vr_value_pitch(&c->v) * vireo_dtype_bytes(c->v.dtype);
}

/* Only rows without padding, turn or conversion are stored as the device has them. */
static bool is_dense(const vr_graph_value *c)
{
    return c->v.dtype == c->data_dtype && !c->transposed &&
           vr_value_pitch(&c->v) == (uint64_t)vr_value_width(&c->v);
}

/* Copies n elements that stand `step` apart in `from`, as f32 if that is what the device holds. */
static void copy_elements(const vr_graph_value *c, const char *from, size_t step, size_t n,
                          char *to)
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

/* Copies rows [first, first + n) of a block into padded rows at `out`; turned ones in strips of
 * columns, so that each cache line of the source serves all the rows before it is lost. */
static void pack_rows(const vr_graph_value *c, const block *b, size_t first, size_t n, char *out)
{
    enum { STRIP = 64 };
    const size_t width = (size_t)vr_value_width(&c->v), pitch = (size_t)vr_value_pitch(&c->v);
    const size_t size = vireo_dtype_bytes(c->v.dtype), stored = vireo_dtype_bytes(c->data_dtype);
    const size_t strip = c->transposed ? STRIP : width;
    for (size_t at = 0; at < width; at += strip) {
        const size_t count = width - at < strip ? width - at : strip;
        for (size_t r = 0; r < n; r++)
            copy_elements(c, b->at + ((first + r) * b->row_step + at * b->column_step) * stored,
                          b->column_step, count, out + (r * pitch + at) * size);
    }
    for (size_t r = 0; r < n; r++)
        memset(out + (r * pitch + width) * size, 0, (pitch - width) * size);
}

static vireo_status fail_nonfinite(const upload *u, const vr_graph_value *c, size_t index,
                                   const void *element)
{
    const uint64_t offset = c->file_offset + index * vireo_dtype_bytes(c->data_dtype);
    return vr_fail_at(u->err, VIREO_ERROR_FORMAT, 0, offset,
                      "%s: %s: element %zu (byte %llu) is %s; weights must be finite unless "
                      "allow_nonfinite is set",
                      c->file->path, u->part, index, (unsigned long long)offset,
                      vr_nonfinite_text(c->data_dtype, element));
}

/* Names the first element that is not finite: blocks are not read in the file's order. */
static vireo_status find_nonfinite(const upload *u, const vr_graph_value *c)
{
    const size_t size = vireo_dtype_bytes(c->data_dtype), bytes = stored_bytes(c);
    for (size_t done = 0; done < bytes;) {
        const size_t n = bytes - done < CHUNK ? bytes - done : CHUNK;
        vireo_status st =
            vr_file_read_at(c->file, u->part, c->file_offset + done, u->chunk, n, u->err);
        if (st)
            return st;
        const size_t found = vr_first_nonfinite(c->data_dtype, u->chunk, n / size);
        if (found < n / size)
            return fail_nonfinite(u, c, done / size + found, u->chunk + found * size);
        done += n;
    }
    return vr_fail(u->err, VIREO_ERROR_IO, "%s: %s: changed while it was read", c->file->path,
                   u->part);
}

static vireo_status check_finite(const upload *u, const vr_graph_value *c, const char *data,
                                 size_t count)
{
    if (u->allow_nonfinite || vr_all_finite(c->data_dtype, data, count))
        return VIREO_OK;
    return find_nonfinite(u, c);
}

/* The block of rows [first, first + count): where it stands in memory, or read into the tile. Of a
 * turned constant these are columns of what the file holds, one run a stored row. */
static vireo_status read_block(const upload *u, const vr_graph_value *c, size_t first, size_t count,
                               block *out)
{
    const size_t rows = (size_t)vr_value_rows(&c->v), width = (size_t)vr_value_width(&c->v);
    const size_t size = vireo_dtype_bytes(c->data_dtype);
    const size_t start = c->transposed ? first * size : first * width * size;
    block b = {.first = first, .count = count, .row_step = width, .column_step = 1};
    if (c->transposed) {
        b.row_step = 1;
        b.column_step = c->file ? count : rows;
    }
    if (!c->file) {
        b.at = (const char *)c->data + start;
        *out = b;
        return VIREO_OK;
    }
    const bool runs = c->transposed && count < rows;
    const size_t run = (runs ? count : count * width) * size;
    vireo_status st = VIREO_OK;
    for (size_t i = 0; !st && i < (runs ? width : 1); i++)
        st = vr_file_read_at(c->file, u->part, c->file_offset + start + i * rows * size,
                             u->tile + i * run, run, u->err);
    if (!st)
        st = check_finite(u, c, u->tile, count * width);
    b.at = u->tile;
    if (!st)
        *out = b;
    return st;
}

static vireo_status write_packed(const upload *u, const vr_graph_value *c, const vr_place *p,
                                 const block *b)
{
    const size_t row = device_row(c), step = row > CHUNK ? 1 : CHUNK / row;
    for (size_t r = 0; r < b->count; r += step) {
        const size_t n = b->count - r < step ? b->count - r : step;
        pack_rows(c, b, r, n, u->chunk);
        vireo_status st =
            vr_buffer_write(u->model->device, p->buffer, p->offset + (uint64_t)(b->first + r) * row,
                            u->chunk, (uint64_t)n * row, u->err);
        if (st)
            return st;
    }
    return VIREO_OK;
}

static vireo_status upload_packed(const upload *u, const vr_graph_value *c, const vr_place *p)
{
    const size_t rows = (size_t)vr_value_rows(&c->v), width = (size_t)vr_value_width(&c->v);
    const size_t stored = width * vireo_dtype_bytes(c->data_dtype);
    const size_t step = !c->file ? rows : stored > u->tile_bytes ? 1 : u->tile_bytes / stored;
    for (size_t r = 0; r < rows; r += step) {
        block b;
        vireo_status st = read_block(u, c, r, rows - r < step ? rows - r : step, &b);
        if (!st)
            st = write_packed(u, c, p, &b);
        if (st)
            return st;
    }
    return VIREO_OK;
}

static vireo_status upload_dense(const upload *u, const vr_graph_value *c, const vr_place *p)
{
    const size_t bytes = stored_bytes(c);
    if (!c->file)
        return vr_buffer_write(u->model->device, p->buffer, p->offset, c->data, bytes, u->err);
    for (size_t done = 0; done < bytes; done += CHUNK) {
        const size_t n = bytes - done < CHUNK ? bytes - done : CHUNK;
        vireo_status st =
            vr_file_read_at(c->file, u->part, c->file_offset + done, u->chunk, n, u->err);
        if (!st)
            st = check_finite(u, c, u->chunk, n / vireo_dtype_bytes(c->data_dtype));
        if (!st)
            st =
                vr_buffer_write(u->model->device, p->buffer, p->offset + done, u->chunk, n, u->err);
        if (st)
            return st;
    }
    return VIREO_OK;
}

/* Room for the longest row of any constant, and for as much of a file as the largest one needs. */
static vireo_status make_room(upload *u)
{
    const vireo_graph *g = u->model->graph;
    const vireo_allocator *a = u->model->device->allocator;
    u->chunk_bytes = CHUNK;
    for (size_t i = 1; i < g->n_values; i++) {
        const vr_graph_value *c = &g->values[i];
        if (c->v.kind != VR_CONSTANT)
            continue;
        const size_t row = device_row(c), all = stored_bytes(c);
        u->chunk_bytes = row > u->chunk_bytes ? row : u->chunk_bytes;
        if (!c->file || is_dense(c))
            continue;
        size_t need = all < TILE ? all : TILE;
        need = row > need ? row : need;
        u->tile_bytes = need > u->tile_bytes ? need : u->tile_bytes;
    }
    u->chunk = vr_alloc(a, u->chunk_bytes);
    u->tile = u->tile_bytes ? vr_alloc(a, u->tile_bytes) : NULL;
    return u->chunk && (u->tile || !u->tile_bytes) ? VIREO_OK : vr_fail_memory(u->err, "upload");
}

vireo_status vr_upload_constants(vireo_model *m, const vireo_model_options *o, vireo_error *err)
{
    const vireo_graph *g = m->graph;
    upload u = {.model = m, .allow_nonfinite = o && o->allow_nonfinite, .err = err};
    uint64_t done = 0;
    vireo_status st = make_room(&u);
    for (size_t i = 1; !st && i < g->n_values; i++) {
        const vr_graph_value *c = &g->values[i];
        if (c->v.kind != VR_CONSTANT)
            continue;
        snprintf(u.part, sizeof u.part, "tensor %s", c->name);
        if (stored_bytes(c) > 0)
            st = is_dense(c) ? upload_dense(&u, c, &m->constants[i])
                             : upload_packed(&u, c, &m->constants[i]);
        done += vr_value_bytes(&c->v);
        if (!st && o && o->progress &&
            o->progress(o->progress_user, "loading weights", done, m->weight_bytes))
            st = vr_fail(err, VIREO_ERROR_CANCELLED, "loading weights was cancelled");
    }
    vr_free(m->device->allocator, u.chunk);
    vr_free(m->device->allocator, u.tile);
    return st;
}
