/* SPDX-License-Identifier: Apache-2.0
 * Vectors beside the items: 32-bit floats in the machine's own order, which on every machine with
 * Vulkan is little-endian. */
#include "base/hash.h"
#include "data/dataset.h"
#include "data/store.h"
#include <string.h>

static bool text_hash(const vireo_item *item, const vireo_allocator *allocator, char out[33])
{
    size_t n = vireo_item_text(item, NULL, 0);
    char *text = vr_alloc(allocator, n + 1);
    if (!text)
        return false;
    vireo_item_text(item, text, n + 1);
    vr_hash_hex(vr_hash(text, n), out);
    vr_free(allocator, text);
    return true;
}

static vireo_status load_row(sqlite3_stmt *row, const vr_dataset *d, uint32_t width, float *vectors,
                             bool *present, vireo_error *err)
{
    char hash[33];
    uint32_t index;
    const size_t bytes = (size_t)width * sizeof(float);
    const char *stored = (const char *)sqlite3_column_text(row, 2);
    /* A row of another width or of an item that is not in this snapshot is as good as absent. */
    if (!vr_dataset_item_of(d, sqlite3_column_int64(row, 0), &index) ||
        sqlite3_column_int64(row, 1) != (int64_t)width)
        return VIREO_OK;
    const void *data = sqlite3_column_blob(row, 3);
    if (!data || !stored || (size_t)sqlite3_column_bytes(row, 3) != bytes)
        return VIREO_OK;
    if (!text_hash(&d->face.items[index], d->allocator, hash))
        return vr_fail_memory(err, "vectors");
    if (!strcmp(hash, stored)) {
        memcpy(vectors + (size_t)index * width, data, bytes);
        present[index] = true;
    }
    return VIREO_OK;
}

vireo_status vireo_store_load_vectors(vireo_store *store, const vireo_dataset *dataset,
                                      const char *key, uint32_t width, float *vectors,
                                      bool *present, vireo_error *err)
{
    if (!store || !dataset || !key || !width || !vectors || !present)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "vireo_store_load_vectors: a null argument or width 0");
    sqlite3_stmt *rows = NULL;
    int code = SQLITE_DONE;
    for (size_t i = 0; i < dataset->n_items; i++)
        present[i] = false;
    vireo_status st = vr_store_prepare(
        store, "SELECT item, width, text_hash, vector FROM vectors WHERE model = ?1", &rows, err);
    if (!st)
        sqlite3_bind_text(rows, 1, key, -1, SQLITE_STATIC);
    while (!st && (code = sqlite3_step(rows)) == SQLITE_ROW)
        st = load_row(rows, (const vr_dataset *)dataset, width, vectors, present, err);
    if (!st && code != SQLITE_DONE)
        st = vr_store_fail(store, code, "reading vectors", err);
    sqlite3_finalize(rows);
    return st;
}

static vireo_status save_rows(vireo_store *store, sqlite3_stmt *insert, const vr_dataset *d,
                              uint32_t width, const float *vectors, const uint32_t *items, size_t n,
                              vireo_error *err)
{
    vireo_status st = VIREO_OK;
    char hash[33];
    for (size_t i = 0; i < n && !st; i++) {
        uint32_t item = items[i];
        if (!text_hash(&d->face.items[item], d->allocator, hash)) {
            st = vr_fail_memory(err, "vectors");
            break;
        }
        sqlite3_bind_int64(insert, 2, d->item_pks[item]);
        sqlite3_bind_int64(insert, 3, width);
        sqlite3_bind_text(insert, 4, hash, -1, SQLITE_STATIC);
        sqlite3_bind_blob64(insert, 5, vectors + (size_t)item * width,
                            (sqlite3_uint64)width * sizeof(float), SQLITE_STATIC);
        st = vr_store_run(store, insert, "saving a vector", err);
    }
    return st;
}

vireo_status vireo_store_save_vectors(vireo_store *store, const vireo_dataset *dataset,
                                      const char *key, uint32_t width, const float *vectors,
                                      const uint32_t *items, size_t n, vireo_error *err)
{
    sqlite3_stmt *insert = NULL;
    if (!store || !dataset || !key || !width || !vectors || (n && !items))
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "vireo_store_save_vectors: a null argument or width 0");
    for (size_t i = 0; i < n; i++)
        if (items[i] >= dataset->n_items)
            return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                           "vireo_store_save_vectors: item %u of %zu", items[i], dataset->n_items);
    if (n == 0)
        return VIREO_OK;
    vireo_status st = vr_store_begin(store, err);
    if (st)
        return st;
    st = vr_store_prepare(store,
                          "INSERT INTO vectors(model, item, width, text_hash, vector)"
                          " VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT(model, item) DO UPDATE SET"
                          " width = ?3, text_hash = ?4, vector = ?5",
                          &insert, err);
    if (!st) {
        sqlite3_bind_text(insert, 1, key, -1, SQLITE_STATIC);
        st = save_rows(store, insert, (const vr_dataset *)dataset, width, vectors, items, n, err);
    }
    sqlite3_finalize(insert);
    if (!st)
        st = vr_store_commit(store, err);
    if (st)
        vr_store_rollback(store);
    return st;
}
