/* SPDX-License-Identifier: Apache-2.0
 * Hyper-parameters: the trees of a folder's JSON files and what stands where in them. */
#include "io/source.h"
#include "io/json_walk.h"
#include "io/safetensors.h"
#include <stdio.h>
#include <string.h>

bool vr_source_safe_path(const char *name)
{
    if (*name == '\0' || *name == '/' || strchr(name, '\\'))
        return false;
    for (const char *part = name;;) {
        size_t length = strcspn(part, "/");
        if (length == 0 || (length <= 2 && strspn(part, ".") >= length))
            return false; /* "", "." or ".." */
        if (part[length] == '\0')
            return true;
        part += length + 1;
    }
}

vireo_status vr_source_add_document(vireo_source *s, const char *path, const char *prefix,
                                    bool array, cJSON *root, vireo_error *err)
{
    if (!(array ? cJSON_IsArray(root) : cJSON_IsObject(root))) {
        cJSON_Delete(root);
        return vr_fail_at(err, VIREO_ERROR_FORMAT, VR_SAFETENSORS_TYPE, 0,
                          "%s: byte 0: the file must hold one JSON %s (TYPE)", path,
                          array ? "array" : "object");
    }
    s->documents[s->document_count++] = (vr_source_document){prefix, root};
    return VIREO_OK;
}

/* modules.json lists the steps of a sentence-transformers model; the pooling step names its folder.
 */
vireo_status vr_source_pooling_folder(const vireo_source *s, const cJSON *modules, const char **out,
                                      vireo_error *err)
{
    static const char suffix[] = ".Pooling";
    const char *folder = modules ? NULL : "1_Pooling";
    const cJSON *module;
    cJSON_ArrayForEach(module, modules)
    {
        const cJSON *type = vr_json_get(module, "type"), *path = vr_json_get(module, "path");
        if (!cJSON_IsString(type) || !cJSON_IsString(path))
            return vr_fail_at(
                err, VIREO_ERROR_FORMAT, VR_SAFETENSORS_FIELD, 0,
                "%s/modules.json: every entry needs the strings type and path (FIELD)", s->path);
        size_t length = strlen(type->valuestring);
        if (length < sizeof suffix - 1 ||
            strcmp(type->valuestring + length - (sizeof suffix - 1), suffix) != 0)
            continue;
        folder = path->valuestring;
        if (!vr_source_safe_path(folder))
            return vr_fail_at(err, VIREO_ERROR_FORMAT, VR_SAFETENSORS_PATH, 0,
                              "%s/modules.json: the path \"%.*s\" leads out of the folder (PATH)",
                              s->path, vr_json_clip(folder, strlen(folder)), folder);
        break;
    }
    *out = folder;
    return VIREO_OK;
}

/* The value at a dotted path; a number is an array's element. A key that holds points itself is
 * found by its whole name. */
static const cJSON *descend(const cJSON *node, const char *key)
{
    while (node) {
        const cJSON *whole = vr_json_get(node, key);
        if (whole)
            return whole;
        size_t length = strcspn(key, ".");
        const cJSON *child = NULL, *found = NULL;
        uint64_t position = 0;
        cJSON_ArrayForEach(child, node)
        {
            char digits[24];
            const char *name = child->string;
            if (cJSON_IsArray(node)) {
                snprintf(digits, sizeof digits, "%llu", (unsigned long long)position++);
                name = digits;
            }
            if (name && strlen(name) == length && memcmp(name, key, length) == 0) {
                found = child;
                break;
            }
        }
        if (!found || key[length] == '\0')
            return found;
        node = found;
        key += length + 1;
    }
    return NULL;
}

/* JSON's null is as good as absent: configurations are written with every field they know. */
const cJSON *vr_source_value(const vireo_source *s, const char *key)
{
    if (!s || !key)
        return NULL;
    const cJSON *found = NULL;
    for (size_t i = s->document_count; i-- > 0 && !found;) { /* config.json's prefix is "": last */
        size_t length = strlen(s->documents[i].prefix);
        if (strncmp(key, s->documents[i].prefix, length) == 0)
            found = descend(s->documents[i].root, key + length);
    }
    return cJSON_IsNull(found) ? NULL : found;
}

const char *vireo_source_architecture(const vireo_source *s)
{
    const char *text;
    return vireo_source_string(s, "model_type", &text) ? text : "";
}

bool vireo_source_has(const vireo_source *s, const char *key)
{
    return vr_source_value(s, key) != NULL;
}

bool vireo_source_int(const vireo_source *s, const char *key, int64_t *out)
{
    return vr_json_int(vr_source_value(s, key), out);
}

bool vireo_source_float(const vireo_source *s, const char *key, double *out)
{
    const cJSON *value = vr_source_value(s, key);
    if (!cJSON_IsNumber(value))
        return false;
    *out = value->valuedouble;
    return true;
}

bool vireo_source_bool(const vireo_source *s, const char *key, bool *out)
{
    const cJSON *value = vr_source_value(s, key);
    if (!cJSON_IsBool(value))
        return false;
    *out = cJSON_IsTrue(value);
    return true;
}

bool vireo_source_string(const vireo_source *s, const char *key, const char **out)
{
    const cJSON *value = vr_source_value(s, key);
    if (!cJSON_IsString(value))
        return false;
    *out = value->valuestring;
    return true;
}
