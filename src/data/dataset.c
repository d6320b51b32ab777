/* SPDX-License-Identifier: Apache-2.0 */
#include "data/dataset.h"
#include "data/store.h"
#include <stdio.h>
#include <string.h>

typedef struct loader {
    vireo_store *store;
    vr_dataset *d;
    int64_t *user_pks; /* rising */
    vireo_item *items;
    const char **users;
    size_t *offsets;
    uint32_t *counts;
    vireo_error *err;
} loader;

/* Index of pk among n rising keys; keys are dense unless another program wrote the store. */
static bool find_pk(const int64_t *pks, size_t n, int64_t pk, uint32_t *index)
{
    size_t low = 0, high = n;
    if (pk >= 1 && (uint64_t)pk <= n && pks[pk - 1] == pk) {
        *index = (uint32_t)(pk - 1);
        return true;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (pks[middle] < pk)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == n || pks[low] != pk)
        return false;
    *index = (uint32_t)low;
    return true;
}

bool vr_dataset_item_of(const vr_dataset *d, int64_t pk, uint32_t *index)
{
    return find_pk(d->item_pks, d->face.n_items, pk, index);
}

static vireo_status damaged(const loader *l, const char *what)
{
    return vr_fail(l->err, VIREO_ERROR_FORMAT, "%s: reading %s: the store is damaged",
                   l->store->path, what);
}

static const char *copy_text(loader *l, sqlite3_stmt *rows, int column)
{
    const char *text = (const char *)sqlite3_column_text(rows, column);
    return text ? vr_arena_strdup(&l->d->arena, text) : NULL;
}

static vireo_status count_rows(loader *l, const char *sql, size_t limit, const char *what,
                               size_t *out)
{
    int64_t n = 0;
    vireo_status st = vr_store_int(l->store, sql, &n, l->err);
    if (st)
        return st;
    if (n < 0 || (uint64_t)n > limit)
        return vr_fail(l->err, VIREO_ERROR_LIMIT, "%s: %lld %s; at most %zu can be used",
                       l->store->path, (long long)n, what, limit);
    *out = (size_t)n;
    return VIREO_OK;
}

static vireo_status allocate(loader *l)
{
    vr_dataset *d = l->d;
    size_t n_items = 0, n_users = 0, n_events = 0;
    vireo_status st =
        count_rows(l, "SELECT count(*) FROM items", UINT32_MAX - 1, "items", &n_items);
    if (!st)
        st = count_rows(l, "SELECT count(*) FROM users", UINT32_MAX - 1, "users", &n_users);
    if (!st)
        st = count_rows(l, "SELECT count(*) FROM interactions", SIZE_MAX / 64, "interactions",
                        &n_events);
    if (st)
        return st;
    l->items = vr_arena_array(&d->arena, n_items, sizeof *l->items);
    l->users = vr_arena_array(&d->arena, n_users, sizeof *l->users);
    l->offsets = vr_arena_array(&d->arena, n_users + 1, sizeof *l->offsets);
    l->counts = vr_arena_array(&d->arena, n_items, sizeof *l->counts);
    d->item_pks = vr_arena_array(&d->arena, n_items, sizeof *d->item_pks);
    l->user_pks = vr_calloc(d->allocator, n_users, sizeof *l->user_pks);
    d->own_events = vr_calloc(d->allocator, n_events, sizeof *d->own_events);
    if (!l->items || !l->users || !l->offsets || !l->counts || !d->item_pks || !l->user_pks ||
        !d->own_events)
        return vr_fail_memory(l->err, "dataset");
    d->face = (vireo_dataset){
        .n_items = n_items,
        .n_users = n_users,
        .n_events = n_events,
        .items = l->items,
        .users = l->users,
        .user_offsets = l->offsets,
        .events = d->own_events,
        .item_counts = l->counts,
    };
    return VIREO_OK;
}

static vireo_status load_item(loader *l, sqlite3_stmt *row, size_t at)
{
    vireo_item *item = &l->items[at];
    uint32_t index = (uint32_t)at;
    l->d->item_pks[at] = sqlite3_column_int64(row, 0);
    item->id = copy_text(l, row, 1);
    item->title = copy_text(l, row, 2);
    item->year = sqlite3_column_int(row, 3);
    item->genres = copy_text(l, row, 4);
    if (!item->id || !item->title || !item->genres ||
        !vr_map_put(&l->d->items, item->id, strlen(item->id), &index, NULL))
        return vr_fail_memory(l->err, "items");
    return VIREO_OK;
}

static vireo_status load_user(loader *l, sqlite3_stmt *row, size_t at)
{
    uint32_t index = (uint32_t)at;
    l->user_pks[at] = sqlite3_column_int64(row, 0);
    l->users[at] = copy_text(l, row, 1);
    if (!l->users[at] ||
        !vr_map_put(&l->d->users, l->users[at], strlen(l->users[at]), &index, NULL))
        return vr_fail_memory(l->err, "users");
    return VIREO_OK;
}

/* Rows come by user. offsets[u + 1] counts u's events until load sums them up. */
static vireo_status load_event(loader *l, sqlite3_stmt *row, size_t at)
{
    vireo_event *event = &l->d->own_events[at];
    uint32_t user;
    if (!find_pk(l->user_pks, l->d->face.n_users, sqlite3_column_int64(row, 0), &user) ||
        !vr_dataset_item_of(l->d, sqlite3_column_int64(row, 1), &event->item))
        return damaged(l, "interactions");
    if (sqlite3_column_type(row, 2) != SQLITE_NULL) {
        event->rating = (float)sqlite3_column_double(row, 2);
        l->d->face.has_ratings = true;
    }
    event->timestamp = sqlite3_column_double(row, 3);
    l->offsets[user + 1]++;
    l->counts[event->item]++;
    return VIREO_OK;
}

static vireo_status each_row(loader *l, const char *sql, size_t expected, const char *what,
                             vireo_status (*fn)(loader *, sqlite3_stmt *, size_t))
{
    sqlite3_stmt *rows = NULL;
    size_t n = 0;
    int code = SQLITE_DONE;
    vireo_status st = vr_store_prepare(l->store, sql, &rows, l->err);
    while (!st && (code = sqlite3_step(rows)) == SQLITE_ROW)
        st = n < expected ? fn(l, rows, n++) : damaged(l, what);
    if (!st && code != SQLITE_DONE)
        st = vr_store_fail(l->store, code, what, l->err);
    else if (!st && n != expected)
        st = damaged(l, what);
    sqlite3_finalize(rows);
    return st;
}

static vireo_status load_all(loader *l)
{
    const vireo_dataset *face = &l->d->face;
    vireo_status st = allocate(l);
    if (!st)
        st = each_row(l, "SELECT pk, id, title, year, genres FROM items ORDER BY pk", face->n_items,
                      "items", load_item);
    if (!st)
        st = each_row(l, "SELECT pk, id FROM users ORDER BY pk", face->n_users, "users", load_user);
    if (!st)
        st = each_row(l,
                      "SELECT user, item, rating, timestamp FROM interactions"
                      " ORDER BY user, timestamp, pk",
                      face->n_events, "interactions", load_event);
    for (size_t u = 0; u < face->n_users && !st; u++)
        l->offsets[u + 1] += l->offsets[u];
    vr_free(l->d->allocator, l->user_pks);
    return st;
}

vireo_status vireo_dataset_load(vireo_store *store, vireo_dataset **out, vireo_error *err)
{
    if (!store || !out)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT, "vireo_dataset_load: no store or no out");
    vr_dataset *d = vr_calloc(store->allocator, 1, sizeof *d);
    if (!d)
        return vr_fail_memory(err, "dataset");
    if (store->allocator) {
        d->hook = *store->allocator;
        d->allocator = &d->hook;
    }
    vr_arena_init(&d->arena, d->allocator);
    vr_map_init(&d->items, d->allocator);
    vr_map_init(&d->users, d->allocator);
    vireo_dataset *face = &d->face;
    loader l = {.store = store, .d = d, .err = err};
    /* One transaction: counts and rows belong to the same moment. */
    vireo_status st = vr_store_exec(store, "BEGIN", "reading", err);
    if (!st) {
        st = load_all(&l);
        vr_store_rollback(store);
    }
    if (st)
        vireo_dataset_destroy(&face);
    else
        *out = face;
    return st;
}

void vireo_dataset_destroy(vireo_dataset **dataset)
{
    if (!dataset || !*dataset)
        return;
    vr_dataset *d = (vr_dataset *)*dataset;
    vireo_allocator hook = d->hook;
    bool hooked = d->allocator != NULL;
    vr_map_deinit(&d->users);
    vr_map_deinit(&d->items);
    vr_free(d->allocator, d->own_events);
    vr_arena_deinit(&d->arena);
    vr_free(hooked ? &hook : NULL, d);
    *dataset = NULL;
}

bool vireo_dataset_find_item(const vireo_dataset *dataset, const char *id, uint32_t *index)
{
    return vr_map_get(&((const vr_dataset *)dataset)->items, id, strlen(id), index);
}

bool vireo_dataset_find_user(const vireo_dataset *dataset, const char *id, uint32_t *index)
{
    return vr_map_get(&((const vr_dataset *)dataset)->users, id, strlen(id), index);
}

size_t vireo_item_text(const vireo_item *item, char *buffer, size_t size)
{
    char year[16] = "";
    bool named = item->title[0] || item->year;
    if (item->year)
        snprintf(year, sizeof year, "%s(%d)", item->title[0] ? " " : "", (int)item->year);
    int n = snprintf(buffer, size, "%s%s%s%s", item->title, year,
                     named && item->genres[0] ? ". " : "", item->genres);
    return n < 0 ? 0 : (size_t)n;
}
