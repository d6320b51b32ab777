/* SPDX-License-Identifier: Apache-2.0
 * What an import says about the rows of its files: one note for each table, action and reason. */
#ifndef VR_DATA_NOTES_H
#define VR_DATA_NOTES_H
#include "base/alloc.h"
#include "base/error.h"
#include "vireo/recommend.h"

typedef struct vr_notes {
    const vireo_allocator *allocator;
    vireo_import_note *list;
    size_t count, capacity;
} vr_notes;

void vr_notes_init(vr_notes *, const vireo_allocator *);
void vr_notes_deinit(vr_notes *);
/* Counts one row; line and example (any bytes, example may be NULL) are kept of the first one. */
vireo_status vr_notes_add(vr_notes *, const char *table, const char *action, const char *reason,
                          uint64_t line, const char *example, size_t length, vireo_error *);
/* Copies the list into memory of its own, which vireo_import_report_free frees. */
vireo_status vr_notes_take(const vr_notes *, vireo_import_note **list, size_t *count,
                           vireo_error *);
/* text[0..length) as at most size - 1 bytes of printable UTF-8: bytes that are not, and control
 * characters, as \xHH; "..." where it was cut. size is at least 8. */
void vr_notes_example(const char *text, size_t length, char *out, size_t size);
#endif
