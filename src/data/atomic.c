/* SPDX-License-Identifier: Apache-2.0 */
#include "data/atomic.h"
#include "base/str.h"
#include "data/clean.h"
#include <stdio.h>
#include <string.h>

#define SHOWN 64 /* bytes of a name that messages show */
#define TYPES "token, token_seq, float, float_seq"

static const struct {
    const char *name;
    unsigned bit;
} types[] = {
    {"token", VR_ATOMIC_TOKEN},
    {"token_seq", VR_ATOMIC_TOKEN_SEQ},
    {"float", VR_ATOMIC_FLOAT},
    {"float_seq", VR_ATOMIC_FLOAT_SEQ},
};

typedef struct header {
    const char *path;
    size_t at; /* offset of the line in the file */
    const vr_atomic_wanted *wanted;
    size_t n_wanted;
    int rank[VR_ATOMIC_MAX_WANTED]; /* place of the chosen name among the accepted ones */
} header;

/* What a message shows of a field: shortened, controls and what is not UTF-8 as '?'. */
static const char *shown(const char *text, size_t length, char out[SHOWN + 4])
{
    size_t n = 0;
    for (size_t i = 0; i < length;) {
        uint32_t c;
        size_t used = vr_utf8_decode(text + i, length - i, &c);
        bool plain = used > 0 && !vr_clean_is_control(c);
        if (n + (plain ? used : 1) > SHOWN) {
            memcpy(out + n, "...", 3);
            n += 3;
            break;
        }
        if (plain)
            memcpy(out + n, text + i, used);
        else
            out[n] = '?';
        n += plain ? used : 1;
        i += used ? used : 1;
    }
    out[n] = '\0';
    return out;
}

static void type_names(unsigned bits, char *out, size_t size)
{
    int n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (bits & types[i].bit)
            n += snprintf(out + n, size - (size_t)n, "%s%s", n ? ", " : "", types[i].name);
}

/* Place of name[0..length) in a list separated by spaces, or -1. */
static int find_name(const char *names, const char *name, size_t length)
{
    int place = 0;
    for (const char *at = names; *at; place++) {
        size_t n = strcspn(at, " ");
        if (n == length && !memcmp(at, name, n))
            return place;
        at += n + (at[n] == ' ');
    }
    return -1;
}

/* More of the file behind what is held, which moves to the front. */
static vireo_status fill(vr_atomic *a, vireo_error *err)
{
    const size_t limit = VR_ATOMIC_MAX_LINE + 1; /* with the LF */
    size_t got = 0;
    if (a->start > 0) {
        memmove(a->buffer, a->buffer + a->start, a->end - a->start);
        a->end -= a->start;
        a->start = 0;
    }
    if (a->end == a->capacity) {
        size_t capacity = a->capacity < limit / 2 ? a->capacity * 2 : limit;
        char *wider = vr_realloc(a->allocator, a->buffer, capacity);
        if (!wider)
            return vr_fail_memory(err, a->reader.file.path);
        a->buffer = wider;
        a->capacity = capacity;
    }
    vireo_status st = vr_reader_get(&a->reader, a->buffer + a->end, a->capacity - a->end, &got, err);
    if (!st)
        a->end += got;
    return st;
}

static void drop(vr_atomic *a, size_t n)
{
    a->start += n;
    a->at += n;
}

/* What is left of a line that was cut; its LF included. */
static vireo_status skip_rest(vr_atomic *a, vireo_error *err)
{
    vireo_status st = VIREO_OK;
    while (a->row_cut && !st) {
        const char *start = a->buffer + a->start;
        const char *lf = memchr(start, '\n', a->end - a->start);
        drop(a, lf ? (size_t)(lf - start) + 1 : a->end - a->start);
        if (lf || a->reader.at == a->reader.file.bytes)
            a->row_cut = false;
        else
            st = fill(a, err);
    }
    return st;
}

/* The next line becomes the row; *more is false at the end of the file. */
static vireo_status take_line(vr_atomic *a, bool *more, vireo_error *err)
{
    const char *lf = NULL;
    vireo_status st = skip_rest(a, err);
    for (size_t seen = 0; !st; st = fill(a, err)) {
        size_t held = a->end - a->start;
        if (held > seen)
            lf = memchr(a->buffer + a->start + seen, '\n', held - seen);
        if (lf || a->reader.at == a->reader.file.bytes || held > VR_ATOMIC_MAX_LINE)
            break;
        seen = held;
    }
    if (st)
        return st;
    a->row = a->buffer + a->start;
    size_t n = lf ? (size_t)(lf - a->row) : a->end - a->start;
    *more = lf || n > 0;
    drop(a, n + (lf ? 1 : 0));
    a->line += *more;
    a->row_cut = n > VR_ATOMIC_MAX_LINE;
    if (n > 0 && a->row[n - 1] == '\r')
        n--;
    a->row_length = n;
    return VIREO_OK;
}

static vireo_status read_column(vr_atomic *a, header *h, size_t index, const char *text,
                                size_t length, vireo_error *err)
{
    char found[SHOWN + 4], allowed[64];
    uint64_t offset = h->at + (uint64_t)(text - a->row);
    const char *colon = memchr(text, ':', length);
    size_t n = colon ? (size_t)(colon - text) : length;
    if (!colon || n == 0)
        return vr_fail_at(
            err, VIREO_ERROR_FORMAT, 0, offset,
            "%s: line 1, column %zu: found \"%s\"; allowed: name:type with type one of " TYPES
            ", columns separated by tabs",
            h->path, index + 1, shown(text, length, found));
    const char *type = colon + 1;
    size_t type_length = length - n - 1;
    unsigned bit = 0;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strlen(types[i].name) == type_length && !memcmp(types[i].name, type, type_length))
            bit = types[i].bit;
    if (!bit)
        return vr_fail_at(err, VIREO_ERROR_FORMAT, 0, offset + n + 1,
                          "%s: line 1, column %zu: unknown type \"%s\"; allowed: " TYPES, h->path,
                          index + 1, shown(type, type_length, found));
    for (size_t w = 0; w < h->n_wanted; w++) {
        int rank = find_name(h->wanted[w].names, text, n);
        if (rank < 0 || (a->column[w] >= 0 && h->rank[w] < rank))
            continue;
        if (a->column[w] >= 0 && h->rank[w] == rank)
            return vr_fail_at(err, VIREO_ERROR_FORMAT, 0, offset,
                              "%s: line 1, column %zu: \"%s\" stands in column %d already", h->path,
                              index + 1, shown(text, n, found), a->column[w] + 1);
        if (!(h->wanted[w].types & bit)) {
            type_names(h->wanted[w].types, allowed, sizeof allowed);
            return vr_fail_at(err, VIREO_ERROR_FORMAT, 0, offset + n + 1,
                              "%s: line 1, column %zu: \"%s\"; allowed types of this column: %s",
                              h->path, index + 1, shown(text, length, found), allowed);
        }
        a->column[w] = (int)index;
        h->rank[w] = rank;
    }
    return VIREO_OK;
}

static vireo_status read_header(vr_atomic *a, header *h, vireo_error *err)
{
    char found[SHOWN + 4];
    const char *text = a->row, *end = a->row + a->row_length;
    for (size_t index = 0;; index++) {
        const char *tab = memchr(text, '\t', (size_t)(end - text));
        size_t n = (size_t)((tab ? tab : end) - text);
        if (index == VR_ATOMIC_MAX_COLUMNS)
            return vr_fail(err, VIREO_ERROR_LIMIT, "%s: line 1: more than %d columns", h->path,
                           VR_ATOMIC_MAX_COLUMNS);
        vireo_status st = read_column(a, h, index, text, n, err);
        if (st)
            return st;
        a->n_columns = index + 1;
        if (!tab)
            break;
        text = tab + 1;
    }
    for (size_t w = 0; w < h->n_wanted; w++) {
        if (a->column[w] >= 0 || !h->wanted[w].required)
            continue;
        char allowed[64];
        type_names(h->wanted[w].types, allowed, sizeof allowed);
        return vr_fail(err, VIREO_ERROR_FORMAT,
                       "%s: line 1: no column \"%s\"; needed: %s of type %s; found: \"%s\"",
                       h->path, h->wanted[w].names, h->wanted[w].names, allowed,
                       shown(a->row, a->row_length, found));
    }
    return VIREO_OK;
}

static vireo_status start(vr_atomic *a, size_t buffer, header *h, vireo_error *err)
{
    bool more = false;
    a->capacity = a->reader.file.bytes < buffer ? a->reader.file.bytes : buffer;
    a->buffer = vr_alloc(a->allocator, a->capacity);
    if (!a->buffer)
        return vr_fail_memory(err, h->path);
    vireo_status st = VIREO_OK;
    while (!st && a->end < 3 && a->reader.at < a->reader.file.bytes)
        st = fill(a, err);
    if (!st && a->end >= 3 && !memcmp(a->buffer, "\xef\xbb\xbf", 3))
        drop(a, 3);
    h->at = a->at;
    if (!st)
        st = take_line(a, &more, err);
    if (st)
        return st;
    if (a->row_cut)
        return vr_fail(err, VIREO_ERROR_LIMIT, "%s: line 1: longer than %zu bytes", h->path,
                       VR_ATOMIC_MAX_LINE);
    if (a->row_length == 0)
        return vr_fail(err, VIREO_ERROR_FORMAT,
                       "%s: line 1: found nothing; allowed: a header of columns name:type",
                       h->path);
    return read_header(a, h, err);
}

vireo_status vr_atomic_open(vr_atomic *out, const vireo_allocator *allocator, const char *path,
                            size_t buffer, const vr_atomic_wanted *wanted, size_t n_wanted,
                            vireo_error *err)
{
    vr_atomic a = {.allocator = allocator, .n_wanted = n_wanted};
    header h = {.path = path, .wanted = wanted, .n_wanted = n_wanted};
    for (size_t w = 0; w < n_wanted; w++)
        a.column[w] = -1;
    vireo_status st = vr_reader_open(&a.reader, path, err);
    if (st)
        return st;
    st = start(&a, buffer, &h, err);
    if (st)
        vr_atomic_close(&a);
    else
        *out = a;
    return st;
}

static size_t split(const vr_atomic *a, vr_atomic_field *fields)
{
    const char *at = a->row, *end = a->row + a->row_length;
    for (int index = 0;; index++) {
        const char *tab = memchr(at, '\t', (size_t)(end - at));
        for (size_t w = 0; w < a->n_wanted; w++)
            if (a->column[w] == index)
                fields[w] = (vr_atomic_field){at, (size_t)((tab ? tab : end) - at)};
        /* A line of nothing but tabs must not overflow the count. */
        if (!tab || index == 2 * VR_ATOMIC_MAX_COLUMNS)
            return (size_t)index + 1;
        at = tab + 1;
    }
}

vireo_status vr_atomic_next(vr_atomic *a, vr_atomic_field *fields, size_t *n_fields,
                            vireo_error *err)
{
    bool more = true;
    vireo_status st;
    do {
        st = take_line(a, &more, err);
    } while (!st && more && a->row_length == 0);
    if (st)
        return st;
    for (size_t w = 0; w < a->n_wanted; w++)
        fields[w] = (vr_atomic_field){0};
    *n_fields = !more ? 0 : a->row_cut ? 1 : split(a, fields);
    return VIREO_OK;
}

void vr_atomic_close(vr_atomic *a)
{
    vr_free(a->allocator, a->buffer);
    vr_reader_close(&a->reader);
    *a = (vr_atomic){0};
}
