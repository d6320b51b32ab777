/* SPDX-License-Identifier: Apache-2.0
 * Reader of RecBole's atomic files (recbole.io/docs/user_guide/data/atomic_files): lines of fields
 * separated by tabs; the first line names the columns as name:type, type one of token, token_seq,
 * float, float_seq. Line ends are LF or CR LF, the last line may lack one, a byte order mark is
 * skipped, columns may stand in any order and unknown ones are ignored. */
#ifndef VR_DATA_ATOMIC_H
#define VR_DATA_ATOMIC_H
#include "base/file.h"

enum { VR_ATOMIC_TOKEN = 1, VR_ATOMIC_TOKEN_SEQ = 2, VR_ATOMIC_FLOAT = 4, VR_ATOMIC_FLOAT_SEQ = 8 };
#define VR_ATOMIC_MAX_WANTED 4
#define VR_ATOMIC_MAX_COLUMNS 1024
#define VR_ATOMIC_BUFFER ((size_t)64 << 10)
#define VR_ATOMIC_MAX_LINE ((size_t)16 << 20) /* bytes before the LF */

/* A column the caller reads. */
typedef struct vr_atomic_wanted {
    const char *names; /* accepted names separated by spaces; the first that the file has is read */
    unsigned types;    /* accepted types, as bits */
    bool required;
} vr_atomic_wanted;

typedef struct vr_atomic_field {
    const char *data; /* not NUL-terminated; NULL: the file has no such column */
    size_t length;
} vr_atomic_field;

typedef struct vr_atomic {
    const vireo_allocator *allocator;
    vr_reader reader;
    char *buffer; /* bytes of the file; [start, end) are still to be taken */
    size_t capacity, start, end;
    size_t at;       /* offset in the file of the next line */
    const char *row; /* the line taken last, in buffer */
    size_t row_length;
    bool row_cut;     /* it is longer than VR_ATOMIC_MAX_LINE; only its first bytes are there */
    uint64_t line;    /* of the row taken last, 1 = the header */
    size_t n_columns; /* of the header */
    size_t n_wanted;
    int column[VR_ATOMIC_MAX_WANTED]; /* of each wanted one, -1 if absent */
} vr_atomic;

/* Opens the file (path is borrowed) and reads its header. buffer, at least 1: bytes read at once;
 * it grows with the longest line. Errors name file, line, column, what was found and what is
 * allowed. */
vireo_status vr_atomic_open(vr_atomic *out, const vireo_allocator *, const char *path,
                            size_t buffer, const vr_atomic_wanted *, size_t n_wanted,
                            vireo_error *);
/* The next line that is not empty. *n_fields is what the line holds, 0 at the end of the file;
 * fields (n_wanted), valid until the next call, are only filled where the line has them. A line
 * that was cut has none. */
vireo_status vr_atomic_next(vr_atomic *, vr_atomic_field *fields, size_t *n_fields, vireo_error *);
void vr_atomic_close(vr_atomic *); /* a zeroed one is fine */
#endif
