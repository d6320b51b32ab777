/* SPDX-License-Identifier: Apache-2.0 */
#include "tensor/dtype.h"
#include <string.h>

static const struct {
    const char *name;
    size_t elements, bytes; /* of a block */
} dtypes[] = {
#define ROW(name, text, elements, bytes) {text, elements, bytes},
    VIREO_DTYPE_LIST(ROW)
#undef ROW
};
enum { DTYPES = sizeof dtypes / sizeof dtypes[0] };

bool vr_dtype_valid(vireo_dtype dtype)
{
    return (unsigned)dtype < DTYPES;
}

bool vr_dtype_is_block(vireo_dtype dtype)
{
    return vr_dtype_valid(dtype) && dtypes[dtype].elements > 1;
}

bool vr_dtype_parse(const char *name, vireo_dtype *out)
{
    for (unsigned i = 0; i < DTYPES; i++) {
        if (strcmp(dtypes[i].name, name) == 0) {
            *out = (vireo_dtype)i;
            return true;
        }
    }
    return false;
}

const char *vireo_dtype_name(vireo_dtype dtype)
{
    return vr_dtype_valid(dtype) ? dtypes[dtype].name : "?";
}

size_t vireo_dtype_bytes(vireo_dtype dtype)
{
    return vr_dtype_valid(dtype) && !vr_dtype_is_block(dtype) ? dtypes[dtype].bytes : 0;
}

size_t vireo_dtype_block(vireo_dtype dtype)
{
    return vr_dtype_valid(dtype) ? dtypes[dtype].elements : 0;
}

size_t vireo_dtype_row_bytes(vireo_dtype dtype, int64_t n)
{
    if (!vr_dtype_valid(dtype) || n < 0)
        return 0;
    const uint64_t block = dtypes[dtype].elements, bytes = dtypes[dtype].bytes;
    if ((uint64_t)n % block || (uint64_t)n / block > SIZE_MAX / bytes)
        return 0;
    return (size_t)((uint64_t)n / block * bytes);
}
