/* SPDX-License-Identifier: Apache-2.0 */
#include "data/clean.h"
#include "data/html.h"
#include <string.h>
#include <utf8proc.h>

/* Windows-1252, 0x80 to 0x9f (encoding.spec.whatwg.org/index-windows-1252.txt); the five bytes it
 * leaves open are control characters. */
static const uint16_t windows_1252[32] = {
    0x20ac, 0x0081, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008d, 0x017d, 0x008f, 0x0090, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x009d, 0x017e, 0x0178,
};

static void add_code_point(vr_str *out, uint32_t c)
{
    char bytes[4];
    vr_str_add_n(out, bytes, vr_utf8_encode(c, bytes));
}

static void add_windows_1252(vr_str *out, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        uint32_t c = (unsigned char)text[i];
        add_code_point(out, c >= 0x80 && c < 0xa0 ? windows_1252[c - 0x80] : c);
    }
}

static bool is_space(uint32_t c)
{
    if (c < 0x80)
        return c == ' ' || (c >= '\t' && c <= '\r');
    return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
           c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

/* Of a code point of valid UTF-8; n: its bytes. */
static bool is_space_at(const vr_str *text, size_t at, size_t *n)
{
    uint32_t c = 0;
    *n = vr_utf8_decode(text->data + at, text->length - at, &c);
    return is_space(c);
}

bool vr_clean_is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xfeff || c == 0x200e || c == 0x200f ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/* White space counts as white space, whichever category it has; plain: as a space. */
static void add_without_controls(vr_str *out, const vr_str *in, bool plain, uint32_t *changes)
{
    for (size_t i = 0; i < in->length;) {
        uint32_t c;
        size_t n = vr_utf8_decode(in->data + i, in->length - i, &c);
        if (n == 0)
            break;
        const bool control = vr_clean_is_control(c);
        if (control && !is_space(c)) {
            *changes |= VR_CLEAN_CONTROL;
        } else if (control && plain) {
            vr_str_add_n(out, " ", 1);
            *changes |= VR_CLEAN_SPACE;
        } else {
            vr_str_add_n(out, in->data + i, n);
        }
        i += n;
    }
}

static void add_folded(vr_str *out, const vr_str *in, uint32_t *changes)
{
    bool pending = false;
    for (size_t i = 0; i < in->length;) {
        uint32_t c;
        size_t n = vr_utf8_decode(in->data + i, in->length - i, &c);
        if (n == 0)
            break;
        if (is_space(c)) {
            if (c != ' ' || pending || out->length == 0)
                *changes |= VR_CLEAN_SPACE;
            pending = out->length > 0;
        } else {
            if (pending)
                vr_str_add_n(out, " ", 1);
            pending = false;
            vr_str_add_n(out, in->data + i, n);
        }
        i += n;
    }
    if (pending)
        *changes |= VR_CLEAN_SPACE;
}

/* in is valid UTF-8. The two calls are utf8proc's mapping without its own allocation. */
static bool normalise(const vr_str *in, vr_str *out)
{
    const utf8proc_option_t how =
        (utf8proc_option_t)(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT);
    const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)in->data;
    utf8proc_ssize_t length = (utf8proc_ssize_t)in->length;
    utf8proc_ssize_t need = utf8proc_decompose(bytes, length, NULL, 0, how);
    if (need < 0)
        return false;
    size_t size;
    if (!vr_size_mul((size_t)need + 1, sizeof(utf8proc_int32_t), &size))
        return false;
    utf8proc_int32_t *points = vr_alloc(out->allocator, size);
    if (!points)
        return false;
    need = utf8proc_decompose(bytes, length, points, need, how);
    if (need >= 0)
        need = utf8proc_reencode(points, need, how);
    if (need >= 0)
        vr_str_add_n(out, (const char *)points, (size_t)need);
    vr_free(out->allocator, points);
    return need >= 0 && !out->failed;
}

static bool is_ascii(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] >= 0x80)
            return false;
    return true;
}

static bool has_markup(const vr_str *text)
{
    return text->length > 0 &&
           (memchr(text->data, '<', text->length) || memchr(text->data, '&', text->length));
}

static bool same(const vr_str *a, const vr_str *b)
{
    return a->length == b->length && (a->length == 0 || !memcmp(a->data, b->data, a->length));
}

static void swap(vr_str *a, vr_str *b)
{
    vr_str c = *a;
    *a = *b;
    *b = c;
}

/* Next word of text from *at on, words being separated by white space; false: none. */
static bool next_word(const vr_str *text, size_t *at, size_t *start)
{
    size_t n = 0;
    while (*at < text->length && is_space_at(text, *at, &n))
        *at += n;
    *start = *at;
    while (*at < text->length && !is_space_at(text, *at, &n))
        *at += n;
    return *at > *start;
}

/* White space apart, which is folded later anyway: a parser drops it at the start of a document. */
static bool same_words(const vr_str *a, const vr_str *b)
{
    size_t i = 0, j = 0, start_a, start_b;
    for (;;) {
        bool more = next_word(a, &i, &start_a);
        if (next_word(b, &j, &start_b) != more || i - start_a != j - start_b)
            return false;
        if (!more)
            return true;
        if (memcmp(a->data + start_a, b->data + start_b, i - start_a))
            return false;
    }
}

/* next becomes now, and is empty again; false: writing it had failed, which clearing would forget.
 */
static bool advance(vr_str *now, vr_str *next)
{
    bool ok = !next->failed;
    swap(now, next);
    vr_str_clear(next);
    return ok;
}

static bool clean(const char *text, size_t length, vr_str *now, vr_str *next, vr_str *out,
                  uint32_t *changes)
{
    if (vr_utf8_check(text, length) == length) {
        vr_str_add_n(now, text, length);
    } else {
        add_windows_1252(now, text, length);
        *changes |= VR_CLEAN_ENCODING;
    }
    if (now->failed)
        return false;
    if (has_markup(now)) {
        add_without_controls(next, now, true, changes); /* Gumbo would write U+FFFD for some */
        if (!advance(now, next))
            return false;
        if (!vr_html_text(now->data, now->length, next))
            return false;
        if (same_words(now, next)) {
            vr_str_clear(next);
        } else {
            *changes |= VR_CLEAN_HTML;
            advance(now, next);
        }
    }
    add_without_controls(next, now, false, changes);
    if (!advance(now, next))
        return false;
    if (!is_ascii(now->data, now->length)) {
        if (!normalise(now, next))
            return false;
        if (!same(now, next))
            *changes |= VR_CLEAN_NFKC;
        advance(now, next);
    }
    vr_str_clear(out);
    add_folded(out, now, changes);
    if (*changes & VR_CLEAN_HTML)
        *changes &= ~(uint32_t)VR_CLEAN_SPACE;
    return !out->failed;
}

bool vr_clean(const char *text, size_t length, vr_str *out, uint32_t *changes)
{
    uint32_t done = 0;
    vr_str now, next;
    vr_str_init(&now, out->allocator);
    vr_str_init(&next, out->allocator);
    bool ok = clean(text, length, &now, &next, out, &done);
    vr_str_deinit(&next);
    vr_str_deinit(&now);
    if (ok)
        *changes = done;
    return ok;
}

size_t vr_clean_cut(const char *text, size_t length, size_t limit)
{
    if (length <= limit)
        return length;
    /* More than three continuation bytes are not UTF-8: any place is as good. */
    for (size_t back = 0; back <= 3 && back <= limit; back++)
        if (((unsigned char)text[limit - back] & 0xc0) != 0x80)
            return limit - back;
    return limit;
}
