/* SPDX-License-Identifier: Apache-2.0 */
#include "data/atomic.h"
#include "base/str.h"
#include <stdio.h>
#include <string.h>

#define FORGET_STEP ((size_t)16 << 20)
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
    const char *line;
    size_t length;
    const vr_atomic_wanted *wanted;
    size_t n_wanted;
    int rank[VR_ATOMIC_MAX_WANTED]; /* place of the chosen name among the accepted ones */
} header;

/* What a message shows of a field: shortened, other bytes than printable ASCII and UTF-8 as '?'. */
static const char *shown(const char *text, size_t length, char out[SHOWN + 4])
{
    size_t n = 0;
    for (size_t i = 0; i < length;) {
        uint32_t c;
        size_t used = vr_utf8_decode(text + i, length - i, &c);
        bool plain = used > 0 && c >= 0x20 && c != 0x7f;
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

static bool take_line(vr_atomic *a, const char **line, size_t *length)
{
    const char *data = a->file.data;
    if (a->at >= a->file.bytes)
        return false;
    const char *start = data + a->at;
    size_t left = a->file.bytes - a->at;
    const char *end = memchr(start, '\n', left);
    size_t n = end ? (size_t)(end - start) : left;
    a->at += n + (end ? 1 : 0);
    a->line++;
    if (n > 0 && start[n - 1] == '\r')
        n--;
    *line = start;
    *length = n;
    return true;
}

static vireo_status read_column(vr_atomic *a, header *h, size_t index, const char *text,
                                size_t length, vireo_error *err)
{
    char found[SHOWN + 4], allowed[64];
    uint64_t offset = (uint64_t)(text - (const char *)a->file.data);
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
    const char *text = h->line, *end = h->line + h->length;
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
                       shown(h->line, h->length, found));
    }
    return VIREO_OK;
}

vireo_status vr_atomic_open(vr_atomic *out, const char *path, const vr_atomic_wanted *wanted,
                            size_t n_wanted, vireo_error *err)
{
    vr_atomic a = {.path = path, .n_wanted = n_wanted};
    header h = {.path = path, .wanted = wanted, .n_wanted = n_wanted};
    for (size_t w = 0; w < n_wanted; w++)
        a.column[w] = -1;
    vireo_status st = vr_file_map(path, &a.file, err);
    if (st)
        return st;
    if (a.file.bytes >= 3 && !memcmp(a.file.data, "\xef\xbb\xbf", 3))
        a.at = 3;
    if (!take_line(&a, &h.line, &h.length) || h.length == 0)
        st = vr_fail(err, VIREO_ERROR_FORMAT,
                     "%s: line 1: found nothing; allowed: a header of columns name:type", path);
    else
        st = read_header(&a, &h, err);
    if (st)
        vr_file_unmap(&a.file);
    else
        *out = a;
    return st;
}

bool vr_atomic_next(vr_atomic *a, vr_atomic_field *fields, size_t *n_fields)
{
    const char *line;
    size_t length;
    if (a->at - a->forgotten > FORGET_STEP) {
        vr_file_forget((const char *)a->file.data + a->forgotten, FORGET_STEP);
        a->forgotten += FORGET_STEP;
    }
    do {
        if (!take_line(a, &line, &length))
            return false;
    } while (length == 0);
    a->row = line;
    a->row_length = length;
    for (size_t w = 0; w < a->n_wanted; w++)
        fields[w] = (vr_atomic_field){0};
    const char *end = line + length;
    int index = 0;
    for (;; index++) {
        const char *tab = memchr(line, '\t', (size_t)(end - line));
        for (size_t w = 0; w < a->n_wanted; w++)
            if (a->column[w] == index)
                fields[w] = (vr_atomic_field){line, (size_t)((tab ? tab : end) - line)};
        /* A line of nothing but tabs must not overflow the count. */
        if (!tab || index == 2 * VR_ATOMIC_MAX_COLUMNS)
            break;
        line = tab + 1;
    }
    *n_fields = (size_t)index + 1;
    return true;
}

void vr_atomic_close(vr_atomic *a)
{
    vr_file_unmap(&a->file);
}
