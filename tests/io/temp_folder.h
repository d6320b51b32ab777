/* SPDX-License-Identifier: Apache-2.0
 * A folder of its own for a test's files. */
#ifndef TEST_TEMP_FOLDER_H
#define TEST_TEMP_FOLDER_H
#include <stddef.h>

typedef struct temp_folder {
    char path[256];
} temp_folder;

temp_folder temp_make(void);
void temp_remove(temp_folder *);                        /* and everything in it */
char *temp_path(const temp_folder *, const char *name); /* free() */
/* Writes a file, its folders included; returns its path (free()). */
char *temp_put(const temp_folder *, const char *name, const void *data, size_t bytes);
#endif
