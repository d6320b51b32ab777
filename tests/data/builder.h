/* SPDX-License-Identifier: Apache-2.0
 * Files, stores and imports in a folder of the test's own. cmocka's asserts fire inside. */
#ifndef VR_TESTS_DATA_BUILDER_H
#define VR_TESTS_DATA_BUILDER_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "vireo/recommend.h"

int builder_setup(void **state);    /* a fresh folder; state is unused */
int builder_teardown(void **state); /* removes it with all in it */
/* Path inside the folder, valid until the program ends; a program may name 32. */
const char *builder_path(const char *name);
/* Writes a file there and returns its path. */
const char *builder_file(const char *name, const char *text);
const char *builder_bytes(const char *name, const void *data, size_t bytes);

vireo_store *builder_store(vireo_store_mode); /* "store.db" */
/* Texts of the three files, NULL for none; imports into "store.db" and closes it. */
vireo_status builder_import(const char *interactions, const char *items, const char *users,
                            vireo_import_report *, vireo_error *);
vireo_dataset *builder_dataset(void);
/* One number from "store.db", read with SQLite itself. */
long long builder_query(const char *sql);
/* The notes, one a line: "table action reason xCOUNT @LINE 'example'\n". */
const char *builder_notes(const vireo_import_report *);
#endif
