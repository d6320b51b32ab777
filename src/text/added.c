/* SPDX-License-Identifier: Apache-2.0 */
#include "text/added.h"
#include "base/str.h"
#include "text/normalize.h"
#include <stdlib.h>
#include <string.h>

bool vr_added_set_reserve(vr_added_set *set, vr_arena *arena, size_t count)
{
    *set = (vr_added_set){.patterns = vr_arena_array(arena, count, sizeof *set->patterns)};
    return set->patterns != NULL;
}

void vr_added_set_add(vr_added_set *set, vr_added_pattern pattern)
{
    pattern.order = (uint32_t)set->count;
    set->patterns[set->count++] = pattern;
}

static int by_bytes(const void *a, const void *b)
{
    const vr_added_pattern *x = a, *y = b;
    int order = memcmp(x->text, y->text, x->bytes < y->bytes ? x->bytes : y->bytes);
    if (order)
        return order;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

static bool starts_with(const vr_added_pattern *p, const vr_added_pattern *prefix)
{
    return prefix->bytes <= p->bytes && !memcmp(p->text, prefix->text, prefix->bytes);
}

/* In this order the prefixes of a pattern are the one before it or prefixes of that one. */
void vr_added_set_finish(vr_added_set *set)
{
    vr_added_pattern *p = set->patterns;
    size_t n = 0;
    if (set->count)
        qsort(p, set->count, sizeof *p, by_bytes);
    for (size_t i = 0; i < set->count; i++) {
        uint32_t shorter = (uint32_t)n;
        if (n && p[n - 1].bytes == p[i].bytes && starts_with(&p[i], &p[n - 1]))
            continue;
        while (shorter && !starts_with(&p[i], &p[shorter - 1]))
            shorter = p[shorter - 1].shorter;
        p[n] = p[i];
        p[n].shorter = shorter;
        set->starts[(unsigned char)*p[n].text + 1]++;
        n++;
    }
    set->count = n;
    for (size_t i = 0; i < 256; i++)
        set->starts[i + 1] += set->starts[i];
}

/* The longest pattern that text starts with, or NULL. It is the last one that is not behind text in
 * the order, or a prefix of that one. */
static const vr_added_pattern *match(const vr_added_set *set, const char *text, size_t left)
{
    size_t first = (unsigned char)*text, low = set->starts[first], high = set->starts[first + 1];
    if (low == high)
        return NULL;
    size_t begin = low, common = 0;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const vr_added_pattern *p = &set->patterns[middle];
        int order = memcmp(p->text, text, p->bytes < left ? p->bytes : left);
        if (order > 0 || (order == 0 && p->bytes > left))
            high = middle;
        else
            low = middle + 1;
    }
    if (low == begin)
        return NULL;
    const vr_added_pattern *p = &set->patterns[low - 1];
    while (common < p->bytes && common < left && p->text[common] == text[common])
        common++;
    while (p->bytes > common) {
        if (!p->shorter)
            return NULL;
        p = &set->patterns[p->shorter - 1];
    }
    return p;
}

/* First match at or after `from`. */
static const vr_added_token *find(const vr_added_scan *s, size_t from, size_t *begin, size_t *end)
{
    for (size_t i = from; s->set->count && i < s->length; i++) {
        const vr_added_pattern *p = match(s->set, s->text + i, s->length - i);
        if (p) {
            *begin = i;
            *end = i + p->bytes;
            return p->token;
        }
    }
    return NULL;
}

/* The code point that ends at `end`, as far back as `from`; its length. */
static size_t decode_before(const char *text, size_t from, size_t end, uint32_t *c)
{
    for (size_t used = 1; used <= 4 && used <= end - from; used++)
        if (vr_utf8_decode(text + end - used, used, c) == used)
            return used;
    *c = 0xFFFD;
    return 1;
}

static bool is_single_word(const vr_added_scan *s, size_t begin, size_t end)
{
    uint32_t c;
    if (begin > 0) {
        decode_before(s->text, 0, begin, &c);
        if (vr_is_word_letter(c))
            return false;
    }
    return end == s->length || !vr_utf8_decode(s->text + end, s->length - end, &c) ||
           !vr_is_word_letter(c);
}

static size_t strip_left(const vr_added_scan *s, size_t begin)
{
    while (begin > s->done) {
        uint32_t c;
        size_t used = decode_before(s->text, s->done, begin, &c);
        if (!vr_is_space(c))
            break;
        begin -= used;
    }
    return begin;
}

static size_t strip_right(vr_added_scan *s, size_t end)
{
    if (end >= s->space_from && end <= s->space_to)
        return s->space_to; /* a token that itself starts with white space would read it again */
    s->space_from = end;
    while (end < s->length) {
        uint32_t c;
        size_t used = vr_utf8_decode(s->text + end, s->length - end, &c);
        if (!used || !vr_is_space(c))
            break;
        end += used;
    }
    s->space_to = end;
    return end;
}

vr_added_scan vr_added_scan_begin(const vr_added_set *set, const char *text, size_t length)
{
    return (vr_added_scan){.set = set, .text = text, .length = length};
}

bool vr_added_scan_next(vr_added_scan *s, vr_added_piece *out)
{
    if (s->next.bytes) {
        *out = s->next;
        s->next.bytes = 0;
        return true;
    }
    size_t begin, end;
    const vr_added_token *token;
    while ((token = find(s, s->at, &begin, &end))) {
        s->at = end;
        if (token->single_word && !is_single_word(s, begin, end))
            continue;
        if (token->lstrip)
            begin = strip_left(s, begin);
        if (token->rstrip)
            end = strip_right(s, end);
        size_t done = s->done;
        s->done = end;
        *out = (vr_added_piece){s->text + begin, end - begin, token};
        if (done < begin) {
            s->next = *out;
            *out = (vr_added_piece){s->text + done, begin - done, NULL};
        }
        return true;
    }
    s->at = s->length;
    if (s->done >= s->length)
        return false;
    *out = (vr_added_piece){s->text + s->done, s->length - s->done, NULL};
    s->done = s->length;
    return true;
}
