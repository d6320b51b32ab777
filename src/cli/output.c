/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"
#include "cli/cli.h"
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The folder that path stands in; false: its name is too long. */
static bool parent_of(const char *path, char out[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    size_t length = !slash ? 1 : slash == path ? 1 : (size_t)(slash - path);
    if (length >= PATH_MAX)
        return false;
    memcpy(out, slash ? path : ".", length);
    out[length] = '\0';
    return true;
}

static bool is_stdout(const char *path)
{
    return !path || !strcmp(path, "-");
}

vireo_status vr_output_check(const char *path, vireo_error *err)
{
    struct stat info;
    char parent[PATH_MAX];
    if (is_stdout(path))
        return VIREO_OK;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "%s: is %s; a regular file is needed, or - for standard output", path,
                       S_ISDIR(info.st_mode) ? "a folder" : "no regular file");
    int fault = 0;
    if (!parent_of(path, parent))
        fault = ENAMETOOLONG;
    else if (stat(parent, &info) != 0)
        fault = errno;
    else if (!S_ISDIR(info.st_mode))
        fault = ENOTDIR;
    else if (access(parent, W_OK | X_OK) != 0)
        fault = errno;
    return fault ? vr_fail(err, VIREO_ERROR_IO, "%s: cannot be created: %s", path, strerror(fault))
                 : VIREO_OK;
}

vireo_status vr_output_open(vr_output *o, const char *path, vireo_error *err)
{
    *o = (vr_output){.open = true};
    if (is_stdout(path))
        return VIREO_OK;
    o->open = false;
    vireo_status st = vr_output_check(path, err);
    if (!st)
        st = vr_writer_open(&o->writer, NULL, path, err);
    if (st)
        return st;
    vr_interrupt_guard(o->writer.temporary);
    o->open = o->to_file = true;
    return VIREO_OK;
}

vireo_status vr_output_put(vr_output *o, const void *data, size_t bytes, vireo_error *err)
{
    o->written += bytes;
    return o->to_file ? vr_writer_put(&o->writer, data, bytes, err)
                      : vr_cli_write(data, bytes, err);
}

vireo_status vr_output_patch(vr_output *o, const void *data, size_t bytes, vireo_error *err)
{
    if (o->writer.used == o->written) { /* all is still in the writer's buffer */
        memcpy(o->writer.buffer, data, bytes);
        return VIREO_OK;
    }
    ssize_t n = pwrite(o->writer.fd, data, bytes, 0);
    if (n == (ssize_t)bytes)
        return VIREO_OK;
    return vr_fail(err, VIREO_ERROR_IO, "%s: cannot be written: %s", o->writer.path,
                   n < 0 ? strerror(errno) : "the header was cut");
}

vireo_status vr_output_commit(vr_output *o, vireo_error *err)
{
    vireo_status st = VIREO_OK;
    if (o->open && o->to_file)
        st = vr_writer_commit(&o->writer, err);
    vr_interrupt_guard(NULL);
    o->open = false;
    return st;
}

void vr_output_abort(vr_output *o)
{
    if (o->open && o->to_file) {
        vr_writer_abort(&o->writer);
        vr_interrupt_guard(NULL);
    }
    o->open = false;
}

bool vr_same_file(const char *input, const char *output)
{
    struct stat a, b;
    if (!input)
        return false;
    bool out = is_stdout(output) ? fstat(STDOUT_FILENO, &b) == 0 && S_ISREG(b.st_mode)
                                 : stat(output, &b) == 0;
    bool in = strcmp(input, "-") != 0 ? stat(input, &a) == 0 : fstat(STDIN_FILENO, &a) == 0;
    return in && out && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

bool vr_replaces_inside(const char *output, const char *folder)
{
    struct stat info;
    char parent[PATH_MAX], inner[PATH_MAX], outer[PATH_MAX];
    if (!folder || is_stdout(output) || lstat(output, &info) != 0 || !parent_of(output, parent) ||
        !realpath(parent, inner) || !realpath(folder, outer))
        return false;
    size_t length = strlen(outer);
    return !strncmp(inner, outer, length) && (inner[length] == '\0' || inner[length] == '/');
}
