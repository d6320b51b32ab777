/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LONGEST = 8192 }; /* a path has up to 4096 */

const char *vireo_version(void)
{
    return VIREO_VERSION;
}

const char *vireo_status_text(vireo_status status)
{
    switch (status) {
#define TEXT(name, text)                                                                           \
    case VIREO_##name:                                                                             \
        return text;
        VIREO_STATUS_LIST(TEXT)
#undef TEXT
    }
    return "unknown status";
}

static bool is_tail(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

/* Copies text into the message; of one that is too long its middle is left out, for a path stands
 * at the start and the reason at the end. UTF-8 sequences stay whole. */
static void put(char *message, size_t size, const char *text)
{
    static const char gap[] = "...";
    size_t length = strlen(text), head = size / 2, tail = size - 1 - head - (sizeof gap - 1);
    if (length < size) {
        memcpy(message, text, length + 1);
        return;
    }
    while (head > 0 && is_tail(text[head]))
        head--;
    while (tail > 0 && is_tail(text[length - tail]))
        tail--;
    memcpy(message, text, head);
    memcpy(message + head, gap, sizeof gap - 1);
    memcpy(message + head + sizeof gap - 1, text + length - tail, tail + 1);
}

/* Names from files and paths stand in messages, and messages end in terminals and logs: control
 * characters (C0 but for line and tab, DEL, C1) become question marks. */
static void tame(char *message)
{
    for (unsigned char *c = (unsigned char *)message; *c; c++) {
        if ((*c < 0x20 && *c != '\n' && *c != '\t') || *c == 0x7F)
            *c = '?';
        else if (c[0] == 0xC2 && c[1] >= 0x80 && c[1] <= 0x9F)
            c[0] = c[1] = '?';
    }
}

static vireo_status fill(vireo_error *err, vireo_status status, uint32_t reason, uint64_t offset,
                         const char *format, va_list args)
{
    if (!err)
        return status;
    char message[LONGEST]; /* args may point into err->message */
    if (vsnprintf(message, sizeof message, format, args) < 0)
        message[0] = '\0';
    tame(message);
    err->status = status;
    err->reason = reason;
    err->offset = offset;
    put(err->message, sizeof err->message, message);
    return status;
}

vireo_status vr_fail(vireo_error *err, vireo_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(err, status, 0, 0, format, args);
    va_end(args);
    return status;
}

vireo_status vr_fail_at(vireo_error *err, vireo_status status, uint32_t reason, uint64_t offset,
                        const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(err, status, reason, offset, format, args);
    va_end(args);
    return status;
}

vireo_status vr_fail_memory(vireo_error *err, const char *what)
{
    return vr_fail(err, VIREO_ERROR_OUT_OF_MEMORY, "out of memory: %s", what);
}
