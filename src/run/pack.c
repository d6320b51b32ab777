/* SPDX-License-Identifier: Apache-2.0 */
#include "run/pack.h"
#include "tensor/dtype.h"
#include "tensor/quant.h"
#include <string.h>

size_t vr_stored_bytes(const vr_graph_value *c)
{
    if (vr_dtype_is_block(c->data_dtype)) /* never turned */
        return (size_t)vr_value_rows(&c->v) *
               vireo_dtype_row_bytes(c->data_dtype, vr_value_width(&c->v));
    return (size_t)(vr_value_rows(&c->v) * vr_value_width(&c->v)) *
           vireo_dtype_bytes(c->data_dtype);
}

bool vr_stored_is_dense(const vr_graph_value *c)
{
    return c->v.dtype == c->data_dtype && !c->transposed && !vr_dtype_is_block(c->v.dtype) &&
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
            float value;
            vr_unpack_row(c->data_dtype, from, 1, &value);
            memcpy(to, &value, sizeof value);
        }
    }
}

/* Turned rows in strips of columns, so that each cache line of the source serves all the rows before it
 * is lost. */
static void pack_elements(const vr_graph_value *c, const vr_stored *s, size_t first, size_t n,
                          char *out)
{
    enum { STRIP = 64 };
    const size_t width = (size_t)vr_value_width(&c->v), row = (size_t)vr_value_row_bytes(&c->v);
    const size_t size = vireo_dtype_bytes(c->v.dtype), stored = vireo_dtype_bytes(c->data_dtype);
    const size_t strip = c->transposed ? STRIP : width;
    for (size_t at = 0; at < width; at += strip) {
        const size_t count = width - at < strip ? width - at : strip;
        for (size_t r = 0; r < n; r++)
            copy_elements(c, s->at + ((first + r) * s->row_step + at * s->column_step) * stored,
                          s->column_step, count, out + r * row + at * size);
    }
    for (size_t r = 0; r < n; r++)
        memset(out + r * row + width * size, 0, row - width * size);
}

/* A row of blocks, each a scale and its quants: the quants come first, the scales behind them. */
static void pack_blocks(const char *from, size_t blocks, size_t block_bytes, size_t row, char *out)
{
    enum { SCALE = 2 };
    const size_t quants = block_bytes - SCALE;
    for (size_t i = 0; i < blocks; i++, from += block_bytes) {
        memcpy(out + i * quants, from + SCALE, quants);
        memcpy(out + blocks * quants + i * SCALE, from, SCALE);
    }
    memset(out + blocks * block_bytes, 0, row - blocks * block_bytes);
}

void vr_pack_rows(const vr_graph_value *c, const vr_stored *s, size_t first, size_t n, char *out)
{
    if (!vr_dtype_is_block(c->v.dtype)) {
        pack_elements(c, s, first, n, out);
        return;
    }
    const vireo_dtype dtype = c->v.dtype;
    const size_t row = (size_t)vr_value_row_bytes(&c->v);
    const size_t blocks = (size_t)vr_value_width(&c->v) / vireo_dtype_block(dtype);
    const size_t bytes = vireo_dtype_row_bytes(dtype, (int64_t)vireo_dtype_block(dtype));
    for (size_t r = 0; r < n; r++)
        pack_blocks(s->at + (first + r) * blocks * bytes, blocks, bytes, row, out + r * row);
}
