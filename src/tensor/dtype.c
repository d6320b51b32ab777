/* SPDX-License-Identifier: Apache-2.0 */
#include "tensor/dtype.h"
#include <string.h>

static const struct {
    const char *name;
    size_t bytes;
} dtypes[] = {
#define ROW(name, text, bytes) {text, bytes},
    VIREO_DTYPE_LIST(ROW)
#undef ROW
};
enum { DTYPES = sizeof dtypes / sizeof dtypes[0] };

bool vr_dtype_valid(vireo_dtype dtype)
{
    return (unsigned)dtype < DTYPES;
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
    return vr_dtype_valid(dtype) ? dtypes[dtype].bytes : 0;
}
