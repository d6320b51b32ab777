/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

/* Cuts a message that did not fit before the UTF-8 sequence the cut may have broken. */
static void trim(char *message, size_t length)
{
    while (length > 0 && ((unsigned char)message[length - 1] & 0xC0) == 0x80)
        length--;
    if (length > 0 && (unsigned char)message[length - 1] >= 0xC0)
        length--;
    message[length] = '\0';
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
    char message[sizeof err->message]; /* args may point into err->message */
    int length = vsnprintf(message, sizeof message, format, args);
    if (length < 0)
        message[0] = '\0';
    else if ((size_t)length >= sizeof message)
        trim(message, sizeof message - 1);
    tame(message);
    err->status = status;
    err->reason = reason;
    err->offset = offset;
    memcpy(err->message, message, sizeof message);
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
