/* SPDX-License-Identifier: Apache-2.0
 * A folder of the test's own under /tmp, and what is done to files in it. Failures end the test. */
#ifndef SCRATCH_H
#define SCRATCH_H
#include <stddef.h>

typedef struct scratch {
    char path[64];
} scratch;
void scratch_init(scratch *);
void scratch_deinit(scratch *); /* removes it with its files */

typedef struct scratch_file {
    char path[512];
    unsigned char *data; /* malloc */
    size_t bytes;
} scratch_file;
/* Files whose names start with prefix; reads the first. */
size_t scratch_find(const scratch *, const char *prefix, scratch_file *first);
void scratch_put(const char *path, const void *data, size_t bytes);
#endif
