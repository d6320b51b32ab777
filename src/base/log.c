/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include <stdarg.h>
#include <stdio.h>

void vr_logf(const vr_log *log, vireo_log_level level, const char *format, ...)
{
    if (!log || !log->fn || level > log->level)
        return;
    char message[2048];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(message, sizeof message, format, args);
    va_end(args);
    if (length < 0)
        return;
    size_t end = (size_t)length < sizeof message ? (size_t)length : sizeof message - 1;
    while (end > 0 && message[end - 1] == '\n')
        message[--end] = '\0';
    for (size_t i = 0; i < end; i++) /* names from files must not steer a terminal */
        if ((unsigned char)message[i] < 0x20 || message[i] == 0x7F)
            message[i] = ' ';
    log->fn(log->user, level, message);
}
