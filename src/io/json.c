/* SPDX-License-Identifier: Apache-2.0 */
#include "io/json.h"
#include "base/file.h"

const char *vr_json_reason_name(uint32_t reason)
{
    static const char *const names[] = {"NONE",
#define NAME(name) #name,
                                        VR_JSON_REASON_LIST(NAME)
#undef NAME
    };
    return reason < sizeof names / sizeof names[0] ? names[reason] : "?";
}

vireo_status vr_json_parse(const vireo_allocator *allocator, const char *path, const char *text,
                           size_t bytes, const vr_json_limits *limits, cJSON **out,
                           vireo_error *err)
{
    vireo_status st = vr_json_check(allocator, path, text, bytes, limits, err);
    if (st)
        return st;
    cJSON *root = cJSON_ParseWithLength(text, bytes);
    if (!root) /* the text is good, so only memory can be missing */
        return vr_fail_memory(err, path);
    *out = root;
    return VIREO_OK;
}

vireo_status vr_json_read(const vireo_allocator *allocator, const char *path,
                          const vr_json_limits *limits, cJSON **out, vireo_error *err)
{
    char *text;
    size_t bytes;
    size_t limit = limits && limits->bytes ? limits->bytes : VR_JSON_MAX_BYTES;
    vireo_status st = vr_file_read(allocator, path, limit, &text, &bytes, err);
    if (st) {
        if (st == VIREO_ERROR_LIMIT && err)
            err->reason = VR_JSON_LIMIT;
        return st;
    }
    st = vr_json_parse(allocator, path, text, bytes, limits, out, err);
    vr_free(allocator, text);
    return st;
}

const cJSON *vr_json_get(const cJSON *object, const char *name)
{
    return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

bool vr_json_int(const cJSON *value, int64_t *out)
{
    const double exact = 9007199254740992.0; /* 2^53 */
    if (!cJSON_IsNumber(value))
        return false;
    double number = value->valuedouble;
    if (number < -exact || number > exact || (double)(int64_t)number != number)
        return false;
    *out = (int64_t)number;
    return true;
}
