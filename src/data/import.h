/* SPDX-License-Identifier: Apache-2.0
 * Inside of vireo_import: import.c runs the files and writes rows, import_rows.c judges fields. */
#ifndef VR_DATA_IMPORT_H
#define VR_DATA_IMPORT_H
#include "base/str.h"
#include "data/atomic.h"
#include "data/ids.h"
#include "data/notes.h"

#define VR_ID_MAX 256    /* bytes */
#define VR_TEXT_MAX 4096 /* bytes of a title or of genres, before and after cleaning */
#define VR_YEAR_MIN 1000
#define VR_YEAR_MAX 2100
#define VR_RATING_LIMIT 1000000.0
#define VR_TIME_MAX 253402300799.0 /* the last second of the year 9999 */

/* What happened to the fields of one row so far. Mends are only counted once the row is added. */
typedef struct vr_row {
    char dropped[96]; /* reason; empty: the row is kept */
    const char *example;
    size_t example_length;
    struct {
        char reason[96];
        const char *example;
        size_t example_length;
    } mends[16];
    size_t n_mends;
} vr_row;

void vr_row_drop(vr_row *, const char *example, size_t length, const char *reason);
/* The field as an id: white space around it is taken off; empty, longer than VR_ID_MAX, not UTF-8
 * or with control characters drops the row. kind: "user id", "item id". */
void vr_row_id(vr_row *, const char *kind, vr_atomic_field *);
/* Columns that the file lacks give *has = false and 0. */
void vr_row_rating(vr_row *, const vr_atomic_field *, bool *has, double *rating);
void vr_row_timestamp(vr_row *, const vr_atomic_field *, double *timestamp);
int32_t vr_row_year(vr_row *, const vr_atomic_field *); /* 0: unknown */
/* Cleaned into out; kind: "title", "genres". false: exhausted. */
bool vr_row_text(vr_row *, const char *kind, const vr_atomic_field *, vr_str *out);
#endif
