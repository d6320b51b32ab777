/* SPDX-License-Identifier: Apache-2.0 */
#include "data/clean.h"
#include "data/import.h"
#include "data/number.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void vr_row_drop(vr_row *row, const char *example, size_t length, const char *reason)
{
    if (row->dropped[0])
        return;
    snprintf(row->dropped, sizeof row->dropped, "%s", reason);
    row->example = example;
    row->example_length = length;
}

static void drop_field(vr_row *row, const char *kind, const vr_atomic_field *field,
                       const char *reason)
{
    char text[96];
    snprintf(text, sizeof text, "%s %s", kind, reason);
    vr_row_drop(row, field->data, field->length, text);
}

static void __attribute__((format(printf, 3, 4)))
mend(vr_row *row, const vr_atomic_field *field, const char *format, ...)
{
    va_list args;
    if (row->n_mends == sizeof row->mends / sizeof *row->mends)
        return;
    va_start(args, format);
    vsnprintf(row->mends[row->n_mends].reason, sizeof row->mends->reason, format, args);
    va_end(args);
    row->mends[row->n_mends].example = field->data;
    row->mends[row->n_mends].example_length = field->length;
    row->n_mends++;
}

/* In UTF-8 that was checked. */
static bool has_control(const char *text, size_t length)
{
    for (size_t i = 0; i < length;) {
        uint32_t c = 0;
        i += vr_utf8_decode(text + i, length - i, &c);
        if (vr_clean_is_control(c))
            return true;
    }
    return false;
}

void vr_row_id(vr_row *row, const char *kind, vr_atomic_field *field)
{
    vr_atomic_field whole = *field;
    while (field->length > 0 && field->data[0] == ' ') {
        field->data++;
        field->length--;
    }
    while (field->length > 0 && field->data[field->length - 1] == ' ')
        field->length--;
    if (field->length == 0) {
        drop_field(row, kind, &whole, "is empty");
        return;
    }
    if (field->length > VR_ID_MAX) {
        drop_field(row, kind, field, "is longer than 256 bytes");
        return;
    }
    if (vr_utf8_check(field->data, field->length) != field->length)
        drop_field(row, kind, field, "is not UTF-8");
    else if (has_control(field->data, field->length))
        drop_field(row, kind, field, "holds control characters");
    else if (field->length != whole.length)
        mend(row, &whole, "spaces around %s removed", kind);
}

/* false: dropped. */
static bool parse_number(vr_row *row, const char *kind, const vr_atomic_field *field, double *out)
{
    switch (vr_number_parse(field->data, field->length, out)) {
    case VR_NUMBER_OK:
        return true;
    case VR_NUMBER_EMPTY:
        drop_field(row, kind, field, "is empty");
        return false;
    case VR_NUMBER_BAD:
        drop_field(row, kind, field, "is not a number");
        return false;
    case VR_NUMBER_NOT_FINITE:
        drop_field(row, kind, field, "is not finite");
        return false;
    }
    return false;
}

void vr_row_rating(vr_row *row, const vr_atomic_field *field, bool *has, double *rating)
{
    *has = field->data != NULL;
    *rating = 0.0;
    if (*has && parse_number(row, "rating", field, rating) && fabs(*rating) > VR_RATING_LIMIT)
        drop_field(row, "rating", field, "is out of range (-1000000 to 1000000)");
}

void vr_row_timestamp(vr_row *row, const vr_atomic_field *field, double *timestamp)
{
    *timestamp = 0.0;
    if (!field->data || !parse_number(row, "timestamp", field, timestamp))
        return;
    if (*timestamp > VR_TIME_MAX && *timestamp <= VR_TIME_MAX * 1000.0) {
        *timestamp /= 1000.0;
        mend(row, field, "timestamp in milliseconds, divided by 1000");
    } else if (*timestamp < 0.0 || *timestamp > VR_TIME_MAX) {
        drop_field(row, "timestamp", field, "is out of range (0 to 253402300799 seconds)");
    }
    *timestamp += 0.0; /* -0 and 0 are one moment */
}

int32_t vr_row_year(vr_row *row, const vr_atomic_field *field)
{
    vr_atomic_field f = *field;
    double year = 0.0;
    while (f.length > 0 && f.data[0] == ' ') {
        f.data++;
        f.length--;
    }
    while (f.length > 0 && f.data[f.length - 1] == ' ')
        f.length--;
    if (!f.data || f.length == 0)
        return 0;
    if (vr_number_parse(f.data, f.length, &year) != VR_NUMBER_OK || year != floor(year)) {
        mend(row, field, "year is not a whole number, taken as unknown");
        return 0;
    }
    if (year < VR_YEAR_MIN || year > VR_YEAR_MAX) {
        mend(row, field, "year is out of range (%d to %d), taken as unknown", VR_YEAR_MIN,
             VR_YEAR_MAX);
        return 0;
    }
    return (int32_t)year;
}

bool vr_row_text(vr_row *row, const char *kind, const vr_atomic_field *field, vr_str *out)
{
    uint32_t changes = 0;
    size_t taken = field->length;
    vr_str_clear(out);
    if (!field->data)
        return true;
    if (taken > VR_TEXT_MAX)
        taken = vr_clean_cut(field->data, taken, VR_TEXT_MAX);
    if (!vr_clean(field->data, taken, out, &changes))
        return false;
    size_t length = vr_clean_cut(out->data, out->length, VR_TEXT_MAX);
    if (taken != field->length || length != out->length) {
        mend(row, field, "%s longer than %d bytes, cut", kind, VR_TEXT_MAX);
        out->length = length;
    }
    if (changes & VR_CLEAN_ENCODING)
        mend(row, field, "%s is not UTF-8, read as Windows-1252", kind);
    if (changes & VR_CLEAN_HTML)
        mend(row, field, "HTML in %s turned into text", kind);
    if (changes & VR_CLEAN_CONTROL)
        mend(row, field, "control characters removed from %s", kind);
    if (changes & VR_CLEAN_NFKC)
        mend(row, field, "%s normalised (NFKC)", kind);
    if (changes & VR_CLEAN_SPACE)
        mend(row, field, "white space folded in %s", kind);
    if (out->length == 0 && !strcmp(kind, "title"))
        mend(row, field, "title is empty, kept without one");
    return true;
}
