/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/table.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { GAP = 2 };

typedef struct range {
    uint32_t first, last;
} range;

/* Marks and format characters of the scripts that titles are written in. */
static const range zero[] = {
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD},   {0x05BF, 0x05C7}, {0x0610, 0x061A},
    {0x064B, 0x065F}, {0x0670, 0x0670}, {0x06D6, 0x06DC},   {0x06DF, 0x06E4}, {0x06E7, 0x06ED},
    {0x0900, 0x0902}, {0x093A, 0x093A}, {0x093C, 0x093C},   {0x0941, 0x0948}, {0x094D, 0x094D},
    {0x0E31, 0x0E31}, {0x0E34, 0x0E3A}, {0x0E47, 0x0E4E},   {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF},
    {0x200B, 0x200F}, {0x202A, 0x202E}, {0x2060, 0x2064},   {0x20D0, 0x20FF}, {0xFE00, 0xFE0F},
    {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}, {0xE0100, 0xE01EF},
};
/* East Asian wide and full-width forms, emoji. */
static const range wide[] = {
    {0x1100, 0x115F},   {0x231A, 0x231B},   {0x2329, 0x232A},   {0x23E9, 0x23EC},
    {0x2614, 0x2615},   {0x2E80, 0x303E},   {0x3041, 0x4DBF},   {0x4E00, 0xA4CF},
    {0xA960, 0xA97F},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},
    {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF},
    {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD},
};

static bool within(const range *ranges, size_t n, uint32_t c)
{
    for (size_t i = 0; i < n; i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}

static size_t width_of(uint32_t c)
{
    if (within(zero, sizeof zero / sizeof *zero, c))
        return 0;
    return within(wide, sizeof wide / sizeof *wide, c) ? 2 : 1;
}

/* Bytes of text that fit `most` cells; *width is what they take. */
static size_t fit(const char *text, size_t most, size_t *width)
{
    size_t n = strlen(text), at = 0, used;
    *width = 0;
    while (at < n) {
        uint32_t c;
        used = vr_utf8_decode(text + at, n - at, &c);
        size_t w = used ? width_of(c) : 1;
        if (*width + w > most)
            break;
        *width += w;
        at += used ? used : 1;
    }
    return at;
}

size_t vr_display_width(const char *text)
{
    size_t width;
    fit(text, SIZE_MAX, &width);
    return width;
}

size_t vr_terminal_width(void)
{
    struct winsize size;
    if (!isatty(STDOUT_FILENO))
        return 0;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > VR_TABLE_WIDTH)
        return size.ws_col;
    return VR_TABLE_WIDTH;
}

void vr_table_init(vr_table *t, const vr_column *columns, size_t n_columns)
{
    *t = (vr_table){.columns = columns, .n_columns = n_columns};
}

void vr_table_deinit(vr_table *t)
{
    for (size_t i = 0; i < t->n_cells; i++)
        vr_free(NULL, t->cells[i]);
    vr_free(NULL, t->cells);
    *t = (vr_table){0};
}

/* Bytes that are not UTF-8 become '?': a terminal gets neither them nor control characters. */
static char *printable(const char *text)
{
    size_t n = strlen(text);
    char *copy = vr_strdup(NULL, text);
    for (size_t i = 0; copy && i < n;) {
        uint32_t c;
        size_t used = vr_utf8_decode(copy + i, n - i, &c);
        if (used == 0)
            copy[i] = '?';
        else if (c < 0x20 || (c >= 0x7F && c < 0xA0))
            memset(copy + i, ' ', used);
        i += used ? used : 1;
    }
    return copy;
}

void vr_table_add(vr_table *t, const char *text)
{
    char *copy = NULL;
    if (vr_grow(NULL, (void **)&t->cells, &t->capacity, t->n_cells + 1, sizeof *t->cells))
        copy = printable(text);
    if (copy)
        t->cells[t->n_cells++] = copy;
    else
        t->failed = true;
}

void vr_table_addf(vr_table *t, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    vr_table_add(t, text);
}

static size_t total_width(const size_t *widths, const bool *left_out, size_t n)
{
    size_t total = 0;
    for (size_t c = 0; c < n; c++)
        total += left_out[c] ? 0 : widths[c] + (total ? GAP : 0);
    return total;
}

static void leave_out(const vr_table *t, const size_t *widths, size_t width, bool *left_out)
{
    for (unsigned turn = 1; turn <= t->n_columns; turn++)
        for (size_t c = 0; c < t->n_columns; c++)
            if (t->columns[c].spare == turn && total_width(widths, left_out, t->n_columns) > width)
                left_out[c] = true;
}

/* The widest column that may shrink gives a cell until the table fits. */
static void shrink(const vr_table *t, const bool *left_out, size_t *widths, size_t width)
{
    for (;;) {
        size_t widest = t->n_columns;
        for (size_t c = 0; c < t->n_columns; c++)
            if (t->columns[c].shrinks && !left_out[c] && widths[c] > VR_TABLE_LEAST &&
                (widest == t->n_columns || widths[c] >= widths[widest]))
                widest = c;
        if (total_width(widths, left_out, t->n_columns) <= width || widest == t->n_columns)
            return;
        widths[widest]--;
    }
}

static void write_cell(const char *text, size_t width, bool right, bool last, vr_str *out)
{
    size_t used;
    size_t bytes = fit(text, width, &used);
    bool cut = text[bytes] != '\0';
    if (cut)
        bytes = fit(text, width - 1, &used);
    size_t blank = width - used - cut;
    vr_str_addf(out, "%*s", right ? (int)blank : 0, "");
    vr_str_add_n(out, text, bytes);
    vr_str_add(out, cut ? "…" : "");
    vr_str_addf(out, "%*s", right || last ? 0 : (int)blank, "");
    vr_str_addf(out, "%*s", last ? 0 : GAP, "");
}

void vr_fit_text(const char *text, size_t width, vr_str *out)
{
    char *copy = printable(text);
    const size_t needed = copy ? vr_display_width(copy) : 0;
    if (copy)
        write_cell(copy, needed < width ? needed : width, false, true, out);
    else
        out->failed = true;
    vr_free(NULL, copy);
}

static const char *cell(const vr_table *t, size_t row, size_t column)
{
    return row ? t->cells[(row - 1) * t->n_columns + column] : t->columns[column].title;
}

void vr_table_write(const vr_table *t, size_t width, vr_str *out)
{
    size_t widths[VR_TABLE_COLUMNS] = {0}, end = t->n_columns;
    bool left_out[VR_TABLE_COLUMNS] = {false};
    size_t rows = 1 + t->n_cells / t->n_columns;
    if (t->failed) {
        out->failed = true;
        return;
    }
    for (size_t r = 0; width && r < rows; r++)
        for (size_t c = 0; c < t->n_columns; c++) {
            size_t w = vr_display_width(cell(t, r, c));
            widths[c] = w > widths[c] ? w : widths[c];
        }
    if (width) {
        leave_out(t, widths, width, left_out);
        shrink(t, left_out, widths, width);
    }
    while (end > 1 && left_out[end - 1])
        end--;
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < end; c++) {
            bool last = c + 1 == end;
            if (left_out[c])
                continue;
            if (width)
                write_cell(cell(t, r, c), widths[c], t->columns[c].right, last, out);
            else
                vr_str_addf(out, "%s%s", cell(t, r, c), last ? "" : "\t");
        }
        vr_str_add_n(out, "\n", 1);
    }
}
