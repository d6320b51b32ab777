/* SPDX-License-Identifier: Apache-2.0
 * vireo_import: items first, then users, then interactions, so that the order of first import is
 * the catalogue's own where there is one. */
#include "data/import.h"
#include "data/store.h"
#include <string.h>

#define PROGRESS_ROWS 4096

enum { INSERT_USER, INSERT_ITEM, DESCRIBE_ITEM, INSERT_EVENT, FIND_EVENT, N_STATEMENTS };
static const char *const sql[N_STATEMENTS] = {
    "INSERT INTO users(id) VALUES(?1)",
    "INSERT INTO items(id, title, year, genres, described) VALUES(?1, ?2, ?3, ?4, ?5)",
    "UPDATE items SET title = ?2, year = ?3, genres = ?4, described = 1 WHERE pk = ?1",
    ("INSERT INTO interactions(user, item, rating, timestamp) VALUES(?1, ?2, ?3, ?4)"
     " ON CONFLICT DO NOTHING"),
    "SELECT pk FROM interactions WHERE user = ?1 AND item = ?2 AND timestamp = ?3",
};

typedef struct import {
    vireo_store *store;
    const vireo_import_options *options;
    vr_atomic items, users, interactions;
    vr_ids known_items, known_users;
    sqlite3_stmt *statements[N_STATEMENTS];
    int64_t old_events; /* largest key before this import */
    vr_str title, genres;
    vr_notes notes;
    vireo_import_report report;
} import;

/* Accepted names: item_id; movie_title, title, name; release_year, year; class, genres, genre,
 * categories, category. RecBole's own data sets use them; the first of a row that a file has
 * counts. */
static const vr_atomic_wanted item_columns[] = {
    {"item_id", VR_ATOMIC_TOKEN, true},
    {"movie_title title name", VR_ATOMIC_TOKEN | VR_ATOMIC_TOKEN_SEQ, false},
    {"release_year year", VR_ATOMIC_TOKEN | VR_ATOMIC_FLOAT, false},
    {"class genres genre categories category", VR_ATOMIC_TOKEN | VR_ATOMIC_TOKEN_SEQ, false},
};
static const vr_atomic_wanted user_columns[] = {{"user_id", VR_ATOMIC_TOKEN, true}};
static const vr_atomic_wanted interaction_columns[] = {
    {"user_id", VR_ATOMIC_TOKEN, true},
    {"item_id", VR_ATOMIC_TOKEN, true},
    {"rating", VR_ATOMIC_FLOAT, false},
    {"timestamp", VR_ATOMIC_FLOAT, false},
};

static void bind_text(sqlite3_stmt *statement, int at, const char *text, size_t length)
{
    sqlite3_bind_text(statement, at, text ? text : "", (int)length, SQLITE_STATIC);
}

static vireo_status add_user(import *in, const vr_atomic_field *id, bool described,
                             vireo_error *err)
{
    sqlite3_stmt *statement = in->statements[INSERT_USER];
    bind_text(statement, 1, id->data, id->length);
    vireo_status st = vr_store_run(in->store, statement, "adding a user", err);
    if (st)
        return st;
    vr_id value = {sqlite3_last_insert_rowid(in->store->db), described, described};
    return vr_ids_add(&in->known_users, id->data, id->length, value, err);
}

static vireo_status add_item(import *in, const vr_atomic_field *id, bool described, int32_t year,
                             vireo_error *err)
{
    sqlite3_stmt *statement = in->statements[INSERT_ITEM];
    bind_text(statement, 1, id->data, id->length);
    bind_text(statement, 2, in->title.data, in->title.length);
    sqlite3_bind_int(statement, 3, year);
    bind_text(statement, 4, in->genres.data, in->genres.length);
    sqlite3_bind_int(statement, 5, described);
    vireo_status st = vr_store_run(in->store, statement, "adding an item", err);
    if (st)
        return st;
    vr_id value = {sqlite3_last_insert_rowid(in->store->db), described, described};
    return vr_ids_add(&in->known_items, id->data, id->length, value, err);
}

static vireo_status describe_item(import *in, vr_id *item, int32_t year, vireo_error *err)
{
    sqlite3_stmt *statement = in->statements[DESCRIBE_ITEM];
    sqlite3_bind_int64(statement, 1, item->pk);
    bind_text(statement, 2, in->title.data, in->title.length);
    sqlite3_bind_int(statement, 3, year);
    bind_text(statement, 4, in->genres.data, in->genres.length);
    vireo_status st = vr_store_run(in->store, statement, "describing an item", err);
    if (!st)
        item->described = item->fresh = true;
    return st;
}

/* A row's result: it goes into exactly one of added, known and dropped. */
typedef enum outcome { ADDED, KNOWN, DROPPED } outcome;

static vireo_status item_row(import *in, vr_atomic_field *f, vr_row *row, outcome *result,
                             vireo_error *err)
{
    vr_row_id(row, "item id", &f[0]);
    if (row->dropped[0])
        return VIREO_OK;
    vr_id *item = vr_ids_find(&in->known_items, f[0].data, f[0].length);
    if (item && item->described) {
        if (item->fresh)
            vr_row_drop(row, f[0].data, f[0].length, "duplicate item id");
        else
            *result = KNOWN;
        return VIREO_OK;
    }
    if (!vr_row_text(row, "title", &f[1], &in->title) ||
        !vr_row_text(row, "genres", &f[3], &in->genres))
        return vr_fail_memory(err, "item");
    int32_t year = vr_row_year(row, &f[2]);
    return item ? describe_item(in, item, year, err) : add_item(in, &f[0], true, year, err);
}

static vireo_status user_row(import *in, vr_atomic_field *f, vr_row *row, outcome *result,
                             vireo_error *err)
{
    vr_row_id(row, "user id", &f[0]);
    if (row->dropped[0])
        return VIREO_OK;
    vr_id *user = vr_ids_find(&in->known_users, f[0].data, f[0].length);
    if (!user)
        return add_user(in, &f[0], true, err);
    if (user->fresh)
        vr_row_drop(row, f[0].data, f[0].length, "duplicate user id");
    else
        *result = KNOWN;
    return VIREO_OK;
}

/* The interaction is there already: from an earlier import, or from this very file? */
static vireo_status judge_duplicate(import *in, int64_t user, int64_t item, double timestamp,
                                    bool *old, vireo_error *err)
{
    sqlite3_stmt *find = in->statements[FIND_EVENT];
    sqlite3_bind_int64(find, 1, user);
    sqlite3_bind_int64(find, 2, item);
    sqlite3_bind_double(find, 3, timestamp);
    int code = sqlite3_step(find);
    vireo_status st = VIREO_OK;
    if (code == SQLITE_ROW)
        *old = sqlite3_column_int64(find, 0) <= in->old_events;
    else
        st = vr_store_fail(in->store, code == SQLITE_DONE ? SQLITE_CORRUPT : code,
                           "finding an interaction", err);
    sqlite3_reset(find);
    return st;
}

static vireo_status find_or_add(import *in, vr_ids *ids, const vr_atomic_field *id, int64_t *pk,
                                vireo_error *err)
{
    vr_id *found = vr_ids_find(ids, id->data, id->length);
    vireo_status st = VIREO_OK;
    if (!found) {
        vr_str_clear(&in->title);
        vr_str_clear(&in->genres);
        st = ids == &in->known_users ? add_user(in, id, false, err)
                                     : add_item(in, id, false, 0, err);
        found = st ? NULL : &ids->list[ids->count - 1];
    }
    if (!st)
        *pk = found->pk;
    return st;
}

static vireo_status interaction_row(import *in, vr_atomic_field *f, vr_row *row, outcome *result,
                                    vireo_error *err)
{
    bool has_rating, old = false;
    double rating, timestamp;
    int64_t user = 0, item = 0;
    vr_row_id(row, "user id", &f[0]);
    vr_row_id(row, "item id", &f[1]);
    vr_row_rating(row, &f[2], &has_rating, &rating);
    vr_row_timestamp(row, &f[3], &timestamp);
    if (row->dropped[0])
        return VIREO_OK;
    vireo_status st = find_or_add(in, &in->known_users, &f[0], &user, err);
    if (!st)
        st = find_or_add(in, &in->known_items, &f[1], &item, err);
    if (st)
        return st;
    sqlite3_stmt *insert = in->statements[INSERT_EVENT];
    sqlite3_bind_int64(insert, 1, user);
    sqlite3_bind_int64(insert, 2, item);
    if (has_rating)
        sqlite3_bind_double(insert, 3, rating);
    else
        sqlite3_bind_null(insert, 3);
    sqlite3_bind_double(insert, 4, timestamp);
    st = vr_store_run(in->store, insert, "adding an interaction", err);
    if (st || sqlite3_changes(in->store->db) > 0)
        return st;
    st = judge_duplicate(in, user, item, timestamp, &old, err);
    if (!st && old)
        *result = KNOWN;
    else if (!st)
        vr_row_drop(row, f[1].data, f[1].length, "duplicate row: user, item and timestamp");
    return st;
}

typedef vireo_status (*row_fn)(import *, vr_atomic_field *, vr_row *, outcome *, vireo_error *);

static vireo_status take_row(import *in, const char *name, vireo_import_table *table,
                             const vr_atomic *file, vr_row *row, outcome result, vireo_error *err)
{
    vireo_status st = VIREO_OK;
    table->read++;
    if (row->dropped[0]) {
        table->dropped++;
        return vr_notes_add(&in->notes, name, "dropped", row->dropped, file->line, row->example,
                            row->example_length, err);
    }
    if (result == KNOWN) {
        table->known++;
        return VIREO_OK;
    }
    table->added++;
    table->mended += row->n_mends > 0;
    for (size_t i = 0; i < row->n_mends && !st; i++)
        st = vr_notes_add(&in->notes, name, "mended", row->mends[i].reason, file->line,
                          row->mends[i].example, row->mends[i].example_length, err);
    return st;
}

static vireo_status report_progress(const import *in, const char *what, const vr_atomic *file,
                                    vireo_error *err)
{
    const vireo_import_options *o = in->options;
    if (o->progress && o->progress(o->progress_user, what, file->at, file->reader.file.bytes))
        return vr_fail(err, VIREO_ERROR_CANCELLED, "%s: import cancelled at line %llu",
                       file->reader.file.path, (unsigned long long)file->line);
    return VIREO_OK;
}

static vireo_status run_file(import *in, const char *name, vr_atomic *file,
                             vireo_import_table *table, row_fn fn, vireo_error *err)
{
    vr_atomic_field fields[VR_ATOMIC_MAX_WANTED];
    vireo_status st = VIREO_OK;
    size_t n = 0;
    if (!file->reader.file.path)
        return VIREO_OK;
    while (!st) {
        st = vr_atomic_next(file, fields, &n, err);
        if (st || n == 0)
            break;
        vr_row row;
        outcome result = ADDED;
        row.dropped[0] = '\0';
        row.n_mends = 0;
        if (file->row_cut)
            vr_row_drop(&row, file->row, file->row_length, "line is longer than 16 MiB");
        else if (n != file->n_columns)
            vr_row_drop(&row, file->row, file->row_length, "wrong number of fields");
        else
            st = fn(in, fields, &row, &result, err);
        if (!st)
            st = take_row(in, name, table, file, &row, result, err);
        if (!st && table->read % PROGRESS_ROWS == 0)
            st = report_progress(in, name, file, err);
    }
    return st ? st : report_progress(in, name, file, err);
}

static vireo_status open_files(import *in, vireo_error *err)
{
    const vireo_allocator *a = in->store->allocator;
    const vireo_import_options *o = in->options;
    vireo_status st = VIREO_OK;
    if (o->interactions)
        st = vr_atomic_open(&in->interactions, a, o->interactions, VR_ATOMIC_BUFFER,
                            interaction_columns, 4, err);
    if (!st && o->items)
        st = vr_atomic_open(&in->items, a, o->items, VR_ATOMIC_BUFFER, item_columns, 4, err);
    if (!st && o->users)
        st = vr_atomic_open(&in->users, a, o->users, VR_ATOMIC_BUFFER, user_columns, 1, err);
    return st;
}

static vireo_status load_known(import *in, vireo_error *err)
{
    vireo_status st = VIREO_OK;
    for (size_t i = 0; i < N_STATEMENTS && !st; i++)
        st = vr_store_prepare(in->store, sql[i], &in->statements[i], err);
    if (!st)
        st = vr_ids_load(&in->known_items, in->store, "SELECT pk, id, described FROM items", err);
    if (!st)
        st = vr_ids_load(&in->known_users, in->store, "SELECT pk, id, 1 FROM users", err);
    if (!st)
        st = vr_store_int(in->store, "SELECT coalesce(max(pk), 0) FROM interactions",
                          &in->old_events, err);
    return st;
}

static vireo_status import_all(import *in, vireo_error *err)
{
    vireo_status st = vr_store_begin(in->store, err);
    if (st)
        return st;
    st = load_known(in, err);
    if (!st)
        st = run_file(in, "items", &in->items, &in->report.items, item_row, err);
    if (!st)
        st = run_file(in, "users", &in->users, &in->report.users, user_row, err);
    if (!st)
        st = run_file(in, "interactions", &in->interactions, &in->report.interactions,
                      interaction_row, err);
    for (size_t i = 0; i < N_STATEMENTS; i++)
        sqlite3_finalize(in->statements[i]);
    /* The report before the commit: nothing may fail once the data is in. */
    if (!st)
        st = vr_notes_take(&in->notes, &in->report.notes, &in->report.n_notes, err);
    if (!st)
        st = vr_store_commit(in->store, err);
    if (st) {
        vr_store_rollback(in->store);
        vireo_import_report_free(&in->report);
    }
    return st;
}

vireo_status vireo_import(vireo_store *store, const vireo_import_options *options,
                          vireo_import_report *out, vireo_error *err)
{
    if (!store || !options || !out ||
        (!options->interactions && !options->items && !options->users))
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "vireo_import: no store, no report, or no file to read");
    if (store->mode == VIREO_STORE_READ)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "%s: opened for reading; an import needs VIREO_STORE_CREATE", store->path);
import in = {.store = store, .options = options };
    vr_ids_init(&in.known_items, store->allocator);
    vr_ids_init(&in.known_users, store->allocator);
    vr_str_init(&in.title, store->allocator);
    vr_str_init(&in.genres, store->allocator);
    vr_notes_init(&in.notes, store->allocator);
    vireo_status st = open_files(&in, err);
    if (!st)
        st = import_all(&in, err);
    if (!st)
        *out = in.report;
    vr_notes_deinit(&in.notes);
    vr_str_deinit(&in.genres);
    vr_str_deinit(&in.title);
    vr_ids_deinit(&in.known_users);
    vr_ids_deinit(&in.known_items);
    vr_atomic_close(&in.users);
    vr_atomic_close(&in.items);
    vr_atomic_close(&in.interactions);
    return st;
}
