/* SPDX-License-Identifier: Apache-2.0
 * The SQLite file of a store, as import, dataset and vectors use it.
 *
 * One file with a rollback journal, not a write-ahead log, so that a store can be read from a place
 * where nothing can be written. Writers sync on commit; what a killed writer left is rolled back by
 * the next process that opens the store and may write. */
#ifndef VR_DATA_STORE_H
#define VR_DATA_STORE_H
#include "base/alloc.h"
#include "base/error.h"
#include "vireo/recommend.h"
#include <sqlite3.h>

#define VR_STORE_APPLICATION 0x56524543 /* "VREC", SQLite's application_id */
#define VR_STORE_VERSION 1              /* SQLite's user_version */

struct vireo_store {
    vireo_allocator hook;             /* copy of the caller's */
    const vireo_allocator *allocator; /* &hook or NULL */
    char *path;
    sqlite3 *db;
    vireo_store_mode mode;
};

/* Fills the error from an SQLite result code; `what` is what was being done, e.g. "reading items".
 */
vireo_status vr_store_fail(const vireo_store *, int code, const char *what, vireo_error *);
vireo_status vr_store_exec(vireo_store *, const char *sql, const char *what, vireo_error *);
/* *out is finalised by the caller (sqlite3_finalize accepts NULL). */
vireo_status vr_store_prepare(vireo_store *, const char *sql, sqlite3_stmt **out, vireo_error *);
/* Runs a statement that gives no rows, and resets it. */
vireo_status vr_store_run(vireo_store *, sqlite3_stmt *, const char *what, vireo_error *);
/* First column of the first row. */
vireo_status vr_store_int(vireo_store *, const char *sql, int64_t *out, vireo_error *);
/* begin: a write transaction, waiting up to 5 s for another writer. */
vireo_status vr_store_begin(vireo_store *, vireo_error *);
vireo_status vr_store_commit(vireo_store *, vireo_error *);
void vr_store_rollback(vireo_store *);
#endif
