/* SPDX-License-Identifier: Apache-2.0
 * A Hugging Face folder: which files it has, and their tensors in one table. */
#include "io/source.h"
#include "base/hash.h"
#include "io/json_walk.h"
#include "io/safetensors.h"
#include <string.h>

enum { HASH_PIECE = 8 << 20 }; /* resident at one time while hashing */

static const char single_name[] = "model.safetensors";
static const char index_name[] = "model.safetensors.index.json";

static const char *arena_path(vireo_source *s, const char *name)
{
    char *joined = vr_path_join(s->allocator, s->path, name);
    char *kept = joined ? vr_arena_strdup(&s->arena, joined) : NULL;
    vr_free(s->allocator, joined);
    return kept;
}

/* More than VIREO_MAX_RANK dimensions: the leading ones are shown as their product. Such a tensor
 * is not supported, whatever its dtype. */
static vireo_source_tensor describe(const vr_safetensor *t, const vr_source_file *file)
{
    vireo_source_tensor out = {.name = t->name,
                               .stored_dtype = t->dtype,
                               .supported = t->supported,
                               .dtype = t->known,
                               .rank = t->rank,
                               .data = (const unsigned char *)file->mapped.data + t->begin,
                               .bytes = t->bytes};
    uint32_t fold = t->rank > VIREO_MAX_RANK ? t->rank - VIREO_MAX_RANK : 0;
    out.rank -= fold;
    out.supported = t->supported && fold == 0;
    for (uint32_t i = 0; i < out.rank; i++)
        out.shape[i] = t->shape[i + fold];
    for (uint32_t i = 0; i < fold; i++)
        out.shape[0] *= t->shape[i];
    return out;
}

static vireo_status add_tensors(vireo_source *s, const vr_source_file *file,
                                const vr_safetensors *table, vireo_error *err)
{
    size_t total = s->tensor_count + table->count;
    if (total > VR_SAFETENSORS_MAX_TENSORS)
        return vr_fail_at(err, VIREO_ERROR_LIMIT, VR_SAFETENSORS_LIMIT, 0,
                          "%s: more than %d tensors together with the shards before (LIMIT)",
                          file->path, VR_SAFETENSORS_MAX_TENSORS);
    vireo_source_tensor *all =
        vr_realloc(s->allocator, s->tensors, (total ? total : 1) * sizeof *all);
    if (!all)
        return vr_fail_memory(err, file->path);
    s->tensors = all;
    for (size_t i = 0; i < table->count; i++) {
        const char *name = table->tensors[i].name;
        uint32_t index = (uint32_t)s->tensor_count;
        bool added;
        if (!vr_map_put(&s->names, name, strlen(name), &index, &added))
            return vr_fail_memory(err, file->path);
        if (!added)
            return vr_fail_at(err, VIREO_ERROR_FORMAT, VR_SAFETENSORS_DUP_KEY, 0,
                              "%s: the tensor \"%.*s\" stands in an earlier shard too (DUP_KEY)",
                              file->path, vr_json_clip(name, strlen(name)), name);
        s->tensors[s->tensor_count++] = describe(&table->tensors[i], file);
    }
    return VIREO_OK;
}

static vireo_status open_file(vireo_source *s, vr_source_file *file, vireo_error *err)
{
    vr_safetensors table;
    file->first_tensor = s->tensor_count;
    vireo_status st = vr_file_map(file->path, &file->mapped, err);
    if (!st)
        st = vr_safetensors_parse(&s->arena, file->path, file->mapped.data, file->mapped.bytes,
                                  &table, err);
    return st ? st : add_tensors(s, file, &table, err);
}

static vireo_status open_files(vireo_source *s, const char *const *names, size_t count,
                               vireo_error *err)
{
    s->files = vr_arena_array(&s->arena, count, sizeof *s->files);
    if (!s->files)
        return vr_fail_memory(err, s->path);
    for (size_t i = 0; i < count; i++) {
        vr_source_file *file = &s->files[s->file_count];
        file->path = arena_path(s, names[i]);
        if (!file->path)
            return vr_fail_memory(err, s->path);
        s->file_count++;
        vireo_status st = open_file(s, file, err);
        if (st)
            return st;
    }
    return VIREO_OK;
}

/* The different shards a weight_map names, in its order. */
static vireo_status list_shards(vireo_source *s, const char *path, const cJSON *map,
                                const char **names, size_t *count, vireo_error *err)
{
    vr_map seen;
    vr_map_init(&seen, s->allocator);
    vireo_status st = VIREO_OK;
    const cJSON *entry;
    cJSON_ArrayForEach(entry, map)
    {
        const char *shard = cJSON_IsString(entry) ? entry->valuestring : NULL;
        uint32_t index = (uint32_t)*count;
        bool added = false;
        if (!shard)
            st = vr_fail_at(err, VIREO_ERROR_FORMAT, VR_SAFETENSORS_TYPE, 0,
                            "%s: weight_map's \"%.*s\" is no string (TYPE)", path,
                            vr_json_clip(entry->string, strlen(entry->string)), entry->string);
        else if (!vr_source_safe_path(shard) || strchr(shard, '/'))
            st = vr_fail_at(err, VIREO_ERROR_FORMAT, VR_SAFETENSORS_PATH, 0,
                            "%s: weight_map names \"%.*s\", a plain file name is needed (PATH)",
                            path, vr_json_clip(shard, strlen(shard)), shard);
        else if (!vr_map_put(&seen, shard, strlen(shard), &index, &added))
            st = vr_fail_memory(err, path);
        else if (added && *count == VR_SOURCE_MAX_FILES)
            st = vr_fail_at(err, VIREO_ERROR_LIMIT, VR_SAFETENSORS_LIMIT, 0,
                            "%s: more than %d shards, which is the limit (LIMIT)", path,
                            VR_SOURCE_MAX_FILES);
        else if (added)
            names[(*count)++] = shard;
        if (st)
            break;
    }
    vr_map_deinit(&seen);
    return st;
}

/* The name of the shard that holds a tensor: the last file whose first tensor is not behind it. */
static const char *shard_of(const vireo_source *s, size_t tensor)
{
    size_t low = 0, high = s->file_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (s->files[middle].first_tensor <= tensor)
            low = middle;
        else
            high = middle;
    }
    return strrchr(s->files[low].path, '/') + 1;
}

/* Every tensor the index names stands in the shard it names. */
static vireo_status check_index(const vireo_source *s, const char *path, const cJSON *map,
                                vireo_error *err)
{
    const cJSON *entry;
    cJSON_ArrayForEach(entry, map)
    {
        const char *name = entry->string;
        uint32_t index;
        if (!vr_map_get(&s->names, name, strlen(name), &index) ||
            strcmp(shard_of(s, index), entry->valuestring) != 0)
            return vr_fail_at(err, VIREO_ERROR_FORMAT, VR_SAFETENSORS_INDEX, 0,
                              "%s: \"%.*s\" does not stand in %s, which weight_map names (INDEX)",
                              path, vr_json_clip(name, strlen(name)), name, entry->valuestring);
    }
    return VIREO_OK;
}

static vireo_status open_sharded(vireo_source *s, const char *path, vireo_error *err)
{
    cJSON *root = NULL;
    const char **names = NULL;
    size_t count = 0;
    const vr_json_limits limits = {.bytes = VR_SOURCE_MAX_INDEX,
                                   .values = VR_SOURCE_MAX_VALUES,
                                   .members = VR_SAFETENSORS_MAX_TENSORS};
    vireo_status st = vr_json_read(s->allocator, path, &limits, &root, err);
    if (st)
        return st;
    const cJSON *map = vr_json_get(root, "weight_map");
    if (!cJSON_IsObject(map)) {
        st = vr_fail_at(err, VIREO_ERROR_FORMAT, VR_SAFETENSORS_FIELD, 0,
                        "%s: no object weight_map (FIELD)", path);
        goto done;
    }
    names = vr_calloc(s->allocator, VR_SOURCE_MAX_FILES, sizeof *names);
    if (!names) {
        st = vr_fail_memory(err, path);
        goto done;
    }
    st = list_shards(s, path, map, names, &count, err);
    if (!st)
        st = open_files(s, names, count, err);
    if (!st)
        st = check_index(s, path, map, err);
done:
    vr_free(s->allocator, names);
    cJSON_Delete(root);
    return st;
}

static vireo_status open_tensors(vireo_source *s, vireo_error *err)
{
    const char *single = arena_path(s, single_name), *index = arena_path(s, index_name);
    if (!single || !index)
        return vr_fail_memory(err, s->path);
    if (vr_file_exists(single))
        return open_files(s, (const char *const[]){single_name}, 1, err);
    if (vr_file_exists(index))
        return open_sharded(s, index, err);
    return vr_fail(err, VIREO_ERROR_NOT_FOUND, "%s: holds neither %s nor %s", s->path, single_name,
                   index_name);
}

vireo_status vireo_source_open(const char *path, const vireo_allocator *allocator,
                               vireo_source **out, vireo_error *err)
{
    if (!path || !out)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT, "vireo_source_open: path or out is NULL");
    vireo_status st = vr_need_folder(path, err);
    if (st)
        return st;
    vireo_source *s = vr_calloc(allocator, 1, sizeof *s);
    if (!s)
        return vr_fail_memory(err, path);
    if (allocator) {
        s->hooks = *allocator;
        s->allocator = &s->hooks;
    }
    vr_arena_init(&s->arena, s->allocator);
    vr_map_init(&s->names, s->allocator);
    vr_mutex_init(&s->mutex);
    s->path = vr_arena_strdup(&s->arena, path);
    st = s->path ? vr_source_read_configs(s, err) : vr_fail_memory(err, path);
    if (!st)
        st = open_tensors(s, err);
    if (st) {
        vireo_source_close(&s);
        return st;
    }
    *out = s;
    return VIREO_OK;
}

void vireo_source_close(vireo_source **source)
{
    if (!source || !*source)
        return;
    vireo_source *s = *source;
    for (size_t i = 0; i < s->file_count; i++)
        vr_file_unmap(&s->files[i].mapped);
    for (size_t i = 0; i < s->document_count; i++)
        cJSON_Delete(s->documents[i].root);
    vr_map_deinit(&s->names);
    vr_free(s->allocator, s->tensors);
    vr_arena_deinit(&s->arena);
    vr_mutex_deinit(&s->mutex);
    vireo_allocator hooks = s->hooks; /* they must outlive the block they free */
    bool own = s->allocator != NULL;
    vr_free(own ? &hooks : NULL, s);
    *source = NULL;
}

const char *vireo_source_path(const vireo_source *s)
{
    return s->path;
}

size_t vireo_source_tensor_count(const vireo_source *s)
{
    return s->tensor_count;
}

vireo_status vireo_source_tensor_at(const vireo_source *s, size_t index, vireo_source_tensor *out)
{
    if (index >= s->tensor_count)
        return VIREO_ERROR_INVALID_ARGUMENT;
    *out = s->tensors[index];
    return VIREO_OK;
}

bool vireo_source_find(const vireo_source *s, const char *name, vireo_source_tensor *out)
{
    uint32_t index;
    if (!vr_map_get(&s->names, name, strlen(name), &index))
        return false;
    *out = s->tensors[index];
    return true;
}

typedef struct pieces {
    const vireo_source *source;
    size_t file, offset;
    const unsigned char *last;
    size_t last_bytes;
} pieces;

static bool next_piece(void *user, const void **data, size_t *bytes)
{
    pieces *p = user;
    vr_file_forget(p->last, p->last_bytes);
    p->last_bytes = 0;
    while (p->file < p->source->file_count) {
        const vr_mapped *m = &p->source->files[p->file].mapped;
        if (p->offset < m->bytes) {
            size_t left = m->bytes - p->offset;
            p->last = (const unsigned char *)m->data + p->offset;
            p->last_bytes = left < HASH_PIECE ? left : HASH_PIECE;
            p->offset += p->last_bytes;
            *data = p->last;
            *bytes = p->last_bytes;
            return true;
        }
        p->file++;
        p->offset = 0;
    }
    return false;
}

vireo_status vireo_source_hash(vireo_source *s, const char **out, vireo_error *err)
{
    if (!s || !out)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "vireo_source_hash: source or out is NULL");
    vr_mutex_lock(&s->mutex);
    if (s->hash[0] == '\0') {
        pieces p = {.source = s};
        vr_hash_hex(vr_hash_pieces(next_piece, &p), s->hash);
    }
    vr_mutex_unlock(&s->mutex);
    *out = s->hash;
    return VIREO_OK;
}
