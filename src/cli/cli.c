/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "cli/progress.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int vr_cli_fail(const vr_cli *cli, vireo_status st, const vireo_error *err, const char *next)
{
    (void)cli;
    vr_progress_clear();
    if (st == VIREO_ERROR_CANCELLED && vr_interrupted())
        fprintf(stderr, "vireo: interrupted\n");
    else if (err->message[0])
        fprintf(stderr, "vireo: %s\n", err->message);
    if (next && err->message[0] && !vr_interrupted())
        fprintf(stderr, "vireo: next: %s\n", next);
    return st == VIREO_ERROR_NO_DEVICE ? VR_EXIT_NO_DEVICE : VR_EXIT_FAILED;
}

void vr_cli_note(const char *format, ...)
{
    va_list args;
    vr_progress_clear();
    fputs("vireo: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

void vr_cli_log(void *user, vireo_log_level level, const char *message)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    (void)user;
    vr_cli_note("%s: %s", names[level], message);
}

void vr_cli_logf(const vr_cli *cli, vireo_log_level level, const char *format, ...)
{
    char message[1024];
    va_list args;
    if (level > cli->log_level)
        return;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    vr_cli_log(NULL, level, message);
}

vireo_status vr_cli_write(const void *data, size_t bytes, vireo_error *err)
{
    const char *at = data;
    while (bytes > 0) {
        ssize_t n = write(STDOUT_FILENO, at, bytes);
        if (n < 0 && errno == EINTR) {
            if (vr_interrupted())
                return vr_fail(err, VIREO_ERROR_CANCELLED, "interrupted");
            continue;
        }
        if (n < 0 && errno == EPIPE) /* who closed it wants no more, and no words about it */
            return vr_fail(err, VIREO_ERROR_IO, "%s", "");
        if (n < 0)
            return vr_fail(err, VIREO_ERROR_IO, "standard output: cannot be written: %s",
                           strerror(errno));
        at += n;
        bytes -= (size_t)n;
    }
    return VIREO_OK;
}

int vr_cli_print(const vr_cli *cli, const vr_str *text)
{
    vireo_error err = {0};
    vr_progress_clear();
    vireo_status st = text->failed ? vr_fail_memory(&err, "output")
                                   : vr_cli_write(text->data, text->length, &err);
    return st ? vr_cli_fail(cli, st, &err, NULL) : VR_EXIT_OK;
}
