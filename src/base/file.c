/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "base/thread.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WRITER_BUFFER = 1 << 16, TEMPORARY_TRIES = 100 };

static vireo_status fail_errno(vireo_error *err, const char *path, const char *what, int code)
{
    char reason[128];
    if (strerror_r(code, reason, sizeof reason) != 0)
        snprintf(reason, sizeof reason, "error %d", code);
    vireo_status status = code == ENOENT || code == ENOTDIR ? VIREO_ERROR_NOT_FOUND
                          : code == ENOMEM                  ? VIREO_ERROR_OUT_OF_MEMORY
                                                            : VIREO_ERROR_IO;
    return vr_fail(err, status, "%s: %s: %s", path, what, reason);
}

static const char *kind_of(mode_t mode)
{
    return S_ISDIR(mode)    ? "a folder"
           : S_ISFIFO(mode) ? "a pipe"
           : S_ISSOCK(mode) ? "a socket"
                            : "a device";
}

static vireo_status fail_kind(vireo_error *err, const char *path, mode_t mode)
{
    return vr_fail(err, VIREO_ERROR_IO, "%s: is %s, a regular file is needed (NOT_FILE)", path,
                   kind_of(mode));
}

/* Opens a regular file without waiting for the other end of a pipe. */
static vireo_status open_regular(const char *path, int *out, size_t *bytes, vireo_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return fail_errno(err, path, "cannot be opened", errno);
    struct stat info;
    vireo_status st = VIREO_OK;
    if (fstat(fd, &info) != 0)
        st = fail_errno(err, path, "cannot be examined", errno);
    else if (!S_ISREG(info.st_mode))
        st = fail_kind(err, path, info.st_mode);
    else if ((uintmax_t)info.st_size > PTRDIFF_MAX)
        st = vr_fail(err, VIREO_ERROR_LIMIT, "%s: %lld bytes do not fit the address space", path,
                     (long long)info.st_size);
    if (st) {
        close(fd);
        return st;
    }
    *out = fd;
    *bytes = (size_t)info.st_size;
    return VIREO_OK;
}

/* The next `bytes` bytes of a file of `whole` bytes, of which `done` have been read. */
static vireo_status read_all(int fd, const char *path, char *data, size_t bytes, size_t done,
                             size_t whole, vireo_error *err)
{
    size_t got = 0;
    while (got < bytes) {
        ssize_t n = read(fd, data + got, bytes - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_errno(err, path, "cannot be read", errno);
        if (n == 0)
            return vr_fail_at(err, VIREO_ERROR_IO, 0, done + got,
                              "%s: became shorter while it was read (%zu of %zu bytes)", path,
                              done + got, whole);
        got += (size_t)n;
    }
    return VIREO_OK;
}

vireo_status vr_file_read(const vireo_allocator *allocator, const char *path, size_t limit,
                          char **data, size_t *bytes, vireo_error *err)
{
    int fd = -1;
    size_t size = 0;
    char *buffer = NULL;
    vireo_status st = open_regular(path, &fd, &size, err);
    if (st)
        return st;
    if (size > limit) {
        st = vr_fail(err, VIREO_ERROR_LIMIT, "%s: %zu bytes, at most %zu are allowed (LIMIT)", path,
                     size, limit);
        goto done;
    }
    buffer = vr_alloc(allocator, size + 1);
    if (!buffer) {
        st = vr_fail_memory(err, path);
        goto done;
    }
    st = read_all(fd, path, buffer, size, 0, size, err);
    if (st)
        goto done;
    buffer[size] = '\0';
    *data = buffer;
    *bytes = size;
    buffer = NULL;
done:
    vr_free(allocator, buffer);
    close(fd);
    return st;
}

vireo_status vr_file_open(vr_file *out, const char *path, vireo_error *err)
{
    vr_file file = {.path = path};
    vireo_status st = open_regular(path, &file.fd, &file.bytes, err);
    if (!st)
        *out = file;
    return st;
}

void vr_file_close(vr_file *file)
{
    if (file->path)
        close(file->fd);
    *file = (vr_file){0};
}

static vireo_status fail_shorter(const vr_file *file, const char *part, uint64_t at,
                                 vireo_error *err)
{
    struct stat now = {0};
    if (fstat(file->fd, &now) != 0)
        return fail_errno(err, file->path, "cannot be examined", errno);
    return vr_fail_at(err, VIREO_ERROR_IO, 0, at,
                      "%s: %s%sbyte %llu is not there: the file has %lld bytes, it had %zu when it "
                      "was opened",
                      file->path, part ? part : "", part ? ": " : "", (unsigned long long)at,
                      (long long)now.st_size, file->bytes);
}

vireo_status vr_file_read_at(const vr_file *file, const char *part, uint64_t offset, void *to,
                             size_t bytes, vireo_error *err)
{
    size_t got = 0;
    while (got < bytes) {
        ssize_t n = pread(file->fd, (char *)to + got, bytes - got, (off_t)(offset + got));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_errno(err, file->path, "cannot be read", errno);
        if (n == 0)
            return fail_shorter(file, part, offset + got, err);
        got += (size_t)n;
    }
    return VIREO_OK;
}

/* A name that no other process or thread uses. Not mkstemp: the file gets the caller's umask. */
static int open_temporary(const char *path, char *name, size_t size)
{
    for (int i = 0; i < TEMPORARY_TRIES; i++) {
        snprintf(name, size, "%s.%ld-%llx.tmp", path, (long)getpid(),
                 (unsigned long long)vr_now_ns());
        int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

vireo_status vr_writer_open(vr_writer *writer, const vireo_allocator *allocator, const char *path,
                            vireo_error *err)
{
    size_t size = strlen(path) + 64;
    vr_writer w = {.fd = -1, .allocator = allocator};
    w.path = vr_strdup(allocator, path);
    w.temporary = vr_alloc(allocator, size);
    w.buffer = vr_alloc(allocator, WRITER_BUFFER);
    vireo_status st = VIREO_OK;
    if (!w.path || !w.temporary || !w.buffer) {
        st = vr_fail_memory(err, path);
    } else {
        w.fd = open_temporary(path, w.temporary, size);
        if (w.fd < 0)
            st = fail_errno(err, path, "cannot be created", errno);
    }
    if (st) {
        vr_free(allocator, w.buffer);
        vr_free(allocator, w.temporary);
        vr_free(allocator, w.path);
        return st;
    }
    *writer = w;
    return VIREO_OK;
}

static vireo_status write_all(vr_writer *w, const char *data, size_t bytes, vireo_error *err)
{
    while (bytes > 0) {
        ssize_t n = write(w->fd, data, bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail_errno(err, w->path, "cannot be written", errno);
        data += n;
        bytes -= (size_t)n;
    }
    return VIREO_OK;
}

static vireo_status flush(vr_writer *w, vireo_error *err)
{
    vireo_status st = write_all(w, w->buffer, w->used, err);
    w->used = 0;
    return st;
}

vireo_status vr_writer_put(vr_writer *w, const void *data, size_t bytes, vireo_error *err)
{
    if (bytes > WRITER_BUFFER - w->used) {
        vireo_status st = flush(w, err);
        if (st)
            return st;
    }
    if (bytes >= WRITER_BUFFER)
        return write_all(w, data, bytes, err);
    if (bytes > 0)
        memcpy(w->buffer + w->used, data, bytes);
    w->used += bytes;
    return VIREO_OK;
}

static void release(vr_writer *w)
{
    vr_free(w->allocator, w->buffer);
    vr_free(w->allocator, w->temporary);
    vr_free(w->allocator, w->path);
    *w = (vr_writer){.fd = -1, .allocator = w->allocator};
}

vireo_status vr_writer_commit(vr_writer *w, vireo_error *err)
{
    vireo_status st = flush(w, err);
    if (!st && fsync(w->fd) != 0 && errno != EINVAL) /* EINVAL: a file system without it */
        st = fail_errno(err, w->path, "cannot be written", errno);
    if (close(w->fd) != 0 && !st)
        st = fail_errno(err, w->path, "cannot be written", errno);
    w->fd = -1;
    if (!st && rename(w->temporary, w->path) != 0)
        st = fail_errno(err, w->path, "cannot be replaced", errno);
    if (st)
        unlink(w->temporary);
    release(w);
    return st;
}

void vr_writer_abort(vr_writer *w)
{
    if (!w->temporary)
        return;
    close(w->fd);
    unlink(w->temporary);
    release(w);
}

vireo_status vr_file_write(const vireo_allocator *allocator, const char *path, const void *data,
                           size_t bytes, vireo_error *err)
{
    vr_writer w;
    vireo_status st = vr_writer_open(&w, allocator, path, err);
    if (st)
        return st;
    st = vr_writer_put(&w, data, bytes, err);
    if (st) {
        vr_writer_abort(&w);
        return st;
    }
    return vr_writer_commit(&w, err);
}

bool vr_file_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

bool vr_is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

vireo_status vr_need_folder(const char *path, vireo_error *err)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return fail_errno(err, path, "cannot be opened", errno);
    if (S_ISDIR(info.st_mode))
        return VIREO_OK;
    return vr_fail(err, VIREO_ERROR_IO, "%s: is %s, a folder is needed (NOT_FILE)", path,
                   S_ISREG(info.st_mode) ? "a file" : kind_of(info.st_mode));
}

bool vr_is_link(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0 && S_ISLNK(info.st_mode);
}

vireo_status vr_make_folders(const vireo_allocator *allocator, const char *path, vireo_error *err)
{
    char *part = vr_strdup(allocator, path);
    if (!part)
        return vr_fail_memory(err, path);
    vireo_status st = VIREO_OK;
    size_t length = strlen(part);
    for (size_t i = 1; i <= length && !st; i++) {
        if (part[i] != '/' && part[i] != '\0')
            continue;
        char kept = part[i];
        part[i] = '\0';
        if (mkdir(part, 0700) != 0) {
            int code = errno;
            if (!vr_is_folder(part))
                st = fail_errno(err, part, "folder cannot be made", code);
        }
        part[i] = kept;
    }
    vr_free(allocator, part);
    return st;
}

char *vr_path_join(const vireo_allocator *allocator, const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    bool slash = n > 0 && a[n - 1] != '/';
    char *joined = vr_alloc(allocator, n + slash + m + 1);
    if (!joined)
        return NULL;
    memcpy(joined, a, n);
    if (slash)
        joined[n] = '/';
    memcpy(joined + n + slash, b, m + 1);
    return joined;
}

vireo_status vr_file_regular_or_absent(const char *path, vireo_error *err)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return errno == ENOENT ? VIREO_OK : fail_errno(err, path, "cannot be examined", errno);
    return S_ISREG(info.st_mode) ? VIREO_OK : fail_kind(err, path, info.st_mode);
}

vireo_status vr_reader_open(vr_reader *reader, const char *path, vireo_error *err)
{
    vr_file file;
    vireo_status st = vr_file_open(&file, path, err);
    if (!st)
        *reader = (vr_reader){.file = file};
    return st;
}

vireo_status vr_reader_get(vr_reader *r, void *data, size_t most, size_t *got, vireo_error *err)
{
    const size_t left = r->file.bytes - r->at, n = most < left ? most : left;
    vireo_status st = read_all(r->file.fd, r->file.path, data, n, r->at, r->file.bytes, err);
    if (st)
        return st;
    r->at += n;
    *got = n;
    return VIREO_OK;
}

void vr_reader_close(vr_reader *r)
{
    vr_file_close(&r->file);
    r->at = 0;
}
