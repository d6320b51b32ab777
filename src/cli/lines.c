/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lines.h"
#include "cli/cli.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER = 1 << 16 };

const char *vr_lines_name(const vr_lines *lines)
{
    return strcmp(lines->name, "-") ? lines->name : "standard input";
}

vireo_status vr_lines_open(vr_lines *lines, const char *path, vireo_error *err)
{
    struct stat info;
    vr_lines l = {.name = path, .file = stdin};
    if (strcmp(path, "-") != 0)
        l.file = fopen(path, "rb");
    if (!l.file)
        return vr_fail(err, errno == ENOENT ? VIREO_ERROR_NOT_FOUND : VIREO_ERROR_IO,
                       "%s: cannot be opened: %s", path, strerror(errno));
    vireo_status st = VIREO_OK;
    if (fstat(fileno(l.file), &info) == 0 && S_ISDIR(info.st_mode))
        st = vr_fail(err, VIREO_ERROR_IO, "%s: is a folder; a file of lines is needed",
                     vr_lines_name(&l));
    l.buffer = vr_alloc(NULL, BUFFER);
    if (!st && !l.buffer)
        st = vr_fail_memory(err, "lines");
    if (st)
        vr_lines_close(&l);
    else
        *lines = l;
    return st;
}

static vireo_status fill(vr_lines *l, vireo_error *err)
{
    for (;;) {
        if (vr_interrupted())
            return vr_fail(err, VIREO_ERROR_CANCELLED, "interrupted");
        ssize_t n = read(fileno(l->file), l->buffer, BUFFER);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return vr_fail(err, VIREO_ERROR_IO, "%s: cannot be read: %s", vr_lines_name(l),
                           strerror(errno));
        l->at = 0;
        l->filled = (size_t)n;
        l->ended = n == 0;
        return VIREO_OK;
    }
}

vireo_status vr_lines_next(vr_lines *l, vr_str *line, bool *more, vireo_error *err)
{
    bool complete = false, any = false;
    vr_str_clear(line);
    while (!complete && !l->ended) {
        if (l->at == l->filled) {
            vireo_status st = fill(l, err);
            if (st)
                return st;
            continue;
        }
        const char *start = l->buffer + l->at;
        const char *end = memchr(start, '\n', l->filled - l->at);
        size_t n = end ? (size_t)(end - start) : l->filled - l->at;
        complete = end != NULL;
        any = true;
        if (memchr(start, '\0', n))
            return vr_fail(err, VIREO_ERROR_FORMAT,
                           "%s: line %llu: a NUL byte; texts are UTF-8 without it",
                           vr_lines_name(l), (unsigned long long)l->number + 1);
        if (line->length + n > VR_LINE_MAX)
            return vr_fail(err, VIREO_ERROR_LIMIT,
                           "%s: line %llu: longer than %d bytes, at most that many are allowed",
                           vr_lines_name(l), (unsigned long long)l->number + 1, VR_LINE_MAX);
        vr_str_add_n(line, start, n);
        l->at += n + complete;
    }
    if (line->failed)
        return vr_fail_memory(err, vr_lines_name(l));
    if (line->length && line->data[line->length - 1] == '\r')
        line->data[--line->length] = '\0';
    l->number += any;
    *more = any;
    return VIREO_OK;
}

void vr_lines_close(vr_lines *l)
{
    if (l->file && l->file != stdin)
        fclose(l->file);
    vr_free(NULL, l->buffer);
    *l = (vr_lines){0};
}

vireo_status vr_texts_add(vr_texts *t, const char *text, vireo_error *err)
{
    if (!vr_grow(NULL, (void **)&t->list, &t->capacity, t->n + 1, sizeof *t->list) ||
        !(t->list[t->n] = vr_strdup(NULL, text)))
        return vr_fail_memory(err, "texts");
    t->n++;
    return VIREO_OK;
}

vireo_status vr_texts_read(vr_texts *t, const char *path, size_t most, vireo_error *err)
{
    vr_lines lines = {0};
    vr_str line;
    bool more = true;
    vr_str_init(&line, NULL);
    vireo_status st = vr_lines_open(&lines, path, err);
    while (!st && more) {
        st = vr_lines_next(&lines, &line, &more, err);
        if (st || !more)
            continue;
        if (t->n == most)
            st = vr_fail(err, VIREO_ERROR_LIMIT,
                         "%s: more than %zu lines, at most that many are taken", path, most);
        else
            st = vr_texts_add(t, line.data, err);
    }
    if (!st && t->n == 0)
        st = vr_fail(err, VIREO_ERROR_FORMAT, "%s: no lines; texts are needed, one a line", path);
    vr_lines_close(&lines);
    vr_str_deinit(&line);
    return st;
}

void vr_texts_free(vr_texts *t)
{
    for (size_t i = 0; i < t->n; i++)
        vr_free(NULL, t->list[i]);
    vr_free(NULL, t->list);
}
