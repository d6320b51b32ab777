/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"
#include "cli/cli.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

vireo_status vr_output_open(vr_output *o, const char *path, vireo_error *err)
{
    struct stat info;
    *o = (vr_output){.open = true};
    if (!path || !strcmp(path, "-"))
        return VIREO_OK;
    o->open = false;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "%s: is %s; --output needs a regular file, or - for standard output", path,
                       S_ISDIR(info.st_mode) ? "a folder" : "no regular file");
    vireo_status st = vr_writer_open(&o->writer, NULL, path, err);
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
    if (!input || !output || !strcmp(output, "-") || stat(output, &b) != 0)
        return false;
    bool found = strcmp(input, "-") != 0 ? stat(input, &a) == 0 : fstat(STDIN_FILENO, &a) == 0;
    return found && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}
