/* SPDX-License-Identifier: Apache-2.0
 * A folder of its own for a test's files. */
#ifndef TEST_TEMP_FOLDER_H
#define TEST_TEMP_FOLDER_H
#include <stddef.h>
#include <stdint.h>

typedef struct temp_folder {
    char path[256];
} temp_folder;

temp_folder temp_make(void);
void temp_remove(temp_folder *);                        /* and everything in it */
char *temp_path(const temp_folder *, const char *name); /* free() */
/* Writes a file, its folders included; returns its path (free()). */
char *temp_put(const temp_folder *, const char *name, const void *data, size_t bytes);
/* Names, sizes and times of all that is in a folder, mixed into one number: the same one later, and
 * nothing was written. What is not there counts as empty. *bytes (may be NULL): of the files that
 * are small enough to be read. */
uint64_t temp_mark(const char *folder, size_t *bytes);
#endif
