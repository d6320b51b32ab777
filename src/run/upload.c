/* SPDX-License-Identifier: Apache-2.0 */
#include "run/upload.h"
#include "run/pack.h"
#include "tensor/finite.h"
#include <stdio.h>

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

/* Rows [first, first + count) of a constant as they are stored. */
typedef struct block {
    vr_stored rows;
    size_t first, count;
} block;

/* Bytes of a row that is not turned. */
static size_t stored_row(const vr_graph_value *c)
{
    return vireo_dtype_row_bytes(c->data_dtype, vr_value_width(&c->v));
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
    const size_t size = vireo_dtype_bytes(c->data_dtype), bytes = vr_stored_bytes(c);
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
    const size_t start = first * (c->transposed ? size : stored_row(c));
    block b = {.first = first, .count = count, .rows = {.row_step = width, .column_step = 1}};
    if (c->transposed) {
        b.rows.row_step = 1;
        b.rows.column_step = c->file ? count : rows;
    }
    if (!c->file) {
        b.rows.at = (const char *)c->data + start;
        *out = b;
        return VIREO_OK;
    }
    const bool runs = c->transposed && count < rows;
    const size_t run = count * (runs ? size : stored_row(c));
    vireo_status st = VIREO_OK;
    for (size_t i = 0; !st && i < (runs ? width : 1); i++)
        st = vr_file_read_at(c->file, u->part, c->file_offset + start + i * rows * size,
                             u->tile + i * run, run, u->err);
    if (!st)
        st = check_finite(u, c, u->tile, count * width);
    b.rows.at = u->tile;
    if (!st)
        *out = b;
    return st;
}

static vireo_status write_packed(const upload *u, const vr_graph_value *c, const vr_place *p,
                                 const block *b)
{
    const size_t row = (size_t)vr_value_row_bytes(&c->v), step = row > CHUNK ? 1 : CHUNK / row;
    for (size_t r = 0; r < b->count; r += step) {
        const size_t n = b->count - r < step ? b->count - r : step;
        vr_pack_rows(c, &b->rows, r, n, u->chunk);
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
    const size_t rows = (size_t)vr_value_rows(&c->v), stored = stored_row(c);
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
    const size_t bytes = vr_stored_bytes(c);
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
        const size_t row = (size_t)vr_value_row_bytes(&c->v), all = vr_stored_bytes(c);
        u->chunk_bytes = row > u->chunk_bytes ? row : u->chunk_bytes;
        if (!c->file || vr_stored_is_dense(c))
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
        if (vr_stored_bytes(c) > 0)
            st = vr_stored_is_dense(c) ? upload_dense(&u, c, &m->constants[i])
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
