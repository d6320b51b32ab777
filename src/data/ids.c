/* SPDX-License-Identifier: Apache-2.0 */
#include "data/ids.h"

void vr_ids_init(vr_ids *ids, const vireo_allocator *allocator)
{
    *ids = (vr_ids){0};
    vr_arena_init(&ids->texts, allocator);
    vr_map_init(&ids->map, allocator);
}

void vr_ids_deinit(vr_ids *ids)
{
    const vireo_allocator *allocator = ids->texts.allocator;
    vr_free(allocator, ids->list);
    vr_map_deinit(&ids->map);
    vr_arena_deinit(&ids->texts);
    vr_ids_init(ids, allocator);
}

vireo_status vr_ids_load(vr_ids *ids, vireo_store *store, const char *sql, vireo_error *err)
{
    sqlite3_stmt *rows = NULL;
    int code = SQLITE_DONE;
    vireo_status st = vr_store_prepare(store, sql, &rows, err);
    while (!st && (code = sqlite3_step(rows)) == SQLITE_ROW) {
        const char *id = (const char *)sqlite3_column_text(rows, 1);
        if (!id)
            st = vr_fail_memory(err, "ids");
        else
            st = vr_ids_add(ids, id, (size_t)sqlite3_column_bytes(rows, 1),
                            (vr_id){.pk = sqlite3_column_int64(rows, 0),
                                    .described = sqlite3_column_int(rows, 2) != 0},
                            err);
    }
    if (!st && code != SQLITE_DONE)
        st = vr_store_fail(store, code, "reading ids", err);
    sqlite3_finalize(rows);
    return st;
}

vr_id *vr_ids_find(const vr_ids *ids, const char *id, size_t length)
{
    uint32_t index;
    return vr_map_get(&ids->map, id, length, &index) ? &ids->list[index] : NULL;
}

vireo_status vr_ids_add(vr_ids *ids, const char *id, size_t length, vr_id value, vireo_error *err)
{
    uint32_t index = (uint32_t)ids->count;
    if (ids->count >= UINT32_MAX)
        return vr_fail(err, VIREO_ERROR_LIMIT, "more than %u ids in a store", UINT32_MAX - 1);
    char *copy = vr_arena_strndup(&ids->texts, id, length);
    if (!copy ||
        !vr_grow(ids->texts.allocator, (void **)&ids->list, &ids->capacity, ids->count + 1,
                 sizeof *ids->list) ||
        !vr_map_put(&ids->map, copy, length, &index, NULL))
        return vr_fail_memory(err, "ids");
    ids->list[ids->count++] = value;
    return VIREO_OK;
}
