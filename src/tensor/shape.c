/* SPDX-License-Identifier: Apache-2.0 */
#include "tensor/shape.h"
#include "tensor/dtype.h"
#include <inttypes.h>
#include <stdio.h>

bool vr_shape_count(const int64_t *shape, uint32_t rank, int64_t *count)
{
    int64_t product = 1;
    bool empty = false;
    for (uint32_t i = 0; i < rank; i++) {
        if (shape[i] < 0)
            return false;
        if (shape[i] == 0) {
            empty = true;
            continue;
        }
        if (product > INT64_MAX / shape[i])
            return false;
        product *= shape[i];
    }
    *count = empty ? 0 : product;
    return true;
}

bool vr_shape_bytes(const int64_t *shape, uint32_t rank, vireo_dtype dtype, size_t *bytes)
{
    const int64_t width = rank ? shape[rank - 1] : 1;
    const size_t row = vireo_dtype_row_bytes(dtype, width);
    int64_t count;
    if ((row == 0 && (width != 0 || !vr_dtype_valid(dtype))) ||
        !vr_shape_count(shape, rank, &count))
        return false;
    const uint64_t rows = width ? (uint64_t)(count / width) : 0;
    if (row && rows > SIZE_MAX / row)
        return false;
    *bytes = (size_t)rows * row;
    return true;
}

bool vr_shape_equal(const int64_t *a, uint32_t rank_a, const int64_t *b, uint32_t rank_b)
{
    if (rank_a != rank_b)
        return false;
    for (uint32_t i = 0; i < rank_a; i++)
        if (a[i] != b[i])
            return false;
    return true;
}

const char *vr_shape_text(const int64_t *shape, uint32_t rank, char *text, size_t size)
{
    size_t used = 0;
    for (uint32_t i = 0; i <= rank && used < size; i++) {
        int n;
        if (i == rank)
            n = snprintf(text + used, size - used, "%s]", rank ? "" : "[");
        else
            n = snprintf(text + used, size - used, "%s%" PRId64, i ? ", " : "[", shape[i]);
        if (n < 0)
            break;
        used += (size_t)n;
    }
    return text;
}
