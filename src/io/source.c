/* SPDX-License-Identifier: Apache-2.0
 * A Hugging Face folder: which files it has, and their tensors in one table. */
#include "io/source.h"
#include "base/hash.h"
#include "io/json_walk.h"
#include "io/safetensors.h"
#include <stdio.h>
#include <string.h>

enum { HASH_PIECE = 1 << 20 }; /* read at one time while hashing */

static const char single_name[] = "model.safetensors";
static const char index_name[] = "model.safetensors.index.json";

static const char *arena_path(vireo_source *s, const char *name)
{
    char *joined = vr_path_join(s->allocator, s->path, name);
    char *kept = joined ? vr_arena_strdup(&s->arena, joined) : NULL;
    vr_free(s->allocator, joined);
    return kept;
}

/* Reads path/name as the document of a prefix. Absent: nothing, unless it is needed. */
static vireo_status read_document(vireo_source *s, const char *name, const char *prefix,
                                  bool needed, bool array, vireo_error *err)
{
    char *path = vr_path_join(s->allocator, s->path, name);
    if (!path)
        return vr_fail_memory(err, name);
    cJSON *root;
    const vr_json_limits limits = {.bytes = VR_SOURCE_MAX_CONFIG, .values = VR_SOURCE_MAX_VALUES};
    vireo_status st = VIREO_OK;
    if (needed || vr_file_exists(path)) {
        st = vr_json_read(s->allocator, path, &limits, &root, err);
        if (!st)
            st = vr_source_add_document(s, path, prefix, array, root, err);
    }
    vr_free(s->allocator, path);
    return st;
}

static vireo_status read_pooling(vireo_source *s, const cJSON *modules, vireo_error *err)
{
    const char *folder = NULL;
    vireo_status st = vr_source_pooling_folder(s, modules, &folder, err);
    if (st || !folder)
        return st;
    char *name = vr_path_join(s->allocator, folder, "config.json");
    if (!name)
        return vr_fail_memory(err, s->path);
    st = read_document(s, name, "1_Pooling.", modules != NULL, false, err);
    vr_free(s->allocator, name);
    return st;
}

/* config.json (needed) and the other files of hyper-parameters that stand in the folder. */
static vireo_status read_configs(vireo_source *s, vireo_error *err)
{
    vireo_status st = read_document(s, "config.json", "", true, false, err);
    if (!st)
        st = read_document(s, "sentence_bert_config.json", "sentence_bert_config.", false, false,
                           err);
    if (!st)
        st = read_document(s, "tokenizer_config.json", "tokenizer_config.", false, false, err);
    size_t before = s->document_count;
    if (!st)
        st = read_document(s, "modules.json", "modules.", false, true, err);
    if (!st)
        st = read_pooling(s, s->document_count > before ? s->documents[before].root : NULL, err);
    return st;
}

/* More than VIREO_MAX_RANK dimensions: the leading ones are shown as their product. Such a tensor
 * is not supported, whatever its dtype. */
static vr_source_tensor describe(const vr_safetensor *t, const vr_file *file)
{
    vr_source_tensor out = {.file = file,
                            .begin = t->begin,
                            .shown = {.name = t->name,
                                      .stored_dtype = t->dtype,
                                      .dtype = t->known,
                                      .rank = t->rank,
                                      .bytes = t->bytes}};
    uint32_t fold = t->rank > VIREO_MAX_RANK ? t->rank - VIREO_MAX_RANK : 0;
    out.shown.rank -= fold;
    out.shown.supported = t->supported && fold == 0;
    for (uint32_t i = 0; i < out.shown.rank; i++)
        out.shown.shape[i] = t->shape[i + fold];
    for (uint32_t i = 0; i < fold; i++)
        out.shown.shape[0] *= t->shape[i];
    return out;
}

static vireo_status add_tensors(vireo_source *s, const vr_file *file, const vr_safetensors *table,
                                vireo_error *err)
{
    size_t total = s->tensor_count + table->count;
    if (total > VR_SAFETENSORS_MAX_TENSORS)
        return vr_fail_at(err, VIREO_ERROR_LIMIT, VR_SAFETENSORS_LIMIT, 0,
                          "%s: more than %d tensors together with the shards before (LIMIT)",
                          file->path, VR_SAFETENSORS_MAX_TENSORS);
    vr_source_tensor *all = vr_realloc(s->allocator, s->tensors, (total ? total : 1) * sizeof *all);
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

/* Reads no more than the header, and that only after its length has been judged. */
static vireo_status read_table(vireo_source *s, const vr_file *file, vr_safetensors *table,
                               vireo_error *err)
{
    char start[8] = {0};
    size_t head_bytes = 0;
    vireo_status st = vr_file_read_at(file, NULL, 0, start,
                                      file->bytes < sizeof start ? file->bytes : sizeof start, err);
    if (!st)
        st = vr_safetensors_measure(file->path, start, file->bytes, &head_bytes, err);
    if (st)
        return st;
    char *head = vr_alloc(s->allocator, head_bytes);
    if (!head)
        return vr_fail_memory(err, file->path);
    memcpy(head, start, sizeof start); /* not read twice: the length that was judged counts */
    st = vr_file_read_at(file, NULL, sizeof start, head + sizeof start, head_bytes - sizeof start,
                         err);
    if (!st)
        st = vr_safetensors_parse(&s->arena, file->path, head, file->bytes, table, err);
    vr_free(s->allocator, head);
    return st;
}

static vireo_status open_files(vireo_source *s, const char *const *names, size_t count,
                               vireo_error *err)
{
    s->files = vr_arena_array(&s->arena, count, sizeof *s->files);
    if (!s->files)
        return vr_fail_memory(err, s->path);
    for (size_t i = 0; i < count; i++) {
        vr_file *file = &s->files[i];
        vr_safetensors table;
        const char *path = arena_path(s, names[i]);
        vireo_status st = path ? vr_file_open(file, path, err) : vr_fail_memory(err, s->path);
        if (st)
            return st;
        s->file_count++;
        st = read_table(s, file, &table, err);
        if (!st)
            st = add_tensors(s, file, &table, err);
        if (st)
            return st;
    }
    return VIREO_OK;
}

static vireo_status open_sharded(vireo_source *s, const char *path, vireo_error *err)
{
    cJSON *root = NULL;
    size_t count = 0;
    const vr_json_limits limits = {.bytes = VR_SOURCE_MAX_INDEX,
                                   .values = VR_SOURCE_MAX_VALUES,
                                   .members = VR_SAFETENSORS_MAX_TENSORS};
    vireo_status st = vr_json_read(s->allocator, path, &limits, &root, err);
    if (st)
        return st;
    const char **names = vr_calloc(s->allocator, VR_SOURCE_MAX_FILES, sizeof *names);
    st = names ? vr_source_list_shards(s->allocator, path, root, names, &count, err)
               : vr_fail_memory(err, path);
    if (!st)
        st = open_files(s, names, count, err);
    if (!st)
        st = vr_source_check_index(s, path, root, err);
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

vireo_status vr_source_create(const vireo_allocator *allocator, const char *path,
                              vireo_source **out, vireo_error *err)
{
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
    if (!s->path) {
        vireo_source_close(&s);
        return vr_fail_memory(err, path);
    }
    *out = s;
    return VIREO_OK;
}

vireo_status vireo_source_open(const char *path, const vireo_allocator *allocator,
                               vireo_source **out, vireo_error *err)
{
    if (!path || !out)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT, "vireo_source_open: path or out is NULL");
    vireo_source *s = NULL;
    vireo_status st = vr_need_folder(path, err);
    if (!st)
        st = vr_source_create(allocator, path, &s, err);
    if (!st)
        st = read_configs(s, err);
    if (!st)
        st = open_tensors(s, err);
    if (st)
        vireo_source_close(&s);
    else
        *out = s;
    return st;
}

void vireo_source_close(vireo_source **source)
{
    if (!source || !*source)
        return;
    vireo_source *s = *source;
    for (size_t i = 0; i < s->file_count; i++)
        vr_file_close(&s->files[i]);
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
    *out = s->tensors[index].shown;
    return VIREO_OK;
}

const vr_source_tensor *vr_source_tensor_of(const vireo_source *s, const char *name)
{
    uint32_t index;
    return vr_map_get(&s->names, name, strlen(name), &index) ? &s->tensors[index] : NULL;
}

bool vireo_source_find(const vireo_source *s, const char *name, vireo_source_tensor *out)
{
    const vr_source_tensor *t = vr_source_tensor_of(s, name);
    if (t)
        *out = t->shown;
    return t != NULL;
}

vireo_status vireo_source_read(const vireo_source *s, const char *name, size_t offset, void *to,
                               size_t bytes, vireo_error *err)
{
    if (!s || !name || (bytes && !to))
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "vireo_source_read: source, name and to are needed");
    const vr_source_tensor *t = vr_source_tensor_of(s, name);
    if (!t)
        return vr_fail(err, VIREO_ERROR_NOT_FOUND, "%s: tensor %s is missing", s->path, name);
    if (offset > t->shown.bytes || bytes > t->shown.bytes - offset)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "%s: tensor %s: %zu bytes at %zu of its %zu", t->file->path, name, bytes,
                       offset, t->shown.bytes);
    char part[320];
    snprintf(part, sizeof part, "tensor %s", name);
    return vr_file_read_at(t->file, part, t->begin + offset, to, bytes, err);
}

typedef struct pieces {
    const vireo_source *source;
    char *buffer; /* HASH_PIECE bytes */
    size_t file, offset;
    vireo_status status;
    vireo_error *err;
} pieces;

static bool next_piece(void *user, const void **data, size_t *bytes)
{
    pieces *p = user;
    while (p->file < p->source->file_count) {
        const vr_file *f = &p->source->files[p->file];
        const size_t left = f->bytes - p->offset;
        *data = p->buffer;
        *bytes = left < HASH_PIECE ? left : HASH_PIECE;
        if (left > 0) {
            p->status = vr_file_read_at(f, NULL, p->offset, p->buffer, *bytes, p->err);
            p->offset += *bytes;
            return p->status == VIREO_OK;
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
    vireo_status st = VIREO_OK;
    vr_mutex_lock(&s->mutex);
    if (s->hash[0] == '\0') {
        pieces p = {.source = s, .buffer = vr_alloc(s->allocator, HASH_PIECE), .err = err};
        if (p.buffer) {
            vr_hash128 hash = vr_hash_pieces(next_piece, &p);
            st = p.status;
            if (!st)
                vr_hash_hex(hash, s->hash);
        } else {
            st = vr_fail_memory(err, s->path);
        }
        vr_free(s->allocator, p.buffer);
    }
    vr_mutex_unlock(&s->mutex);
    if (!st)
        *out = s->hash;
    return st;
}
