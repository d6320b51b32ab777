/* SPDX-License-Identifier: Apache-2.0
 * model.safetensors.index.json: {"weight_map": {"tensor": "shard"}}. */
#include "io/json_walk.h"
#include "io/safetensors.h"
#include "io/source.h"
#include <string.h>

static const cJSON *weight_map(const cJSON *index)
{
    return vr_json_get(index, "weight_map");
}

vireo_status vr_source_list_shards(const vireo_allocator *allocator, const char *path,
                                   const cJSON *index, const char **names, size_t *count,
                                   vireo_error *err)
{
    const cJSON *map = weight_map(index), *entry;
    if (!cJSON_IsObject(map))
        return vr_fail_at(err, VIREO_ERROR_FORMAT, VR_SAFETENSORS_FIELD, 0,
                          "%s: no object weight_map (FIELD)", path);
    vr_map seen;
    vr_map_init(&seen, allocator);
    vireo_status st = VIREO_OK;
    size_t n = 0;
    cJSON_ArrayForEach(entry, map)
    {
        const char *shard = cJSON_IsString(entry) ? entry->valuestring : NULL;
        uint32_t position = (uint32_t)n;
        bool added = false;
        if (!shard)
            st = vr_fail_at(err, VIREO_ERROR_FORMAT, VR_SAFETENSORS_TYPE, 0,
                            "%s: weight_map's \"%.*s\" is no string (TYPE)", path,
                            vr_json_clip(entry->string, strlen(entry->string)), entry->string);
        else if (!vr_source_safe_path(shard) || strchr(shard, '/'))
            st = vr_fail_at(err, VIREO_ERROR_FORMAT, VR_SAFETENSORS_PATH, 0,
                            "%s: weight_map names \"%.*s\", a plain file name is needed (PATH)",
                            path, vr_json_clip(shard, strlen(shard)), shard);
        else if (!vr_map_put(&seen, shard, strlen(shard), &position, &added))
            st = vr_fail_memory(err, path);
        else if (added && n == VR_SOURCE_MAX_FILES)
            st = vr_fail_at(err, VIREO_ERROR_LIMIT, VR_SAFETENSORS_LIMIT, 0,
                            "%s: more than %d shards, which is the limit (LIMIT)", path,
                            VR_SOURCE_MAX_FILES);
        else if (added)
            names[n++] = shard;
        if (st)
            break;
    }
    vr_map_deinit(&seen);
    if (!st)
        *count = n;
    return st;
}

vireo_status vr_source_check_index(const vireo_source *s, const char *path, const cJSON *index,
                                   vireo_error *err)
{
    const cJSON *entry;
    cJSON_ArrayForEach(entry, weight_map(index))
    {
        const char *name = entry->string, *shard = entry->valuestring;
        const vr_source_tensor *t = vr_source_tensor_of(s, name);
        if (!t || strcmp(strrchr(t->file->path, '/') + 1, shard) != 0)
            return vr_fail_at(err, VIREO_ERROR_FORMAT, VR_SAFETENSORS_INDEX, 0,
                              "%s: \"%.*s\" does not stand in %.*s, which weight_map names (INDEX)",
                              path, vr_json_clip(name, strlen(name)), name,
                              vr_json_clip(shard, strlen(shard)), shard);
    }
    return VIREO_OK;
}
