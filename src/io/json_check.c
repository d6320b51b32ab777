/* SPDX-License-Identifier: Apache-2.0
 * A pushdown automaton, so that a hostile depth costs no stack. The keys of every open object stand
 * in a map; keys with escapes are compared as what they spell. */
#include "io/json_walk.h"
#include "base/arena.h"
#include "base/map.h"
#include "base/str.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct frame {
    bool object;
    size_t count;
    vr_map keys;
} frame;

typedef struct checker {
    const vireo_allocator *allocator;
    const char *path, *start, *at, *end;
    vr_json_limits limits;
    size_t values;
    uint32_t depth;
    frame frames[VR_JSON_MAX_DEPTH];
    vr_arena unescaped;
    vireo_error *err;
} checker;

__attribute__((format(printf, 4, 5))) static vireo_status
fault(checker *c, vr_json_reason reason, const char *at, const char *format, ...)
{
    char what[256];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    vireo_status st =
        reason == VR_JSON_LIMIT || reason == VR_JSON_DEPTH ? VIREO_ERROR_LIMIT : VIREO_ERROR_FORMAT;
    size_t offset = (size_t)(at - c->start);
    return vr_fail_at(c->err, st, reason, offset, "%s: byte %zu: %s (%s)", c->path, offset, what,
                      vr_json_reason_name(reason));
}

/* What stands at c->at is not what the grammar allows there. */
static vireo_status unexpected(checker *c, const char *allowed)
{
    if (c->at == c->end)
        return fault(c, VR_JSON_EOF, c->at, "the text ends, %s is needed", allowed);
    unsigned char found = (unsigned char)*c->at;
    uint32_t code;
    if (found == 0)
        return fault(c, VR_JSON_NUL, c->at, "found a NUL, %s is needed", allowed);
    if (vr_utf8_decode(c->at, (size_t)(c->end - c->at), &code) == 0)
        return fault(c, VR_JSON_UTF8, c->at, "byte 0x%02X is not valid UTF-8", found);
    if (found > 0x20 && found < 0x7F)
        return fault(c, VR_JSON_SYNTAX, c->at, "found '%c', %s is needed", found, allowed);
    return fault(c, VR_JSON_SYNTAX, c->at, "found U+%04X, %s is needed", (unsigned)code, allowed);
}

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        at++;
    return at;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int hex_digit(char c)
{
    return is_digit(c)            ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Four digits at `at`, or -1. */
static int32_t hex4(const char *at, const char *end)
{
    if (end - at < 4)
        return -1;
    int32_t value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* c->at stands behind "\u". */
static vireo_status check_unicode_escape(checker *c)
{
    const char *escape = c->at - 2;
    for (int i = 0; i < 4; i++)
        if (c->at + i == c->end)
            return fault(c, VR_JSON_EOF, c->end, "the text ends inside a \\u escape");
    int32_t code = hex4(c->at, c->end);
    if (code < 0)
        return fault(c, VR_JSON_STRING, escape, "\\u needs four hexadecimal digits");
    c->at += 4;
    if (code == 0)
        return fault(c, VR_JSON_NUL, escape, "\\u0000 is a NUL, which a string may not hold");
    if (code >= 0xDC00 && code <= 0xDFFF)
        return fault(c, VR_JSON_UTF8, escape,
                     "\\u%04X is a low surrogate without a high one before", (unsigned)code);
    if (code < 0xD800 || code > 0xDBFF)
        return VIREO_OK;
    int32_t low =
        c->end - c->at >= 6 && c->at[0] == '\\' && c->at[1] == 'u' ? hex4(c->at + 2, c->end) : -1;
    if (low < 0xDC00 || low > 0xDFFF)
        return fault(c, VR_JSON_UTF8, escape,
                     "\\u%04X is a high surrogate without a low one behind", (unsigned)code);
    c->at += 6;
    return VIREO_OK;
}

/* c->at stands at the opening quote; afterwards behind the closing one. */
static vireo_status check_string(checker *c, bool *escaped)
{
    *escaped = false;
    c->at++;
    while (c->at < c->end) {
        unsigned char b = (unsigned char)*c->at;
        if (b == '"') {
            c->at++;
            return VIREO_OK;
        }
        if (b == '\\') {
            *escaped = true;
            if (++c->at == c->end)
                break;
            char kind = *c->at++;
            if (kind == 'u') {
                vireo_status st = check_unicode_escape(c);
                if (st)
                    return st;
            } else if (kind == '\0' || !strchr("\"\\/bfnrt", kind)) {
                return fault(
                    c, VR_JSON_STRING, c->at - 2,
                    "unknown escape; allowed are \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX");
            }
        } else if (b == 0) {
            return fault(c, VR_JSON_NUL, c->at, "found a NUL, which a string may not hold");
        } else if (b < 0x20) {
            return fault(c, VR_JSON_STRING, c->at,
                         "control character 0x%02X in a string must be escaped", b);
        } else if (b < 0x80) {
            c->at++;
        } else {
            uint32_t code;
            size_t used = vr_utf8_decode(c->at, (size_t)(c->end - c->at), &code);
            if (used == 0)
                return fault(c, VR_JSON_UTF8, c->at, "byte 0x%02X is not valid UTF-8", b);
            c->at += used;
        }
    }
    c->at = c->end;
    return fault(c, VR_JSON_EOF, c->end, "the text ends inside a string");
}

/* Whether the number rounds to infinity, from its digits alone: no dependence on the locale. */
static bool beyond_double(const char *at, const char *end)
{
    char digits[21] = "00000000000000000000";
    size_t used = 0;
    int64_t scale = -1; /* decimal exponent of the first significant digit */
    bool point = false, exponent_negative = false;
    for (; at < end && *at != 'e' && *at != 'E'; at++) {
        if (*at == '.')
            point = true;
        if (!is_digit(*at))
            continue;
        bool significant = used > 0 || *at != '0';
        if (significant && used < 20)
            digits[used++] = *at;
        scale += point ? (significant ? 0 : -1) : (significant ? 1 : 0);
    }
    if (used == 0)
        return false;
    int64_t exponent = 0;
    for (; at < end; at++) {
        exponent_negative |= *at == '-';
        if (is_digit(*at) && exponent < 100000)
            exponent = exponent * 10 + (*at - '0');
    }
    scale += exponent_negative ? -exponent : exponent;
    /* The midpoint between the largest double and the next step starts with these digits. */
    return scale > 308 || (scale == 308 && strcmp(digits, "17976931348623158079") >= 0);
}

static vireo_status number_needs_digit(checker *c, const char *start)
{
    if (c->at == c->end)
        return fault(c, VR_JSON_EOF, c->at, "the text ends inside a number");
    return fault(c, VR_JSON_NUMBER, start, "a digit is needed at byte %zu of this number",
                 (size_t)(c->at - start));
}

static vireo_status check_number(checker *c)
{
    const char *start = c->at;
    if (*c->at == '-')
        c->at++;
    if (c->at == c->end || !is_digit(*c->at))
        return number_needs_digit(c, start);
    if (*c->at == '0' && c->end - c->at > 1 && is_digit(c->at[1]))
        return fault(c, VR_JSON_NUMBER, start, "a number may not start with 0 and a further digit");
    while (c->at < c->end && is_digit(*c->at))
        c->at++;
    if (c->at < c->end && *c->at == '.') {
        c->at++;
        if (c->at == c->end || !is_digit(*c->at))
            return number_needs_digit(c, start);
        while (c->at < c->end && is_digit(*c->at))
            c->at++;
    }
    if (c->at < c->end && (*c->at == 'e' || *c->at == 'E')) {
        c->at++;
        if (c->at < c->end && (*c->at == '+' || *c->at == '-'))
            c->at++;
        if (c->at == c->end || !is_digit(*c->at))
            return number_needs_digit(c, start);
        while (c->at < c->end && is_digit(*c->at))
            c->at++;
    }
    if (c->at - start > VR_JSON_MAX_NUMBER)
        return fault(c, VR_JSON_NUMBER, start, "a number of %zu characters, at most %d are allowed",
                     (size_t)(c->at - start), VR_JSON_MAX_NUMBER);
    if (beyond_double(start, c->at))
        return fault(c, VR_JSON_NUMBER, start, "%.*s does not fit a double", (int)(c->at - start),
                     start);
    return VIREO_OK;
}

static vireo_status check_literal(checker *c, const char *word)
{
    const char *start = c->at;
    for (; *word; word++, c->at++) {
        if (c->at == c->end)
            return fault(c, VR_JSON_EOF, c->end, "the text ends inside true, false or null");
        if (*c->at != *word) {
            if ((unsigned char)*c->at < 0x20 || (unsigned char)*c->at >= 0x7F)
                return unexpected(c, "true, false or null");
            return fault(c, VR_JSON_SYNTAX, start, "found '%.*s', a value is needed",
                         (int)(c->at - start + 1), start);
        }
    }
    return VIREO_OK;
}

static vireo_status open_container(checker *c, bool object)
{
    if (c->depth == c->limits.depth)
        return fault(c, VR_JSON_DEPTH, c->at, "nested deeper than %u, which is the limit",
                     (unsigned)c->limits.depth);
    frame *f = &c->frames[c->depth++];
    f->object = object;
    f->count = 0;
    vr_map_init(&f->keys, c->allocator);
    c->at++;
    return VIREO_OK;
}

static void close_container(checker *c)
{
    vr_map_deinit(&c->frames[--c->depth].keys);
}

/* A scalar is read whole; a container is only opened. */
static vireo_status check_value(checker *c)
{
    c->at = skip_space(c->at, c->end);
    if (c->at == c->end)
        return unexpected(c, "a value");
    if (c->values++ == c->limits.values)
        return fault(c, VR_JSON_LIMIT, c->at, "more than %zu values, which is the limit",
                     c->limits.values);
    bool escaped;
    switch (*c->at) {
    case '{':
    case '[':
        return open_container(c, *c->at == '{');
    case '"':
        return check_string(c, &escaped);
    case 't':
        return check_literal(c, "true");
    case 'f':
        return check_literal(c, "false");
    case 'n':
        return check_literal(c, "null");
    case 'N':
    case 'I':
    case '+':
    case '.':
        return fault(
            c, VR_JSON_NUMBER, c->at,
            "found '%c': NaN, Infinity, a leading + or a leading point are no JSON numbers",
            *c->at);
    default:
        if (*c->at == '-' || is_digit(*c->at))
            return check_number(c);
        return unexpected(c, "a value");
    }
}

static vireo_status check_key(checker *c, frame *f)
{
    const char *quote = c->at;
    bool escaped, added;
    vireo_status st = check_string(c, &escaped);
    if (st)
        return st;
    if (f->count == c->limits.members)
        return fault(c, VR_JSON_LIMIT, quote, "an object of more than %zu members, the limit",
                     c->limits.members);
    vr_json_slice raw = {quote, (size_t)(c->at - quote), '"'};
    const char *key = quote + 1;
    size_t length = raw.bytes - 2;
    if (escaped) {
        char *text = vr_arena_alloc(&c->unescaped, raw.bytes);
        if (!text)
            return vr_fail_memory(c->err, c->path);
        length = vr_json_string(raw, text);
        key = text;
    }
    uint32_t index = (uint32_t)f->count;
    if (!vr_map_put(&f->keys, key, length, &index, &added))
        return vr_fail_memory(c->err, c->path);
    if (!added)
        return fault(c, VR_JSON_DUP_KEY, quote, "the key %.*s stands in this object already",
                     vr_json_clip(raw.at, raw.bytes), raw.at);
    c->at = skip_space(c->at, c->end);
    if (c->at == c->end || *c->at != ':')
        return unexpected(c, "':'");
    c->at++;
    return VIREO_OK;
}

/* The next member or element of the innermost open container, or its end. */
static vireo_status check_next(checker *c)
{
    frame *f = &c->frames[c->depth - 1];
    char close = f->object ? '}' : ']';
    c->at = skip_space(c->at, c->end);
    if (c->at < c->end && *c->at == close) {
        c->at++;
        close_container(c);
        return VIREO_OK;
    }
    if (f->count > 0) {
        if (c->at == c->end || *c->at != ',')
            return unexpected(c, f->object ? "',' or '}'" : "',' or ']'");
        c->at = skip_space(c->at + 1, c->end);
    }
    if (f->object) {
        if (c->at == c->end || *c->at != '"')
            return unexpected(c, f->count ? "a key" : "a key or '}'");
        vireo_status st = check_key(c, f);
        if (st)
            return st;
    }
    f->count++;
    return check_value(c);
}

/* c->at stands behind the value. */
static vireo_status check_end(checker *c)
{
    uint32_t code;
    c->at = skip_space(c->at, c->end);
    if (c->at == c->end)
        return VIREO_OK;
    if (*c->at == '\0' || vr_utf8_decode(c->at, (size_t)(c->end - c->at), &code) == 0)
        return unexpected(c, "the end of the text");
    if (code > 0x20 && code < 0x7F)
        return fault(c, VR_JSON_TRAILING, c->at, "found '%c' after the value, nothing may follow",
                     (char)code);
    return fault(c, VR_JSON_TRAILING, c->at, "found U+%04X after the value, nothing may follow",
                 (unsigned)code);
}

static vireo_status check_text(checker *c)
{
    size_t bytes = (size_t)(c->end - c->start);
    if (bytes > c->limits.bytes)
        return fault(c, VR_JSON_LIMIT, c->start, "%zu bytes, at most %zu are allowed", bytes,
                     c->limits.bytes);
    if (bytes >= 3 && memcmp(c->start, "\xEF\xBB\xBF", 3) == 0)
        return fault(c, VR_JSON_START, c->start, "found a byte order mark, a value is needed");
    vireo_status st = check_value(c);
    while (!st && c->depth > 0)
        st = check_next(c);
    return st ? st : check_end(c);
}

vireo_status vr_json_check(const vireo_allocator *allocator, const char *path, const char *text,
                           size_t bytes, const vr_json_limits *limits, vireo_error *err)
{
    checker c = {.allocator = allocator, .path = path, .err = err};
    c.start = c.at = bytes ? text : "";
    c.end = c.start + bytes;
    if (limits)
        c.limits = *limits;
    if (c.limits.bytes == 0)
        c.limits.bytes = VR_JSON_MAX_BYTES;
    if (c.limits.depth == 0 || c.limits.depth > VR_JSON_MAX_DEPTH)
        c.limits.depth = VR_JSON_MAX_DEPTH;
    if (c.limits.values == 0)
        c.limits.values = VR_JSON_MAX_VALUES;
    if (c.limits.members == 0)
        c.limits.members = VR_JSON_MAX_VALUES;
    vr_arena_init(&c.unescaped, allocator);
    vireo_status st = check_text(&c);
    while (c.depth > 0)
        close_container(&c);
    vr_arena_deinit(&c.unescaped);
    return st;
}
