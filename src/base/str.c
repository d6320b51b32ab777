/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include <stdio.h>
#include <string.h>

void vr_str_init(vr_str *s, const vireo_allocator *allocator)
{
    *s = (vr_str){.allocator = allocator};
}

void vr_str_deinit(vr_str *s)
{
    vr_free(s->allocator, s->data);
    *s = (vr_str){.allocator = s->allocator};
}

void vr_str_clear(vr_str *s)
{
    s->length = 0;
    s->failed = false;
    if (s->data)
        s->data[0] = '\0';
}

/* Room for `more` bytes and the NUL. */
static bool reserve(vr_str *s, size_t more)
{
    size_t need;
    if (s->failed)
        return false;
    if (!vr_size_add(s->length, more, &need) || !vr_size_add(need, 1, &need) ||
        !vr_grow(s->allocator, (void **)&s->data, &s->capacity, need, 1))
        s->failed = true;
    return !s->failed;
}

void vr_str_add_n(vr_str *s, const char *bytes, size_t length)
{
    if (!reserve(s, length))
        return;
    if (length)
        memcpy(s->data + s->length, bytes, length);
    s->length += length;
    s->data[s->length] = '\0';
}

void vr_str_add(vr_str *s, const char *text)
{
    vr_str_add_n(s, text, strlen(text));
}

void vr_str_addf(vr_str *s, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0)
        s->failed = true;
    else if (reserve(s, (size_t)length)) {
        vsnprintf(s->data + s->length, (size_t)length + 1, format, again);
        s->length += (size_t)length;
    }
    va_end(again);
}

void vr_str_add_json(vr_str *s, const char *text, size_t length)
{
    vr_str_add_n(s, "\"", 1);
    for (size_t i = 0; i < length;) {
        uint32_t c;
        size_t used = vr_utf8_decode(text + i, length - i, &c);
        if (used == 0) {
            vr_str_add_n(s, "\xEF\xBF\xBD", 3);
            i++;
            continue;
        }
        switch (c) {
        case '"':
            vr_str_add_n(s, "\\\"", 2);
            break;
        case '\\':
            vr_str_add_n(s, "\\\\", 2);
            break;
        case '\n':
            vr_str_add_n(s, "\\n", 2);
            break;
        case '\r':
            vr_str_add_n(s, "\\r", 2);
            break;
        case '\t':
            vr_str_add_n(s, "\\t", 2);
            break;
        default:
            if (c < 0x20 || c == 0x7F)
                vr_str_addf(s, "\\u%04x", (unsigned)c);
            else
                vr_str_add_n(s, text + i, used);
        }
        i += used;
    }
    vr_str_add_n(s, "\"", 1);
}

char *vr_str_take(vr_str *s)
{
    char *data = NULL;
    reserve(s, 0); /* a string nothing was appended to is "" */
    if (!s->failed) {
        data = s->data;
        data[s->length] = '\0';
        s->data = NULL;
    }
    vr_str_deinit(s);
    return data;
}

size_t vr_utf8_decode(const char *s, size_t n, uint32_t *out)
{
    const unsigned char *b = (const unsigned char *)s;
    if (n == 0)
        return 0;
    if (b[0] < 0x80) {
        *out = b[0];
        return 1;
    }
    size_t length = b[0] >= 0xF0 ? 4 : b[0] >= 0xE0 ? 3 : 2;
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    if (b[0] < 0xC2 || b[0] > 0xF4 || length > n)
        return 0;
    uint32_t c = b[0] & (0xFFu >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        if ((b[i] & 0xC0) != 0x80)
            return 0;
        c = c << 6 | (b[i] & 0x3Fu);
    }
    if (c < least[length] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        return 0;
    *out = c;
    return length;
}

size_t vr_utf8_encode(uint32_t c, char out[4])
{
    if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        return 0;
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t length = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char lead[5] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = length - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (c & 0x3F));
        c >>= 6;
    }
    out[0] = (char)(lead[length] | c);
    return length;
}

size_t vr_utf8_check(const char *s, size_t n)
{
    size_t i = 0;
    while (i < n) {
        uint32_t c;
        size_t used = vr_utf8_decode(s + i, n - i, &c);
        if (used == 0)
            break;
        i += used;
    }
    return i;
}
