/* SPDX-License-Identifier: Apache-2.0
 * Tables: aligned and shortened to the terminal's width, or one line a row with tabs in between
 * when standard output is no terminal. */
#ifndef VR_CLI_TABLE_H
#define VR_CLI_TABLE_H
#include "base/str.h"

enum { VR_TABLE_COLUMNS = 8, VR_TABLE_WIDTH = 80, VR_TABLE_LEAST = 8 };

typedef struct vr_column {
    const char *title;
    bool right;   /* aligned to the right */
    bool shrinks; /* may be shortened with …, down to VR_TABLE_LEAST */
    unsigned spare; /* 1, 2, ...: on a terminal too narrow for all the column is left out, in this order and
                       before any shrinks; 0: never */
} vr_column;

typedef struct vr_table {
    const vr_column *columns;
    size_t n_columns;
    char **cells; /* row by row; NULL stands for exhausted memory */
    size_t n_cells, capacity;
    bool failed;
} vr_table;

void vr_table_init(vr_table *, const vr_column *, size_t n_columns);
void vr_table_deinit(vr_table *);
void vr_table_add(vr_table *,
                  const char *text); /* the next cell; control characters become spaces */
void vr_table_addf(vr_table *, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* width 0: tabs. */
void vr_table_write(const vr_table *, size_t width, vr_str *out);
/* Text alone in at most `width` cells, shortened with …; control characters become spaces. */
void vr_fit_text(const char *text, size_t width, vr_str *out);
/* Columns of the terminal that is standard output, at least VR_TABLE_WIDTH; 0: it is none. */
size_t vr_terminal_width(void);
/* Cells a terminal uses for UTF-8 text (Unicode 15, UAX 11): wide characters take two, marks none.
 */
size_t vr_display_width(const char *text);
#endif
