/* SPDX-License-Identifier: Apache-2.0 */
#include "data/store.h"
#include "base/file.h"
#include "base/str.h"
#include <string.h>

#define BUSY_MS 5000

/* described: the row came from an items file, not only from interactions. rating is NULL where the
 * file had none. The order of rows is the order of first import. */
static const char schema[] =
    "CREATE TABLE users(pk INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE) STRICT;"
    "CREATE TABLE items(pk INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
    " title TEXT NOT NULL DEFAULT '', year INTEGER NOT NULL DEFAULT 0,"
    " genres TEXT NOT NULL DEFAULT '', described INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE TABLE interactions(pk INTEGER PRIMARY KEY,"
    " user INTEGER NOT NULL REFERENCES users, item INTEGER NOT NULL REFERENCES items,"
    " rating REAL, timestamp REAL NOT NULL, UNIQUE(user, item, timestamp)) STRICT;"
    "CREATE TABLE vectors(model TEXT NOT NULL, item INTEGER NOT NULL REFERENCES items,"
    " width INTEGER NOT NULL, text_hash TEXT NOT NULL, vector BLOB NOT NULL,"
    " UNIQUE(model, item)) STRICT;";

vireo_status vr_store_fail(const vireo_store *store, int code, const char *what, vireo_error *err)
{
    const char *path = store->path;
    switch (code & 0xff) {
    case SQLITE_NOMEM:
        return vr_fail_memory(err, what);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return vr_fail(err, VIREO_ERROR_IO,
                       "%s: %s: another process uses the store (waited %d s); try again later",
                       path, what, BUSY_MS / 1000);
    case SQLITE_READONLY:
        return vr_fail(err, VIREO_ERROR_IO, "%s: %s: the store cannot be written (%s)", path, what,
                       sqlite3_errmsg(store->db));
    case SQLITE_NOTADB:
        return vr_fail(err, VIREO_ERROR_FORMAT, "%s: not a Vireo store: not an SQLite file", path);
    case SQLITE_ERROR: /* a table or column that is not there */
    case SQLITE_CORRUPT:
    case SQLITE_MISMATCH:
    case SQLITE_CONSTRAINT:
        return vr_fail(err, VIREO_ERROR_FORMAT, "%s: %s: the store is damaged (%s)", path, what,
                       sqlite3_errmsg(store->db));
    default:
        return vr_fail(err, VIREO_ERROR_IO, "%s: %s: %s", path, what, sqlite3_errmsg(store->db));
    }
}

vireo_status vr_store_exec(vireo_store *store, const char *sql, const char *what, vireo_error *err)
{
    int code = sqlite3_exec(store->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? VIREO_OK : vr_store_fail(store, code, what, err);
}

vireo_status vr_store_prepare(vireo_store *store, const char *sql, sqlite3_stmt **out,
                              vireo_error *err)
{
    int code = sqlite3_prepare_v2(store->db, sql, -1, out, NULL);
    return code == SQLITE_OK ? VIREO_OK : vr_store_fail(store, code, "preparing a statement", err);
}

vireo_status vr_store_run(vireo_store *store, sqlite3_stmt *statement, const char *what,
                          vireo_error *err)
{
    int code = sqlite3_step(statement);
    vireo_status st = VIREO_OK;
    if (code != SQLITE_DONE)
        st = vr_store_fail(store, code == SQLITE_ROW ? SQLITE_MISUSE : code, what, err);
    sqlite3_reset(statement);
    return st;
}

vireo_status vr_store_int(vireo_store *store, const char *sql, int64_t *out, vireo_error *err)
{
    sqlite3_stmt *statement = NULL;
    vireo_status st = vr_store_prepare(store, sql, &statement, err);
    if (st)
        return st;
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *out = sqlite3_column_int64(statement, 0);
    else
        st = vr_store_fail(store, code == SQLITE_DONE ? SQLITE_CORRUPT : code, "reading", err);
    sqlite3_finalize(statement);
    return st;
}

vireo_status vr_store_begin(vireo_store *store, vireo_error *err)
{
    return vr_store_exec(store, "BEGIN IMMEDIATE", "starting to write", err);
}

vireo_status vr_store_commit(vireo_store *store, vireo_error *err)
{
    return vr_store_exec(store, "COMMIT", "writing", err);
}

void vr_store_rollback(vireo_store *store)
{
    if (!sqlite3_get_autocommit(store->db))
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}

/* Application id and version must be ours. *empty: the database holds nothing at all yet. */
static vireo_status check(vireo_store *store, bool *empty, vireo_error *err)
{
    int64_t application = 0, version = 0, tables = 0;
    vireo_status st = vr_store_int(store, "PRAGMA application_id", &application, err);
    if (!st)
        st = vr_store_int(store, "PRAGMA user_version", &version, err);
    if (!st)
        st = vr_store_int(store, "SELECT count(*) FROM sqlite_schema", &tables, err);
    if (st)
        return st;
    *empty = application == 0 && version == 0 && tables == 0;
    if (*empty)
        return VIREO_OK;
    if (application != VR_STORE_APPLICATION)
        return vr_fail(
            err, VIREO_ERROR_FORMAT,
            "%s: not a Vireo store: an SQLite file with application id %lld, a store has "
            "%d",
            store->path, (long long)application, VR_STORE_APPLICATION);
    if (version != VR_STORE_VERSION)
        return vr_fail(err, VIREO_ERROR_UNSUPPORTED,
                       "%s: store version %lld; this program reads version %d%s", store->path,
                       (long long)version, VR_STORE_VERSION,
                       version > VR_STORE_VERSION ? "; a newer Vireo made it" : "");
    return VIREO_OK;
}

static vireo_status create_tables(vireo_store *store, vireo_error *err)
{
    bool empty = false;
    vireo_status st = vr_store_begin(store, err);
    if (st)
        return st;
    /* Another process may have been faster. */
    st = check(store, &empty, err);
    if (!st && empty) {
        vr_str sql;
        vr_str_init(&sql, store->allocator);
        vr_str_addf(&sql, "%s PRAGMA application_id=%d; PRAGMA user_version=%d;", schema,
                    VR_STORE_APPLICATION, VR_STORE_VERSION);
        st = sql.failed ? vr_fail_memory(err, "store")
                        : vr_store_exec(store, sql.data, "creating the tables", err);
        vr_str_deinit(&sql);
    }
    if (!st)
        st = vr_store_commit(store, err);
    if (st)
        vr_store_rollback(store);
    return st;
}

static vireo_status connect(vireo_store *store, vireo_error *err)
{
    vr_str name;
    bool empty = false;
    /* A store opened for reading is opened for writing where that is allowed: only so can it roll
     * back what a killed writer left. SQLite falls back to reading by itself. */
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
                (store->mode == VIREO_STORE_CREATE ? SQLITE_OPEN_CREATE : 0);
    vr_str_init(&name, store->allocator);
    /* "./" keeps SQLite from giving names such as ":memory:" a meaning of their own. */
    vr_str_addf(&name, "%s%s", store->path[0] == '/' ? "" : "./", store->path);
    if (name.failed) {
        vr_str_deinit(&name);
        return vr_fail_memory(err, "store");
    }
    int code = sqlite3_open_v2(name.data, &store->db, flags, NULL);
    vr_str_deinit(&name);
    if (code == SQLITE_NOMEM)
        return vr_fail_memory(err, "store");
    if (code != SQLITE_OK)
        return vr_store_fail(store, code, "opening the store", err);
    sqlite3_busy_timeout(store->db, BUSY_MS);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    vireo_status st = vr_store_exec(store, "PRAGMA foreign_keys=ON; PRAGMA synchronous=FULL;",
                                    "opening the store", err);
    if (!st)
        st = check(store, &empty, err);
    if (st || !empty)
        return st;
    if (store->mode == VIREO_STORE_READ)
        return vr_fail(err, VIREO_ERROR_FORMAT,
                       "%s: not a Vireo store: the file is empty; vireo import fills it",
                       store->path);
    return create_tables(store, err);
}

vireo_status vireo_store_open(const char *path, vireo_store_mode mode,
                              const vireo_allocator *allocator, vireo_store **out, vireo_error *err)
{
    if (!path || !*path || !out)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT, "vireo_store_open: no path or no out");
    vireo_status st = vr_file_regular_or_absent(path, err);
    if (st)
        return st;
    if (mode == VIREO_STORE_READ && !vr_file_exists(path))
        return vr_fail(err, VIREO_ERROR_NOT_FOUND,
                       "%s: no such store; vireo import --store %s --interactions FILE makes it",
                       path, path);
    vireo_store *store = vr_calloc(allocator, 1, sizeof *store);
    if (!store)
        return vr_fail_memory(err, "store");
    if (allocator) {
        store->hook = *allocator;
        store->allocator = &store->hook;
    }
    store->mode = mode;
    store->path = vr_strdup(store->allocator, path);
    st = store->path ? connect(store, err) : vr_fail_memory(err, "store");
    if (st)
        vireo_store_close(&store);
    else
        *out = store;
    return st;
}

void vireo_store_close(vireo_store **store)
{
    if (!store || !*store)
        return;
    vireo_allocator hook = (*store)->hook;
    bool hooked = (*store)->allocator != NULL;
    sqlite3_close((*store)->db);
    vr_free((*store)->allocator, (*store)->path);
    vr_free(hooked ? &hook : NULL, *store);
    *store = NULL;
}

const char *vireo_store_path(const vireo_store *store)
{
    return store->path;
}
