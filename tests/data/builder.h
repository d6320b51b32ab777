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
/* Path inside the folder, valid until the program ends; a program may name 64. */
const char *builder_path(const char *name);
/* Writes a file there and returns its path. */
const char *builder_file(const char *name, const char *text);
const char *builder_bytes(const char *name, const void *data, size_t bytes);

/* A text of parts, each repeated: {"id:", 3, 1} {"x", 1, 1000000}. Ends at a part without text. */
typedef struct builder_part {
    const char *text; /* may hold NUL bytes */
    size_t length, times;
} builder_part;
#define BUILDER_TEXT(literal)                                                                      \
    {                                                                                              \
        literal, sizeof(literal) - 1, 1                                                            \
    }
#define BUILDER_TIMES(literal, n)                                                                  \
    {                                                                                              \
        literal, sizeof(literal) - 1, n                                                            \
    }
const char *builder_parts(const char *name, const builder_part *, size_t *bytes);

/* The file as it is now, for comparison: its hash, 0 if there is none. */
uint64_t builder_state(const char *path);

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
