/* SPDX-License-Identifier: Apache-2.0
 * A text file or pipe line by line in constant memory. */
#ifndef VR_CLI_LINES_H
#define VR_CLI_LINES_H
#include "base/error.h"
#include "base/str.h"
#include <stdio.h>

enum { VR_LINE_MAX = 16 << 20 }; /* bytes */

typedef struct vr_lines {
    const char *name; /* borrowed; "-" is "standard input" in messages */
    FILE *file;
    char *buffer;
    size_t at, filled;
    uint64_t number; /* of the line read last, from 1 */
    bool ended;
} vr_lines;

vireo_status vr_lines_open(vr_lines *, const char *path, vireo_error *);
/* The next line without its end (LF or CR LF) into `line`; *more = false at the end. NUL bytes and
 * lines over VR_LINE_MAX are refused; an interruption is VIREO_ERROR_CANCELLED. */
vireo_status vr_lines_next(vr_lines *, vr_str *line, bool *more, vireo_error *);
void vr_lines_close(vr_lines *);
/* Copies of texts, freed by vr_texts_free, also after a fault. */
typedef struct vr_texts {
    char **list; /* (n) */
    size_t n, capacity;
} vr_texts;
vireo_status vr_texts_add(vr_texts *, const char *text, vireo_error *);
/* All lines of a file, at least one and at most `most`. */
vireo_status vr_texts_read(vr_texts *, const char *path, size_t most, vireo_error *);
void vr_texts_free(vr_texts *);
const char *vr_lines_name(const vr_lines *);
#endif
