/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/json_in.h"
#include "base/file.h"
#include "vireo/inspect.h"
#include <math.h>

enum { MOST_BYTES = 64 << 20 };

vireo_status vr_json_in(const char *path, cJSON **out, vireo_error *err)
{
    char *data = NULL;
    size_t bytes = 0;
    vireo_status st = vr_file_read(NULL, path, MOST_BYTES, &data, &bytes, err);
    if (!st)
        st = vireo_json_check(path, data, bytes, err);
    cJSON *root = st ? NULL : cJSON_ParseWithLength(data, bytes);
    if (!st && !root)
        st = vr_fail_memory(err, path);
    vr_free(NULL, data);
    if (!st)
        *out = root;
    return st;
}

double vr_in_number(const cJSON *object, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNumber(v) ? v->valuedouble : NAN;
}

const char *vr_in_text(const cJSON *object, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsString(v) ? v->valuestring : "";
}
