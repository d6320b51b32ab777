/* SPDX-License-Identifier: Apache-2.0 */
#include "io/json_walk.h"
#include "base/str.h"
#include <stddef.h>
#include <string.h>

/* Texts have tens of megabytes: a look-up a byte. */
enum { QUOTE = 1, OPENS, CLOSES };
static const unsigned char marks[256] = {['"'] = QUOTE, ['{'] = OPENS, ['['] = OPENS, ['}'] = CLOSES, [']'] = CLOSES};
static const bool ends_scalar[256] = {[','] = true, [']'] = true, ['}'] = true, [' '] = true,
                                      ['\n'] = true, ['\r'] = true, ['\t'] = true};

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        at++;
    return at;
}

/* The text has been checked, so a quote ends the string: one behind an even number of backslashes. */
static const char *skip_string(const char *at, const char *end)
{
    for (;;) {
        size_t slashes = 0;
        at = memchr(at + 1, '"', (size_t)(end - at - 1));
        while (at[-1 - (ptrdiff_t)slashes] == '\\')
            slashes++;
        if (slashes % 2 == 0)
            return at + 1;
    }
}

static const char *skip_container(const char *at, const char *end)
{
    size_t depth = 0;
    do {
        unsigned char mark;
        while (!(mark = marks[(unsigned char)*at]))
            at++;
        if (mark == QUOTE) {
            at = skip_string(at, end);
            continue;
        }
        depth += mark == OPENS ? 1 : (size_t)-1;
        at++;
    } while (depth > 0);
    return at;
}

static vr_json_slice slice_at(const char *at, const char *end)
{
    vr_json_slice s = {.at = at, .kind = *at};
    if (*at == '{' || *at == '[') {
        at = skip_container(at, end);
    } else if (*at == '"') {
        at = skip_string(at, end);
    } else {
        while (at < end && !ends_scalar[(unsigned char)*at])
            at++;
        if (s.kind == '-' || (s.kind >= '0' && s.kind <= '9'))
            s.kind = '0';
    }
    s.bytes = (size_t)(at - s.at);
    return s;
}

vr_json_slice vr_json_root(const char *text, size_t bytes)
{
    const char *end = text + bytes;
    return slice_at(skip_space(text, end), end);
}

vr_json_walk vr_json_walk_begin(vr_json_slice container)
{
    return (vr_json_walk){container.at + 1, container.at + container.bytes - 1,
                          container.kind == '{'};
}

bool vr_json_walk_next(vr_json_walk *walk, vr_json_slice *key, vr_json_slice *value)
{
    const char *at = skip_space(walk->at, walk->end);
    if (at < walk->end && *at == ',')
        at = skip_space(at + 1, walk->end);
    if (at == walk->end)
        return false;
    if (walk->object) {
        vr_json_slice name = slice_at(at, walk->end);
        if (key)
            *key = name;
        at = skip_space(at + name.bytes, walk->end);
        at = skip_space(at + 1, walk->end);
    }
    *value = slice_at(at, walk->end);
    walk->at = at + value->bytes;
    return true;
}

static uint32_t hex4(const char *at)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        char c = at[i];
        value = value * 16 + (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return value;
}

size_t vr_json_string(vr_json_slice slice, char *out)
{
    static const char letters[] = "bfnrt", meanings[] = "\b\f\n\r\t";
    const char *at = slice.at + 1, *end = slice.at + slice.bytes - 1;
    size_t length = 0;
    while (at < end) {
        if (*at != '\\') {
            out[length++] = *at++;
            continue;
        }
        char kind = at[1];
        at += 2;
        const char *letter = strchr(letters, kind);
        if (kind == 'u') {
            uint32_t code = hex4(at);
            at += 4;
            if (code >= 0xD800 && code <= 0xDBFF) {
                code = 0x10000 + ((code & 0x3FF) << 10 | (hex4(at + 2) & 0x3FF));
                at += 6;
            }
            length += vr_utf8_encode(code, out + length);
        } else {
            out[length++] = letter ? meanings[letter - letters] : kind;
        }
    }
    out[length] = '\0';
    return length;
}

bool vr_json_string_is(vr_json_slice slice, const char *text)
{
    size_t length = strlen(text);
    return slice.kind == '"' && slice.bytes == length + 2 &&
           memcmp(slice.at + 1, text, length) == 0;
}

int vr_json_clip(const char *at, size_t bytes)
{
    if (bytes <= 64)
        return (int)bytes;
    size_t cut = 64;
    while (cut > 0 && ((unsigned char)at[cut] & 0xC0) == 0x80)
        cut--;
    return (int)cut;
}
